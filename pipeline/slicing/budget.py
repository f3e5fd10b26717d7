"""How much at once: the memory that a conversion may hold, and what follows from it for its parts.

What is written does not depend on it: blocks are of one size unless there is very little memory.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

__all__ = ["BLOCK_BYTES", "PICTURES_A_TASK", "STRIP_BYTES", "WRITTEN_BYTES", "Budget", "machine_memory"]

#: Bytes of values in a block: so many that handing it to a worker costs little.
BLOCK_BYTES = 16 << 20
#: Bytes of values that are folded at a time, because folding takes several times as many.
STRIP_BYTES = 4 << 20
#: Bytes that are written of one block, about; a point of four bytes takes some thirty in an event file.
WRITTEN_BYTES = 32 << 20
#: Pictures that make a task of tens of milliseconds, where drawing costs more than reading.
PICTURES_A_TASK = 64

#: What a process takes before it has read anything.
_PROCESS = 200 << 20
#: What a worker has for data if nobody says otherwise, and at least.
_EACH, _LEAST = 256 << 20, 16 << 20
#: A worker holds up to so many times the bytes of its block while it draws it, as numbers of more bytes and sorted out.
_AROUND_A_BLOCK = 16


@dataclass(frozen=True)
class Budget:
    """What a conversion may hold.

    Attributes
    ----------
    each : int
        Bytes of data for each worker.
    workers : int
    block : int
        Bytes of values in a block; a storage chunk of more is a block all the same.
    """

    each: int = _EACH
    workers: int = 1
    block: int = BLOCK_BYTES

    @classmethod
    def of(cls, memory: int | None, workers: int) -> Budget:
        """Return what `memory` bytes, all processes together, leave for each worker; None: what suits this machine."""
        if memory is None:
            memory = min(machine_memory() // 2, _PROCESS * (workers + 1) + _EACH * workers)
        each = max(_LEAST, (memory - _PROCESS * (workers + 1)) // workers)
        return cls(each, workers, min(BLOCK_BYTES, each // _AROUND_A_BLOCK))

    @property
    def under_way(self) -> int:
        """Bytes of values, for each worker, in blocks that are begun and not written; there is always one."""
        return self.each // 4

    @property
    def cached(self) -> int:
        """Bytes of values that a worker may cache of a first pass for the second."""
        return self.each // 4


def machine_memory() -> int:
    """Return the bytes of memory of this machine, or of the container that this runs in."""
    physical = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    for path in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        try:
            with open(path) as file:
                return min(physical, int(file.read()))
        except (OSError, ValueError):
            continue
    return physical
