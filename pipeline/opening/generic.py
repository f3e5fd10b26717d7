"""Any HDF5 file: where time runs is taken from what the file tells, in order of trust.

1. a dimension label or scale named like time; 2. the one unlimited axis; 3. a 1-D dataset beside it that is named
like time and has the length of an axis; 4. the length that the other datasets' time axes have; 5. axis 0, which the
caller is warned of.
"""

from __future__ import annotations

from typing import ClassVar

import h5py

from pipeline.opening.layout import Component, Stored, datasets, settings_of

__all__ = ["Generic"]

_TIME_NAMES = {"time", "times", "t", "timestamps", "timestamp"}
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
        clocks = {item.name: item.shape[0] for item in found if _is_clock(item)}
        drawn = [item for item in found if item.name not in clocks]
        told = {item.name: _told_axis(item, clocks) for item in drawn}
        lengths = {item.shape[axis] for item in drawn if (axis := told[item.name]) is not None} | set(clocks.values())
        stored = []
        for item in drawn:
            axis, guessed = told[item.name], False
            if axis is None and item.ndim > 0:
                alike = [a for a, size in enumerate(item.shape) if size in lengths]
                if alike:
                    axis, guessed = alike[0], len(alike) > 1
                elif not lengths:
                    axis, guessed = 0, True
            stored.append(Stored(item.name, _dims(item.ndim, axis), _times(item, axis, clocks), guessed))
        settings = settings_of(file)
        name = settings.get("identifier")
        return Component(None if name is None else str(name), settings, stored, left_out)


def _is_clock(dataset: h5py.Dataset) -> bool:
    base = dataset.name.rsplit("/", 1)[-1].lower()
    return dataset.ndim == 1 and base in _TIME_NAMES and dataset.dtype.kind in "iuf"


def _told_axis(dataset: h5py.Dataset, clocks: dict[str, int]) -> int | None:
    """Return the axis that the file itself says is time, or None."""
    for axis in range(dataset.ndim):
        dim = dataset.dims[axis]
        names = [dim.label, *(scale.name.rsplit("/", 1)[-1] for scale in dim.values() if scale.name)]
        if any(name.lower() in _TIME_NAMES for name in names if name):
            return axis
    unlimited = [axis for axis, size in enumerate(dataset.maxshape) if size is None]
    if len(unlimited) == 1:
        return unlimited[0]
    beside = {size for name, size in clocks.items() if _folder(name) == _folder(dataset.name)}
    alike = [axis for axis, size in enumerate(dataset.shape) if size in beside]
    return alike[0] if len(alike) == 1 else None


def _times(dataset: h5py.Dataset, axis: int | None, clocks: dict[str, int]) -> str | None:
    """Return the clock that goes with a dataset's time axis: one in its group first, then the one nearest the root."""
    if axis is None:
        return None
    fitting = [name for name, size in clocks.items() if size == dataset.shape[axis]]
    around = [name for name in fitting if (_folder(dataset.name) + "/").startswith(_folder(name) + "/")]
    return max(around, key=lambda name: len(_folder(name)), default=None)


def _folder(name: str) -> str:
    return name.rsplit("/", 1)[0]


def _dims(ndim: int, time: int | None) -> tuple[str, ...]:
    rest = ndim - (time is not None)
    others = list(_OTHER_DIMS.get(rest) or tuple(f"axis_{axis}" for axis in range(rest)))
    if time is not None:
        others.insert(time, "time")
    return tuple(others)
