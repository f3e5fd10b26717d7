"""Hyperparameters: one value a column of the HPARAMS page; of an array what the page can show."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from pipeline.model.block import DenseBlock
from pipeline.model.record import Hparams, Record, Scalars
from pipeline.model.series import Series
from pipeline.model.signal import Signal
from pipeline.rendering.folds.extremes import float32
from pipeline.rendering.folds.fold import Fold
from pipeline.rendering.folds.statistics import STATISTICS, Statistics, StatisticsFold, statistics_of
from pipeline.rendering.plot import Needs, Plot

__all__ = ["Hparam", "HparamScalar", "hparam_values"]


def hparam_values(name: str, value: Any) -> dict[str, bool | float | str]:
    """Return the columns of one setting.

    Parameters
    ----------
    name : str
        ``component/attr``.
    value : bool, number, str, array or other
        An array of numbers with more than one becomes its mean, standard deviation, minimum and maximum; text is shown
        on one line; anything else as its text.

    Examples
    --------
    >>> hparam_values("GC/tau", 20)
    {'GC/tau': 20.0}
    """
    if isinstance(value, np.ndarray | np.generic | list | tuple):
        array = np.asarray(value)
        if array.dtype.kind in "biuf" and array.size != 1:
            return dict(statistics_of(array).columns(name))
        value = array.item() if array.size == 1 else [str(item) for item in array.ravel()[:20]]
    if isinstance(value, bool):
        return {name: value}
    if isinstance(value, int | float):
        return {name: exact(value)}
    return {name: " ".join(str(value).split())}


def exact(value: int | float) -> float | str:
    """Return a number as the page can hold it; as text where a double has too few digits, such as a seed of 64 bits.

    Examples
    --------
    >>> exact(20), exact(6025226150559117445)
    (20.0, '6025226150559117445')
    """
    return str(value) if isinstance(value, int) and int(float(value)) != value else float(value)


@dataclass(frozen=True, kw_only=True)
class Hparam(Plot):
    """A value in the HPARAMS page, one row a run. An array shows as its mean, std, min and max."""

    kind: ClassVar[str] = "hparam"
    format: ClassVar[str] = "hparam"

    def fit(self, signal: Signal) -> Plot:
        """Accept any shape."""
        return self

    def series(self, signal: Signal) -> tuple[Series, ...]:
        """Return a series for a single value, or one for each of `STATISTICS`."""
        names = [signal.name] if _single(signal) else [f"{signal.name}/{statistic}" for statistic in STATISTICS]
        return tuple(Series(name, "hparams", range(1), 1, 100 // len(names)) for name in names)

    def needs(self, signal: Signal, steps: range) -> Needs:
        """Return a summary of all values."""
        return Needs(summary=range(_rows(signal)))

    def fold(self, signal: Signal) -> Fold | None:
        """Return the fold to statistics."""
        return StatisticsFold()

    def draw(
        self, signal: Signal, series: Series, step: int, block: DenseBlock | None, summary: Statistics | None
    ) -> Record:
        """Return one column."""
        assert summary is not None
        return Hparams({series.tag: self._columns(signal, summary)[series.tag]})

    def records(
        self, signal: Signal, series: Sequence[Series], steps: range, block: DenseBlock | None, summary: Any
    ) -> Iterator[Record]:
        """Yield all columns as one record."""
        columns = self._columns(signal, summary)
        yield Hparams({one.tag: columns[one.tag] for one in series})

    def columns(self, name: str, value: Any) -> dict[str, bool | float | str] | None:
        """Return the columns of any value."""
        return hparam_values(name, value)

    def dims(self, ndim: int) -> tuple[str, ...]:
        """Return units, or rows and columns: nothing runs in time."""
        return {1: ("unit",), 2: ("row", "column")}.get(ndim) or super().dims(ndim)

    def _columns(self, signal: Signal, summary: Statistics) -> dict[str, bool | float | str]:
        if not _single(signal):
            return dict(summary.columns(signal.name))
        value = summary.low if np.dtype(signal.dtype).kind in "iu" else summary.mean
        return {signal.name: bool(value) if signal.dtype == "bool" else exact(value)}


@dataclass(frozen=True, kw_only=True)
class HparamScalar(Hparam):
    """The distribution of an array over its units, as a single point a unit; a single value stays a hyperparameter."""

    format: ClassVar[str] = "scalar"

    def fit(self, signal: Signal) -> Plot:
        """Accept any shape; a single value is a `Hparam`."""
        return Hparam(time_axis=self.time_axis) if _single(signal) else self

    def series(self, signal: Signal) -> tuple[Series, ...]:
        """Return ``component/N{unit}/attr`` for each value, in the order of the flattened array."""
        tags = (f"{signal.component}/N{unit}/{signal.attr}" for unit in range(math.prod(signal.shape)))
        return tuple(Series(tag, "scalars", range(1), 1, 40, unit) for unit, tag in enumerate(tags))

    def needs(self, signal: Signal, steps: range) -> Needs:
        """Return all rows: each holds the points of some units."""
        return Needs(range(_rows(signal)))

    def fold(self, signal: Signal) -> Fold | None:
        """Return None, because nothing is summarised."""
        return None

    def draw(self, signal: Signal, series: Series, step: int, block: DenseBlock | None, summary: Any) -> Record:
        """Return the point of one unit, from a block of all rows."""
        assert block is not None
        value = float32(block.values).reshape(1, -1)[:, series.unit, None]
        return Scalars((series.tag,), np.zeros(1, np.int64), np.zeros(1), value)

    def records(
        self, signal: Signal, series: Sequence[Series], steps: range, block: DenseBlock | None, summary: Any
    ) -> Iterator[Record]:
        """Yield the points of the rows of a block, all at step 0."""
        assert block is not None
        width = math.prod(signal.shape[1:])
        first, values = int(block.steps[0]) * width, float32(block.values).reshape(1, -1)
        inside = [one for one in series if one.unit is not None and first <= one.unit < first + values.size]
        shown = values[:, [one.unit - first for one in inside if one.unit is not None]]
        yield Scalars(tuple(one.tag for one in inside), np.zeros(1, np.int64), np.zeros(1), shown)

    def columns(self, name: str, value: Any) -> dict[str, bool | float | str] | None:
        """Return the columns of what is not an array of several numbers."""
        array = np.asarray(value)
        return None if array.dtype.kind in "biuf" and array.size > 1 else super().columns(name, value)


def _single(signal: Signal) -> bool:
    return math.prod(signal.shape) == 1


def _rows(signal: Signal) -> int:
    return signal.shape[0] if signal.shape else 1
