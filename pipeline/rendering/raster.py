"""Spike rasters: spikes are counted into the picture's cells block by block, and the counts are drawn.

So the cost follows the data, not the number of spikes, and a spike is never lost: a cell of the picture with a spike is
black. Where cells stand for several steps or units and most have spikes, those with more are darker.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from pipeline.errors import SettingError
from pipeline.model.block import DenseBlock
from pipeline.model.record import Image, Record
from pipeline.model.series import Series
from pipeline.model.signal import Signal
from pipeline.rendering.folds.counts import Counts, CountsFold, starts_of_groups
from pipeline.rendering.picture.axes import frame
from pipeline.rendering.picture.canvas import DPI, ColourBar, Look
from pipeline.rendering.picture.colours import BLACK, INK, WHITE, colour_scale
from pipeline.rendering.picture.dashes import marks, soften
from pipeline.rendering.picture.stimuli import (
    ABOVE,
    Stimulus,
    bars,
    check_colours,
    check_events,
    check_labels,
    palette,
    write_labels,
)
from pipeline.rendering.plot import Needs, Plot
from pipeline.rendering.settings import optional, positive, setting
from pipeline.rendering.windows import check_window, round_up, steps_of
from pipeline.units import SECONDS

__all__ = ["Raster"]

_WIDEST = 4  # pixels of a spike's line
_SPARSE = 0.1  # part of the cells with spikes up to which thin ones are made thicker
_CROWDED = 0.25  # part of the cells with spikes from which on their number is shown
_EVENT_COLOURS = ("#d62728",)
#: Cells of all windows together that are counted at a time, where these cannot be drawn one after the other.
_MOST_CELLS = 1 << 26


@dataclass(frozen=True, kw_only=True)
class Raster(Plot):
    """Spikes, as a binary (time, unit) array or as a list of events: time to the right, the first unit at the top.

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
    of_events: ClassVar[bool] = True
    line_size: float = setting(0.8, positive, "a number above 0")
    events: tuple[float, ...] | None = setting(None, optional(check_events), "a list of times, such as [100, 250]")
    event_colors: tuple[str, ...] | None = setting(
        None, optional(check_colours), "matplotlib colours, one an event or one for all, such as [red, 'tab:blue']"
    )
    event_labels: tuple[str, ...] | None = setting(
        None, optional(check_labels), "texts, one an event, such as [odour on, odour gone]"
    )
    window: int | str | None = setting(None, optional(check_window), "a whole number of steps, or a duration (200 ms)")

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

    def fit(self, signal: Signal) -> Plot:
        """Accept (time, unit), and a single unit's (time,)."""
        if signal.time is None or len(signal.shape) not in (1, 2):
            raise self.refuse(signal, "the dimensions (time, unit); set time_axis if time is not known")
        if isinstance(self.window, str) and signal.time.unit not in SECONDS:
            raise SettingError(f"{signal.name}: window={self.window!r} needs the duration of a step (dt), or say steps")
        if self.window is not None and not self._in_turn(signal):
            self._check_windows(signal)
        return self

    def _check_windows(self, signal: Signal) -> None:
        """Refuse more windows than can be counted at once."""
        windows = -(-signal.shape[0] // self._span(signal))
        columns, rows, _ = self._grid(signal)
        if windows * columns * rows > _MOST_CELLS:
            raise SettingError(
                f"{signal.name}: window={self.window!r}: {windows:,} windows of uneven times or of a list are too many "
                f"to be counted at once; accepted are about {max(1, _MOST_CELLS // (columns * rows)):,}"
            )

    @staticmethod
    def _in_turn(signal: Signal) -> bool:
        """Whether a window is some rows that follow each other, so that windows are drawn one after the other."""
        return signal.events is None and signal.time is not None and signal.time.even

    def series(self, signal: Signal) -> tuple[Series, ...]:
        """Return one series, ``component/raster``, with a step a window."""
        span = self._span(signal)
        steps = range(0, signal.shape[0], span)
        cells_drawn = min(signal.events or span * signal.units, self.size[0] * self.size[1] * DPI * DPI)
        size = len(steps) * int(14_000 + cells_drawn / 12)
        return (Series(f"{signal.component}/raster", "images", steps, len(steps), size),)

    def needs(self, signal: Signal, steps: range) -> Needs:
        """Return a summary of the windows that begin at these steps; of uneven times and of lists, of all windows."""
        if not self._in_turn(signal):
            return Needs(summary=range(signal.rows))
        return Needs(summary=range(steps[0], min(steps[-1] + self._span(signal), signal.shape[0])))

    def fold(self, signal: Signal) -> CountsFold:
        """Return the fold to counts."""
        columns, rows, _ = self._grid(signal)
        return CountsFold(self._span(signal), signal.units, columns, rows)

    def draw(self, signal: Signal, series: Series, step: int, block: DenseBlock | None, summary: Counts) -> Record:
        """Return the picture of the window that begins at `step`."""
        assert signal.time is not None
        png, width, height = self._draw(signal, self.fold(signal).window(summary, step), step)
        return Image(series.tag, step, signal.time.seconds(step), png, width, height)

    def _span(self, signal: Signal) -> int:
        """Return the steps of one picture."""
        assert signal.time is not None
        return steps_of(self.window or signal.shape[0], signal.time, signal.shape[0])

    def _look(self, signal: Signal, most: int | None) -> Look:
        """Return the look of a picture whose fullest cell holds `most` spikes; None where no cell is shared."""
        assert signal.time is not None
        time, span, units = signal.time, self._span(signal), signal.units
        start = time.start if self.window is None else 0.0
        return Look(
            self.size,
            time.label if self.window is None else f"{time.label}, from the start of the window",
            signal.dims[1] if len(signal.dims) > 1 else "unit",
            (start, start + time.step * span),
            (units - 0.5, -0.5),
            whole_y=True,
            above=ABOVE if self.events else 0.0,
            bar=None if most is None else ColourBar(INK, 1, most, "spikes a pixel"),
        )

    def _grid(self, signal: Signal) -> tuple[int, int, bool]:
        """Return (columns, rows) that spikes are counted into, and whether these share steps or units."""
        span, units = self._span(signal), signal.units
        area = frame(self._look(signal, None)).area
        shared = span > area.width or units > area.height
        if shared:
            area = frame(self._look(signal, 1000)).area
        return min(area.width, span), min(area.height, units), shared

    def _caption(self, signal: Signal, start: int, spikes: int) -> str:
        assert signal.time is not None
        total = "1 spike" if spikes == 1 else f"{spikes:,} spikes"
        if self.window is None:
            return total
        unit = {"step": " steps", "": ""}.get(signal.time.unit, f" {signal.time.unit}")
        past = min(start + self._span(signal), signal.shape[0])
        return f"{signal.time.at(start):.7g} to {signal.time.at(past):.7g}{unit}, {total}"

    def _draw(self, signal: Signal, spikes: npt.NDArray[np.int32], start: int) -> tuple[bytes, int, int]:
        """Return the PNG of one window's counts, shape (columns, rows), with its width and height."""
        crowded = self._grid(signal)[2] and np.count_nonzero(spikes) > _CROWDED * spikes.size
        most = round_up(int(spikes.max())) if crowded else None
        canvas = frame(self._look(signal, most))
        area = canvas.area
        counts = spikes.T
        if counts.shape[1] > area.width:  # the colour bar left less room than the spikes were counted for
            counts = np.add.reduceat(counts, starts_of_groups(counts.shape[1], area.width), axis=1)
        scale = colour_scale(INK, 1, most or 1)
        ink = np.where(counts > 0, scale.indices(counts) if most else BLACK, WHITE).astype(np.uint8)
        rows, columns = ink.shape
        ink = np.pad(ink, ((1, 0), (1, 0)))  # line and column 0: between the spikes
        events, colours = self._events(signal, area.width, start)
        lines = ink[:, marks(columns, area.width, lambda room: min(room, _WIDEST))]
        lines = np.where(lines == WHITE, bars(events, area.width), lines)
        which = marks(rows, area.height, lambda room: max(1, round(room * min(self.line_size, 1.0))))
        starts = np.flatnonzero(np.diff(which, prepend=-1))
        lines = lines[which[starts]]
        if np.count_nonzero(spikes) <= _SPARSE * spikes.size:
            lines, starts = soften(lines, starts, area.height, (rows, columns))
        caption = self._caption(signal, start, int(spikes.sum()))
        scanlines = canvas.blank()
        canvas.paint(scanlines, lines, starts)
        write_labels(canvas, scanlines, events, len(colours))
        return canvas.finish(scanlines, signal.name, caption, palette(colours)), *canvas.size

    def _events(self, signal: Signal, width: int, start: int) -> tuple[list[Stimulus], list[str]]:
        """Return the events of one window on an area so many pixels wide, and their colours."""
        assert signal.time is not None
        time, span, given = signal.time, self._span(signal), self.event_colors or _EVENT_COLOURS
        colours, found = list(dict.fromkeys(given)), []
        for number, event in enumerate(self.events or ()):
            at = (event - time.start) / time.step - start
            if 0 <= at < span:
                label = self.event_labels[number] if self.event_labels else time.words(event)
                colour = colours.index(given[number if len(given) > 1 else 0])
                found.append(Stimulus(int((at + 0.5) * width / span), colour, label))
        return found, colours
