"""Scaling: what the stored numbers of a dataset mean, where its attributes say that they are not the values themselves.

Source: CF conventions 1.11, sections 2.5.1 (missing data) and 8.1 (packed data); NetCDF users' guide, appendix A
(``_Unsigned``, ``valid_range``). Missing and valid values are told in stored numbers, before they are scaled.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Protocol

import h5py
import numpy as np
import numpy.typing as npt

from pipeline.opening.hdf5.attributes import told as told_of

__all__ = ["SCALING_ATTRIBUTES", "Meaning", "Polynomial", "Scaling", "cf_scaling"]

#: Attributes that are used up when values are scaled.
SCALING_ATTRIBUTES = (
    *("scale_factor", "add_offset", "_FillValue", "missing_value", "valid_range", "valid_min", "valid_max"),
    "_Unsigned",
)


class Meaning(Protocol):
    """What stored numbers mean: immutable, and small to pickle; its ``repr`` tells all of it."""

    def dtype(self, stored: np.dtype[Any]) -> np.dtype[Any]:
        """Return the type of the values of stored numbers."""

    def values(self, stored: npt.NDArray[Any], key: tuple[int | slice, ...]) -> npt.NDArray[Any]:
        """Return the values of stored numbers, which are the part `key` of the dataset."""


@dataclass(frozen=True)
class Scaling:
    """``value = (stored - zero) * scale + offset``, and no number where the stored one stands for a missing value.

    Attributes
    ----------
    scale, offset : float
    zero : float
        What is taken from the stored numbers before.
    missing : tuple of float or int
        Stored numbers that mean that there is no value.
    valid : (float, float)
        Stored numbers outside are no values.
    unsigned : bool
        The stored bits are those of unsigned numbers.
    scales : tuple of float
        One more factor for each index along `axis`; empty for none.
    axis : int
    """

    scale: float = 1.0
    offset: float = 0.0
    missing: tuple[float | int, ...] = ()
    valid: tuple[float, float] = (-math.inf, math.inf)
    unsigned: bool = False
    scales: tuple[float, ...] = ()
    axis: int = 0
    zero: float = 0.0

    def dtype(self, stored: np.dtype[Any]) -> np.dtype[Any]:
        """Return the type of the values: floats, as wide as the stored numbers and the scaling need."""
        if stored.kind == "f" and stored.itemsize > 2:
            return stored
        fine = abs(self.offset) <= 2**22 * abs(self.scale)  # float32 tells scaled numbers of 16 bits apart
        return np.dtype(np.float32 if stored.itemsize <= 2 and fine else np.float64)

    def values(self, stored: npt.NDArray[Any], key: tuple[int | slice, ...]) -> npt.NDArray[Any]:
        """Return the values of stored numbers.

        Parameters
        ----------
        stored : ndarray
        key : tuple of int and slice
            What part of the dataset they are.
        """
        dtype = self.dtype(stored.dtype)
        if self.unsigned:
            stored = stored.view(stored.dtype.str.replace("i", "u"))
        gone = np.isin(stored, self.missing) if self.missing else np.zeros(stored.shape, bool)
        if self.valid != (-math.inf, math.inf):
            gone |= (stored < self.valid[0]) | (stored > self.valid[1])
        factor: Any = self.scale
        if self.scales:
            part = np.asarray(self.scales)[key[self.axis]] * self.scale
            behind = sum(isinstance(one, slice) for one in key[self.axis + 1 :])
            factor = part.reshape(part.shape + (1,) * behind) if isinstance(key[self.axis], slice) else part
        if self.zero:
            stored = stored - self.zero
        values: npt.NDArray[Any] = (stored * factor + self.offset).astype(dtype, copy=False)
        return np.where(gone, dtype.type(np.nan), values) if gone.any() else values


@dataclass(frozen=True)
class Polynomial:
    """``value = c0 + c1 * (stored - origin) + c2 * (stored - origin) ** 2 …``, as NIX has it."""

    coefficients: tuple[float, ...]
    origin: float = 0.0

    def dtype(self, stored: np.dtype[Any]) -> np.dtype[Any]:
        """Return the type of the values: doubles."""
        return np.dtype(np.float64)

    def values(self, stored: npt.NDArray[Any], key: tuple[int | slice, ...]) -> npt.NDArray[Any]:
        """Return the values of stored numbers."""
        return np.asarray(np.polynomial.polynomial.polyval(stored - self.origin, self.coefficients), np.float64)


def cf_scaling(dataset: h5py.Dataset) -> Scaling | None:
    """Return the scaling that a dataset's attributes tell in the words of CF, or None if it is as stored."""
    kind = dataset.dtype
    if kind.kind not in "iuf" or h5py.check_enum_dtype(kind) is not None:
        return None
    there = set(dataset.attrs.keys())
    told = {key: _numbers(dataset, key) for key in SCALING_ATTRIBUTES if key in there}
    if not told:
        return None
    low, high = (told.get("valid_range") or (-math.inf, math.inf))[:2]
    low, high = (told.get("valid_min") or (low,))[0], (told.get("valid_max") or (high,))[0]
    unsigned = dataset.dtype.kind == "i" and str(told_of(dataset, "_Unsigned")).lower() == "true"
    missing = (*told.get("_FillValue", ()), *told.get("missing_value", ()))
    if unsigned:
        bits = 8 * dataset.dtype.itemsize
        missing, (low, high) = tuple(value % 2**bits for value in missing), (_wrapped(low, bits), _wrapped(high, bits))
    found = Scaling(
        float((told.get("scale_factor") or (1.0,))[0]),
        float((told.get("add_offset") or (0.0,))[0]),
        tuple(value for value in missing if not math.isnan(value)),
        (low, high),
        unsigned,
    )
    return None if found == Scaling() else found


def _wrapped(value: float, bits: int) -> float:
    return value % 2**bits if math.isfinite(value) else value


def _numbers(dataset: h5py.Dataset, key: str) -> tuple[float | int, ...]:
    """Return the numbers of an attribute, of the dataset's type if they are whole; none if it holds other things."""
    value = np.ravel(np.asarray(told_of(dataset, key)))
    return tuple(value.tolist()) if value.dtype.kind in "iuf" else ()
