"""Lazy arrays of several datasets: lists of events that a file keeps unit by unit, channels, iterations."""

from __future__ import annotations

import math
from functools import cached_property
from itertools import accumulate
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.opening.hdf5.lazy_array import FromFiles, StoredArray

__all__ = ["JoinedArray", "PulsedTimes", "RaggedUnits", "ReshapedArray", "StackedArray"]


class _Line(FromFiles):
    """An array of one dimension, read as stretches."""

    def read(self, key: tuple[int | slice, ...]) -> Any:
        """Read the values at `key`."""
        (part,) = key
        if not isinstance(part, slice):
            return self.stretch(int(part), int(part) + 1)[0]
        wanted = range(*part.indices(self.shape[0]))
        if not len(wanted):
            return np.empty(0, self.dtype)
        low, high = min(wanted[0], wanted[-1]), max(wanted[0], wanted[-1])
        found = self.stretch(low, high + 1)[:: abs(wanted.step)]
        return found if wanted.step > 0 else found[::-1]

    def stretch(self, start: int, stop: int) -> npt.NDArray[Any]:
        """Return the values from `start` to before `stop`."""
        raise NotImplementedError


class JoinedArray(_Line):
    """Datasets of one dimension, one behind the other."""

    def __init__(self, parts: tuple[StoredArray, ...]) -> None:
        self.parts = parts
        self.dtype = np.result_type(*(part.dtype for part in parts))
        self.shape = (sum(part.shape[0] for part in parts),)

    @cached_property
    def _ends(self) -> list[int]:
        return list(accumulate(part.shape[0] for part in self.parts))

    @property
    def paths(self) -> tuple[str, ...]:
        """The files that they are in."""
        return tuple(dict.fromkeys(path for part in self.parts for path in part.paths))

    def identity(self) -> tuple[Any, ...]:
        """Return what the values depend on besides the files."""
        return tuple(part.identity() for part in self.parts)

    def stretch(self, start: int, stop: int) -> npt.NDArray[Any]:
        """Return the values from `start` to before `stop`; only the datasets that have some are opened."""
        found = []
        for part, end in zip(self.parts, self._ends, strict=True):
            begin = end - part.shape[0]
            low, high = max(start, begin), min(stop, end)
            if low < high:
                found.append(part.read((slice(low - begin, high - begin),)))
        return np.concatenate(found).astype(self.dtype, copy=False)


class StackedArray(FromFiles):
    """Datasets of one shape, each of which is one index of an axis: a channel, or an iteration of a simulation."""

    def __init__(self, parts: tuple[StoredArray, ...], axis: int) -> None:
        self.parts, self.axis = parts, axis
        self.dtype = np.result_type(*(part.dtype for part in parts))
        inner = parts[0].shape
        self.shape = (*inner[:axis], len(parts), *inner[axis:])

    @property
    def paths(self) -> tuple[str, ...]:
        """The files that they are in."""
        return tuple(dict.fromkeys(path for part in self.parts for path in part.paths))

    def identity(self) -> tuple[Any, ...]:
        """Return what the values depend on besides the files."""
        return (self.axis, *(part.identity() for part in self.parts))

    def read(self, key: tuple[int | slice, ...]) -> Any:
        """Read the values at `key`."""
        which, inner = key[self.axis], (*key[: self.axis], *key[self.axis + 1 :])
        if not isinstance(which, slice):
            return self.parts[which].read(inner).astype(self.dtype, copy=False)
        wanted = self.parts[which]
        if not wanted:
            return np.empty([0] * sum(isinstance(part, slice) for part in key), self.dtype)
        at = sum(isinstance(part, slice) for part in key[: self.axis])
        return np.stack([part.read(inner) for part in wanted], axis=at).astype(self.dtype, copy=False)


class PulsedTimes(_Line):
    """Times of events in seconds, where the file has offsets from pulses, and the first event of each pulse."""

    def __init__(
        self, offsets: StoredArray, first: StoredArray, zeros: StoredArray, seconds: tuple[float, ...]
    ) -> None:
        self.offsets, self.first, self.zeros, self.seconds = offsets, first, zeros, seconds
        self.shape, self.dtype = offsets.shape, np.dtype(np.float64)

    @property
    def paths(self) -> tuple[str, ...]:
        """The file that they are in."""
        return self.offsets.paths

    def identity(self) -> tuple[Any, ...]:
        """Return what the values depend on besides the file."""
        return (self.seconds, *(part.identity() for part in (self.offsets, self.first, self.zeros)))

    def stretch(self, start: int, stop: int) -> npt.NDArray[Any]:
        """Return the times of the events from `start` to before `stop`; the pulses are read whole."""
        pulses = min(self.first.shape[0], self.zeros.shape[0])
        first = self.first.read((slice(0, pulses),)).astype(np.int64)
        zeros = self.zeros.read((slice(0, pulses),)) * self.seconds[1]
        pulse = np.searchsorted(first, np.arange(start, stop), side="right") - 1
        return np.asarray(zeros[pulse] + self.offsets.read((slice(start, stop),)) * self.seconds[0], np.float64)


class ReshapedArray(FromFiles):
    """A dataset of one dimension in which steps lie flat, one behind the other."""

    def __init__(self, flat: StoredArray, inner: tuple[int, ...]) -> None:
        self.flat, self.inner = flat, inner
        self.dtype = flat.dtype
        self.shape = (flat.shape[0] // max(1, math.prod(inner)), *inner)

    @property
    def paths(self) -> tuple[str, ...]:
        """The file that it is in."""
        return self.flat.paths

    def identity(self) -> tuple[Any, ...]:
        """Return what the values depend on besides the file."""
        return (self.inner, self.flat.identity())

    def read(self, key: tuple[int | slice, ...]) -> Any:
        """Read the values at `key`."""
        first, *rest = key
        wanted = range(*first.indices(self.shape[0])) if isinstance(first, slice) else range(first, first + 1)
        low, high = (min(wanted[0], wanted[-1]), max(wanted[0], wanted[-1]) + 1) if wanted else (0, 0)
        size = math.prod(self.inner)
        values = self.flat.read((slice(low * size, high * size),)).reshape(high - low, *self.inner)
        picked = slice(None, None, wanted.step) if isinstance(first, slice) else 0
        return values[(picked, *rest)]


class RaggedUnits(_Line):
    """The unit of each event where those of a unit follow each other: its number, worked out from where each ends."""

    def __init__(self, ends: npt.NDArray[np.int64]) -> None:
        self.ends = ends
        self.shape = (int(ends[-1]) if len(ends) else 0,)
        self.dtype = np.dtype(np.int64)

    @property
    def paths(self) -> tuple[str, ...]:
        """No file is read; what the ends were read from is that of the times."""
        return ()

    def identity(self) -> tuple[Any, ...]:
        """Return what the values depend on."""
        return tuple(self.ends.tolist())

    def stretch(self, start: int, stop: int) -> npt.NDArray[np.int64]:
        """Return the units of the events from `start` to before `stop`."""
        first, last = np.searchsorted(self.ends, [start, stop - 1], side="right")
        ends = np.clip(self.ends[first : last + 1], start, stop)
        return np.repeat(np.arange(first, last + 1), np.diff(ends, prepend=start))
