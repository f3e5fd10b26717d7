"""Progress in a notebook: text and a bar that stay in the saved page, where a widget leaves nothing; else tqdm's."""

from __future__ import annotations

import html
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

__all__ = ["progress_bar"]

_WIDTH = 40


@contextmanager
def progress_bar() -> Iterator[Callable[[str, int, int], None]]:
    """Give a function that shows (run name, done, in all), for `pipeline.convert`."""
    if in_notebook():
        yield NotebookBar().show
        return
    from tqdm import tqdm

    with tqdm(bar_format="{desc} {percentage:3.0f}%|{bar:40}| {elapsed}<{remaining}") as bar:

        def show(name: str, done: int, total: int) -> None:
            bar.total, bar.n = total, done
            bar.set_description_str(name)

        yield show


def in_notebook() -> bool:
    """Whether this is a Jupyter kernel; IPython is not imported to find out."""
    if "IPython" not in sys.modules:
        return False
    from IPython import get_ipython

    return getattr(get_ipython(), "kernel", None) is not None


class NotebookBar:
    """One line a run in the cell's output, changed in place."""

    def __init__(self) -> None:
        self._handles: dict[str, Any] = {}
        self._shown: dict[str, int] = {}

    def show(self, name: str, done: int, total: int) -> None:
        """Show how far a run is; a change below one percent is not sent to the page."""
        percent = 100 * done // max(1, total)
        if self._shown.get(name) == percent:
            return
        self._shown[name] = percent
        bundle = {"text/plain": _text(name, percent), "text/html": _html(name, percent)}
        if name in self._handles:
            self._handles[name].update(bundle, raw=True)
        else:
            from IPython.display import display

            self._handles[name] = display(bundle, raw=True, display_id=True)  # type: ignore[no-untyped-call]


def _text(name: str, percent: int) -> str:
    full = _WIDTH * percent // 100
    return f"{name} [{'#' * full}{'.' * (_WIDTH - full)}] {percent} %"


def _html(name: str, percent: int) -> str:
    bar = f'<progress value="{percent}" max="100" style="width:24em;vertical-align:middle"></progress>'
    return f"{html.escape(name)} {bar} {percent} %"
