"""A (time, unit) variable over any stretch of time: from its pyramid where columns are wide, else from its values."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from functools import cached_property, partial
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.model.block import DenseBlock
from pipeline.planning.job import Job
from pipeline.rendering.folds.counts import spikes_of
from pipeline.running.cache import Cache
from pipeline.running.pyramid import Pyramid, Shape, lowest_and_highest
from pipeline.running.store import Store
from pipeline.serving.growth import Steps
from pipeline.serving.page.axis import Axis
from pipeline.serving.page.filling import Filling
from pipeline.serving.page.view import Look, View
from pipeline.slicing.blocks import Block
from pipeline.version import __version__

__all__ = ["Dense"]

#: Bytes of the pyramid of one variable, about.
_MOST = 1 << 30
#: Values of blocks that were looked at closely.
_VALUES = Cache(192 << 20)


class Dense:
    """One variable, looked at.

    Parameters
    ----------
    job : Job
        Its times are known.
    axis : Axis
    identity : str
        Changes with the source; empty where it is unknown.
    store : Store
    closing : threading.Event
    before : Dense or None
        The same variable when it had fewer steps.

    Attributes
    ----------
    steps : Steps
        To be told from those of another run.
    """

    def __init__(
        self, job: Job, axis: Axis, identity: str, store: Store, closing: threading.Event, before: Dense | None = None
    ) -> None:
        self.job, self.axis, self._identity = job, axis, identity or str(id(self))
        self._store, self._closing = store, closing
        self.steps = Steps(job)
        self._before = None if before is None else before._known
        self._made: tuple[Pyramid, Filling] | None = None
        self._lock = threading.Lock()

    @property
    def _known(self) -> Pyramid | None:
        """The pyramid as far as it is known; None where nobody looked at it from far."""
        return self._before if self._made is None else self._made[0]

    @property
    def unit_count(self) -> int:
        """The number of units."""
        return self.shape.units

    @cached_property
    def shape(self) -> Shape:
        """The rows of its pyramid."""
        signal = self.job.drawings[0].signal
        spikes = any(drawing.plot.kind == "raster" for drawing in self.job.drawings)
        return Shape.of(self.job.length, signal.units, self.job.variable.dtype, _MOST, spikes=spikes)

    @cached_property
    def _blocks(self) -> list[Block]:
        return self.job.whole_blocks

    @property
    def _filled(self) -> tuple[Pyramid, Filling]:
        if self._made is None:
            with self._lock:
                if self._made is None:
                    self._made = self._make()
        return self._made

    def _make(self) -> tuple[Pyramid, Filling]:
        """Return the pyramid that is kept, or a new one, and what fills it."""
        key = f"{__version__} {self._identity} {self.shape}"
        kept = self._store.get(key, self.shape.array, self.shape.dtype)
        if kept is not None:
            return Pyramid(self.shape, kept, complete=True), Filling([], _nothing, _nothing, self._closing)
        draft = self._store.new(key, self.shape.array, self.shape.dtype)
        pyramid = Pyramid(self.shape, draft.array)
        if self._before is not None:
            pyramid.grown_from(self._before)
            self._before = None
        return pyramid, Filling(self._blocks, partial(self._take, pyramid), draft.keep, self._closing)

    @property
    def _pyramid(self) -> Pyramid:
        return self._filled[0]

    def _take(self, pyramid: Pyramid, block: Block) -> None:
        """Take in the steps of a block that are not known."""
        for first, stop in pyramid.missing(block.start, block.stop):
            pyramid.add(first, self._read(Block(first, stop), None))

    def _read(self, block: Block, units: tuple[int, ...] | None) -> npt.NDArray[Any]:
        found = self.job.whole_at(block, units).read()
        assert isinstance(found, DenseBlock)
        values = found.values.reshape(len(block), -1)
        return (spikes_of(values) if self.shape.spikes else values).astype(self.shape.dtype, copy=False)

    def view(self, look: Look) -> View:
        """Return what it is over a stretch of time.

        Raises
        ------
        SourceError
            If it cannot be read.
        """
        axis = self.axis.as_counted(look.counted)
        first, stop = axis.steps(look.start, look.stop)
        ready = 1.0
        found = self._from_pyramid(first, stop, look) if (stop - first) // look.columns >= self.shape.first else None
        if found is not None:
            at, each, values, ready = found
        else:
            at, each, values = self._from_values(first, stop, look)
        edges = axis.at(np.minimum(at + each * np.arange(len(values) + 1), self.job.length))
        units = tuple(range(self.shape.units)) if look.units is None else look.units
        view = View(
            at, each, edges, values[:, 0], values[:, 1], units, axis.extent, axis.unit, ready, self.shape.spikes
        )
        return view.grouped(look.rows)

    def _from_pyramid(self, first: int, stop: int, look: Look) -> tuple[int, int, Any, float] | None:
        pyramid, filling = self._filled
        if pyramid.ready(first, stop) < 1:
            wanted = [block for block in self._blocks if block.start < stop and block.stop > first]
            filling.wanted(wanted, sum(map(self.job.size, wanted)))
        found = pyramid.columns(first, stop, look.columns)
        if found is None:
            return None
        at, each, values = found
        ready = pyramid.ready(first, stop)
        return at, each, values if look.units is None else values[:, :, list(look.units)], ready

    def _from_values(self, first: int, stop: int, look: Look) -> tuple[int, int, Any]:
        each = max(1, (stop - first) // look.columns)
        at = first // each * each
        stop = min(math.ceil(stop / each) * each, self.job.length)
        values = np.concatenate([self._part(block, at, stop, look.units) for block in self._blocks if
                                 block.start < stop and block.stop > at])  # fmt: skip
        if each == 1:
            return at, each, np.stack([values, values], axis=1)
        return at, each, np.stack(lowest_and_highest(values, at, each, self.shape.spikes), axis=1)

    def _part(self, block: Block, first: int, stop: int, units: tuple[int, ...] | None) -> npt.NDArray[Any]:
        """Return the values of the steps of a block that are asked for, from the cache where they were read before."""
        make: Callable[[], Any] = partial(self._some, block, units)
        values = _VALUES.get((self._identity, block, units), make, lambda found: int(found.nbytes))
        return np.asarray(values[max(0, first - block.start) : stop - block.start])

    def _some(self, block: Block, units: tuple[int, ...] | None) -> npt.NDArray[Any]:
        if units is None:
            return self._read(block, None)
        return np.ascontiguousarray(self._read(block, self.job.apart(units))[:, list(units)])


def _nothing(*_: Any) -> None:
    """Do nothing: all is there."""
