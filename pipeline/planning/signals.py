"""Variables as signals: what is known of them before anything is read."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import xarray as xr

from pipeline.errors import SettingError
from pipeline.model.clock import Clock
from pipeline.model.signal import Signal
from pipeline.rendering.plot import Plot
from pipeline.units import time_unit

__all__ = ["event_signal", "labels_of", "signal_of"]

#: Names go with each part of the work to whoever does it.
_MOST_LABELS = 4096


def event_signal(
    component: str, attr: str, times: xr.Variable, count: int | None, labels: tuple[str, ...] = ()
) -> Signal:
    """Return what is known of a list of events: their number, and the unit of their times; its axes are not."""
    clock = Clock(1, unit=time_unit(times.attrs.get("units", "")))
    dataset = str(times.encoding.get("dataset", ""))
    return Signal(component, attr, ("time", "unit"), (1, count or 1), "event", "", clock, times.size, labels, dataset)


def labels_of(coords: Mapping[Any, Any], variable: xr.Variable) -> tuple[str, ...]:
    """Return the names of units, where one other axis than time has some, which differ and are not too many."""
    others = [dim for dim in variable.dims if dim != "time"]
    if len(others) != 1 or others[0] not in coords or not 0 < variable.sizes[others[0]] <= _MOST_LABELS:
        return ()
    values = coords[others[0]].to_numpy()
    found = tuple(map(str, values)) if values.dtype.kind in "OUT" else ()
    return found if len({name.replace("/", "-") for name in found}) == len(found) else ()


def signal_of(
    component: str,
    attr: str,
    variable: xr.Variable,
    time: xr.DataArray | None,
    plot: Plot,
    labels: tuple[str, ...] = (),
) -> tuple[xr.Variable, int | None, Signal, xr.Variable | None]:
    """Return a variable with its time axis named, that axis, what is known of it, and its stored times."""
    name = f"{component}/{attr}"
    if variable.dtype.kind not in "biuf":
        raise SettingError(f"{name}: holds {variable.dtype} values, which cannot be drawn")
    if not math.prod(variable.shape):
        raise SettingError(f"{name}: holds no data (shape {variable.shape})")
    dims = [str(dim) for dim in variable.dims]
    if plot.time_axis is not None:
        axis = _named_axis(name, dims, plot.time_axis)
        if dims[axis] != "time":  # the others keep their names, in order
            dims.remove("time" if "time" in dims else dims[axis])
            dims.insert(axis, "time")
        variable = variable.copy(deep=False)
        variable.dims = tuple(dims)
    at = dims.index("time") if "time" in dims else None
    rest = [axis for axis in range(len(dims)) if axis != (at or 0)]
    order = [at or 0, *rest] if dims else []
    axis_of_time, times = (None, None) if at is None else _time_axis(time, variable.shape[at])
    signal = Signal(
        component,
        attr,
        tuple(dims[axis].removesuffix(f"_{variable.shape[axis]}") for axis in order),  # as told apart in a run
        tuple(variable.shape[axis] for axis in order),
        str(variable.dtype),
        str(variable.attrs.get("units", variable.attrs.get("unit", ""))),
        axis_of_time,
        labels=labels,
        dataset=str(variable.encoding.get("dataset", "")),
    )
    return variable, at, signal, times


def _named_axis(name: str, dims: list[str], wanted: int | str) -> int:
    if isinstance(wanted, str):
        if wanted not in dims:
            accepted = ", ".join(dims) or "none"
            raise SettingError(f"{name}: time_axis={wanted!r}: accepted is one of its dimensions: {accepted}")
        return dims.index(wanted)
    if not -len(dims) <= wanted < len(dims):
        raise SettingError(f"{name}: time_axis={wanted}: accepted is {-len(dims)} to {len(dims) - 1} ({dims})")
    return wanted % len(dims)


def _time_axis(time: xr.DataArray | None, length: int) -> tuple[Clock, xr.Variable | None]:
    """Return the time axis as far as it is known without reading, and the stored times if there are any."""
    if time is None:
        return Clock(length), None
    index = time.xindexes.get("time")
    unit = time_unit(time.attrs.get("units", "step"))
    if index is not None and hasattr(index, "step"):  # a step lasts as long whichever axis is time
        return Clock(length, float(index.start), float(index.step), unit), None
    if time.shape != (length,):
        return Clock(length), None
    return Clock(length, unit=unit), time.variable
