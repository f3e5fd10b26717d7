"""What pictures of curves share: the axis of time, the axis of values, and where the last point lies."""

from __future__ import annotations

from pipeline.model.signal import Signal
from pipeline.rendering.picture.canvas import ColourBar, Look

__all__ = ["curve_look", "last_point"]

_LEFT = 6.0  # text heights to the left: the numbers at the axis and its label


def last_point(signal: Signal, step: int) -> float:
    """Return where the axis of time ends, in points of which each is `step` steps."""
    assert signal.time is not None
    steps = signal.shape[0] - 1
    return steps // step if signal.time.even else steps / step


def curve_look(
    signal: Signal, size: tuple[float, float], step: int, ylim: tuple[float, float], bar: ColourBar | None = None
) -> Look:
    """Return the look of a picture of curves whose points are `step` steps apart."""
    assert signal.time is not None
    xlim = (signal.time.at(0), signal.time.at(last_point(signal, step) * step or 1))
    return Look(size, signal.time.label, signal.label, xlim, ylim, left=_LEFT, bar=bar)
