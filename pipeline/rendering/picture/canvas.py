"""Pictures: matplotlib draws what does not change once, numpy paints the data, and only that is encoded anew.

`frame` draws axes, ticks, labels and the colour bar of a `Look` and keeps them as scanlines ready for a PNG. A picture
is those with the data area and a few words filled in.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.rendering.picture.colours import BLACK, INKS, colour_scale, inks
from pipeline.rendering.picture.png import encode_png, up_filter
from pipeline.rendering.picture.text import DRAWING, put, words

__all__ = ["DPI", "Area", "ColourBar", "Frame", "Look", "cells", "edges", "frame"]

Pixels = npt.NDArray[np.uint8]

DPI = 100

#: Each thread's scanlines, used again for every picture.
_SCRATCH = threading.local()


@dataclass(frozen=True)
class ColourBar:
    """A colour bar: map, limits and label."""

    cmap: str
    low: float
    high: float
    label: str


@dataclass(frozen=True)
class Look:
    """All of a picture that does not change from frame to frame.

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


def frame(look: Look) -> Frame:
    """Draw what does not change, once. The global matplotlib settings are neither used nor changed for good."""
    with DRAWING:
        return _frame(look)


@lru_cache(maxsize=16)
def _frame(look: Look) -> Frame:
    import matplotlib
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    width, height = look.pixels
    with matplotlib.rc_context(), np.errstate(all="ignore"):  # ticks of limits that hardly differ from 0
        matplotlib.rcdefaults()
        figure = Figure(figsize=(width / DPI, height / DPI), dpi=DPI, facecolor="white")
        canvas = FigureCanvasAgg(figure)
        axes = _axes(figure, look)
        bar = _bar(figure, look.bar, look.text_height) if look.bar else None
        area, bar_area = _place(canvas, axes, bar, look)
        canvas.draw()  # type: ignore[no-untyped-call]
        shades = np.asarray(canvas.buffer_rgba())[:, :, 0]  # type: ignore[no-untyped-call]
    pixels = np.rint((255 - shades.astype(np.float32)) * (INKS - 1) / 255).astype(np.uint8)
    palette = inks()
    for inside in filter(None, (area, bar_area)):
        _border(pixels, inside, look.border)
    if look.bar and bar_area:
        scale = colour_scale(look.bar.cmap, look.bar.low, look.bar.high)
        palette = scale.palette
        ramp = scale.ramp(bar_area.height)
        pixels[bar_area.top : bar_area.bottom, bar_area.left : bar_area.right] = ramp[:, None]
    return Frame(pixels, palette, area, look)


def _axes(figure: Any, look: Look) -> Any:
    from matplotlib.ticker import MaxNLocator

    axes = figure.add_axes((0.1, 0.1, 0.7, 0.8))
    axes.set(xlim=look.xlim, ylim=look.ylim)
    for axis, whole, name in ((axes.xaxis, look.whole_x, look.xlabel), (axes.yaxis, look.whole_y, look.ylabel)):
        axis.set_major_locator(MaxNLocator(nbins=6, integer=whole, min_n_ticks=1))
        axis.set_label_text(name, fontsize=_points(look.text_height), parse_math=False)
    _style(axes, look.text_height)
    return axes


def _bar(figure: Any, bar: ColourBar, text_height: float) -> Any:
    from matplotlib.ticker import MaxNLocator

    axes = figure.add_axes((0.85, 0.1, 0.02, 0.8))
    high = bar.high if bar.high > bar.low else bar.low + (abs(bar.low) or 1)
    axes.set(ylim=(bar.low, high), xticks=[])
    axes.yaxis.tick_right()
    axes.yaxis.set_label_position("right")
    axes.yaxis.set_label_text(bar.label, fontsize=_points(text_height), parse_math=False)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=6) if bar.high > bar.low else MaxNLocator(nbins=1))
    if bar.high == bar.low:
        axes.set_yticks([bar.low], [f"{bar.low:.5g}"])
    _style(axes, text_height)
    return axes


