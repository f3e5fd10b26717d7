"""What people use now, each as they would: a function ``(source, out)``. Imports are inside: a peer may be missing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np


def torch_scalars(array: np.ndarray, out: Path) -> None:
    """``torch.utils.tensorboard.SummaryWriter.add_scalar``, a call a point."""
    from torch.utils.tensorboard import SummaryWriter

    _add_scalars(SummaryWriter(str(out)), array)


def tensorboardx_scalars(array: np.ndarray, out: Path) -> None:
    """``tensorboardX.SummaryWriter.add_scalar``, a call a point."""
    from tensorboardX import SummaryWriter

    _add_scalars(SummaryWriter(str(out)), array)


def tensorboard_scalars(array: np.ndarray, out: Path) -> None:
    """``tensorboard.summary.Writer.add_scalar``, a call a point."""
    from tensorboard.summary import Writer

    _add_scalars(Writer(str(out)), array)


def _add_scalars(writer: Any, array: np.ndarray) -> None:
    for unit in range(array.shape[1]):
        tag = f"GC/N{unit}/voltage"
        for step, value in enumerate(array[:, unit]):
            writer.add_scalar(tag, value, step)
    writer.close()


def sapicore_traces(path: Path, out: Path) -> None:
    """Read a file and write its voltage as series, with sapicore's own classes."""
    _sapicore_write(path, out, "voltage", kind="trace", format="scalar")


def sapicore_raster(path: Path, out: Path) -> None:
    """Read a file and draw its spikes, with sapicore's own classes."""
    _sapicore_write(path, out, "spiked", kind="raster")


def sapicore_trace_images(array: np.ndarray, out: Path) -> None:
    """Draw a (time, unit) array in memory, a picture a unit."""
    _sapicore_draw("trace", array, out, {"format": "image"})


def sapicore_heatmap(array: np.ndarray, out: Path) -> None:
    """Draw every hundredth step of a (time, row, column) array in memory."""
    _sapicore_draw("heatmap", array, out, {"step": 100})


def sapicore_open(folder: Path, out: Path) -> None:
    """Open what a run's plots need, which is to read it."""
    from sapicore.utils.tensorboard import HDFData

    for path, key in (("GC", "voltage"), ("GC", "spiked"), ("GC--GC", "weights")):
        HDFData(str(folder / f"{path}.h5"), key)


def sapicore_run(folder: Path, out: Path) -> None:
    """Do all plots of a run as sapicore's scripts do."""
    import yaml
    from sapicore.utils.io import plot_tensorboard

    _agg()
    plot_tensorboard(yaml.safe_load((folder / "run.yaml").read_text()), str(folder), str(out))


def _agg() -> None:
    import matplotlib

    matplotlib.use("Agg")


def _sapicore_write(path: Path, out: Path, key: str, **settings: Any) -> None:
    from sapicore.utils.tensorboard import HDFData, TensorboardWriter

    _agg()
    writer = TensorboardWriter(str(out))
    writer.write(HDFData(str(path), key), key, **settings)
    writer.writer.close()


def _sapicore_draw(kind: str, array: np.ndarray, out: Path, settings: dict[str, Any]) -> None:
    from sapicore.utils.tensorboard import TensorboardWriter

    _agg()
    writer = TensorboardWriter(str(out))
    getattr(writer, kind)("GC", "voltage", array, settings)
    writer.writer.close()


def numpy_histogram(array: np.ndarray, out: Path) -> None:
    """Count the values of each step with `numpy.histogram`, each in bins of its own; nothing is written."""
    for values in array:
        np.histogram(values, 120)


def torch_band(array: np.ndarray, out: Path) -> None:
    """Write each step's histogram, and its mean, lowest and highest for a margin chart, with torch's SummaryWriter."""
    from torch.utils.tensorboard import SummaryWriter

    writer, tags = SummaryWriter(str(out)), ["GC/mean", "GC/lowest", "GC/highest"]
    writer.add_custom_scalars({"GC": {"voltage": ["Margin", tags]}})
    for step, values in enumerate(array):
        writer.add_histogram("GC/voltage", values, step)
        for tag, value in zip(tags, (values.mean(), values.min(), values.max()), strict=True):
            writer.add_scalar(tag, value, step)
    writer.close()


def savefig_heatmap(array: np.ndarray, out: Path) -> None:
    """Draw each step of an array with matplotlib: figure, ``imshow``, ``savefig``."""
    plt, limit = _pyplot(out), float(np.abs(array).max())
    for step, values in enumerate(array):
        plt.figure(figsize=(15, 10))
        plt.imshow(values, aspect="auto", vmin=-limit, vmax=limit)
        plt.colorbar()
        plt.savefig(out / f"{step}.png")
        plt.close()


