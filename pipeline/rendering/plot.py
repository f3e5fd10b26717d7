"""A plot: a catalogue of series, a fold over blocks, and the drawing of one address. One kind of plot a module.

A kind of plot is a frozen dataclass whose fields are its settings. `pipeline.rendering.registry.PLOTS` lists them all.

==================================================  ====================================================================
``fit(signal)``                                     the plot for a signal's shape, or an error that says what it needs
``series(signal)``                                  all its `Series`; nothing is read
``needs(signal, steps)``                            the rows to read for these steps, and those to fold into a summary
``fold(signal)``                                    how blocks become a summary (`pipeline.rendering.folds`)
``draw(signal, series, step, block, summary)``      one address → one record; the slow reference
``records(signal, series, steps, block, summary)``  many addresses → records; the fast path, with the same bytes
==================================================  ====================================================================
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Any, ClassVar

from pipeline.errors import SettingError
from pipeline.model.block import DenseBlock
from pipeline.model.chart import Chart
from pipeline.model.record import Record
from pipeline.model.series import Series
from pipeline.model.signal import Signal
from pipeline.rendering.folds.fold import Fold
from pipeline.rendering.settings import Settings

__all__ = ["Needs", "Plot"]


@dataclass(frozen=True)
class Needs:
    """The rows of a signal that drawing takes, as ranges along its first dimension.

    Attributes
    ----------
    rows : range or None
        What is drawn from, row by row; None where the summary is enough.
    summary : range or None
        What is folded first; None where nothing is.
    """

    rows: range | None = None
    summary: range | None = None


@dataclass(frozen=True, kw_only=True)
class Plot(Settings, ABC):
    """A kind of plot with its settings: immutable, hashable and small to pickle."""

    #: Whether it can be drawn of a list of events too, which has no value at a step.
    of_events: ClassVar[bool] = False

    @abstractmethod
    def fit(self, signal: Signal) -> Plot:
        """Return the plot for the shape of `signal`, which is this one or a variant, else raise a SettingError."""

    @abstractmethod
    def series(self, signal: Signal) -> tuple[Series, ...]:
        """Return all its series, known from shapes alone."""

    @abstractmethod
    def needs(self, signal: Signal, steps: range) -> Needs:
        """Return the rows that drawing these steps of its series takes."""

    @abstractmethod
    def fold(self, signal: Signal) -> Fold | None:
        """Return how blocks are folded into a summary; None if there is none."""

    @abstractmethod
    def draw(self, signal: Signal, series: Series, step: int, block: DenseBlock | None, summary: Any) -> Record:
        """Return the record of one address.

        Parameters
        ----------
        series : Series
            One of this plot's.
        step : int
            One of its steps.
        block : DenseBlock or None
            The rows that `needs` names for this step.
        summary : Any
            The partial of the rows that `needs` names, or of more.
        """

    def records(
        self, signal: Signal, series: Sequence[Series], steps: range, block: DenseBlock | None, summary: Any
    ) -> Iterator[Record]:
        """Yield the records of many addresses, those of a tag in step order.

        Parameters
        ----------
        series : sequence of Series
            All of this plot's, or some.
        steps : range
            The rows of `block`; without one, the steps that `summary` is of.
        block : DenseBlock or None
        summary : Any
        """
        for number, step in enumerate(steps):
            row = None if block is None else block.part(slice(number, number + 1))
            for one in series:
                yield self.draw(signal, one, step, row, summary)

    @property
    def reads_units(self) -> tuple[int, ...] | None:
        """The units that it is drawn from; None if it needs all."""
        return None

    def pictured(self, signal: Signal) -> Plot:
        """Return the plot whose pictures stand for this one where there is no TensorBoard, such as in a notebook."""
        return self

    def thinned(self, points: int) -> Plot:
        """Return the plot with about so many points a series, where its series may have more."""
        return self

    def sampled(self, signal: Signal, most: int) -> Plot:
        """Return the plot for a server, whose summary may take reading about `most` bytes, not more."""
        return self

    def whole(self) -> Plot | None:
        """Return the plot with all points, if this one is drawn from some of them; else None."""
        return None

    def columns(self, name: str, value: Any) -> dict[str, bool | float | str] | None:
        """Return the hyperparameters of a value that is known without reading; None if it is drawn from an array.

        Parameters
        ----------
        name : str
            ``component/attr``.
        value : Any
        """
        return None

    def about(self, signal: Signal, summary: Any) -> str:
        """Return what a reader should know of what is shown, as a sentence; empty if there is nothing.

        Parameters
        ----------
        summary : Any
            None where it is not known yet, as a server tells of a series before it is read.
        """
        return ""

    def charts(self, signal: Signal, series: Sequence[Series]) -> tuple[Chart, ...]:
        """Return the charts of the CUSTOM SCALARS page that some of its series are drawn in.

        Parameters
        ----------
        series : sequence of Series
            All of this plot's, with the tags that they have in the run.
        """
        return ()

    def dims(self, ndim: int) -> tuple[str, ...]:
        """Return names for the dimensions of an array that has none."""
        return ("time", "unit", *(f"axis_{axis}" for axis in range(2, ndim)))[:ndim]

    def chosen(self) -> dict[str, Any]:
        """Return kind, format and the settings that differ from the defaults, as the YAML form holds them."""
        given = {item.name: getattr(self, item.name) for item in fields(self)}
        changed = {item.name: given[item.name] for item in fields(self) if given[item.name] != item.default}
        return {"kind": self.kind, "format": self.format} | changed

    @property
    def title(self) -> str:
        """Its kind and format in words, such as ``trace (scalar)``."""
        return f"{self.kind} ({self.format})"

    def check_units(self, signal: Signal) -> None:
        """Refuse what has no units, or cells, at each step."""
        if signal.time is None or len(signal.shape) < 2:
            raise self.refuse(
                signal, "time and other dimensions, such as (time, unit); set time_axis if it is not known"
            )

    def refuse(self, signal: Signal, needs: str) -> SettingError:
        """Return the error for a signal of the wrong shape."""
        sizes = zip(signal.dims, signal.shape, strict=True)
        dims = ", ".join(f"{dim}={size}" for dim, size in sizes) or "a single value"
        return SettingError(f"{signal.name}: a {self.kind} needs {needs}; this is ({dims})")
