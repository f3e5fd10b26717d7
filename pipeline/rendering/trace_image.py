"""Traces as pictures: the curve's envelope in every column of pixels, found block by block, then painted.

The line through all points is kept exactly: a column shows the lowest to the highest value that it takes there,
between the points too.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from pipeline.model.block import DenseBlock
from pipeline.model.record import Image
from pipeline.model.signal import Signal
from pipeline.rendering.picture.canvas import DPI, Frame, Look, frame
from pipeline.rendering.picture.colours import INKS, inks, rgb
from pipeline.rendering.plot import Estimate
from pipeline.rendering.trace import Trace

__all__ = ["TraceImage"]

_SHADES = 32
_COLOUR = "tab:blue"
_LEFT = 6.0  # text heights to the left: the numbers at the axis and its label
_LARGEST = 1e300  # what is beyond leaves no room for the axis around it

Values = npt.NDArray[np.float64]


@dataclass(frozen=True)
class _Envelope:
    """Columns of pixels that points fall into, in order, each with its values, shape (column, unit)."""

    columns: npt.NDArray[np.intp]
    low: Values
    high: Values
    first: Values
    last: Values
    first_at: npt.NDArray[np.int64]
    last_at: npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class TraceImage(Trace):
    """One picture a unit, all with the same axes. Values that are not finite (or beyond 1e300) are gaps."""

    format: ClassVar[str] = "image"

    @property
    def summary_step(self) -> int | None:
        """Every kept step."""
        return self.step

    @property
    def render_step(self) -> int | None:
        """Drawn from the envelope."""
        return None

    def check(self, subject: Signal) -> TraceImage:
        """Accept (time, unit) and (time,)."""
        self.check_series(subject)
        return self

    def estimate(self, subject: Signal) -> Estimate:
        """One picture a unit."""
        count = len(self.shown(subject))
        return Estimate(count, "images", count * int(6_000 + self.size[0] * DPI * 6))

    def _look(self, subject: Signal, low: float, high: float) -> Look:
        assert subject.time is not None
        time, last = subject.time, max(self._last(subject) * self.step, 1)
        xlim = (time.at(0), time.at(last))
        return Look(self.size, time.label, subject.label, xlim, (low, high), left=_LEFT)

    def _last(self, subject: Signal) -> int:
        """Return the number of the last kept point."""
        return (subject.shape[0] - 1) // self.step

    def _column(self, subject: Signal, at: Any) -> Any:
        """Return where a point lies in columns of pixels; the middle of column 0 is 0."""
        width = frame(self._look(subject, 0, 1)).area.width
        return at * (width - 1) / max(1, self._last(subject))

    def summarise(self, subject: Signal, block: DenseBlock) -> Any:
        """Return the envelope of a block."""
        values = self.series(block.values).astype(np.float64)
        values[~(np.abs(values) <= _LARGEST)] = np.nan
        at = block.steps // self.step
        columns = np.floor(self._column(subject, at) + 0.5).astype(np.intp)
        starts = np.flatnonzero(np.diff(columns, prepend=-1))
        stops = np.append(starts[1:], len(columns)) - 1
        return _Envelope(
            columns[starts],
            np.fmin.reduceat(values, starts, axis=0),
            np.fmax.reduceat(values, starts, axis=0),
            values[starts],
            values[stops],
            at[starts],
            at[stops],
        )

    def merge(self, a: Any, b: Any) -> Any:
        """Join the columns; the one that both have a part of gets the wider range."""
        shared = int(a.columns[-1] == b.columns[0])
        head, tail = slice(0, len(a.columns) - shared), slice(shared, None)
        middle = slice(len(a.columns) - shared, None), slice(0, shared)
        choose = {"low": np.fmin, "high": np.fmax}
        joined = []
        for name in _Envelope.__dataclass_fields__:
            part_a, part_b = getattr(a, name), getattr(b, name)
            if name in choose:
                both = choose[name](part_a[middle[0]], part_b[middle[1]])
            else:
                both = part_b[middle[1]] if name.startswith("last") else part_a[middle[0]]
            joined.append(np.concatenate([part_a[head], both, part_b[tail]]))
        return _Envelope(*joined)

    def render(self, subject: Signal, block: DenseBlock | None, merged: Any) -> Iterator[Image]:
        """Yield one picture a unit."""
        look = self._look(subject, *_y_limits(merged))
        canvas = frame(look)
        low, high = self.curve(subject, merged, canvas.area.width)
        palette = _palette()
        for unit, tag in enumerate(self.tags(subject)):
            lines = canvas.blank()
            _stroke(canvas, lines, (high[:, unit], low[:, unit]), look.ylim)
            yield Image(tag, 0, 0.0, canvas.finish(lines, tag, "", palette), *canvas.size)

    def curve(self, subject: Signal, merged: Any, width: int) -> tuple[Values, Values]:
        """Return the lowest and highest value of the curve in each column, shape (width, unit); nan in gaps."""
        units = merged.low.shape[1]
        low, high = np.full((width, units), np.nan), np.full((width, units), np.nan)
        low[merged.columns], high[merged.columns] = merged.low, merged.high
        if len(merged.columns) > 1:
            border = np.arange(merged.columns[0], merged.columns[-1])  # right border of each column but the last
            where = (border + 0.5) / self._column(subject, 1.0)
            before = np.searchsorted(merged.columns, border, side="right") - 1
            left, right = merged.last_at[before], merged.first_at[before + 1]
            part = ((where - left) / (right - left))[:, None]
            crossing = merged.last[before] * (1 - part) + merged.first[before + 1] * part
            for columns in (border, border + 1):
                low[columns] = np.fmin(low[columns], crossing)
                high[columns] = np.fmax(high[columns], crossing)
        return low, high


def _y_limits(merged: _Envelope) -> tuple[float, float]:
    """Return the limits of the y axis: all units' values and a twentieth more."""
    low = float(np.fmin.reduce(merged.low, axis=None, initial=math.inf))
    high = float(np.fmax.reduce(merged.high, axis=None, initial=-math.inf))
    if low > high:
        return 0.0, 1.0
    margin = (high - low) * 0.05 or abs(high) * 0.05 or 1.0
    return low - margin, high + margin


