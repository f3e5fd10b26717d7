"""PyTables: arrays grow along the axis that they say, tables have columns by name; indexes of columns are no data.

Source: PyTables' "File format" (``CLASS``, ``EXTDIM``, ``FIELD_<n>_NAME``; groups ``_i_*`` hold indexes).
"""

from __future__ import annotations

from typing import ClassVar

import h5py

from pipeline.opening.layouts.contents import datasets, settings_of
from pipeline.opening.layouts.protocol import Component
from pipeline.opening.layouts.time_axis import arranged

__all__ = ["PyTables"]


class PyTables:
    """Recognised by the root attribute ``PYTABLES_FORMAT_VERSION``; pandas has it too, and is looked for before."""

    name: ClassVar[str] = "PyTables"

    def recognises(self, file: h5py.File) -> bool:
        """Whether the root has the version of PyTables' format."""
        return "PYTABLES_FORMAT_VERSION" in file.attrs

    def read(self, file: h5py.File) -> Component:
        """Return arrays and the columns of tables."""
        found, left_out = datasets(file)
        found = {name: item for name, item in found.items() if not _is_books(name)}
        left_out = {name: why for name, why in left_out.items() if not _is_books(name)}
        result = arranged(file, found, left_out)
        return Component(None, settings_of(file), result.stored, result.left_out, result.notes, result.events)


def _is_books(name: str) -> bool:
    return any(part.startswith("_i_") or part.startswith("_p_") for part in name.split("/"))
