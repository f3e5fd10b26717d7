"""How much memory a conversion may hold, and what follows from it for its parts.

What is written does not depend on it: blocks are of one size unless there is very little memory.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import Any

from pipeline.errors import SettingError
from pipeline.slicing.blocks import BLOCK_BYTES

__all__ = ["Budget", "machine_memory", "size_in_bytes"]

#: What a process takes before it has read anything.
_PROCESS = 200 << 20
#: What a worker has for data if nobody says otherwise, and at least.
_EACH, _LEAST = 256 << 20, 16 << 20
#: A worker holds up to so many times the bytes of its block while it draws it, as numbers of more bytes and sorted out.
_AROUND_A_BLOCK = 16

_UNITS = {"": 1, "b": 1, "k": 10**3, "kb": 10**3, "m": 10**6, "mb": 10**6, "g": 10**9, "gb": 10**9}
_UNITS |= {"t": 10**12, "tb": 10**12, "kib": 2**10, "mib": 2**20, "gib": 2**30, "tib": 2**40}


@dataclass(frozen=True)
class Budget:
    """What a conversion may hold.

    Attributes
    ----------
    each : int
        Bytes of data for each worker.
    workers : int
    """

    each: int = _EACH
    workers: int = 1

    @classmethod
    def of(cls, memory: int | None, workers: int) -> Budget:
        """Return what `memory` bytes, all processes together, leave for each worker; None: what suits this machine."""
        if memory is None:
            memory = min(machine_memory() // 2, _PROCESS * (workers + 1) + _EACH * workers)
        return cls(max(_LEAST, (memory - _PROCESS * (workers + 1)) // workers), workers)

    @property
    def block(self) -> int:
        """Bytes of values in a block; a storage chunk of more is a block all the same."""
        return min(BLOCK_BYTES, self.each // _AROUND_A_BLOCK)

    @property
    def under_way(self) -> int:
        """Bytes of values, for each worker, in blocks that are begun and not written; there is always one."""
        return self.each // 4

    @property
    def kept(self) -> int:
        """Bytes of values that a worker may keep of a first pass for the second."""
        return self.each // 4


def size_in_bytes(value: Any) -> int:
    """Return a number of bytes from ``2GB``, ``500 MiB`` or a plain number.

    Raises
    ------
    SettingError
        If it is not a size, or less than 100 MB, which Python and its libraries take alone.
    """
    found = re.fullmatch(r"\s*(\d+\.?\d*)\s*([a-zA-Z]*)\s*", str(value))
    size = int(float(found[1]) * _UNITS[found[2].lower()]) if found and found[2].lower() in _UNITS else 0
    if size < 100 * 10**6:
        raise SettingError(f"memory={value!r}: accepted is a size of at least 100 MB, such as 2GB or 800MiB")
    return size


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
