"""netCDF-4, with the conventions of CF: time is the dimension whose scale says so, wherever it lies around.

Source: CF conventions 1.11, sections 4.4 (time coordinates), 5 (coordinate systems) and 7.1 (bounds); netCDF's format
specification for dimensions without a variable. Packing and missing values are those of `cf_scaling`.
"""

from __future__ import annotations

from typing import Any, ClassVar

import h5py

from pipeline.opening.layouts.contents import attributes, datasets, settings_of
from pipeline.opening.layouts.protocol import Component
from pipeline.opening.layouts.time_axis import arranged

__all__ = ["NetCdf"]

#: Attributes that name variables which only describe others, by what is said of those.
_DESCRIBING = {
    "bounds": "bounds of a coordinate",
    "climatology": "bounds of a coordinate",
    "grid_mapping": "a map projection",
}


class NetCdf:
    """Recognised by the root attribute ``_NCProperties``, which netCDF-C, h5netcdf and netCDF4 write."""

    name: ClassVar[str] = "netCDF"

    def recognises(self, file: h5py.File) -> bool:
        """Whether the root has the properties of netCDF-4."""
        return "_NCProperties" in file.attrs

    def read(self, file: h5py.File) -> Component:
        """Return the variables; coordinates, bounds and map projections are no series."""
        found, left_out = datasets(file)
        for name in list(found):
            for key, value in attributes(found[name]).items() if name in found else ():
                about = f"{name.rpartition('/')[0]}/{_first(value)}"
                if key in _DESCRIBING and about in found:
                    del found[about]
                    left_out[about] = _DESCRIBING[key]
        result = arranged(file, found, left_out, guess=False)  # dimensions have names
        return Component(None, settings_of(file), result.stored, result.left_out, result.notes, result.events)


def _first(value: Any) -> str:
    """Return the variable that an attribute names, the one of a map projection before its colon."""
    return str(value).partition(":")[0].strip()
