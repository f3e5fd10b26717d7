"""Events on a picture's time axis: a bar behind the data, and above it a marker in its colour with a label.

Labels never overlap. Where there is no room for all, each different one is written once before any is written twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.rendering.picture.canvas import Frame
from pipeline.rendering.picture.colours import INKS, WHITE, inks, rgb
from pipeline.rendering.picture.text import DRAWING, put, words

__all__ = ["ABOVE", "Stimulus", "bars", "check_colours", "check_events", "check_labels", "palette", "write_labels"]

#: Room for labels above the data area, in text heights.
ABOVE = 1.75
_SIZE = 1.0  # of the labels, in text heights
_MOST_COLOURS = (256 - INKS) // 2


@dataclass(frozen=True)
class Stimulus:
    """An event: its column of pixels, the number of its colour, and its label."""

    column: int
    colour: int
    label: str


def check_events(value: Any) -> tuple[float, ...]:
    """Return times from a list, or from text such as ``[100, 250]``."""
    events = np.ravel(np.asarray(_listed(value), dtype=float))
    if not np.isfinite(events).all():
        raise ValueError(value)
    return tuple(events.tolist())


def check_colours(value: Any) -> tuple[str, ...]:
    """Return colours as hex, from one or a list; so many different ones as a palette holds twice."""
    from matplotlib.colors import to_hex

    if isinstance(value, str) and value[:1] not in "([":
        value = [value]
    if isinstance(value, np.ndarray):
        value = value.tolist()
    colours = tuple(to_hex(colour) for colour in _listed(value))
    if len(set(colours)) > _MOST_COLOURS:
        raise ValueError(value)
    return colours


def check_labels(value: Any) -> tuple[str, ...]:
    """Return labels from one or a list; what YAML took for a truth value is refused, as its word is lost."""
    if isinstance(value, str) and value[:1] not in "([":
        value = [value]
    labels = _listed(value)
    if any(isinstance(label, bool) for label in labels):
        raise ValueError(value)
    return tuple(" ".join(str(label).split()) for label in labels)


def _listed(value: Any) -> Any:
    if isinstance(value, str):
        parts = value.strip("()[]").replace(";", ",").split(",")
        return [part.strip() for part in parts if part.strip()]
    return value


def palette(colours: Sequence[str]) -> npt.NDArray[np.uint8]:
    """Return the inks, then each colour half white (of bars), then each colour itself (of markers)."""
    full = np.array([rgb(colour) for colour in colours], np.float32).reshape(-1, 3)
    return np.vstack([inks(), np.rint((full + 255) / 2).astype(np.uint8), full.astype(np.uint8)])


def bars(events: Sequence[Stimulus], width: int) -> npt.NDArray[np.uint8]:
    """Return the line of pixels behind the data, with a bar an event, shape (width,)."""
    line, half = np.full(width, WHITE, np.uint8), max(1, width // 600)
    for event in events:
        line[max(0, event.column - half) : event.column + half + 1] = INKS + event.colour
    return line


def write_labels(canvas: Frame, lines: npt.NDArray[np.uint8], events: Sequence[Stimulus], colours: int) -> None:
    """Draw markers and labels into the strip above the data area of scanlines; `colours` is how many there are."""
    height, width = canvas.above, canvas.area.width
    if not events or height < 4:
        return
    strip, half = np.full((height, width), WHITE, np.uint8), max(2, round(canvas.text_height * 0.25))
    marked, written = np.zeros(width, bool), np.zeros(width, bool)
    for event in events:
        marked[_marker(strip, event.column, half, INKS + colours + event.colour)] = True
    with DRAWING:
        texts = {event.label: words(event.label, canvas.text_height * _SIZE, width // 2) for event in events}
    missing, again = dict.fromkeys(texts), list(events)
    for avoided in (marked, written):  # better where no other marker stands below
        for event in [event for event in events if event.label in missing]:
            if event.label in missing and _write(strip, texts[event.label], event.column, half, avoided, written):
                del missing[event.label]
                again.remove(event)
    for event in again:
        _write(strip, texts[event.label], event.column, half, marked, written)
    put(lines, strip, canvas.area.left, canvas.area.top - canvas.border)


def _write(
    strip: npt.NDArray[np.uint8],
    text: npt.NDArray[np.uint8],
    column: int,
    half: int,
    avoided: npt.NDArray[np.bool_],
    written: npt.NDArray[np.bool_],
) -> bool:
    """Write a label that begins, or else ends, at its marker, if there is room; return whether there was."""
    own = slice(max(0, column - half - 1), column + half + 2)
    other = avoided.copy()
    other[own] = False
    bottom, width = len(strip) - 2 * half, text.shape[1]
    text = text[-bottom:]
    for left in (column - 2, column + 3 - width):
        left = max(0, min(left, strip.shape[1] - width))
        place = slice(left, left + width)
        if not (other[place].any() or written[place].any()):
            strip[bottom - len(text) : bottom, place] = text
            written[max(0, left - half) : place.stop + half] = True
            return True
    return False


def _marker(strip: npt.NDArray[np.uint8], column: int, half: int, index: int) -> slice:
    """Draw a triangle that points down to a column, and return the columns it takes."""
    for row in range(2 * half):
        reach = (row + 1) // 2
        strip[-1 - row, max(0, column - reach) : column + reach + 1] = index
    return slice(max(0, column - half - 1), column + half + 2)
