"""Layouts: what the datasets of an HDF5 file mean. `pipeline.opening.layouts.registry` lists them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol

import h5py

from pipeline.opening.hdf5.scaling import Scaling

__all__ = ["Component", "Layout", "Stored", "Times"]


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
    """

    dataset: str | None = None
    start: float = 0.0
    step: float = 1.0
    unit: str = ""


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
    scaling : Scaling or None
        What its stored numbers mean; None: what its CF attributes say.
    """

    name: str
    dims: tuple[str, ...]
    times: Times | None = None
    guessed: bool = False
    scaling: Scaling | None = None


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
    """

    name: str | None
    settings: dict[str, Any]
    stored: list[Stored]
    left_out: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


class Layout(Protocol):
    """One way of keeping a run in an HDF5 file. Reads metadata, and of datasets at most a few numbers."""

    name: ClassVar[str]

    def recognises(self, file: h5py.File) -> bool:
        """Whether `file` is in this layout; attributes and names are enough to tell."""

    def read(self, file: h5py.File) -> Component:
        """Return what the file holds."""
