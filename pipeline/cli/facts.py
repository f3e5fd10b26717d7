"""Facts of a run, as plain values and as JSON: what it holds, and what would be drawn of it. No dataset is read."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import xarray as xr

from pipeline.errors import PipelineError
from pipeline.model.series import counted, in_words
from pipeline.opening import open_run
from pipeline.opening.hdf5.file import open_file
from pipeline.opening.tree import node_settings
from pipeline.planning.match import plan_run
from pipeline.rendering.drawing import Drawing
from pipeline.units import Durations

__all__ = ["ComponentFacts", "PlotFacts", "RunFacts", "TimeFacts", "VariableFacts", "as_json", "facts"]


@dataclass(frozen=True)
class PlotFacts:
    """A plot that the automatic plan draws.

    Attributes
    ----------
    kind, format : str
    plugin : str
        TensorBoard's, which shows it.
    count : int
        The number of pictures, series or hyperparameters.
    writes : str
        The same in words, such as ``12 pictures``.
    bytes : int
        About so many in the event file.
    """

    kind: str
    format: str
    plugin: str
    count: int
    writes: str
    bytes: int


@dataclass(frozen=True)
class VariableFacts:
    """One variable.

    Attributes
    ----------
    name : str
    dims : tuple of str
    shape : tuple of int
    dtype : str
    unit : str
        Of the values; empty where unknown.
    chunks : tuple of int or None
        None where it is stored in one piece.
    compression : str or None
    bytes, stored_bytes : int
        Of its values, and of what is on disk for them; chunks that were never written take nothing.
    file, dataset : str
        Where it is.
    why : str
        How it is known where time is; empty where it does not run in time.
    plots : tuple of PlotFacts
    """

    name: str
    dims: tuple[str, ...]
    shape: tuple[int, ...]
    dtype: str
    unit: str
    chunks: tuple[int, ...] | None
    compression: str | None
    bytes: int
    stored_bytes: int
    file: str
    dataset: str
    why: str
    plots: tuple[PlotFacts, ...]


@dataclass(frozen=True)
class TimeFacts:
    """A time axis.

    Attributes
    ----------
    steps : int
    start, step : float or None
        In `unit`; None where the file stores a time for each step, because that is not read.
    unit : str
    """

    steps: int
    start: float | None
    step: float | None
    unit: str


@dataclass(frozen=True)
class ComponentFacts:
    """A component, or a group in one.

    `layout` names that of its file, `left_out` gives the reason for each dataset that is not drawn, `notes` what a user
    should know.
    """

    name: str
    time: TimeFacts | None
    variables: tuple[VariableFacts, ...]
    left_out: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    settings: dict[str, Any] = field(default_factory=dict)
    layout: str = ""


@dataclass(frozen=True)
class RunFacts:
    """A run; a component's `name` is its path in it, such as ``GC`` or ``GC/net``; `notes` are of the run itself."""

    name: str
    source: str
    bytes: int
    stored_bytes: int
    components: tuple[ComponentFacts, ...]
    notes: tuple[str, ...] = ()


def facts(source: str | os.PathLike[str], dt: Durations, failed: list[str], **opening: Any) -> RunFacts | None:
    """Return what a run holds, None if it cannot be opened; add to `failed` a line for each file that cannot.

    Other settings are those of `open_run`.
    """
    try:
        run = open_run(source, dt=dt, on_error=lambda error: failed.append(str(error)), **opening)
    except PipelineError as error:
        failed.append(str(error))
        return None
    plots: dict[tuple[Any, ...], list[Drawing]] = {}
    for job in plan_run(run).jobs:
        plots.setdefault(_place(job.variable), []).extend(job.drawings)
    with ExitStack() as stack:
        files = _Files(stack)
        components = tuple(_component(node, plots, files) for node in _below(run))
    variables = [variable for component in components for variable in component.variables]
    sizes = sum(variable.bytes for variable in variables), sum(variable.stored_bytes for variable in variables)
    return RunFacts(str(run.name), str(source), *sizes, components, tuple(run.encoding.get("notes", ())))


class _Files:
    """The files of a run, of which the one that was asked for last is open."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack, self._path = stack, ""
        self._file: Any = None

    def stored_bytes(self, path: str, dataset: str) -> int:
        """Return the bytes that a dataset takes on disk; 0 of what is worked out from others."""
        if not path:
            return 0
        if path != self._path:
            self._stack.close()
            self._path, self._file = path, self._stack.enter_context(open_file(path))
        return int(self._file[dataset].id.get_storage_size())


def _below(node: xr.DataTree) -> Iterator[xr.DataTree]:
    """Yield the nodes in the order in which a tree is read; xarray's ``subtree`` goes level by level."""
    for child in node.children.values():
        yield child
        yield from _below(child)


def _place(variable: xr.Variable) -> tuple[Any, ...]:
    return tuple(variable.encoding.get(key) for key in ("source", "dataset", "field"))


def _component(node: xr.DataTree, plots: dict[tuple[Any, ...], list[Drawing]], files: _Files) -> ComponentFacts:
    contents = node.to_dataset()  # once a node, because xarray builds it anew
    variables = {str(name): contents.variables[name] for name in contents.data_vars}
    return ComponentFacts(
        node.path.strip("/"),
        _time(contents.coords["time"]) if "time" in contents.coords else None,
        tuple(_variable(name, variable, plots, files) for name, variable in variables.items()),
        dict(node.encoding.get("left_out", {})),
        tuple(node.encoding.get("notes", ())),
        node_settings(node),
        str(node.encoding.get("layout", "")),
    )


def _time(time: xr.DataArray) -> TimeFacts:
    index, unit = time.xindexes.get("time"), str(time.attrs.get("units", "step"))
    if index is None or not hasattr(index, "step"):
        return TimeFacts(time.sizes["time"], None, None, unit)
    return TimeFacts(time.sizes["time"], float(index.start), float(index.step), unit)


def _variable(
    name: str, variable: xr.Variable, plots: dict[tuple[Any, ...], list[Drawing]], files: _Files
) -> VariableFacts:
    file, dataset = (str(part or "") for part in _place(variable)[:2])
    chunks = variable.encoding.get("chunksizes")
    return VariableFacts(
        name,
        tuple(map(str, variable.dims)),
        variable.shape,
        str(variable.dtype),
        str(variable.attrs.get("units", variable.attrs.get("unit", ""))),
        tuple(map(int, chunks)) if chunks else None,
        variable.encoding.get("filter"),
        variable.nbytes,
        files.stored_bytes(file, dataset),
        file,
        dataset,
        str(variable.encoding.get("why", "")) if "time" in variable.dims else "",
        tuple(_plot(drawing) for drawing in plots.get(_place(variable), [])),
    )


def _plot(drawing: Drawing) -> PlotFacts:
    ((count, _),) = counted(drawing.series)
    words = in_words(drawing.series)
    plot = drawing.plot
    return PlotFacts(plot.kind, plot.format, drawing.series[0].plugin, count, words, drawing.size)


def as_json(runs: Sequence[RunFacts], failed: Sequence[str]) -> dict[str, Any]:
    """Return ``{"runs": [...], "errors": [...]}``; a run's keys are the attributes of `RunFacts`, and so on inwards."""
    return {"runs": [_plain(asdict(run)) for run in runs], "errors": list(failed)}


def _plain(value: Any) -> Any:
    """Return what JSON can hold; a number that is not finite becomes null."""
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)
