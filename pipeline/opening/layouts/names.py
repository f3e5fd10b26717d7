"""What names alone tell of datasets: lists of spikes, ids and indices, texts that name units."""

from __future__ import annotations

import re
from collections.abc import Mapping

import h5py
import numpy as np

from pipeline.opening.hdf5.attributes import attribute
from pipeline.opening.layouts.clocks import folder, unit_in_name
from pipeline.opening.layouts.protocol import EventList

__all__ = ["by_number", "event_lists", "is_index", "labels_beside", "texts"]

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
    return [one for one in told if one is not None]


def _pair(group: str, names: list[str], found: Mapping[str, h5py.Dataset]) -> EventList | None:
    """Return times and ids of one group; beside other datasets of that length they are a table of samples."""
    times = [name for name in names if _SPIKE_TIMES.fullmatch(_base(name))]
    whose = [name for name in names if _WHOSE.fullmatch(_base(name)) and found[name].dtype.kind in "iu"]
    pairs = [(a, b) for a in times for b in whose if a != b and found[a].shape == found[b].shape]
    if len(pairs) != 1:
        return None
    (time, ids), length = pairs[0], found[pairs[0][0]].shape[0]
    others = [n for n in names if n not in pairs[0] and found[n].shape[0] == length and found[n].dtype.kind == "f"]
    named = _SPIKE_GROUP.fullmatch(_base(group)) or _base(time).lower().startswith("spike")
    if others and not named:
        return None
    return EventList(group or "/spikes", (time,), unit_in_name(_base(time).removeprefix("spike_")), ids)


def _trains(group: str, names: list[str], found: Mapping[str, h5py.Dataset]) -> EventList | None:
    """Return a group that is named like spikes and holds nothing but lists of numbers, of several lengths."""
    lengths = {found[name].shape[0] for name in names}
    inside = [name for name in found if name.startswith(f"{group}/")]
    floats = all(found[name].dtype.kind in "fiu" for name in names)
    if not _SPIKE_GROUP.fullmatch(_base(group)) or len(lengths) < 2 or len(inside) != len(names) or not floats:
        return None
    ordered = tuple(sorted(names, key=by_number))
    return EventList(group, ordered, labels=tuple(_base(name) for name in ordered))


def _groups_of_trains(group: str, names: list[str]) -> EventList | None:
    """Return the trains of a group, which are a group each."""
    ordered = tuple(sorted(names, key=by_number))
    labels = tuple(_base(folder(name)) for name in ordered)
    return EventList(group, ordered, labels=labels) if len(set(labels)) == len(labels) else None


def is_index(name: str, dataset: h5py.Dataset) -> bool:
    """Whether a dataset holds ids or an index: whole numbers that are named so."""
    return dataset.ndim == 1 and dataset.dtype.kind in "iu" and _INDEX.fullmatch(_base(name)) is not None


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
