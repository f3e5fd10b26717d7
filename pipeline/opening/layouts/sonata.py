"""SONATA's reports and spikes, as NEURON, BMTK and libsonata write them.

Source: the SONATA developer guide, "Output file formats": ``/report/<population>/data`` is (time, element) beside a
group ``mapping`` whose ``time`` is start, stop and step (open on the right), in ms where it names no unit; spikes are
``/spikes/<population>/timestamps`` beside ``node_ids``.
"""

from __future__ import annotations

from typing import ClassVar

import h5py

from pipeline.opening.layouts.contents import attributes, datasets, member, settings_of
from pipeline.opening.layouts.protocol import Component, EventList, Stored, Times
from pipeline.opening.layouts.time_axis import arranged
from pipeline.opening.variables import unit_in

__all__ = ["Sonata"]


#: What the ids of the nodes that spiked are called; `gids` in files of older versions.
_IDS = ("node_ids", "gids")


#: Where SONATA keeps what it describes.
_PLACES = ("/report/", "/spikes/", "/ecp/", "/nodes/", "/edges/")
#: Columns that are named, at most.
_MOST_NAMES = 1 << 16


class Sonata:
    """Recognised by a report with its mapping, spikes with the ids of their nodes, potentials, or nodes and edges."""

    name: ClassVar[str] = "SONATA"

    def recognises(self, file: h5py.File) -> bool:
        """Whether there is a report with a mapping, spikes with ids, ECP with its time, or a network."""
        report = any("mapping" in group and "data" in group for group in _groups(file, "report"))
        network = any(f"{kind}_type_id" in group for kind in ("node", "edge") for group in _groups(file, f"{kind}s"))
        report = report or network or _is_ecp(file)
        return report or any(
            "timestamps" in group and any(key in group for key in _IDS) for group in _groups(file, "spikes")
        )

    def read(self, file: h5py.File) -> Component:
        """Return the reports; ids and pointers are no series."""
        found, left_out = datasets(file)
        stored, events = [], []
        rest = {name: item for name, item in found.items() if not name.startswith(_PLACES)}
        for name in rest:  # what else a file holds is read as in any other
            del found[name]
        for name, item in found.items():
            around, _, base = name.rpartition("/")
            if base == "data" and f"{around}/mapping/time" in found and item.ndim == 2:
                labels = _elements(file[f"{around}/mapping"], item)
                stored.append(_report(name, item, found[f"{around}/mapping/time"], labels))
            elif name == "/ecp/data" and _is_ecp(file):
                stored.append(_report(name, item, found["/ecp/time"], _channels(found, item)))
            elif name.startswith(("/nodes/", "/edges/")):
                left_out[name] = "properties of a network, no series"
            elif base == "timestamps" and (ids := _ids(found, around)):
                events.append(EventList(around, (name,), unit_in(attributes(item)) or "ms", ids))
            elif not (name.startswith("/spikes/") and base in _IDS):
                left_out[name] = "ids and pointers of a report"
        result = arranged(file, rest, left_out)
        both = [*stored, *result.stored]
        return Component(None, settings_of(file), both, result.left_out, result.notes, [*events, *result.events])


def _ids(found: dict[str, h5py.Dataset], group: str) -> str | None:
    """Return the dataset of the ids of spikes in a group."""
    return next((name for key in _IDS if (name := f"{group}/{key}") in found), None)


def _is_ecp(file: h5py.File) -> bool:
    """Whether there are extracellular potentials, which have no mapping: data beside start, stop and step."""
    time, data = member(file, "ecp/time"), member(file, "ecp/data")
    return isinstance(time, h5py.Dataset) and isinstance(data, h5py.Dataset) and time.shape == (3,) and data.ndim == 2


def _channels(found: dict[str, h5py.Dataset], data: h5py.Dataset) -> tuple[str, ...]:
    ids = found.get("/ecp/channel_id")
    return tuple(map(str, ids[:].tolist())) if ids is not None and ids.size in data.shape and ids.ndim == 1 else ()


def _groups(file: h5py.File, name: str) -> list[h5py.Group]:
    """Return the populations of a group, and the group itself, as older files have no population."""
    top = member(file, name)
    if not isinstance(top, h5py.Group):
        return []
    return [top, *(group for key in top if isinstance(group := member(top, key), h5py.Group))]


def _elements(mapping: h5py.Group, data: h5py.Dataset) -> tuple[str, ...]:
    """Return the names of the columns: ids of nodes, with the id of the element where a node has several."""
    nodes, elements = member(mapping, "node_ids"), member(mapping, "element_ids")
    pointers = member(mapping, "index_pointers") or member(mapping, "index_pointer")
    if not isinstance(nodes, h5py.Dataset) or nodes.ndim != 1 or nodes.size > _MOST_NAMES:
        return ()
    ids = [int(node) for node in nodes[:]]
    if len(ids) in data.shape:
        return tuple(map(str, ids)) if len(set(ids)) == len(ids) else ()
    if not isinstance(pointers, h5py.Dataset) or not isinstance(elements, h5py.Dataset) or elements.size > _MOST_NAMES:
        return ()
    ends, each = [int(end) for end in pointers[:]], [int(one) for one in elements[:]]
    if len(ends) != len(ids) + 1 or sorted(ends) != ends or ends[-1] != len(each):
        return ()
    names = [f"{node}.{one}" for node, low, high in zip(ids, ends, ends[1:], strict=False) for one in each[low:high]]
    return tuple(names) if len(set(names)) == len(names) else ()


def _report(name: str, data: h5py.Dataset, time: h5py.Dataset, labels: tuple[str, ...]) -> Stored:
    start, stop, step = (float(value) for value in time[:3])
    steps = round((stop - start) / step)
    turned = data.shape[0] != steps and data.shape[1] == steps  # extracellular potentials of the guide
    unit = unit_in(attributes(time)) or "ms"
    dims = ("unit", "time") if turned else ("time", "unit")
    return Stored(name, dims, Times(None, start, step, unit), labels=labels, why="start, stop and step of its mapping")
