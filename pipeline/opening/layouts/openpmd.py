"""openPMD, the files of particle-in-cell simulations: an iteration is a group, time runs over them.

Source: the openPMD standard 1.1.0 (``basePath`` with ``%T`` for the iteration, its attributes ``time`` and
``timeUnitSI``; ``unitSI`` and ``unitDimension`` of records).
"""

from __future__ import annotations

from typing import Any, ClassVar

import h5py
import numpy as np

from pipeline.opening.hdf5.attributes import attribute, number
from pipeline.opening.hdf5.scaling import Scaling
from pipeline.opening.layouts.contents import datasets, member, settings_of
from pipeline.opening.layouts.protocol import Component, Stored, Times

__all__ = ["OpenPmd"]

_BASE = ("m", "kg", "s", "A", "K", "mol", "cd")


class OpenPmd:
    """Recognised by the root attributes ``openPMD`` and ``basePath``."""

    name: ClassVar[str] = "openPMD"

    def recognises(self, file: h5py.File) -> bool:
        """Whether the root has the version of the standard."""
        return "openPMD" in file.attrs and "basePath" in file.attrs

    def read(self, file: h5py.File) -> Component:
        """Return each record over the iterations that have it in one shape."""
        found, left_out = datasets(file)
        base = str(attribute(file.attrs["basePath"])).partition("%T")[0].rstrip("/")
        place: Any = member(file, base) if base else file
        numbers = (
            sorted((key for key in place if isinstance(key, str) and key.isdecimal()), key=int)
            if isinstance(place, h5py.Group)
            else []
        )
        records: dict[str, list[str]] = {}
        for iteration in numbers:
            prefix = f"{base}/{iteration}/"
            for name in (name for name in found if name.startswith(prefix)):
                records.setdefault(name.removeprefix(prefix), []).append(iteration)
        stored: list[Stored] = []
        for record, having in records.items():
            first = found[f"{base}/{having[0]}/{record}"]
            same = [n for n in having if found[f"{base}/{n}/{record}"].shape == first.shape]
            parts = tuple(f"{base}/{n}/{record}" for n in same)
            left_out |= {
                f"{base}/{n}/{record}": "another shape than in the first iteration" for n in having if n not in same
            }
            inner = tuple(f"axis_{axis}" for axis in range(first.ndim)) if first.ndim != 2 else ("row", "column")
            settings: dict[str, Any] = {"scaling": _scaling(first), "unit": _unit(first), "called": f"/{record}"}
            if len(parts) < 2:
                stored.append(Stored(parts[0], inner, **settings))
            else:
                times = _times([place[n] for n in same], same)
                stored.append(
                    Stored(
                        parts[0], ("time", *inner), times, parts=parts, why=f"over {len(parts)} iterations", **settings
                    )
                )
        return Component(None, settings_of(file), stored, left_out)


def _number(node: Any, key: str, otherwise: float) -> float:
    value = number(node, key)
    return otherwise if value is None else value


def _times(groups: list[h5py.Group], numbers: list[str]) -> Times:
    """Return the times of iterations; their numbers where no time rises with them."""
    times = np.array([_number(group, "time", np.nan) * _number(group, "timeUnitSI", 1.0) for group in groups])
    if not (np.diff(times) > 0).all():
        return Times(values=tuple(map(float, numbers)), unit="step")
    return Times(values=tuple(times.tolist()), unit="s")


def _scaling(record: h5py.Dataset) -> Scaling | None:
    factor = _number(record, "unitSI", 1.0)
    return None if factor == 1.0 else Scaling(factor)


def _unit(record: h5py.Dataset) -> str:
    """Return the unit in SI's base units, such as ``m kg s^-3 A^-1``."""
    for node in (record, record.parent):
        told = attribute(node.attrs["unitDimension"]) if "unitDimension" in node.attrs else None
        if told is not None and np.size(told) == len(_BASE):
            powers = zip(_BASE, np.ravel(told).tolist(), strict=True)
            return " ".join(name if power == 1 else f"{name}^{power:g}" for name, power in powers if power)
    return ""
