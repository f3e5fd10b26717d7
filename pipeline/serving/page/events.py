"""A list of events over any stretch of time: from a grid of counts where columns are wide, else from the events.

Of each block it is known when its first and its last event was, so that of a list in order few blocks are read.
"""

from __future__ import annotations

import math
import threading
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.model.block import EventBlock
from pipeline.planning.job import Job
from pipeline.rendering.folds.counts import CountsFold, starts_of_groups
from pipeline.running.cache import Cache
from pipeline.serving.page.axis import Axis
from pipeline.serving.page.filling import Filling
from pipeline.serving.page.view import Look, View
from pipeline.slicing.blocks import Block

__all__ = ["Events"]

#: Cells of the grid: columns in time, and rows of units.
_COLUMNS, _ROWS = 8192, 512
#: Events of blocks that were looked at closely.
_EVENTS = Cache(128 << 20)


class Events:
    """One list of events, looked at.

    Parameters
    ----------
    job : Job
        Its axes are known.
    axis : Axis
    identity : str
        Changes with the source; empty where it is unknown.
    closing : threading.Event
    """

    def __init__(self, job: Job, axis: Axis, identity: str, closing: threading.Event) -> None:
        self.job, self.axis, self._identity = job, axis, identity or str(id(self))
        self._blocks = job.whole_blocks
        self._extents: dict[Block, tuple[float, float]] = {}
        self._fold = _grid_fold(job)
        self._grid = np.zeros((self._fold.columns, self._fold.rows), np.int32)
        self._lock = threading.Lock()
        self._filling = Filling(self._blocks, self._take, lambda: None, closing)

    @property
    def unit_count(self) -> int:
        """The number of units."""
        return self._fold.units

    def _read(self, block: Block) -> EventBlock:
        found = self.job.whole_at(block).read()
        assert isinstance(found, EventBlock)
        return found

    def _take(self, block: Block) -> None:
        events = self._read(block)
        if not len(events):
            self._extents[block] = math.inf, -math.inf
            return
        counts = [self._fold.of(part) for part in events.strips(4 << 20)]
        with self._lock:
            for part in counts:
                self._grid[part.first : part.first + len(part.spikes)] += part.spikes
        self._extents[block] = float(events.places.min()), float(events.places.max())

    def view(self, look: Look) -> View:
        """Return how many events there are in each column.

        Raises
        ------
        SourceError
            If they cannot be read.
        """
        self._filling.wanted(self._blocks, sum(map(self.job.size, self._blocks)))
        length = self.axis.clock.length
        axis = self.axis.as_counted(look.counted)
        start = 0.0 if look.start is None else axis.step(look.start)
        stop = float(length) if look.stop is None else axis.step(look.stop)
        stop = max(stop, start + 1e-9 * length)
        width = self._fold.span // self._fold.columns
        first: float
        each: float
        if (stop - start) / look.columns >= width:
            first, each, counts = self._from_grid(start, stop, look.columns, width)
        else:
            first, each, counts = self._from_events(start, stop, look.columns)
        rows = starts_of_groups(self._fold.units, self._fold.rows)
        if look.units is not None:
            kept = [row for row, unit in enumerate(rows) if unit in look.units]
            counts, rows = counts[:, kept], rows[kept]
        edges = axis.at(first + each * np.arange(len(counts) + 1))
        ready = len(self._extents) / len(self._blocks)
        highs = counts.astype("f4")
        units = tuple(map(int, rows))
        return View(
            first, each, edges, np.zeros_like(highs), highs, units, axis.extent, axis.unit, ready, True
        ).grouped(look.rows)

    def _from_grid(self, start: float, stop: float, columns: int, width: int) -> tuple[int, int, npt.NDArray[Any]]:
        together = int((stop - start) / columns / width)
        first = int(start / width) // together * together
        past = min(math.ceil(stop / width / together) * together, self._fold.columns)  # whole columns
        found = self._grid[first:past]
        return first * width, together * width, np.add.reduceat(found, np.arange(0, len(found), together), axis=0)

    def _from_events(self, start: float, stop: float, columns: int) -> tuple[float, float, npt.NDArray[Any]]:
        each, rows, units = (stop - start) / columns, self._fold.rows, self._fold.units
        counts = np.zeros(columns * rows, np.int64)
        for block, (low, high) in list(self._extents.items()):
            if low < stop and high >= start:
                events: EventBlock = _EVENTS.get(
                    (self._identity, block), partial(self._read, block), lambda read: 16 * len(read)
                )
                inside = (events.places >= start) & (events.places < stop)
                column = ((events.places[inside] - start) / each).astype(np.int64).clip(0, columns - 1)
                row = events.rows[inside] * rows // units
                counts += np.bincount(column * rows + row, minlength=len(counts))
        return start, each, counts.reshape(columns, rows)


def _grid_fold(job: Job) -> CountsFold:
    """Return the fold to the grid, whose columns are whole steps."""
    signal = job.drawings[0].signal
    each = math.ceil(signal.shape[0] / _COLUMNS)
    columns = math.ceil(signal.shape[0] / each)
    return CountsFold(each * columns, signal.units, columns, min(signal.units, _ROWS))
