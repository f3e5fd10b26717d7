"""Budgets: the memory that a conversion may hold, and the size of everything that is done at once.

What is written does not depend on it: blocks are of one size unless there is very little memory.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

__all__ = [
    "BLOCK_BYTES",
    "PICTURES_A_TASK",
    "STRIP_BYTES",
    "WRITTEN_BYTES",
    "Budget",
    "machine_cores",
    "machine_memory",
]

#: Bytes of values in a block: so many that handing it to a worker costs little.
BLOCK_BYTES = 16 << 20
#: Bytes of values that are folded at a time, because folding takes several times as many.
STRIP_BYTES = 4 << 20
#: Bytes that are written of one block, about; a point of four bytes takes some thirty in an event file.
WRITTEN_BYTES = 32 << 20
#: Pictures that make a task of tens of milliseconds, where drawing costs more than reading.
PICTURES_A_TASK = 64

#: Where Linux tells what a container may use.
_CGROUP = Path("/sys/fs/cgroup")

#: What a process takes before it has read anything.
_PROCESS = 200 << 20
#: What a worker has for data if nobody says otherwise, and at least.
_EACH, _LEAST = 256 << 20, 16 << 20
#: A worker holds up to so many times the bytes of its block while it draws it, as numbers of more bytes and sorted out.
_AROUND_A_BLOCK = 16


@dataclass(frozen=True)
class Budget:
    """The memory that a conversion may hold.

    Attributes
    ----------
    each : int
        Bytes of data for each worker.
    workers : int
    block : int
        Bytes of values in a block; a storage chunk of more is a block all the same, up to `largest`.
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
    def largest(self) -> int:
        """Bytes of values in the largest block, which is one storage chunk; longer ones are read in parts."""
        return self.each // 4

    @property
    def cached(self) -> int:
        """Bytes of values that a worker may cache of a first pass for the second."""
        return self.each // 4


def machine_memory(cgroup: Path = _CGROUP) -> int:
    """Return the bytes of memory of this machine, or of the container that this runs in.

    Parameters
    ----------
    cgroup : Path
        Where Linux tells the limits of a container.
    """
    physical = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limits = (_numbers(cgroup / name) for name in ("memory.max", "memory/memory.limit_in_bytes"))
    return min([physical, *(limit[0] for limit in limits if limit)])


def machine_cores(cgroup: Path = _CGROUP) -> int:
    """Return how many cores this process may use, rounded up, of the machine or of its container's share."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    share = _numbers(cgroup / "cpu.max")
    if not share:
        share = _numbers(cgroup / "cpu" / "cpu.cfs_quota_us") + _numbers(cgroup / "cpu" / "cpu.cfs_period_us")
    if len(share) == 2 and min(share) > 0:
        cores = min(cores, -(-share[0] // share[1]))
    return cores


def _numbers(path: Path) -> list[int]:
    """Return the numbers in a file; none if it is not there, or says something else, such as that there is no limit."""
    try:
        return [int(word) for word in path.read_text().split()]
    except (OSError, ValueError):
        return []
