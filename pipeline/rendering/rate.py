"""Rates of spikes: how many a second in each bin of time, as series; the same counts that rasters are drawn from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from pipeline.errors import SettingError
from pipeline.model.block import DenseBlock
from pipeline.model.record import Record, Scalars
from pipeline.model.series import Series
from pipeline.model.signal import Signal
from pipeline.rendering.folds.counts import Counts, CountsFold
from pipeline.rendering.plot import Needs, Plot
from pipeline.rendering.raster import Raster
from pipeline.rendering.settings import boolean, optional, setting
from pipeline.rendering.windows import check_window, round_steps, steps_of
from pipeline.units import SECONDS

__all__ = ["Rate"]

#: Bins where none are asked for, about.
_BINS = 200
#: Cells, of a bin and a unit, that are counted.
_MOST_CELLS = 1 << 24


@dataclass(frozen=True, kw_only=True)
class Rate(Plot):
    """Spikes a second and unit, in bins of time: of all units together, and of each if asked.

    Attributes
    ----------
    bin : int or str or None
        Steps, or a duration. None: so that there are some 200 bins.
    by_unit : bool
        Also a series a unit.

    Notes
    -----
    A point is at the first step of its bin. Where the duration of a step is not known, it is spikes a step and unit.
    A last bin that is shorter counts as long as it is.
    """

    kind: ClassVar[str] = "rate"
    format: ClassVar[str] = "scalar"
    of_events: ClassVar[bool] = True

    bin: int | str | None = setting(None, optional(check_window), "a whole number of steps, or a duration (50 ms)")
    by_unit: bool = setting(False, boolean, "true or false")

    def fit(self, signal: Signal) -> Plot:
        """Accept (time, unit), and a single unit's (time,)."""
        if signal.time is None or len(signal.shape) not in (1, 2):
            raise self.refuse(signal, "the dimensions (time, unit); set time_axis if time is not known")
        if isinstance(self.bin, str) and signal.time.unit not in SECONDS:
            raise SettingError(f"{signal.name}: bin={self.bin!r} needs the duration of a step (dt), or say steps")
        fold = self.fold(signal)
        cells = -(-signal.shape[0] // fold.span) * fold.rows
        if cells > _MOST_CELLS:
            raise SettingError(
                f"{signal.name}: rate: {cells:,} bins of all units; accepted are {_MOST_CELLS:,}: a longer bin"
            )
        return self

    def series(self, signal: Signal) -> tuple[Series, ...]:
        """Return ``component/rate``, and ``component/N{unit}/rate`` for each unit if asked."""
        steps = range(0, signal.shape[0], self._span(signal))
        tags = [f"{signal.component}/rate"]
        if self.by_unit:
            tags += [f"{signal.component}/{signal.unit_name(unit)}/rate" for unit in range(signal.units)]
        units = (None, *range(len(tags) - 1))
        return tuple(
            Series(tag, "scalars", steps, len(steps), len(steps) * (len(tag) + 40), unit)
            for tag, unit in zip(tags, units, strict=True)
        )

    def needs(self, signal: Signal, steps: range) -> Needs:
        """Return a summary of all bins, because spikes of a list may be in any of them."""
        return Needs(summary=range(signal.rows))

    def fold(self, signal: Signal) -> CountsFold:
        """Return the fold to one count a bin, and a unit if asked."""
        units = signal.units
        return CountsFold(self._span(signal), units, 1, units if self.by_unit else 1)

    def draw(self, signal: Signal, series: Series, step: int, block: DenseBlock | None, summary: Counts) -> Record:
        """Return one point."""
        (record,) = self.records(signal, [series], range(step, step + 1), None, summary)
        return record

    def records(
        self, signal: Signal, series: Sequence[Series], steps: range, block: DenseBlock | None, summary: Any
    ) -> Iterator[Record]:
        """Yield the points of all series together."""
        assert signal.time is not None
        fold, all_steps = self.fold(signal), series[0].steps
        starts = np.array([step for step in all_steps if step in range(steps.start, steps.stop)], np.int64)
        spikes = np.concatenate([fold.window(summary, int(start)) for start in starts]).astype(np.float64)
        length = np.minimum(starts + fold.span, signal.shape[0]) - starts
        seconds = length * signal.time.step * SECONDS.get(signal.time.unit, 1.0)
        whole = spikes.sum(axis=1) / signal.units
        columns = [whole if one.unit is None else spikes[:, one.unit] for one in series]
        rates = np.stack(columns, axis=1) / seconds[:, None]
        times = signal.time.seconds(starts.astype(np.float64))
        yield Scalars(tuple(one.tag for one in series), starts, times, rates.astype(np.float32))

    def pictured(self, signal: Signal) -> Plot:
        """Return the raster of the same spikes."""
        return Raster(size=self.size).fit(signal)

    def _span(self, signal: Signal) -> int:
        """Return the steps of a bin."""
        assert signal.time is not None
        if self.bin is not None:
            return steps_of(self.bin, signal.time, signal.shape[0])
        return round_steps(signal.shape[0] / _BINS)
