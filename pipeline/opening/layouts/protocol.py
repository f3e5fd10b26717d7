"""Layouts: what the datasets of an HDF5 file mean. `pipeline.opening.layouts.registry` lists them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol

import h5py

__all__ = ["Component", "Layout", "Stored"]


@dataclass(frozen=True)
class Stored:
    """A numeric dataset, as a layout understands it.

    Attributes
    ----------
    name : str
        Full name in the file, such as ``/sim/voltage``; through an external link, the name of the link.
    dims : tuple of str
        One name an axis; ``time`` is the time axis.
    times : str or None
        Full name of the 1-D dataset that holds the time of each step, if there is one.
    guessed : bool
        The time axis was taken by position alone.
    """

    name: str
    dims: tuple[str, ...]
    times: str | None = None
    guessed: bool = False


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
    """

    name: str | None
    settings: dict[str, Any]
    stored: list[Stored]
    left_out: dict[str, str] = field(default_factory=dict)


class Layout(Protocol):
    """One way of keeping a run in an HDF5 file. Reads attributes and shapes, never a dataset."""

    name: ClassVar[str]

    def recognises(self, file: h5py.File) -> bool:
        """Whether `file` is in this layout; attributes and names are enough to tell."""

    def read(self, file: h5py.File) -> Component:
        """Return what the file holds."""
