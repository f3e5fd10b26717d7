"""The lowest and the highest value of stretches of time, of every unit, at several lengths: what a page zooms through.

Of spikes it is not the highest value, but how many there are.

Level 0 has a row each `Shape.first` steps; each level above, one for `FACTOR` rows of that below. All are filled from
the same blocks, in any order, because the lowest of two stretches is the lower of their lowest, and counts add up.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["FACTOR", "Pyramid", "Shape", "lowest_and_highest"]

#: Rows of a level that make one of the next.
FACTOR = 4
#: Steps of a row of level 0, at least; so it has a sixteenth of the values.
_FIRST = 32
#: Columns from which on a row is reduced by itself, which is faster than all rows in one call.
_WIDE = 32


@dataclass(frozen=True)
class Shape:
    """The rows of all levels of a variable, one level after the other in one array.

    Attributes
    ----------
    length, units : int
        Of the variable.
    first : int
        Steps of a row of level 0.
    dtype : str
        Of the values: float32 where it holds them exactly, else float64.
    spikes : bool
        Whether values are spikes, 0 and 1, which are counted.
    """

    length: int
    units: int
    first: int
    dtype: str
    spikes: bool = False

    @classmethod
    def of(cls, length: int, units: int, dtype: np.dtype[Any], most: int, *, spikes: bool = False) -> Shape:
        """Return a shape whose array has at most `most` bytes, as fine as that allows."""
        kind = "f4" if spikes or np.can_cast(dtype, "f4") else "f8"
        first = _FIRST
        while first < length and cls(length, units, first, kind).nbytes > most:
            first *= FACTOR
        return cls(length, units, first, kind, spikes)

    @property
    def sizes(self) -> list[int]:
        """The steps of a row of each level."""
        sizes = [self.first]
        while sizes[-1] < self.length:
            sizes.append(sizes[-1] * FACTOR)
        return sizes

    @property
    def starts(self) -> list[int]:
        """The row of the array at which each level begins, and the number of all rows."""
        counts = [math.ceil(self.length / size) for size in self.sizes]
        return [0, *np.cumsum(counts).tolist()]

    @property
    def array(self) -> tuple[int, int, int]:
        """The shape of the array: (row, lowest and highest, unit)."""
        return self.starts[-1], 2, self.units

    @property
    def nbytes(self) -> int:
        """Bytes of the array."""
        return math.prod(self.array) * np.dtype(self.dtype).itemsize


class Pyramid:
    """The levels of one variable, safe for threads.

    Parameters
    ----------
    shape : Shape
    array : ndarray
        Of that shape, where it is kept: nan where nothing was read; or complete.
    complete : bool

    Attributes
    ----------
    read : ndarray of int64, shape (row of level 0,)
        How many steps of each row were read.
    """

    def __init__(self, shape: Shape, array: npt.NDArray[Any], *, complete: bool = False) -> None:
        self.shape, self.array = shape, array
        rows = np.arange(0, shape.length, shape.first)
        self._whole = np.minimum(shape.first, shape.length - rows)
        self.read = self._whole.copy() if complete else np.zeros(len(rows), np.int64)
        self._lock = threading.Lock()

    @property
    def complete(self) -> bool:
        """Whether all was read."""
        return bool((self.read == self._whole).all())

    def ready(self, first: int, stop: int) -> float:
        """Return which part of some steps was read."""
        rows = slice(first // self.shape.first, math.ceil(stop / self.shape.first))
        return float(self.read[rows].sum() / max(1, self._whole[rows].sum()))

    def missing(self, first: int, stop: int) -> Iterator[tuple[int, int]]:
        """Yield the begin and the end of each stretch of some steps that is not read whole."""
        rows = slice(first // self.shape.first, math.ceil(stop / self.shape.first))
        whole = self.read[rows] == self._whole[rows]
        for at, past in _stretches(~whole):
            start = max(first, (rows.start + at) * self.shape.first)
            yield start, min(stop, (rows.start + past) * self.shape.first)

    def add(self, first: int, values: npt.NDArray[Any]) -> None:
        """Take in some steps, shape (step, unit), that were not taken in before."""
        found = self.extremes(values, first, self.shape.first)
        at, counted = first // self.shape.first, _counted(first, len(values), self.shape.first)
        with self._lock:
            self.read[at : at + len(counted)] += counted
            self._merge(at, found)

    def grown_from(self, before: Pyramid) -> None:
        """Take over the rows of one of fewer steps, as far as they were read whole and are of the same steps."""
        if replace(before.shape, length=self.shape.length) != self.shape:
            return
        with before._lock, self._lock:
            for at, stop in _stretches(before.read == before.shape.first):
                self.read[at:stop] = self.shape.first
                self._merge(at, np.array(before.array[at:stop]))

    def _merge(self, at: int, found: npt.NDArray[Any]) -> None:
        """Take in extremes, shape (row of level 0, 2, unit), at all levels."""
        for start, stop in zip(self.shape.starts, self.shape.starts[1:], strict=False):
            rows = self.array[start:stop][at : at + len(found)]
            np.fmin(rows[:, 0], found[:, 0], out=rows[:, 0])
            if self.shape.spikes:
                rows[:, 1] = np.nan_to_num(rows[:, 1]) + found[:, 1]
            else:
                np.fmax(rows[:, 1], found[:, 1], out=rows[:, 1])
            found, at = self._joined(found, at, FACTOR), at // FACTOR

    def extremes(self, values: npt.NDArray[Any], first: int, size: int) -> npt.NDArray[Any]:
        """Return the extremes, shape (stretch, 2, unit), of values, shape (step, unit) (`lowest_and_highest`)."""
        return np.stack(lowest_and_highest(values, first, size, self.shape.spikes), axis=1)

    def _joined(self, found: npt.NDArray[Any], first: int, size: int) -> npt.NDArray[Any]:
        """Return the extremes, shape (row, 2, unit), of each stretch of `size` rows."""
        lows = lowest_and_highest(found[:, 0], first, size)[0]
        return np.stack([lows, lowest_and_highest(found[:, 1], first, size, self.shape.spikes)[1]], axis=1)

    def columns(self, first: int, stop: int, most: int) -> tuple[int, int, npt.NDArray[Any]] | None:
        """Return the extremes of some steps in `most` to twice as many columns; None where rows are too coarse for it.

        Returns
        -------
        (int, int, ndarray)
            The first step, a multiple of the steps of a column; the steps of a column; and (column, 2, unit).
        """
        wide = (stop - first) // most
        level = max((number for number, size in enumerate(self.shape.sizes) if size <= wide), default=None)
        if level is None:
            return None
        size = self.shape.sizes[level]
        rows = wide // size
        each = rows * size
        at, past = first // each * rows, min(math.ceil(stop / each) * rows, math.ceil(self.shape.length / size))
        start = self.shape.starts[level]
        found = self.array[start + at : start + past]
        return at * size, each, np.array(found) if rows == 1 else self._joined(found, 0, rows)


def lowest_and_highest(
    values: npt.NDArray[Any], first: int, size: int, spikes: bool = False
) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Return the lowest and the highest number of each stretch of `size` rows; nan where there is none.

    Parameters
    ----------
    values : ndarray, shape (row, unit)
    first : int
        The number of the first row; stretches begin at multiples of `size`.
    size : int
    spikes : bool
        Whether their sum takes the place of the highest.

    Returns
    -------
    (ndarray, ndarray)
        Each of shape (stretch, unit).

    Examples
    --------
    >>> low, high = lowest_and_highest(np.array([[3.0], [1.0], [np.nan], [2.0]]), 1, 2)
    >>> low.ravel().tolist(), high.ravel().tolist()
    ([3.0, 1.0, 2.0], [3.0, 1.0, 2.0])
    """
    starts = np.arange(-(first % size), len(values), size).clip(0)
    upper = np.add if spikes else np.fmax
    if values.shape[1] < _WIDE:
        return np.fmin.reduceat(values, starts, axis=0), upper.reduceat(values, starts, axis=0)
    stops = np.append(starts[1:], len(values))
    lows = np.empty((len(starts), values.shape[1]), values.dtype)
    highs = np.empty_like(lows)
    for row, (start, stop) in enumerate(zip(starts.tolist(), stops.tolist(), strict=True)):
        np.fmin.reduce(values[start:stop], axis=0, out=lows[row])
        upper.reduce(values[start:stop], axis=0, out=highs[row])
    return lows, highs


def _counted(first: int, count: int, size: int) -> npt.NDArray[np.int64]:
    """Return how many of some steps lie in each row of `size` steps."""
    starts = np.arange(-(first % size), count, size).clip(0)
    return np.diff(np.append(starts, count))


def _stretches(known: npt.NDArray[np.bool_]) -> Iterator[tuple[int, int]]:
    """Yield the begin and the end of each stretch that is true."""
    edges = np.flatnonzero(np.diff(np.pad(known.astype(np.int8), 1)))
    yield from zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)
