"""One variable with all that is drawn from it, and the blocks in which it is read."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any
from uuid import uuid4

import xarray as xr

from pipeline.opening.hdf5.lazy_array import stored_identity
from pipeline.rendering.drawing import Drawing
from pipeline.slicing.blocks import Block, blocks, span
from pipeline.slicing.budget import PICTURES_A_TASK, WRITTEN_BYTES, Budget
from pipeline.slicing.events import EventSlice, UnitRows
from pipeline.slicing.read import Slice
from pipeline.version import __version__

__all__ = ["EventUnits", "Job"]

#: Blocks that a segment may have beyond its share, so that windows end where storage chunks end.
_BLOCKS_A_SEGMENT = 64


@dataclass(frozen=True)
class EventUnits:
    """Whose the events of a list are.

    Attributes
    ----------
    units : xarray.Variable, shape (event,), or None
        The id of each event's unit; lazy. None: all are of one unit.
    count : int or None
        The number of units, which are numbered from 0; None: as many as there are ids.
    step : float or None
        The duration of a step that the user gave, in the unit of the times.
    rows : UnitRows
        The row of each unit, known when all events were looked at.
    """

    units: xr.Variable | None = None
    count: int | None = None
    step: float | None = None
    rows: UnitRows = UnitRows(1)


@dataclass(frozen=True)
class Job:
    """One variable with all that is drawn from it, so that it is read once for all.

    Attributes
    ----------
    variable : xarray.Variable
        Lazy; pickles as path, name and slice.
    axis : int
        The axis that is cut into blocks: time, or the first.
    times : xarray.Variable or None
        The stored time of each step, where steps are not evenly spaced or that is not known yet.
    drawings : tuple of Drawing
    budget : Budget
        How much a block has, and how much of a first pass may be cached for the second.
    notes : tuple of str
        What a user should know of it, told when it is done.
    whose : EventUnits or None
        Where the variable is the times of a list of events: whose they are.
    """

    variable: xr.Variable
    axis: int
    times: xr.Variable | None
    drawings: tuple[Drawing, ...]
    budget: Budget = Budget()
    notes: tuple[str, ...] = ()
    whose: EventUnits | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle its fields alone, because what was worked out from them is worked out again."""
        return Job, tuple(getattr(self, item.name) for item in fields(self))

    @property
    def name(self) -> str:
        """``component/attr``."""
        return self.drawings[0].signal.name

    @property
    def length(self) -> int:
        """The number of steps (or rows)."""
        return self.variable.shape[self.axis] if self.variable.ndim else 1

    def within(self, budget: Budget) -> Job:
        """Return the job for the memory that there is."""
        return replace(self, budget=budget)

    def key(self) -> str:
        """Return a digest of all that its records depend on: source, settings and version; empty if that is unknown."""
        try:
            identity = stored_identity(self.variable)
        except OSError:
            return ""
        if not identity:
            return ""
        times = "" if self.times is None else stored_identity(self.times)
        what = f"{__version__} {identity} {times} {self.axis} {self.drawings} {self.budget.block}"
        if self.whose is not None:
            units = self.whose.units
            what += f" {'' if units is None else stored_identity(units)} {self.whose.count} {self.whose.step}"
        return hashlib.sha256(what.encode()).hexdigest()

    @cached_property
    def summarised(self) -> list[Drawing]:
        """The drawings that need a summary."""
        return [drawing for drawing in self.drawings if drawing.needs.summary is not None]

    @cached_property
    def drawn_at_once(self) -> list[Drawing]:
        """The drawings of the first pass, because they need no summary."""
        return [drawing for drawing in self.drawings if drawing.needs.summary is None]

    @cached_property
    def drawn_again(self) -> list[Drawing]:
        """The drawings of the second pass, which draw block by block with the summary of all."""
        return [drawing for drawing in self.summarised if drawing.needs.rows is not None]

    @cached_property
    def windowed(self) -> list[Drawing]:
        """The drawings of windows, which are drawn at the end of each segment, and then summarised anew."""
        return [drawing for drawing in self.summarised if drawing.window is not None]

    @cached_property
    def summarised_whole(self) -> list[Drawing]:
        """The drawings with one summary of all of the time."""
        return [drawing for drawing in self.summarised if drawing.window is None]

    @cached_property
    def drawn_last(self) -> list[Drawing]:
        """The drawings that are drawn once, from their summary alone."""
        return [drawing for drawing in self.summarised_whole if drawing.needs.rows is None]

    @cached_property
    def first_blocks(self) -> list[Block]:
        """The blocks of the first pass."""
        step = math.gcd(*(_stride(drawing.needs.summary or drawing.needs.rows) for drawing in self.drawings))
        again = self.drawn_again and step == self._second_step  # they may be cached: they are whole blocks of that pass
        unit = span(step, self._chunk, self._kept_steps(step, self.drawn_again)) if again else self._chunk
        kept = self._kept_steps(step, self.drawn_at_once)
        return blocks(self.length, step=step, chunk=unit, kept=kept, segment=self.segment)

    @property
    def whole_blocks(self) -> list[Block]:
        """Blocks of every step and every unit (or of every event), of about the size of any other block."""
        return blocks(self.length, chunk=self._chunk, kept=self.budget.block // self._step_bytes)

    @cached_property
    def second_blocks(self) -> list[Block]:
        """The blocks of the second pass; there may be none."""
        if not self.drawn_again:
            return []
        step = self._second_step
        return blocks(self.length, step=step, chunk=self._chunk, kept=self._kept_steps(step, self.drawn_again))

    @cached_property
    def segment(self) -> int | None:
        """The steps after which windows are drawn: whole windows and whole chunks, unless that takes far too long."""
        if not self.windowed:
            return None
        window = math.lcm(*(drawing.window or 1 for drawing in self.windowed))
        whole = math.lcm(window, self._chunk)
        if whole * self._step_bytes > _BLOCKS_A_SEGMENT * self.budget.block:
            whole = window
        return int(whole * max(1, self.budget.block // (self._step_bytes * whole)))

    @cached_property
    def sizes(self) -> list[int]:
        """The bytes of values that are read in each step of its schedule (`pipeline.running.passes.pieces`)."""
        blocks_read = [*self.first_blocks, *self.second_blocks]
        return [*map(self.size, blocks_read), *(0 for _ in self.drawn_last)]

    def size(self, block: Block) -> int:
        """Return the bytes of values that are read for a block."""
        return len(block) * self._read_bytes(block.step)

    def at(self, block: Block) -> Slice | EventSlice:
        """Return a block, unread, of the units that are drawn."""
        return self._part(block, self.units)

    def whole_at(self, block: Block, units: tuple[int, ...] | None = None) -> Slice | EventSlice:
        """Return a block, unread, of every unit, or of those that are named where the others need not be read."""
        return self._part(block, units)

    def _part(self, block: Block, read: tuple[int, ...] | None) -> Slice | EventSlice:
        variable = self.variable
        if variable.ndim:
            variable = variable.isel({variable.dims[self.axis]: block.slice})
        if self.whose is not None:
            units, clock = self.whose.units, self.drawings[0].signal.time
            assert clock is not None
            whose = None if units is None else units.isel(event=block.slice)
            return EventSlice(variable, whose, block, clock, self.whose.rows)
        times = None if self.times is None else self.times.isel(time=block.slice)
        return Slice(variable, self.axis, block, self.drawings[0].signal.time, times, self._caching, read)

    @property
    def _second_step(self) -> int:
        return math.gcd(*(_stride(drawing.needs.rows) for drawing in self.drawn_again))

    def _kept_steps(self, step: int, drawn: Sequence[Drawing]) -> int:
        """Return how many steps a block may hold that is read and from which `drawn` is drawn."""
        pictures = [drawing for drawing in drawn if drawing.series[0].plugin == "images"]
        most = [PICTURES_A_TASK * _stride(drawing.needs.rows) // step for drawing in pictures]
        written = sum(drawing.size for drawing in drawn) * step // self.length
        return min([self.budget.block // self._read_bytes(step), WRITTEN_BYTES // max(1, written), *most])

    @cached_property
    def _caching(self) -> tuple[str, int] | None:
        """The name under which workers cache blocks of the first pass, and how many bytes of them each.

        None where both passes read: they read other steps, or it is too much. The name is of this conversion.
        """
        first, second = self.first_blocks, self.second_blocks
        size = sum(map(len, second)) * self._step_bytes
        fits = size <= self.budget.cached * self.budget.workers
        return (uuid4().hex, self.budget.cached) if second and fits and first[0].step == second[0].step else None

    @property
    def _step_bytes(self) -> int:
        """The bytes of one step."""
        values = math.prod(self.variable.shape) // max(1, self.length)
        whose = 0 if self.whose is None or self.whose.units is None else int(self.whose.units.dtype.itemsize)
        return max(1, values * int(self.variable.dtype.itemsize) + whose)

    @property
    def _chunk(self) -> int:
        """The steps in a storage chunk; 1 where blocks of whole chunks would take more memory than there is."""
        if self.variable.chunks is not None:
            return int(self.variable.chunks[self.axis][0])
        chunk = self._stored_chunk
        return chunk if chunk * self._step_bytes <= self.budget.largest else 1

    @property
    def _stored_chunk(self) -> int:
        sizes = self.variable.encoding.get("chunksizes")
        return int(sizes[self.axis]) if sizes and len(sizes) == self.variable.ndim else 1

    @property
    def reads(self) -> float:
        """How often each storage chunk is read in a pass: once, unless it is too long for the memory that there is."""
        return max(1.0, self._stored_chunk * self._step_bytes / self.budget.block) if self._chunk == 1 else 1.0

    @property
    def good_chunks(self) -> tuple[int, ...]:
        """Storage chunks of about a megabyte, of some steps and all units."""
        steps = max(1, min(self.length, (1 << 20) // self._step_bytes))
        return tuple(steps if axis == self.axis else size for axis, size in enumerate(self.variable.shape))

    @property
    def dataset(self) -> str:
        """The name in the file."""
        return str(self.variable.encoding.get("dataset", "")).lstrip("/")

    @cached_property
    def units(self) -> tuple[int, ...] | None:
        """The units that are drawn, where they lie in chunks of their own; None if all are read.

        The others are not read, and are zeros in a block.
        """
        wanted = [drawing.plot.reads_units for drawing in self.drawings]
        return None if None in wanted else self.apart({unit for some in wanted for unit in some or ()})

    def apart(self, units: Iterable[int]) -> tuple[int, ...] | None:
        """Return some units in their order, where they lie in chunks of their own; None if all are read with them."""
        sizes = self.variable.encoding.get("chunksizes")
        if self.variable.ndim != 2 or self.variable.chunks is not None or not sizes or self.whose is not None:
            return None
        width, found = int(sizes[1 - self.axis]), tuple(sorted(set(units)))
        chunks = {unit // width for unit in found}
        return found if len(chunks) * width <= self.variable.shape[1 - self.axis] // 2 else None

    def _read_bytes(self, step: int) -> int:
        """Return the bytes of values read for one kept step; a stride shorter than a chunk reads the whole chunk."""
        return self._step_bytes * (step if step < self._chunk else 1)


def _stride(rows: range | None) -> int:
    return 1 if rows is None else rows.step
