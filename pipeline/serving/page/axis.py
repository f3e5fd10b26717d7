"""Where steps lie on the page's axis of time: in seconds where times have a unit that is known, else as they are."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.model.clock import Clock
from pipeline.units import SECONDS

__all__ = ["Axis"]

#: Part of a step by which a time may lie before it by rounding alone.
_NEAR = 1e-6


@dataclass(frozen=True)
class Axis:
    """The axis of one variable.

    Attributes
    ----------
    clock : Clock
    stored : ndarray of float64, shape (step,), or None
        The time of each step in seconds (or in the clock's unit, if it is none of time), where steps are uneven.
    """

    clock: Clock
    stored: npt.NDArray[np.float64] | None = None

    @property
    def unit(self) -> str:
        """``s``, ``step``, or the unit that the file names."""
        return "s" if self.clock.unit in SECONDS else self.clock.unit or "?"

    @property
    def extent(self) -> tuple[float, float]:
        """The begin of the first step and the end of the last."""
        ends = self.at(np.array([0, self.clock.length]))
        return float(ends[0]), float(ends[1])

    def at(self, steps: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
        """Return when steps begin; the one after the last begins a mean step after it."""
        if self.stored is None:
            return np.asarray(self.clock.seconds(np.asarray(steps, np.float64)))
        last = len(self.stored) - 1
        past = np.maximum(np.asarray(steps) - last, 0) * self.clock.step * SECONDS.get(self.clock.unit, 1.0)
        return np.asarray(self.stored[np.minimum(steps, last)] + past)

    def step(self, time: float) -> float:
        """Return the step at a time, from 0 to the number of steps; of uneven ones the last that has begun."""
        if self.stored is None:
            found = (time / SECONDS.get(self.clock.unit, 1.0) - self.clock.start) / self.clock.step
        elif time >= self.extent[1]:
            found = float(self.clock.length)
        else:
            found = float(np.searchsorted(self.stored, time, side="right")) - 1
        return float(min(max(found, 0.0), self.clock.length))

    def steps(self, start: float | None, stop: float | None) -> tuple[int, int]:
        """Return the first step of a stretch of time and the one past its last; at least one step is in it."""
        first = 0 if start is None else math.floor(self.step(start) + _NEAR)
        past = self.clock.length if stop is None else math.floor(self.step(stop) + _NEAR) + 1
        first = min(first, self.clock.length - 1)
        return first, max(first + 1, min(past, self.clock.length))

    def as_counted(self, counted: bool) -> Axis:
        """Return an axis that counts steps, if that is what is wanted."""
        return Axis(Clock(self.clock.length)) if counted else self
