"""Progress in a notebook: text and a bar that stay in the saved page, where a widget leaves nothing."""

from __future__ import annotations

import html
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pipeline.progress import Progress

__all__ = ["NotebookBar", "in_notebook"]

_WIDTH = 40


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
        self._shown = -1

    def show(self, progress: Progress) -> None:
        """Show how far the conversion is; a change below one percent is not sent to the page."""
        percent = int(100 * progress.part)
        if self._shown == percent:
            return
        self._shown = percent
        bundle = {"text/plain": _text(progress.run, percent), "text/html": _html(progress.run, percent)}
        if self._handle is not None:
            self._handle.update(bundle, raw=True)
        else:
            from IPython.display import display

            self._handle = display(bundle, raw=True, display_id=True)  # type: ignore[no-untyped-call]


def _text(name: str, percent: int) -> str:
    full = _WIDTH * percent // 100
    return f"{name} [{'#' * full}{'.' * (_WIDTH - full)}] {percent} %"


def _html(name: str, percent: int) -> str:
    bar = f'<progress value="{percent}" max="100" style="width:24em;vertical-align:middle"></progress>'
    return f"{html.escape(name)} {bar} {percent} %"
