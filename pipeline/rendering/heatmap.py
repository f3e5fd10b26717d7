"""Heatmaps: a matrix as one picture, a matrix that changes in time as frames on the slider.

Limits are found first (`summarise`, `merge`), then each kept step is drawn. Cells are painted as matplotlib's
``imshow(..., interpolation="nearest")`` places them; where there are more cells than pixels, each pixel shows the mean
of its cells.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from pipeline.model.block import DenseBlock
from pipeline.model.record import Image
from pipeline.model.signal import Signal
from pipeline.rendering.picture.canvas import DPI, ColourBar, Frame, Look, cells, edges, frame
from pipeline.rendering.picture.colours import ColourScale, colour_scale
from pipeline.rendering.plot import Estimate, refuse
from pipeline.rendering.settings import Settings, boolean, optional, setting

__all__ = ["Heatmap", "MatrixHeatmap"]

_SEQUENTIAL, _DIVERGING = "viridis", "RdBu_r"


def _check_limits(value: Any) -> str | tuple[float, float]:
    if isinstance(value, str):
        if value in ("shown", "all", "frame"):
            return value
        value = value.strip("()[]").replace(":", ",").split(",")
    low, high = (float(end) for end in value)
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise ValueError(value)
    return low, high


def _check_cmap(value: Any) -> str:
    import matplotlib

    if value not in matplotlib.colormaps:
        raise ValueError(value)
    return str(value)


@dataclass(frozen=True, kw_only=True)
class Heatmap(Settings):
    """A (time, row, column) array as one frame every `step` steps; a (row, column) array as one picture.

    Attributes
    ----------
    step : int
        100 by default.
    limits : str or (float, float)
        What the colours span: ``shown`` (all frames that are drawn), ``all`` (every step), ``frame`` (each its own), or
        two numbers. Values that are not finite do not count.
    cmap : str or None
        A matplotlib colour map. None: viridis, or RdBu_r around zero where there are both signs.
    symmetric : bool or None
        Whether the limits are made symmetric around zero. None: where there are both signs and no map is named.
    """

    kind: ClassVar[str] = "heatmap"
    format: ClassVar[str] = "image"
    steps_a_task: ClassVar[int | None] = 64

    step: int = setting(100, Settings.__dataclass_fields__["step"].metadata["check"], "a whole number of at least 1")
    limits: str | tuple[float, float] = setting(
        "shown", _check_limits, "shown, all, frame, or two numbers such as (-1, 1), the lower first"
    )
    cmap: str | None = setting(None, optional(_check_cmap), "the name of a matplotlib colour map, such as viridis")
    symmetric: bool | None = setting(None, optional(boolean), "true or false")

    @property
    def summary_step(self) -> int | None:
        """Every kept step for limits ``shown``, every step for ``all``."""
        return {"shown": self.step, "all": 1}.get(self.limits) if isinstance(self.limits, str) else None

    @property
    def render_step(self) -> int | None:
        """Every kept step."""
        return self.step

    def window_steps(self, subject: Signal) -> int | None:
        """Limits span the whole series."""
        return None

    def check(self, subject: Signal) -> Heatmap:
        """Accept (time, row, column), and any two dimensions as a single picture."""
        if len(subject.shape) == 2:
            return MatrixHeatmap(**{item.name: getattr(self, item.name) for item in fields(self)})
        if len(subject.shape) != 3 or subject.time is None:
            raise refuse(self, subject, "two dimensions, or three of which one is time (set time_axis)")
        return self

    def tags(self, subject: Signal) -> tuple[str, ...]:
        """One tag, ``component/attr``."""
        return (subject.tag(subject.attr),)

    def estimate(self, subject: Signal) -> Estimate:
        """One frame a kept step."""
        count = len(range(0, subject.shape[0], self.step))
        return Estimate(count, "frames", count * self._bytes(subject.shape[1] * subject.shape[2]))

    def _bytes(self, cells_shown: int) -> int:
        pixels = int(self.size[0] * self.size[1] * DPI * DPI * 0.55)
        return 14_000 + int(min(cells_shown * 2.5, pixels * 1.1))

    def summarise(self, subject: Signal, block: DenseBlock) -> Any:
        """Return the lowest and highest finite value, (nan, nan) if there is none."""
        return finite_limits(block.values)

    def merge(self, a: Any, b: Any) -> Any:
        """Return the wider limits."""
        return float(np.fmin(a[0], b[0])), float(np.fmax(a[1], b[1]))

    def render(self, subject: Signal, block: DenseBlock | None, merged: Any) -> Iterator[Image]:
        """Yield one picture a step of the block."""
        assert block is not None
        assert subject.time is not None
        given = self.limits if isinstance(self.limits, tuple) else merged
        for values, step, wall_time in zip(block.values, block.steps, block.wall_times, strict=True):
            canvas, scale = self.canvas(subject, given or finite_limits(values))
            png = paint(canvas, scale, values, subject.name, subject.time.caption(int(step)))
            yield Image(self.tags(subject)[0], int(step), float(wall_time), png, *canvas.size)

    def canvas(self, subject: Signal, found: tuple[float, float]) -> tuple[Frame, ColourScale]:
        """Return the frame and the colours for limits that were found or given.

        Parameters
        ----------
        found : (float, float)
        """
        low, high = found if math.isfinite(found[0]) else (0.0, 1.0)
        both_signs = low < 0 < high
        symmetric = self.symmetric if self.symmetric is not None else both_signs and self.cmap is None
        if symmetric and not isinstance(self.limits, tuple):
            high = max(abs(low), abs(high))
            low = -high
        cmap = self.cmap or (_DIVERGING if low < 0 < high else _SEQUENTIAL)
        rows, columns = subject.shape[-2:]
        ylabel, ylim, whole = subject.dims[-2], (rows - 0.5, -0.5), True
        if subject.time is not None and len(subject.shape) == 2:  # time runs down the picture
            ylabel, ylim, whole = subject.time.label, (subject.time.at(ylim[0]), subject.time.at(ylim[1])), False
        look = Look(
            self.size,
            subject.dims[-1],
            ylabel,
            (-0.5, columns - 0.5),
            ylim,
            whole_x=True,
            whole_y=whole,
            bar=ColourBar(cmap, low, high, subject.label),
        )
        return frame(look), colour_scale(cmap, low, high)


@dataclass(frozen=True, kw_only=True)
class MatrixHeatmap(Heatmap):
    """A heatmap of two dimensions, as one picture; chosen by `Heatmap.check`.

    The first dimension may be long (time): it is folded to the lines of the picture block by block.
    """

    steps_a_task: ClassVar[int | None] = None

    @property
    def summary_step(self) -> int | None:
        """Every row counts."""
        return 1

    @property
    def render_step(self) -> int | None:
        """Drawn once."""
        return None

    def check(self, subject: Signal) -> Heatmap:
        """Accept what `Heatmap.check` found to have two dimensions."""
        return self

    def estimate(self, subject: Signal) -> Estimate:
        """One picture."""
        return Estimate(1, "image", self._bytes(subject.shape[0] * subject.shape[1]))

    def summarise(self, subject: Signal, block: DenseBlock) -> Any:
        """Return the limits, and the sums and counts of the rows of each line of the picture."""
        lines = min(subject.shape[0], round(self.size[1] * DPI))
        line = block.steps * lines // subject.shape[0]
        first = np.flatnonzero(np.diff(line, prepend=line[0] - 1))
        finite = np.isfinite(block.values)
        values = block.values if finite.all() else np.where(finite, block.values, 0)
        with np.errstate(over="ignore"):
            sums = np.add.reduceat(values, first, axis=0, dtype=np.float64)
        counts = np.add.reduceat(finite, first, axis=0, dtype=np.int32)
        return finite_limits(block.values), line[first], sums, counts

    def merge(self, a: Any, b: Any) -> Any:
        """Join the lines, adding up the one that both have a part of."""
        lines, sums, counts = (np.concatenate(pair) for pair in zip(a[1:], b[1:], strict=True))
        if a[1][-1] == b[1][0]:
            at = len(a[1])
            with np.errstate(over="ignore"):
                sums[at - 1] += sums[at]
            counts[at - 1] += counts[at]
            lines, sums, counts = (np.delete(part, at, axis=0) for part in (lines, sums, counts))
        return super().merge(a[0], b[0]), lines, sums, counts

    def render(self, subject: Signal, block: DenseBlock | None, merged: Any) -> Iterator[Image]:
        """Yield the picture."""
        limits, _, sums, counts = merged
        with np.errstate(invalid="ignore"):
            means = np.clip(sums / counts, *limits)  # else rounding makes stripes of what is constant
        means = means.astype(np.promote_types(subject.dtype, np.float32))
        given = self.limits if isinstance(self.limits, tuple) else limits
        if len(means) < subject.shape[0]:  # lines of many rows: the means span less than the values
            given = self.limits if isinstance(self.limits, tuple) else finite_limits(means)
        canvas, scale = self.canvas(subject, given)
        png = paint(canvas, scale, means, subject.name, "")
        yield Image(self.tags(subject)[0], 0, 0.0, png, *canvas.size)


def finite_limits(values: npt.NDArray[Any]) -> tuple[float, float]:
    """Return the lowest and highest finite value, (nan, nan) if there is none."""
    low, high = (values.min(), values.max()) if values.size else (math.nan, math.nan)
    if not (np.isfinite(low) and np.isfinite(high)):
        finite = values[np.isfinite(values)]
        if not finite.size:
            return math.nan, math.nan
        low, high = finite.min(), finite.max()
    return float(low), float(high)


def paint(canvas: Frame, scale: ColourScale, values: npt.NDArray[Any], title: str, caption: str) -> bytes:
    """Return the PNG of a matrix, shape (rows, columns)."""
    area = canvas.area
    values = _shrink(_shrink(values, area.height, 0), area.width, 1)
    rows, columns = values.shape
    indices = scale.indices(values)[:, cells(columns, area.width)]
    lines = canvas.blank()
    canvas.paint(lines, indices, edges(rows, area.height))
    return canvas.finish(lines, title, caption, scale.palette)


def _shrink(values: npt.NDArray[Any], pixels: int, axis: int) -> npt.NDArray[Any]:
    """Return the mean of the finite cells of each pixel along an axis that has more cells than pixels."""
    count = values.shape[axis]
    if count <= pixels:
        return values
    starts = np.arange(pixels) * count // pixels
    dtype = np.promote_types(values.dtype, np.float32)
    finite = np.isfinite(values)
    with np.errstate(invalid="ignore", over="ignore"):
        if finite.all():
            sizes = np.diff(starts, append=count).astype(dtype)
            means: npt.NDArray[Any] = _sums(values, starts, axis, dtype) / (sizes[:, None] if axis == 0 else sizes)
            return means
        means = _sums(np.where(finite, values, 0), starts, axis, dtype) / _sums(finite, starts, axis, dtype)
        return means


def _sums(values: npt.NDArray[Any], starts: npt.NDArray[np.intp], axis: int, dtype: np.dtype[Any]) -> npt.NDArray[Any]:
    """Return ``np.add.reduceat(values, starts, axis, dtype)``, which is slow where each sum has one or two terms."""
    sizes = np.diff(starts, append=values.shape[axis])
    if sizes.max() > 2:
        return np.add.reduceat(values, starts, axis=axis, dtype=dtype)
    sums = values.take(starts, axis=axis).astype(dtype, copy=False)
    pairs = np.flatnonzero(sizes == 2)
    where = (pairs,) if axis == 0 else (slice(None), pairs)
    sums[where] += values.take(starts[pairs] + 1, axis=axis)
    return sums
