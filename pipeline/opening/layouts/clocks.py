"""Clocks in a file: datasets that may hold the time of each step, found by where they are and how long."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import h5py

from pipeline.opening.layouts.contents import attributes
from pipeline.units import SECONDS, time_unit

__all__ = ["Clocks", "folder", "has_time_units", "is_clock", "means_time", "own_clocks", "unit_in_name"]

_TIME = re.compile(r"(time|times|timestamp|timestamps|t)(?:[_ ](s|sec|seconds|ms|us|ns|ps|min|h))?", re.IGNORECASE)
_OWNED = re.compile(r"(.+?)_(?:time|times|timestamp|timestamps|t)(?:_(?:s|sec|ms|us|ns))?", re.IGNORECASE)
#: What netCDF calls a scale that gives a dimension its name and has no values.
_NO_VARIABLE = "This is a netCDF dimension but not a netCDF variable"


def is_clock(name: str, dataset: h5py.Dataset) -> bool:
    """Whether a dataset may hold the time of each step: a row of numbers or dates that is named like time."""
    row = dataset.ndim == 1 or dataset.ndim == 2 and min(dataset.shape) == 1 and max(dataset.shape) > 1
    if not row or dataset.dtype.kind not in "iufmM" or is_empty_scale(dataset):
        return False
    return means_time(name) or has_time_units(dataset)


def is_empty_scale(dataset: h5py.Dataset) -> bool:
    """Whether a dataset is a dimension of netCDF alone: its values are never written."""
    if not h5py.h5ds.is_scale(dataset.id):
        return False
    return (h5py.h5ds.get_scale_name(dataset.id) or b"").decode("utf-8", "replace").startswith(_NO_VARIABLE)


def means_time(name: str) -> bool:
    """Whether a name says time."""
    base = name.rsplit("/", 1)[-1]
    return base != "T" and _TIME.fullmatch(base) is not None  # T is a temperature


def has_time_units(dataset: h5py.Dataset) -> bool:
    """Whether a dimension scale is one of time, by what CF asks of it."""
    if not h5py.h5ds.is_scale(dataset.id):
        return False
    told = attributes(dataset)
    since = re.fullmatch(r"\w+ since .*", str(told.get("units", "")).strip()) is not None
    return since or told.get("axis") == "T" or told.get("standard_name") == "time"


def unit_in_name(name: str) -> str:
    """Return the unit that a clock's name ends with, such as ``time_ms``."""
    base = name.rsplit("/", 1)[-1]
    found = _TIME.fullmatch(base) or _TIME.fullmatch(re.sub(r"^.+_(?=t(ime|imes|imestamps?)?_)", "", base))
    unit = time_unit(found[2]) if found and found[2] else ""
    return unit if unit in SECONDS else ""


def own_clocks(found: Mapping[str, h5py.Dataset]) -> dict[str, str]:
    """Return the clocks that are named after a dataset beside them, such as ``lfp_time`` after ``lfp``, by its name."""
    clocks: dict[str, str] = {}
    for name, item in found.items():
        owner = _OWNED.fullmatch(name.rsplit("/", 1)[-1])
        data = found.get(f"{folder(name)}/{owner[1]}") if owner else None
        row = item.ndim == 1 and item.dtype.kind in "iuf"
        if row and data is not None and data.ndim and list(data.shape).count(item.shape[0]) == 1:
            clocks[f"{folder(name)}/{owner[1]}"] = name  # type: ignore[index]
    return clocks


class Clocks:
    """The clocks of a file; there may be many of them.

    Attributes
    ----------
    sizes : dict of str to int
        The length of each, by its full name.
    own : dict of str to str
        Those that are named after one dataset, by its name.
    """

    def __init__(self, sizes: dict[str, int], own: dict[str, str] | None = None) -> None:
        self.sizes, self.own = sizes, own or {}
        self._by_folder: dict[str, dict[int, str]] = {}
        for name, size in sizes.items():
            if not means_time(name):  # known by its units, it goes with those that it is attached to
                continue
            self._by_folder.setdefault(folder(name), {}).setdefault(size, name)

    def beside(self, name: str) -> dict[int, str]:
        """Return the clocks in the group of a dataset, by length."""
        return self._by_folder.get(folder(name), {})

    def around(self, name: str) -> set[int]:
        """Return the lengths of the clocks in the group of a dataset and in those around it."""
        return {size for group in folders(name) for size in self._by_folder.get(group, {})}

    def nearest(self, name: str, length: int) -> str | None:
        """Return the clock that goes with a time axis: one in the dataset's group, else in the nearest one around."""
        found = (self._by_folder.get(group, {}).get(length) for group in folders(name))
        return next(filter(None, found), None)

    def almost(self, name: str, length: int) -> str | None:
        """Return a clock in the dataset's group that has one time more or less."""
        beside = self.beside(name)
        return beside.get(length + 1) or beside.get(length - 1)


def folder(name: str) -> str:
    """Return the group of a dataset, by its full name."""
    return name.rsplit("/", 1)[0]


def folders(name: str) -> Iterator[str]:
    """Yield the group of a dataset, then those around it."""
    while name:
        name = folder(name)
        yield name
