"""Traces as scalar series: every point, or the few that keep each peak."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, ClassVar

import numpy as np

from pipeline.model.block import DenseBlock
from pipeline.model.chart import Chart
from pipeline.model.record import Record, Scalars
from pipeline.model.series import Series
from pipeline.model.signal import Signal
from pipeline.rendering.folds.extremes import Extremes, ExtremesFold, float32
from pipeline.rendering.folds.fold import Fold
from pipeline.rendering.folds.units import of_units
from pipeline.rendering.plot import Needs, Plot
from pipeline.rendering.settings import optional, setting, whole
from pipeline.rendering.trace import Trace
from pipeline.rendering.trace_image import TraceImage

__all__ = ["RECORD_BYTES", "TraceScalar", "check_points"]

#: Bytes of a record in an event file, without its points.
RECORD_BYTES = 36


def check_points(value: Any) -> int:
    """Return a number of points of a series, at least two."""
    points = whole(value)
    if points < 2:
        raise ValueError(value)
    return points


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

    points: int | None = setting(None, optional(check_points), "a whole number of at least 2")

    def fit(self, signal: Signal) -> Plot:
        """Accept (time, unit) and (time,)."""
        super().fit(signal)
        few = self.points is not None and len(range(0, signal.shape[0], self.step)) <= self.points
        return replace(self, points=None) if few else self

    def series(self, signal: Signal) -> tuple[Series, ...]:
        """Return a series for each unit."""
        tags, steps = self.tags(signal), range(0, signal.shape[0], self.step)
        count = len(steps) if self.points is None else min(len(steps), self.points)
        point = len(list(tags.values())[-1]) + 9
        if self.points:
            point += RECORD_BYTES
        sizes = {unit: count * point for unit in tags}
        if not self.points:  # units share their records, which are counted with the first
            sizes[next(iter(sizes))] += count * RECORD_BYTES
        return tuple(Series(tag, "scalars", steps, count, sizes[unit], unit) for unit, tag in tags.items())

    def needs(self, signal: Signal, steps: range) -> Needs:
        """Return the steps themselves; of a thinned series a summary of every kept step."""
        return Needs(summary=range(0, signal.shape[0], self.step)) if self.points else Needs(steps)

    def fold(self, signal: Signal) -> Fold | None:
        """Return the fold of a thinned series to its extremes."""
        if not self.points:
            return None
        return ExtremesFold(len(range(0, signal.shape[0], self.step)), self.step, self.points // 2, self.units)

    def draw(self, signal: Signal, series: Series, step: int, block: DenseBlock | None, summary: Any) -> Record:
        """Return one point.

        Raises
        ------
        KeyError
            If a thinned series has none at this step.
        """
        (at,) = self.places([series])
        if block is not None:
            values = float32(of_units(block.values, self.units))[:1, at, None]
            return Scalars((series.tag,), block.steps[:1], block.wall_times[:1], values)
        steps, wall_times, points = summary.points(at)
        found = np.flatnonzero(steps == step)
        if not len(found):
            raise KeyError(step)
        return Scalars((series.tag,), steps[found], wall_times[found], points[found, None])

    def records(
        self, signal: Signal, series: Sequence[Series], steps: range, block: DenseBlock | None, summary: Any
    ) -> Iterator[Record]:
        """Yield the points of a block, all series together; or of a thinned one, series by series."""
        if block is not None:
            values = float32(of_units(block.values, self.units))
            if len(series) < values.shape[1]:
                values = values[:, self.places(series)]
            yield Scalars(tuple(one.tag for one in series), block.steps, block.wall_times, values)
            return
        extremes: Extremes = summary
        for place, one in zip(self.places(series), series, strict=True):
            at, wall_times, values = extremes.points(place)
            yield Scalars((one.tag,), at, wall_times, values[:, None])

    def about(self, signal: Signal, summary: Any) -> str:
        """Return what the points of a thinned series are."""
        return (
            f"Of each of {self.points // 2:,} stretches of time the lowest and the highest point."
            if self.points
            else ""
        )

    def charts(self, signal: Signal, series: Sequence[Series]) -> tuple[Chart, ...]:
        """Return the chart that its units share, if they do."""
        if not self.together:
            return ()
        tags = tuple(one.tag for one in series)
        if isinstance(self.together, str):
            return (Chart("together", self.together, tags),)
        return (Chart(signal.component, signal.name, tags),)

    def thinned(self, points: int) -> Plot:
        """Return the lowest and the highest of stretches, so that every peak survives."""
        return replace(self, points=min(self.points or points, points))

    def whole(self) -> Plot | None:
        """Return the plot with all points."""
        return replace(self, points=None) if self.points else None

    def pictured(self, signal: Signal) -> Plot:
        """Return the pictures of the series."""
        shared = {item.name: getattr(self, item.name) for item in fields(TraceImage)}
        return TraceImage(**shared).fit(signal)
