"""Sources, opened and planned: each file, folder or opened run becomes a run with a name of its own."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import xarray as xr

from pipeline.errors import PipelineError, SettingError
from pipeline.opening import open_run
from pipeline.opening.discover import readable_name, run_name
from pipeline.opening.hdf5.remote import is_remote
from pipeline.planning.config import Plots
from pipeline.planning.match import plan_run
from pipeline.planning.notes import command_line
from pipeline.planning.plan import Plan
from pipeline.units import Axes, Durations

__all__ = ["Source", "plan_sources"]

Source = str | os.PathLike[str] | xr.DataTree


def plan_sources(
    source: Source | Sequence[Source],
    plots: Plots | None = None,
    dt: Durations = None,
    time_axis: Axes = None,
    follow_links: bool = False,
) -> tuple[list[Plan], list[str]]:
    """Open and plan all sources; return the plans, and a line for each file or source that cannot be opened."""
    sources = [source] if isinstance(source, str | os.PathLike | xr.DataTree) else list(source)
    failed: list[str] = []
    plans: list[Plan] = []
    component = _common_name(sources)
    for item, name in zip(sources, _run_names(sources), strict=True):
        if isinstance(item, xr.DataTree):
            run = item
        else:
            try:
                run = open_run(
                    item,
                    dt=dt,
                    time_axis=time_axis,
                    follow_links=follow_links,
                    component=component,
                    on_error=lambda e: failed.append(str(e)),
                )
            except SettingError:
                raise
            except PipelineError as error:
                failed.append(str(error))
                continue
            if not run.children:  # no file of it could be opened
                continue
        place = str(run.encoding.get("source") or "")
        place = place if is_remote(place) else place and os.path.realpath(place)
        shown = Path(place.partition("?")[0] if is_remote(place) else place).name
        command = command_line(shown, plots, *run.encoding["asked"]) if place else ""
        plans.append(replace(plan_run(run, plots), name=name, source=place, command=command))
    return plans, failed


def _common_name(sources: Sequence[Source]) -> str | None:
    """Return what the names of a sweep's files have in common, such as ``gain`` of gain1.h5 and gain2.h5.

    Their runs are compared in TensorBoard, which takes the same tags and columns. None if they have no word in common.
    """
    paths = [Path(item) for item in sources if isinstance(item, str | os.PathLike)]
    if len(paths) < 2 or len(paths) < len(sources) or any(path.is_dir() or is_remote(path) for path in paths):
        return None
    stems = [readable_name(path.stem) for path in paths]
    shared = os.path.commonprefix(stems)
    if any(stem[len(shared) : len(shared) + 1].isalpha() for stem in stems):  # not in the middle of a word
        shared = re.sub(r"[^\W\d_]+$", "", shared)
    return re.sub(r"[\W\d_]+$", "", shared) or None


def _run_names(sources: Sequence[Source]) -> list[str]:
    """Return a name a run: its folder's or file's, with as many parents as it takes to tell them apart."""
    parts: list[tuple[str, ...]] = []
    for item in sources:
        if isinstance(item, xr.DataTree):
            parts.append((item.name or "run",))
        else:
            if is_remote(item):
                parts.append((*str(item).split("/")[2:-1], run_name(item)))
                continue
            path = Path(item).resolve()
            parts.append((*map(readable_name, path.parts[1:-1]), run_name(path)))
    names = [part[-1] for part in parts]
    for depth in range(2, max(map(len, parts), default=0) + 1):
        places: dict[str, set[tuple[str, ...]]] = {}
        for part, name in zip(parts, names, strict=True):
            places.setdefault(name, set()).add(part)
        names = ["/".join(p[-depth:]) if len(places[n]) > 1 else n for p, n in zip(parts, names, strict=True)]
    for at, name in enumerate(names):
        number = 1
        while names[at] in names[:at]:
            number += 1
            names[at] = f"{name}-{number}"
    return names
