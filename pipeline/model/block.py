"""Blocks: a part of a signal, read. Some steps of a dense one, or some events of a list."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["DenseBlock", "EventBlock"]


@dataclass(frozen=True)
class DenseBlock:
    """Some steps of a variable, read.

    Attributes
    ----------
    values : ndarray, shape (k, ...)
        Time first.
    steps : ndarray of int64, shape (k,)
    wall_times : ndarray of float64, shape (k,)
        Simulated time in seconds.
    uneven : ndarray of float64, shape (k,), or None
        Where each step lies on the even axis of time of pictures (`Clock.place`); None where steps are even.
    """

    values: npt.NDArray[Any]
    steps: npt.NDArray[np.int64]
    wall_times: npt.NDArray[np.float64]
    uneven: npt.NDArray[np.float64] | None = None

    def __len__(self) -> int:
        return len(self.steps)

    @property
    def places(self) -> npt.NDArray[Any]:
        """Where each step lies on the even axis of time, in steps; shape (k,)."""
        return self.steps if self.uneven is None else self.uneven

    def every(self, step: int) -> DenseBlock:
        """Return the steps that are multiples of `step`."""
        if step == 1 or not len(self.steps):
            return self
        kept = self.steps % step == 0
        return self if kept.all() else self.part(kept)

    def strips(self, size: int) -> Iterator[DenseBlock]:
        """Yield its steps in order, so many at a time that their values have about `size` bytes."""
        steps = max(1, size * len(self.steps) // max(1, self.values.nbytes))
        return (self.part(slice(at, at + steps)) for at in range(0, len(self.steps), steps))

    def part(self, which: Any) -> DenseBlock:
        """Return some of its steps, given as a slice or as a mask."""
        uneven = None if self.uneven is None else self.uneven[which]
        return DenseBlock(self.values[which], self.steps[which], self.wall_times[which], uneven)


@dataclass(frozen=True)
class EventBlock:
    """Some events of a list, read; they need not be in the order of time.

    Attributes
    ----------
    places : ndarray of float64, shape (k,)
        When each was: where it lies on the even axis of time of pictures, in steps.
    rows : ndarray of int64, shape (k,)
        Whose each was: the row of its unit.
    """

    places: npt.NDArray[np.float64]
    rows: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.places)

    def every(self, step: int) -> EventBlock:
        """Return itself: of events none is left out."""
        return self

    def strips(self, size: int) -> Iterator[EventBlock]:
        """Yield its events in order, so many at a time that they have about `size` bytes."""
        events = max(1, size // (self.places.itemsize + self.rows.itemsize))
        return (self.part(slice(at, at + events)) for at in range(0, len(self), events))

    def part(self, which: Any) -> EventBlock:
        """Return some of its events, given as a slice or as a mask."""
        return EventBlock(self.places[which], self.rows[which])
