"""Numbers to colours, as matplotlib's ``imshow`` maps them, but to indices of one small palette.

A picture's palette has sixteen inks from white to black for text and lines, then the colours of its data. A colour map
of more colours than are left shares some among its closest ones: off by at most 2 of 255 (hsv and gist_rainbow: 3).
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
_COLOURS = 256  # of a palette


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
    table : ndarray of uint8, shape (levels,)
        Palette index of each of the map's levels, of which most maps have 256.
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
        dtype, count = np.promote_types(values.dtype, np.float32), len(self.table)
        if self.high - self.low > float(np.finfo(dtype).max):
            dtype = np.dtype(np.float64)
        span = dtype.type(self.high - self.low) if self.high > self.low else dtype.type(1)
        with np.errstate(all="ignore"):
            scaled = np.subtract(values, dtype.type(self.low), dtype=dtype)
            scaled /= span
            scaled *= count
            finite = np.isfinite(scaled)
            if not finite.all():
                scaled[np.isnan(scaled)] = 0
            np.clip(scaled, 0, count - 1, out=scaled)
            levels = scaled.astype(np.min_scalar_type(count - 1))
        if self.high == self.low:
            levels[finite] = 0
        found: npt.NDArray[np.uint8] = self.table[levels]
        if not finite.all():
            found[~np.isfinite(values)] = WHITE
        return found

    def ramp(self, height: int) -> npt.NDArray[np.uint8]:
        """Return the palette indices of a colour bar, highest value first, shape (height,)."""
        levels = ((np.arange(height)[::-1] + 0.5) * len(self.table) / height).astype(np.intp)
        return self.table[levels]


def colour_scale(cmap: str, low: float, high: float) -> ColourScale:
    """Return the scale of a matplotlib colour map between two limits."""
    palette, table = _palette(cmap)
    return ColourScale(palette, table, low, high)


@lru_cache(maxsize=64)
def _palette(cmap: str) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    import matplotlib

    if cmap == INK:
        return inks(), np.linspace(_FAINTEST, BLACK, 256).round().astype(np.uint8)
    colour_map = matplotlib.colormaps[cmap]
    colours = colour_map(np.arange(colour_map.N), bytes=True)[:, :3].astype(np.int16)
    unique, table = np.unique(colours, axis=0, return_inverse=True)
    kept, shared = _fewer(unique, _COLOURS - INKS)
    return np.vstack([inks(), kept.astype(np.uint8)]), (shared[table.reshape(-1)] + INKS).astype(np.uint8)


def _fewer(colours: npt.NDArray[np.int16], most: int) -> tuple[npt.NDArray[np.int16], npt.NDArray[np.intp]]:
    """Return at most `most` colours, shape (k, 3), and which of them stands for each of `colours`.

    Again and again the two groups of colours that together span least become one; the middle of each stands for it.
    """
    low, high, group = colours.copy(), colours.copy(), np.arange(len(colours))
    span = np.abs(colours[:, None] - colours).max(axis=2)
    gone = 256  # more than any span
    np.fill_diagonal(span, gone)
    for _ in range(len(colours) - most):
        one, other = divmod(int(span.argmin()), len(colours))
        low[one], high[one] = np.minimum(low[one], low[other]), np.maximum(high[one], high[other])
        group[group == other] = one
        span[other] = span[:, other] = gone
        wider = (np.maximum(high, high[one]) - np.minimum(low, low[one])).max(axis=1)
        span[one] = span[:, one] = np.where(span[one] < gone, wider, gone)
    kept, shared = np.unique(group, return_inverse=True)
    return (low + high)[kept] // 2, shared
