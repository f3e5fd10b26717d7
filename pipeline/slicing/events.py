"""Lists of events, read part by part: times become places on an even axis, ids of units become rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from pipeline.model.block import EventBlock
from pipeline.model.clock import Clock
from pipeline.slicing.blocks import Block

__all__ = ["EventSlice", "UnitRows"]


#: Part of a step by which places lie later: an event at the very begin of a step is in it, whatever its rounding.
_NEAR = 1e-6


@dataclass(frozen=True)
class UnitRows:
    """Which row of a raster a unit has.

    Attributes
    ----------
    count : int
        Rows.
    first : int
        The id in row 0, where ids follow each other.
    ids : ndarray of int64, shape (count,), or None
        The ids in ascending order, one a row, where they do not.
    """

    count: int
    first: int = 0
    ids: npt.NDArray[np.int64] | None = None

    def of(self, units: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
        """Return the rows of ids."""
        return np.asarray(units - self.first if self.ids is None else np.searchsorted(self.ids, units), np.int64)


@dataclass(frozen=True)
class EventSlice:
    """A part of a list of events, not yet read: all that a worker needs to read it.

    Attributes
    ----------
    times, units : xarray.Variable, shape (event,)
        The events of `block` alone; lazy. No units: all are of one.
    block : Block
        Numbers of events.
    clock : Clock
        The even axis of time that they are put on.
    rows : UnitRows
    """

    times: xr.Variable
    units: xr.Variable | None
    block: Block
    clock: Clock
    rows: UnitRows

    def read(self, *, cache: bool = False) -> EventBlock:
        """Return the events whose time is a number; there is no second pass to cache them for."""
        times = self.times.to_numpy()
        places = places_of(times, self.clock)
        units = np.zeros(len(times), np.int64) if self.units is None else self.units.to_numpy()
        there = np.isfinite(places)
        if not there.all():
            places, units = places[there], units[there]
        return EventBlock(np.clip(places, 0, self.clock.length - _NEAR), self.rows.of(units))


def places_of(times: npt.NDArray[Any], clock: Clock) -> npt.NDArray[np.float64]:
    """Return where times lie on an even axis, in steps; whole numbers keep all their digits, such as nanoseconds."""
    since = times - times.dtype.type(clock.start) if times.dtype.kind in "iu" else times - clock.start
    return np.asarray(since / clock.step, np.float64) + _NEAR
