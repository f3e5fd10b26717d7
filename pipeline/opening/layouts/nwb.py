"""Neurodata Without Borders 2: time series with their rates or timestamps, in the unit that their conversion gives.

Source: the NWB 2 schema, ``TimeSeries``: values are ``data * conversion (* channel_conversion) + offset`` in ``unit``;
times are ``timestamps``, in seconds, or ``starting_time`` and its attribute ``rate`` in hertz. Both may be links.
"""

from __future__ import annotations

from typing import Any, ClassVar

import h5py
import numpy as np

from pipeline.opening.hdf5.attributes import attribute
from pipeline.opening.hdf5.scaling import Scaling
from pipeline.opening.layouts.contents import datasets, member, settings_of
from pipeline.opening.layouts.protocol import Component, Stored, Times

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
        stored = []
        for name, item in found.items():
            group = file[name.rpartition("/")[0] or "/"]
            if name.endswith("/data") and item.ndim and (times := _times(group, item.shape[0])) is not None:
                stored.append(Stored(name, _dims(item.ndim), times, scaling=_scaling(group, item)))
            elif name.rpartition("/")[2] not in ("timestamps", "starting_time", "channel_conversion"):
                left_out[name] = "no time series"
        return Component(None, settings_of(file), stored, left_out)


def _dims(ndim: int) -> tuple[str, ...]:
    return _DIMS.get(ndim) or ("time", *(f"axis_{axis}" for axis in range(1, ndim)))


def _times(group: h5py.Group, length: int) -> Times | None:
    timestamps = member(group, "timestamps") if "timestamps" in group else None
    if isinstance(timestamps, h5py.Dataset) and timestamps.shape == (length,):
        return Times(f"{group.name.rstrip('/')}/timestamps", unit="s")
    start = member(group, "starting_time") if "starting_time" in group else None
    rate = _number(start, "rate", 0.0) if isinstance(start, h5py.Dataset) else 0.0
    return Times(None, float(start[()]), 1 / rate, "s") if start is not None and rate > 0 else None


def _scaling(group: h5py.Group, data: h5py.Dataset) -> Scaling | None:
    """Return what the stored numbers mean; None where they are the values."""
    channels = member(group, "channel_conversion") if "channel_conversion" in group else None
    scales: tuple[float, ...] = ()
    if isinstance(channels, h5py.Dataset) and data.ndim > 1 and channels.shape == data.shape[1:2]:
        scales = tuple(float(value) for value in channels[:])
    found = Scaling(_number(data, "conversion", 1.0), _number(data, "offset", 0.0), scales=scales, axis=1)
    return None if found == Scaling(axis=1) else found


def _number(node: h5py.Dataset, key: str, otherwise: float) -> float:
    value: Any = attribute(node.attrs[key]) if key in node.attrs else otherwise
    usable = isinstance(value, int | float) and np.isfinite(value)
    return float(value) if usable else otherwise
