"""A census of a list of events: when the first and the last was, and which units there are; one look at all of it.

From it a raster's axes are known. It takes some bytes a unit, whatever the number of events.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.model.clock import Clock
from pipeline.planning.job import Job
from pipeline.slicing.events import UnitRows
from pipeline.units import SECONDS, time_unit

__all__ = ["with_census"]

#: Events that are looked at together.
_AT_ONCE = 1 << 20
#: Ids that lie so close have a row each, also those without an event: at most so many rows, or so many times the ids.
_ROWS, _TIMES_IDS = 256, 4
#: The largest difference of ids that are marked off in a table.
_TABLE = 1 << 24
#: Steps that an axis of time should have at least; each takes a power of ten in the unit of the times.
_STEPS = 2000
#: A step of this many seconds is long enough, however short the list is in comparison.
_LONGEST_STEP = 1e-3


def with_census(job: Job) -> Job:
    """Return a job of a list of events with its axes: an even axis of time, and a row a unit.

    Raises
    ------
    SettingError
        If a plot does not fit them.
    SourceError
        If the list cannot be read.
    """
    assert job.whose is not None
    unit = time_unit(job.variable.attrs.get("units", ""))
    times, ids, missing = _Extent(), _Ids(), 0
    for start in range(0, job.length, _AT_ONCE):
        part = {"event": slice(start, start + _AT_ONCE)}
        found = job.variable.isel(part).to_numpy()
        there = np.isfinite(found) if found.dtype.kind == "f" else np.ones(len(found), bool)
        missing += int(np.count_nonzero(~there))
        times.add(found if there.all() else found[there])
        if job.whose.units is not None:
            units = job.whose.units.isel(part).to_numpy()
            ids.add(units if there.all() else units[there])
    notes = job.notes
    if missing:
        notes += (f"{job.name}: {missing:,} of its {job.length:,} times are no numbers; those events are left out",)
    clock = times.clock(unit, job.whose.step)
    rows = UnitRows(job.whose.count) if job.whose.count else ids.rows()
    drawings = []
    for drawing in job.drawings:
        dims = ("time", "unit" if rows.ids is None else "units, in the order of their ids")
        signal = replace(drawing.signal, dims=dims, shape=(clock.length, rows.count), time=clock)
        drawings.append(drawing.fit(signal))
    return replace(job, whose=replace(job.whose, rows=rows), drawings=tuple(drawings), notes=notes)


class _Extent:
    """The first and the last of some times."""

    def __init__(self) -> None:
        self.first: Any = None
        self.last: Any = None

    def add(self, times: npt.NDArray[Any]) -> None:
        """Look at some times."""
        if len(times):
            low, high = times.min(), times.max()
            self.first = low if self.first is None else min(self.first, low)
            self.last = high if self.last is None else max(self.last, high)

    def clock(self, unit: str, step: float | None) -> Clock:
        """Return an even axis from 0, or from before the first time if that is far from 0, to the last time."""
        if self.first is None:
            return Clock(1, unit=unit)
        first, last = self.first.item(), self.last.item()
        span = last - first
        near = 0 <= first and (first <= span or not span)
        extent = last if near else span
        step = step or _step(float(extent), unit)
        start = 0 if near else math.floor(first / step) * step
        if isinstance(first, int):
            start = int(start)
        return Clock(int((last - start) / step) + 1, float(start), step, unit)


def _step(extent: float, unit: str) -> float:
    """Return the duration of a step for an axis of some length: a millisecond, or a power of ten that is shorter."""
    if extent <= 0:
        return 1.0
    fine = 10.0 ** math.floor(math.log10(extent / _STEPS))
    return min(fine, _LONGEST_STEP / SECONDS[unit]) if unit in SECONDS and extent < 1e9 * _LONGEST_STEP else fine


class _Ids:
    """The different ids among some."""

    def __init__(self) -> None:
        self._known = np.empty(0, np.int64)

    def add(self, ids: npt.NDArray[Any]) -> None:
        """Look at some ids."""
        if not len(ids):
            return
        low, high = int(ids.min()), int(ids.max())
        if high - low < _TABLE:
            table = np.zeros(high - low + 1, bool)
            table[ids - low] = True
            found = np.flatnonzero(table) + low
        else:
            found = np.unique(ids)
        self._known = np.union1d(self._known, found)

    def rows(self) -> UnitRows:
        """Return a row for every id from the first on, where they lie close; else for those that there are."""
        known = self._known
        if not len(known):
            return UnitRows(1)
        first, last = int(known[0]), int(known[-1])
        if 0 <= first < max(_ROWS, len(known)):
            first = 0
        count = last - first + 1
        if count <= max(_ROWS, _TIMES_IDS * len(known)):
            return UnitRows(count, first)
        return UnitRows(len(known), ids=known)
