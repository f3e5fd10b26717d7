"""Episodes of robots and of reinforcement learning: robomimic, ALOHA, D4RL and Minari; a step is a row.

Sources: robomimic's dataset overview (``data/demo_<n>``, ``env_args`` with ``control_freq``); ACT's recorded episodes
(``action``, ``observations/qpos``); D4RL's wiki (flat arrays with ``terminals``); Minari's storage (``episode_<n>``).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, ClassVar

import h5py

from pipeline.opening.hdf5.attributes import attribute
from pipeline.opening.layouts.contents import datasets, member, readable, settings_of
from pipeline.opening.layouts.names import by_number
from pipeline.opening.layouts.protocol import Component, Stored, Times

__all__ = ["Episodes"]

_EPISODE = re.compile(r"(demo|episode)_\d+")
_ACTIONS = ("actions", "action")
_DIMS = {1: ("time",), 2: ("time", "unit"), 3: ("time", "row", "column"), 4: ("time", "row", "column", "colour")}


class Episodes:
    """Recognised by groups of episodes with actions, or by actions beside observations."""

    name: ClassVar[str] = "episodes"

    def recognises(self, file: h5py.File) -> bool:
        """Whether an episode, or the root, has actions and what goes with them."""
        for group in _episodes(file):
            return any(key in group for key in _ACTIONS)
        alone = {"observations", "terminals", "rewards", "obs"}
        return any(key in file for key in _ACTIONS) and any(key in file for key in alone)

    def read(self, file: h5py.File) -> Component:
        """Return all that has a row a step, episodes in the order of their numbers."""
        found, left_out = datasets(file)
        step = _step(file)
        stored = []
        for name in sorted(found, key=by_number):
            item = found[name]
            if item.ndim and "/metadata/" not in f"/{name}/":
                dims = _DIMS.get(item.ndim) or ("time", *(f"axis_{axis}" for axis in range(1, item.ndim)))
                why = "a row is a step of the episode" + (", by control_freq" if step else "")
                stored.append(Stored(name, dims, step, why=why))
            else:
                stored.append(Stored(name, tuple(f"axis_{axis}" for axis in range(item.ndim))))
        return Component(None, settings_of(file), stored, left_out)


def _episodes(file: h5py.File) -> Iterator[h5py.Group]:
    """Yield the episodes, at the root or in a group ``data``."""
    for place in (file, member(file, "data")):
        if isinstance(place, h5py.Group):
            for key in place:
                if _EPISODE.fullmatch(readable(key)) and isinstance(group := member(place, key), h5py.Group):
                    yield group


def _step(file: h5py.File) -> Times | None:
    """Return the duration of a step, where the settings of the environment tell it."""
    data = member(file, "data")
    try:
        told: Any = json.loads(attribute(data.attrs["env_args"]))  # type: ignore[union-attr]
        rate = float(told.get("env_kwargs", told).get("control_freq") or told["control_freq"])
    except (AttributeError, KeyError, TypeError, ValueError, OSError):
        return None
    return Times(None, 0.0, 1 / rate, "s") if rate > 0 else None
