"""The time coordinate: evenly spaced, held as three numbers however long the run, and selected by value with units."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr
from xarray.core.indexes import Index
from xarray.core.indexing import IndexSelResult
from xarray.indexes import RangeIndex
from xarray.indexes.range_index import RangeCoordinateTransform

from pipeline.opening.stored_times import Times

__all__ = ["TimeIndex", "time_coordinate"]


class _Times(RangeCoordinateTransform):
    """Times ``start + step * i``; the step is kept as given, where xarray may work it out from start and stop."""

    def __init__(self, start: float, step: float, size: int, name: Hashable = "time", dim: str = "time") -> None:
        super().__init__(start, start + step * size, size, name, dim)
        self.given = step

    @property
    def step(self) -> float:
        return self.given


class TimeIndex(Times, RangeIndex):
    """A range of times. ``sel(time=slice("100 ms", "200 ms"))`` holds both ends; a single label takes the nearest step.

    Labels are numbers in the coordinate's unit, or text with a unit.
    """

    @classmethod
    def evenly(cls, start: float, step: float, size: int, unit: str) -> TimeIndex:
        """Return the index of `size` times ``start + i * step``, in `unit`."""
        return cls._of(_Times(start, step, size), unit)

    @classmethod
    def _of(cls, transform: RangeCoordinateTransform, unit: str) -> TimeIndex:
        index = cls(transform)
        index.unit = unit
        return index

    def isel(self, indexers: Mapping[Any, Any]) -> Index | None:
        """Select by position; a slice stays a `TimeIndex`."""
        chosen = indexers[self.dim]
        if not isinstance(chosen, slice):
            return super().isel(indexers)
        kept = range(self.size)[chosen]
        start, step = self.start + self.step * kept.start, self.step * kept.step
        return self._of(_Times(start, step, len(kept), self.coord_name, self.dim), self.unit)

    def rename(self, name_dict: Mapping[Any, Any], dims_dict: Mapping[Any, Any]) -> TimeIndex:
        """Rename the coordinate."""
        return self._of(super().rename(name_dict, dims_dict).transform, self.unit)

    def sel(self, labels: dict[Any, Any], method: str | None = None, tolerance: Any = None) -> IndexSelResult:
        """Select by time."""
        label = labels[self.dim]
        if isinstance(label, slice):
            first = 0 if label.start is None else math.ceil(self._position(label.start) - 1e-6)
            last = self.size - 1 if label.stop is None else math.floor(self._position(label.stop) + 1e-6)
            stride = 1 if label.step is None else max(1, round(self.number(label.step) / self.step))
            return IndexSelResult({self.dim: slice(max(first, 0), max(last + 1, 0), stride)})
        nearest = np.rint(np.vectorize(self._position, otypes=[float])(label))
        if not ((nearest >= 0) & (nearest < self.size)).all():
            end = self.start + self.step * (self.size - 1)
            raise KeyError(f"time {label!r}: this run is from {self.start:g} to {end:g} {self.unit}")
        positions = nearest.astype(np.intp)
        if isinstance(label, xr.DataArray | xr.Variable):
            positions = xr.Variable(label.dims, positions)
        return IndexSelResult({self.dim: positions if positions.ndim else int(positions)})

    @property
    def values(self) -> npt.NDArray[np.float64]:
        """The times, shape ``(time,)``."""
        return np.asarray(self.start + self.step * np.arange(self.size), np.float64)

    @property
    def named(self) -> Hashable:
        """The name of the coordinate."""
        return self.coord_name

    def equals(self, other: Index, **options: Any) -> bool:
        """Whether times and their unit are the same."""
        return isinstance(other, TimeIndex) and other.unit == self.unit and RangeIndex.equals(self, other, **options)

    def _position(self, label: Any) -> float:
        return (self.number(label) - self.start) / self.step


def time_coordinate(size: int, dt: tuple[float, str] | None, start: float = 0.0) -> xr.Coordinates:
    """Return the lazy coordinate ``time`` of `size` steps of duration `dt` (number, unit), or of step numbers."""
    step, unit = dt or (1.0, "step")
    index = TimeIndex.evenly(start, step, size, unit)
    coords = xr.Coordinates.from_xindex(index)
    coords["time"].attrs.update(units=unit, long_name="time")
    return coords
