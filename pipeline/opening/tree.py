"""A run as a lazy `xarray.DataTree`: one node a component, one child a group."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import xarray as xr
from xarray.core import indexing

from pipeline.errors import PipelineError, SourceError, TimeAxisWarning
from pipeline.opening.discover import readable_name, run_files, run_name
from pipeline.opening.hdf5.lazy_array import StoredArray, compression, open_file
from pipeline.opening.layouts.contents import attributes
from pipeline.opening.layouts.protocol import Component, Stored
from pipeline.opening.layouts.registry import layout_of
from pipeline.opening.time_index import time_coordinate
from pipeline.units import duration

__all__ = ["open_run"]

#: Attributes by which HDF5 ties dimension scales to datasets; they are no settings.
_BOOKKEEPING = {"DIMENSION_LIST", "REFERENCE_LIST", "CLASS", "NAME", "DIMENSION_LABELS", "_Netcdf4Dimid"}

#: Bytes of values in a chunk of a Dask array.
_DASK_BYTES = 16 * 2**20


def open_run(
    path: str | os.PathLike[str],
    *,
    dt: str | float | None = None,
    on_error: Callable[[PipelineError], None] | None = None,
) -> xr.DataTree:
    """Open a run without reading any dataset.

    Parameters
    ----------
    path : path
        One HDF5 file, a folder of them, or a run folder that holds them in a subfolder.
    dt : str or float, optional
        Duration of one step, such as ``"0.1 ms"``; a plain number is in milliseconds. Where it is not given and the
        file does not tell the times, the ``time`` coordinate counts steps.
    on_error : callable, optional
        Called with the error of each file that cannot be opened; the others still are. Without it the first is raised.

    Returns
    -------
    xarray.DataTree
        One node a component (its ``identifier``, else the file's name), one child a group. Every variable that runs in
        time has a dimension ``time``, wherever its position, with a coordinate whose ``units`` attribute is ``step``
        or a unit of time. Attributes hold the component's settings. Variables are lazy; their ``encoding`` has
        ``source`` (path), ``dataset`` (name in it), ``component``, ``chunksizes`` and ``compression``.

    Raises
    ------
    SourceError
        If the path or a file cannot be opened.

    Examples
    --------
    >>> from pipeline import open_run, simulate
    >>> run = open_run(simulate("network", steps=200), dt="1 ms")
    >>> run["E"].voltage.dims
    ('time', 'unit')
    """
    step = None if dt is None else duration(dt)
    nodes: dict[str, xr.Dataset] = {}
    taken: set[str] = set()
    for file in run_files(path):
        try:
            nodes |= _open(file, taken, step)
        except PipelineError as error:
            if on_error is None:
                raise
            on_error(error)
    tree = xr.DataTree.from_dict(nodes, name=run_name(path))
    tree.encoding["source"] = str(path)
    return tree


def _open(path: Path, taken: set[str], dt: tuple[float, str] | None) -> dict[str, xr.Dataset]:
    """Return the nodes of one file; h5py's own errors are those of a damaged file."""
    with open_file(path) as file:
        try:
            component = layout_of(file).read(file)
            return _nodes(_free_name(component.name, path, taken), component, file, dt)
        except (OSError, RuntimeError, KeyError, ValueError) as cause:
            raise SourceError(f"{path}: a damaged HDF5 file, or one that cannot be understood ({cause})") from cause


def _free_name(wanted: str | None, file: Path, taken: set[str]) -> str:
    """Return the node name for a component; where two files name the same one, the later takes its file's name."""
    stem, whole = readable_name(file.stem), readable_name(file.name)
    tried = [(wanted or "").replace("/", "_"), stem, whole, f"{whole}-{len(taken)}"]
    name = next(name for name in tried if name and name not in taken)
    taken.add(name)
    return name


def _nodes(name: str, component: Component, file: h5py.File, dt: tuple[float, str] | None) -> dict[str, xr.Dataset]:
    """Return the datasets of a component by node path.

    A tree holds one ``time`` axis from a node downwards. So where the variables of a file run on axes of different
    lengths, those of the longest make the node ``NAME`` and the others ``NAME@LENGTH`` beside it.
    """
    found = {item.name: file[item.name] for item in component.stored}
    lengths = {item.name: _length(item, found[item.name].shape) for item in component.stored}
    longest = max((length for length in lengths.values() if length is not None), default=None)
    dims = _unique_dims(component.stored, found)
    members: dict[str, list[Stored]] = {f"/{name}": []}
    for item in component.stored:
        length, group = lengths[item.name], item.name.rsplit("/", 1)[0]
        root = name if length in (None, longest) else f"{name}@{length}"
        around = group.split("/")
        for depth in range(len(around)):  # groups that only hold groups have attributes all the same
            members.setdefault(f"/{root}{'/'.join(around[: depth + 1])}", [])
        members[f"/{root}{group}"].append(item)
    nodes = {path: _dataset(items, dims, found, file, dt) for path, items in members.items()}
    shown = component.name if component.name and component.name.replace("/", "_") == name else name
    for path, dataset in nodes.items():
        groups = path[1:].split("/")[1:]
        for variable in dataset.data_vars:  # an array that is taken out of the tree still knows whose it is
            dataset.variables[variable].encoding["component"] = "/".join([shown, *groups])
    for path, dataset in nodes.items():
        if group := path[1:].partition("/")[2]:
            dataset.attrs |= attributes(file[group])
    nodes[f"/{name}"].attrs |= component.settings
    nodes[f"/{name}"].encoding = {"source": str(file.filename), "left_out": component.left_out}
    if guessed := [f"axis {item.dims.index('time')} of {item.name}" for item in component.stored if item.guessed]:
        names = ", ".join(guessed[:4]) + (f" and {len(guessed) - 4} more" if len(guessed) > 4 else "")
        warnings.warn(
            f"{file.filename}: time is taken to run along {names}; set time_axis if it does not",
            TimeAxisWarning,
            stacklevel=4,
        )
    return nodes


def _length(item: Stored, shape: tuple[int, ...]) -> int | None:
    return shape[item.dims.index("time")] if "time" in item.dims else None


def _unique_dims(stored: list[Stored], found: dict[str, h5py.Dataset]) -> dict[tuple[str, int], str]:
    """Return one name for each (dimension, size) of a file: the plain one for the first size, else with the size.

    No dimension has a dataset's name: xarray would take that for its labels, and read it.
    """
    names: dict[tuple[str, int], str] = {}
    taken = {_base(item.name) for item in stored}
    for item in sorted(stored, key=lambda item: "time" not in item.dims):
        for dim, size in zip(item.dims, found[item.name].shape, strict=True):
            if dim != "time" and (dim, size) not in names:
                names[dim, size] = _free(dim if dim not in taken else f"{dim}_{size}", taken)
                taken.add(names[dim, size])
    return names


def _base(name: str) -> str:
    return name.rsplit("/", 1)[-1]


def _free(name: str, taken: set[str]) -> str:
    return name if name not in taken else _free(f"{name}_", taken)


def _dataset(
    items: list[Stored],
    dims: dict[tuple[str, int], str],
    found: dict[str, h5py.Dataset],
    file: h5py.File,
    dt: tuple[float, str] | None,
) -> xr.Dataset:
    """Return the lazy variables of one node, with their time coordinate; a variable is never called ``time``."""
    variables: dict[str, xr.Variable] = {}
    coords: xr.Coordinates | None = None
    taken = {"time", *(_base(item.name) for item in items)}
    for item in items:
        stored = found[item.name]
        names = tuple(dims.get((dim, size), dim) for dim, size in zip(item.dims, stored.shape, strict=True))
        base = _base(item.name)
        variables[base if base != "time" else _free(base, taken)] = _variable(stored, names)
        if "time" in names and coords is None:
            if dt is None and item.times is not None:
                times = _variable(file[item.times], ("time",))
                times.attrs.setdefault("units", times.attrs.pop("unit", "step"))
                coords = xr.Coordinates({"time": times}, indexes={})
            else:
                coords = time_coordinate(stored.shape[names.index("time")], dt)
    return xr.Dataset(variables, coords=coords)


def _variable(stored: h5py.Dataset, dims: tuple[str, ...]) -> xr.Variable:
    dtype = np.dtype(stored.dtype).newbyteorder("=")
    if dtype.kind == "b" or h5py.check_enum_dtype(stored.dtype):
        dtype = np.dtype(bool) if stored.dtype.kind == "b" else np.dtype(stored.dtype.base).newbyteorder("=")
    array = StoredArray(str(file_of(stored)), stored.name, stored.shape, dtype)
    attrs = {key: value for key, value in attributes(stored).items() if key not in _BOOKKEEPING}
    encoding = {
        "source": array.path,
        "dataset": stored.name,
        "chunksizes": stored.chunks,
        "compression": compression(stored),
        "preferred_chunks": _dask_chunks(stored, dims, dtype.itemsize),
    }
    return xr.Variable(dims, indexing.LazilyIndexedArray(array), attrs, encoding)


def _dask_chunks(stored: h5py.Dataset, dims: tuple[str, ...], itemsize: int) -> dict[str, int]:
    """Return the chunks for ``chunks={}``: whole storage chunks along time, so many that a task is worth its cost."""
    if not stored.shape or not stored.size:
        return dict(zip(dims, stored.shape, strict=True))
    axis = dims.index("time") if "time" in dims else 0
    length = stored.shape[axis]
    least = stored.chunks[axis] if stored.chunks else 1
    kept = _DASK_BYTES * length // (stored.size * itemsize)
    return dict(zip(dims, stored.shape, strict=True)) | {dims[axis]: min(length, max(least, kept // least * least))}


def file_of(stored: h5py.Dataset) -> Path:
    """Return the absolute path of the file that holds a dataset (with external links, not the one it was found in)."""
    return Path(stored.file.filename).absolute()
