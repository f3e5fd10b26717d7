"""Spike rasters: spikes are counted into the picture's cells block by block, and the counts are drawn.

So the cost follows the data, not the number of spikes, and a spike is never lost: a cell of the picture with a spike is
black. Where cells stand for several steps or units and most have spikes, those with more are darker.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from pipeline.errors import SettingError
from pipeline.model.block import DenseBlock
from pipeline.model.record import Image
from pipeline.model.signal import Signal
from pipeline.rendering.picture.canvas import DPI, ColourBar, Look, frame
from pipeline.rendering.picture.colours import BLACK, INK, WHITE, colour_scale
from pipeline.rendering.picture.dashes import marks, soften
from pipeline.rendering.picture.stimuli import (
    ABOVE,
    Event,
    bars,
    check_colours,
    check_events,
    check_labels,
    palette,
    write_labels,
)
from pipeline.rendering.plot import Estimate, refuse
from pipeline.rendering.settings import Settings, optional, positive, setting, whole
from pipeline.units import SECONDS, duration

__all__ = ["Raster"]

_WIDEST = 4  # pixels of a spike's line
_SPARSE = 0.1  # part of the cells with spikes up to which thin ones are made thicker
_CROWDED = 0.25  # part of the cells with spikes from which on their number is shown
_EVENT_COLOURS = ("#d62728",)


def _check_window(value: Any) -> int | str:
    if isinstance(value, str) and not value.lstrip("+-").isdigit():
        try:
            number, unit = duration(value)
        except SettingError as cause:
            raise ValueError(value) from cause
        return f"{number:.15g} {unit}"
    steps = whole(value)
    if steps < 1:
        raise ValueError(value)
    return steps


@dataclass(frozen=True)
class _Counts:
    """Spikes by column and row of the pictures, those of all windows one behind the other; `first` is column 0."""

    first: int
    spikes: npt.NDArray[np.int32]


@dataclass(frozen=True, kw_only=True)
class Raster(Settings):
    """A binary (time, unit) array as a spike raster: time to the right, unit 0 at the top.

    Attributes
    ----------
    step : int
        Without effect: a raster shows every spike.
    line_size : float
        Height of a spike's line, as a part of its unit's row; at most 1.
    events : tuple of float or None
        Times of vertical bars, in the unit of the time axis (steps where it has none).
    event_colors : tuple of colours or None
        One an event, or one for all; any matplotlib colours.
    event_labels : tuple of str or None
        One an event, written beside its marker above the picture. None: its time.
    window : int or str or None
        Steps, or a duration: one frame a window on the slider. None: one picture of it all.
    """

    kind: ClassVar[str] = "raster"
    format: ClassVar[str] = "image"
    steps_a_task: ClassVar[int | None] = None

    line_size: float = setting(0.8, positive, "a number above 0")
    events: tuple[float, ...] | None = setting(None, optional(check_events), "a list of times, such as [100, 250]")
    event_colors: tuple[str, ...] | None = setting(
        None, optional(check_colours), "matplotlib colours, one an event or one for all, such as [red, 'tab:blue']"
    )
    event_labels: tuple[str, ...] | None = setting(
        None, optional(check_labels), "texts, one an event, such as [odour on, odour gone]"
    )
    window: int | str | None = setting(None, optional(_check_window), "a whole number of steps, or a duration (200 ms)")

    def __post_init__(self) -> None:
        super().__post_init__()
        given = len(self.event_colors or ())
        if given > 1 and given != len(self.events or ()):
            raise SettingError(
                f"raster: event_colors has {given} colours for {len(self.events or ())} events: "
                "accepted is one an event, or one for all"
            )
        if self.event_labels is not None and len(self.event_labels) != len(self.events or ()):
            raise SettingError(
                f"raster: event_labels has {len(self.event_labels)} labels for {len(self.events or ())} events: "
                "accepted is one an event"
            )

    @property
    def summary_step(self) -> int | None:
        """Every step."""
        return 1

    @property
    def render_step(self) -> int | None:
        """Drawn from the counts."""
        return None

    def check(self, subject: Signal) -> Raster:
        """Accept (time, unit), and a single unit's (time,)."""
        if subject.time is None or len(subject.shape) not in (1, 2):
            raise refuse(self, subject, "the dimensions (time, unit); set time_axis if time is not known")
        if isinstance(self.window, str) and subject.time.unit not in SECONDS:
            raise SettingError(
                f"{subject.name}: window={self.window!r} needs the duration of a step (dt), or say steps"
            )
        return self

    def window_steps(self, subject: Signal) -> int | None:
        """Return the window in steps."""
        if not isinstance(self.window, str):
            return self.window
        assert subject.time is not None
        number, unit = duration(self.window)
        return max(1, round(number * SECONDS[unit] / SECONDS[subject.time.unit] / subject.time.step))

    def tags(self, subject: Signal) -> tuple[str, ...]:
        """One tag, ``component/raster``."""
        return (subject.tag("raster"),)

    def estimate(self, subject: Signal) -> Estimate:
        """One picture, or one a window."""
        count = -(-subject.shape[0] // self._span(subject))
        pixels = self.size[0] * self.size[1] * DPI * DPI
        cells_drawn = min(self._span(subject) * _units(subject), pixels)
        return Estimate(count, "frames" if count > 1 else "image", count * int(14_000 + cells_drawn / 12))

    def _span(self, subject: Signal) -> int:
        """Return the steps of one picture."""
        return min(self.window_steps(subject) or subject.shape[0], subject.shape[0])

    def _look(self, subject: Signal, most: int | None) -> Look:
        """Return the look of a picture whose fullest cell holds `most` spikes; None where no cell is shared."""
        assert subject.time is not None
        time, span, units = subject.time, self._span(subject), _units(subject)
        start = time.start if self.window is None else 0.0
        return Look(
            self.size,
            time.label if self.window is None else f"{time.label}, from the start of the window",
            subject.dims[1] if len(subject.dims) > 1 else "unit",
            (start, start + time.step * span),
            (units - 0.5, -0.5),
            whole_y=True,
            above=ABOVE if self.events else 0.0,
            bar=None if most is None else ColourBar(INK, 1, most, "spikes a pixel"),
        )

    def _grid(self, subject: Signal) -> tuple[int, int, bool]:
        """Return (columns, rows) that spikes are counted into, and whether these share steps or units."""
        span, units = self._span(subject), _units(subject)
        area = frame(self._look(subject, None)).area
        shared = span > area.width or units > area.height
        if shared:
            area = frame(self._look(subject, 1000)).area
        return min(area.width, span), min(area.height, units), shared

    def summarise(self, subject: Signal, block: DenseBlock) -> Any:
        """Return the counts of a block, by window."""
        columns, rows, _ = self._grid(subject)
        span, units = self._span(subject), _units(subject)
        values = block.values.reshape(len(block.steps), units)
        spikes = values > 0 if values.dtype != bool else values
        window, inside = np.divmod(block.steps, span)
        column = window * columns + inside * columns // span
        starts = np.flatnonzero(np.diff(column, prepend=column[0] - 1))
        counts = _add(spikes, starts)
        if rows < units:
            counts = np.add.reduceat(counts, _starts(units, rows), axis=1)
        first = int(column[0])
        found = np.zeros((int(column[-1]) - first + 1, rows), np.int32)
        found[column[starts] - first] = counts
        return _Counts(first, found)

    def merge(self, a: Any, b: Any) -> Any:
        """Join the columns, adding up the one that both have a part of."""
        shared = a.first + len(a.spikes) - b.first
        if shared <= 0:  # between them there may be columns without a step
            gap = np.zeros((-shared, a.spikes.shape[1]), np.int32)
            return _Counts(a.first, np.concatenate([a.spikes, gap, b.spikes]))
        middle = a.spikes[-shared:] + b.spikes[:shared]
        return _Counts(a.first, np.concatenate([a.spikes[:-shared], middle, b.spikes[shared:]]))

    def render(self, subject: Signal, block: DenseBlock | None, merged: Any) -> Iterator[Image]:
        """Yield one picture a window."""
        assert subject.time is not None
        span, columns = self._span(subject), self._grid(subject)[0]
        past = merged.first + len(merged.spikes)
        for number in range(merged.first // columns, -(-past // columns)):
            before, after = max(0, merged.first - number * columns), max(0, (number + 1) * columns - past)
            inside = merged.spikes[max(0, number * columns - merged.first) :][: columns - before]
            start = number * span
            png, width, height = self._draw(subject, np.pad(inside, ((before, after), (0, 0))), start)
            yield Image(self.tags(subject)[0], start, subject.time.seconds(start), png, width, height)

    def _caption(self, subject: Signal, start: int, spikes: int) -> str:
        assert subject.time is not None
        total = "1 spike" if spikes == 1 else f"{spikes:,} spikes"
        if self.window is None:
            return total
        unit = "steps" if subject.time.unit == "step" else subject.time.unit
        past = min(start + self._span(subject), subject.shape[0])
        return f"{subject.time.at(start):.7g} to {subject.time.at(past):.7g} {unit}, {total}"

    def _draw(self, subject: Signal, spikes: npt.NDArray[np.int32], start: int) -> tuple[bytes, int, int]:
        """Return the PNG of one window's counts, shape (columns, rows), with its width and height."""
        crowded = self._grid(subject)[2] and np.count_nonzero(spikes) > _CROWDED * spikes.size
        most = _round_up(int(spikes.max())) if crowded else None
        canvas = frame(self._look(subject, most))
        area = canvas.area
        counts = spikes.T
        if counts.shape[1] > area.width:  # the colour bar left less room than the spikes were counted for
            counts = np.add.reduceat(counts, _starts(counts.shape[1], area.width), axis=1)
        scale = colour_scale(INK, 1, most or 1)
        ink = np.where(counts > 0, scale.indices(counts) if most else BLACK, WHITE).astype(np.uint8)
        rows, columns = ink.shape
        ink = np.pad(ink, ((1, 0), (1, 0)))  # line and column 0: between the spikes
        events, colours = self._events(subject, area.width, start)
        lines = ink[:, marks(columns, area.width, lambda room: min(room, _WIDEST))]
        lines = np.where(lines == WHITE, bars(events, area.width), lines)
        which = marks(rows, area.height, lambda room: max(1, round(room * min(self.line_size, 1.0))))
        starts = np.flatnonzero(np.diff(which, prepend=-1))
        lines = lines[which[starts]]
        if np.count_nonzero(spikes) <= _SPARSE * spikes.size:
            lines, starts = soften(lines, starts, area.height, (rows, columns))
        caption = self._caption(subject, start, int(spikes.sum()))
        scanlines = canvas.blank()
        canvas.paint(scanlines, lines, starts)
        write_labels(canvas, scanlines, events, len(colours))
        return canvas.finish(scanlines, subject.name, caption, palette(colours)), *canvas.size

    def _events(self, subject: Signal, width: int, start: int) -> tuple[list[Event], list[str]]:
        """Return the events of one window on an area so many pixels wide, and their colours."""
        assert subject.time is not None
        time, span, given = subject.time, self._span(subject), self.event_colors or _EVENT_COLOURS
        colours, found = list(dict.fromkeys(given)), []
        for number, event in enumerate(self.events or ()):
            at = (event - time.start) / time.step - start
            if 0 <= at < span:
                label = self.event_labels[number] if self.event_labels else time.words(event)
                colour = colours.index(given[number if len(given) > 1 else 0])
                found.append(Event(int((at + 0.5) * width / span), colour, label))
        return found, colours


def _starts(count: int, groups: int) -> npt.NDArray[np.intp]:
    """Return where each of `groups` begins, when number ``i`` of `count` is in group ``i * groups // count``."""
    return np.flatnonzero(np.diff(np.arange(count) * groups // count, prepend=-1))


def _round_up(most: int) -> int:
    """Return the next of 2, 5, 10, 20, 50 …, so that windows share the drawn frame."""
    decade: int = 10 ** max(0, len(str(max(1, most - 1))) - 1)
    return next(nice * decade for nice in (1, 2, 5, 10) if nice * decade >= max(2, most))


def _units(subject: Signal) -> int:
    return subject.shape[1] if len(subject.shape) > 1 else 1


def _add(spikes: npt.NDArray[np.bool_], starts: npt.NDArray[np.intp]) -> npt.NDArray[np.int32]:
    """Return the number of spikes of each stretch of steps, shape (len(starts), units)."""
    if len(starts) == len(spikes):
        return spikes.astype(np.int32)
    return np.add.reduceat(spikes, starts, axis=0, dtype=np.int32)
