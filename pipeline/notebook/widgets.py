"""Widgets of previews: a slider over pictures, a menu of plots. Without ipywidgets there is none."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import Any, Protocol

from pipeline.tables import html_table

__all__ = ["bundle", "menu", "slider", "table"]

_ROWS = 20  # of a table


class Frames(Protocol):
    """What a slider runs over."""

    title: str
    note: str

    def __len__(self) -> int: ...

    def label(self, number: int) -> str:
        """Return what tells a frame from the others."""

    def png(self, number: int = 0) -> bytes:
        """Return a frame."""


def slider(frames: Frames) -> Any:
    """Return a box with a slider and the frame it stands at; a frame is drawn when the slider comes to it."""
    widgets = _ipywidgets()
    if widgets is None:
        return None
    head = widgets.HTML(f"<b>{html.escape(frames.title)}</b> {html.escape(frames.note)}")
    picture = widgets.Image(value=frames.png(), format="png", layout={"max_width": "100%"})
    if len(frames) == 1:
        return widgets.VBox([head, picture])
    place = widgets.IntSlider(min=0, max=len(frames) - 1, readout=False, layout={"width": "70%"})
    label = widgets.Label(frames.label(0))

    def move(change: dict[str, Any]) -> None:
        label.value, picture.value = frames.label(change["new"]), frames.png(change["new"])

    place.observe(move, names="value")
    return widgets.VBox([head, widgets.HBox([place, label]), picture])


def menu(items: Sequence[Frames]) -> Any:
    """Return a box with a menu of plots; a plot is drawn when it is chosen."""
    widgets = _ipywidgets()
    if widgets is None:
        return None
    names = widgets.Dropdown(options=[(item.title, n) for n, item in enumerate(items)], layout={"width": "auto"})
    box = widgets.VBox([names, slider(items[0])])
    names.observe(lambda change: setattr(box, "children", (names, slider(items[change["new"]]))), names="value")
    return box


def bundle(widget: Any) -> dict[str, Any]:
    """Return what a notebook shows of a widget, nothing of None; the text is left to what the widget is of."""
    found: dict[str, Any] = {} if widget is None else dict(widget._repr_mimebundle_())
    found.pop("text/plain", None)
    return found


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
