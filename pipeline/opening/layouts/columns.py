"""Tables: the columns of a compound dataset as variables, on the clock of its column of times."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import h5py

from pipeline.opening.hdf5.lazy_array import field_type
from pipeline.opening.layouts.clocks import means_time, unit_in_name
from pipeline.opening.layouts.protocol import Stored, Times

__all__ = ["NO_TIMES", "columns", "is_table"]

#: Why a table is left out of which it is not known when its rows were.
NO_TIMES = "a table without a column of times"

_NUMBERS = {h5py.h5t.INTEGER, h5py.h5t.FLOAT, h5py.h5t.ENUM, h5py.h5t.ARRAY}


def is_table(dataset: h5py.Dataset) -> bool:
    """Whether a dataset is a row of compound values."""
    return len(dataset.shape or ()) == 1 and dataset.id.get_type().get_class() == h5py.h5t.COMPOUND


def columns(name: str, dataset: h5py.Dataset, time: str | None = None, unit: str = "") -> list[Stored]:
    """Return the columns of numbers of a table; none if there is no column of times and it does not grow.

    Parameters
    ----------
    name : str
    dataset : h5py.Dataset
    time : str, optional
        The column of times; by default the one that is named so.
    unit : str
        Of the times, where the column's name does not end with one.
    """
    fields = list(_fields(dataset.id.get_type()))
    if time is None:
        clocks = [field for field, _ in fields if means_time(field)]
        time = clocks[0] if len(clocks) == 1 else None
    if time is None and dataset.maxshape[0] is not None:
        return []
    clock = None if time is None else Times(name, unit=unit or unit_in_name(time), field=time)
    why = f"the rows of a table, with its column {time}" if time else "the rows of a table, which grows"
    found = []
    for field, _ in fields:
        inner = len(field_type(dataset, field)[1]) - 1
        if field != time:
            found.append(Stored(name, ("time", *_INNER[inner]), clock, field=field, why=why))
    return found


_INNER: dict[int, tuple[str, ...]] = {0: (), 1: ("unit",), 2: ("row", "column")}


def _fields(kind: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the columns of numbers, those of columns within columns too."""
    for number in range(kind.get_nmembers()):
        raw = kind.get_member_name(number)
        member, name = kind.get_member_type(number), raw.decode("utf-8", "replace")
        if "/" in name or name.encode() != raw:
            continue
        if member.get_class() == h5py.h5t.COMPOUND:
            yield from _fields(member, f"{path}{name}/")
        elif member.get_class() in _NUMBERS and _drawable(member):
            yield f"{path}{name}", member


def _drawable(member: Any) -> bool:
    try:
        dtype, inner = member.dtype, ()
    except Exception:  # h5py has no word for it
        return False
    if dtype.subdtype is not None:
        dtype, inner = dtype.subdtype
    return dtype.kind in "biuf" and dtype.itemsize <= 8 and len(inner) <= 2
