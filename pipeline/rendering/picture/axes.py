"""Axes, ticks, labels and the colour bar: what pictures share, drawn once by matplotlib."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from pipeline.rendering.picture.canvas import DPI, Area, ColourBar, Frame, Look, Pixels
from pipeline.rendering.picture.colours import BLACK, INKS, colour_scale, inks
from pipeline.rendering.picture.fonts import families, writable
from pipeline.rendering.picture.numbers import Numbers, numbers_between
from pipeline.rendering.picture.text import DRAWING

__all__ = ["frame"]


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
        texts = (look.xlabel, look.ylabel, look.bar.label if look.bar else "")
        if not all(map(str.isascii, texts)):
            matplotlib.rcParams["font.family"] = ["DejaVu Sans", *families(" ".join(texts))]
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
    for axis, limits, whole, name in (
        (axes.xaxis, look.xlim, look.whole_x, look.xlabel),
        (axes.yaxis, look.ylim, look.whole_y, look.ylabel),
    ):
        numbers = Numbers() if whole else numbers_between(*limits)
        axis.axes.set(**{f"{axis.axis_name}lim": [numbers.of(limit) for limit in limits]})
        axis.set_major_locator(MaxNLocator(nbins=6, integer=whole, min_n_ticks=1))
        axis.set_label_text(writable(name) + numbers.words, fontsize=_points(look.text_height), parse_math=False)
    _style(axes, look.text_height)
    return axes


def _bar(figure: Any, bar: ColourBar, text_height: float) -> Any:
    from matplotlib.ticker import MaxNLocator

    axes = figure.add_axes((0.85, 0.1, 0.02, 0.8))
    numbers = numbers_between(bar.low, bar.high)
    low, high = numbers.of(bar.low), numbers.of(bar.high)
    axes.set(ylim=(low, high if high > low else low + (abs(low) or 1)), xticks=[])
    axes.yaxis.tick_right()
    axes.yaxis.set_label_position("right")
    axes.yaxis.set_label_text(writable(bar.label) + numbers.words, fontsize=_points(text_height), parse_math=False)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=6 if bar.high > bar.low else 1, integer=bar.whole))
    if bar.high == bar.low:
        axes.set_yticks([low], [f"{low:.5g}"])
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
