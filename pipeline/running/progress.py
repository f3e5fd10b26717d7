"""Progress, counted in bytes of values and in blocks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Progress", "Tally"]


@dataclass(frozen=True)
class Progress:
    """The progress of all runs together, and of the variable under way.

    Attributes
    ----------
    run, variable : str
        What is under way; a variable is ``component/attr``.
    done, total : int
        Blocks of all runs.
    bytes_done, bytes_total : int
        Bytes of values that are read for them.
    variable_done, variable_total : int
        Bytes of values of the variable.
    """

    run: str
    variable: str
    done: int
    total: int
    bytes_done: int
    bytes_total: int
    variable_done: int
    variable_total: int

    @property
    def part(self) -> float:
        """The part that is done, from 0 to 1, by bytes; by blocks where nothing is read."""
        done, total = (self.bytes_done, self.bytes_total) if self.bytes_total else (self.done, self.total)
        return done / total if total else 1.0


class Tally:
    """Adds up what is done.

    Parameters
    ----------
    sizes : sequence, a run, of sequences, a variable, of bytes of values by block
    """

    def __init__(self, sizes: Sequence[Sequence[Sequence[int]]]) -> None:
        self._sizes = sizes
        self._blocks = sum(len(blocks) for run in sizes for blocks in run)
        self._bytes = sum(sum(blocks) for run in sizes for blocks in run)
        self._before = 0, 0  # blocks and bytes of the variables that are complete
        self._at = 0, 0
        self._reached = self._read = self._size = 0  # of the variable that is under way
        self._begin()

    def reach(self, names: tuple[str, str], run: int, variable: int, done: int) -> Progress:
        """Return the progress when so many blocks of a variable are done, and all variables before it."""
        while self._at < (run, variable):
            self._next()
        blocks = self._sizes[run][variable]
        reached = max(self._reached, min(done, len(blocks)))
        self._read += sum(blocks[self._reached : reached])
        self._reached = reached
        count, size = self._before
        return Progress(
            *names, count + reached, self._blocks, size + self._read, self._bytes, self._read, max(1, self._size)
        )

    def _begin(self) -> None:
        """Begin a variable: no blocks of it are done, and no bytes of it read."""
        run, variable = self._at
        self._reached = self._read = 0
        held = run < len(self._sizes) and variable < len(self._sizes[run])
        self._size = sum(self._sizes[run][variable]) if held else 0

    def _next(self) -> None:
        run, variable = self._at
        if variable < len(self._sizes[run]):
            self._before = self._before[0] + len(self._sizes[run][variable]), self._before[1] + self._size
            self._at = run, variable + 1
        else:
            self._at = run + 1, 0
        self._begin()
