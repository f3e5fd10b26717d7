"""Spikes, counted into the cells of pictures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from pipeline.errors import SettingError
from pipeline.model.block import DenseBlock, EventBlock
from pipeline.rendering.folds.begins import begins

__all__ = ["Counts", "CountsFold", "spikes_of", "starts_of_groups"]


class Counts(NamedTuple):
    """Spikes by column and row of the pictures, those of all windows side by side.

    Attributes
    ----------
    first : int
        The number of the first column.
    spikes : ndarray of int32, shape (column, row)
    """

    first: int
    spikes: npt.NDArray[np.int32]


@dataclass(frozen=True)
class CountsFold:
    """Folds spikes to counts, those of (time, unit) arrays and those of lists; the order of blocks makes no difference.

    Attributes
    ----------
    span : int
        Steps of a window, which is one picture.
    units : int
    columns, rows : int
        Cells of a picture, at most one a step and one a unit.
    """

    span: int
    units: int
    columns: int
    rows: int

    partial = Counts

    def of(self, block: DenseBlock | EventBlock) -> Counts:
        """Return the counts of a block.

        Raises
        ------
        SettingError
            If its values are floats other than 0 and 1.
        """
        column = self._columns(block.places)
        if isinstance(block, EventBlock):
            return self._of_events(column, block.rows)
        spikes = spikes_of(block.values.reshape(len(block.steps), self.units))
        starts = begins(column)
        counts = _add(spikes, starts)
        if self.rows < self.units:
            counts = np.add.reduceat(counts, starts_of_groups(self.units, self.rows), axis=1)
        first = int(column[0])
        found = np.zeros((int(column[-1]) - first + 1, self.rows), np.int32)
        found[column[starts] - first] = counts
        return Counts(first, found)

    def _columns(self, places: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
        """Return the column of each place in time, counted through all windows."""
        window, inside = np.divmod(places, self.span)
        return np.asarray(window * self.columns + inside * self.columns // self.span, np.int64)

    def _of_events(self, column: npt.NDArray[np.int64], row: npt.NDArray[np.int64]) -> Counts:
        first, last = int(column.min()), int(column.max())
        cell = (column - first) * self.rows + (row if self.rows == self.units else row * self.rows // self.units)
        found = np.bincount(cell, minlength=(last - first + 1) * self.rows)
        return Counts(first, found.astype(np.int32).reshape(-1, self.rows))

    def merge(self, a: Counts, b: Counts) -> Counts:
        """Join the columns, adding up those that both have; between them there may be columns without a spike."""
        first = min(a.first, b.first)
        last = max(a.first + len(a.spikes), b.first + len(b.spikes))
        joined = np.zeros((last - first, self.rows), np.int32)
        for part in (a, b):
            joined[part.first - first : part.first - first + len(part.spikes)] += part.spikes
        return Counts(first, joined)

    def window(self, counts: Counts, start: int) -> npt.NDArray[np.int32]:
        """Return the counts of the window that begins at step `start`, shape (column, row); 0 where none are known."""
        first = start // self.span * self.columns - counts.first
        inside = counts.spikes[max(0, first) : max(0, first + self.columns)]
        before = min(self.columns, max(0, -first))
        return np.pad(inside, ((before, self.columns - before - len(inside)), (0, 0)))


def starts_of_groups(count: int, groups: int) -> npt.NDArray[np.intp]:
    """Return where each of `groups` begins, when number ``i`` of `count` is in group ``i * groups // count``.

    Examples
    --------
    >>> starts_of_groups(5, 2).tolist()
    [0, 3]
    """
    return begins(np.arange(count) * groups // count)


def spikes_of(values: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    """Return which values are spikes; of floats only 0 and 1 say so.

    Raises
    ------
    SettingError
        If there are floats other than 0 and 1.
    """
    if values.dtype == bool:
        return values
    if values.dtype.kind != "f":
        return np.asarray(values > 0)
    spikes = np.asarray(values == 1)
    if np.count_nonzero(spikes) != np.count_nonzero(values != 0):  # of booleans it is several times as fast
        others = values[(values != 0) & ~spikes & ~np.isnan(values)]
        if others.size:
            found = f"{others[0]:g}"
            raise SettingError(
                f"a raster needs spikes, 0 and 1; this holds values such as {found} (kind=trace shows them)"
            )
    return spikes


def _add(spikes: npt.NDArray[np.bool_], starts: npt.NDArray[np.intp]) -> npt.NDArray[np.int32]:
    """Return the number of spikes of each stretch of steps, shape (len(starts), units)."""
    if len(starts) == len(spikes):
        return spikes.astype(np.int32)
    return np.add.reduceat(spikes, starts, axis=0, dtype=np.int32)
