"""The time coordinate of stored times: read when it is first selected by, and selected by value with units."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr
from xarray.core import indexing
from xarray.core.indexes import Index
from xarray.core.indexing import IndexSelResult

from pipeline.errors import SettingError
from pipeline.units import SECONDS, quantity, time_unit

__all__ = ["StoredTimes", "Times", "stored_coordinate"]


class Times(Index):
    """What all indexes of time have in common: text with units as labels, and how those of several runs are joined.

    Attributes
    ----------
    unit : str
        ``step`` where steps are counted, empty where the unit is unknown.
    """

    unit: str = "step"
    dim: Any

    @property
    def values(self) -> npt.NDArray[Any]:
        """The times, shape ``(time,)``."""
        raise NotImplementedError

    @property
    def named(self) -> Hashable:
        """The name of the coordinate."""
        raise NotImplementedError

    def number(self, label: Any) -> float:
        """Return a label in the unit of the index.

        Raises
        ------
        SettingError
            If it is no time.
        KeyError
            If the index has no unit of time that a text could be turned into.
        """
        if not isinstance(label, str):
            return float(label)
        found = quantity(label)
        if found is None:
            raise SettingError(
                f"time {label!r}: accepted is a number with a unit, such as '100 ms' ({', '.join(SECONDS)})"
            )
        if self.unit not in SECONDS:
            counts = "counts steps, since the duration of one is not known (give dt)"
            raise KeyError(
                f"time {label!r}: this run "
                + (counts if self.unit == "step" else f"has times in {self.unit or 'an unknown unit'}; give a number")
            )
        return found[0] * SECONDS[found[1]] / SECONDS[self.unit]

    @classmethod
    def concat(
        cls, indexes: Sequence[Any], dim: Hashable, positions: Iterable[Iterable[int]] | None = None
    ) -> StoredTimes:
        """Join times one behind the other."""
        for index in indexes[1:]:
            indexes[0].check_unit(index)
        values = np.concatenate([index.values for index in indexes])
        if positions is not None:
            values = values[np.argsort(np.concatenate([list(part) for part in positions]), kind="stable")]
        first: Times = indexes[0]
        return first.of(values)

    def join(self, other: Any, how: str = "inner") -> StoredTimes:
        """Return the times that both have, or that one has (``outer``)."""
        self.check_unit(other)
        return self.of((np.union1d if how == "outer" else np.intersect1d)(self.values, other.values))

    def reindex_like(self, other: Any) -> dict[Hashable, Any]:
        """Return where each of the other's times is among these; -1 where it is none of them."""
        self.check_unit(other)
        mine = pd.Index(self.values)
        if not mine.is_unique:
            raise ValueError("time: these times repeat, as those of trials do; join along another dimension")
        return {self.dim: mine.get_indexer(pd.Index(other.values))}

    def to_pandas_index(self) -> pd.Index:
        """Return the times as pandas has them."""
        return pd.Index(self.values, name=self.named)

    def of(self, values: npt.NDArray[Any]) -> StoredTimes:
        """Return an index of other times in the same unit."""
        return StoredTimes(xr.Variable((self.dim,), values, {"units": self.unit, "long_name": "time"}))

    def check_unit(self, other: Any) -> None:
        """Refuse times in another unit."""
        if other.unit != self.unit:
            raise ValueError(
                f"time: these runs have times in {self.unit or 'no unit'} and in {other.unit or 'no unit'}; "
                "open both with one unit (dt), or assign_coords"
            )


