"""sapicore's ``NixLogWriter``: a NIX file with four blocks a session; what was logged lies flat, step after step.

Source: sapicore 0.4.1, documented behaviour of ``sapicore.utils.loggable`` (blocks ``NAME_data_log``,
``_data_counter``, ``_data_shape_len`` and ``_data_shape``, arrays of one name in each; the path of a property is joined
by colons).
"""

from __future__ import annotations

import math
from typing import Any, ClassVar

import h5py

from pipeline.opening.hdf5.attributes import attribute, parse_repr
from pipeline.opening.layouts.contents import member
from pipeline.opening.layouts.protocol import Component, Stored, Times

__all__ = ["SapicoreLog"]

_LOG = "_data_log"
_DIMS = {0: ("time",), 1: ("time", "unit"), 2: ("time", "target", "source")}


class SapicoreLog:
    """Recognised by a block ``NAME_data_log`` beside ``NAME_data_counter``."""

    name: ClassVar[str] = "sapicore log"

    def recognises(self, file: h5py.File) -> bool:
        """Whether there is a session."""
        blocks = member(file, "data")
        if not isinstance(blocks, h5py.Group):
            return False
        return any(key.endswith(_LOG) and f"{key.removesuffix(_LOG)}_data_counter" in blocks for key in blocks)

    def read(self, file: h5py.File) -> Component:
        """Return the properties of all sessions; the counter is the time of each step."""
        blocks: Any = file["data"]
        stored: list[Stored] = []
        left_out: dict[str, str] = {}
        for key in blocks:
            session = key.removesuffix(_LOG)
            arrays: Any = member(blocks[key], "data_arrays") if key.endswith(_LOG) else None
            for name in arrays if isinstance(arrays, h5py.Group) else ():
                called = f"/{session}/{str(attribute(arrays[name].attrs.get('name', name))).replace(':', '/')}"
                item = _property(blocks, session, name, called)
                if item is None:
                    left_out[called] = "its shape is not always the same"
                else:
                    stored.append(item)
        return Component(None, _settings(file), stored, left_out)


def _property(blocks: h5py.Group, session: str, name: str, called: str) -> Stored | None:
    parts = ("data_log", "data_counter", "data_shape_len", "data_shape")
    members = (member(blocks, f"{session}_{part}/data_arrays/{name}/data") for part in parts)
    found = [part for part in members if isinstance(part, h5py.Dataset)]
    if len(found) < len(parts):
        return None
    data, counter, lengths, shapes = found
    steps = counter.size
    ndim = int(lengths[0]) if lengths.size else 0
    inner = tuple(int(size) for size in shapes[:ndim])
    if lengths.size != steps or shapes.size != ndim * steps or data.size != steps * math.prod(inner):
        return None
    dims = _DIMS.get(ndim) or ("time", *(f"axis_{axis}" for axis in range(1, ndim + 1)))
    return Stored(data.name, dims, Times(counter.name, unit="step"), inner=inner, called=called, why="its counter")


def _settings(file: h5py.File) -> dict[str, object]:
    found: dict[str, object] = {}
    told = member(file, "metadata/config/properties")
    for key, value in told.items() if isinstance(told, h5py.Group) else ():
        if isinstance(value, h5py.Dataset) and value.size == 1 and key != "config_data":
            found[key] = parse_repr(attribute(value[()]))
    return found
