"""Complex numbers: their magnitude and phase as lazy variables, because nothing draws a complex number itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr
from xarray.core import indexing

from pipeline.opening.hdf5.lazy_array import StoredArray

__all__ = ["PARTS", "part_of"]

#: What is drawn of complex numbers, with its unit where it has one of its own.
PARTS = {"magnitude": "", "phase": "rad"}


@dataclass(frozen=True)
class _Part:
    """A part of complex numbers, in place of a scaling."""

    name: str

    def dtype(self, stored: np.dtype[Any]) -> np.dtype[Any]:
        """Return the type of the values: floats of half as many bytes."""
        return np.dtype(f"f{stored.itemsize // 2}")

    def values(self, stored: npt.NDArray[Any], key: tuple[int | slice, ...]) -> npt.NDArray[Any]:
        """Return the magnitudes, or the phases from -pi to pi."""
        return np.asarray(np.abs(stored) if self.name == "magnitude" else np.angle(stored))


def part_of(variable: xr.Variable, name: str) -> xr.Variable:
    """Return the ``magnitude`` or the ``phase`` (in rad) of a complex variable, as lazy as it is."""
    lazy, part = getattr(variable, "_data", None), _Part(name)
    if isinstance(lazy, indexing.LazilyIndexedArray) and isinstance(lazy.array, StoredArray):
        stored = lazy.array
        array = StoredArray(stored.path, stored.name, stored.shape, stored.stored, part, stored.sources)
        found = xr.Variable(variable.dims, indexing.LazilyIndexedArray(array, lazy.key))
    else:
        values = variable.data
        found = xr.Variable(variable.dims, abs(values) if name == "magnitude" else np.arctan2(values.imag, values.real))
    found.attrs, found.encoding = dict(variable.attrs), dict(variable.encoding)
    if PARTS[name]:
        found.attrs = {key: value for key, value in found.attrs.items() if key.lower() not in ("unit", "units")}
        found.attrs["units"] = PARTS[name]
    return found
