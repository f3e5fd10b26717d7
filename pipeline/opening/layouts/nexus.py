"""NeXus: data with named axes, logs with their times, lists of neutron events.

Source: the NeXus manual, "Associating plottable data using attributes applied to the NXdata group" (``signal``,
``axes``, ``AXIS_indices``; legacy ``signal=1`` and ``axes="a:b"`` on the dataset), and the base classes NXlog (``time``
since its attribute ``start``) and NXevent_data (``event_time_offset`` since the pulse ``event_time_zero`` of its
``event_index``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, ClassVar

import h5py
import numpy as np

from pipeline.opening.hdf5.attributes import attribute
from pipeline.opening.layouts.clocks import means_time
from pipeline.opening.layouts.contents import attributes, datasets, member, settings_of
from pipeline.opening.layouts.protocol import Component, EventList, Stored, Times
from pipeline.opening.layouts.time_axis import known_only
from pipeline.opening.variables import unit_in
from pipeline.units import SECONDS, time_unit

__all__ = ["Nexus"]


class Nexus:
    """Recognised by a group with the attribute ``NX_class`` at the root, or the root's own."""

    name: ClassVar[str] = "NeXus"

    def recognises(self, file: h5py.File) -> bool:
        """Whether the root, or a group at it, has a class of NeXus."""
        found = (member(file, key) for key in file)
        return "NX_class" in file.attrs or any(
            isinstance(item, h5py.Group) and "NX_class" in item.attrs for item in found
        )

    def read(self, file: h5py.File) -> Component:
        """Return logs and data; other numbers are series only where something tells so."""
        found, left_out = datasets(file)
        stored: dict[str, Stored] = {}
        events: list[EventList] = []
        taken: set[str] = set()
        for group in _groups(file, set()):
            kind = str(attribute(group.attrs.get("NX_class", "")))
            inside = {f"{group.name.rstrip('/')}/{key}" for key in group}
            if kind == "NXlog":
                for item in _log(group, found):
                    stored[item.name] = item
                taken |= inside
            elif kind == "NXevent_data":
                if told := _events(group, found):
                    events.append(told)
                    taken |= inside
            else:
                for item in _data(group, found):
                    stored.setdefault(item.name, item)
                    taken |= {f"{group.name.rstrip('/')}/{name}" for name in _axes(group, file[item.name]) if name}
        rest = {name: item for name, item in found.items() if name not in stored and name not in taken}
        result = known_only(file, rest, left_out)
        both = [*stored.values(), *result.stored]
        return Component(None, settings_of(file), both, result.left_out, result.notes, [*events, *result.events])


def _groups(group: h5py.Group, seen: set[Any], deep: int = 64) -> Iterator[h5py.Group]:
    """Yield a group and those below, each once, as deep as the contents are listed."""
    info = h5py.h5o.get_info(group.id)
    if (info.fileno, info.addr) in seen:
        return
    seen.add((info.fileno, info.addr))
    yield group
    for key in group:
        if deep and isinstance(inner := member(group, key), h5py.Group):
            yield from _groups(inner, seen, deep - 1)


def _log(group: h5py.Group, found: dict[str, h5py.Dataset]) -> Iterator[Stored]:
    time = f"{group.name}/time"
    for key in ("value", "raw_value"):
        name = f"{group.name}/{key}"
        if name in found and time in found and found[name].ndim and found[time].shape == found[name].shape[:1]:
            dims = ("time", *(("unit",), ("row", "column"))[found[name].ndim > 2])[: found[name].ndim]
            called = group.name if key == "value" else name
            unit = unit_in(attributes(found[time])) or "s"
            yield Stored(name, dims, Times(time, unit=unit), called=called, why=f"a log with {time[1:]}")


def _signals(group: h5py.Group) -> list[str]:
    """Return the names of the data that a group shows, the new way or the old one."""
    if "signal" in group.attrs:
        named = [str(attribute(group.attrs["signal"]))]
        others = attribute(group.attrs.get("auxiliary_signals", ""))
        return [*named, *([others] if isinstance(others, str) else list(map(str, others)))]
    legacy = [key for key in group if isinstance(item := member(group, key), h5py.Dataset) and "signal" in item.attrs]
    return [key for key in legacy if str(attribute(group[key].attrs["signal"])) == "1"]


def _axes(group: h5py.Group, data: h5py.Dataset) -> list[str]:
    """Return the name of each axis of the data, empty where none is told."""
    told: Any = group.attrs["axes"] if "axes" in group.attrs else data.attrs.get("axes", "")
    told = attribute(told)
    names = re.split(r"[:,\s]+", told.strip("[]")) if isinstance(told, str) else [str(one) for one in np.ravel(told)]
    axes = ["" if one == "." else one for one in names if one]
    axes = (axes + [""] * data.ndim)[: data.ndim]
    for name in dict.fromkeys([*axes, *group]):  # the word about one axis goes before its place in the list
        if name and f"{name}_indices" in group.attrs:
            at = np.ravel(attribute(group.attrs[f"{name}_indices"]))
            if len(at) == 1 and 0 <= int(at[0]) < data.ndim:
                axes = [("" if one == name else one) for one in axes]
                axes[int(at[0])] = axes[int(at[0])] or name
    return axes


def _data(group: h5py.Group, found: dict[str, h5py.Dataset]) -> Iterator[Stored]:
    where = group.name.rstrip("/")
    for signal in _signals(group):
        name = f"{where}/{signal}"
        data = found.get(name)
        if data is None or not data.ndim:
            continue
        axes = _axes(group, data)
        scales = [found.get(f"{where}/{axis}") if axis else None for axis in axes]
        time = next((n for n, one in enumerate(scales) if one is not None and _is_time(one, data.shape[n])), None)
        dims = [one if one and one not in ("time", signal) else f"axis_{n}" for n, one in enumerate(axes)]
        dims = dims if len(set(dims)) == len(dims) else [f"axis_{n}" for n in range(data.ndim)]
        times, why = None, ""
        if time is not None:
            scale = scales[time]
            assert scale is not None
            dims[time] = "time"
            times = Times(f"{where}/{axes[time]}", unit=unit_in(attributes(scale)))
            why = f"its axis {axes[time]}"
        yield Stored(name, tuple(dims), times, why=why)


def _is_time(scale: h5py.Dataset, length: int) -> bool:
    """Whether an axis is one of time; one more value than data are the edges of a histogram."""
    if scale.shape != (length,):
        return False
    return time_unit(unit_in(attributes(scale))) in SECONDS or means_time(scale.name or "")


def _events(group: h5py.Group, found: dict[str, h5py.Dataset]) -> EventList | None:
    names = {key: f"{group.name}/{key}" for key in ("event_time_offset", "event_id", "event_index", "event_time_zero")}
    there = {key: found[name] for key, name in names.items() if name in found}
    if "event_time_offset" not in there or there["event_time_offset"].ndim != 1:
        return None
    ids = names["event_id"] if "event_id" in there else None
    unit = unit_in(attributes(there["event_time_offset"])) or "us"
    pulses = ("", "")
    if "event_index" in there and "event_time_zero" in there:
        pulses = names["event_index"], names["event_time_zero"]
    return EventList(group.name, (names["event_time_offset"],), unit, ids, pulses=pulses)
