"""Slow and plain: what matplotlib draws, and what a curve does between its points."""

from __future__ import annotations

import matplotlib
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from pipeline.rendering.picture.canvas import Area


def imshow_colours(values: np.ndarray, low: float, high: float, cmap: str) -> np.ndarray:
    """Return the colour ``imshow`` gives each cell, shape (rows, columns, 3): nine pixels a cell, the middle one."""
    rows, columns = values.shape
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        figure = Figure(figsize=(columns * 0.09, rows * 0.09), dpi=100)
        canvas = FigureCanvasAgg(figure)
        axes = figure.add_axes((0, 0, 1, 1))
        axes.axis("off")
        axes.imshow(values, cmap=cmap, vmin=low, vmax=high, aspect="auto", interpolation="nearest")
        canvas.draw()
        shown = np.asarray(canvas.buffer_rgba())[:, :, :3]
    return shown[4::9, 4::9].astype(int)


def cell_centres(picture: np.ndarray, area: Area, rows: int, columns: int) -> np.ndarray:
    """Return the colour at the centre of each cell of a picture's data area, shape (rows, columns, 3)."""
    y = area.top + np.floor((np.arange(rows) + 0.5) * area.height / rows).astype(int)
    x = area.left + np.floor((np.arange(columns) + 0.5) * area.width / columns).astype(int)
    return picture[y][:, x].astype(int)


def envelope(values: np.ndarray, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the lowest and highest value of the line through all points in each of `width` columns, by sampling it."""
    low, high = np.full(width, np.nan), np.full(width, np.nan)
    scale = (width - 1) / max(1, len(values) - 1)

    def note(column: int, value: float) -> None:
        low[column], high[column] = np.fmin(low[column], value), np.fmax(high[column], value)

    for at, value in enumerate(values):
        note(int(np.floor(at * scale + 0.5)), value)
    for at in range(len(values) - 1):
        first, last = int(np.floor(at * scale + 0.5)), int(np.floor((at + 1) * scale + 0.5))
        for border in range(first, last):
            part = (border + 0.5) / scale - at
            crossing = values[at] * (1 - part) + values[at + 1] * part
            note(border, crossing)
            note(border + 1, crossing)
    return low, high
