"""Blocks of a first pass, cached for the second by the process that read them, as far as memory allows."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass
from typing import Any

import numpy.typing as npt

__all__ = ["BLOCKS", "BlockCache"]


@dataclass
class _Stretch:
    """Values of some steps, time first; `left` of these steps were not taken yet."""

    name: str
    steps: range
    values: npt.NDArray[Any]
    left: int


class BlockCache:
    """Stretches of time by the name of what they are of; the oldest go first when there are too many."""

    def __init__(self) -> None:
        self._stretches: deque[_Stretch] = deque()
        self._lock = threading.Lock()

    def put(self, name: str, steps: range, values: npt.NDArray[Any], most: int) -> None:
        """Add the values of some steps, time first, and drop the oldest so that all have at most `most` bytes."""
        with self._lock:
            self._stretches.append(_Stretch(name, steps, values, len(steps)))
            while self._stretches and sum(cached.values.nbytes for cached in self._stretches) > most:
                self._stretches.popleft()

    def take(self, name: str, steps: range) -> npt.NDArray[Any] | None:
        """Return the values of some steps if they are cached; a stretch goes when all its steps were taken."""
        with self._lock:
            for cached in self._stretches:
                inside = steps[0] in cached.steps and steps[-1] in cached.steps
                if inside and cached.name == name and cached.steps.step == steps.step:
                    cached.left -= len(steps)
                    if cached.left <= 0:
                        self._stretches.remove(cached)
                    first = cached.steps.index(steps[0])
                    return cached.values[first : first + len(steps)]
        return None


#: The one cache of a process, because workers never share blocks.
BLOCKS = BlockCache()
