"""Signals: what can be drawn, as far as it is known before anything is read."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.model.clock import Clock

__all__ = ["Signal"]


@dataclass(frozen=True)
class Signal:
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
    time : Clock or None
        None for what does not run in time.
    events : int or None
        The length of a list of events, such as spikes, whose dimensions are those of a raster of it: the steps of an
        even axis of time, and the units. None: dense, a value a step.
    labels : tuple of str
        The names of the units, where they have some.
    dataset : str
        The name in the file; empty where it is of none.
    """

    component: str
    attr: str
    dims: tuple[str, ...]
    shape: tuple[int, ...]
    dtype: str
    unit: str = ""
    time: Clock | None = None
    events: int | None = None
    labels: tuple[str, ...] = ()
    dataset: str = ""

    @property
    def rows(self) -> int:
        """What is read one by one: steps, or events of a list."""
        return self.shape[0] if self.events is None else self.events

    @property
    def units(self) -> int:
        """The number of units of what is (time, unit) or of one unit."""
        return self.shape[1] if len(self.shape) > 1 else 1

    @property
    def name(self) -> str:
        """``component/attr``, the title of its pictures and the root of its tags."""
        return f"{self.component}/{self.attr}"

    def unit_name(self, unit: int) -> str:
        """Return what a unit is called in tags: its label, or ``N`` and its number, also where that is its label."""
        label = self.labels[unit] if unit < len(self.labels) else str(unit)
        return f"N{label}" if label.replace(".", "").isdigit() else label.replace("/", "-")

    @property
    def label(self) -> str:
        """The variable's name with the unit of its values."""
        return f"{self.attr} ({self.unit})" if self.unit else self.attr
