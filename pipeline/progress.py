"""How far a conversion is: counted in bytes of values and in blocks, shown on a terminal or as lines of a log."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from pipeline.notebookbar import NotebookBar, in_notebook
from pipeline.words import duration_text, size_text

__all__ = ["Progress", "Tally", "shown"]

_LINE_SECONDS = 5.0


@dataclass(frozen=True)
class Progress:
    """What is done, of all runs together and of the variable that is under way.

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
        """What part of all is done, from 0 to 1; by bytes, and where nothing is read by blocks."""
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
        self._reached = 0

    def reach(self, names: tuple[str, str], run: int, variable: int, done: int) -> Progress:
        """Say that so many blocks of a variable are done, and all variables before it."""
        while self._at < (run, variable):
            self._next()
        blocks = self._sizes[run][variable]
        self._reached = max(self._reached, min(done, len(blocks)))
        read = sum(blocks[: self._reached])
        count, size = self._before
        return Progress(
            *names, count + self._reached, self._blocks, size + read, self._bytes, read, max(1, sum(blocks))
        )

    @property
    def whole(self) -> int:
        """As many blocks as no variable has more of."""
        return self._blocks

    def _next(self) -> None:
        run, variable = self._at
        if variable < len(self._sizes[run]):
            blocks = self._sizes[run][variable]
            self._before = self._before[0] + len(blocks), self._before[1] + sum(blocks)
            self._at, self._reached = (run, variable + 1), 0
        else:
            self._at, self._reached = (run + 1, 0), 0


@contextmanager
def shown(stream: Any = None) -> Iterator[Callable[[Progress], None]]:
    """Give a function that shows progress: bars on a terminal and in a notebook, elsewhere a line every few seconds.

    Parameters
    ----------
    stream : text file, optional
        Standard error by default.
    """
    if stream is None and in_notebook():
        yield NotebookBar().show
        return
    out = sys.stderr if stream is None else stream
    if not out.isatty():
        yield _Lines(out).show
        return
    bars = _Bars(out)
    try:
        yield bars.show
    finally:
        bars.close()


class _Lines:
    """A line every few seconds, and one at the end."""

    def __init__(self, out: Any) -> None:
        self._out = out
        self._began = self._last = time.monotonic()
        self._from: int | None = None
        self._ended = False

    def show(self, progress: Progress) -> None:
        now = time.monotonic()
        if self._from is None:
            self._from = progress.bytes_done
        if self._ended:
            return
        self._ended = progress.done >= progress.total
        if now - self._last < _LINE_SECONDS and progress.done < progress.total:
            return
        self._last = now
        print(self.line(progress, now - self._began), file=self._out, flush=True)

    def line(self, progress: Progress, seconds: float) -> str:
        """Return a line such as ``run GC/voltage: 45 % of 3.2 GB, 120 MB/s, 2 min left``."""
        done = progress.bytes_done - (self._from or 0)
        words = [f"{progress.run} {progress.variable}: {progress.part:.0%} of {size_text(progress.bytes_total)}"]
        if progress.done >= progress.total:
            words = [f"{size_text(progress.bytes_total)} of values in {duration_text(seconds)}"]
        if seconds > 0 and done > 0:
            words.append(f"{size_text(done / seconds)}/s")
            if progress.done < progress.total:
                words.append(f"{duration_text((progress.bytes_total - progress.bytes_done) * seconds / done)} left")
        return ", ".join(words)


class _Bars:
    """Two bars: all of the conversion, and the variable that is under way."""

    def __init__(self, out: Any) -> None:
        from tqdm import tqdm

        head = "{desc:<28.28} {percentage:3.0f}%|{bar:25}| {n_fmt}/{total_fmt}B"
        common: dict[str, Any] = {"file": out, "unit": "B", "unit_scale": True, "dynamic_ncols": True}
        self._all = tqdm(desc="all", position=0, bar_format=head + " {rate_fmt}, {remaining} left{postfix}", **common)
        self._one = tqdm(desc="", position=1, leave=False, bar_format=head, **common)
        self._began = False

    def show(self, progress: Progress) -> None:
        if not self._began:  # what was complete already is not of this conversion's speed
            self._all.initial = self._all.n = progress.bytes_done
            self._began = True
        name = f"{progress.run} {progress.variable}"
        if self._one.desc != name:
            self._one.set_description_str(name)
        self._all.total, self._one.total = progress.bytes_total, progress.variable_total
        self._all.set_postfix_str(f"block {progress.done:,} of {progress.total:,}", refresh=False)
        self._all.update(progress.bytes_done - self._all.n)
        self._one.n = progress.variable_done
        self._one.update(0)

    def close(self) -> None:
        self._one.close()
        self._all.close()
