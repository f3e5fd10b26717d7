"""Our side of each comparison: a function ``(source, out)``, where a source is an array, a file or a run folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

import pipeline


def scalars(array: np.ndarray, out: Path) -> None:
    """Write a (time, unit) array in memory as series."""
    _write("trace", array, out, format="scalar")


def trace_images(array: np.ndarray, out: Path) -> None:
    """Draw a (time, unit) array in memory, a picture a unit."""
    _write("trace", array, out, format="image")


def heatmap(array: np.ndarray, out: Path) -> None:
    """Draw every hundredth step of a (time, row, column) array in memory."""
    _write("heatmap", array, out, step=100)


def every_heatmap(array: np.ndarray, out: Path) -> None:
    """Draw every step of a (time, row, column) array in memory."""
    _write("heatmap", array, out, step=1)


def histograms(array: np.ndarray, out: Path) -> None:
    """Count the values of every step of a (time, row, column) array in memory, in bins that all steps share."""
    _write_kind("histogram", array, out, step=1)


def band(array: np.ndarray, out: Path) -> None:
    """Write the mean, lowest and highest of a (time, unit) array in memory at each step, and their chart."""
    _write_kind("band", array, out)


def _write_kind(kind: str, array: np.ndarray, out: Path, **settings: Any) -> None:
    writer = pipeline.TensorboardWriter(out)
    writer.write(pipeline.HDFData(buffer={"identifier": "GC", "voltage": array}), "voltage", kind=kind, **settings)
    writer.close()


def _write(kind: str, array: np.ndarray, out: Path, **settings: Any) -> None:
    writer = pipeline.TensorboardWriter(out)
    draw = getattr(writer, kind)
    draw("GC", "voltage", array, settings)
    writer.close()


def traces(path: Path, out: Path) -> None:
    """Convert the voltage in an HDF5 file to series."""
    pipeline.convert(path, out, [{"voltage": {"kind": "trace", "format": "scalar"}}])


def raster(path: Path, out: Path) -> None:
    """Convert the spikes in an HDF5 file to a raster."""
    pipeline.convert(path, out, [{"spiked": {"kind": "raster"}}])


def listed_raster(path: Path, out: Path) -> None:
    """Convert a list of spikes in an HDF5 file to a raster."""
    pipeline.convert(path, out, [{"spikes": {"kind": "raster"}}])


def frames_over_http(source: tuple[int, list[str]], out: Path) -> list[bytes]:
    """Ask a running server for frames that nobody has seen, by port and keys, as TensorBoard's page does."""
    import http.client

    from pipeline.running.cache import CACHE

    CACHE.clear()
    port, keys = source
    connection = http.client.HTTPConnection("127.0.0.1", port)
    pictures = []
    for key in keys:
        connection.request("GET", f"/data/plugin/images/individualImage?blob_key={key}")
        pictures.append(connection.getresponse().read())
    return pictures


def frames_alone(source: tuple[Any, list[int]], out: Path) -> list[bytes]:
    """Draw the same frames one by one, by an engine and steps."""
    from pipeline.running.cache import CACHE

    CACHE.clear()
    engine, steps = source
    (series,) = engine.series.values()
    return [engine.record(series, step).png for step in steps]


#: Frames whose colours are given, so that none needs to know the others.
FRAMES = {"weights": {"kind": "heatmap", "step": 1, "limits": [-3, 3]}}


def served_points(path: Path, out: Path) -> dict[str, Any]:
    """Return the points of all series of a run that TensorBoard shows at first, with nothing read before."""
    from pipeline.planning.config import parse_plots
    from pipeline.planning.sources import plan_sources
    from pipeline.running.cache import CACHE
    from pipeline.serving.live import Live
    from pipeline.serving.provider import Provider

    plots = parse_plots([{"voltage": {"kind": "trace", "format": "scalar", "units": "0:8"}}])
    CACHE.clear()
    provider = Provider(Live(plan_sources(path, plots)[0], list), "here")
    (found,) = provider.read_scalars(experiment_id="", plugin_name="scalars").values()
    return found  # type: ignore[no-any-return]


def page_views(source: tuple[int, str, list[tuple[float, float]]], out: Path) -> list[bytes]:
    """Ask a running server for views of 1,500 columns of 8 units, by port, variable and stretches of time."""
    import http.client

    port, variable, stretches = source
    connection = http.client.HTTPConnection("127.0.0.1", port)
    views = []
    for start, stop in stretches:
        asked = f"id={variable}&columns=1500&units=0-7&start={start}&stop={stop}"
        connection.request("GET", f"/data/plugin/hdf2tb/view?{asked}")
        views.append(connection.getresponse().read())
    return views


def open_run(folder: Path, out: Path) -> None:
    """Open a run."""
    pipeline.open_run(folder)


def whole(variable: xr.Variable, out: Path) -> np.ndarray:
    """Read all of a lazy variable."""
    return _cold(variable)


def strided(variable: xr.Variable, out: Path) -> np.ndarray:
    """Read every hundredth step of a lazy variable."""
    return _cold(variable[::100])


def _cold(variable: xr.Variable) -> np.ndarray:
    from pipeline.opening.hdf5.chunks import _listed

    _listed.cache_clear()  # the list of chunks is made once a process: every round pays for it
    return variable.to_numpy()
