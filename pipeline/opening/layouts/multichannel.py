"""Recordings of Multi Channel Systems, as their DataManager exports them: volts from converter steps, ticks of µs.

Source: "MCS HDF5 raw data file format", version 3: streams have ``ChannelData`` (channel, time),
``ChannelDataTimeStamps`` (a row a stretch: first time in µs, first and last sample) and ``InfoChannel`` with ``Label``,
``Unit``, ``Exponent``, ``ADZero``, ``ConversionFactor`` and ``Tick`` in µs.
"""

from __future__ import annotations

from typing import Any, ClassVar

import h5py
import numpy as np

from pipeline.opening.hdf5.attributes import attribute
from pipeline.opening.hdf5.scaling import Scaling
from pipeline.opening.layouts.contents import datasets, member, settings_of
from pipeline.opening.layouts.protocol import Component, Stored, Times

__all__ = ["MultiChannel"]


class MultiChannel:
    """Recognised by the root attribute ``McsHdf5ProtocolType``, or by a stream with its ``InfoChannel``."""

    name: ClassVar[str] = "Multi Channel Systems"

    def recognises(self, file: h5py.File) -> bool:
        """Whether it is a recording."""
        if "McsHdf5ProtocolType" in file.attrs:
            return True
        streams = member(file, "Data/Recording_0/AnalogStream")
        return isinstance(streams, h5py.Group) and any("InfoChannel" in streams[key] for key in streams)

    def read(self, file: h5py.File) -> Component:
        """Return the channels of all streams."""
        found, left_out = datasets(file)
        stored, notes = [], []
        for name, data in found.items():
            group, _, base = name.rpartition("/")
            info = member(file, f"{group}/InfoChannel")
            if base != "ChannelData" or data.ndim != 2 or not isinstance(info, h5py.Dataset):
                left_out[name] = "the books of a stream"
                continue
            rows = info[:]
            stamps = found.get(f"{group}/ChannelDataTimeStamps")
            stretches = np.atleast_2d(stamps[()]) if stamps is not None else np.zeros((1, 3))
            if len(stretches) > 1:
                notes.append(f"{name[1:]}: {len(stretches)} stretches, which are drawn as if one followed the other")
            tick = float(rows["Tick"][0])
            times = Times(None, float(stretches[0][0]), tick, "us")
            labels = tuple(str(attribute(one)) for one in rows["Label"]) if "Label" in (rows.dtype.names or ()) else ()
            labels = labels if len(set(labels)) == data.shape[0] else ()
            unit = str(attribute(rows["Unit"][0])) if "Unit" in (rows.dtype.names or ()) else ""
            stored.append(
                Stored(name, ("unit", "time"), times, scaling=_scaling(rows), labels=labels, unit=unit, why="its Tick")
            )
            left_out.pop(f"{group}/InfoChannel", None)
        return Component(None, settings_of(file), stored, left_out, notes)


def _scaling(rows: Any) -> Scaling:
    factors = rows["ConversionFactor"].astype(float) * 10.0 ** rows["Exponent"].astype(float)
    return Scaling(zero=float(rows["ADZero"][0]), scales=tuple(factors.tolist()), axis=0)
