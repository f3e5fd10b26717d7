"""Metrics: one number of a series, such as its highest, which HPARAMS shows beside the settings of a run.

That page shows the last point of a series; so the number is the one point of a series of its own.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from pipeline.model.block import DenseBlock
from pipeline.model.record import Record, Scalars
from pipeline.model.series import Series
from pipeline.rendering.drawing import Drawing
from pipeline.rendering.folds.fold import Fold
from pipeline.rendering.plot import Needs
from pipeline.tables import markdown

__all__ = ["FUNCTIONS", "Metric", "metric_of"]

#: What a metric may be of the points of its series.
FUNCTIONS = ("max", "min", "mean", "last")


class Numbers(NamedTuple):
    """The finite points of a series: how many, their sum, lowest and highest; and the last point, whatever it is."""

    number: int
    total: float
    low: float
    high: float
    last: float

    def of(self, function: str) -> float:
        """Return one of `FUNCTIONS`; nan where there is no finite point."""
        mean = self.total / self.number if self.number else math.nan
        return {"max": self.high, "min": self.low, "mean": mean, "last": self.last}[function]


@dataclass(frozen=True)
class NumbersFold:
    """Folds the points of one series; the order of blocks matters.

    Attributes
    ----------
    drawing : Drawing
        Draws each block by itself.
    tag : str
    """

    drawing: Drawing
    tag: str

    partial = Numbers

    def of(self, block: DenseBlock) -> Numbers:
        """Return the numbers of a block."""
        rows = self.drawing.needs.rows
        assert rows is not None
        steps = range(int(block.steps[0]), int(block.steps[-1]) + 1, rows.step)
        return _numbers(self.drawing, self.tag, steps, block, None)

    def merge(self, a: Numbers, b: Numbers) -> Numbers:
        """Join two stretches."""
        low, high = float(np.fmin(a.low, b.low)), float(np.fmax(a.high, b.high))
        return Numbers(a.number + b.number, a.total + b.total, low, high, b.last)


def _numbers(drawing: Drawing, tag: str, steps: range, block: DenseBlock | None, summary: Any) -> Numbers:
    series = [one for one in drawing.series if one.tag == tag]
    found = [
        record.values[:, 0].astype(np.float64)
        for record in drawing.records(steps, block, summary, series)
        if isinstance(record, Scalars) and record.tags
    ]
    values = np.concatenate(found) if found else np.empty(0)
    finite = values[np.isfinite(values)]
    last = float(values[-1]) if len(values) else math.nan
    if not len(finite):
        return Numbers(0, 0.0, math.nan, math.nan, last)
    return Numbers(len(finite), float(finite.sum()), float(finite.min()), float(finite.max()), last)


@dataclass(frozen=True)
class Metric(Drawing):
    """One number of one series of a plot, under the tag ``TAG@FUNCTION``.

    Attributes
    ----------
    tag : str
        Of the series.
    function : str
        One of `FUNCTIONS`.
    """

    tag: str = ""
    function: str = ""

    @property
    def kind(self) -> str:
        """What it is called in reports."""
        return "metric"

    @property
    def title(self) -> str:
        """Its kind and function in words."""
        return f"metric ({self.function})"

    @property
    def drawing(self) -> Drawing:
        """The drawing of the series itself."""
        return Drawing(self.plot, self.signal, self.suffix)

    @property
    def series(self) -> tuple[Series, ...]:
        """The series of one point, at the last step."""
        last, tag = self.drawing.steps[-1], f"{self.tag}@{self.function}"
        return (Series(tag, "scalars", range(last, last + 1), 1, len(tag) + 45),)

    @property
    def charts(self) -> tuple[()]:
        """None: one point is no curve."""
        return ()

    def needs_of(self, steps: range) -> Needs:
        """Return a summary of all that its series is drawn from."""
        needs = self.drawing.needs
        return Needs(summary=needs.rows if needs.summary is None else needs.summary)

    @property
    def fold(self) -> Fold | None:
        """The fold of its series' points; or the one that these are drawn from."""
        return NumbersFold(self.drawing, self.tag) if self.drawing.needs.summary is None else self.drawing.fold

    def thinned(self, points: int) -> Metric:
        """Return itself, because it is a number of all points."""
        return self

    def description(self, summary: Any = None) -> str:
        """Return what TensorBoard tells of it, as Markdown."""
        return f"{self.function} of {markdown(self.tag)}: {self.drawing.description(summary)}"

    def draw(self, series: Series, step: int, block: DenseBlock | None, summary: Any) -> Record:
        """Return the point."""
        time, drawing = self.signal.time, self.drawing
        folded = isinstance(summary, Numbers)
        numbers = summary if folded else _numbers(drawing, self.tag, drawing.steps, None, summary)
        wall_time = 0.0 if time is None else float(time.seconds(float(step)))
        value = np.array([[numbers.of(self.function)]], np.float32)
        return Scalars((series.tag,), np.array([step]), np.array([wall_time]), value, self.description())

    def records(
        self, steps: range, block: DenseBlock | None, summary: Any, series: Sequence[Series] | None = None
    ) -> Iterator[Record]:
        """Yield the point."""
        for one in self.series if series is None else series:
            yield self.draw(one, one.steps[0], None, summary)


def metric_of(drawing: Drawing, tag: str, function: str) -> Metric:
    """Return a metric of one series of a drawing; of a thinned one, of all its points."""
    return Metric(drawing.plot.whole() or drawing.plot, drawing.signal, drawing.suffix, tag, function)