class StoredTimes(Times):
    """Times as they are stored, even or not; ``sel(time=slice("100 ms", "200 ms"))`` holds both ends.

    Labels are numbers in the coordinate's unit, text with a unit, or dates where the times are dates. A single one
    takes the nearest step.

    Parameters
    ----------
    variable : xarray.Variable, shape (time,)
        Lazy; its attribute ``units`` names the unit.
    name : hashable
    """

    def __init__(self, variable: xr.Variable, name: Hashable = "time") -> None:
        self.variable, self.name = variable, name
        self.unit = time_unit(variable.attrs.get("units", ""))

    def __getstate__(self) -> dict[str, Any]:
        return {"variable": self.variable, "name": self.name, "unit": self.unit}

    @property
    def dim(self) -> Hashable:
        """The dimension."""
        return self.variable.dims[0]

    @property
    def named(self) -> Hashable:
        """The name of the coordinate."""
        return self.name

    @cached_property
    def values(self) -> npt.NDArray[Any]:
        """The times, read."""
        return self.variable.to_numpy()

    def create_variables(self, variables: Any = None) -> dict[Hashable, xr.Variable]:
        """Return the coordinate, lazy."""
        given = (variables or {}).get(self.name)
        variable = self.variable.copy(deep=False)
        if given is not None:
            variable.attrs, variable.encoding = dict(given.attrs), dict(given.encoding)
        return {self.name: variable}

    def isel(self, indexers: Mapping[Any, Any]) -> Index | None:
        """Select by position."""
        chosen = self.variable.isel({self.dim: indexers[self.dim]})
        return type(self)(chosen, self.name) if chosen.ndim == 1 else None

    def rename(self, name_dict: Mapping[Any, Any], dims_dict: Mapping[Any, Any]) -> StoredTimes:
        """Rename the coordinate or its dimension."""
        variable = self.variable.copy(deep=False)
        variable.dims = (dims_dict.get(self.dim, self.dim),)
        return type(self)(variable, name_dict.get(self.name, self.name))

    def sel(self, labels: dict[Any, Any], method: str | None = None, tolerance: Any = None) -> IndexSelResult:
        """Select by time."""
        label = labels[self.name]
        self._check_rising()
        if isinstance(label, slice):
            near = self._near
            first = 0 if label.start is None else np.searchsorted(self.values, self._value(label.start) - near)
            stop = self.values.size
            if label.stop is not None:
                stop = np.searchsorted(self.values, self._value(label.stop) + near, side="right")
            return IndexSelResult({self.dim: slice(int(first), max(int(first), int(stop)), label.step)})
        positions = np.vectorize(self._nearest, otypes=[np.intp])(label)
        if isinstance(label, xr.DataArray | xr.Variable):
            positions = xr.Variable(label.dims, positions)
        return IndexSelResult({self.dim: positions if positions.ndim else int(positions)})

    def _check_rising(self) -> None:
        if self.values.size > 1 and not (self.values[1:] >= self.values[:-1]).all():
            raise KeyError("time: these times do not rise, so that none can be found by value; use isel")

    @property
    def _near(self) -> Any:
        """What may lie between a time and its text."""
        if self.values.dtype.kind in "mM" or self.values.size < 2:
            return np.timedelta64(0, "ns") if self.values.dtype.kind in "mM" else 0.0
        return 1e-6 * float(self.values[-1] - self.values[0]) / (self.values.size - 1)

    def _value(self, label: Any) -> Any:
        if self.values.dtype.kind == "M":
            return np.datetime64(label)
        return self.number(label)

    def _nearest(self, label: Any) -> int:
        value, times = self._value(label), self.values
        after = int(np.searchsorted(times, value))
        if times.size and (after < times.size or value <= times[-1] + self._half) and value >= times[0] - self._half:
            before = max(0, after - 1)
            return before if after == times.size or value - times[before] <= times[after] - value else after
        ends = f"from {times[0]} to {times[-1]}" if times.size else "empty"
        raise KeyError(f"time {label!r}: this run is {ends} {self.unit}".rstrip())

    @property
    def _half(self) -> Any:
        """Half a step of the mean length, by which a time may lie outside."""
        return (self.values[-1] - self.values[0]) / max(1, self.values.size - 1) / 2

    def equals(self, other: Index, **exclude: Any) -> bool:
        """Whether times are the same; those of one dataset are, without a look at them."""
        if not isinstance(other, StoredTimes) or other.unit != self.unit:
            return False
        mine = _place(self.variable)
        if mine is not None and mine == _place(other.variable):
            return True
        return self.variable.shape == other.variable.shape and np.array_equal(self.values, other.values)

    def __repr__(self) -> str:
        return f"StoredTimes ({self.variable.size} times in {self.unit or 'an unknown unit'})"


def stored_coordinate(times: xr.Variable) -> xr.Coordinates:
    """Return the lazy coordinate ``time`` of stored times."""
    times.attrs.setdefault("long_name", "time")
    return xr.Coordinates.from_xindex(StoredTimes(times))


def _place(variable: xr.Variable) -> Any:
    """Return what tells where a lazy variable's values are; None if they are in memory."""
    lazy = getattr(variable, "_data", None)
    if not isinstance(lazy, indexing.LazilyIndexedArray) or not hasattr(lazy.array, "path"):
        return None
    return lazy.array.path, lazy.array.name, str(lazy.key)
