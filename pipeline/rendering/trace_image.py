"""Traces as pictures: the curve's envelope in every column of pixels, painted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from pipeline.model.block import DenseBlock
from pipeline.model.record import Image, Record
from pipeline.model.series import Series
from pipeline.model.signal import Signal
from pipeline.rendering.curves import curve_look, last_point
from pipeline.rendering.folds.envelope import Envelope, EnvelopeFold
from pipeline.rendering.picture.axes import frame
from pipeline.rendering.picture.canvas import DPI, ColourBar, Frame, Look
from pipeline.rendering.picture.colours import INKS, colour_scale, inks, rgb
from pipeline.rendering.picture.layers import Layers
from pipeline.rendering.picture.numbers import LARGE, LESS
from pipeline.rendering.plot import Needs
from pipeline.rendering.trace import Trace

__all__ = ["TraceImage"]

_SHADES = 32
_COLOUR, _COLOURS = "tab:blue", "turbo"

Values = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class TraceImage(Trace):
    """One picture a unit, all with the same axes, or one of all units. Values that are not finite are gaps."""

    format: ClassVar[str] = "image"

    def series(self, signal: Signal) -> tuple[Series, ...]:
        """Return a series of one picture for each unit, or one for all together, ``component/attr/together``."""
        size = int(6_000 + self.size[0] * DPI * 6)
        if self.together:
            return (Series(f"{signal.name}/together", "images", range(1), 1, 4 * size),)
        return tuple(Series(tag, "images", range(1), 1, size, unit) for unit, tag in self.tags(signal).items())

    def needs(self, signal: Signal, steps: range) -> Needs:
        """Return a summary of every kept step."""
        return Needs(summary=range(0, signal.shape[0], self.step))

    def fold(self, signal: Signal) -> EnvelopeFold:
        """Return the fold to the columns of the picture."""
        return EnvelopeFold(
            self.step, last_point(signal, self.step), frame(self._look(signal, 0, 1)).area.width, self.units
        )

    def draw(self, signal: Signal, series: Series, step: int, block: DenseBlock | None, summary: Envelope) -> Record:
        """Return the picture of one unit; its axes hold all units."""
        look = self._look(signal, *summary.limits())
        if self.together:
            return self._together(signal, series, look, *self._curves(signal, summary))
        (high,), (low,) = self._curves(signal, summary.of_unit(*self.places([series])))
        return _picture(look, series.tag, high, low)

    def records(
        self, signal: Signal, series: Sequence[Series], steps: range, block: DenseBlock | None, summary: Any
    ) -> Iterator[Record]:
        """Yield one picture a unit; what they share is worked out once."""
        if self.together:
            yield from (self.draw(signal, one, 0, None, summary) for one in series)
            return
        look = self._look(signal, *summary.limits())
        high, low = self._curves(signal, summary)
        for at, one in zip(self.places(series), series, strict=True):
            yield _picture(look, one.tag, high[at], low[at])

    def _together(self, signal: Signal, series: Series, look: Look, high: Values, low: Values) -> Image:
        """Return the picture of all units, in colours that say which."""
        units = list(self.tags(signal))
        scale = colour_scale(_COLOURS, min(units), max(units))
        layers = Layers(frame(look), look.ylim)
        for ink, top, bottom in zip(scale.indices(np.array(units, np.float64)), high, low, strict=True):
            layers.cover(bottom, top, ink, pen=True)
        return Image(series.tag, 0, 0.0, layers.png(signal.name, "", scale.palette), *frame(look).size)

    def _curves(self, signal: Signal, summary: Envelope) -> tuple[Values, Values]:
        """Return the highest and lowest value of each unit's curve in each column of pixels, shape (unit, width)."""
        low, high = self.fold(signal).curve(summary)
        return high.T, low.T

    def _look(self, signal: Signal, low: float, high: float) -> Look:
        units, bar = list(self.tags(signal)), None
        if self.together and len(units) > 1:
            bar = ColourBar(_COLOURS, min(units), max(units), signal.dims[1], whole=True)
        return curve_look(signal, self.size, self.step, (low, high), bar)


def _picture(look: Look, tag: str, high: Values, low: Values) -> Image:
    canvas = frame(look)
    lines = canvas.blank()
    _stroke(canvas, lines, (high, low), look.ylim)
    return Image(tag, 0, 0.0, canvas.finish(lines, tag, "", _palette()), *canvas.size)


@lru_cache
def _palette() -> npt.NDArray[np.uint8]:
    shades = np.linspace(255, rgb(_COLOUR).astype(float), _SHADES + 1)[1:]
    return np.vstack([inks(), np.rint(shades).astype(np.uint8)])


def _stroke(
    canvas: Frame, lines: npt.NDArray[np.uint8], curve: tuple[Values, Values], ylim: tuple[float, float]
) -> None:
    """Paint a curve, given its (highest, lowest) value in each column; the ends of each stroke are smooth."""
    height = canvas.area.height
    pen = max(1.5, canvas.text_height / 12)
    if max(map(abs, ylim)) > LARGE:  # their differences are no numbers
        curve, ylim = (curve[0] * LESS, curve[1] * LESS), (ylim[0] * LESS, ylim[1] * LESS)
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
