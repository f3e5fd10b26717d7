"""Spikes as dashes of ink: which pixels each takes, and how thin ones stay visible where the picture is made small."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from pipeline.rendering.picture.canvas import cells, edges
from pipeline.rendering.picture.colours import BLACK, WHITE

__all__ = ["marks", "soften"]

_THIN = 3  # pixels below which a dash fades on TensorBoard's cards
_SOFT = 7  # the ink around thin dashes: a clear grey, lighter than any spike


def marks(count: int, pixels: int, size: Callable[[int], int]) -> npt.NDArray[np.intp]:
    """Return for each pixel which of `count` marks, from 1, it belongs to; 0 between them.

    Each mark stands in the middle of its cell, `size` (of the cell's pixels) of them long.
    """
    which = cells(count, pixels) + 1
    tops = edges(count, pixels)
    room = np.diff(tops, append=pixels)
    filled = np.array([size(int(r)) for r in range(int(room.max()) + 1)])[room]
    inside = np.arange(pixels) - (tops + (room - filled) // 2)[which - 1]
    which[(inside < 0) | (inside >= filled[which - 1])] = 0
    return which


def soften(
    lines: npt.NDArray[np.uint8], starts: npt.NDArray[np.intp], height: int, shape: tuple[int, int]
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.intp]]:
    """Give dashes that are thinner than three pixels a soft rim where there is room for it.

    Parameters
    ----------
    lines : ndarray of uint8, shape (n, width)
        Palette indices.
    starts : ndarray of int, shape (n,)
        The line of pixels at which each begins; it is repeated up to the next.
    height : int
        Lines of pixels in all.
    shape : (int, int)
        Rows and columns of cells.

    Returns
    -------
    lines, starts : ndarray
        As they were given, or with more lines.
    """
    tall, wide = height < shape[0] * _THIN, lines.shape[1] < shape[1] * _THIN
    if tall:
        lines = np.repeat(lines, np.diff(starts, append=height), axis=0)
        starts = np.arange(height)
    if not (wide or tall):
        return lines, starts
    black = lines == BLACK
    near = np.zeros_like(black)
    if wide:
        near[:, 1:] |= black[:, :-1]
        near[:, :-1] |= black[:, 1:]
    if tall:
        near[1:] |= black[:-1]
        near[:-1] |= black[1:]
    return np.where(near & (lines == WHITE), np.uint8(_SOFT), lines), starts
