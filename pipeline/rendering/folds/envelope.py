"""The curve of a trace in every column of pixels: the lowest to the highest value that it takes there.

The line through all points is kept exactly, between the points too.
"""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from pipeline.model.block import DenseBlock
from pipeline.rendering.folds.limits import told_apart
from pipeline.rendering.folds.units import of_units

__all__ = ["Envelope", "EnvelopeFold"]

Values = npt.NDArray[np.float64]


class Envelope(NamedTuple):
    """Columns of pixels that points fall into, in order, each with its values, shape (column, unit).

    Attributes
    ----------
    columns : ndarray of int, shape (column,)
    low, high, first, last : ndarray of float64, shape (column, unit)
    first_at, last_at : ndarray of int64 or float64, shape (column,)
        Where the first and last point of a column lie, in points of an even axis.
    """

    columns: npt.NDArray[np.intp]
    low: Values
    high: Values
    first: Values
    last: Values
    first_at: npt.NDArray[Any]
    last_at: npt.NDArray[Any]

    def of_unit(self, unit: int) -> Envelope:
        """Return the envelope of one column of units."""
        part = slice(unit, unit + 1)
        values = self.low[:, part], self.high[:, part], self.first[:, part], self.last[:, part]
        return Envelope(self.columns, *values, self.first_at, self.last_at)

    def limits(self) -> tuple[float, float]:
        """Return the limits of an axis: all units' values and a twentieth more."""
        low = float(np.fmin.reduce(self.low, axis=None, initial=math.inf))
        high = float(np.fmax.reduce(self.high, axis=None, initial=-math.inf))
        if low > high:
            return 0.0, 1.0
        low, high = told_apart(low, high)
        span = high - low
        margin = (span * 0.05 if math.isfinite(span) else high * 0.05 - low * 0.05) or abs(high) * 0.05 or 1.0
        return max(low - margin, -sys.float_info.max), min(high + margin, sys.float_info.max)


@dataclass(frozen=True)
class EnvelopeFold:
    """Folds a trace to the columns of a picture; the order of blocks matters.

    Attributes
    ----------
    step : int
        Every `step`-th step is a point.
    last : float
        Where the last point lies, in points.
    width : int
        Columns of pixels; the middle of the first is point 0, of the last is point `last`.
    units : tuple of int or None
        Those that are shown; None: all.
    """

    step: int
    last: float
    width: int
    units: tuple[int, ...] | None

    partial = Envelope

    def column(self, point: Any) -> Any:
        """Return where a point lies in columns of pixels; the middle of column 0 is 0."""
        return point * (self.width - 1) / (self.last or 1)

    def of(self, block: DenseBlock) -> Envelope:
        """Return the envelope of a block."""
        values = of_units(block.values, self.units).astype(np.float64)
        values[~np.isfinite(values)] = np.nan
        at = block.steps // self.step if block.uneven is None else block.uneven / self.step
        columns = np.floor(self.column(at) + 0.5).astype(np.intp)
        starts = np.flatnonzero(np.diff(columns, prepend=-1))
        stops = np.append(starts[1:], len(columns)) - 1
        return Envelope(
            columns[starts],
            np.fmin.reduceat(values, starts, axis=0),
            np.fmax.reduceat(values, starts, axis=0),
            values[starts],
            values[stops],
            at[starts],
            at[stops],
        )

    def merge(self, a: Envelope, b: Envelope) -> Envelope:
        """Join the columns; the one that both have a part of gets the wider range."""
        shared = int(a.columns[-1] == b.columns[0])
        cut = len(a.columns) - shared
        joined = []
        for name, part_a, part_b in zip(Envelope._fields, a, b, strict=True):
            if name in ("low", "high"):
                middle = (np.fmin if name == "low" else np.fmax)(part_a[cut:], part_b[:shared])
            else:
                middle = part_b[:shared] if name.startswith("last") else part_a[cut:]
            joined.append(np.concatenate([part_a[:cut], middle, part_b[shared:]]))
        return Envelope(*joined)

    def curve(self, envelope: Envelope) -> tuple[Values, Values]:
        """Return the lowest and highest value of the curve in each column, shape (width, unit); nan in gaps."""
        units = envelope.low.shape[1]
        low, high = np.full((self.width, units), np.nan), np.full((self.width, units), np.nan)
        low[envelope.columns], high[envelope.columns] = envelope.low, envelope.high
        if len(envelope.columns) > 1:
            border = np.arange(envelope.columns[0], envelope.columns[-1])  # right border of each column but the last
            where = (border + 0.5) / self.column(1.0)
            before = np.searchsorted(envelope.columns, border, side="right") - 1
            left, right = envelope.last_at[before], envelope.first_at[before + 1]
            part = ((where - left) / (right - left))[:, None]
            crossing = envelope.last[before] * (1 - part) + envelope.first[before + 1] * part
            for columns in (border, border + 1):
                low[columns] = np.fmin(low[columns], crossing)
                high[columns] = np.fmax(high[columns], crossing)
        return low, high
