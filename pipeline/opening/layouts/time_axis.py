"""The time axis of datasets that no layout explains, by what the file tells, in order of trust.

1. a dimension label or scale that is named like time or has units of time; 2. the one unlimited axis; 3. a 1-D dataset
in the same group that is named like time and has the length of one axis; 4. the length of a clock in a group
around it, which the longest axis has, or of time axes that were told of other datasets, which the caller is warned of;
5. axis 0, which the caller is warned of.

A clock belongs to a dataset by a scale, or because it lies in the same group or one around it and has its length. The
same length alone is no evidence.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import h5py

from pipeline.opening.layouts.contents import attributes
from pipeline.opening.layouts.protocol import Stored, Times
from pipeline.units import SECONDS, time_unit

__all__ = ["Arranged", "arranged", "is_clock"]

_TIME = re.compile(r"(time|times|timestamp|timestamps|t)(?:[_ ](s|sec|seconds|ms|us|ns|ps|min|h))?", re.IGNORECASE)
_OTHER_DIMS = {0: (), 1: ("unit",), 2: ("row", "column")}


@dataclass(frozen=True)
class Arranged:
    """Datasets with their time axes; what is no series, with the reason; and what a user should know."""

    stored: list[Stored]
    left_out: dict[str, str]
    notes: list[str]


def arranged(found: dict[str, h5py.Dataset]) -> Arranged:
    """Find the time axis and the clock of each dataset.

    Parameters
    ----------
    found : dict of str to h5py.Dataset
        Numeric datasets by their full names.
    """
    clocks = _Clocks({name: max(item.shape) for name, item in found.items() if is_clock(name, item)})
    labels = {name: "labels of a dimension" for name, item in found.items() if _is_labels(name, item, clocks)}
    drawn = {name: item for name, item in found.items() if name not in clocks.sizes and name not in labels}
    scales = {name: _scales(item) for name, item in drawn.items()}
    told = {name: _told_axis(name, item, scales[name], clocks) for name, item in drawn.items()}
    lengths = {drawn[name].shape[axis] for name, (axis, _) in told.items() if axis is not None}
    stored, notes = [], []
    for name, item in drawn.items():
        axis, guessed = told[name]
        if axis is None and item.ndim > 0:
            around = clocks.around(name) & {max(item.shape)}
            alike = [a for a, size in enumerate(item.shape) if size in around | lengths]
            if alike or not lengths:
                axis, guessed = (alike or [0])[0], len(alike) != 1 or item.shape[alike[0]] not in around
        clock = None
        if axis is not None:
            attached = [scale.name for scale in scales[name][axis] if scale.name in clocks.sizes]
            clock = next(iter(attached), None) or clocks.nearest(name, item.shape[axis])
            if clock is None and (near := clocks.almost(name, item.shape[axis])):
                size, steps = clocks.sizes[near], item.shape[axis]
                notes.append(
                    f"{name[1:]}: {near[1:]} has {size:,} times for {steps:,} steps; steps are counted instead"
                )
        times = None if clock is None else Times(clock, unit=_unit_in_name(clock))
        stored.append(Stored(name, _dims(item, axis, scales[name]), times, guessed))
    used = {item.times.dataset for item in stored if item.times}
    stored += [Stored(name, _clock_dims(found[name])) for name in clocks.sizes if name not in used]
    return Arranged(stored, labels, notes)


def is_clock(name: str, dataset: h5py.Dataset) -> bool:
    """Whether a dataset may hold the time of each step: a row of numbers or dates that is named like time."""
    row = dataset.ndim == 1 or dataset.ndim == 2 and min(dataset.shape) == 1 and max(dataset.shape) > 1
    return row and dataset.dtype.kind in "iufmM" and (_means_time(name) or _has_time_units(dataset))


def _means_time(name: str) -> bool:
    base = name.rsplit("/", 1)[-1]
    return base != "T" and _TIME.fullmatch(base) is not None  # T is a temperature


def _has_time_units(dataset: h5py.Dataset) -> bool:
    """Whether a dimension scale is one of time, by what CF asks of it."""
    if not h5py.h5ds.is_scale(dataset.id):
        return False
    told = attributes(dataset)
    since = re.fullmatch(r"\w+ since .*", str(told.get("units", "")).strip()) is not None
    return since or told.get("axis") == "T" or told.get("standard_name") == "time"


def _unit_in_name(name: str) -> str:
    """Return the unit that a clock's name ends with, such as ``time_ms``."""
    found = _TIME.fullmatch(name.rsplit("/", 1)[-1])
    unit = time_unit(found[2]) if found and found[2] else ""
    return unit if unit in SECONDS else ""


