"""Clocks: the time of each step of a signal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, overload

import numpy as np
import numpy.typing as npt

from pipeline.units import SECONDS

__all__ = ["Clock"]


@dataclass(frozen=True)
class Clock:
    """Times ``start + step * i``, ``i`` below `length`; of uneven ones `step` is the mean.

    Attributes
    ----------
    length : int
    start, step : float
        In `unit`.
    unit : str
        ``step`` where steps are counted; empty where times are known and their unit is not.
    even : bool
        Whether every step lasts `step`. Pictures have an even axis of time all the same, on which `DenseBlock.places`
        says where each step lies.
    """

    length: int
    start: float = 0.0
    step: float = 1.0
    unit: str = "step"
    even: bool = True

    @property
    def label(self) -> str:
        """The axis label, with the unit."""
        return {"step": "time (steps)", "": "time"}.get(self.unit) or f"time ({self.unit})"

    @overload
    def at(self, step: float) -> float: ...
    @overload
    def at(self, step: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]: ...
    def at(self, step: Any) -> Any:
        """Return the time at a place on the even axis, which is a step's where steps are even, in `unit`."""
        return self.start + self.step * step

    @overload
    def seconds(self, step: float) -> float: ...
    @overload
    def seconds(self, step: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]: ...
    def seconds(self, step: Any) -> Any:
        """Return the time at a place in seconds; a step of unknown duration counts as one second."""
        return self.at(step) * SECONDS.get(self.unit, 1.0)

    def place(self, seconds: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Return where times lie on the even axis, from 0 to ``length - 1``."""
        places = (seconds / SECONDS.get(self.unit, 1.0) - self.start) / self.step
        return np.clip(places, 0, self.length - 1)

    def caption(self, step: int, seconds: float | None = None) -> str:
        """Return a step and its time in words for a picture; of uneven times, where `seconds` says it."""
        if self.unit == "step" or not self.even and seconds is None:
            return f"step {step}"
        time = self.at(step) if self.even or seconds is None else seconds / SECONDS.get(self.unit, 1.0)
        return f"{self.words(time)} (step {step})"

    def duration(self, steps: int) -> str:
        """Return in words how long some steps last, where that is known; else how many they are.

        Examples
        --------
        >>> Clock(1000, 0.0, 0.1, "ms").duration(100), Clock(1000).duration(1)
        ('10 ms', '1 step')
        """
        if self.unit in ("step", "") or not self.even:
            return "1 step" if steps == 1 else f"{steps:,} steps"
        return f"{self.step * steps:.7g} {self.unit}"

    def words(self, time: float) -> str:
        """Return a time in `unit` in words."""
        return f"step {time:.7g}" if self.unit == "step" else f"{time:.7g} {self.unit}".rstrip()
