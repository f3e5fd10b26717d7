"""A list of events as a node of the run: one dimension ``event``, a variable ``time``, and ``unit`` where told."""

from __future__ import annotations

import h5py
import numpy as np
import xarray as xr
from xarray.core import indexing

from pipeline.opening.hdf5.file import absolute
from pipeline.opening.hdf5.joined import JoinedArray, PulsedTimes, RaggedUnits
from pipeline.opening.layouts.contents import attributes
from pipeline.opening.layouts.protocol import EventList, Stored, Times
from pipeline.opening.variables import lazy_times, lazy_variable, stored_array, unit_in
from pipeline.units import SECONDS, time_unit

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
        variables["unit"] = lazy_variable(file, Stored(told.units, ("event",), field=told.units_field), ("event",))
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
    if told.pulses[0]:
        return _since_pulses(file, told)
    if len(told.times) == 1:
        return lazy_times(file, Times(told.times[0], unit=told.unit, field=told.field), "event")
    first = lazy_times(file, Times(told.times[0], unit=told.unit), "event")
    parts = tuple(stored_array(file[name]) for name in told.times)
    joined = xr.Variable("event", indexing.LazilyIndexedArray(JoinedArray(parts)), first.attrs)
    joined.encoding = {"source": absolute(file.filename), "dataset": told.times[0], "gaps": []}
    return joined


def _since_pulses(file: h5py.File, told: EventList) -> xr.Variable:
    """Return times that are offsets from pulses, in seconds since the first reference of the pulses."""
    offsets = lazy_times(file, Times(told.times[0], unit=told.unit), "event")
    first, zeros = (file[name] for name in told.pulses)
    units = time_unit(offsets.attrs["units"]), time_unit(unit_in(attributes(zeros)) or "s")
    factors = tuple(SECONDS.get(unit, 1.0) for unit in units)
    array = PulsedTimes(stored_array(file[told.times[0]]), stored_array(first), stored_array(zeros), factors)
    times = xr.Variable("event", indexing.LazilyIndexedArray(array), offsets.attrs | {"units": "s"})
    times.encoding = offsets.encoding
    return times
