"""Neurodata Without Borders 2: time series with their rates or timestamps, in the unit that their conversion gives.

Source: the NWB 2 schema, ``TimeSeries``: values are ``data * conversion (* channel_conversion) + offset`` in ``unit``;
times are ``timestamps``, in seconds, or ``starting_time`` and its attribute ``rate`` in hertz. Both may be links.
"""

from __future__ import annotations

from typing import ClassVar

import h5py

from pipeline.opening.hdf5.attributes import number
from pipeline.opening.hdf5.scaling import Scaling
from pipeline.opening.layouts.contents import datasets, member, settings_of
from pipeline.opening.layouts.protocol import Component, EventList, Stored, Times

__all__ = ["Nwb"]

_DIMS = {1: ("time",), 2: ("time", "unit"), 3: ("time", "row", "column")}


class Nwb:
    """Recognised by the root attribute ``nwb_version``."""

    name: ClassVar[str] = "NWB"

    def recognises(self, file: h5py.File) -> bool:
        """Whether the root has the version of NWB."""
        return "nwb_version" in file.attrs

    def read(self, file: h5py.File) -> Component:
        """Return all time series; tables, ids and lists of spikes are none."""
        found, left_out = datasets(file)
        stored, events = [], []
        for name, item in found.items():
            group = file[name.rpartition("/")[0] or "/"]
            if name.endswith("/data") and item.ndim and (times := _times(group, item.shape[0])) is not None:
                stored.append(Stored(name, _dims(item.ndim), times, scaling=_scaling(group, item), why=_why(times)))
            elif name.endswith("/spike_times") and (units := _units(group, item)) is not None:
                events.append(units)
            elif name.rpartition("/")[2] not in (
                "spike_times_index",
                "timestamps",
                "starting_time",
                "channel_conversion",
            ):
                left_out[name] = "no time series"
        left_out = {name: why for name, why in left_out.items() if not name.startswith("/specifications/")}
        return Component(None, settings_of(file), stored, left_out, events=events)


def _why(times: Times) -> str:
    return "its starting_time and rate" if times.dataset is None else f"times in {times.dataset[1:]}"


def _dims(ndim: int) -> tuple[str, ...]:
    return _DIMS.get(ndim) or ("time", *(f"axis_{axis}" for axis in range(1, ndim)))


def _times(group: h5py.Group, length: int) -> Times | None:
    timestamps = member(group, "timestamps") if "timestamps" in group else None
    if isinstance(timestamps, h5py.Dataset) and timestamps.shape == (length,):
        return Times(f"{group.name.rstrip('/')}/timestamps", unit="s")
    start = member(group, "starting_time") if "starting_time" in group else None
    rate = number(start, "rate") or 0.0 if isinstance(start, h5py.Dataset) else 0.0
    return Times(None, float(start[()]), 1 / rate, "s") if start is not None and rate > 0 else None


def _units(group: h5py.Group, times: h5py.Dataset) -> EventList | None:
    """Return the spikes of a table of units, which follow each other; its index says where those of each end."""
    index = member(group, "spike_times_index")
    if not isinstance(index, h5py.Dataset) or index.ndim != 1:
        return None
    ends = tuple(int(end) for end in index[:])
    if any(end > times.size for end in ends) or list(ends) != sorted(ends):
        return None
    labels: tuple[str, ...] = ()
    ids = member(group, "id")
    if isinstance(ids, h5py.Dataset) and ids.shape == index.shape:
        labels = tuple(str(one) for one in ids[:].tolist())
    return EventList(group.name, (times.name,), "s", ends=ends, labels=labels)


def _scaling(group: h5py.Group, data: h5py.Dataset) -> Scaling | None:
    """Return what the stored numbers mean; None where they are the values."""
    channels = member(group, "channel_conversion") if "channel_conversion" in group else None
    scales: tuple[float, ...] = ()
    if isinstance(channels, h5py.Dataset) and data.ndim > 1 and channels.shape == data.shape[1:2]:
        scales = tuple(float(value) for value in channels[:])
    scale = number(data, "conversion")
    found = Scaling(1.0 if scale is None else scale, number(data, "offset") or 0.0, scales=scales, axis=1)
    return None if found == Scaling(axis=1) else found
