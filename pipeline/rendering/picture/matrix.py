"""A matrix painted into a picture, as matplotlib's ``imshow(..., interpolation="nearest")`` places its cells.

Where there are more cells than pixels, a pixel shows the mean of its finite cells.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.rendering.picture.canvas import DPI, Frame, cells, edges
from pipeline.rendering.picture.colours import ColourScale
from pipeline.rendering.picture.numbers import LARGE, LESS

__all__ = ["paint", "png_bytes", "shrink"]


def png_bytes(size: tuple[float, float], cells_shown: int) -> int:
    """Return the estimated bytes of a picture of `size` inches with so many cells."""
    pixels = int(size[0] * size[1] * DPI * DPI * 0.55)
    return 14_000 + int(min(cells_shown * 2.5, pixels * 1.1))


def paint(canvas: Frame, scale: ColourScale, values: npt.NDArray[Any], title: str, caption: str) -> bytes:
    """Return the PNG of a matrix, shape (rows, columns)."""
    area = canvas.area
    if max(abs(scale.low), abs(scale.high)) > LARGE:  # their sums are no numbers
        values, scale = values * LESS, replace(scale, low=scale.low * LESS, high=scale.high * LESS)
    values = shrink(shrink(values, area.height, 0), area.width, 1)
    rows, columns = values.shape
    indices = scale.indices(values)[:, cells(columns, area.width)]
    lines = canvas.blank()
    canvas.paint(lines, indices, edges(rows, area.height))
    return canvas.finish(lines, title, caption, scale.palette)


def shrink(values: npt.NDArray[Any], pixels: int, axis: int) -> npt.NDArray[Any]:
    """Return the mean of the finite cells of each pixel along an axis that has more cells than pixels."""
    count = values.shape[axis]
    if count <= pixels:
        return values
    starts = np.arange(pixels) * count // pixels
    dtype = np.promote_types(values.dtype, np.float32)
    finite = np.isfinite(values)
    with np.errstate(invalid="ignore", over="ignore"):
        if finite.all():
            sizes = np.diff(starts, append=count).astype(dtype)
            means: npt.NDArray[Any] = _sums(values, starts, axis, dtype) / (sizes[:, None] if axis == 0 else sizes)
            return means
        means = _sums(np.where(finite, values, 0), starts, axis, dtype) / _sums(finite, starts, axis, dtype)
        return means


def _sums(values: npt.NDArray[Any], starts: npt.NDArray[np.intp], axis: int, dtype: np.dtype[Any]) -> npt.NDArray[Any]:
    """Return ``np.add.reduceat(values, starts, axis, dtype)``, which is slow where each sum has one or two terms."""
    sizes = np.diff(starts, append=values.shape[axis])
    if sizes.max() > 2:
        return np.add.reduceat(values, starts, axis=axis, dtype=dtype)
    sums = values.take(starts, axis=axis).astype(dtype, copy=False)
    pairs = np.flatnonzero(sizes == 2)
    where = (pairs,) if axis == 0 else (slice(None), pairs)
    sums[where] += values.take(starts[pairs] + 1, axis=axis)
    return sums
