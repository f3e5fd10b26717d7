"""Reading: a block of a variable becomes values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from pipeline.model.block import DenseBlock
from pipeline.model.clock import Clock
from pipeline.slicing.block_cache import BLOCKS
from pipeline.slicing.blocks import Block

__all__ = ["Slice"]


@dataclass(frozen=True)
class Slice:
    """A block of a variable, not yet read: all that a worker needs to read it.

    Attributes
    ----------
    variable : xarray.Variable
        The steps of `block` alone; lazy.
    axis : int
        The axis of the steps.
    block : Block
    clock : Clock or None
    times : xarray.Variable or None
        The time of each step in seconds, where steps are not evenly spaced.
    caching : (str, int) or None
        The name of the cached blocks of this variable, and how many bytes of them this process may cache. None where
        the second pass does not read what the first one reads.
    units : tuple of int or None
        The units to read of the other axis; the others are zeros. None: all.
    """

    variable: xr.Variable
    axis: int
    block: Block
    clock: Clock | None
    times: xr.Variable | None
    caching: tuple[str, int] | None = None
    units: tuple[int, ...] | None = None

    def read(self, *, cache: bool = False) -> DenseBlock:
        """Return the block, time first, from the cache if this process has it.

        Parameters
        ----------
        cache : bool
            Whether it is put into the cache, because a second pass will want it.
        """
        values = BLOCKS.take(self.caching[0], self.block.range) if self.caching else None
        if values is None:
            loaded = _load(self.variable) if self.units is None else self._some_units(self.units)
            values = np.moveaxis(loaded, self.axis, 0) if self.variable.ndim else loaded[None]
            if cache and self.caching:
                BLOCKS.put(self.caching[0], self.block.range, values, self.caching[1])
        steps = self.block.steps
        if self.times is None:
            return DenseBlock(values, steps, (self.clock or Clock(1, step=0.0)).seconds(steps.astype(np.float64)))
        wall_times = self.times.to_numpy()
        places = self.clock.place(wall_times) if self.clock and not self.clock.even else None
        return DenseBlock(values, steps, wall_times, places)

    def _some_units(self, units: tuple[int, ...]) -> Any:
        """Return the values with those of other units left at zero, because their chunks are not read."""
        values = np.zeros(self.variable.shape, self.variable.dtype)
        across = self.variable.dims[1 - self.axis]
        for first, past in _stretches(units):
            part = {across: slice(first, past)}
            values[(slice(None), part[across]) if self.axis == 0 else (part[across], slice(None))] = _load(
                self.variable.isel(part)
            )
        return values


def _stretches(units: tuple[int, ...]) -> list[tuple[int, int]]:
    """Return the first and the past unit of each stretch of ascending ones that follow each other."""
    breaks = [at for at in range(1, len(units)) if units[at] != units[at - 1] + 1]
    starts, stops = [0, *breaks], [*breaks, len(units)]
    return [(units[start], units[stop - 1] + 1) for start, stop in zip(starts, stops, strict=True)]


def _load(variable: xr.Variable) -> Any:
    if variable.chunks is not None:
        variable = variable.compute(scheduler="synchronous")  # a task does not wait for other tasks
    return variable.to_numpy()
