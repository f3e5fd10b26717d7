"""What an HDF5 layout tells of a file. One layout a module; `pipeline.opening.tree.LAYOUTS` lists them in order."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol

import h5py

from pipeline.opening.values import attribute, parse_repr

__all__ = ["Component", "Layout", "Stored", "datasets", "settings_of"]


@dataclass(frozen=True)
class Stored:
    """A numeric dataset, as a layout understands it.

    Attributes
    ----------
    name : str
        Full name in the file, such as ``/sim/voltage``.
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
        """Whether `file` is in this layout; cheap, and True for at most the files that are."""

    def read(self, file: h5py.File) -> Component:
        """Return what the file holds."""


def datasets(group: h5py.Group) -> tuple[list[h5py.Dataset], dict[str, str]]:
    """Return all datasets below `group` that hold real numbers, and why the others are left out.

    Links that lead nowhere are left out with a word; a group that is linked twice is walked once.
    """
    numeric: list[h5py.Dataset] = []
    left_out: dict[str, str] = {}
    seen: set[tuple[int, int]] = set()

    def walk(node: h5py.Group) -> None:
        info = h5py.h5o.get_info(node.id)
        if (info.fileno, info.addr) in seen:
            return
        seen.add((info.fileno, info.addr))
        for key in node:
            name = f"{node.name.rstrip('/')}/{key}"
            try:
                item = node[key]
            except (KeyError, OSError):
                left_out[name] = "a link that leads nowhere"
                continue
            if isinstance(item, h5py.Group):
                walk(item)
            elif isinstance(item, h5py.Dataset):
                if why := _not_numbers(item):
                    left_out[name] = why
                else:
                    numeric.append(item)

    walk(group)
    return numeric, left_out


def _not_numbers(dataset: h5py.Dataset) -> str:
    """Say why a dataset cannot be drawn, or return an empty string."""
    if dataset.shape is None:
        return "holds no data"
    dtype = dataset.dtype
    if dtype.kind in "biuf" and dtype.itemsize <= 8:
        return ""
    if h5py.check_string_dtype(dtype) is not None:
        return "strings"
    words = {"V": "compound values", "O": "values of varying length or references", "c": "complex numbers"}
    return words.get(dtype.kind, f"values of type {dtype}")


def settings_of(file: h5py.File) -> dict[str, Any]:
    """Return root attributes, then those of the group ``configuration`` with ``repr`` strings read back.

    Where both have a name, the configuration's is kept as ``configuration.NAME``.
    """
    settings = {key: parse_repr(attribute(value), literals=False) for key, value in _attrs(file).items()}
    group = file.get("configuration")
    if isinstance(group, h5py.Group):
        for key, value in _attrs(group).items():
            settings[f"configuration.{key}" if key in settings else key] = parse_repr(attribute(value))
    return settings


def _attrs(node: h5py.Group | h5py.Dataset) -> dict[str, Any]:
    """Read all attributes that h5py can; those of HDF5's own bookkeeping (references) are not settings."""
    found: dict[str, Any] = {}
    for key in node.attrs:
        try:
            value = node.attrs[key]
        except (OSError, TypeError, ValueError):
            continue
        if not isinstance(value, h5py.Empty | h5py.Reference):
            found[key] = value
    return found
