"""The spread of values: their limits, how many there are, and about which value a part of them is below.

For quantiles, values are counted in bins that are the same however the values come: those whose first bits are equal,
as many bits as give at most `MOST` bins. So it makes no difference in which order, and in what parts, values are seen.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from pipeline.model.block import DenseBlock
from pipeline.rendering.folds.limits import Limits, finite_limits

__all__ = ["MOST", "Spread", "SpreadFold"]

#: Bins, at most.
MOST = 1 << 14

Keys = npt.NDArray[np.int64]


class Spread(NamedTuple):
    """The limits of the finite values, and counts.

    Attributes
    ----------
    low, high : float
        nan where there is no finite value.
    number, missing, beyond : int
        Finite values, others, and finite ones that are not between the limits that were given.
    shift : int
        Last bits that the values of a bin need not share.
    keys : ndarray of int64, shape (bin,)
        The first value of each bin that has values, as a key; ascending. Empty where quantiles are not wanted.
    counts : ndarray of int64, shape (bin,)
    """

    low: float
    high: float
    number: int
    missing: int
    beyond: int
    shift: int
    keys: Keys
    counts: npt.NDArray[np.int64]

    def between(self, shares: tuple[float, float]) -> Limits:
        """Return limits with at most these parts of the values below, from the bins in which the quantiles lie.

        The lower limit is where the bin of the lower quantile begins and the upper one where that of the upper one
        ends. So they hold both quantiles, as `numpy.quantile` finds them, and are off by less than the width of a bin:
        at most a 256th of the quantile for values that take 32 powers of two and both signs, and a 16384th of the
        span of values within one power of two.
        """
        if not self.number:
            return Limits(math.nan, math.nan)
        ends = np.cumsum(self.counts)
        ranks = math.floor(shares[0] * (self.number - 1)), math.ceil(shares[1] * (self.number - 1))
        first, last = (int(np.searchsorted(ends, rank, side="right")) for rank in ranks)
        edges = _values(np.array([self.keys[first], self.keys[last] + (1 << self.shift) - 1]))
        return Limits(max(self.low, float(edges[0])), float(np.fmin(self.high, edges[1])))

    def outside(self, limits: Limits) -> int:
        """Return how many values are not between limits that `between` gave."""
        low, high = _keys(np.array(limits, np.float64))
        return int(self.counts[(self.keys + (1 << self.shift) - 1 < low) | (self.keys > high)].sum())


@dataclass(frozen=True)
class SpreadFold:
    """Folds blocks into `Spread`; the order of blocks does not matter.

    Attributes
    ----------
    detailed : bool
        Whether quantiles are wanted.
    limits : (float, float) or None
        Those that are given.
    """

    detailed: bool = False
    limits: tuple[float, float] | None = None

    partial = Spread

    def of(self, block: DenseBlock) -> Spread:
        """Return the spread of a block."""
        values = block.values.reshape(-1)
        if not (np.isfinite(values.min()) and np.isfinite(values.max())):  # as nan is, if there is one
            values = values[np.isfinite(values)]
        low, high = finite_limits(values)
        number = values.size
        beyond = 0
        if self.limits is not None and number and (low < self.limits[0] or high > self.limits[1]):
            beyond = int(np.count_nonzero((values < self.limits[0]) | (values > self.limits[1])))
        shift, keys, counts = 0, np.empty(0, np.int64), np.empty(0, np.int64)
        if self.detailed and number:
            found = np.sort(_keys(values.astype(np.float64)))
            shift, keys, counts = _binned(found, np.ones(len(found), np.int64), 0)
        return Spread(low, high, number, block.values.size - number, beyond, shift, keys, counts)

    def merge(self, a: Spread, b: Spread) -> Spread:
        """Join two spreads."""
        shift = max(a.shift, b.shift)
        keys = np.concatenate([a.keys, b.keys])
        order = np.argsort(keys, kind="stable")
        shift, keys, counts = _binned(keys[order], np.concatenate([a.counts, b.counts])[order], shift)
        limits = Limits(a.low, a.high).wider(Limits(b.low, b.high))
        numbers = (a.number + b.number, a.missing + b.missing, a.beyond + b.beyond)
        return Spread(*limits, *numbers, shift, keys, counts)


def _keys(values: npt.NDArray[np.float64]) -> Keys:
    """Return whole numbers that are ordered as the values are: their bits, those of negative ones turned over."""
    bits = (values + 0.0).view(np.int64)  # -0.0 is 0.0
    return bits ^ ((bits >> 63) & np.int64(0x7FFF_FFFF_FFFF_FFFF))


def _values(keys: Keys) -> npt.NDArray[np.float64]:
    """Return the values of keys."""
    return (keys ^ ((keys >> 63) & np.int64(0x7FFF_FFFF_FFFF_FFFF))).view(np.float64)


def _binned(keys: Keys, counts: npt.NDArray[np.int64], shift: int) -> tuple[int, Keys, npt.NDArray[np.int64]]:
    """Return the least shift from `shift` on that gives at most `MOST` bins, their keys and counts.

    Neighbours fall into one bin where their highest different bit is among the last `shift`. The limit depends on the
    values alone, which is what makes the order of merging without effect.
    """
    if not len(keys):
        return shift, keys, counts
    steps = (keys[1:] ^ keys[:-1]).view(np.uint64)
    if len(steps) >= MOST:
        shift = max(shift, int(np.partition(steps, -MOST)[-MOST]).bit_length())
    kept: Any = keys >> shift << shift
    starts = np.flatnonzero(np.append(True, kept[1:] != kept[:-1]))
    return shift, kept[starts], np.add.reduceat(counts, starts)
