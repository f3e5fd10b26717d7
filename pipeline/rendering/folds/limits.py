"""The lowest and the highest finite value."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from pipeline.model.block import DenseBlock

__all__ = ["Limits", "LimitsFold", "finite_limits", "told_apart"]

_ALIKE = 1e-12  # part of their size by which numbers differ that only rounding tells apart


class Limits(NamedTuple):
    """The lowest and highest finite value; nan where there is none."""

    low: float
    high: float

    def wider(self, other: Limits) -> Limits:
        """Return the limits of both."""
        return Limits(float(np.fmin(self.low, other.low)), float(np.fmax(self.high, other.high)))


@dataclass(frozen=True)
class LimitsFold:
    """Folds blocks into `Limits`; their order does not matter."""

    partial = Limits

    def of(self, block: DenseBlock) -> Limits:
        """Return the limits of a block."""
        return finite_limits(block.values)

    def merge(self, a: Limits, b: Limits) -> Limits:
        """Return the wider limits."""
        return a.wider(b)


def finite_limits(values: npt.NDArray[Any]) -> Limits:
    """Return the lowest and highest finite value, (nan, nan) if there is none.

    Examples
    --------
    >>> finite_limits(np.array([3.0, np.inf, -1.0]))
    Limits(low=-1.0, high=3.0)
    """
    low, high = (values.min(), values.max()) if values.size else (math.nan, math.nan)
    if not (np.isfinite(low) and np.isfinite(high)):
        finite = values[np.isfinite(values)]
        if not finite.size:
            return Limits(math.nan, math.nan)
        low, high = finite.min(), finite.max()
    return Limits(float(low), float(high))


def told_apart(low: float, high: float) -> tuple[float, float]:
    """Return limits, or their middle twice where only rounding tells them apart.

    Examples
    --------
    >>> told_apart(1.0, 2.0)
    (1.0, 2.0)
    >>> low, high = told_apart(-65.0, -65.0 + 1e-14)
    >>> low == high
    True
    """
    if high / 2 - low / 2 > _ALIKE / 2 * max(abs(low), abs(high)):
        return low, high
    middle = low if low == high else low / 2 + high / 2
    return middle, middle
