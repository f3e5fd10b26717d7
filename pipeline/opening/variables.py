"""Lazy variables of stored datasets, and the names of their dimensions."""

from __future__ import annotations

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

__all__ = ["base_name", "free_name", "lazy_times", "lazy_variable", "unique_dims", "unit_in"]

#: Bytes of values in a chunk of a Dask array.
_DASK_BYTES = 16 * 2**20


def lazy_variable(stored: h5py.Dataset, dims: tuple[str, ...], scaling: Scaling | None = None) -> xr.Variable:
    """Return a dataset as a lazy variable.

    Parameters
    ----------
    stored : h5py.Dataset
    dims : tuple of str
    scaling : Scaling, optional
        What its numbers mean; by default what its CF attributes say.
    """
    dtype = np.dtype(stored.dtype).newbyteorder("=")
    if dtype.kind == "b" or h5py.check_enum_dtype(stored.dtype):
        dtype = np.dtype(bool) if stored.dtype.kind == "b" else np.dtype(stored.dtype.base).newbyteorder("=")
    scaling, sources = scaling or cf_scaling(stored), sources_of(stored)
    array = StoredArray(str(_file_of(stored)), stored.name, stored.shape, dtype, scaling, sources)
    used = set() if scaling is None else set(SCALING_ATTRIBUTES)
    attrs = {key: value for key, value in attributes(stored).items() if key not in used}
    attrs = {key: int(value) if isinstance(value, bool) else value for key, value in attrs.items()}  # as netCDF has it
    encoding = {
        "source": array.path,
        "dataset": stored.name,
        "chunksizes": stored.chunks,
        "filter": compression(stored),  # netCDF4 means other words by "compression"
        "preferred_chunks": _dask_chunks(stored, dims, dtype.itemsize),
        "gaps": [gap.why for gap in sources.gaps],
    }
    return xr.Variable(dims, indexing.LazilyIndexedArray(array), attrs, encoding)


def lazy_times(stored: h5py.Dataset, unit: str) -> xr.Variable:
    """Return the times of steps, shape ``(time,)``, with their unit as the attribute ``units``; empty if unknown."""
    if stored.ndim == 1:
        times = lazy_variable(stored, ("time",))
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


def unique_dims(stored: list[Stored], found: dict[str, h5py.Dataset]) -> dict[tuple[str, int], str]:
    """Return one name for each (dimension, size) of a file: the plain one for the first size, else with the size.

    No dimension has a dataset's name: xarray would take that for its labels, and read it.
    """
    names: dict[tuple[str, int], str] = {}
    taken = {base_name(item.name) for item in stored}
    for item in sorted(stored, key=lambda item: "time" not in item.dims):
        for dim, size in zip(item.dims, found[item.name].shape, strict=True):
            if dim != "time" and (dim, size) not in names:
                names[dim, size] = free_name(dim if dim not in taken else f"{dim}_{size}", taken)
                taken.add(names[dim, size])
    return names


def base_name(name: str) -> str:
    """Return the last part of a full name."""
    return name.rsplit("/", 1)[-1]


def free_name(name: str, taken: set[str]) -> str:
    """Return a name that is not taken."""
    return name if name not in taken else free_name(f"{name}_", taken)


def _dask_chunks(stored: h5py.Dataset, dims: tuple[str, ...], itemsize: int) -> dict[str, int]:
    """Return the chunks for ``chunks={}``: whole storage chunks along time, so many that a task is worth its cost."""
    if not stored.shape or not stored.size:
        return dict(zip(dims, stored.shape, strict=True))
    axis = dims.index("time") if "time" in dims else 0
    length = stored.shape[axis]
    least = stored.chunks[axis] if stored.chunks else 1
    kept = _DASK_BYTES * length // (stored.size * itemsize)
    return dict(zip(dims, stored.shape, strict=True)) | {dims[axis]: min(length, max(least, kept // least * least))}


def _file_of(stored: h5py.Dataset) -> Path:
    """Return the absolute path of the file that holds a dataset (with external links, not the one it was found in)."""
    return Path(stored.file.filename).absolute()
