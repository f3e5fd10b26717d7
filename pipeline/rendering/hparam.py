"""Hyperparameters: one value a column of the HPARAMS page; of an array what the page can show."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from pipeline.model.block import DenseBlock
from pipeline.model.record import Hparams, Record, Scalars
from pipeline.model.signal import Signal
from pipeline.rendering.plot import Estimate
from pipeline.rendering.settings import Settings

__all__ = ["Hparam", "HparamScalar", "hparam_values"]


@dataclass(frozen=True)
class _Statistics:
    """Of finite values: how many, mean, sum of squared differences to it, lowest, highest."""

    count: int
    mean: float
    spread: float
    low: float
    high: float

    def columns(self, name: str, *, single: bool = False) -> dict[str, bool | float | str]:
        """Return a column a statistic, or just one for a single value."""
        if single:
            return {name: self.mean}
        deviation = math.sqrt(self.spread / self.count) if self.count else math.nan
        return {
            f"{name}/mean": self.mean,
            f"{name}/std": deviation,
            f"{name}/min": self.low,
            f"{name}/max": self.high,
        }


def hparam_values(name: str, value: Any) -> dict[str, bool | float | str]:
    """Return the columns of one setting.

    Parameters
    ----------
    name : str
        ``component/attr``.
    value : bool, number, str, array or other
        An array of numbers with more than one becomes its mean, standard deviation, minimum and maximum; text is shown
        on one line; anything else as its text.
    """
    if isinstance(value, np.ndarray | np.generic | list | tuple):
        array = np.asarray(value)
        if array.dtype.kind in "biuf" and array.size != 1:
            return _statistics(array).columns(name)
        value = array.item() if array.size == 1 else [str(item) for item in array.ravel()[:20]]
    if isinstance(value, bool):
        return {name: value}
    if isinstance(value, int | float):
        return {name: float(value)}
    return {name: " ".join(str(value).split())}


def _statistics(values: Any) -> _Statistics:
    finite = values[np.isfinite(values)].astype(np.float64)
    if not finite.size:
        return _Statistics(0, math.nan, 0.0, math.nan, math.nan)
    with np.errstate(over="ignore"):
        mean = float(finite.mean())
        spread = float(((finite - mean) ** 2).sum())
    return _Statistics(finite.size, mean, spread, float(finite.min()), float(finite.max()))


@dataclass(frozen=True, kw_only=True)
class Hparam(Settings):
    """A value in the HPARAMS page, one row a run. An array shows as its mean, std, min and max."""

    kind: ClassVar[str] = "hparam"
    format: ClassVar[str] = "hparam"
    steps_a_task: ClassVar[int | None] = None

    @property
    def summary_step(self) -> int | None:
        """Every value counts."""
        return 1

    @property
    def render_step(self) -> int | None:
        """Written once."""
        return None

    def check(self, subject: Signal) -> Hparam:
        """Accept any shape."""
        return self

    def window_steps(self, subject: Signal) -> int | None:
        """One value for all of the time."""
        return None

    def tags(self, subject: Signal) -> tuple[str, ...]:
        """Hyperparameters have columns, not tags."""
        return ()

    def estimate(self, subject: Signal) -> Estimate:
        """One value, or four statistics."""
        return Estimate(1 if math.prod(subject.shape) == 1 else 4, "values", 100)

    def summarise(self, subject: Signal, block: DenseBlock) -> Any:
        """Return the statistics of the finite values."""
        return _statistics(block.values)

    def merge(self, a: Any, b: Any) -> Any:
        """Join two sets of statistics (Chan, Golub and LeVeque 1979)."""
        count = a.count + b.count
        if not a.count or not b.count:
            return a if a.count else b
        difference = b.mean - a.mean
        mean = a.mean + difference * b.count / count
        spread = a.spread + b.spread + difference * difference * a.count * b.count / count  # ** raises where it is inf
        return _Statistics(count, mean, spread, min(a.low, b.low), max(a.high, b.high))

    def render(self, subject: Signal, block: DenseBlock | None, merged: Any) -> Iterator[Record]:
        """Yield the columns."""
        single = math.prod(subject.shape) == 1
        values = merged.columns(subject.name, single=single)
        if single and subject.dtype == "bool":
            values = {name: bool(value) for name, value in values.items()}
        yield Hparams(values)


@dataclass(frozen=True, kw_only=True)
class HparamScalar(Hparam):
    """The distribution of an array over its units, as a single point a unit; a single value stays a hyperparameter."""

    format: ClassVar[str] = "scalar"

    @property
    def summary_step(self) -> int | None:
        """Nothing to gather."""
        return None

    @property
    def render_step(self) -> int | None:
        """All values."""
        return 1

    def check(self, subject: Signal) -> Hparam:
        """Accept any shape; a single value is a `Hparam`."""
        return self if math.prod(subject.shape) > 1 else Hparam(time_axis=self.time_axis)

    def tags(self, subject: Signal) -> tuple[str, ...]:
        """Return ``component/N{unit}/attr``, units in the order of the flattened array."""
        return tuple(subject.tag(f"N{unit}", subject.attr) for unit in range(math.prod(subject.shape)))

    def estimate(self, subject: Signal) -> Estimate:
        """One point a unit."""
        count = math.prod(subject.shape)
        return Estimate(count, "points", count * 40)

    def render(self, subject: Signal, block: DenseBlock | None, merged: Any) -> Iterator[Record]:
        """Yield the points of a block, all at step 0."""
        assert block is not None
        width = math.prod(subject.shape[1:])
        first, tags = int(block.steps[0]) * width, self.tags(subject)
        with np.errstate(over="ignore"):
            values = block.values.reshape(1, -1).astype(np.float32)
        yield Scalars(tags[first : first + values.size], np.zeros(1, np.int64), np.zeros(1), values)