def _palette() -> npt.NDArray[np.uint8]:
    shades = np.linspace(255, rgb(_COLOUR).astype(float), _SHADES + 1)[1:]
    return np.vstack([inks(), np.rint(shades).astype(np.uint8)])


def _stroke(
    canvas: Frame, lines: npt.NDArray[np.uint8], curve: tuple[Values, Values], ylim: tuple[float, float]
) -> None:
    """Paint a curve, given its (highest, lowest) value in each column; the ends of each stroke are smooth."""
    height = canvas.area.height
    pen = max(1.5, canvas.text_height / 12)
    top, bottom = ((ylim[1] - values) * height / (ylim[1] - ylim[0]) for values in curve)
    drawn = np.flatnonzero(np.isfinite(top))
    top = np.clip(top[drawn] - pen / 2, 0, height - 1e-6)
    bottom = np.clip(bottom[drawn] + pen / 2, 0, height - 1e-6)
    first, last = top.astype(np.intp), bottom.astype(np.intp)
    alone = first == last
    inside = canvas.inside(lines)
    head = _shade(np.where(alone, bottom - top, first + 1 - top))
    tail = _shade(np.where(alone, 0, bottom - last))
    full = np.where(last > first + 1, np.uint8(INKS + _SHADES - 1), tail)
    inside[first, drawn] += head
    inside[first + 1, drawn] += np.where(alone, 0, full).astype(np.uint8) - head
    inside[last, drawn] += np.where(last > first + 1, tail - full, 0).astype(np.uint8)
    inside[last + 1, drawn] -= np.where(alone, 0, tail).astype(np.uint8)


def _shade(covered: Values) -> npt.NDArray[np.uint8]:
    """Return the palette index for the part of a pixel that is covered, 0 to 1."""
    level = np.rint(covered * _SHADES).astype(np.intp)
    return np.where(level > 0, INKS - 1 + level, 0).astype(np.uint8)
