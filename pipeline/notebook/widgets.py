"""Widgets of previews: a slider over pictures, a menu of plots. Without ipywidgets there is none.

A page that was saved has no widgets, because what they stand for is in the kernel; JupyterLab shows an error in their
place. So the first picture is an output of its own, which every program shows, with a word on how to have the slider;
where the slider is alive, they are hidden (`_HIDING`). A player with its frames in the page would need no kernel, but
it would draw and store all of them before one is looked at, some 40 KB each, and have few of a long run's.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from pipeline.errors import PipelineError
from pipeline.tables import ERROR_STYLE, html_table
from pipeline.units import plural

__all__ = ["available", "menu", "show", "slider", "table"]

_ROWS = 20  # of a table
_MILLISECONDS = 200  # of a frame that is played

#: Of three outputs, a picture, a word and a widget, the first two are hidden where the widget is alive, the last where
#: it is not. Outputs of JupyterLab have this class; where none has it, the live slider is shown below the picture.
_OUTPUT = ".jp-OutputArea-child"
_HIDING = (
    f"<style>{_OUTPUT}:has(+ {_OUTPUT} .hdf2tb-slider), {_OUTPUT}:has(+ {_OUTPUT} + {_OUTPUT} .hdf2tb-slider), "
    f"{_OUTPUT}:has(.hdf2tb-saved) + {_OUTPUT}:not(:has(.hdf2tb-slider)) {{display: none}}</style>"
)


class Frames(Protocol):
    """What a slider runs over."""

    title: str
    note: str

    @property
    def timed(self) -> bool:
        """Whether they are of different times."""

    def __len__(self) -> int: ...

    def label(self, number: int) -> str:
        """Return what tells a frame from the others."""

    def find(self, where: str) -> int:
        """Return the number of the frame at a step or a time."""

    def png(self, number: int = 0) -> bytes:
        """Return a frame."""


def available() -> bool:
    """Whether there are widgets."""
    return _ipywidgets() is not None


def show(text: str, png: bytes, pictures: int, widget: Any) -> None:
    """Show a widget in a notebook, and in a page that was saved the first picture of it.

    Parameters
    ----------
    text : str
        What a program without pictures shows.
    png : bytes
    pictures : int
        What the word says there are.
    widget : ipywidgets.Widget
    """
    from IPython.display import display

    word = f"the first of {plural(pictures, 'picture')}; run this cell for the slider"
    saved = f'{_HIDING}<small class="hdf2tb-saved">{word}</small>'
    display({"text/plain": text, "image/png": png}, raw=True)  # type: ignore[no-untyped-call]
    display({"text/plain": word, "text/html": saved}, raw=True)  # type: ignore[no-untyped-call]
    display(widget)  # type: ignore[no-untyped-call]


def slider(frames: Frames) -> Any:
    """Return a box with a slider and the frame it stands at; a frame is drawn when the slider comes to it.

    It is moved by hand, by the arrow keys, by playing, and by a step or a time that is typed. Errors stand below it.
    """
    widgets = _ipywidgets()
    if widgets is None:
        return None
    title = f"<b>{html.escape(frames.title)}</b> {html.escape(frames.note)}"
    picture = widgets.Image(format="png", layout={"max_width": "100%"})
    label, problem = widgets.Label(), widgets.HTML()
    told = _telling(problem)

    @told
    def draw(number: int) -> None:
        label.value, picture.layout.display = frames.label(number), "none"  # no other frame stands below the label
        picture.value = frames.png(number)
        picture.layout.display = ""

    draw(0)
    rows = [widgets.HTML(title), problem, picture]
    if len(frames) > 1:
        last = len(frames) - 1
        place = widgets.IntSlider(min=0, max=last, readout=False, layout={"flex": "1 1 12em"})
        play = widgets.Play(min=0, max=last, interval=_MILLISECONDS, show_repeat=False)
        field = widgets.Text(placeholder="step or time", continuous_update=False, layout={"width": "8em"})

        @told
        def go(where: str) -> None:
            if where.strip():
                place.value = frames.find(where)

        widgets.jslink((play, "value"), (place, "value"))
        place.observe(lambda change: draw(change["new"]), names="value")
        field.observe(lambda change: go(change["new"]), names="value")
        rows.insert(1, widgets.HBox([play, place, label, *([field] if frames.timed else [])]))
    box = widgets.VBox(rows)
    box.add_class("hdf2tb-slider")
    return box


def _telling(problem: Any) -> Callable[[Callable[[Any], None]], Callable[[Any], None]]:
    """Return what makes a function show its errors, where they would be lost in a log otherwise."""

    def told(function: Callable[[Any], None]) -> Callable[[Any], None]:
        def telling(value: Any) -> None:
            problem.value = ""
            try:
                function(value)
            except Exception as error:
                words = str(error) if isinstance(error, PipelineError) else f"{type(error).__name__}: {error}"
                problem.value = f'<span role="alert" style="{ERROR_STYLE}">{html.escape(words)}</span>'

        return telling

    return told


def menu(items: Sequence[Frames]) -> Any:
    """Return a box with a menu of plots; a plot is drawn when it is chosen."""
    widgets = _ipywidgets()
    if widgets is None:
        return None
    names = widgets.Dropdown(options=[(item.title, n) for n, item in enumerate(items)], layout={"width": "auto"})
    box = widgets.VBox([names, slider(items[0])])
    names.observe(lambda change: setattr(box, "children", (names, slider(items[change["new"]]))), names="value")
    return box


def table(title: str, rows: Sequence[tuple[str, Any]]) -> str:
    """Return names and values as HTML, the first ones of many."""
    shown = [(name, f"{value:.6g}" if isinstance(value, float) else str(value)) for name, value in rows[:_ROWS]]
    more = f"<p>and {len(rows) - _ROWS:,} more</p>" if len(rows) > _ROWS else ""
    return f"<b>{html.escape(title)}</b>{html_table((), shown)}{more}"


def _ipywidgets() -> Any:
    try:
        import ipywidgets
    except ImportError:
        return None
    return ipywidgets