def _is_labels(name: str, item: h5py.Dataset, clocks: _Clocks) -> bool:
    return name not in clocks.sizes and item.ndim == 1 and bool(h5py.h5ds.is_scale(item.id))


def _scales(dataset: h5py.Dataset) -> list[list[h5py.Dataset]]:
    """Return the dimension scales of each axis."""
    return [[scale for scale in dataset.dims[axis].values()] for axis in range(dataset.ndim)]


class _Clocks:
    """The clocks of a file, found by where they are and how long; there may be many of them.

    Attributes
    ----------
    sizes : dict of str to int
        The length of each, by its full name.
    """

    def __init__(self, sizes: dict[str, int]) -> None:
        self.sizes = sizes
        self._by_folder: dict[str, dict[int, str]] = {}
        for name, size in sizes.items():
            if not _means_time(name):  # known by its units, it goes with those that it is attached to
                continue
            self._by_folder.setdefault(_folder(name), {}).setdefault(size, name)

    def beside(self, name: str) -> dict[int, str]:
        """Return the clocks in the group of a dataset, by length."""
        return self._by_folder.get(_folder(name), {})

    def around(self, name: str) -> set[int]:
        """Return the lengths of the clocks in the group of a dataset and in those around it."""
        return {size for folder in _folders(name) for size in self._by_folder.get(folder, {})}

    def nearest(self, name: str, length: int) -> str | None:
        """Return the clock that goes with a time axis: one in the dataset's group, else in the nearest one around."""
        found = (self._by_folder.get(folder, {}).get(length) for folder in _folders(name))
        return next(filter(None, found), None)

    def almost(self, name: str, length: int) -> str | None:
        """Return a clock in the dataset's group that has one time more or less."""
        beside = self.beside(name)
        return beside.get(length + 1) or beside.get(length - 1)


def _told_axis(
    name: str, dataset: h5py.Dataset, scales: list[list[h5py.Dataset]], clocks: _Clocks
) -> tuple[int | None, bool]:
    """Return the axis that the file itself says is time, or None; and whether it is told so weakly that one warns."""
    for axis in range(dataset.ndim):
        label = dataset.dims[axis].label
        if label and _means_time(label) or any(is_clock(scale.name or "", scale) for scale in scales[axis]):
            return axis, False
    unlimited = [axis for axis, size in enumerate(dataset.maxshape) if size is None]
    if len(unlimited) == 1:
        return unlimited[0], False
    alike = [axis for axis, size in enumerate(dataset.shape) if size in clocks.beside(name)]
    if len(alike) != 1:
        return None, False
    axis = alike[0]
    return axis, axis > 0 and dataset.shape[axis] < max(dataset.shape)  # as many times as there are units, perhaps


def _folder(name: str) -> str:
    return name.rsplit("/", 1)[0]


def _folders(name: str) -> Iterator[str]:
    """Yield the group of a dataset, then those around it."""
    while name:
        name = _folder(name)
        yield name


def _dims(dataset: h5py.Dataset, time: int | None, scales: list[list[h5py.Dataset]]) -> tuple[str, ...]:
    """Return the names of the dimensions: ``time``, those that the file tells, else ours."""
    ours = iter(_other_dims(dataset.ndim, time))
    told = [_told_name(dataset, axis, scales) for axis in range(dataset.ndim)]
    names = ["time" if axis == time else name or next(ours) for axis, name in enumerate(told)]
    return tuple(names) if len(set(names)) == len(names) else _plain_dims(dataset.ndim, time)


def _told_name(dataset: h5py.Dataset, axis: int, scales: list[list[h5py.Dataset]]) -> str:
    scale = next((scale.name.rsplit("/", 1)[-1] for scale in scales[axis] if scale.name), "")
    name = str(dataset.dims[axis].label or scale)
    return "" if _means_time(name) or "/" in name else name


def _other_dims(ndim: int, time: int | None) -> tuple[str, ...]:
    """Return our names for the dimensions that are not time."""
    rest = ndim - (time is not None)
    return _OTHER_DIMS.get(rest) or tuple(f"axis_{axis}" for axis in range(rest))


def _plain_dims(ndim: int, time: int | None) -> tuple[str, ...]:
    others = list(_other_dims(ndim, time))
    if time is not None:
        others.insert(time, "time")
    return tuple(others)


def _clock_dims(dataset: h5py.Dataset) -> tuple[str, ...]:
    """Return the dimensions of a clock that no dataset goes by."""
    return ("time",) if dataset.ndim == 1 else _plain_dims(2, int(dataset.shape[1] > 1))
