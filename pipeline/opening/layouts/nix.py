"""NIX, and what neo writes to it: arrays with described dimensions, spike trains as tags with positions.

Source: the NIX data model (DataArray: ``dimensions/<n>`` with ``dimension_type``, ``sampling_interval``, ``offset``,
``unit``; ``ticks``, or a link to an array of them; ``polynom_coefficients`` around ``expansion_origin``) and neo's
NixIO, which writes one array a channel, and names in the metadata.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, ClassVar

import h5py
import numpy as np

from pipeline.opening.hdf5.attributes import attribute
from pipeline.opening.hdf5.scaling import Polynomial
from pipeline.opening.layouts.clocks import means_time
from pipeline.opening.layouts.contents import member, settings_of
from pipeline.opening.layouts.names import texts
from pipeline.opening.layouts.protocol import Component, EventList, Stored, Times
from pipeline.units import SECONDS, time_unit

__all__ = ["Nix"]

#: What NIX and neo tell of themselves.
_BOOKS = {"id", "format", "version", "created_at", "updated_at", "neo_name", "nix_name", "t_start", "t_stop"}
_TRAIN = re.compile(r".*spike_?trains?.*", re.IGNORECASE)
_CHANNEL = re.compile(r"(neo\.(?:analogsignal|irregularlysampledsignal)\.\w+)\.(\d+)")


class Nix:
    """Recognised by the root attribute ``format``, which is ``nix``."""

    name: ClassVar[str] = "NIX"

    def recognises(self, file: h5py.File) -> bool:
        """Whether the root says so."""
        return str(attribute(file.attrs.get("format", ""))) == "nix"

    def read(self, file: h5py.File) -> Component:
        """Return the arrays of all blocks; positions of tags are lists of events."""
        stored: list[Stored] = []
        events: list[EventList] = []
        left_out: dict[str, str] = {}
        for block in _groups(member(file, "data")):
            place = f"/{_title(block)}"
            positions = {}
            for tag in _groups(member(block, "multi_tags")):
                if isinstance(array := member(tag, "positions"), h5py.Group):
                    positions[_id(array)] = tag
            arrays = []
            for array in _groups(member(block, "data_arrays")):
                data = member(array, "data")
                if isinstance(data, h5py.Dataset) and _id(array) not in positions:
                    if data.dtype.kind in "biuf":
                        arrays.append(array)
                    else:
                        left_out[f"{place}/{_title(array)}"] = "no numbers"
            stored += _signals(place, arrays)
            events += _events(place, list(positions.values()))
        settings = {key: value for key, value in settings_of(file).items() if key not in _BOOKS}
        return Component(None, settings | _properties(member(file, "metadata")), stored, left_out, events=events)


def _groups(group: Any) -> Iterator[h5py.Group]:
    """Yield the groups in a group; none if there is no such group."""
    if isinstance(group, h5py.Group):
        yield from (inner for key in group if isinstance(inner := member(group, key), h5py.Group))


def _id(entity: h5py.Group) -> str:
    return str(attribute(entity.attrs.get("entity_id", entity.name)))


def _title(entity: h5py.Group) -> str:
    """Return what an entity is called, by neo where it wrote it."""
    told = member(entity, "metadata/properties/neo_name")
    names = texts(told) if isinstance(told, h5py.Dataset) else ()
    name = names[0] if names else str(attribute(entity.attrs.get("name", entity.name.rpartition("/")[2])))
    name = re.sub(r"^neo\.(\w+)\.([0-9a-f]{6})[0-9a-f]+", r"\1-\2", name)  # neo names what has no name by a long digest
    return name.replace("/", "_") or "array"


def _signals(place: str, arrays: list[h5py.Group]) -> Iterator[Stored]:
    """Yield the arrays, the channels of one signal as one."""
    channels: dict[str, list[tuple[int, h5py.Group]]] = {}
    taken: set[str] = set()
    for array in arrays:
        found = _CHANNEL.fullmatch(str(attribute(array.attrs.get("name", ""))))
        signal, number = (found[1], int(found[2])) if found else (_id(array), 0)
        channels.setdefault(signal, []).append((number, array))
    for each in channels.values():
        ordered = [array for _, array in sorted(each, key=lambda one: one[0])]
        first = ordered[0]
        name = called = f"{place}/{_title(first)}"
        while called in taken:
            called = f"{name}-{len(taken)}"
        taken.add(called)
        same = all(other["data"].shape == first["data"].shape for other in ordered)
        if len(ordered) > 1 and same and first["data"].ndim == 1:
            told = member(first, "metadata/properties/channel_names")
            labels = texts(told) if isinstance(told, h5py.Dataset) else ()
            parts = tuple(array["data"].name for array in ordered)
            labels = labels if len(labels) == len(parts) else ()
            yield _signal(first, called, labels=labels, parts=parts, joint=1)
        else:
            for number, array in enumerate(ordered):
                yield _signal(array, f"{called}-{number}" if number else called)


def _signal(array: h5py.Group, called: str, labels: tuple[str, ...] = (), **joined: Any) -> Stored:
    data = array["data"]
    described = [member(array, f"dimensions/{number}") for number in range(1, data.ndim + 1)]
    axis = _time_axis(described)
    rest = data.ndim - (axis is not None)
    others = iter(("unit",) if rest == 1 else ("row", "column", *(f"axis_{number}" for number in range(2, rest))))
    dims = ["time" if number == axis else next(others) for number in range(data.ndim)]
    if joined:
        dims.append("unit")
    for number, dimension in enumerate(described):
        if (
            number != axis
            and isinstance(dimension, h5py.Group)
            and isinstance(member(dimension, "labels"), h5py.Dataset)
        ):
            labels = labels or texts(dimension["labels"])
    times = None if axis is None else _times(described[axis], array, data.shape[axis])
    why = "" if axis is None else f"its dimension {axis + 1}, of type {_told(described[axis], 'dimension_type')}"
    unit = str(attribute(array.attrs.get("unit", "")))
    return Stored(
        data.name,
        tuple(dims),
        times,
        scaling=_scaling(array),
        labels=labels,
        unit=unit,
        why=why,
        called=called,
        **joined,
    )


def _told(dimension: Any, key: str) -> Any:
    return attribute(dimension.attrs[key]) if isinstance(dimension, h5py.Group) and key in dimension.attrs else ""


def _time_axis(described: list[Any]) -> int | None:
    """Return the dimension that is time: sampled or at ticks, in a unit of time or labelled so."""
    able = [n for n, one in enumerate(described) if _told(one, "dimension_type") in ("sample", "sampled", "range")]
    for number in able:
        if time_unit(_told(described[number], "unit")) in SECONDS or means_time(str(_told(described[number], "label"))):
            return number
    untold = [number for number in able if not _told(described[number], "unit")]
    return untold[0] if untold else None


def _times(dimension: h5py.Group, array: h5py.Group, length: int) -> Times | None:
    unit = str(_told(dimension, "unit"))
    if _told(dimension, "dimension_type") != "range":
        step = _told(dimension, "sampling_interval")
        offset = _told(dimension, "offset")
        return (
            Times(None, float(offset or 0.0), float(step), unit) if isinstance(step, int | float) and step > 0 else None
        )
    ticks = member(dimension, "ticks")
    if isinstance(ticks, h5py.Dataset) and ticks.shape == (length,):
        return Times(ticks.name, unit=unit)
    for target in _groups(member(dimension, "link")):
        data = member(target, "data")
        if isinstance(data, h5py.Dataset) and data.shape == (length,):
            return Times(data.name, unit=unit or str(attribute(target.attrs.get("unit", ""))))
    return None


def _scaling(array: h5py.Group) -> Polynomial | None:
    told = member(array, "polynom_coefficients")
    if not isinstance(told, h5py.Dataset) or not 0 < told.size <= 32:
        return None
    origin = attribute(array.attrs.get("expansion_origin", 0.0))
    return Polynomial(tuple(float(one) for one in np.ravel(told[()])), float(origin or 0.0))


def _events(place: str, tags: list[h5py.Group]) -> Iterator[EventList]:
    """Yield all spike trains as one list, and other tags each as its own."""
    trains = [tag for tag in tags if _TRAIN.fullmatch(str(attribute(tag.attrs.get("type", ""))))]
    rest = [tag for tag in tags if tag not in trains]
    for name, each in [("spikes", trains), *((_title(tag), [tag]) for tag in rest)]:
        data = [tag["positions"]["data"] for tag in each]
        lists = [(tag, one) for tag, one in zip(each, data, strict=True) if one.ndim == 1]
        if lists:
            unit = str(attribute(lists[0][0]["positions"].attrs.get("unit", "")))
            labels = tuple(_title(tag) for tag, _ in lists)
            yield EventList(f"{place}/{name}", tuple(one.name for _, one in lists), unit, labels=labels)


def _properties(sections: Any, prefix: str = "") -> dict[str, Any]:
    """Return single values of metadata by section and name, but not the books of neo."""
    found: dict[str, Any] = {}
    for section in _groups(sections):
        name = f"{prefix}{_title(section)}"
        if name.startswith("neo"):
            continue
        for key, told in (member(section, "properties") or {}).items():
            if isinstance(told, h5py.Dataset) and told.size == 1 and key not in _BOOKS:
                found[f"{name}.{key}"] = attribute(np.asarray(told[()]))
        found |= _properties(member(section, "sections"), f"{name}.")
    return found
