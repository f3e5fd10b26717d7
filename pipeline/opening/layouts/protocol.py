"""Layouts: what the datasets of an HDF5 file mean. `pipeline.opening.layouts.registry` lists them."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import h5py

from pipeline.opening.hdf5.scaling import Meaning

__all__ = ["Component", "EventList", "Layout", "Stored", "Times"]


@dataclass(frozen=True)
class Times:
    """The time of each step: a dataset of times, or where the file tells them, start and step.

    Attributes
    ----------
    dataset : str or None
        Full name of the dataset that holds a time for each step; None where they are ``start + step * i``.
    start, step : float
    unit : str
        Empty where the dataset's own attribute names it, or nothing does.
    field : str
        The column, where they are one of a table.
    values : tuple of float
        The times themselves, where they are few and lie here and there in the file.
    """

    dataset: str | None = None
    start: float = 0.0
    step: float = 1.0
    unit: str = ""
    field: str = ""
    values: tuple[float, ...] = ()


@dataclass(frozen=True)
class Stored:
    """A numeric dataset, as a layout understands it.

    Attributes
    ----------
    name : str
        Full name in the file, such as ``/sim/voltage``; through an external link, the name of the link.
    dims : tuple of str
        One name an axis; ``time`` is the time axis.
    times : Times or None
        Its own clock; None where the file tells none.
    guessed : bool
        The time axis was taken by position or length alone.
    scaling : Meaning or None
        What its stored numbers mean; None: what its CF attributes say.
    field : str
        The column of a table that it is; empty for the whole dataset.
    labels : tuple of str
        The names of its units, in order, where the file has some.
    unit : str
        Of its values, where its own attributes do not name it.
    why : str
        How it is known where time is, in words.
    called : str
        Its name in the run; empty: as in the file, a column after its table.
    parts : tuple of str
        All the datasets that it is put together from, by full name, `name` among them; each is one index of an axis.
    joint : int
        That axis.
    inner : tuple of int or None
        The shape of a step, where all steps lie flat in one dimension, one behind the other.
    """

    name: str
    dims: tuple[str, ...]
    times: Times | None = None
    guessed: bool = False
    scaling: Meaning | None = None
    field: str = ""
    labels: tuple[str, ...] = ()
    unit: str = ""
    why: str = dataclasses.field(default="", compare=False)
    called: str = ""
    parts: tuple[str, ...] = ()
    joint: int = 0
    inner: tuple[int, ...] | None = None

    @property
    def path(self) -> str:
        """Its name in the run, in full."""
        return self.called or (f"{self.name}/{self.field}" if self.field else self.name)


@dataclass(frozen=True)
class EventList:
    """A list of events, such as spikes, as a layout understands it; in any order.

    Attributes
    ----------
    name : str
        What its node is called, such as ``/spikes/cortex``.
    times : tuple of str
        The datasets of the times, by full name: one, or one a unit.
    unit : str
        Of the times; empty where the dataset's own attribute names it, or nothing does.
    units : str or None
        The dataset of the unit of each event. None: all are of one unit, or `ends` or several `times` say whose.
    ends : tuple of int or None
        Where the events of each unit end, if they follow each other in one dataset.
    labels : tuple of str
        The names of the units in their order, where the file has some.
    field, units_field : str
        The columns, where times and units are columns of a table.
    pulses : (str, str)
        Where times count from pulses: the dataset of the first event of each pulse, and that of the times of pulses.
    """

    name: str
    times: tuple[str, ...]
    unit: str = ""
    units: str | None = None
    ends: tuple[int, ...] | None = None
    labels: tuple[str, ...] = ()
    field: str = ""
    units_field: str = ""
    pulses: tuple[str, str] = ("", "")


@dataclass(frozen=True)
class Component:
    """What one file holds.

    Attributes
    ----------
    name : str or None
        The component's name, if the file tells it.
    settings : dict
        Attributes and configuration.
    stored : list of Stored
        What can be drawn.
    left_out : dict of str to str
        Datasets that cannot be drawn (strings, compounds …): full name to why.
    notes : list of str
        What a user should know, such as a clock that does not fit.
    events : list of EventList
    """

    name: str | None
    settings: dict[str, Any]
    stored: list[Stored]
    left_out: dict[str, str] = dataclasses.field(default_factory=dict)
    notes: list[str] = dataclasses.field(default_factory=list)
    events: list[EventList] = dataclasses.field(default_factory=list)


class Layout(Protocol):
    """One way of keeping a run in an HDF5 file. Reads metadata, and of datasets at most a few numbers."""

    name: ClassVar[str]

    def recognises(self, file: h5py.File) -> bool:
        """Whether `file` is in this layout; attributes and names are enough to tell."""

    def read(self, file: h5py.File) -> Component:
        """Return what the file holds."""
