"""Words on pictures: drawn once, as inks, and put into scanlines where the frame is white."""

from __future__ import annotations

import re
import threading
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.rendering.picture.colours import BLACK
from pipeline.rendering.picture.fonts import stretches

__all__ = ["DRAWING", "put", "words"]

Pixels = npt.NDArray[np.uint8]

#: Held while fonts are used: neither matplotlib nor FreeType draws text in two threads at a time.
DRAWING = threading.Lock()


def words(text: str, height: float, room: int) -> Pixels:
    """Return text as one line of inks, shape (h, w); made smaller where it does not fit into `room` columns.

    It is put together of its digits, one by one, and of what is between them. These are drawn once: of the captions of
    a slider's frames only the numbers differ, and digits are equally wide. Hold `DRAWING`.
    """
    text = " ".join(text.splitlines())
    if not text:
        return np.zeros((1, 0), np.uint8)
    pieces = [(font, piece) for font, part in stretches(text) for piece in re.findall(r"\d|\D+", part)]
    size = round(height)
    while (width := sum(_piece(*piece, size).shape[1] for piece in pieces)) > room and size > 6:
        size = max(6, min(size - 1, int(size * room / width)))
    drawn = [_piece(*piece, size) for piece in pieces]
    if len({font for font, _ in pieces}) > 1:
        drawn = _on_one_line(drawn, [_font(font, size).getmetrics() for font, _ in pieces])
    return np.hstack(drawn)[:, :room]


def _on_one_line(drawn: list[Pixels], metrics: list[tuple[int, int]]) -> list[Pixels]:
    """Return pieces of several fonts, each given by what it has above and below the line, at one height."""
    above, below = (max(part) for part in zip(*metrics, strict=True))
    return [
        np.pad(piece, ((above - high, below - low), (0, 0))) for piece, (high, low) in zip(drawn, metrics, strict=True)
    ]


@lru_cache(maxsize=1024)
def _piece(path: str, text: str, size: int) -> Pixels:
    """Return a piece of text as inks, shape (h, w)."""
    from PIL import Image, ImageDraw

    font = _font(path, size)
    image = Image.new("L", (max(1, round(font.getlength(text))), sum(font.getmetrics())))
    ImageDraw.Draw(image).text((0, 0), text, fill=255, font=font)
    return np.rint(np.asarray(image) / 255 * BLACK).astype(np.uint8)


@lru_cache(maxsize=16)
def _font(path: str, size: int) -> Any:
    from PIL import ImageFont

    return ImageFont.truetype(path, size)


def put(lines: Pixels, pixels: Pixels, left: int, bottom: int) -> None:
    """Add palette indices to scanlines (filter *Up*) that are white there, the last line above line `bottom`."""
    height, width = pixels.shape
    top = max(0, bottom - height)
    pixels = pixels[: bottom - top]
    box = lines[top:bottom, 1 + left : 1 + left + width]
    box[0] += pixels[0]
    box[1:] += pixels[1:] - pixels[:-1]
    lines[bottom, 1 + left : 1 + left + width] -= pixels[-1]
