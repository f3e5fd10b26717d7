"""The time coordinate: evenly spaced, held as three numbers however long the run, and selected by value with units."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import xarray as xr
from xarray.core.indexes import Index
from xarray.core.indexing import IndexSelResult
from xarray.indexes import RangeIndex
from xarray.indexes.range_index import RangeCoordinateTransform

from pipeline.settings import SECONDS, duration

__all__ = ["TimeIndex", "time_coordinate"]


class TimeIndex(RangeIndex):
    """A range of times. ``sel(time=slice("100 ms", "200 ms"))`` holds both ends; a single label takes the nearest step.

    Labels are numbers in the coordinate's unit, or durations with a unit.
    """

    unit: str = "step"

    @classmethod
    def evenly(cls, start: float, step: float, size: int, unit: str) -> TimeIndex:
        """Return the index of `size` times ``start + i * step``, in `unit`."""
        transform = RangeCoordinateTransform(start, start + step * size, size, "time", "time", step=step)
        index = cls(transform)
        index.unit = unit
        return index

    def isel(self, indexers: Mapping[Any, Any]) -> Index | None:
        """Select by position; a slice stays a `TimeIndex`."""
        found = super().isel(indexers)
        if isinstance(found, RangeIndex):
            return TimeIndex.evenly(found.start, found.step, found.size, self.unit)
        return found

    def sel(self, labels: dict[Any, Any], method: str | None = None, tolerance: Any = None) -> IndexSelResult:
        """Select by time."""
        label = labels[self.dim]
        if isinstance(label, slice):
            first = 0 if label.start is None else math.ceil(self._position(label.start) - 1e-6)
            last = self.size - 1 if label.stop is None else math.floor(self._position(label.stop) + 1e-6)
            stride = 1 if label.step is None else max(1, round(self._value(label.step) / self.step))
            return IndexSelResult({self.dim: slice(max(first, 0), max(last + 1, 0), stride)})
        if isinstance(label, str):
            label = self._value(label)
        return super().sel({self.dim: label}, method="nearest", tolerance=tolerance)

    def _value(self, label: Any) -> float:
        if not isinstance(label, str):
            return float(label)
        number, unit = duration(label)
        if self.unit not in SECONDS:
            raise KeyError(f"time {label!r}: this run counts steps, since the duration of one is not known (give dt)")
        return number * SECONDS[unit] / SECONDS[self.unit]

    def _position(self, label: Any) -> float:
        return (self._value(label) - self.start) / self.step


def time_coordinate(size: int, dt: tuple[float, str] | None) -> xr.Coordinates:
    """Return the lazy coordinate ``time`` of `size` steps of duration `dt` (number, unit), or of step numbers."""
    step, unit = dt or (1.0, "step")
    index = TimeIndex.evenly(0.0, step, size, unit)
    coords = xr.Coordinates.from_xindex(index)
    coords["time"].attrs.update(units=unit, long_name="time")
    return coords
