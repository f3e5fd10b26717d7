"""What a run holds and what would be drawn of it, as plain facts and as JSON. No dataset is read."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import xarray as xr

from pipeline.errors import PipelineError
from pipeline.model.series import counted
from pipeline.opening import open_run
from pipeline.opening.hdf5.lazy_array import open_file
from pipeline.planning.match import plan_run
from pipeline.rendering.drawing import Drawing

__all__ = ["ComponentFacts", "PlotFacts", "RunFacts", "TimeFacts", "VariableFacts", "as_json", "facts"]


@dataclass(frozen=True)
class PlotFacts:
    """A plot that the automatic plan draws: `count` of `what` (``frames``, ``series`` …), about `bytes`."""

    kind: str
    format: str
    count: int
    what: str
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
    plots: tuple[PlotFacts, ...]


@dataclass(frozen=True)
class TimeFacts:
    """A time axis; `start` and `step` are None where the file stores a time for each step, which is not read."""

    steps: int
    start: float | None
    step: float | None
    unit: str


@dataclass(frozen=True)
class ComponentFacts:
    """A component, or a group in one; `left_out` says of each dataset that is not drawn why."""

    name: str
    time: TimeFacts | None
    variables: tuple[VariableFacts, ...]
    left_out: dict[str, str] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class RunFacts:
    """A run; a component's `name` is its path in it, such as ``GC`` or ``GC/net``."""

    name: str
    source: str
    bytes: int
    stored_bytes: int
    components: tuple[ComponentFacts, ...]


def facts(source: str | os.PathLike[str], dt: str | None, failed: list[str]) -> RunFacts | None:
    """Return what a run holds, None if it cannot be opened; add to `failed` a line for each file that cannot."""
    try:
        run = open_run(source, dt=dt, on_error=lambda error: failed.append(str(error)))
    except PipelineError as error:
        failed.append(str(error))
        return None
    plots: dict[tuple[Any, Any], list[Drawing]] = {}
    for job in plan_run(run).jobs:
        plots.setdefault(_place(job.variable), []).extend(job.drawings)
    components = tuple(_component(node, plots) for node in _below(run))
    variables = [variable for component in components for variable in component.variables]
    sizes = sum(v.bytes for v in variables), sum(v.stored_bytes for v in variables)
    return RunFacts(str(run.name), str(source), *sizes, components)


def _below(node: xr.DataTree) -> Iterator[xr.DataTree]:
    """Yield the nodes in the order in which a tree is read; xarray's ``subtree`` goes level by level."""
    for child in node.children.values():
        yield child
        yield from _below(child)


def _place(variable: xr.Variable | xr.DataArray) -> tuple[Any, Any]:
    return variable.encoding.get("source"), variable.encoding.get("dataset")


def _component(node: xr.DataTree, plots: dict[tuple[Any, Any], list[Drawing]]) -> ComponentFacts:
    return ComponentFacts(
        node.path.strip("/"),
        _time(node.coords["time"]) if "time" in node.coords else None,
        tuple(_variable(str(name), array, plots.get(_place(array), [])) for name, array in node.data_vars.items()),
        dict(node.encoding.get("left_out", {})),
        {str(name): value for name, value in node.attrs.items()},
    )


def _time(time: xr.DataArray) -> TimeFacts:
    index, unit = time.xindexes.get("time"), str(time.attrs.get("units", "step"))
    if index is None or not hasattr(index, "step"):
        return TimeFacts(time.sizes["time"], None, None, unit)
    return TimeFacts(time.sizes["time"], float(index.start), float(index.step), unit)


def _variable(name: str, array: xr.DataArray, drawings: Sequence[Drawing]) -> VariableFacts:
    file, dataset = _place(array)
    with open_file(file) as opened:
        stored = int(opened[dataset].id.get_storage_size())
    chunks = array.encoding.get("chunksizes")
    return VariableFacts(
        name,
        tuple(map(str, array.dims)),
        array.shape,
        str(array.dtype),
        str(array.attrs.get("units", array.attrs.get("unit", ""))),
        tuple(map(int, chunks)) if chunks else None,
        array.encoding.get("compression"),
        array.nbytes,
        stored,
        str(file),
        str(dataset),
        tuple(PlotFacts(d.plot.kind, d.plot.format, *counted(d.series)[0], d.size) for d in drawings),
    )


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
