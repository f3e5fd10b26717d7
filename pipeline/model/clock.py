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
    """Evenly spaced times ``start + step * i``, ``i`` below `length`.

    Attributes
    ----------
    length : int
    start, step : float
        In `unit`.
    unit : str
        ``step`` where the duration of a step is not known.
    """

    length: int
    start: float = 0.0
    step: float = 1.0
    unit: str = "step"

    @property
    def label(self) -> str:
        """The axis label, with the unit."""
        return "time (steps)" if self.unit == "step" else f"time ({self.unit})"

    @overload
    def at(self, step: float) -> float: ...
    @overload
    def at(self, step: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]: ...
    def at(self, step: Any) -> Any:
        """Return the time of a step (or of an array of them), in `unit`."""
        return self.start + self.step * step

    @overload
    def seconds(self, step: float) -> float: ...
    @overload
    def seconds(self, step: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]: ...
    def seconds(self, step: Any) -> Any:
        """Return the time of a step in seconds; a step of unknown duration counts as one second."""
        return self.at(step) * SECONDS.get(self.unit, 1.0)

    def caption(self, step: int) -> str:
        """Return a step in words, for a picture."""
        return f"step {step}" if self.unit == "step" else f"{self.at(step):.7g} {self.unit} (step {step})"

    def words(self, time: float) -> str:
        """Return a time in `unit` in words."""
        return f"step {time:.7g}" if self.unit == "step" else f"{time:.7g} {self.unit}"
