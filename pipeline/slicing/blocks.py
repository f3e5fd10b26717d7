"""The time axis as blocks: contiguous ranges, aligned to storage chunks, each kept step in exactly one."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["Block", "blocks", "evenly_spaced", "span", "spread"]


@dataclass(frozen=True)
class Block:
    """The kept steps ``range(start, stop, step)`` of a time axis; `start` is a multiple of `step`."""

    start: int
    stop: int
    step: int = 1

    def __len__(self) -> int:
        return len(self.range)

    @property
    def range(self) -> range:
        """The kept steps."""
        return range(self.start, self.stop, self.step)

    @property
    def slice(self) -> slice:
        """The same range, to index with."""
        return slice(self.start, self.stop, self.step)

    @property
    def steps(self) -> npt.NDArray[np.int64]:
        """The kept steps, shape ``(len(self),)``."""
        return np.arange(self.start, self.stop, self.step, dtype=np.int64)


def span(step: int, chunk: int, kept: int) -> int:
    """Return how many steps a block spans that holds about `kept` of them: whole chunks."""
    return max(chunk, max(1, kept) * step // chunk * chunk)


def blocks(length: int, *, step: int = 1, chunk: int = 1, kept: int, segment: int | None = None) -> list[Block]:
    """Cut a time axis into blocks; every multiple of `step` below `length` lies in exactly one.

    Parameters
    ----------
    length : int
        Steps on the axis.
    step : int
        Every `step`-th step is kept, from 0.
    chunk : int
        Steps in one storage chunk. Blocks begin and end at chunk borders, so that no chunk is read twice.
    kept : int
        About how many kept steps a block should hold; never fewer than one chunk has. See `span`.
    segment : int, optional
        No block straddles a multiple of this (a raster's windows), even inside a chunk.

    Returns
    -------
    list of Block
        In order, without those that keep no step.
    """
    edges = {*range(0, length, span(step, chunk, kept)), length}
    if segment is not None:
        edges |= set(range(0, length, segment))
    ordered = sorted(edges)
    cut = (Block(math.ceil(start / step) * step, stop, step) for start, stop in zip(ordered, ordered[1:], strict=False))
    return [block for block in cut if block.start < block.stop]


def spread(count: int, most: int) -> list[int]:
    """Return at most `most` of the numbers below `count`, in order, evenly spread and with the last.

    Examples
    --------
    >>> spread(10, 4), spread(10, 1), spread(3, 4)
    ([0, 3, 6, 9], [9], [0, 1, 2])
    """
    if count <= most:
        return list(range(count))
    return np.unique(np.linspace(count - 1, 0, most).round().astype(int)).tolist()  # type: ignore[no-any-return]


def evenly_spaced(times: npt.NDArray[Any]) -> tuple[float, float] | None:
    """Return (start, step) if `times` rise evenly, to one part in 10,000 of a step and what their type can tell."""
    if not times.size or not np.isfinite(times[[0, -1]]).all():
        return None
    if times.dtype.kind in "iu" and times.size > 1:  # nanoseconds of an era are more digits than a double has
        found = evenly_spaced((times - times[0]).astype(np.float64)) if times[-1] > times[0] else None
        return found and (float(times[0]), found[1])
    first, last = float(times[0]), float(times[-1])
    if times.size == 1:
        return first, 1.0
    step = (last - first) / (times.size - 1)
    rounding = float(np.finfo(times.dtype).eps) * max(abs(first), abs(last)) if times.dtype.kind == "f" else 0.0
    line = first + step * np.arange(times.size)
    return (first, step) if step > 0 and np.abs(times - line).max() <= 1e-4 * step + min(rounding, step / 4) else None
