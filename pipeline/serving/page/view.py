"""A view: what one variable is over a stretch of time, in the columns of a canvas; and how it goes to the page."""

from __future__ import annotations

import json
import re
import struct
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.errors import SettingError
from pipeline.rendering.folds.counts import starts_of_groups

__all__ = ["Look", "View", "matrix_wire", "units_of"]

_UNITS = re.compile(r"\s*(\d{1,9})\s*(?:-\s*(\d{1,9})\s*)?")


@dataclass(frozen=True)
class Look:
    """What somebody looks at.

    Attributes
    ----------
    start, stop : float or None
        On the page's axis of time; None: to the end.
    columns : int
        Of the canvas.
    units : tuple of int or None
        None: all.
    rows : int
        More units than that are shown as so many groups of neighbours.
    counted : bool
        Whether the axis counts steps.
    """

    start: float | None = None
    stop: float | None = None
    columns: int = 1000
    units: tuple[int, ...] | None = None
    rows: int = 512
    counted: bool = False


@dataclass(frozen=True)
class View:
    """The extremes of each column.

    Attributes
    ----------
    first, each : float
        The first step, and the steps of a column; one of its own where `each` is 1.
    edges : ndarray of float64, shape (column + 1,)
        Where columns begin on the axis, and where the last one ends.
    lows, highs : ndarray, shape (column, row)
        nan where there is no number, or nothing was read yet. Of spikes: 0, and how many there are.
    units : tuple of int
        The first unit of each row.
    extent : (float, float)
        The begin and the end of the whole axis.
    unit : str
        Of the axis.
    ready : float
        Which part of it was read.
    spikes : bool
        Whether `highs` are numbers of spikes.
    """

    first: float
    each: float
    edges: npt.NDArray[np.float64]
    lows: npt.NDArray[Any]
    highs: npt.NDArray[Any]
    units: tuple[int, ...]
    extent: tuple[float, float]
    unit: str
    ready: float = 1.0
    spikes: bool = False

    def grouped(self, rows: int) -> View:
        """Return it with at most so many rows, each the extremes of neighbouring units."""
        count = len(self.units)
        if count <= rows:
            return self
        starts = starts_of_groups(count, rows)
        upper = np.add if self.spikes else np.fmax
        lows, highs = np.fmin.reduceat(self.lows, starts, axis=1), upper.reduceat(self.highs, starts, axis=1)
        return replace(self, lows=lows, highs=highs, units=tuple(self.units[at] for at in starts))

    def wire(self) -> bytes:
        """Return it as bytes: the length of a JSON header (uint32), the header, `edges`, `lows`, `highs`.

        All numbers are little-endian; `lows` and `highs` are of the header's ``dtype``, and begin at multiples of 8.
        """
        dtype = np.dtype("<f4" if self.lows.dtype.itemsize <= 4 else "<f8")
        about = {
            "first": self.first,
            "each": self.each,
            "columns": len(self.lows),
            "rows": self.lows.shape[1],
            "units": self.units,
            "extent": self.extent,
            "unit": self.unit,
            "ready": self.ready,
            "dtype": dtype.str[1:],
        }
        return _framed(about, [self.edges.astype("<f8"), self.lows.astype(dtype), self.highs.astype(dtype)])


def _framed(about: dict[str, Any], arrays: list[npt.NDArray[Any]]) -> bytes:
    header = json.dumps(about, allow_nan=False).encode()
    header += b" " * (-(len(header) + 4) % 8)
    return b"".join([struct.pack("<I", len(header)), header, *(array.tobytes() for array in arrays)])


def matrix_wire(about: dict[str, Any], values: npt.NDArray[Any]) -> bytes:
    """Return a matrix as bytes, framed as a view is; float32, row by row."""
    with np.errstate(over="ignore"):
        return _framed(about, [np.ascontiguousarray(values, "<f4")])


def units_of(text: str, count: int, most: int) -> tuple[int, ...]:
    """Return the units that a text names, such as ``0-7, 12``.

    Raises
    ------
    SettingError
        If it names none, one that is not there, or more than `most`.
    """
    found: dict[int, None] = {}
    for word in text.split(","):
        match = _UNITS.fullmatch(word)
        if match is None:
            raise SettingError(f"units '{text[:40]}': accepted are numbers and ranges, such as 0-7, 12")
        first, last = int(match[1]), int(match[2] or match[1])
        if last >= count or first > last:
            raise SettingError(f"units '{text[:40]}': accepted are 0 to {count - 1}")
        found |= dict.fromkeys(range(first, min(last, first + most) + 1))
        if len(found) > most:
            raise SettingError(f"units '{text[:40]}': accepted are at most {most} at a time as traces")
    return tuple(found)
