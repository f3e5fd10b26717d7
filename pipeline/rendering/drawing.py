"""One plot of one signal: all that drawing it takes, small to pickle."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, TypeGuard

from pipeline.model.block import DenseBlock
from pipeline.model.chart import Chart
from pipeline.model.record import Histogram, Hparams, Image, Record, Scalars
from pipeline.model.series import Series
from pipeline.model.signal import Signal
from pipeline.rendering.folds.fold import Fold
from pipeline.rendering.plot import Needs, Plot
from pipeline.tables import markdown

__all__ = ["Drawing"]


@dataclass(frozen=True)
class Drawing:
    """One plot of one signal.

    Attributes
    ----------
    plot : Plot
        Fit for the signal.
    signal : Signal
    suffix : str
        Ends every tag, because another drawing has the same ones without it. Hyperparameters have columns, not tags.
    """

    plot: Plot
    signal: Signal
    suffix: str = ""

    @property
    def kind(self) -> str:
        """What its plot is called in reports."""
        return self.plot.kind

    @property
    def title(self) -> str:
        """What its plot is called in tables."""
        return self.plot.title

    @property
    def series(self) -> tuple[Series, ...]:
        """All its series; they share their steps."""
        return _series(self)

    @property
    def steps(self) -> range:
        """The steps of its series."""
        return self.series[0].steps

    @property
    def size(self) -> int:
        """The estimated bytes of all its series."""
        return sum(one.size for one in self.series)

    @property
    def needs(self) -> Needs:
        """The rows that drawing all of its steps takes."""
        return self.needs_of(self.steps)

    def needs_of(self, steps: range) -> Needs:
        """Return the rows that drawing some of its steps takes."""
        return self.plot.needs(self.signal, steps)

    @property
    def window(self) -> int | None:
        """The steps that one picture's summary is of; None where all pictures share one summary, or need none."""
        one, every = self.needs_of(self.steps[:1]).summary, self.needs.summary
        return None if one is None or one == every else one.stop - one.start

    @property
    def fold(self) -> Fold | None:
        """The fold of blocks into its summary; None if it has none."""
        return self.plot.fold(self.signal)

    @property
    def charts(self) -> tuple[Chart, ...]:
        """The charts of the CUSTOM SCALARS page that its series are drawn in."""
        return self.plot.charts(self.signal, self.series)

    def fit(self, signal: Signal) -> Drawing:
        """Return the drawing of the same signal, of which more is known by now.

        Raises
        ------
        SettingError
            If the plot does not fit it.
        """
        return replace(self, plot=self.plot.fit(signal), signal=signal)

    def thinned(self, points: int) -> Drawing:
        """Return the drawing with about so many points a series, where its series may have more."""
        return replace(self, plot=self.plot.thinned(points).fit(self.signal))

    def description(self, summary: Any = None) -> str:
        """Return what TensorBoard tells of its series, as Markdown: which values they show, and which steps.

        Parameters
        ----------
        summary : Any
            Its summary; None where that is not known yet.
        """
        signal, stride = self.signal, self.steps.step
        words = [f"{markdown(signal.label)} of {markdown(signal.component)}"]
        words += [f"dataset {markdown(signal.dataset)}"] if signal.dataset else []
        if signal.time is not None and len(self.steps) > 1:
            step = signal.time.duration(1)
            each = f"every step of {step}" if stride == 1 else f"every {stride:,} steps of {step}"
            words.append("every step" if each == "every step of 1 step" else each.removesuffix(" of 1 step"))
        return f"{', '.join(words)}. {self.plot.about(signal, summary)}".rstrip()

    def draw(self, series: Series, step: int, block: DenseBlock | None, summary: Any) -> Record:
        """Return the record of one address (`Plot.draw`)."""
        return self.plot.draw(self.signal, series, step, block, summary)

    def records(
        self, steps: range, block: DenseBlock | None, summary: Any, series: Sequence[Series] | None = None
    ) -> Iterator[Record]:
        """Yield the records of all series, or of some, for the rows of a block or the steps of a summary.

        The first one of a tag has the description.
        """
        for record in self.plot.records(self.signal, self.series if series is None else series, steps, block, summary):
            yield replace(record, description=self.description(summary)) if self._is_first(record) else record

    def _is_first(self, record: Record) -> TypeGuard[Image | Scalars | Histogram]:
        if isinstance(record, Scalars):
            return bool(len(record.steps)) and (self.needs.rows is None or record.steps[0] == self.steps[0])
        return not isinstance(record, Hparams) and record.step == self.steps[0]


@lru_cache(maxsize=16)
def _series(drawing: Drawing) -> tuple[Series, ...]:
    found = drawing.plot.series(drawing.signal)
    if not drawing.suffix:
        return found
    return tuple(one if one.plugin == "hparams" else replace(one, tag=one.tag + drawing.suffix) for one in found)
