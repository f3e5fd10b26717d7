"""Pictures: what does not change is drawn once (`axes`), numpy paints the data, and only that is encoded anew.

A `Frame` holds the axes, ticks, labels and the colour bar of a `Look` as scanlines ready for a PNG. A picture is those
with the data area and a few words filled in.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pipeline.rendering.picture.png import encode_png, up_filter
from pipeline.rendering.picture.text import DRAWING, put, words

__all__ = ["DPI", "Area", "ColourBar", "Frame", "Look", "cells", "edges"]

Pixels = npt.NDArray[np.uint8]

DPI = 100

#: Each thread's scanlines, used again for every picture.
_SCRATCH = threading.local()


@dataclass(frozen=True)
class ColourBar:
    """A colour bar: map, limits and label, and whether it counts things, so that its ticks are whole numbers."""

    cmap: str
    low: float
    high: float
    label: str
    whole: bool = False


@dataclass(frozen=True)
class Look:
    """The part of pictures that is the same for all of a series.

    Attributes
    ----------
    size : (float, float)
        Inches.
    xlabel, ylabel : str
    xlim, ylim : (float, float)
        Left and right, bottom and top.
    whole_x, whole_y : bool
        The axis counts things, so its ticks are whole numbers.
    left : float, optional
        Room to the left of the area in text heights, where it must not depend on the numbers at the axis.
    above : float
        Room between the area and the title for marks, in text heights.
    bar : ColourBar, optional
    """

    size: tuple[float, float]
    xlabel: str
    ylabel: str
    xlim: tuple[float, float]
    ylim: tuple[float, float]
    whole_x: bool = False
    whole_y: bool = False
    left: float | None = None
    above: float = 0.0
    bar: ColourBar | None = None

    @property
    def pixels(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return round(self.size[0] * DPI), round(self.size[1] * DPI)

    @property
    def text_height(self) -> float:
        """Height of the text in pixels: readable where TensorBoard shows the picture as a small card."""
        width, height = self.pixels
        return min(0.026 * width, 0.055 * height)

    @property
    def border(self) -> int:
        """Pixels of the line around the area."""
        return max(1, round(self.text_height / 12))


@dataclass(frozen=True)
class Area:
    """A rectangle of pixels, counted from the top left."""

    left: int
    top: int
    width: int
    height: int

    @property
    def right(self) -> int:
        """The first column past it."""
        return self.left + self.width

    @property
    def bottom(self) -> int:
        """The first line past it."""
        return self.top + self.height


class Frame:
    """A drawn `Look`, to be filled with data.

    Attributes
    ----------
    pixels : ndarray of uint8, shape (height, width)
        Palette indices of what does not change; the data area is white.
    area : Area
        Where the data goes.
    above, border : int
        Pixels above the area for marks, and of the line around it.
    """

    def __init__(self, pixels: Pixels, palette: Pixels, area: Area, look: Look) -> None:
        self.pixels, self.palette, self.area, self.text_height = pixels, palette, area, look.text_height
        self.above, self.border = round(look.above * look.text_height), look.border
        self._lines = up_filter(pixels)

    def blank(self) -> Pixels:
        """Return fresh scanlines (filter *Up*), shape (height, 1 + width), to be painted and given to `finish`.

        They are good until this thread asks for the next: memory that a process does not have yet costs as much as
        painting it, and Dask's workers give theirs back at once.
        """
        lines: Pixels | None = getattr(_SCRATCH, "lines", None)
        if lines is None or lines.shape != self._lines.shape:
            lines = _SCRATCH.lines = np.empty_like(self._lines)
        np.copyto(lines, self._lines)
        return lines

    def inside(self, lines: Pixels) -> Pixels:
        """Return the part of scanlines where the data goes, shape (area.height + 1, area.width).

        It holds the change from line to line. So a patch of colour from line `a` up to line `b` is added at `a` and
        subtracted at `b`, which may be the line below the area.
        """
        area = self.area
        return lines[area.top : area.bottom + 1, 1 + area.left : 1 + area.right]

    def paint(self, lines: Pixels, rows: Pixels, starts: npt.NDArray[np.intp]) -> None:
        """Fill the data area of scanlines.

        Parameters
        ----------
        lines : ndarray of uint8
            From `blank`.
        rows : ndarray of uint8, shape (n, area.width)
            Palette indices.
        starts : ndarray of int, shape (n,)
            The line of the area at which each row begins; it is repeated up to the next. The first is 0.
        """
        inside, change = self.inside(lines), rows.copy()
        np.subtract(rows[1:], rows[:-1], out=change[1:])
        inside[starts] += change
        inside[-1] -= rows[-1]

    def finish(self, lines: Pixels, title: str, caption: str = "", palette: Pixels | None = None) -> bytes:
        """Write a title and a caption above the area, left and right, and return the PNG.

        Parameters
        ----------
        palette : ndarray of uint8, shape (n, 3), optional
            In place of the frame's own.
        """
        self._write_above(lines, title, caption)
        return encode_png(lines, self.palette if palette is None else palette)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the picture in pixels."""
        return self.pixels.shape[1], self.pixels.shape[0]

    def _write_above(self, lines: Pixels, title: str, caption: str) -> None:
        """Write the title and caption into scanlines, where the frame is white."""
        area = self.area
        with DRAWING:
            right = words(caption, self.text_height, area.width // 2)
            left = words(title, self.text_height, area.width - right.shape[1] - int(self.text_height))
        base = area.top - self.above - max(3, int(self.text_height * 0.3))
        for text, at in ((left, area.left), (right, area.right - right.shape[1])):
            put(lines, text, at, base)


def edges(count: int, pixels: int) -> npt.NDArray[np.intp]:
    """Return the first pixel of each of `count` equal cells on `pixels` pixels, by the centre of the pixels."""
    first: npt.NDArray[np.intp] = np.ceil(np.arange(count) * pixels / count - 0.5).astype(np.intp)
    return first


def cells(count: int, pixels: int) -> npt.NDArray[np.intp]:
    """Return which of `count` equal cells each of `pixels` pixels has its centre in."""
    which: npt.NDArray[np.intp] = ((np.arange(pixels) + 0.5) * count / pixels).astype(np.intp)
    return which
