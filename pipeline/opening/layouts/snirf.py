"""SNIRF, the files of functional near-infrared spectroscopy.

Source: the SNIRF specification 1.1: ``/nirs{i}/data{j}/dataTimeSeries`` is (time, channel), ``time`` beside it is a
time for each step, or two numbers, start and spacing; ``metaDataTags/TimeUnit`` names its unit; ``aux{j}`` likewise.
"""

from __future__ import annotations

import re
from typing import ClassVar

import h5py
import numpy as np

from pipeline.opening.hdf5.attributes import attribute
from pipeline.opening.layouts.contents import datasets, member, settings_of
from pipeline.opening.layouts.protocol import Component, Stored, Times
from pipeline.opening.layouts.time_axis import known_only

__all__ = ["Snirf"]

_NIRS = re.compile(r"nirs\d*")


class Snirf:
    """Recognised by ``formatVersion`` at the root beside a group ``nirs``."""

    name: ClassVar[str] = "SNIRF"

    def recognises(self, file: h5py.File) -> bool:
        """Whether the root has the version and the data of SNIRF."""
        return "formatVersion" in file and any(isinstance(key, str) and _NIRS.fullmatch(key) for key in file)

    def read(self, file: h5py.File) -> Component:
        """Return measurements and auxiliary signals; positions of probes are no series."""
        found, left_out = datasets(file)
        stored = []
        for name in list(found):
            group, _, base = name.rpartition("/")
            if base == "dataTimeSeries" and f"{group}/time" in found:
                data, clock = found.pop(name), found[f"{group}/time"]
                dims = ("time", "unit")[: data.ndim] or ("time",)
                times = _times(file, name, data.shape[0], clock)
                stored.append(Stored(name, dims, times, why=f"{group[1:]}/time beside it"))
        rest = {name: item for name, item in found.items() if not name.endswith("/time")}
        result = known_only(file, rest, left_out)
        both = [*stored, *result.stored]
        return Component(None, settings_of(file), both, result.left_out, result.notes, result.events)


def _times(file: h5py.File, name: str, length: int, clock: h5py.Dataset) -> Times | None:
    told = member(file, f"{name.split('/')[1]}/metaDataTags/TimeUnit")
    unit = " ".join(map(str, np.ravel(attribute(np.asarray(told[()]))))) if isinstance(told, h5py.Dataset) else "s"
    if clock.shape == (length,):
        return Times(clock.name, unit=unit)
    if clock.shape == (2,):
        return Times(None, float(clock[0]), float(clock[1]), unit)
    return None
