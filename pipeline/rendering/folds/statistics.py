"""Statistics of the finite values of an array."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from pipeline.model.block import DenseBlock

__all__ = ["STATISTICS", "Statistics", "StatisticsFold", "statistics_of"]

#: The names of what an array is shown by.
STATISTICS = ("mean", "std", "min", "max")


class Statistics(NamedTuple):
    """The number of finite values, their mean, sum of squared differences to it, lowest and highest.

    The lowest and highest of whole numbers keep all their digits.
    """

    number: int
    mean: float
    spread: float
    low: int | float
    high: int | float

    def columns(self, name: str) -> dict[str, bool | float | str]:
        """Return a number for each of `STATISTICS`, under ``name/…``."""
        deviation = math.sqrt(self.spread / self.number) if self.number else math.nan
        values = self.mean, deviation, float(self.low), float(self.high)
        return {f"{name}/{statistic}": value for statistic, value in zip(STATISTICS, values, strict=True)}


@dataclass(frozen=True)
class StatisticsFold:
    """Folds blocks into `Statistics`; their order matters to rounding alone."""

    partial = Statistics

    def of(self, block: DenseBlock) -> Statistics:
        """Return the statistics of a block."""
        return statistics_of(block.values)

    def merge(self, a: Statistics, b: Statistics) -> Statistics:
        """Join two sets of statistics (Chan, Golub and LeVeque 1979)."""
        number = a.number + b.number
        if not a.number or not b.number:
            return a if a.number else b
        difference = b.mean - a.mean
        mean = a.mean + difference * b.number / number
        # a product, because ** raises where the difference is infinite
        spread = a.spread + b.spread + difference * difference * a.number * b.number / number
        return Statistics(number, mean, spread, min(a.low, b.low), max(a.high, b.high))


def statistics_of(values: Any) -> Statistics:
    """Return the statistics of an array of numbers."""
    values = values[np.isfinite(values)]
    if not values.size:
        return Statistics(0, math.nan, 0.0, math.nan, math.nan)
    finite = values.astype(np.float64)
    with np.errstate(over="ignore"):
        mean = float(finite.mean())
        spread = float(((finite - mean) ** 2).sum())
    return Statistics(finite.size, mean, spread, values.min().item(), values.max().item())
