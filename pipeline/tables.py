"""Tables and trees of text: fit to a terminal, plain in a file and in a mail."""

from __future__ import annotations

import html
import io
import os
import re
import shutil
import sys
from collections.abc import Iterable, Sequence
from typing import Any

__all__ = ["columns", "html_table", "markdown", "markdown_table", "plain", "show", "table", "text_of"]

#: The width of text that is not for a terminal: nothing is folded. On a narrow terminal long lines go on in the next.
_ENDLESS, _LEAST = 1_000_000, 120

#: What would move the cursor of a terminal, or end a line, if it stood in a name.
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def plain(text: object) -> str:
    """Return text on one line, without what would move the cursor of a terminal."""
    return _CONTROLS.sub(" ", str(text))


#: All but what has no meaning in Markdown, wherever it stands in a line of text.
_MEANT = re.compile(r"[^A-Za-z0-9 ,.:;=()/%'\u00a0-\U0010ffff-]|^-|(?<=^\d)\.(?= )|(?<=^\d\d)\.(?= )")


def markdown(text: object) -> str:
    """Return text on one line as Markdown that shows it letter by letter.

    Examples
    --------
    >>> markdown("a_b|<c>")
    'a&#95;b&#124;&#60;c&#62;'
    """
    return _MEANT.sub(lambda found: f"&#{ord(found[0])};", plain(text).strip())


def markdown_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table in Markdown; all cells are escaped.

    Examples
    --------
    >>> print(markdown_table(("run", "size"), [("a|b", "1 MB")]))
    | run | size |
    | --- | --- |
    | a&#124;b | 1 MB |
    """
    lines = [head, ["---"] * len(head), *([markdown(cell) for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def columns(head: Sequence[str], rows: Iterable[Sequence[str]], styles: Sequence[str] = ()) -> Any:
    """Return a `rich.table.Table` without lines.

    Parameters
    ----------
    head : sequence of str
    rows : iterable of sequences of str
    styles : sequence of str
        Of rich, one a column.
    """
    from rich.table import Table
    from rich.text import Text

    found = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    for number, name in enumerate(head):
        last = number == len(head) - 1  # the one that is folded where there is too little room
        found.add_column(Text(name), style=styles[number] if styles else None, overflow="fold", no_wrap=not last)
    for row in rows:
        found.add_row(*(Text(plain(cell)) for cell in row))
    return found


def text_of(renderable: Any, stream: Any = None) -> str:
    """Return what rich makes of something, line by line, without what is blank at the ends.

    Parameters
    ----------
    renderable : Any
        A table, a tree, or other thing that rich can draw.
    stream : text file, optional
        Where it will be written: a terminal gives its width and its colours, unless ``NO_COLOR`` is set (no-color.org)
        or it has none. None: plain text.
    """
    from rich.console import Console
    from rich.measure import Measurement

    terminal = stream is not None and stream.isatty()
    plain = not terminal or bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") == "dumb"
    encoding = getattr(stream, "encoding", None) or "utf-8"
    console = Console(
        file=io.TextIOWrapper(io.BytesIO(), encoding),  # whose letters it can use; `stream` is left to the caller
        force_terminal=terminal,
        width=max(_LEAST, shutil.get_terminal_size().columns) if terminal else _ENDLESS,
        color_system=None if plain else "standard",
        markup=False,
        emoji=False,
        highlight=False,
        force_jupyter=False,
    )
    least = Measurement.get(console, console.options.update(max_width=_ENDLESS), renderable).minimum
    console.width = max(console.width, least)  # a name is never cut
    with console.capture() as captured:
        console.print(renderable)
    return "\n".join(line.rstrip() for line in captured.get().split("\n")).rstrip("\n")


def show(renderable: Any) -> None:
    """Print a table or a tree on standard output."""
    print(text_of(renderable, sys.stdout))


def table(rows: Sequence[Sequence[str]]) -> str:
    """Return rows with aligned columns; the first is the head.

    Examples
    --------
    >>> print(table([("run", "size"), ("night", "12 MB")]))
      run    size
      night  12 MB
    """
    from rich.padding import Padding

    return text_of(Padding(columns(rows[0], rows[1:]), (0, 0, 0, 2)))


#: The look of errors in a notebook: the colour of its theme where it has one.
ERROR_STYLE = "color: var(--jp-error-color1, #c62828)"


def html_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table for a notebook; all cells are escaped."""
    left = ' style="text-align:left"'
    names = "".join(f"<th{left}>{html.escape(cell)}</th>" for cell in head)
    body = "".join("<tr>" + "".join(f"<td{left}>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    top = f"<thead><tr>{names}</tr></thead>" if head else ""
    return f"<table>{top}<tbody>{body}</tbody></table>"
