"""The display of progress: bars on a terminal, lines in a log, a bar that stays in the saved page of a notebook."""

from __future__ import annotations

import html
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from pipeline.running.progress import Progress
from pipeline.units import duration_text, size_text

__all__ = ["NotebookBar", "in_notebook", "shown"]

_LINE_SECONDS = 5.0
_WIDTH = 40  # characters of a notebook's bar


@contextmanager
def shown(stream: Any = None) -> Iterator[Callable[[Progress], None]]:
    """Yield a function that shows progress: bars on a terminal and in a notebook, elsewhere a line every few seconds.

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


class _Pace:
    """The time that a conversion takes, and what it does in a second."""

    def __init__(self) -> None:
        self.began = time.monotonic()
        self._first: tuple[float, int] | None = None

    def words(self, progress: Progress, now: float) -> list[str]:
        """Return ``120 MB/s`` and ``2 min left``, as far as they are known, or at the end how long it took."""
        if self._first is None:  # what was complete already is not of this conversion's speed
            self._first = now, progress.bytes_done
        if progress.done >= progress.total:
            return [f"{size_text(progress.bytes_total)} of values in {duration_text(now - self.began)}"]
        seconds, done = now - self._first[0], progress.bytes_done - self._first[1]
        if not (seconds and done):
            return []
        left = (progress.bytes_total - progress.bytes_done) * seconds / done
        return [f"{size_text(done / seconds)}/s", f"{duration_text(left)} left"]


class _Lines:
    """A line every few seconds, and one at the end."""

    def __init__(self, out: Any) -> None:
        self._out, self._pace = out, _Pace()
        self._last = self._pace.began
        self._ended = False

    def show(self, progress: Progress) -> None:
        now = time.monotonic()
        pace = self._pace.words(progress, now)
        if self._ended:
            return
        self._ended = progress.done >= progress.total
        if now - self._last < _LINE_SECONDS and not self._ended:
            return
        self._last = now
        part = f"{progress.run} {progress.variable}: {progress.part:.0%} of {size_text(progress.bytes_total)}"
        print(", ".join(pace if self._ended else [part, *pace]), file=self._out, flush=True)


class _Bars:
    """Two bars: all of the conversion, and the variable that is under way."""

    def __init__(self, out: Any) -> None:
        from rich import progress
        from rich.console import Console
        from rich.table import Column

        console = Console(file=out)
        name = Column(no_wrap=True, overflow="ellipsis", max_width=max(12, console.width - 60))
        columns = [
            progress.TextColumn("{task.description}", markup=False, table_column=name),
            progress.BarColumn(25 if console.width > 120 else 10),
            progress.TaskProgressColumn(),
            progress.TimeRemainingColumn(),
        ]
        if console.width >= 80:
            columns[3:3] = [progress.DownloadColumn(), progress.TransferSpeedColumn()]
        if console.width > 120:
            columns[4:4] = [progress.TextColumn("{task.fields[blocks]}", markup=False)]
        self._bars = progress.Progress(*columns, console=console)
        self._all: Any = None
        self._one: Any = None

    def show(self, progress: Progress) -> None:
        if self._all is None:  # what was complete already is not of this conversion's speed
            self._bars.start()
            self._all = self._bars.add_task("all", completed=progress.bytes_done, total=progress.bytes_total, blocks="")
            self._one = self._bars.add_task("", total=1, blocks="")
        blocks = f"block {progress.done:,} of {progress.total:,}"
        self._bars.update(self._all, completed=progress.bytes_done, blocks=blocks)
        name = f"{progress.run} {progress.variable}"
        if self._bars.tasks[self._one].description != name:
            self._bars.reset(self._one, description=name, total=progress.variable_total)
        self._bars.update(self._one, completed=progress.variable_done)

    def close(self) -> None:
        if self._all is not None:
            self._bars.remove_task(self._one)
        self._bars.stop()


def in_notebook() -> bool:
    """Whether this is a Jupyter kernel; IPython is not imported to find out."""
    if "IPython" not in sys.modules:
        return False
    from IPython import get_ipython

    return getattr(get_ipython(), "kernel", None) is not None


class NotebookBar:
    """One line in the cell's output, changed in place."""

    def __init__(self) -> None:
        self._handle: Any = None
        self._shown, self._pace = -1, _Pace()

    def show(self, progress: Progress) -> None:
        """Show how far the conversion is; a change below one percent is not sent to the page."""
        percent = int(100 * progress.part)
        pace = self._pace.words(progress, time.monotonic())
        if self._shown == percent:
            return
        self._shown = percent
        words = ", ".join([f"{percent} %", *pace])
        bundle = {"text/plain": _text(progress.run, percent, words), "text/html": _html(progress, percent, words)}
        if self._handle is not None:
            self._handle.update(bundle, raw=True)
        else:
            from IPython.display import display

            self._handle = display(bundle, raw=True, display_id=True)  # type: ignore[no-untyped-call]


def _text(name: str, percent: int, words: str) -> str:
    full = _WIDTH * percent // 100
    return f"{name} [{'#' * full}{'.' * (_WIDTH - full)}] {words}"


def _html(progress: Progress, percent: int, words: str) -> str:
    bar = f'<progress value="{percent}" max="100" style="width:24em;vertical-align:middle"></progress>'
    variable = f" <small>{html.escape(progress.variable)}</small>" if percent < 100 else ""
    return f"{html.escape(progress.run)} {bar} {words}{variable}"
