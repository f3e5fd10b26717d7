"""Layers: areas and curves that cover one another, painted as palette indices before they become a picture."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pipeline.rendering.picture.canvas import Frame
from pipeline.rendering.picture.numbers import LARGE, LESS

__all__ = ["Layers"]

Values = npt.NDArray[np.float64]


class Layers:
    """The data area of a picture; what is painted later covers what was there.

    Parameters
    ----------
    canvas : Frame
    ylim : (float, float)
        Bottom and top of the area, in values.
    """

    def __init__(self, canvas: Frame, ylim: tuple[float, float]) -> None:
        self._canvas, self._ylim = canvas, ylim
        self._ink = np.zeros((canvas.area.height, canvas.area.width), np.uint8)
        self._pen = max(1.5, canvas.text_height / 12)

    def cover(self, low: Values, high: Values, ink: int, *, pen: bool = False) -> None:
        """Paint from a lower to an upper end in each column of pixels; nan where nothing is.

        Parameters
        ----------
        low, high : ndarray of float64, shape (width,)
        ink : int
            A palette index.
        pen : bool
            Paint a line's width more.
        """
        bottom, top = self._pixels(low), self._pixels(high)
        room = self._pen / 2 if pen else 0.5
        lines = np.arange(self._canvas.area.height)[:, None] + 0.5
        with np.errstate(invalid="ignore"):
            self._ink[(lines >= top - room) & (lines <= bottom + room)] = ink

    def _pixels(self, values: Values) -> Values:
        """Return how far values lie below the top of the area, in pixels; those outside at its border."""
        bottom, top = self._ylim
        less = LESS if max(abs(bottom), abs(top)) > LARGE else 1.0  # their differences are no numbers
        height = self._canvas.area.height
        found = (top * less - values * less) * height / (top * less - bottom * less)
        return np.asarray(np.clip(found, 0.5, height - 0.5))

    def png(self, title: str, caption: str = "", palette: npt.NDArray[np.uint8] | None = None) -> bytes:
        """Return the picture."""
        lines = self._canvas.blank()
        self._canvas.paint(lines, self._ink, np.arange(len(self._ink)))
        return self._canvas.finish(lines, title, caption, palette)
