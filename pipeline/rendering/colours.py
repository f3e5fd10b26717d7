"""Numbers to colours, as matplotlib's ``imshow`` maps them, but to indices of one small palette.

A picture's palette has sixteen inks from white to black for text and lines, then the colours of its data. A colour map
of 256 colours gives up its few closest neighbours to the inks (differences of one or two in 255).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["BLACK", "INK", "INKS", "WHITE", "ColourScale", "colour_scale", "inks", "rgb"]

#: How many inks there are: index 0 is white, the last is black.
INKS = 16
WHITE, BLACK = 0, INKS - 1
#: Name of the scale that needs no colours beside the inks: a clearly visible grey to black.
INK = "ink"
_FAINTEST = 5
_LEVELS = 256


def inks() -> npt.NDArray[np.uint8]:
    """Return the inks, shape (16, 3)."""
    return np.repeat(np.linspace(255, 0, INKS).round().astype(np.uint8)[:, None], 3, axis=1)


def rgb(colour: Any) -> npt.NDArray[np.uint8]:
    """Return any matplotlib colour as RGB, shape (3,)."""
    from matplotlib.colors import to_rgb

    return (np.array(to_rgb(colour)) * 255).round().astype(np.uint8)


@dataclass(frozen=True)
class ColourScale:
    """A colour map between two limits.

    Attributes
    ----------
    palette : ndarray of uint8, shape (n, 3)
        The inks, then the map's colours.
    table : ndarray of uint8, shape (256,)
        Palette index of each of the map's levels.
    low, high : float
        The limits.
    """

    palette: npt.NDArray[np.uint8]
    table: npt.NDArray[np.uint8]
    low: float
    high: float

    def indices(self, values: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
        """Return the palette index of each value; what is not finite is white.

        Levels are found as ``matplotlib.colors.Normalize`` and ``Colormap`` do, in the precision of the values.
        """
        dtype = np.promote_types(values.dtype, np.float32)
        span = dtype.type(self.high - self.low) if self.high > self.low else dtype.type(1)
        with np.errstate(all="ignore"):
            scaled = np.subtract(values, dtype.type(self.low), dtype=dtype)
            scaled /= span
            scaled *= _LEVELS
            finite = np.isfinite(scaled)
            np.clip(scaled, 0, _LEVELS - 1, out=scaled)
            levels = scaled.astype(np.uint8)
        if self.high == self.low:
            levels[finite] = 0
        found: npt.NDArray[np.uint8] = self.table[levels]
        if not finite.all():
            found[~np.isfinite(values)] = WHITE
        return found

    def ramp(self, height: int) -> npt.NDArray[np.uint8]:
        """Return the palette indices of a colour bar, highest value first, shape (height,)."""
        levels = ((np.arange(height)[::-1] + 0.5) * _LEVELS / height).astype(np.intp)
        return self.table[levels]


def colour_scale(cmap: str, low: float, high: float) -> ColourScale:
    """Return the scale of a matplotlib colour map between two limits."""
    palette, table = _palette(cmap)
    return ColourScale(palette, table, low, high)


@lru_cache(maxsize=64)
def _palette(cmap: str) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    import matplotlib

    if cmap == INK:
        return inks(), np.linspace(_FAINTEST, BLACK, _LEVELS).round().astype(np.uint8)
    colours = matplotlib.colormaps[cmap](np.arange(_LEVELS) / (_LEVELS - 1), bytes=True)[:, :3].astype(np.int16)
    unique, table = np.unique(colours, axis=0, return_inverse=True)
    group = table.reshape(-1).copy()
    while len(np.unique(group)) > _LEVELS - INKS:  # give up the level nearest to its neighbour
        first = np.flatnonzero(group[1:] != group[:-1])
        gaps = np.abs(unique[group[first]] - unique[group[first + 1]]).max(axis=1)
        at = first[np.argmin(gaps)]
        group[group == group[at + 1]] = group[at]
    kept, inverse = np.unique(group, return_inverse=True)
    palette = np.vstack([inks(), unique[kept].astype(np.uint8)])
    return palette, (inverse.reshape(-1) + INKS).astype(np.uint8)
