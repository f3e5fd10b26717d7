"""What names alone tell of datasets: lists of spikes, ids and indices, texts that name units."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Mapping
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt

from pipeline.opening.hdf5.attributes import attribute
from pipeline.opening.layouts.clocks import folder, unit_in_name
from pipeline.opening.layouts.protocol import EventList, Stored, Times

__all__ = ["by_number", "event_lists", "is_index", "labels_beside", "long_forms", "texts"]

#: Times that can only be those of spikes.
_SPIKES = re.compile(r"(spike_?(times?|timestamps?)|spiketrain)([_ ]?(s|ms|us|ns))?", re.IGNORECASE)
#: Times of spikes, as simulators and sorters call them in a file of their own or beside the ids.
_SPIKE_TIMES = re.compile(r"(spike[s_]?)?(times?|timestamps?|t)([_ ]?(s|ms|us|ns))?", re.IGNORECASE)
_WHOSE = re.compile(
    r"i|ids?|gids?|senders?|neurons?|units?|cells?|clusters?|channels?|addr|"
    r"(node|unit|neuron|cell|cluster|spike|channel|neuron_?)_?(ids?|clusters?|index|indices|units?|senders?)",
    re.IGNORECASE,
)
_TRAIN = re.compile(r"data|(spike_?)?(times|timestamps)", re.IGNORECASE)
_SPIKE_GROUP = re.compile(r".*spikes?(_?(times?|trains?|monitor\w*|recorder\w*))?", re.IGNORECASE)
_INDEX = re.compile(r"(.*_)?(ids?|gids?|index|indices|idx|index_pointers?)", re.IGNORECASE)
_LABELS = re.compile(r"(.*_)?(labels?|names?|channels?|ids|electrodes?|neurons?|units?|columns?)", re.IGNORECASE)

#: Rows of a long form that are looked at to see how many a unit has.
_MOST_ROWS = 1 << 16
#: Texts that are read as labels: so many, of so many letters.
_MOST_LABELS, _LONGEST_LABEL = 4096, 200


def event_lists(found: Mapping[str, h5py.Dataset]) -> list[EventList]:
    """Return the lists of events that names tell: times beside ids of the same length, or a group of trains.

    Parameters
    ----------
    found : mapping of str to h5py.Dataset
        Numeric datasets by their full names.
    """
    groups: dict[str, list[str]] = {}
    apart: dict[str, list[str]] = {}  # a group a train, in a group that is named like spikes
    for name, item in found.items():
        if item.ndim == 1:
            groups.setdefault(folder(name), []).append(name)
            if _TRAIN.fullmatch(_base(name)) and _SPIKE_GROUP.fullmatch(_base(folder(folder(name)))):
                apart.setdefault(folder(folder(name)), []).append(name)
    told = [_pair(group, names, found) or _trains(group, names, found) for group, names in groups.items()]
    told += [_groups_of_trains(group, names) for group, names in apart.items()]
    pairs = [one for one in told if one is not None]
    used = {name for one in pairs for name in one.times}
    lone = [n for n, item in found.items() if item.ndim == 1 and n not in used and _SPIKES.fullmatch(_base(n))]
    return [*pairs, *_lone(lone, found)]


def _pair(group: str, names: list[str], found: Mapping[str, h5py.Dataset]) -> EventList | None:
    """Return times and ids of one group; beside other datasets of that length they are a table of samples."""
    times = [name for name in names if _SPIKE_TIMES.fullmatch(_base(name))]
    whose = [name for name in names if _WHOSE.fullmatch(_base(name)) and found[name].dtype.kind in "iu"]
    pairs = [(a, b) for a in times for b in whose if a != b and found[a].shape == found[b].shape]
    if len(pairs) != 1:
        return None
    (time, ids), length = pairs[0], found[pairs[0][0]].shape[0]
    others = [n for n in names if n not in pairs[0] and found[n].shape[0] == length and not _WHOSE.fullmatch(_base(n))]
    named = _SPIKE_GROUP.fullmatch(_base(group)) or _base(time).lower().startswith("spike")
    if others and not named:
        return None
    unit = "ms" if _base(ids) == "senders" else unit_in_name(_base(time).removeprefix("spike_"))  # NEST counts so
    return EventList(group or "/spikes", (time,), unit, ids)


def _trains(group: str, names: list[str], found: Mapping[str, h5py.Dataset]) -> EventList | None:
    """Return a group that is named like spikes and holds nothing but lists of numbers, of several lengths."""
    lengths = {found[name].shape[0] for name in names}
    inside = [name for name in found if name.startswith(f"{group}/")]
    floats = all(found[name].dtype.kind in "fiu" for name in names)
    if not _SPIKE_GROUP.fullmatch(_base(group)) or len(lengths) < 2 or len(inside) != len(names) or not floats:
        return None
    ordered = tuple(sorted(names, key=by_number))
    return EventList(group, ordered, labels=tuple(_base(name) for name in ordered))


def _lone(names: list[str], found: Mapping[str, h5py.Dataset]) -> Iterator[EventList]:
    """Yield times of spikes without ids beside them: of a unit in a group each, or with an index of their ends."""
    places: dict[str, list[str]] = {}
    for name in names:
        index = found.get(f"{name}_index")
        ends = None if index is None or index.ndim != 1 or index.dtype.kind not in "iu" else index[:].tolist()
        unit = unit_in_name(_base(name).removeprefix("spike_"))
        if ends and ends == sorted(ends) and ends[-1] == found[name].size:
            yield EventList(name, (name,), unit, ends=tuple(map(int, ends)))
        else:
            places.setdefault(folder(folder(name)) if folder(name) else "", []).append(name)
    for place, each in places.items():
        ordered = tuple(sorted(each, key=by_number))
        labels = tuple(_base(folder(name)) for name in ordered)
        unit = unit_in_name(_base(ordered[0]).removeprefix("spike_"))
        if len(ordered) > 1 and len(set(labels)) == len(ordered):
            yield EventList(f"{place}/spikes", ordered, unit, labels=labels)
        else:
            for name in ordered:
                yield EventList(name, (name,), unit_in_name(_base(name).removeprefix("spike_")))


def _groups_of_trains(group: str, names: list[str]) -> EventList | None:
    """Return the trains of a group, which are a group each."""
    ordered = tuple(sorted(names, key=by_number))
    labels = tuple(_base(folder(name)) for name in ordered)
    return EventList(group, ordered, labels=labels) if len(set(labels)) == len(labels) else None


def long_forms(found: Mapping[str, h5py.Dataset], taken: Container[str | None]) -> tuple[list[Stored], set[str]]:
    """Return recordings in long form, a row a unit and time, as NEST's multimeters are; and the names that are used up.

    Only the first rows and the last are looked at.
    """
    stored: list[Stored] = []
    used: set[str] = set()
    for name, ids in found.items():
        if _base(name) not in ("senders", "sender") or ids.ndim != 1 or name in taken or ids.dtype.kind not in "iu":
            continue
        times = found.get(f"{folder(name)}/times")
        values = [n for n, item in found.items() if folder(n) == folder(name) and item.shape == ids.shape]
        values = [n for n in values if n not in (name, f"{folder(name)}/times")]
        if times is None or times.shape != ids.shape or not values or not (grid := _grid(ids, times)):
            continue
        dims, inner, labels, clock = grid
        why = f"rows of {name[1:]} and {times.name[1:]}"
        stored += [Stored(n, dims, clock, inner=(inner,), labels=labels, why=why) for n in values]
        used |= {name, times.name, *values}
    return stored, used


def _grid(ids: h5py.Dataset, times: h5py.Dataset) -> tuple[tuple[str, str], int, tuple[str, ...], Times] | None:
    """Return dimensions, length of the inner one, names of units and clock of rows that are a whole grid."""
    count, head = ids.size, ids[:_MOST_LABELS]
    again = np.flatnonzero(head == head[:1])[1:]
    if not len(again):
        return None
    by_time = int(again[0]) > 1
    inner = int(again[0]) if by_time else _steps(head, times)
    if not inner or count % inner or count == inner:
        return None
    units = head[:inner] if by_time else ids[::inner]
    first, step = float(times[0]), float(times[inner if by_time else 1]) - float(times[0])
    steps = count // inner if by_time else inner
    if step <= 0 or len(set(units.tolist())) != len(units) or abs(times[-1] - first - step * (steps - 1)) > step / 4:
        return None
    dims = ("time", "unit") if by_time else ("unit", "time")
    return dims, inner, tuple(map(str, units.tolist())), Times(None, first, step, "ms")


def _steps(head: npt.NDArray[Any], times: h5py.Dataset) -> int:
    """Return how many rows the first unit has, where those of a unit follow each other."""
    changes = np.flatnonzero(head != head[0])
    if len(changes):
        return int(changes[0])
    rows = times[:_MOST_ROWS]
    falls = np.flatnonzero(np.diff(rows) < 0)
    return int(falls[0]) + 1 if len(falls) else 0


def is_index(name: str, shape: tuple[int, ...], dtype: np.dtype[Any]) -> bool:
    """Whether a dataset or a column holds ids or an index: a row of whole numbers that are named so."""
    return len(shape) == 1 and dtype.kind in "iu" and _INDEX.fullmatch(_base(name)) is not None


def labels_beside(name: str, dataset: h5py.Dataset, axis: int | None, known: Mapping[str, h5py.Dataset]) -> str | None:
    """Return the texts beside a dataset that name its units: as many as one other axis than time has."""
    others = [size for at, size in enumerate(dataset.shape) if at != axis]
    if axis is None or len(others) != 1 or others[0] == dataset.shape[axis]:
        return None
    beside = [text for text, item in known.items() if folder(text) == folder(name) and item.shape == (others[0],)]
    named = [text for text in beside if _LABELS.fullmatch(_base(text))]
    return named[0] if len(named) == 1 else None


def texts(dataset: h5py.Dataset) -> tuple[str, ...]:
    """Return the texts of a row of them; none if they are too many, too long, or not different."""
    if dataset.ndim != 1 or not 0 < dataset.size <= _MOST_LABELS:
        return ()
    try:
        found = tuple(" ".join(str(attribute(text)).split()) for text in np.asarray(dataset[:]).tolist())
    except Exception:  # of a kind or a state that h5py cannot read
        return ()
    good = len(set(found)) == len(found) and all(0 < len(text) <= _LONGEST_LABEL for text in found)
    return found if good else ()


def _base(name: str) -> str:
    return name.rsplit("/", 1)[-1]


def by_number(name: str) -> tuple[object, ...]:
    """Return a key that sorts names by the numbers in them."""
    return tuple(int(part) if part.isdigit() else part for part in re.split(r"(\d+)", name))
