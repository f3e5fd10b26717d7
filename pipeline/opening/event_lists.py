"""A list of events as a node of the run: one dimension ``event``, a variable ``time``, and ``unit`` where told."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import xarray as xr
from xarray.core import indexing

from pipeline.opening.hdf5.lists import JoinedArray, RaggedUnits
from pipeline.opening.layouts.protocol import EventList
from pipeline.opening.variables import lazy_times, lazy_variable, stored_array

__all__ = ["event_list"]


def event_list(file: h5py.File, told: EventList) -> xr.Dataset:
    """Return the node of a list of events, lazy.

    Returns
    -------
    xarray.Dataset
        ``time (event)`` with its ``units``, in the order of the file; ``unit (event)``, ids or numbers of units.
        ``encoding["events"]`` has the names of the units, where the file has some.
    """
    variables = {"time": _times(file, told)}
    if told.units is not None:
        variables["unit"] = lazy_variable(file[told.units], ("event",), field=told.units_field)
    ends = told.ends
    if len(told.times) > 1:
        ends = tuple(np.cumsum([file[name].size for name in told.times]).tolist())
    if told.units is None and ends is not None:
        units = RaggedUnits(np.array(ends, np.int64))
        variables["unit"] = xr.Variable("event", indexing.LazilyIndexedArray(units), {"count": len(ends)})
    found = xr.Dataset(variables)
    found.encoding["events"] = told.labels
    for name in found.data_vars:
        found.variables[name].encoding.setdefault("gaps", [])
    return found


def _times(file: h5py.File, told: EventList) -> xr.Variable:
    if len(told.times) == 1:
        return lazy_times(file[told.times[0]], told.unit, told.field, dim="event")
    first = lazy_times(file[told.times[0]], told.unit, dim="event")
    parts = tuple(stored_array(file[name]) for name in told.times)
    joined = xr.Variable("event", indexing.LazilyIndexedArray(JoinedArray(parts)), first.attrs)
    joined.encoding = {"source": str(Path(file.filename).absolute()), "dataset": told.times[0], "gaps": []}
    return joined
