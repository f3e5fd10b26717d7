"""Heatmaps: a matrix that changes in time as pictures on a slider.

The limits of the colours are found first, then each step is drawn.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import Any, ClassVar

import numpy as np

from pipeline.model.block import DenseBlock
from pipeline.model.record import Image, Record
from pipeline.model.series import Series
from pipeline.model.signal import Signal
from pipeline.rendering.folds.fold import Fold
from pipeline.rendering.folds.limits import Limits, finite_limits, told_apart
from pipeline.rendering.folds.line_sums import LineSums, LineSumsFold
from pipeline.rendering.limits import Range, found_range, given_range, limits_setting, range_fold, shares
from pipeline.rendering.picture.axes import frame
from pipeline.rendering.picture.canvas import DPI, ColourBar, Frame, Look
from pipeline.rendering.picture.colours import ColourScale, colour_scale
from pipeline.rendering.picture.matrix import paint, png_bytes
from pipeline.rendering.plot import Needs, Plot
from pipeline.rendering.settings import boolean, optional, positive_whole, setting

__all__ = ["Heatmap", "MatrixHeatmap"]

#: Steps whose values the colours span where a server cannot read all.
_SAMPLE = 32
_SEQUENTIAL, _DIVERGING = "viridis", "RdBu_r"


def _check_cmap(value: Any) -> str:
    import matplotlib

    if value not in matplotlib.colormaps:
        raise ValueError(value)
    return str(value)


@dataclass(frozen=True, kw_only=True)
class Heatmap(Plot):
    """A (time, row, column) array as one picture every `step` steps; a (row, column) array as one picture.

    Attributes
    ----------
    step : int
        100 by default.
    limits : str, (float, float) or (str, str)
        What the colours span: ``shown`` (all pictures that are drawn), ``all`` (every step), ``frame`` (each its own),
        two numbers, or two percentages of the values in all pictures. Values that are not finite do not count.
    cmap : str or None
        A matplotlib colour map. None: viridis, or RdBu_r around zero where there are both signs.
    symmetric : bool or None
        Whether the limits are made symmetric around zero. None: where there are both signs and no map is named.
    """

    kind: ClassVar[str] = "heatmap"
    format: ClassVar[str] = "image"

    step: int = setting(100, positive_whole, "a whole number of at least 1")
    limits: Range = limits_setting()
    cmap: str | None = setting(None, optional(_check_cmap), "the name of a matplotlib colour map, such as viridis")
    symmetric: bool | None = setting(None, optional(boolean), "true or false")

    def fit(self, signal: Signal) -> Plot:
        """Accept (time, row, column), and any two dimensions as a single picture."""
        if len(signal.shape) == 2:
            return MatrixHeatmap(**{item.name: getattr(self, item.name) for item in fields(self)})
        if len(signal.shape) != 3 or signal.time is None:
            raise self.refuse(signal, "two dimensions, or three of which one is time (set time_axis)")
        return self

    def series(self, signal: Signal) -> tuple[Series, ...]:
        """Return one series, ``component/attr``, with every kept step."""
        steps = range(0, signal.shape[0], self.step)
        size = len(steps) * png_bytes(self.size, signal.shape[1] * signal.shape[2])
        return (Series(signal.name, "images", steps, len(steps), size),)

    def needs(self, signal: Signal, steps: range) -> Needs:
        """Return the steps themselves, and for their colours every kept step, or every step for ``all``."""
        stride = 1 if self.limits == "all" else self.step
        return Needs(steps, None if self.fold(signal) is None else range(0, signal.shape[0], stride))

    def fold(self, signal: Signal) -> Fold | None:
        """Return the fold to limits; None where the limits are given, or each picture has its own."""
        return range_fold(self.limits)

    def draw(self, signal: Signal, series: Series, step: int, block: DenseBlock | None, summary: Any) -> Record:
        """Return the picture of a step."""
        assert block is not None
        assert signal.time is not None
        values = block.values[0]
        canvas, scale = self.canvas(signal, found_range(self.limits, summary, values))
        png = paint(canvas, scale, values, signal.name, signal.time.caption(step, float(block.wall_times[0])))
        return Image(series.tag, step, float(block.wall_times[0]), png, *canvas.size)

    def sampled(self, signal: Signal, most: int) -> Plot:
        """Return one whose colours span the values of some steps, where those that are shown are too much to read."""
        shown = (
            len(range(0, signal.shape[0], self.step)) * math.prod(signal.shape[1:]) * np.dtype(signal.dtype).itemsize
        )
        if self.limits != "shown" or shown <= most:
            return self
        return SampledHeatmap(**{item.name: getattr(self, item.name) for item in fields(self)})

    def bar_label(self, signal: Signal) -> str:
        """Return what stands beside the colour bar."""
        return signal.label

    def dims(self, ndim: int) -> tuple[str, ...]:
        """Return row and column, after time where there is a third."""
        return {2: ("row", "column"), 3: ("time", "row", "column")}.get(ndim) or super().dims(ndim)

    def canvas(self, signal: Signal, found: tuple[float, float]) -> tuple[Frame, ColourScale]:
        """Return the frame and the colours for limits that were found or given.

        Parameters
        ----------
        found : (float, float)
        """
        low, high = told_apart(*found) if math.isfinite(found[0]) else (0.0, 1.0)
        both_signs = low < 0 < high
        symmetric = self.symmetric if self.symmetric is not None else both_signs and self.cmap is None
        if symmetric and given_range(self.limits) is None:
            high = max(abs(low), abs(high))
            low = -high
        cmap = self.cmap or (_DIVERGING if low < 0 < high else _SEQUENTIAL)
        rows, columns = signal.shape[-2:]
        ylabel, ylim, whole = signal.dims[-2], (rows - 0.5, -0.5), True
        if signal.time is not None and len(signal.shape) == 2:  # time runs down the picture
            ylabel, ylim, whole = signal.time.label, (signal.time.at(ylim[0]), signal.time.at(ylim[1])), False
        look = Look(
            self.size,
            signal.dims[-1],
            ylabel,
            (-0.5, columns - 0.5),
            ylim,
            whole_x=True,
            whole_y=whole,
            bar=ColourBar(cmap, low, high, self.bar_label(signal)),
        )
        return frame(look), colour_scale(cmap, low, high)


@dataclass(frozen=True, kw_only=True)
class SampledHeatmap(Heatmap):
    """A heatmap whose colours span the values of some steps, which the picture says; chosen by `Heatmap.sampled`."""

    def needs(self, signal: Signal, steps: range) -> Needs:
        """Return the steps themselves, and for their colours some of those that are shown, evenly spread."""
        return Needs(steps, self._sample(signal))

    def bar_label(self, signal: Signal) -> str:
        """Return what stands beside the colour bar, with how many steps it is of."""
        return f"{signal.label}, colours of {len(self._sample(signal))} of {len(self.series(signal)[0].steps):,} steps"

    def _sample(self, signal: Signal) -> range:
        shown = len(range(0, signal.shape[0], self.step))
        return range(0, signal.shape[0], self.step * math.ceil(shown / _SAMPLE))


@dataclass(frozen=True, kw_only=True)
class MatrixHeatmap(Heatmap):
    """A heatmap of two dimensions, as one picture; chosen by `Heatmap.fit`.

    The first dimension may be long (time): it is folded to the lines of the picture block by block.
    """

    def fit(self, signal: Signal) -> Plot:
        """Accept what `Heatmap.fit` found to have two dimensions."""
        return self

    def series(self, signal: Signal) -> tuple[Series, ...]:
        """Return one series of one picture."""
        size = png_bytes(self.size, signal.shape[0] * signal.shape[1])
        return (Series(signal.name, "images", range(1), 1, size),)

    def needs(self, signal: Signal, steps: range) -> Needs:
        """Return a summary of every row."""
        return Needs(summary=range(signal.shape[0]))

    def fold(self, signal: Signal) -> LineSumsFold:
        """Return the fold to the lines of the picture."""
        lines, uneven = round(self.size[1] * DPI), signal.time is not None and not signal.time.even
        width = round(self.size[0] * DPI)
        return LineSumsFold(
            signal.shape[0],
            lines if uneven else min(signal.shape[0], lines),
            width if signal.shape[1] > width else None,
        )

    def draw(self, signal: Signal, series: Series, step: int, block: DenseBlock | None, summary: LineSums) -> Record:
        """Return the picture."""
        means, limits = summary.means(signal.dtype), summary.limits
        if means.shape != signal.shape:  # lines of many rows: the means span less than the values
            limits = finite_limits(means)
        if signal.time is not None and not signal.time.even:  # a row is shown until the next
            means = means[np.searchsorted(summary.lines, np.arange(self.fold(signal).lines), side="right") - 1]
        if (parts := shares(self.limits)) is not None and math.isfinite(limits[0]):
            low, high = np.quantile(means[np.isfinite(means)].astype(np.float64), parts)
            limits = Limits(float(low), float(high))
        canvas, scale = self.canvas(signal, given_range(self.limits) or limits)
        png = paint(canvas, scale, means, signal.name, "")
        return Image(series.tag, 0, 0.0, png, *canvas.size)
