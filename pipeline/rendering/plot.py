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
from typing import Any, ClassVar, Protocol

from pipeline.errors import SettingError
from pipeline.model.block import DenseBlock
from pipeline.model.record import Record
from pipeline.model.signal import Signal

__all__ = ["Estimate", "Kind", "refuse"]


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

    def check(self, subject: Signal) -> Kind:
        """Return this kind fit for `subject` (as itself, or as the variant for its shape), else raise SettingError."""

    def window_steps(self, subject: Signal) -> int | None:
        """Return after how many steps what was merged is drawn and begun anew; None for at the end only."""

    def tags(self, subject: Signal) -> tuple[str, ...]:
        """Return all tags it will write."""

    def estimate(self, subject: Signal) -> Estimate:
        """Return what it will write, from shapes alone."""

    def summarise(self, subject: Signal, block: DenseBlock) -> Any:
        """Return the partial of one block."""

    def merge(self, a: Any, b: Any) -> Any:
        """Return the partial of two neighbouring stretches of time, the earlier one first."""

    def render(self, subject: Signal, block: DenseBlock | None, merged: Any) -> Iterator[Record]:
        """Yield records, those of a tag in step order."""


def refuse(kind: Kind, subject: Signal, needs: str) -> SettingError:
    """Return the error for a variable of the wrong shape."""
    dims = ", ".join(f"{dim}={size}" for dim, size in zip(subject.dims, subject.shape, strict=True)) or "a single value"
    return SettingError(f"{subject.name}: a {kind.kind} needs {needs}; this is ({dims})")
