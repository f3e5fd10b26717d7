"""What a user tells of time, by the names of variables: how long a step is, and which axis is time."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field, replace

import h5py

from pipeline.errors import SettingError, TimeAxisWarning, nearest
from pipeline.opening.layouts.protocol import Stored
from pipeline.opening.variables import base_name, shape_of
from pipeline.units import listed

__all__ = ["GivenAxes", "GivenDurations"]

_NAMED = 4  # variables that a warning names


def _called(component: str, name: str) -> tuple[str, ...]:
    """Return what a variable may be called, by its full name in its component."""
    return name[1:], base_name(name), f"{component}{name}", f"{component}/{base_name(name)}"


@dataclass
class GivenDurations:
    """The durations of a step that the user gave, and what they were used for.

    Attributes
    ----------
    given : dict of str to (float, str)
        By the name of a variable; an empty name is for all others.
    known : dict of str to int
        The length of the time axis of each variable that the one for all others was taken for, by name.
    names : set of str
        All names that could be given.
    """

    given: dict[str, tuple[float, str]]
    known: dict[str, int] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)
    used: set[str] = field(default_factory=set)

    def of(self, component: str, name: str, length: int) -> tuple[float, str] | None:
        """Return the duration for a dataset, by its full name in its component; None if the file shall tell it."""
        if not self.given:
            return None
        called = _called(component, name)
        self.names |= set(called[1:3])
        for one in called:
            if one in self.given:
                self.used.add(one)
                return self.given[one]
        if "" in self.given:
            self.known[f"{component}{name}"] = length
        return self.given.get("")

    def check(self, path: object) -> None:
        """Refuse a name that no variable has, and warn of axes of another length than the longest."""
        for name in self.given:
            if name and name not in self.used:
                raise SettingError(f"{path}: dt of '{name}': no variable of that name{nearest(name, self.names)}")
        longest = max(self.known.values(), default=0)
        others = [f"{name} ({length:,})" for name, length in self.known.items() if 1 < length < longest - 1]
        if others:
            step, unit = self.given[""]
            name = base_name(others[0].partition(" ")[0])
            warnings.warn(
                f"{path}: dt={step:g} {unit} is taken for axes of other lengths than the longest ({longest:,} steps) "
                f"too: {listed(others, _NAMED)}; give theirs by name, such as {name}=10ms",
                TimeAxisWarning,
                stacklevel=3,
            )


@dataclass
class GivenAxes:
    """The axes of time that the user gave, and what they were used for.

    Attributes
    ----------
    given : dict of str to int or str
        By the name of a variable; an empty name is for all others that have such an axis.
    names, used : set of str
        All names that could be given, and those that were.
    """

    given: dict[str, int | str]
    names: set[str] = field(default_factory=set)
    used: set[str] = field(default_factory=set)

    def applied(self, component: str, item: Stored, file: h5py.File) -> Stored:
        """Return what a layout understands of a dataset, with time where the user says."""
        if not self.given:
            return item
        called = _called(component, item.path)
        self.names |= set(called[1:3])
        name = next((one for one in called if one in self.given), "")
        self.used.add(name)
        if name not in self.given:
            return item
        axis = self._number(name, item)
        return item if axis is None else _along(item, axis, shape_of(file[item.name], item))

    def _number(self, name: str, item: Stored) -> int | None:
        wanted, ndim = self.given[name], len(item.dims)
        if isinstance(wanted, str) and wanted in item.dims:
            return item.dims.index(wanted)
        if isinstance(wanted, int) and -ndim <= wanted < ndim:
            return wanted % ndim
        if not name:  # what is said of all others is not for those that have no such axis
            return None
        accepted = f"-{ndim} to {ndim - 1}, or one of {', '.join(item.dims)}" if ndim else "none, since it is one value"
        raise SettingError(f"time_axis of '{name}': {wanted!r}: accepted is {accepted}")

    def check(self, path: object) -> None:
        """Refuse a name that no variable has."""
        for name in self.given:
            if name and name not in self.used:
                raise SettingError(
                    f"{path}: time_axis of '{name}': no variable of that name{nearest(name, self.names)}"
                )


def _along(item: Stored, axis: int, shape: tuple[int, ...]) -> Stored:
    dims = list(item.dims)
    before = dims.index("time") if "time" in dims else None
    if before != axis:  # the others keep their names, in order
        dims.remove("time" if before is not None else dims[axis])
        dims.insert(axis, "time")
    same = before is not None and shape[before] == shape[axis]
    times = item.times if before == axis or same else None
    return replace(item, dims=tuple(dims), times=times, guessed=False, why="as you say")
