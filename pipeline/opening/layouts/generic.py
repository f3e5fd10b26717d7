"""Any HDF5 file: where time runs is taken from what the file tells (`pipeline.opening.layouts.time_axis`)."""

from __future__ import annotations

from typing import ClassVar

import h5py

from pipeline.opening.layouts.contents import datasets, settings_of
from pipeline.opening.layouts.protocol import Component
from pipeline.opening.layouts.time_axis import arranged

__all__ = ["Generic"]


class Generic:
    """Takes every file; the last of the layouts."""

    name: ClassVar[str] = "generic HDF5"

    def recognises(self, file: h5py.File) -> bool:
        """Every HDF5 file can be read this way."""
        return True

    def read(self, file: h5py.File) -> Component:
        """Return all numeric datasets, in all groups."""
        found, left_out = datasets(file)
        result = arranged(file, found, left_out)
        settings = settings_of(file)
        identifier = settings.get("identifier")
        name = None if identifier is None else str(identifier)
        return Component(name, settings, result.stored, result.left_out, result.notes, result.events)
