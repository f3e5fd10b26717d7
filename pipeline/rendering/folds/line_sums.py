"""A long matrix, folded to the lines of its picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from pipeline.model.block import DenseBlock
from pipeline.rendering.folds.begins import begins
from pipeline.rendering.folds.limits import Limits, finite_limits

__all__ = ["LineSums", "LineSumsFold"]


class LineSums(NamedTuple):
    """Sums of the finite values of the rows that share a line of the picture.

    Attributes
    ----------
    low, high : float
        The limits of all values.
    lines : ndarray of int, shape (k,)
        Ascending.
    sums : ndarray of float64, shape (k, column)
    counts : ndarray of int32, shape (k, column)
        A column is one of the matrix, or a group of them.
    """

    low: float
    high: float
    lines: npt.NDArray[np.int64]
    sums: npt.NDArray[np.float64]
    counts: npt.NDArray[np.int32]

    @property
    def limits(self) -> Limits:
        """The limits of all values."""
        return Limits(self.low, self.high)

    def means(self, dtype: npt.DTypeLike) -> npt.NDArray[Any]:
        """Return the mean of each cell, shape (k, column); nan where it has no finite value."""
        with np.errstate(invalid="ignore"):
            means = np.clip(self.sums / self.counts, self.low, self.high)  # rounding would stripe what is constant
        return means.astype(np.promote_types(dtype, np.float32))


@dataclass(frozen=True)
class LineSumsFold:
    """Folds a matrix of `rows` rows to `lines` lines; the order of blocks matters.

    Where rows lie unevenly in time, a line without one is left out.

    Attributes
    ----------
    rows, lines : int
    groups : int or None
        Groups of columns that share a column of the picture, so that memory does not follow the units; None: each its
        own.
    """

    rows: int
    lines: int
    groups: int | None = None

    partial = LineSums

    def of(self, block: DenseBlock) -> LineSums:
        """Return the sums and counts of a block."""
        line = (block.places * self.lines // self.rows).astype(np.int64, copy=False)
        first = begins(line)
        finite = np.isfinite(block.values)
        values = block.values if finite.all() else np.where(finite, block.values, 0)
        with np.errstate(over="ignore"):
            sums = np.add.reduceat(values, first, axis=0, dtype=np.float64)
        counts = np.add.reduceat(finite, first, axis=0, dtype=np.int32)
        if self.groups is not None:
            starts = np.arange(self.groups) * values.shape[1] // self.groups
            with np.errstate(over="ignore"):
                sums = np.add.reduceat(sums, starts, axis=1)
            counts = np.add.reduceat(counts, starts, axis=1)
        return LineSums(*finite_limits(block.values), line[first], sums, counts)

    def merge(self, a: LineSums, b: LineSums) -> LineSums:
        """Join the lines, adding up the one that both have a part of."""
        lines = np.concatenate([a.lines, b.lines])
        sums = np.concatenate([a.sums, b.sums])
        counts = np.concatenate([a.counts, b.counts])
        if a.lines[-1] == b.lines[0]:
            at = len(a.lines)
            with np.errstate(over="ignore"):
                sums[at - 1] += sums[at]
            counts[at - 1] += counts[at]
            lines, sums, counts = np.delete(lines, at), np.delete(sums, at, axis=0), np.delete(counts, at, axis=0)
        return LineSums(*a.limits.wider(b.limits), lines, sums, counts)
