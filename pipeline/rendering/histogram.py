"""Histograms: how the values of all units, or cells, are distributed, step by step.

The bins are the same at every step, so that steps can be compared; what they span is found first. What is counted is
what `numpy.histogram` counts between the same ends.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from pipeline.model.block import DenseBlock
from pipeline.model.record import Histogram as Bins
from pipeline.model.record import Image, Record
from pipeline.model.series import Series
from pipeline.model.signal import Signal
from pipeline.rendering.folds.limits import Limits, finite_limits, told_apart
from pipeline.rendering.folds.spread import Spread, SpreadFold
from pipeline.rendering.limits import Range, given_range, limits_setting, shares
from pipeline.rendering.picture.axes import frame
from pipeline.rendering.picture.canvas import Look, cells
from pipeline.rendering.picture.colours import INKS, inks, rgb
from pipeline.rendering.picture.matrix import png_bytes
from pipeline.rendering.picture.numbers import LARGE, LESS
from pipeline.rendering.plot import Needs, Plot
from pipeline.rendering.settings import positive_whole, setting, wide_size
from pipeline.rendering.windows import round_up

__all__ = ["Histogram", "HistogramImage"]

_MOST_BINS = 10_000
_COLOUR = "tab:blue"


def _check_bins(value: Any) -> int:
    bins = positive_whole(value)
    if bins > _MOST_BINS:
        raise ValueError(value)
    return bins


@dataclass(frozen=True, kw_only=True)
class Histogram(Plot):
    """The distribution of all values of a step, every `step` steps, in TensorBoard's HISTOGRAMS and DISTRIBUTIONS.

    Attributes
    ----------
    step : int
        100 by default.
    limits : str, (float, float) or (str, str)
        What the bins span, as the colours of a heatmap: ``shown`` (all histograms), ``all`` (every step), ``frame``
        (each its own), two numbers, or two percentages of the values in all histograms.
    bins : int
        TensorBoard's page draws 30, of four of the default each. Of whole numbers, where the span is found, a bin holds
        equally many of them, so that there may be fewer bins.

    Notes
    -----
    Values that are not finite, and those beyond the limits, are left out; the description says how many.
    """

    kind: ClassVar[str] = "histogram"
    format: ClassVar[str] = "histogram"

    step: int = setting(100, positive_whole, "a whole number of at least 1")
    size: tuple[float, float] = wide_size()
    limits: Range = limits_setting()
    bins: int = setting(120, _check_bins, f"a whole number from 1 to {_MOST_BINS}")

    def fit(self, signal: Signal) -> Plot:
        """Accept what has units, or cells, at each step."""
        self.check_units(signal)
        return self

    def series(self, signal: Signal) -> tuple[Series, ...]:
        """Return one series, ``component/attr/histogram``, with every kept step."""
        steps, tag = range(0, signal.shape[0], self.step), f"{signal.name}/histogram"
        return (Series(tag, "histograms", steps, len(steps), len(steps) * (len(tag) + 60 + 24 * self.bins)),)

    def needs(self, signal: Signal, steps: range) -> Needs:
        """Return the steps themselves, and for their bins every kept step, or every step for ``all``."""
        return Needs(steps, range(0, signal.shape[0], 1 if self.limits == "all" else self.step))

    def fold(self, signal: Signal) -> SpreadFold:
        """Return the fold to limits and counts."""
        return SpreadFold(shares(self.limits) is not None, given_range(self.limits))

    def draw(self, signal: Signal, series: Series, step: int, block: DenseBlock | None, summary: Spread) -> Record:
        """Return the histogram of a step."""
        assert block is not None
        return Bins(series.tag, step, float(block.wall_times[0]), self.counted(signal, block.values, summary))

    def about(self, signal: Signal, summary: Spread | None) -> str:
        """Return what is left out, in words."""
        if summary is None:
            found = self.limits in ("shown", "all", "frame")
            return f"Values that are not finite{'' if found else ', and those beyond the limits,'} are left out."
        beyond = summary.outside(self._found(summary)) if shares(self.limits) else summary.beyond
        left = [f"{summary.missing:,} that are not finite"] if summary.missing else []
        left += [f"{beyond:,} beyond the limits"] if beyond else []
        return f"Left out of {summary.number + summary.missing:,} values: {' and '.join(left)}." if left else ""

    def pictured(self, signal: Signal) -> Plot:
        """Return the histograms as pictures."""
        return HistogramImage(**{item.name: getattr(self, item.name) for item in fields(self)})

    def counted(self, signal: Signal, values: npt.NDArray[Any], summary: Spread) -> npt.NDArray[np.float64]:
        """Return the left edge, the right edge and the number of values of each bin, shape (bin, 3)."""
        low, high, bins = self._span(signal, values, summary)
        values = values.reshape(-1).astype(np.float64)
        less = LESS if max(abs(low), abs(high)) > LARGE else 1.0  # their differences are no numbers
        counts, edges = np.histogram(values * less if less < 1 else values, bins, (low * less, high * less))
        return np.stack([edges[:-1] / less, edges[1:] / less, counts], axis=1)

    def _found(self, summary: Spread) -> Limits:
        """Return what all bins span; between percentages that are one value all values, which tell more."""
        parts = shares(self.limits)
        found = Limits(summary.low, summary.high) if parts is None else summary.between(parts)
        return found if found.low < found.high else Limits(summary.low, summary.high)

    def _span(self, signal: Signal, values: npt.NDArray[Any], summary: Spread) -> tuple[float, float, int]:
        """Return the ends of the bins, and how many there are."""
        if (given := given_range(self.limits)) is not None:
            return *given, self.bins
        low, high = told_apart(*(finite_limits(values) if self.limits == "frame" else self._found(summary)))
        if not math.isfinite(low):
            return 0.0, 1.0, self.bins
        each = max(1, math.ceil((high - low + 1) / self.bins))
        if np.dtype(signal.dtype).kind in "biu" and (each == 1 or not shares(self.limits)):
            bins = math.ceil((high - low + 1) / each)
            return low - 0.5, low - 0.5 + each * bins, bins  # the last bin may end above the limit
        if (high - low) / self.bins <= 4 * np.spacing(max(abs(low), abs(high))):  # too close together to be told apart
            middle, half = low / 2 + high / 2, max(0.5, 1e-6 * max(abs(low), abs(high)))
            low, high = middle - half, middle + half
        return low, high, self.bins


@dataclass(frozen=True, kw_only=True)
class HistogramImage(Histogram):
    """The histograms as pictures."""

    format: ClassVar[str] = "image"

    def series(self, signal: Signal) -> tuple[Series, ...]:
        """Return one series of pictures, ``component/attr/histogram``."""
        (series,) = super().series(signal)
        size = series.count * png_bytes(self.size, 0)
        return (Series(series.tag, "images", series.steps, series.count, size),)

    def draw(self, signal: Signal, series: Series, step: int, block: DenseBlock | None, summary: Spread) -> Record:
        """Return the picture of a step; the axis of numbers ends at 1, 2, 5, 10 … above the highest bar."""
        assert block is not None
        assert signal.time is not None
        bins = self.counted(signal, block.values, summary)
        most = round_up(int(bins[:, 2].max()))
        canvas = frame(Look(self.size, signal.label, "values", (bins[0, 0], bins[-1, 1]), (0, most), whole_y=True))
        area = canvas.area
        heights = np.rint(bins[cells(len(bins), area.width), 2] * area.height / most)
        heights = np.maximum(heights, bins[cells(len(bins), area.width), 2] > 0)  # a value that is alone is seen
        ink = np.where(np.arange(area.height)[:, None] >= area.height - heights, np.uint8(INKS), np.uint8(0))
        lines = canvas.blank()
        canvas.paint(lines, ink, np.arange(area.height))
        caption = signal.time.caption(step, float(block.wall_times[0]))
        png = canvas.finish(lines, signal.name, caption, np.vstack([inks(), rgb(_COLOUR)]))
        return Image(series.tag, step, float(block.wall_times[0]), png, *canvas.size)
