"""The layout of sapicore's ``DataAccumulatorHook``: one file a component, time first, settings as ``repr`` strings.

Source: sapicore 0.4.1, documented behaviour of ``sapicore.utils.io`` (root attributes ``identifier``, ``class``,
``version``; group ``configuration``; datasets (step, unit) or (step, target, source) at the root).
"""

from __future__ import annotations

from typing import ClassVar

import h5py

from pipeline.opening.layouts.contents import datasets, member, settings_of
from pipeline.opening.layouts.protocol import Component, Stored

__all__ = ["Sapicore"]

_DIMS = {1: ("time",), 2: ("time", "unit"), 3: ("time", "target", "source")}


class Sapicore:
    """Recognised by the root attributes ``identifier`` and ``class``; axis 0 of every dataset is time."""

    name: ClassVar[str] = "sapicore"

    def recognises(self, file: h5py.File) -> bool:
        """Whether the root names an identifier and a class, and holds datasets only beside ``configuration``."""
        if "identifier" not in file.attrs or "class" not in file.attrs:
            return False
        return all(key == "configuration" or not isinstance(member(file, key), h5py.Group) for key in file)

    def read(self, file: h5py.File) -> Component:
        """Return the component named by ``identifier``."""
        found, left_out = datasets(file)
        stored = [
            Stored(name, self._dims(item.ndim), why="axis 0 is time in this layout") for name, item in found.items()
        ]
        settings = settings_of(file)
        return Component(str(settings["identifier"]), settings, stored, left_out)

    @staticmethod
    def _dims(ndim: int) -> tuple[str, ...]:
        return _DIMS.get(ndim) or ("time", *(f"axis_{axis}" for axis in range(1, ndim)))[:ndim]
