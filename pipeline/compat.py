"""The original interface, as a thin front: the names and argument order of sapicore's ``utils.tensorboard``.

A script written for it runs with only its import changed::

    from pipeline import HDFData, TensorboardWriter

    writer = TensorboardWriter("tb/")
    for path in paths:
        writer.write(HDFData(path), "voltage", kind="trace", format="scalar")

Nothing needs to be closed: what a call wrote has reached the operating system when it returns.
"""

from __future__ import annotations

import os
import weakref
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from pipeline.errors import SettingError, SourceError
from pipeline.model.chart import united
from pipeline.opening import open_run
from pipeline.opening.tree import node_settings
from pipeline.planning.match import plan_array
from pipeline.rendering.plot import Plot
from pipeline.rendering.registry import make_plot
from pipeline.running.clocks import with_clock
from pipeline.running.executors.in_process import InProcess
from pipeline.running.passes import pieces
from pipeline.running.run_output import append_outcome
from pipeline.running.tasks import Failure
from pipeline.writing.eventfiles import EventFiles, free_number, read_hparams, read_layout, write_experiment

__all__ = ["HDFData", "TensorboardWriter"]


class HDFData:
    """The data and settings of one HDF5 file, by name; opened without reading.

    Parameters
    ----------
    path : path, optional
        An HDF5 file.
    key : str, optional
        Only this dataset or attribute; all where it is not given.
    buffer : dict, optional
        Values to begin with, such as hyperparameters computed at run time.

    Attributes
    ----------
    buffer : dict
        ``identifier``, ``class``, attributes, configuration (values), and datasets: lazy `xarray.DataArray`, read when
        they are used (``numpy.asarray``, indexing). A dataset in a group is named ``group/name``.

    Raises
    ------
    SourceError
        If the file cannot be opened.
    """

    def __init__(
        self, path: str | os.PathLike[str] | None = None, key: str | None = None, buffer: dict[str, Any] | None = None
    ) -> None:
        self.path, self.key = path, key
        self.buffer: dict[str, Any] = buffer if buffer is not None else {}
        if self.path:
            self.read()

    def read(self) -> None:
        """Open the file and put what it holds into the buffer."""
        if not self.path:
            return
        run = open_run(self.path)
        found: dict[str, Any] = {}
        for node in run.subtree:
            group = node.path.strip("/").partition("/")[2]
            prefix = f"{group}/" if group else ""
            found |= {f"{prefix}{name}": value for name, value in node_settings(node).items()}
            found |= {f"{prefix}{name}": array for name, array in node.data_vars.items()}
        first = next(iter(run.children), Path(self.path).stem)
        self.buffer["identifier"] = str(found.get("identifier", first))
        self.buffer["class"] = found.get("class", "NA")
        self.buffer |= {name: value for name, value in found.items() if self.key in (None, name)}


class TensorboardWriter:
    """Writes plots to the event files of one run.

    Parameters
    ----------
    log_dir : path
        The run's directory, made if it is not there. What is in it is kept, and a new writer begins new event files.

    Raises
    ------
    OutputError
        From every method, if the directory cannot be written.
    SettingError
        From every method, if a setting is not accepted or the array does not fit the plot.
    """

    def __init__(self, log_dir: str | os.PathLike[str]) -> None:
        self.log_dir = Path(log_dir)
        self._files = EventFiles(self.log_dir, free_number(self.log_dir))
        self._tags: dict[str, tuple[str, str]] = {}
        weakref.finalize(self, self._files.close)

    def write(self, data: HDFData, key: str, **settings: Any) -> None:
        """Write one dataset or attribute; does nothing where the data does not hold `key`.

        Parameters
        ----------
        data : HDFData
        key : str
        **settings
            ``kind`` (raster, trace, heatmap, hparam), ``format`` (image, scalar) and the kind's own settings.
        """
        plot = make_plot(settings, key)  # a misspelt setting is an error even where the data does not hold the key
        if key in data.buffer:
            self._draw(str(data.buffer.get("identifier", "NA")), key, data.buffer[key], plot)

    def heatmap(self, name: str, attr: str, array: Any, settings: Mapping[str, Any]) -> None:
        """Write a matrix, or (time, row, column) as frames, under the tag ``name/attr``."""
        self._draw(name, attr, array, make_plot({**settings, "kind": "heatmap"}, attr))

    def raster(self, name: str, array: Any, settings: Mapping[str, Any]) -> None:
        """Write binary (time, unit) spikes under the tag ``name/raster``."""
        self._draw(name, "raster", array, make_plot({**settings, "kind": "raster"}, "raster"))

    def trace(self, name: str, attr: str, array: Any, settings: Mapping[str, Any]) -> None:
        """Write (time, unit) as a series a unit, under the tags ``name/N{unit}/attr``."""
        self._draw(name, attr, array, make_plot({**settings, "kind": "trace"}, attr))

    def hparam(self, name: str, attr: str, array: Any, settings: Mapping[str, Any]) -> None:
        """Write a hyperparameter, one after another; ``format="scalar"`` writes an array as a point a unit."""
        self._draw(name, attr, array, make_plot({**settings, "kind": "hparam"}, attr))

    def close(self) -> None:
        """Close the event files; optional."""
        self._files.close()

    def _draw(self, name: str, attr: str, value: Any, plot: Plot) -> None:
        value, time = _as_variable(value, plot)
        plan = plan_array(name, attr, value, plot, self._tags, time=time, again=True)
        hparams = dict(plan.hparams)
        for job in plan.jobs:
            for piece in pieces(with_clock(job), InProcess()):
                outcome = piece.handle
                if isinstance(outcome, Failure):
                    raise SourceError(f"{job.name}: {outcome.message}")
                append_outcome(self._files, outcome)
                hparams |= outcome.hparams
        charts = [chart for job in plan.jobs for drawing in job.drawings for chart in drawing.charts]
        if charts:
            self._files.write_layout(united([*read_layout(self.log_dir), *charts]))
        if hparams:  # those of earlier calls, and of other writers, stay
            self._files.write_hparams(read_hparams(self.log_dir) | hparams, self.log_dir.resolve().name)
            write_experiment(self.log_dir)


def _as_variable(value: Any, plot: Plot) -> tuple[Any, xr.DataArray | None]:
    """Return an array as a variable with named dimensions, and its time coordinate; other values as they are."""
    if isinstance(value, xr.DataArray):
        return value.variable, value.coords.get("time")
    if isinstance(value, xr.Variable):
        return value, None
    if hasattr(value, "detach"):  # a torch tensor, without importing torch
        value = value.detach().cpu().numpy()
    if isinstance(value, list | tuple):
        value = _from_list(value)
    ndim = getattr(value, "ndim", 0)
    if not ndim or not hasattr(value, "dtype"):
        return value, None
    if not hasattr(value, "dask") and not isinstance(value, np.ndarray):
        raise SettingError(f"an array of type {type(value).__name__}: accepted is numpy, xarray, dask or torch")
    return xr.Variable(plot.dims(ndim), value), None


def _from_list(value: list[Any] | tuple[Any, ...]) -> Any:
    """Return numbers as an array, other things as they are, lists of unlike lengths as text."""
    try:
        array = np.asarray(value)
    except ValueError:
        return str(value)
    return array if array.dtype.kind in "biuf" else value
