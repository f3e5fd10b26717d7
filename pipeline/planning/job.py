"""One variable with all that is drawn from it, and the blocks in which it is read."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any
from uuid import uuid4

import numpy as np
import xarray as xr

from pipeline.model.block import DenseBlock
from pipeline.model.clock import Clock
from pipeline.model.signal import Signal
from pipeline.opening.hdf5.lazy_array import stored_identity
from pipeline.rendering import Kind
from pipeline.slicing.block_cache import KEPT
from pipeline.slicing.blocks import BLOCK_BYTES, WRITTEN_BYTES, Block, blocks, evenly_spaced, span
from pipeline.slicing.budget import Budget
from pipeline.units import SECONDS, time_unit

__all__ = ["Drawing", "Job", "Slice"]


@dataclass(frozen=True)
class Drawing:
    """One plot of one variable."""

    kind: Kind
    subject: Signal


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
    block_bytes : int
        How many bytes of values a block has, about.
    budget : Budget
        How much of a first pass may be kept for the second.
    """

    variable: xr.Variable
    axis: int
    times: xr.Variable | None
    drawings: tuple[Drawing, ...]
    block_bytes: int = field(default_factory=lambda: BLOCK_BYTES)
    budget: Budget = Budget()

    @property
    def name(self) -> str:
        """``component/attr``."""
        return self.drawings[0].subject.name

    @property
    def length(self) -> int:
        """How many steps (or rows) there are."""
        return self.variable.shape[self.axis] if self.variable.ndim else 1

    def within(self, budget: Budget) -> Job:
        """Return the job for the memory that there is."""
        return replace(self, block_bytes=min(self.block_bytes, budget.block), budget=budget)

    def read_times(self) -> Job:
        """Return the job with its stored times read, if it has any.

        Raises
        ------
        SettingError
            If a plot does not fit them: a window that is a duration needs even ones.
        """
        if self.times is None:
            return self
        unit = time_unit(self.times.attrs.get("units", "step"))
        values = self.times.to_numpy()
        if values.dtype.kind in "mM":  # dates and durations, as xarray decodes them from other files
            since = values[0] if values.dtype.kind == "M" else np.timedelta64(0, "s")
            values, unit = (values - since) / np.timedelta64(1, "s"), "s"
        line = evenly_spaced(values)
        if line is None:
            axis = Clock(self.length)
        else:
            axis = Clock(self.length, *line, unit=unit)
        seconds = xr.Variable(("time",), values.astype(np.float64) * SECONDS.get(unit, 1.0))
        subjects = [replace(d.subject, time=axis) for d in self.drawings]
        drawings = tuple(Drawing(d.kind.check(s), s) for d, s in zip(self.drawings, subjects, strict=True))
        return replace(self, times=None if line else seconds, drawings=drawings)

    def key(self) -> str:
        """Return a digest of all that its records depend on: source, settings and version; empty if that is unknown."""
        from pipeline import __version__

        try:
            identity = stored_identity(self.variable)
        except OSError:
            return ""
        if not identity:
            return ""
        times = "" if self.times is None else stored_identity(self.times)
        what = f"{__version__} {identity} {times} {self.axis} {self.drawings} {self.block_bytes}"
        return hashlib.sha256(what.encode()).hexdigest()

    @property
    def summarised(self) -> list[Drawing]:
        """What is summarised before it is drawn."""
        return [d for d in self.drawings if d.kind.summary_step is not None]

    @property
    def drawn_at_once(self) -> list[Drawing]:
        """What is drawn in the first pass."""
        return [d for d in self.drawings if d.kind.summary_step is None]

    @property
    def drawn_again(self) -> list[Drawing]:
        """What is drawn block by block in a second pass, when all was summarised."""
        return [d for d in self.summarised if d.kind.render_step is not None]

    @property
    def windowed(self) -> list[Drawing]:
        """What is drawn, and begun anew, at the end of each segment."""
        return [d for d in self.summarised if d.kind.window_steps(d.subject) is not None]

    def first_blocks(self) -> list[Block]:
        """Return the blocks of the first pass."""
        step = math.gcd(*(d.kind.summary_step or d.kind.render_step or 1 for d in self.drawings))
        again = self.drawn_again and step == self._second_step  # they may be kept: they are whole blocks of that pass
        unit = span(step, self._chunk, self._kept_steps(step, self.drawn_again)) if again else self._chunk
        kept = self._kept_steps(step, self.drawn_at_once)
        return blocks(self.length, step=step, chunk=unit, kept=kept, segment=self.segment)

    def second_blocks(self) -> list[Block]:
        """Return the blocks of the second pass; there may be none."""
        if not self.drawn_again:
            return []
        step = self._second_step
        return blocks(self.length, step=step, chunk=self._chunk, kept=self._kept_steps(step, self.drawn_again))

    @property
    def _second_step(self) -> int:
        return math.gcd(*(d.kind.render_step or 1 for d in self.drawn_again))

    def _kept_steps(self, step: int, drawn: Sequence[Drawing]) -> int:
        """Return how many steps a block may hold that is read and from which plots are drawn."""
        most = [d.kind.steps_a_task * (d.kind.render_step or 1) // step for d in drawn if d.kind.steps_a_task]
        written = sum(d.kind.estimate(d.subject).size for d in drawn) * step // self.length
        return min([self.block_bytes // self._read_bytes(step), WRITTEN_BYTES // max(1, written), *most])

    @property
    def segment(self) -> int | None:
        """Steps after which windows are drawn: whole windows and whole chunks, unless that takes far too long."""
        if not self.windowed:
            return None
        window = math.lcm(*(d.kind.window_steps(d.subject) or 1 for d in self.windowed))
        whole = math.lcm(window, self._chunk)
        if whole * self._step_bytes > 64 * self.block_bytes:
            whole = window
        return int(whole * max(1, self.block_bytes // (self._step_bytes * whole)))

    @cached_property
    def _keeping(self) -> tuple[str, int] | None:
        """By what name workers keep blocks of the first pass for the second, and how many bytes of them each.

        None where it is read twice: the passes read other steps, or it is too much. The name is of this conversion.
        """
        first, second = self.first_blocks(), self.second_blocks()
        size = sum(map(len, second)) * self._step_bytes
        fits = size <= self.budget.kept * self.budget.workers
        return (uuid4().hex, self.budget.kept) if second and fits and first[0].step == second[0].step else None

    @property
    def _step_bytes(self) -> int:
        """Bytes of one step."""
        values = math.prod(self.variable.shape) // max(1, self.length)
        return max(1, values * int(self.variable.dtype.itemsize))

    @property
    def _chunk(self) -> int:
        """Steps in a storage chunk."""
        if self.variable.chunks is not None:
            return int(self.variable.chunks[self.axis][0])
        sizes = self.variable.encoding.get("chunksizes")
        return int(sizes[self.axis]) if sizes and len(sizes) == self.variable.ndim else 1

    def _read_bytes(self, step: int) -> int:
        """Return the bytes of values that are read for one kept step; of a stride inside chunks that is everything."""
        return self._step_bytes * (step if step < self._chunk else 1)

    def size(self, block: Block) -> int:
        """Return the bytes of values that are read for a block."""
        return len(block) * self._read_bytes(block.step)

    def at(self, block: Block) -> Slice:
        """Return a block, unread."""
        variable = self.variable
        if variable.ndim:
            variable = variable.isel({variable.dims[self.axis]: block.slice})
        times = None if self.times is None else self.times.isel(time=block.slice)
        return Slice(variable, self.axis, block, self.drawings[0].subject.time, times, self._keeping)


@dataclass(frozen=True)
class Slice:
    """A block of a variable, not yet read: all that a worker needs to read it."""

    variable: xr.Variable
    axis: int
    block: Block
    time: Clock | None
    times: xr.Variable | None
    keeping: tuple[str, int] | None = None

    def read(self, *, keep: bool = False) -> DenseBlock:
        """Read the block, time first, or take it, if this process kept it; `keep` it for the second pass if it fits."""
        values = KEPT.take(self.keeping[0], self.block.range) if self.keeping else None
        if values is None:
            loaded = _load(self.variable)
            values = np.moveaxis(loaded, self.axis, 0) if self.variable.ndim else loaded[None]
            if keep and self.keeping:
                KEPT.put(self.keeping[0], self.block.range, values, self.keeping[1])
        steps = self.block.steps
        if self.times is not None:
            wall_times = self.times.to_numpy()
        else:
            wall_times = (self.time or Clock(1, step=0.0)).seconds(steps.astype(np.float64))
        return DenseBlock(values, steps, wall_times)


def _load(variable: xr.Variable) -> Any:
    if variable.chunks is not None:
        variable = variable.compute(scheduler="synchronous")  # a task does not wait for other tasks
    return variable.to_numpy()
