"""What a plot kind is: a fold over time blocks. One kind a module; `pipeline.rendering.KINDS` lists them.

A kind is a frozen dataclass whose fields are its settings, with three pure functions:

=====================================  ==========================================================
``summarise(subject, block)``          one time block → a small partial
``merge(a, b)``                        partial × partial → partial; associative, `a` before `b`
``render(subject, block, merged)``     a block, or what was merged, → records
=====================================  ==========================================================

`summary_step` and `render_step` say which steps each needs. None means that it needs no block: a kind without a summary
is drawn in the first pass, one without render blocks is drawn once from what was merged.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, overload

import numpy as np
import numpy.typing as npt

from pipeline.errors import SettingError
from pipeline.model.record import Record
from pipeline.rendering.settings import SECONDS

__all__ = ["Estimate", "Kind", "Subject", "TimeAxis", "TimeBlock", "refuse"]


@dataclass(frozen=True)
class TimeAxis:
    """Evenly spaced times ``start + step * i``, ``i`` below `length`.

    Attributes
    ----------
    length : int
    start, step : float
        In `unit`.
    unit : str
        ``step`` where the duration of a step is not known.
    """

    length: int
    start: float = 0.0
    step: float = 1.0
    unit: str = "step"

    @property
    def label(self) -> str:
        """The axis label, with the unit."""
        return "time (steps)" if self.unit == "step" else f"time ({self.unit})"

    @overload
    def at(self, step: float) -> float: ...
    @overload
    def at(self, step: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]: ...
    def at(self, step: Any) -> Any:
        """Return the time of a step (or of an array of them), in `unit`."""
        return self.start + self.step * step

    @overload
    def seconds(self, step: float) -> float: ...
    @overload
    def seconds(self, step: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]: ...
    def seconds(self, step: Any) -> Any:
        """Return the time of a step in seconds; a step of unknown duration counts as one second."""
        return self.at(step) * SECONDS.get(self.unit, 1.0)

    def caption(self, step: int) -> str:
        """Return a step in words, for a picture."""
        return f"step {step}" if self.unit == "step" else f"{self.at(step):.7g} {self.unit} (step {step})"

    def words(self, time: float) -> str:
        """Return a time in `unit` in words."""
        return f"step {time:.7g}" if self.unit == "step" else f"{time:.7g} {self.unit}"


@dataclass(frozen=True)
class Subject:
    """The variable that is drawn, with what is known of it before anything is read.

    Attributes
    ----------
    component, attr : str
        Together they name tags and titles.
    dims : tuple of str
        ``time`` first where it runs in time.
    shape : tuple of int
        One size a dimension.
    dtype : str
    unit : str
        Of the values; empty where unknown.
    time : TimeAxis or None
        None for what does not run in time.
    suffix : str
        Ends every tag, where another plot would have the same.
    """

    component: str
    attr: str
    dims: tuple[str, ...]
    shape: tuple[int, ...]
    dtype: str
    unit: str = ""
    time: TimeAxis | None = None
    suffix: str = ""

    @property
    def name(self) -> str:
        """``component/attr``, the title of its pictures and the root of its tags."""
        return f"{self.component}/{self.attr}"

    @property
    def label(self) -> str:
        """The variable's name with the unit of its values."""
        return f"{self.attr} ({self.unit})" if self.unit else self.attr

    def tag(self, *parts: str) -> str:
        """Return the tag ``component/part/…``."""
        return "/".join((self.component, *parts)) + self.suffix


@dataclass(frozen=True)
class TimeBlock:
    """Some steps of a variable, read.

    Attributes
    ----------
    values : ndarray, shape (k, ...)
        Time first.
    steps : ndarray of int64, shape (k,)
    wall_times : ndarray of float64, shape (k,)
        Simulated time in seconds.
    """

    values: npt.NDArray[Any]
    steps: npt.NDArray[np.int64]
    wall_times: npt.NDArray[np.float64]

    def every(self, step: int) -> TimeBlock:
        """Return the steps that are multiples of `step`."""
        if step == 1 or not len(self.steps):
            return self
        kept = self.steps % step == 0
        return self if kept.all() else self._part(kept)

    def strips(self, size: int) -> Iterator[TimeBlock]:
        """Yield its steps in order, so many at a time that their values have about `size` bytes."""
        steps = max(1, size * len(self.steps) // max(1, self.values.nbytes))
        return (self._part(slice(at, at + steps)) for at in range(0, len(self.steps), steps))

    def _part(self, which: Any) -> TimeBlock:
        return TimeBlock(self.values[which], self.steps[which], self.wall_times[which])


@dataclass(frozen=True)
class Estimate:
    """What a plot will write: `count` of `what` (``frames``, ``series`` …), about `size` bytes."""

    count: int
    what: str
    size: int


class Kind(Protocol):
    """A plot kind with its settings. Instances are immutable, hashable and small to pickle."""

    kind: ClassVar[str]
    format: ClassVar[str]
    #: Kept steps that make a task of tens of milliseconds, where drawing costs more than reading.
    steps_a_task: ClassVar[int | None]

    @property
    def time_axis(self) -> int | str | None:
        """Which axis is time, where the user says so."""

    @property
    def summary_step(self) -> int | None:
        """Every how many steps `summarise` needs one; None if it has nothing to summarise."""

    @property
    def render_step(self) -> int | None:
        """Every how many steps `render` needs one; None if it draws from the merged summary alone."""

    def check(self, subject: Subject) -> Kind:
        """Return this kind fit for `subject` (as itself, or as the variant for its shape), else raise SettingError."""

    def window_steps(self, subject: Subject) -> int | None:
        """Return after how many steps what was merged is drawn and begun anew; None for at the end only."""

    def tags(self, subject: Subject) -> tuple[str, ...]:
        """Return all tags it will write."""

    def estimate(self, subject: Subject) -> Estimate:
        """Return what it will write, from shapes alone."""

    def summarise(self, subject: Subject, block: TimeBlock) -> Any:
        """Return the partial of one block."""

    def merge(self, a: Any, b: Any) -> Any:
        """Return the partial of two neighbouring stretches of time, the earlier one first."""

    def render(self, subject: Subject, block: TimeBlock | None, merged: Any) -> Iterator[Record]:
        """Yield records, those of a tag in step order."""


def refuse(kind: Kind, subject: Subject, needs: str) -> SettingError:
    """Return the error for a variable of the wrong shape."""
    dims = ", ".join(f"{dim}={size}" for dim, size in zip(subject.dims, subject.shape, strict=True)) or "a single value"
    return SettingError(f"{subject.name}: a {kind.kind} needs {needs}; this is ({dims})")
