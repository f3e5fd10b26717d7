"""Any HDF5 file: where time runs is taken from what the file tells, in order of trust.

1. a dimension label or scale named like time; 2. the one unlimited axis; 3. a 1-D dataset beside it that is named
like time and has the length of an axis; 4. the length that the other datasets' time axes have; 5. axis 0, which the
caller is warned of.
"""

from __future__ import annotations

from collections.abc import Container
from typing import ClassVar

import h5py

from pipeline.opening.layouts.contents import datasets, settings_of
from pipeline.opening.layouts.protocol import Component, Stored

__all__ = ["Generic"]

_TIME_NAMES = {"time", "times", "timestamps", "timestamp"}
_OTHER_DIMS = {0: (), 1: ("unit",), 2: ("row", "column")}


class Generic:
    """Takes every file; the last of the layouts."""

    name: ClassVar[str] = "generic HDF5"

    def recognises(self, file: h5py.File) -> bool:
        """Every HDF5 file can be read this way."""
        return True

    def read(self, file: h5py.File) -> Component:
        """Return all numeric datasets, in all groups."""
        found, left_out = datasets(file)
        clocks = _Clocks({name: item.shape[0] for name, item in found.items() if _is_clock(name, item)})
        drawn = {name: item for name, item in found.items() if name not in clocks.sizes}
        told = {name: _told_axis(name, item, clocks) for name, item in drawn.items()}
        lengths = {drawn[name].shape[axis] for name, axis in told.items() if axis is not None}
        lengths |= set(clocks.sizes.values())
        stored = []
        for name, item in drawn.items():
            axis, guessed = told[name], False
            if axis is None and item.ndim > 0:
                alike = [a for a, size in enumerate(item.shape) if size in lengths]
                if alike:
                    axis, guessed = alike[0], len(alike) > 1
                elif not lengths:
                    axis, guessed = 0, True
            times = None if axis is None else clocks.nearest(name, item.shape[axis])
            stored.append(Stored(name, _dims(item.ndim, axis), times, guessed))
        used = {item.times for item in stored}
        stored += [Stored(name, ("time",)) for name in clocks.sizes if name not in used]
        settings = settings_of(file)
        identifier = settings.get("identifier")
        return Component(None if identifier is None else str(identifier), settings, stored, left_out)


def _is_clock(name: str, dataset: h5py.Dataset) -> bool:
    return dataset.ndim == 1 and dataset.dtype.kind in "iuf" and _means_time(name)


def _means_time(name: str) -> bool:
    base = name.rsplit("/", 1)[-1]
    return base == "t" or base.lower() in _TIME_NAMES  # T is a temperature


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
            self._by_folder.setdefault(_folder(name), {}).setdefault(size, name)

    def beside(self, name: str) -> Container[int]:
        """Return the lengths of the clocks in the group of a dataset."""
        return self._by_folder.get(_folder(name), {})

    def nearest(self, name: str, length: int) -> str | None:
        """Return the clock that goes with a time axis: one in the dataset's group, else in the nearest one around."""
        folder = name
        while folder:
            folder = _folder(folder)
            if clock := self._by_folder.get(folder, {}).get(length):
                return clock
        return None


def _told_axis(name: str, dataset: h5py.Dataset, clocks: _Clocks) -> int | None:
    """Return the axis that the file itself says is time, or None."""
    for axis in range(dataset.ndim):
        dim = dataset.dims[axis]
        if any(_means_time(label) for label in (dim.label, *(scale.name for scale in dim.values())) if label):
            return axis
    unlimited = [axis for axis, size in enumerate(dataset.maxshape) if size is None]
    if len(unlimited) == 1:
        return unlimited[0]
    beside = clocks.beside(name)
    alike = [axis for axis, size in enumerate(dataset.shape) if size in beside]
    return alike[0] if len(alike) == 1 else None


def _folder(name: str) -> str:
    return name.rsplit("/", 1)[0]


def _dims(ndim: int, time: int | None) -> tuple[str, ...]:
    rest = ndim - (time is not None)
    others = list(_OTHER_DIMS.get(rest) or tuple(f"axis_{axis}" for axis in range(rest)))
    if time is not None:
        others.insert(time, "time")
    return tuple(others)
