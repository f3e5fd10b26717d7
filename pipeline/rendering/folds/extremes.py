"""The lowest and the highest point of each stretch of time, so that every peak survives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from pipeline.model.block import DenseBlock
from pipeline.rendering.folds.begins import begins
from pipeline.rendering.folds.units import of_units

__all__ = ["Extremes", "ExtremesFold", "float32"]

_BEYOND = 1e39  # past every float32


class Extremes(NamedTuple):
    """The lowest and highest point of each bin and unit; row 0 is bin `first`.

    `values`, `steps` and `wall_times` have the shape (2, bin, unit): lowest, highest.
    """

    first: int
    values: npt.NDArray[np.float32]
    steps: npt.NDArray[np.int64]
    wall_times: npt.NDArray[np.float64]

    @property
    def parts(self) -> tuple[npt.NDArray[Any], npt.NDArray[Any], npt.NDArray[Any]]:
        """Values, steps and wall times."""
        return self.values, self.steps, self.wall_times

    def points(self, unit: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64], npt.NDArray[np.float32]]:
        """Return the steps, wall times and values of the points of a column of units, each shape (point,)."""
        steps, first = np.unique(self.steps[:, :, unit].ravel(), return_index=True)
        return steps, self.wall_times[:, :, unit].ravel()[first], self.values[:, :, unit].ravel()[first]


@dataclass(frozen=True)
class ExtremesFold:
    """Folds a trace to `bins` stretches of time; the order of blocks matters.

    Attributes
    ----------
    length : int
        Kept steps.
    step : int
        Every `step`-th step is kept.
    bins : int
    units : tuple of int or None
        Those that are shown; None: all.
    """

    length: int
    step: int
    bins: int
    units: tuple[int, ...] | None

    partial = Extremes

    def of(self, block: DenseBlock) -> Extremes:
        """Return the extremes of a block; a bin without a number keeps its first point."""
        values = float32(of_units(block.values, self.units))
        bins = block.steps // self.step * self.bins // self.length
        starts = begins(bins)
        at = np.empty((2, len(starts), values.shape[1]), np.intp)
        ranks, empty = np.clip(values, -_BEYOND, _BEYOND, dtype=np.float64), np.isnan(values)
        low, high = np.where(empty, np.inf, ranks), np.where(empty, -np.inf, ranks)  # any number before none
        for row, (start, stop) in enumerate(zip(starts, np.append(starts[1:], len(bins)), strict=True)):
            at[0, row] = start + low[start:stop].argmin(axis=0)
            at[1, row] = start + high[start:stop].argmax(axis=0)
        found = np.take_along_axis(values[None], at, axis=1)
        return Extremes(int(bins[0]), found, block.steps[at], block.wall_times[at])

    def merge(self, a: Extremes, b: Extremes) -> Extremes:
        """Join the bins; where both have a part of one, keep the lower lowest and the higher highest."""
        shared = a.first + a.values.shape[1] - b.first
        if not shared:
            return Extremes(a.first, *(np.concatenate(pair, axis=1) for pair in zip(a.parts, b.parts, strict=True)))
        low_a, high_a, low_b, high_b = a.values[0, -1], a.values[1, -1], b.values[0, 0], b.values[1, 0]
        fills = np.isnan(low_a) & ~np.isnan(low_b)
        take_b = np.stack([(low_b < low_a) | fills, (high_b > high_a) | fills])
        joined = []
        for part_a, part_b in zip(a.parts, b.parts, strict=True):
            middle = np.where(take_b, part_b[:, 0], part_a[:, -1])
            joined.append(np.concatenate([part_a[:, :-1], middle[:, None], part_b[:, 1:]], axis=1))
        return Extremes(a.first, *joined)


def float32(values: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    """Return values as float32, as event files hold them; infinite where float32 cannot hold them."""
    with np.errstate(over="ignore"):
        return values.astype(np.float32, copy=False)
