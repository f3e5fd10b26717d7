"""Lazy variables of stored datasets, and the names of their dimensions."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import xarray as xr
from xarray.core import indexing

from pipeline.opening.hdf5.lazy_array import StoredArray, compression
from pipeline.opening.hdf5.scaling import SCALING_ATTRIBUTES, Scaling, cf_scaling
from pipeline.opening.hdf5.sources import sources_of
from pipeline.opening.layouts.contents import attributes
from pipeline.opening.layouts.protocol import Stored

__all__ = [
    "base_name",
    "dim_keys",
    "field_type",
    "free_name",
    "lazy_times",
    "lazy_variable",
    "stored_array",
    "unique_dims",
    "unit_in",
]

#: Bytes of values in a chunk of a Dask array.
_DASK_BYTES = 16 * 2**20


def lazy_variable(
    stored: h5py.Dataset, dims: tuple[str, ...], scaling: Scaling | None = None, field: str = "", unit: str = ""
) -> xr.Variable:
    """Return a dataset, or a column of a table, as a lazy variable.

    Parameters
    ----------
    stored : h5py.Dataset
    dims : tuple of str
    scaling : Scaling, optional
        What its numbers mean; by default what its CF attributes say.
    field : str
        The column; empty for the whole dataset.
    unit : str
        Of its values, where its attributes name none.
    """
    array = stored_array(stored, scaling, field)
    used = set() if array.scaling is None else set(SCALING_ATTRIBUTES)
    attrs = {} if field else {key: value for key, value in attributes(stored).items() if key not in used}
    attrs = {key: int(value) if isinstance(value, bool) else value for key, value in attrs.items()}  # as netCDF has it
    if unit and not unit_in(attrs):
        attrs["units"] = unit
    chunks = stored.chunks
    if chunks and field:
        chunks = (*chunks, *array.shape[len(chunks) :])
    encoding = {
        "source": array.path,
        "dataset": stored.name,
        "chunksizes": chunks,
        "filter": compression(stored),  # netCDF4 means other words by "compression"
        "preferred_chunks": _dask_chunks(array, dims, chunks),
        "gaps": [gap.why for gap in array.sources.gaps],
    }
    if field:
        encoding["field"] = field
    return xr.Variable(dims, indexing.LazilyIndexedArray(array), attrs, encoding)


def stored_array(stored: h5py.Dataset, scaling: Scaling | None = None, field: str = "") -> StoredArray:
    """Return a dataset, or a column of a table, as a lazy array."""
    dtype, shape = field_type(stored, field)
    if dtype.kind == "b" or h5py.check_enum_dtype(dtype):
        dtype = np.dtype(bool) if dtype.kind == "b" else dtype.base
    if not field:
        scaling = scaling or cf_scaling(stored)
    path, native = str(_file_of(stored)), np.dtype(dtype).newbyteorder("=")
    return StoredArray(path, stored.name, shape, native, scaling, sources_of(stored), field)


def field_type(stored: h5py.Dataset, field: str) -> tuple[np.dtype[Any], tuple[int, ...]]:
    """Return the type and the shape of a column of a table; of the whole dataset if no column is named."""
    dtype, shape = stored.dtype, stored.shape
    for name in field.split("/") if field else ():
        dtype = dtype[name]
        if dtype.subdtype is not None:
            dtype, more = dtype.subdtype
            shape = (*shape, *more)
    return dtype, shape


def lazy_times(stored: h5py.Dataset, unit: str, field: str = "", dim: str = "time") -> xr.Variable:
    """Return the times of steps, shape ``(time,)``, with their unit as the attribute ``units``; empty if unknown.

    Where they are times of events, the dimension is `dim`.
    """
    if stored.ndim == 1:
        times = lazy_variable(stored, (dim,), field=field)
    else:  # a row or a column, as MATLAB has them
        times = lazy_variable(stored, ("time", "other") if stored.shape[1] == 1 else ("other", "time")).isel(other=0)
    told = unit_in(times.attrs)
    for key in [key for key in times.attrs if key.lower() in ("unit", "units")]:
        del times.attrs[key]
    times.attrs["units"] = told or unit
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


def _file_of(stored: h5py.Dataset) -> Path:
    """Return the absolute path of the file that holds a dataset (with external links, not the one it was found in)."""
    return Path(stored.file.filename).absolute()
