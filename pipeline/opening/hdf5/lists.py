"""Lists of events as lazy arrays, where a file keeps them unit by unit: in one dataset with ends, or in many."""

from __future__ import annotations

from functools import cached_property
from itertools import accumulate
from typing import Any

import numpy as np
import numpy.typing as npt
from xarray.core import indexing

from pipeline.opening.hdf5.lazy_array import FromFiles, StoredArray

__all__ = ["JoinedArray", "RaggedUnits"]


class _Line(FromFiles):
    """An array of one dimension, read as stretches."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]

    def __getitem__(self, key: indexing.ExplicitIndexer) -> Any:
        return indexing.explicit_indexing_adapter(key, self.shape, indexing.IndexingSupport.BASIC, self._part)

    def _part(self, key: tuple[int | slice, ...]) -> Any:
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
