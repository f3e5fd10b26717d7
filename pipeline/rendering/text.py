"""Words on pictures: drawn once, as inks, and put into scanlines where the frame is white."""

from __future__ import annotations

import threading
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from pipeline.rendering.colours import BLACK

__all__ = ["DRAWING", "put", "words"]

Pixels = npt.NDArray[np.uint8]

#: Held while fonts are used: neither matplotlib nor FreeType draws text in two threads at a time.
DRAWING = threading.Lock()


@lru_cache(maxsize=512)
def words(text: str, height: float, room: int) -> Pixels:
    """Return text as inks, shape (h, w); made smaller where it does not fit into `room` columns. Hold `DRAWING`."""
    from matplotlib import get_data_path
    from PIL import Image, ImageDraw, ImageFont

    if not text:
        return np.zeros((1, 0), np.uint8)
    path = f"{get_data_path()}/fonts/ttf/DejaVuSans.ttf"
    size = round(height)
    font = ImageFont.truetype(path, size)
    while font.getlength(text) > room and size > 6:
        size = max(6, min(size - 1, int(size * room / font.getlength(text))))
        font = ImageFont.truetype(path, size)
    ascent, descent = font.getmetrics()
    image = Image.new("L", (max(1, min(int(font.getlength(text)) + 2, room)), ascent + descent))
    ImageDraw.Draw(image).text((0, 0), text, fill=255, font=font)
    return np.rint(np.asarray(image) / 255 * BLACK).astype(np.uint8)


def put(lines: Pixels, pixels: Pixels, left: int, bottom: int) -> None:
    """Add palette indices to scanlines (filter *Up*) that are white there, the last line above line `bottom`."""
    height, width = pixels.shape
    top = max(0, bottom - height)
    pixels = pixels[: bottom - top]
    box = lines[top:bottom, 1 + left : 1 + left + width]
    box[0] += pixels[0]
    box[1:] += pixels[1:] - pixels[:-1]
    lines[bottom, 1 + left : 1 + left + width] -= pixels[-1]