def savefig_traces(array: np.ndarray, out: Path) -> None:
    """Draw each unit of an array with matplotlib: figure, ``plot``, ``savefig``."""
    plt = _pyplot(out)
    for unit in range(array.shape[1]):
        plt.figure(figsize=(10, 5))
        plt.plot(array[:, unit])
        plt.savefig(out / f"{unit}.png")
        plt.close()


def eventplot_raster(path: Path, out: Path) -> None:
    """Read the spikes in a file and draw them with matplotlib's ``eventplot``."""
    import h5py

    plt = _pyplot(out)
    with h5py.File(path) as file:
        spikes = file["spiked"][:]
    plt.figure(figsize=(15, 10))
    plt.eventplot([np.flatnonzero(unit) for unit in spikes.T], linelengths=0.25, colors="black")
    plt.savefig(out / "raster.png")
    plt.close()


def eventplot_list(path: Path, out: Path) -> None:
    """Read a list of spikes, sort it by cell, and draw it with matplotlib's ``eventplot``."""
    import h5py

    plt = _pyplot(out)
    with h5py.File(path) as file:
        times, ids = file["spikes/exc/timestamps"][:], file["spikes/exc/node_ids"][:]
    order = np.argsort(ids, kind="stable")
    cells = np.split(times[order], np.flatnonzero(np.diff(ids[order])) + 1)
    plt.figure(figsize=(15, 10))
    plt.eventplot(cells, linelengths=0.25, colors="black")
    plt.savefig(out / "raster.png")
    plt.close()


def h5py_visit(path: Path, out: Path) -> int:
    """Visit all of a file with h5py: names, attributes, shapes, types and chunks."""
    import h5py

    found = []

    def visit(name: str, item: Any) -> None:
        attrs = {key: item.attrs[key] for key in item.attrs}
        found.append((name, attrs, *((item.shape, item.dtype, item.chunks) if isinstance(item, h5py.Dataset) else ())))

    with h5py.File(path) as file:
        file.visititems(visit)
    return len(found)


def _pyplot(out: Path) -> Any:
    _agg()
    import matplotlib.pyplot as plt

    out.mkdir(parents=True)
    return plt


def h5py_index(path: Path, out: Path, step: int = 1) -> np.ndarray:
    """``dataset[::step]``."""
    import h5py

    with h5py.File(path) as file:
        return _only(file)[::step]


def h5py_read_direct(path: Path, out: Path) -> np.ndarray:
    """``read_direct`` into an array that is there, without a chunk cache, which such chunks do not need."""
    import h5py

    with h5py.File(path, rdcc_nbytes=0) as file:
        stored = _only(file)
        values = np.empty(stored.shape, stored.dtype)
        stored.read_direct(values)
    return values


def h5py_stride(path: Path, out: Path) -> np.ndarray:
    """``dataset[::100]``."""
    return h5py_index(path, out, 100)


def h5py_rows(path: Path, out: Path) -> np.ndarray:
    """One index at a time through h5py's low-level interface."""
    import h5py

    with h5py.File(path, rdcc_nbytes=0) as file:
        stored = _only(file)
        rest = stored.shape[1:]
        values = np.empty((len(range(0, len(stored), 100)), *rest), stored.dtype)
        space, memory = stored.id.get_space(), h5py.h5s.create_simple((1, *rest))
        for row, index in zip(values, range(0, len(stored), 100), strict=True):
            space.select_hyperslab((index, *[0] * len(rest)), (1, *rest))
            stored.id.read(memory, space, row)
    return values


def _only(file: Any) -> Any:
    """Return the one dataset of a file."""
    return next(item for item in file.values() if hasattr(item, "shape"))


def memcpy(data: np.ndarray, out: Path) -> np.ndarray:
    """Limit: copy the bytes of an array."""
    return data.copy()


def file_write(data: np.ndarray, out: Path) -> None:
    """Limit: write the bytes of an array to a file."""
    out.write_bytes(data.data)


def deflate(frames: list[bytes], out: Path) -> None:
    """Limit: compress the scanlines of pictures, with the quickest deflate there is."""
    from isal import isal_zlib

    for lines in frames:
        isal_zlib.compress(lines, 1)


def read_and_decode(chunks: tuple[Path, list[tuple[int, int, bool]], int], out: Path) -> None:
    """Limit: read a file's bytes and decode its LZF chunks, whose places are known."""
    import lzf

    path, places, size = chunks
    data = path.read_bytes()
    for offset, length, raw in places:
        if not raw:
            lzf.decompress(data[offset : offset + length], size)
