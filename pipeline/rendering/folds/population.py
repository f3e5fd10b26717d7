"""A population at each step: its mean, and the range that its units, or most of them, lie in."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from pipeline.model.block import DenseBlock
from pipeline.rendering.folds.begins import begins
from pipeline.rendering.folds.envelope import Envelope, EnvelopeFold

__all__ = ["Population", "PopulationEnvelopeFold", "PopulationFold", "population_of"]

Values = npt.NDArray[np.float64]


class Population(NamedTuple):
    """Stretches of time; row 0 is stretch `first`.

    Attributes
    ----------
    first : int
    sums, low, high : ndarray of float64, shape (k,)
        Of the finite values of all units at all steps of the stretch; nan where there is none.
    counts : ndarray of int64, shape (k,)
    steps : ndarray of int64, shape (k,)
    wall_times : ndarray of float64, shape (k,)
        Of the first step.
    """

    first: int
    sums: Values
    low: Values
    high: Values
    counts: npt.NDArray[np.int64]
    steps: npt.NDArray[np.int64]
    wall_times: Values

    def columns(self) -> Values:
        """Return the mean, the lower and the upper end, shape (k, 3)."""
        with np.errstate(invalid="ignore"):
            return np.stack([self.sums / self.counts, self.low, self.high], axis=1)


def population_of(block: DenseBlock, shares: tuple[float, float] | None) -> Population:
    """Return the population at each step of a block.

    Parameters
    ----------
    shares : (float, float) or None
        What parts of the values are below the ends, as `numpy.quantile` has it; None: the ends are the lowest and the
        highest value.
    """
    values = block.values.reshape(len(block), -1)
    low, high = values.min(axis=1), values.max(axis=1)
    whole = np.isfinite(low) & np.isfinite(high)  # what is not finite is an end, or makes both nan
    found = np.full((3, len(block)), np.nan)
    counts = np.full(len(block), values.shape[1])
    if whole.all():
        found[:] = _sums(values), low, high
    else:
        found[:, whole] = _sums(values[whole]), low[whole], high[whole]
        finite = np.isfinite(values[~whole])
        counts[~whole] = np.count_nonzero(finite, axis=1)
        some = np.where(finite, values[~whole], np.nan).astype(np.float64)
        found[:, ~whole] = _sums(np.where(finite, some, 0)), np.fmin.reduce(some, axis=1), np.fmax.reduce(some, axis=1)
    if shares is not None and (full := counts == values.shape[1]).any():
        found[1:, full] = np.quantile(values[full].astype(np.float64), shares, axis=1)
    if shares is not None and (few := (counts > 0) & (counts < values.shape[1])).any():
        some = np.where(np.isfinite(values[few]), values[few], np.nan).astype(np.float64)
        found[1:, few] = np.nanquantile(some, shares, axis=1)
    return Population(0, found[0], found[1], found[2], counts, block.steps, block.wall_times)


def _sums(values: npt.NDArray[Any]) -> Values:
    with np.errstate(over="ignore"):
        return np.asarray(values.sum(axis=1, dtype=np.float64))


@dataclass(frozen=True)
class PopulationFold:
    """Folds a variable to `bins` stretches of time; the order of blocks matters.

    The ends of a stretch are the lowest and the highest of the ends of its steps, so that no peak is lost.

    Attributes
    ----------
    length : int
        Kept steps.
    step : int
        Every `step`-th step is kept.
    bins : int
    shares : (float, float) or None
    """

    length: int
    step: int
    bins: int
    shares: tuple[float, float] | None

    partial = Population

    def of(self, block: DenseBlock) -> Population:
        """Return the stretches of a block."""
        each = population_of(block, self.shares)
        bins = block.steps // self.step * self.bins // self.length
        starts = begins(bins)
        with np.errstate(over="ignore"):
            sums = np.add.reduceat(each.sums, starts)
        return Population(
            int(bins[0]),
            sums,
            np.fmin.reduceat(each.low, starts),
            np.fmax.reduceat(each.high, starts),
            np.add.reduceat(each.counts, starts),
            block.steps[starts],
            block.wall_times[starts],
        )

    def merge(self, a: Population, b: Population) -> Population:
        """Join the stretches, uniting the one that both have a part of."""
        shared = a.first + len(a.sums) - b.first
        cut = len(a.sums) - shared
        unite: dict[str, Any] = {"sums": np.add, "counts": np.add, "low": np.fmin, "high": np.fmax}
        joined = []
        for name in Population._fields[1:]:
            one, other = getattr(a, name), getattr(b, name)
            with np.errstate(over="ignore"):
                middle = unite[name](one[cut:], other[:shared]) if name in unite else one[cut:]
            joined.append(np.concatenate([one[:cut], middle, other[shared:]]))
        return Population(a.first, *joined)


@dataclass(frozen=True)
class PopulationEnvelopeFold:
    """Folds a variable to the curves of its mean, its lower and its upper end in the columns of a picture.

    Attributes
    ----------
    columns : EnvelopeFold
    shares : (float, float) or None
    """

    columns: EnvelopeFold
    shares: tuple[float, float] | None

    partial = Envelope

    def of(self, block: DenseBlock) -> Envelope:
        """Return the envelope of the three curves in a block."""
        return self.columns.of(replace(block, values=population_of(block, self.shares).columns()))

    def merge(self, a: Envelope, b: Envelope) -> Envelope:
        """Join the columns."""
        return self.columns.merge(a, b)
