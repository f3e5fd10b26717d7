"""Colour frames, as a camera has them: each is shown as it is, pixel by pixel."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any, ClassVar

from pipeline.model.block import DenseBlock
from pipeline.model.record import Image, Record
from pipeline.model.series import Series
from pipeline.model.signal import Signal
from pipeline.rendering.plot import Needs, Plot

__all__ = ["Frames"]

_CHANNELS = (3, 4)  # red, green, blue, and how much of them is seen


@dataclass(frozen=True, kw_only=True)
class Frames(Plot):
    """A (time, row, column, 3 or 4) array of uint8 as one picture every `step` steps.

    A picture has the pixels of its frame, so that `size` has no effect.
    """

    kind: ClassVar[str] = "frames"
    format: ClassVar[str] = "image"

    def fit(self, signal: Signal) -> Plot:
        """Accept (time, row, column, channel) of uint8 with 3 or 4 channels."""
        shape = signal.shape
        if signal.time is None or len(shape) != 4 or shape[3] not in _CHANNELS or signal.dtype != "uint8":
            raise self.refuse(signal, "uint8 values of the dimensions (time, row, column, 3 or 4)")
        return self

    def series(self, signal: Signal) -> tuple[Series, ...]:
        """Return one series, ``component/attr``, with every kept step."""
        steps = range(0, signal.shape[0], self.step)
        size = 120 + signal.shape[1] * (signal.shape[2] * signal.shape[3] // 2 + 1)
        return (Series(signal.name, "images", steps, len(steps), len(steps) * size),)

    def needs(self, signal: Signal, steps: range) -> Needs:
        """Return the steps themselves."""
        return Needs(steps)

    def fold(self, signal: Signal) -> None:
        """Return None, because no frame depends on another."""

    def draw(self, signal: Signal, series: Series, step: int, block: DenseBlock | None, summary: Any) -> Record:
        """Return the frame of a step."""
        from PIL import Image as Pixels

        assert block is not None
        png = io.BytesIO()
        Pixels.fromarray(block.values[0]).save(png, "PNG", compress_level=1)
        height, width = signal.shape[1:3]
        return Image(series.tag, step, float(block.wall_times[0]), png.getvalue(), width, height)

    def dims(self, ndim: int) -> tuple[str, ...]:
        """Return time, row, column and channel."""
        return ("time", "row", "column", "channel") if ndim == 4 else super().dims(ndim)
