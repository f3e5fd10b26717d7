"""Traces as scalar series: every point, or the few that keep each peak."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from pipeline.model.block import DenseBlock
from pipeline.model.record import Scalars
from pipeline.model.signal import Signal
from pipeline.rendering.plot import Estimate
from pipeline.rendering.settings import optional, setting, whole
from pipeline.rendering.trace import Trace

__all__ = ["TraceScalar"]

_BEYOND = 1e39  # past every float32


def _check_points(value: Any) -> int:
    points = whole(value)
    if points < 2:
        raise ValueError(value)
    return points


@dataclass(frozen=True)
class _Extremes:
    """The lowest and highest point of each bin and unit; row 0 is bin `first`.

    `values`, `steps` and `wall_times` have the shape (2, bin, unit): lowest, highest.
    """

    first: int
    values: npt.NDArray[np.float32]
    steps: npt.NDArray[np.int64]
    wall_times: npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class TraceScalar(Trace):
    """A series a unit in TensorBoard's scalar charts.

    Attributes
    ----------
    points : int or None
        At most so many points a series: the lowest and the highest of each of ``points // 2`` stretches of time, at
        their true steps, so that every peak survives. None: all.

    Notes
    -----
    Event files hold scalars as float32.
    """

    format: ClassVar[str] = "scalar"

    points: int | None = setting(None, optional(_check_points), "a whole number of at least 2")

    @property
    def summary_step(self) -> int | None:
        """Only a thinned series is gathered first."""
        return self.step if self.points else None

    @property
    def render_step(self) -> int | None:
        """All points are written block by block."""
        return None if self.points else self.step

    def check(self, subject: Signal) -> TraceScalar:
        """Accept (time, unit) and (time,)."""
        self.check_series(subject)
        few = self.points is not None and len(range(0, subject.shape[0], self.step)) <= self.points
        return replace(self, points=None) if few else self

    def estimate(self, subject: Signal) -> Estimate:
        """One series a unit."""
        series, length = len(self.shown(subject)), len(range(0, subject.shape[0], self.step))
        tag = len(self.tags(subject)[-1]) + 9
        if self.points:
            return Estimate(series, "series", series * min(length, self.points) * (tag + 36))
        return Estimate(series, "series", length * (series * tag + 36))

    def _float32(self, block: DenseBlock) -> npt.NDArray[np.float32]:
        """Return the values of the units that are shown, shape (k, unit); infinite where float32 cannot hold them."""
        with np.errstate(over="ignore"):
            return self.series(block.values).astype(np.float32, copy=False)

    def _bin(self, subject: Signal, steps: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        assert self.points is not None
        return steps // self.step * (self.points // 2) // len(range(0, subject.shape[0], self.step))

    def summarise(self, subject: Signal, block: DenseBlock) -> Any:
        """Return the extremes of each bin; a bin without a number keeps its first point."""
        values = self._float32(block)
        bins = self._bin(subject, block.steps)
        starts = np.flatnonzero(np.diff(bins, prepend=bins[0] - 1))
        at = np.empty((2, len(starts), values.shape[1]), np.intp)
        ranks, empty = np.clip(values, -_BEYOND, _BEYOND, dtype=np.float64), np.isnan(values)
        low, high = np.where(empty, np.inf, ranks), np.where(empty, -np.inf, ranks)  # any number before none
        for row, (start, stop) in enumerate(zip(starts, np.append(starts[1:], len(bins)), strict=True)):
            at[0, row] = start + low[start:stop].argmin(axis=0)
            at[1, row] = start + high[start:stop].argmax(axis=0)
        found = np.take_along_axis(values[None], at, axis=1)
        return _Extremes(int(bins[0]), found, block.steps[at], block.wall_times[at])

    def merge(self, a: Any, b: Any) -> Any:
        """Join the bins; where both have a part of one, keep the lower lowest and the higher highest."""
        shared = a.first + a.values.shape[1] - b.first
        if not shared:
            return _Extremes(
                a.first, *(np.concatenate(pair, axis=1) for pair in zip(_parts(a), _parts(b), strict=True))
            )
        low_a, high_a, low_b, high_b = a.values[0, -1], a.values[1, -1], b.values[0, 0], b.values[1, 0]
        fills = np.isnan(low_a) & ~np.isnan(low_b)
        take_b = np.stack([(low_b < low_a) | fills, (high_b > high_a) | fills])
        joined = []
        for part_a, part_b in zip(_parts(a), _parts(b), strict=True):
            middle = np.where(take_b, part_b[:, 0], part_a[:, -1])
            joined.append(np.concatenate([part_a[:, :-1], middle[:, None], part_b[:, 1:]], axis=1))
        return _Extremes(a.first, *joined)

    def render(self, subject: Signal, block: DenseBlock | None, merged: Any) -> Iterator[Scalars]:
        """Yield the points of the block, all series together; or of a thinned one, series by series."""
        tags = self.tags(subject)
        if block is not None:
            yield Scalars(tags, block.steps, block.wall_times, self._float32(block))
            return
        for unit, tag in enumerate(tags):
            steps, first = np.unique(merged.steps[:, :, unit].ravel(), return_index=True)
            values = merged.values[:, :, unit].ravel()[first]
            yield Scalars((tag,), steps, merged.wall_times[:, :, unit].ravel()[first], values[:, None])


def _parts(extremes: _Extremes) -> tuple[npt.NDArray[Any], ...]:
    return extremes.values, extremes.steps, extremes.wall_times
