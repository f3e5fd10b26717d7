"""Bands: a population's mean, and the range that all of its units, or most, lie in; light, however many they are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, ClassVar

import numpy as np

from pipeline.model.block import DenseBlock
from pipeline.model.chart import Chart
from pipeline.model.record import Image, Record, Scalars
from pipeline.model.series import Series
from pipeline.model.signal import Signal
from pipeline.rendering.curves import curve_look, last_point
from pipeline.rendering.folds.envelope import Envelope, EnvelopeFold
from pipeline.rendering.folds.extremes import float32
from pipeline.rendering.folds.population import (
    Population,
    PopulationEnvelopeFold,
    PopulationFold,
    population_of,
)
from pipeline.rendering.limits import check_shares, shares
from pipeline.rendering.picture.axes import frame
from pipeline.rendering.picture.canvas import DPI, Look
from pipeline.rendering.picture.colours import INKS, inks, rgb
from pipeline.rendering.picture.layers import Layers
from pipeline.rendering.plot import Needs, Plot
from pipeline.rendering.settings import optional, setting, wide_size
from pipeline.rendering.trace_scalar import RECORD_BYTES, check_points

__all__ = ["Band", "BandImage"]

_COLOUR, _LIGHT = "tab:blue", "#aec7e8"


def _check_between(value: Any) -> str | tuple[str, str]:
    return "all" if isinstance(value, str) and value == "all" else check_shares(value)


@dataclass(frozen=True, kw_only=True)
class Band(Plot):
    """The mean over all units as a series, with the lowest and the highest; a margin chart of CUSTOM SCALARS.

    Attributes
    ----------
    between : str or (str, str)
        What the band holds: ``all`` units at each step, or those between two percentages, such as (5 %, 95 %).
    points : int or None
        At most so many points a series, one for each of as many stretches of time, at its first step: its mean, and the
        lowest and the highest end of the band in it, so that every peak survives. None: a point a step.

    Notes
    -----
    Values that are not finite are left out.
    """

    kind: ClassVar[str] = "band"
    format: ClassVar[str] = "scalar"

    size: tuple[float, float] = wide_size()
    between: str | tuple[str, str] = setting(
        "all", _check_between, "all, or two percentages such as (5 %, 95 %), the lower first"
    )
    points: int | None = setting(None, optional(check_points), "a whole number of at least 2")

    def fit(self, signal: Signal) -> Plot:
        """Accept what has units, or cells, at each step."""
        self.check_units(signal)
        few = self.points is not None and len(range(0, signal.shape[0], self.step)) <= self.points
        return replace(self, points=None) if few else self

    def series(self, signal: Signal) -> tuple[Series, ...]:
        """Return ``component/attr/mean``, ``/lowest`` and ``/highest``, or with the percentages as names."""
        ends = ("lowest", "highest")
        if self.between != "all":
            ends = tuple(f"p{end.removesuffix(' %')}" for end in self.between)  # type: ignore[assignment]
        steps = range(0, signal.shape[0], self.step)
        count = len(steps) if self.points is None else min(len(steps), self.points)
        tags = [f"{signal.name}/{what}" for what in ("mean", *ends)]
        return tuple(
            Series(tag, "scalars", steps, count, count * (len(tag) + 9 + RECORD_BYTES // 3), number)
            for number, tag in enumerate(tags)
        )

    def charts(self, signal: Signal, series: Sequence[Series]) -> tuple[Chart, ...]:
        """Return the margin chart of the three series."""
        return (Chart(signal.component, f"{signal.name}, band", tuple(one.tag for one in series), band=True),)

    def needs(self, signal: Signal, steps: range) -> Needs:
        """Return the steps themselves; of a thinned series a summary of every kept step."""
        return Needs(summary=range(0, signal.shape[0], self.step)) if self.points else Needs(steps)

    def fold(self, signal: Signal) -> Any:
        """Return the fold of thinned series to stretches of time."""
        if not self.points:
            return None
        return PopulationFold(len(range(0, signal.shape[0], self.step)), self.step, self.points, self.shares)

    def draw(self, signal: Signal, series: Series, step: int, block: DenseBlock | None, summary: Any) -> Record:
        """Return one point.

        Raises
        ------
        KeyError
            If a thinned series has none at this step.
        """
        (record,) = self.records(signal, [series], range(step, step + 1), block, summary)
        assert isinstance(record, Scalars)
        found = record.steps == step
        if not found.any():
            raise KeyError(step)
        return Scalars(record.tags, record.steps[found], record.wall_times[found], record.values[found])

    def records(
        self, signal: Signal, series: Sequence[Series], steps: range, block: DenseBlock | None, summary: Any
    ) -> Iterator[Record]:
        """Yield the points of all series together."""
        found: Population = summary if block is None else population_of(block, self.shares)
        values = float32(found.columns()[:, [one.unit or 0 for one in series]])
        yield Scalars(tuple(one.tag for one in series), found.steps, found.wall_times, values)

    def about(self, signal: Signal, summary: Any) -> str:
        """Return what is at a point."""
        ends = "the lowest and the highest" if self.between == "all" else " and ".join(self.between)
        each = f"of each of {self.points:,} stretches of time" if self.points else "of each step"
        return f"The mean of all units, and {ends}, {each}."

    def thinned(self, points: int) -> Plot:
        """Return the band of stretches of time, so that every peak survives."""
        return replace(self, points=min(self.points or points, points))

    def whole(self) -> Plot | None:
        """Return the plot with all points."""
        return replace(self, points=None) if self.points else None

    def pictured(self, signal: Signal) -> Plot:
        """Return the band as a picture."""
        return BandImage(**{item.name: getattr(self, item.name) for item in fields(self)}).fit(signal)

    @property
    def shares(self) -> tuple[float, float] | None:
        """What parts of the units are below the ends of the band; None: none and all."""
        return shares(self.between)


@dataclass(frozen=True, kw_only=True)
class BandImage(Band):
    """The band as a picture, light, with the mean; `points` has no effect."""

    format: ClassVar[str] = "image"

    def fit(self, signal: Signal) -> Plot:
        """Accept what has units, or cells, at each step."""
        super().fit(signal)
        return replace(self, points=None)

    def series(self, signal: Signal) -> tuple[Series, ...]:
        """Return one picture, ``component/attr/band``."""
        return (Series(f"{signal.name}/band", "images", range(1), 1, int(8_000 + self.size[0] * DPI * 12)),)

    def charts(self, signal: Signal, series: Sequence[Series]) -> tuple[Chart, ...]:
        """Return nothing: it is no chart."""
        return ()

    def needs(self, signal: Signal, steps: range) -> Needs:
        """Return a summary of every kept step."""
        return Needs(summary=range(0, signal.shape[0], self.step))

    def fold(self, signal: Signal) -> PopulationEnvelopeFold:
        """Return the fold to the columns of the picture."""
        width = frame(self._look(signal, 0, 1)).area.width
        return PopulationEnvelopeFold(EnvelopeFold(self.step, last_point(signal, self.step), width, None), self.shares)

    def draw(self, signal: Signal, series: Series, step: int, block: DenseBlock | None, summary: Envelope) -> Record:
        """Return the picture."""
        look = self._look(signal, *summary.limits())
        canvas = frame(look)
        low, high = self.fold(signal).columns.curve(summary)
        layers = Layers(canvas, look.ylim)
        layers.cover(low[:, 1], high[:, 2], INKS)
        layers.cover(low[:, 0], high[:, 0], INKS + 1, pen=True)
        palette = np.vstack([inks(), rgb(_LIGHT), rgb(_COLOUR)])
        return Image(series.tag, 0, 0.0, layers.png(signal.name, self._caption(), palette), *canvas.size)

    def records(
        self, signal: Signal, series: Sequence[Series], steps: range, block: DenseBlock | None, summary: Any
    ) -> Iterator[Record]:
        """Yield the picture."""
        for one in series:
            yield self.draw(signal, one, 0, None, summary)

    def _caption(self) -> str:
        return "mean, lowest and highest" if self.between == "all" else f"mean, {' to '.join(self.between)}"

    def _look(self, signal: Signal, low: float, high: float) -> Look:
        return curve_look(signal, self.size, self.step, (low, high))
