"""H5MD, the files of molecular dynamics: elements that change in time have ``value``, ``step`` and mostly ``time``.

Source: the H5MD specification 1.1, "Storage of time-dependent data": ``step`` and ``time`` are a value each, or one
increment with an attribute ``offset``; they may be links to those of another element.
"""

from __future__ import annotations

from typing import Any, ClassVar

import h5py
import numpy as np

from pipeline.opening.hdf5.attributes import attribute
from pipeline.opening.layouts.contents import attributes, datasets, member, settings_of
from pipeline.opening.layouts.protocol import Component, Stored, Times
from pipeline.opening.variables import unit_in

__all__ = ["H5md"]

#: Elements that tell who is where in memory, and nothing that runs.
_IDS = ("id", "species", "image")


class H5md:
    """Recognised by the group ``h5md``; a group with ``value`` and ``step`` is an element that changes in time."""

    name: ClassVar[str] = "H5MD"

    def recognises(self, file: h5py.File) -> bool:
        """Whether there is the group of H5MD's metadata with its version."""
        told = member(file, "h5md")
        return isinstance(told, h5py.Group) and "version" in told.attrs

    def read(self, file: h5py.File) -> Component:
        """Return the elements by their groups; what does not change in time has no step."""
        found, left_out = datasets(file)
        stored = []
        for name, item in found.items():
            group, _, base = name.rpartition("/")
            around = file[group or "/"]
            if base == "value" and "step" in around and item.ndim:
                if group.rpartition("/")[2] in _IDS:
                    left_out[name] = "ids of particles"
                    continue
                stored.append(_element(name, item, around))
            elif base in ("step", "time") and "value" in around:
                continue
            elif item.ndim and (base in _IDS or name.startswith("/connectivity/")):
                left_out[name] = "ids of particles"
            else:
                stored.append(Stored(name, tuple(f"axis_{axis}" for axis in range(item.ndim))))
        return Component(None, settings_of(file), stored, left_out)


def _element(name: str, value: h5py.Dataset, group: h5py.Group) -> Stored:
    inner = {0: (), 1: ("unit",), 2: ("particle", "axis")}.get(value.ndim - 1)
    dims = ("time", *(inner if inner is not None else (f"axis_{axis}" for axis in range(1, value.ndim))))
    times, why = None, f"an element with {group.name[1:]}/step"
    for key in ("time", "step"):
        told = member(group, key)
        if isinstance(told, h5py.Dataset) and (times := _times(told, value.shape[0], key)) is not None:
            why = f"times in {told.name[1:]}"
            break
    return Stored(name, dims, times, called=group.name, why=why)


def _times(told: h5py.Dataset, length: int, key: str) -> Times | None:
    unit = unit_in(attributes(told)) if key == "time" else "step"
    if told.shape == (length,):
        return Times(told.name, unit=unit)
    if told.shape in ((), (1,)) and told.dtype.kind in "iuf":
        start: Any = attribute(told.attrs["offset"]) if "offset" in told.attrs else 0.0
        return Times(None, float(start), float(np.ravel(told[()])[0]), unit)
    return None
