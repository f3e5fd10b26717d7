"""Lazy variables of stored datasets, and the names of their dimensions."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from typing import Any

import h5py
import numpy as np
import xarray as xr
from xarray.core import indexing

from pipeline.opening.hdf5.file import absolute, opened_member
from pipeline.opening.hdf5.joined import ReshapedArray, StackedArray
from pipeline.opening.hdf5.lazy_array import FromFiles, StoredArray, compression, field_type
from pipeline.opening.hdf5.scaling import SCALING_ATTRIBUTES, Meaning, cf_scaling
from pipeline.opening.hdf5.sources import sources_of
from pipeline.opening.layouts.contents import attributes
from pipeline.opening.layouts.protocol import Stored, Times

__all__ = [
    "Members",
    "base_name",
    "dim_keys",
    "free_name",
    "lazy_times",
    "lazy_variable",
    "shape_of",
    "stored_array",
    "unique_dims",
    "unit_in",
]

#: Bytes of values in a chunk of a Dask array.
_DASK_BYTES = 16 * 2**20


class Members(dict[str, Any]):
    """What lies in a file, by full names; each is opened once, because that takes longer than what is asked of it."""

    def __init__(self, file: h5py.File) -> None:
        self.file = file

    def __missing__(self, name: str) -> Any:
        self[name] = found = opened_member(self.file, name)
        return found


def lazy_variable(file: h5py.File | Members, item: Stored, dims: tuple[str, ...]) -> xr.Variable:
    """Return what a layout understands of a dataset as a lazy variable: it, a column of it, or several put together.

    Parameters
    ----------
    file : h5py.File or Members
    item : Stored
    dims : tuple of str
        In place of the layout's, which other variables may have of other sizes.
    """
    stored = file[item.name]
    array = stored_array(stored, item.scaling, item.field)
    chunks = stored.chunks
    if chunks and item.field:
        chunks = (*chunks, *array.shape[len(chunks) :])
    encoding = {
        "source": array.path,
        "dataset": stored.name,
        "chunksizes": chunks,
        "filter": compression(stored),  # netCDF4 means other words by "compression"
        "preferred_chunks": {},
        "gaps": [gap.why for gap in array.sources.gaps],
    }
    whole: FromFiles = array
    if item.parts:
        whole = StackedArray(tuple(stored_array(file[part], item.scaling) for part in item.parts), item.joint)
        encoding["chunksizes"] = None
    elif item.inner is not None:
        whole = ReshapedArray(array, item.inner)
        encoding["chunksizes"] = None
    else:
        encoding["preferred_chunks"] = _dask_chunks(array, dims, chunks)
    if item.field:
        encoding["field"] = item.field
    return xr.Variable(dims, indexing.LazilyIndexedArray(whole), _attributes(stored, array, item), encoding)


def _attributes(stored: h5py.Dataset, array: StoredArray, item: Stored) -> dict[str, Any]:
    used = set() if array.scaling is None else set(SCALING_ATTRIBUTES)
    attrs = {} if item.field else {key: value for key, value in attributes(stored).items() if key not in used}
    attrs = {key: int(value) if isinstance(value, bool) else value for key, value in attrs.items()}  # as netCDF has it
    if item.unit and not unit_in(attrs):
        attrs["units"] = item.unit
    return attrs


def stored_array(stored: h5py.Dataset, scaling: Meaning | None = None, field: str = "") -> StoredArray:
    """Return a dataset, or a column of a table, as a lazy array."""
    dtype, shape = field_type(stored, field)
    if dtype.kind == "b" or h5py.check_enum_dtype(dtype):
        dtype = np.dtype(bool) if dtype.kind == "b" else dtype.base
    if not field:
        scaling = scaling or cf_scaling(stored)
    path, native = _file_of(stored), np.dtype(dtype).newbyteorder("=")
    return StoredArray(path, stored.name, shape, native, scaling, sources_of(stored), field)


def shape_of(stored: h5py.Dataset, item: Stored) -> tuple[int, ...]:
    """Return the shape of what a layout understands of a dataset."""
    shape = list(field_type(stored, item.field)[1])
    if item.inner is not None:
        return (shape[0] // max(1, math.prod(item.inner)), *item.inner)
    if item.parts:
        shape.insert(item.joint, len(item.parts))
    return tuple(shape)


def lazy_times(file: h5py.File | Members, told: Times, dim: str = "time") -> xr.Variable:
    """Return stored times of steps, shape ``(time,)``, with their unit as the attribute ``units``; empty if unknown.

    Where they are times of events, the dimension is `dim`.
    """
    assert told.dataset is not None
    stored, item = file[told.dataset], Stored(told.dataset, (dim,), field=told.field)
    if stored.ndim == 1:
        times = lazy_variable(file, item, (dim,))
    else:  # a row or a column, as MATLAB has them
        dims = ("time", "other") if stored.shape[1] == 1 else ("other", "time")
        times = lazy_variable(file, item, dims).isel(other=0)
    unit = unit_in(times.attrs)
    for key in [key for key in times.attrs if key.lower() in ("unit", "units")]:
        del times.attrs[key]
    times.attrs["units"] = unit or told.unit
    return times


def unit_in(attrs: Mapping[Any, Any]) -> str:
    """Return the unit that attributes name, in whatever spelling of the word; empty if none does."""
    return next((str(value) for key, value in attrs.items() if str(key).lower() in ("units", "unit")), "")


def unique_dims(stored: list[Stored], shapes: Mapping[str, tuple[int, ...]]) -> dict[tuple[Any, ...], str]:
    """Return one name for each (dimension, size, labels) of a file: the plain one for the first, else with the size.

    No dimension has a dataset's name: xarray would take that for its labels, and read it.
    """
    names: dict[tuple[Any, ...], str] = {}
    taken = {base_name(item.path) for item in stored}
    for item in sorted(stored, key=lambda item: "time" not in item.dims):
        for key in dim_keys(item, shapes[item.path]):
            if key[0] != "time" and key not in names:
                dim, size, _ = key
                names[key] = free_name(dim if dim not in taken else f"{dim}_{size}", taken)
                taken.add(names[key])
    return names


def dim_keys(item: Stored, shape: tuple[int, ...]) -> list[tuple[str, int, tuple[str, ...]]]:
    """Return (dimension, size, labels) of each axis; the labels are those of its units, which are one axis."""
    found: list[tuple[str, int, tuple[str, ...]]] = []
    labels = item.labels
    for dim, size in zip(item.dims, shape, strict=True):
        own = labels if dim != "time" and len(labels) == size else ()
        labels = () if own else labels
        found.append((dim, size, own))
    return found


def base_name(name: str) -> str:
    """Return the last part of a full name."""
    return name.rsplit("/", 1)[-1]


def free_name(name: str, taken: set[str]) -> str:
    """Return a name that is not taken."""
    return name if name not in taken else free_name(f"{name}_", taken)


def _dask_chunks(array: StoredArray, dims: tuple[str, ...], chunks: tuple[int, ...] | None) -> dict[str, int]:
    """Return the chunks for ``chunks={}``: whole storage chunks along time, so many that a task is worth its cost."""
    whole = dict(zip(dims, array.shape, strict=True))
    size = math.prod(array.shape) * array.dtype.itemsize
    if not array.shape or not size:
        return whole
    axis = dims.index("time") if "time" in dims else 0
    length = array.shape[axis]
    least = chunks[axis] if chunks else 1
    kept = _DASK_BYTES * length // size
    return whole | {dims[axis]: min(length, max(least, kept // least * least))}


def _file_of(stored: h5py.Dataset) -> str:
    """Return the absolute path of the file that holds a dataset (with external links, not the one it was found in)."""
    return absolute(os.fsdecode(h5py.h5f.get_name(stored.id)))
