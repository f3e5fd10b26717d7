"""Fonts: matplotlib's own has the letters of Europe; others are found on the machine, and where none is, numbers stand.

So a name in any script is told from others. Where it cannot be written, the plan says so (`unwritable`).
"""

from __future__ import annotations

from functools import lru_cache
from itertools import groupby
from typing import Any

__all__ = ["families", "stretches", "unwritable", "writable"]


def stretches(text: str) -> list[tuple[str, str]]:
    """Return text in stretches of one font each, as (path of the font, letters)."""
    text = writable(text)
    own = _own()
    return [(path, "".join(part)) for path, part in groupby(text, lambda letter: _font_of(letter) or own)]


def families(text: str) -> list[str]:
    """Return the names of the fonts that a text needs beside matplotlib's own, for matplotlib."""
    from matplotlib.font_manager import FontProperties

    paths = dict.fromkeys(path for path, _ in stretches(text) if path != _own())
    return [FontProperties(fname=path).get_name() for path in paths]


def writable(text: str) -> str:
    """Return text in which a letter that no font has is its number, as Python writes it."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(letter if _font_of(letter) else _number(letter) for letter in text)


def unwritable(text: str) -> str:
    """Return the letters of a text that no font has."""
    return "" if text.isascii() else "".join(dict.fromkeys(one for one in text if not _font_of(one)))


def _number(letter: str) -> str:
    return letter.encode("ascii", "backslashreplace").decode() if not letter.isascii() else f"\\x{ord(letter):02x}"


@lru_cache(maxsize=1)
def _own() -> str:
    from matplotlib import get_data_path

    return f"{get_data_path()}/fonts/ttf/DejaVuSans.ttf"


@lru_cache(maxsize=4096)
def _font_of(letter: str) -> str | None:
    """Return the path of the first font that has a letter, matplotlib's own before all others; None if none has it."""
    if letter.isspace():
        return _own() if letter == " " else None
    return next((path for path in (_own(), *_others()) if _has(path, letter)), None)


@lru_cache(maxsize=1)
def _others() -> tuple[str, ...]:
    """Return the paths of all upright fonts of the machine, in an order that does not depend on where they are."""
    from matplotlib.font_manager import fontManager

    found = {
        (font.name, font.weight != 400, str(font.weight), font.fname)
        for font in fontManager.ttflist
        if font.style == "normal" and "emoji" not in font.name.lower() and "last resort" not in font.name.lower()
    }
    return tuple(dict.fromkeys(path for *_, path in sorted(found)))


def _has(path: str, letter: str) -> bool:
    font = _opened(path)
    return font is not None and font.get_char_index(ord(letter)) != 0


@lru_cache(maxsize=512)
def _opened(path: str) -> Any:
    from matplotlib.ft2font import FT2Font

    try:
        return FT2Font(path)
    except (OSError, RuntimeError):
        return None
