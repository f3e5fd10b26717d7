"""Blocks that were read in a first pass, kept for the second by the process that read them, as far as memory allows."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Any

import numpy.typing as npt

__all__ = ["Kept", "KEPT"]


class Kept:
    """Values by what they are of; the oldest go first when there are too many."""

    def __init__(self) -> None:
        self._values: OrderedDict[str, npt.NDArray[Any]] = OrderedDict()
        self._lock = threading.Lock()

    def put(self, key: str, values: npt.NDArray[Any], most: int) -> None:
        """Keep an array, and of the others so many that all have at most `most` bytes."""
        with self._lock:
            self._values[key] = values
            while self._values and sum(kept.nbytes for kept in self._values.values()) > most:
                self._values.popitem(last=False)

    def take(self, key: str) -> npt.NDArray[Any] | None:
        """Return what is kept, and keep it no longer."""
        with self._lock:
            return self._values.pop(key, None)


#: Of this process.
KEPT = Kept()
