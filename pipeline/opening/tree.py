"""A run as a lazy `xarray.DataTree`: one node a component, one child a group."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import xarray as xr

from pipeline.errors import PipelineError, SettingError, SourceError, TimeAxisWarning
from pipeline.opening.discover import passed_over, readable_name, run_files, run_name
from pipeline.opening.event_lists import event_list
from pipeline.opening.hdf5 import guard
from pipeline.opening.hdf5.bounds import within
from pipeline.opening.hdf5.file import open_file
from pipeline.opening.hdf5.remote import RemoteFile
from pipeline.opening.layouts.contents import attributes, member
from pipeline.opening.layouts.protocol import Component, Stored, Times
from pipeline.opening.layouts.registry import read
from pipeline.opening.layouts.time_axis import is_square, square_note
from pipeline.opening.run import ORIGIN, Run
from pipeline.opening.stored_times import stored_coordinate
from pipeline.opening.time_index import time_coordinate
from pipeline.opening.user_times import GivenAxes, GivenDurations
from pipeline.opening.variables import (
    Members,
    base_name,
    dim_keys,
    free_name,
    lazy_times,
    lazy_variable,
    shape_of,
    unique_dims,
)
from pipeline.units import SECONDS, Axes, Durations, axes, durations, listed, time_unit

__all__ = ["node_settings", "open_run"]

_NAMED = 4  # variables that a warning names


def open_run(
    path: str | os.PathLike[str],
    *,
    dt: Durations = None,
    time_axis: Axes = None,
    follow_links: bool = False,
    component: str | None = None,
    on_error: Callable[[PipelineError], None] | None = None,
) -> xr.DataTree:
    """Open a run without reading any dataset.

    Parameters
    ----------
    path : path
        One HDF5 file, a folder of them, or a run folder that holds them in a subfolder.
    dt : str, float or mapping, optional
        Duration of one step, such as ``"0.1 ms"``; a plain number is in milliseconds. A mapping, or a list such as
        ``["0.1 ms", "weights=10 ms"]``, gives that of variables by name (of all others by an empty name). It goes
        before what the file tells. Where neither tells it, the ``time`` coordinate counts steps.
    time_axis : int, str or mapping, optional
        Which axis is time, by its number or its dimension's name; by the name of a variable as `dt` takes it, or as
        ``["0", "weights=2"]``. It goes before what the file tells.
    follow_links : bool
        Whether external links, virtual datasets and external raw data may lead out of the folder that `path` is, or
        is in.
    component : str, optional
        What a component is called that its file does not name; by default as the file.
    on_error : callable, optional
        Called with the error of each file that cannot be opened; the others still are. Without it the first is raised.

    Returns
    -------
    xarray.DataTree
        One node a component (its ``identifier``, else the file's name), one child a group. Every variable that runs in
        time has a dimension ``time``, wherever its position, with a coordinate whose ``units`` attribute is ``step``
        or a unit of time. Attributes hold the component's settings. Variables are lazy; their ``encoding`` has
        ``source`` (path), ``dataset`` (name in it), ``component``, ``chunksizes`` and ``filter``; their attribute
        ``origin``, ``component/name``, is that of arrays worked out from them too.

    Raises
    ------
    SourceError
        If the path or a file cannot be opened.
    SettingError
        If `dt` is no duration or `time_axis` no axis, or one of them names a variable that is not there.

    Examples
    --------
    >>> from pipeline import open_run, simulate
    >>> run = open_run(simulate("network", steps=200), dt="1 ms")
    >>> run["E"].voltage.dims
    ('time', 'unit')
    """
    clocks, given = GivenDurations(durations(dt)), GivenAxes(axes(time_axis))
    nodes: dict[str, xr.Dataset] = {}
    taken: set[str] = set()
    for file in run_files(path):
        try:
            with within(path, anywhere=follow_links):
                nodes |= _open(file, taken, clocks, given, component)
        except SettingError:
            raise
        except PipelineError as error:
            if on_error is None:
                raise
            on_error(error)
    clocks.check(path)
    given.check(path)
    tree = Run.from_dict(nodes, name=run_name(path))
    tree.encoding |= {"source": str(path), "asked": (dt, time_axis, follow_links)}
    if others := passed_over(path):
        words = f"{path}: passed over: {listed(others, _NAMED)}, HDF5 by the first bytes; name such a file itself"
        tree.encoding["notes"] = [words]
    return tree


def _open(
    path: Path | RemoteFile, taken: set[str], dt: GivenDurations, axes: GivenAxes, called: str | None
) -> dict[str, xr.Dataset]:
    """Return the nodes of one file; h5py's own errors are those of a damaged file."""
    if problem := guard.check(path):
        raise SourceError(f"{path}: {problem}")
    with open_file(path) as file:
        try:
            layout, component = read(file)
            name = _free_name(component.name or called, path, taken)
            component = replace(component, stored=[axes.applied(name, item, file) for item in component.stored])
            nodes = _nodes(name, component, file, dt)
            nodes[f"/{name}"].encoding["layout"] = layout
            return nodes
        except (PipelineError, Warning):
            raise
        except Exception as cause:  # names, types and sizes that no layout reckons with
            reason = " ".join(str(cause).split())
            raise SourceError(f"{path}: a damaged HDF5 file, or one that cannot be understood ({reason})") from cause


def node_settings(node: xr.DataTree | xr.Dataset) -> dict[str, Any]:
    """Return the settings of a node; truth values, which netCDF has not, are numbers among its attributes."""
    truths = node.encoding.get("truths", ())
    return {str(name): bool(value) if name in truths else value for name, value in node.attrs.items()}


def _free_name(wanted: str | None, file: Path | RemoteFile, taken: set[str]) -> str:
    """Return the node name for a component; where two files name the same one, the later takes its file's name."""
    stem, whole = readable_name(file.stem), readable_name(file.name)
    tried = [(wanted or "").replace("/", "_"), stem, whole, f"{whole}-{len(taken)}"]
    name = next(name for name in tried if name and name not in taken)
    taken.add(name)
    return name


#: What tells clocks apart: the length, and where the times are from.
_Clock = tuple[int, Times | tuple[float, str] | None]


def _nodes(name: str, component: Component, file: h5py.File, dt: GivenDurations) -> dict[str, xr.Dataset]:
    """Return the datasets of a component by node path.

    A tree holds one ``time`` axis from a node downwards. So the variables on the longest axis make the node ``NAME``,
    and those on others ``NAME@LENGTH`` beside it; a clock that differs from that of a node around it is put aside too.
    """
    shown = component.name if component.name and component.name.replace("/", "_") == name else name
    held = Members(file)
    shapes = {item.path: shape_of(held[item.name], item) for item in component.stored}
    clocks = {item.path: _clock(item, shapes[item.path], shown, dt) for item in component.stored}
    longest = max((clock[0] for clock in clocks.values() if clock), default=None)
    dims = unique_dims(component.stored, shapes)
    places = _Places(name, longest)
    members: dict[str, list[Stored]] = {f"/{name}": []}
    for item in sorted(component.stored, key=lambda item: item.path.count("/")):
        around = item.path.rsplit("/", 1)[0].split("/")
        root = places.root(around, clocks[item.path])
        for depth in range(len(around)):  # groups that only hold groups have attributes all the same
            members.setdefault(f"/{root}{'/'.join(around[: depth + 1])}", [])
        members[f"/{root}{'/'.join(around)}"].append(item)
    nodes = {path: _dataset(items, dims, shapes, held, clocks) for path, items in members.items()}
    lists = f"/{name}" if longest is None else f"/{name}@events"  # a node has no times of steps around it and of events
    for told in component.events:
        nodes[f"{lists}{told.name}"] = event_list(file, told)
        nodes[f"{lists}{told.name}"].encoding["dt"] = dt.of(shown, f"{told.name}/spikes", 0)
    for path, dataset in nodes.items():
        groups = path[1:].split("/")[1:]
        for variable in dataset.data_vars:  # an array that is taken out of the tree still knows whose it is
            array = dataset.variables[variable]
            array.encoding["component"] = "/".join([shown, *groups])
            array.attrs.setdefault(ORIGIN, f"{array.encoding['component']}/{variable}")
    for path, dataset in nodes.items():
        group = path[1:].partition("/")[2]
        if group and isinstance(found := member(file, group), h5py.Group):
            dataset.attrs |= attributes(found)
    nodes[f"/{name}"].attrs |= component.settings
    for dataset in nodes.values():  # netCDF has no truth values
        dataset.encoding["truths"] = {key for key, value in dataset.attrs.items() if isinstance(value, bool)}
        dataset.attrs |= {key: int(dataset.attrs[key]) for key in dataset.encoding["truths"]}
    notes = [*component.notes, *_gaps(nodes.values()), *map(square_note, filter(is_square, component.stored))]
    notes = [f"{shown}: {note}" for note in notes]
    nodes[f"/{name}"].encoding |= {"source": str(file.filename), "left_out": component.left_out, "notes": notes}
    if guessed := [f"axis {item.dims.index('time')} of {item.path}" for item in component.stored if item.guessed]:
        warnings.warn(
            f"{file.filename}: time is taken to run along {listed(guessed, _NAMED)}; set time_axis if it does not",
            TimeAxisWarning,
            stacklevel=4,
        )
    return nodes


def _gaps(nodes: Iterable[xr.Dataset]) -> list[str]:
    """Return a line for each part of a variable whose file is missing."""
    variables = [(name, node.variables[name]) for node in nodes for name in node.data_vars]
    return [f"{name}: {why}" for name, variable in variables for why in variable.encoding["gaps"]]


def _clock(item: Stored, shape: tuple[int, ...], component: str, dt: GivenDurations) -> _Clock | None:
    if "time" not in item.dims:
        return None
    length = shape[item.dims.index("time")]
    return length, dt.of(component, item.path, length) or item.times


class _Places:
    """The top node that each clock of a component goes to, so that no node lies below one of another clock."""

    def __init__(self, name: str, longest: int | None) -> None:
        self._name, self._longest = name, longest
        self._clocks: dict[tuple[str, str], _Clock] = {}

    def root(self, groups: Sequence[str], clock: _Clock | None) -> str:
        """Return the top node for a dataset of a group; those of the groups around it are placed before."""
        if clock is None:
            return self._name
        paths = ["/".join(groups[: depth + 1]) for depth in range(len(groups))]
        number, root = 1, self._name if clock[0] == self._longest else f"{self._name}@{clock[0]}"
        while any(self._clocks.get((root, path), clock) != clock for path in paths):
            number += 1
            root = f"{self._name}@{clock[0]}-{number}"
        self._clocks[root, paths[-1]] = clock
        return root


def _dataset(
    items: list[Stored],
    dims: dict[tuple[Any, ...], str],
    shapes: Mapping[str, tuple[int, ...]],
    file: Members,
    clocks: Mapping[str, _Clock | None],
) -> xr.Dataset:
    """Return the lazy variables of one node, with their time coordinate; a variable is never called ``time``."""
    variables: dict[str, xr.Variable] = {}
    coords: xr.Coordinates | None = None
    labels: dict[str, tuple[str, ...]] = {}
    taken = {"time", *(base_name(item.path) for item in items)}
    for item in items:
        keys = dim_keys(item, shapes[item.path])
        names = tuple(dims.get(key, key[0]) for key in keys)
        labels |= {name: key[2] for name, key in zip(names, keys, strict=True) if key[2]}
        base = base_name(item.path)
        base = base if base != "time" else free_name(base, taken)
        variables[base] = lazy_variable(file, item, names)
        variables[base].encoding["why"] = item.why
        clock = clocks[item.path]
        if clock is not None and coords is None:
            coords = _coordinate(*clock, file)
    found = xr.Dataset(variables, coords=coords)
    return found.assign_coords({name: np.asarray(names) for name, names in labels.items()}) if labels else found


def _coordinate(length: int, told: Times | tuple[float, str] | None, file: Members) -> xr.Coordinates:
    if isinstance(told, tuple):
        return time_coordinate(length, told)
    if told is None:
        return time_coordinate(length, None)
    if told.values:
        return stored_coordinate(xr.Variable("time", np.array(told.values), {"units": told.unit}))
    if told.dataset is None:
        unit = time_unit(told.unit)
        return time_coordinate(length, (told.step, unit if unit in SECONDS else told.unit), told.start)
    return stored_coordinate(lazy_times(file, told))
