"""Frames and series of pandas, in the fixed and in the table format of ``to_hdf``; nothing is unpickled.

Source: pandas' documented behaviour (``pandas.io.pytables``): a group with ``pandas_type``; fixed frames have ``axis1``
(the index, its ``kind`` an attribute) and blocks of values with the names of their columns; tables have a column
``index`` and blocks of values, whose column names are a list in pickle's protocol 0, which is text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, ClassVar

import h5py

from pipeline.opening.hdf5.attributes import attribute
from pipeline.opening.hdf5.lazy_array import field_type
from pipeline.opening.layouts.columns import columns
from pipeline.opening.layouts.contents import datasets, member, settings_of
from pipeline.opening.layouts.names import texts
from pipeline.opening.layouts.protocol import Component, Stored, Times
from pipeline.opening.layouts.time_axis import known_only

__all__ = ["Pandas"]

_WHY = "the index of a pandas frame"


class Pandas:
    """Recognised by a group with the attribute ``pandas_type``, at the root or one below."""

    name: ClassVar[str] = "pandas"

    def recognises(self, file: h5py.File) -> bool:
        """Whether some group holds a frame or a series."""
        return next(_frames(file, 3), None) is not None

    def read(self, file: h5py.File) -> Component:
        """Return the values of all frames and series by their columns."""
        found, left_out = datasets(file)
        stored: list[Stored] = []
        for group in _frames(file, 8):
            stored += _table(group) if isinstance(member(group, "table"), h5py.Dataset) else _fixed(group, found)
        frames = tuple(f"{group.name}/" for group in _frames(file, 8))
        others = {name: item for name, item in found.items() if not name.startswith(frames)}
        result = known_only(file, others, {name: why for name, why in left_out.items() if not name.startswith(frames)})
        both = [*stored, *result.stored]
        return Component(None, settings_of(file), both, result.left_out, result.notes, result.events)


def _frames(group: h5py.Group, deep: int) -> Iterator[h5py.Group]:
    """Yield the groups of frames and series."""
    for key in group:
        inner = member(group, key)
        if isinstance(inner, h5py.Group):
            if "pandas_type" in inner.attrs:
                yield inner
            elif deep:
                yield from _frames(inner, deep - 1)


def _fixed(group: h5py.Group, found: dict[str, h5py.Dataset]) -> Iterator[Stored]:
    where = group.name
    index = next((f"{where}/{key}" for key in ("axis1", "index") if f"{where}/{key}" in found), None)
    if f"{where}/values" in found:  # a series
        values = found[f"{where}/values"]
        yield Stored(values.name, ("time",), _index(index, found), called=f"{where}/{_series_name(group)}", why=_WHY)
    for number in range(int(group.attrs.get("nblocks", 0))):
        values, items = member(group, f"block{number}_values"), member(group, f"block{number}_items")
        if isinstance(values, h5py.Dataset) and values.name in found and values.ndim == 2:
            labels = texts(items) if isinstance(items, h5py.Dataset) else ()
            called = f"{where}/values" if not number else f"{where}/values_{number}"
            times = _index(index, found)
            yield Stored(values.name, ("time", "unit"), times, labels=labels, called=called, why=_WHY)


def _series_name(group: h5py.Group) -> str:
    name = attribute(group.attrs["name"]) if "name" in group.attrs else ""
    return str(name) if re.fullmatch(r"[^/\n]{1,80}", str(name)) and not str(name).startswith("N.") else "values"


def _index(name: str | None, found: dict[str, h5py.Dataset]) -> Times | None:
    if name is None or found[name].ndim != 1:
        return None
    return Times(name, unit=_unit(attribute(found[name].attrs.get("kind", "")), found[name].dtype.kind))


def _unit(kind: Any, stored: str) -> str:
    """Return the unit of an index of dates, ``datetime64[us]`` or of nanoseconds; steps where it counts."""
    if dates := re.match(r"(?:datetime|timedelta)64(?:\[(\w+)\])?", str(kind)):
        return dates[1] or "ns"
    return "step" if stored in "iu" else ""


def _table(group: h5py.Group) -> Iterator[Stored]:
    table = member(group, "table")
    assert isinstance(table, h5py.Dataset)
    kind = attribute(table.attrs["index_kind"]) if "index_kind" in table.attrs else ""
    unit = _unit(kind, field_type(table, "index")[0].kind)
    for item in columns(table.name, table, "index", unit):
        told = attribute(table.attrs[f"{item.field}_kind"]) if f"{item.field}_kind" in table.attrs else ""
        labels = tuple(re.findall(r"^a?V(.+)$", str(told), re.MULTILINE)) if str(told).startswith("(l") else ()
        inner = field_type(table, item.field)[1][1:]
        labels = labels if inner == (len(labels),) and len(set(labels)) == len(labels) else ()
        yield Stored(
            item.name,
            item.dims,
            item.times,
            field=item.field,
            labels=labels,
            called=f"{group.name}/{item.field}",
            why=_WHY,
        )