def _style(axes: Any, text_height: float) -> None:
    points = _points(text_height)
    axes.tick_params(labelsize=points, length=points * 0.25, width=points * 0.04, pad=points * 0.2)
    axes.ticklabel_format(useMathText=True, useOffset=False, scilimits=(-4, 6)) if _is_plain(axes) else None
    for text in (axes.xaxis.get_offset_text(), axes.yaxis.get_offset_text()):
        text.set_fontsize(points * 0.85)
    for spine in axes.spines.values():
        spine.set_visible(False)


def _is_plain(axes: Any) -> bool:
    from matplotlib.ticker import ScalarFormatter

    return all(isinstance(axis.get_major_formatter(), ScalarFormatter) for axis in (axes.xaxis, axes.yaxis))


def _points(pixels: float) -> float:
    return pixels * 72 / DPI


def _place(canvas: Any, axes: Any, bar: Any, look: Look) -> tuple[Area, Area | None]:
    """Put the axes on whole pixels so that all text fits around them, and return their areas."""
    width, height = look.pixels
    text = look.text_height
    renderer = canvas.get_renderer()
    for label in (axes.yaxis.label, bar.yaxis.label) if bar else (axes.yaxis.label,):
        _fit(label, renderer, height - 5 * text)
    _fit(axes.xaxis.label, renderer, 0.7 * width)
    left, below, right_text = _overhang(axes, renderer)
    if look.left is not None:
        left = round(look.left * text)
    top = round(text * 2.2) + round(text * look.above)
    bar_width = 0
    bar_room = 0
    if bar is not None:
        bar_width = round(text)
        bar_room = round(text * 0.8) + bar_width + _overhang(bar, renderer)[2]
    pad = max(2, round(text * 0.35))
    right = max(bar_room, right_text) + pad
    area = Area(left + pad, top, max(8, width - left - right - pad), max(8, height - top - below - pad))
    _set(axes, area, look)
    if bar is None:
        return area, None
    bar_area = Area(area.right + round(text * 0.8), area.top, bar_width, area.height)
    _set(bar, bar_area, look)
    return area, bar_area


def _fit(label: Any, renderer: Any, room: float) -> None:
    """Make a label smaller that is longer than its axis."""
    box = label.get_window_extent(renderer)
    if (length := max(box.width, box.height)) > room:
        label.set_fontsize(label.get_fontsize() * room / length)


def _overhang(axes: Any, renderer: Any) -> tuple[int, int, int]:
    """Return how far ticks and labels reach out to the left, below and to the right, in pixels."""
    outer, inner = axes.get_tightbbox(renderer), axes.bbox
    reach = (inner.x0 - outer.x0, inner.y0 - outer.y0, outer.x1 - inner.x1)
    return tuple(max(0, int(np.ceil(side))) for side in reach)  # type: ignore[return-value]


def _set(axes: Any, area: Area, look: Look) -> None:
    width, height = look.pixels
    axes.set_position((area.left / width, 1 - area.bottom / height, area.width / width, area.height / height))


def _border(pixels: Pixels, area: Area, thick: int) -> None:
    """Draw a line around an area, outside it, and clear the inside."""
    outer = pixels[max(0, area.top - thick) : area.bottom + thick, max(0, area.left - thick) : area.right + thick]
    keep = pixels[area.top : area.bottom, area.left : area.right]
    outer[...] = BLACK
    keep[...] = 0


def edges(count: int, pixels: int) -> npt.NDArray[np.intp]:
    """Return the first pixel of each of `count` equal cells on `pixels` pixels, by the centre of the pixels."""
    first: npt.NDArray[np.intp] = np.ceil(np.arange(count) * pixels / count - 0.5).astype(np.intp)
    return first


def cells(count: int, pixels: int) -> npt.NDArray[np.intp]:
    """Return which of `count` equal cells each of `pixels` pixels has its centre in."""
    which: npt.NDArray[np.intp] = ((np.arange(pixels) + 0.5) * count / pixels).astype(np.intp)
    return which
