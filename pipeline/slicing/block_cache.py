"""Blocks that were read in a first pass, kept for the second by the process that read them, as far as memory allows."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass
from typing import Any

import numpy.typing as npt

__all__ = ["Kept", "KEPT"]


@dataclass
class _Stretch:
    """Values of some steps, time first, of which so many were not taken yet."""

    name: str
    steps: range
    values: npt.NDArray[Any]
    left: int


class Kept:
    """Stretches of time by what they are of; the oldest go first when there are too many."""

    def __init__(self) -> None:
        self._stretches: deque[_Stretch] = deque()
        self._lock = threading.Lock()

    def put(self, name: str, steps: range, values: npt.NDArray[Any], most: int) -> None:
        """Keep the values of some steps, time first, and of the others so many that all have at most `most` bytes."""
        with self._lock:
            self._stretches.append(_Stretch(name, steps, values, len(steps)))
            while self._stretches and sum(kept.values.nbytes for kept in self._stretches) > most:
                self._stretches.popleft()

    def take(self, name: str, steps: range) -> npt.NDArray[Any] | None:
        """Return what is kept of some steps; each is taken once, and what all steps were taken of is let go."""
        with self._lock:
            for kept in self._stretches:
                inside = steps[0] in kept.steps and steps[-1] in kept.steps
                if inside and kept.name == name and kept.steps.step == steps.step:
                    kept.left -= len(steps)
                    if kept.left <= 0:
                        self._stretches.remove(kept)
                    first = kept.steps.index(steps[0])
                    return kept.values[first : first + len(steps)]
        return None


#: Of this process.
KEPT = Kept()
