"""The plan of a run as an object: looked at in a notebook, changed by variable, written down, converted."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, fields, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import xarray as xr
import yaml

from pipeline.errors import OutputError, SettingError
from pipeline.notebook.gallery import Gallery, gallery
from pipeline.notebook.signatures import taking_settings
from pipeline.opening import open_run
from pipeline.opening.tree import node_settings
from pipeline.planning.automatic import automatic_plots
from pipeline.planning.config import parse_plots
from pipeline.planning.match import component_name, plan_run
from pipeline.planning.plan import HEAD, Plan
from pipeline.rendering.plot import Plot
from pipeline.rendering.registry import make_plot
from pipeline.running.convert import convert
from pipeline.running.display import shown
from pipeline.running.executors.cluster import WAIT_SECONDS
from pipeline.running.report import Report
from pipeline.tables import table
from pipeline.units import Durations

__all__ = ["RunPlan", "plan"]


@dataclass(frozen=True)
class RunPlan:
    """The plan of a run as people hold it. It is frozen: what changes it returns another.

    Attributes
    ----------
    run : xarray.DataTree
    plots : tuple of (name, kind)
        A name is ``attr``, in every component that has it, or ``component/attr``.
    """

    run: xr.DataTree
    plots: tuple[tuple[str, Plot], ...]

    @cached_property
    def planned(self) -> Plan:
        """The plots matched with the run's variables; nothing was read."""
        return plan_run(self.run, self.plots)

    @property
    def problems(self) -> list[str]:
        """The plots that cannot be drawn, a line each."""
        return [*self.planned.problems, *self.planned.unmatched(self.plots)]

    @taking_settings
    def with_settings(self, name: str, **settings: Any) -> RunPlan:
        """Return the plan with other settings for a variable.

        Parameters
        ----------
        name : str
            ``attr``, or ``component/attr`` for one component alone.
        **settings
            With ``kind`` (and ``format``): the plot of that kind is changed, or added. Else every plot of the variable
            that has all of these settings.

        Raises
        ------
        SettingError
            If the run does not hold the variable, or no plot of it has these settings.
        """
        if not any(_covers(name, known) for known in self._names()):
            raise SettingError(next(iter(self.planned.unmatched([(name, make_plot({"kind": "hparam"}))]))))
        found, plots = False, []
        for old, kind in self._expanded(name):
            new = _changed(old, kind, settings) if _covers(name, old) else None
            found |= new is not None
            plots.append((old, kind if new is None else new))
        if not found:
            if "kind" not in settings:
                tried = ", ".join(
                    f"{kind.kind} ({kind.format})" for old, kind in self._expanded(name) if _covers(name, old)
                )
                raise SettingError(
                    f"{name}: {', '.join(settings)}: no plot of it has this ({tried or 'none'}); name a kind"
                )
            plots.append((name, make_plot(settings, name)))
        return replace(self, plots=tuple(dict.fromkeys(plots)))

    def without(self, name: str, kind: str | None = None) -> RunPlan:
        """Return the plan without the plots of a variable, or without those of one kind."""
        kept = [(n, k) for n, k in self._expanded(name) if not (_covers(name, n) and kind in (None, k.kind))]
        return replace(self, plots=tuple(kept))

    def _names(self) -> list[str]:
        """Return ``component/attr`` of all variables and settings."""
        found = []
        for node in self.run.subtree:
            found += [f"{component_name(node)}/{name}" for name in (*node.data_vars, *node.attrs)]
        return list(dict.fromkeys(found))

    def _expanded(self, name: str) -> Iterator[tuple[str, Plot]]:
        """Yield the plots; one that covers more than `name` component by component."""
        for old, kind in self.plots:
            if old != name and _covers(old, name):
                yield from ((full, kind) for full in self._names() if _covers(old, full))
            else:
                yield old, kind

    def to_yaml(self, path: str | os.PathLike[str] | None = None) -> str:
        """Return the plots as ``hdf2tb convert --config`` takes them, and write them to `path` if it is given."""
        entries = [{name: _plain(kind.chosen())} for name, kind in self.plots]
        text: str = yaml.safe_dump(
            {"simulation": {"tensorboard": entries}}, sort_keys=False, default_flow_style=None, width=120
        )
        if path is not None:
            try:
                Path(path).write_text(text, encoding="utf-8")
            except OSError as cause:
                raise OutputError(f"{path}: cannot be written ({cause.strerror})") from cause
        return text

    def preview(self, name: str | None = None) -> Gallery:
        """Return the pictures of a variable, or of all, as they will be written (`pipeline.preview`)."""
        return gallery(self.planned, name)

    def convert(
        self,
        logdir: str | os.PathLike[str],
        *,
        progress: bool = True,
        workers: int | str | None = None,
        scheduler: str | None = None,
        memory: str | int | None = None,
        metrics: Sequence[str] = (),
        restart: bool = False,
        wait: str | float = WAIT_SECONDS,
    ) -> Report:
        """Convert the run, with a progress bar, on the active Dask client if there is one.

        Parameters
        ----------
        logdir : path
        progress : bool
        workers, scheduler, memory, metrics, restart, wait
            As `pipeline.convert` takes them.

        Returns
        -------
        pipeline.Report
        """
        with shown() if progress else nullcontext() as show:
            return convert(
                self.run,
                logdir,
                self.plots,
                workers=workers,
                scheduler=scheduler,
                memory=memory,
                metrics=metrics,
                restart=restart,
                progress=show,
                wait=wait,
            )

    def __repr__(self) -> str:
        planned = self.planned
        lines = [f"plan of {planned.name}", table([HEAD, *planned.texts()]), planned.total()]
        return "\n".join([*lines, *(f"note: {n}" for n in planned.notes), *(f"error: {p}" for p in self.problems)])

    def _repr_html_(self) -> str:
        return self.planned.html(self.problems)


def plan(run: str | os.PathLike[str] | xr.DataTree, plots: Any = None, *, dt: Durations = None) -> RunPlan:
    """Return the plan of a run, as an object that can be looked at, changed and converted.

    Parameters
    ----------
    run : path or opened run
    plots : list of {name: settings}, optional
        As the YAML holds it. None: chosen from names, types and shapes.
    dt : str or float, optional
        Duration of a step, for a path.

    Raises
    ------
    SettingError, SourceError

    Examples
    --------
    >>> from pipeline import plan, simulate
    >>> plan(simulate("network", steps=200), [{"spiked": {"kind": "raster"}}])  # doctest: +ELLIPSIS
    plan of network
      variable  shape ... kind ... writes ... about
      E/spiked  time=200, unit=80  raster (image)  1 picture ...
    """
    tree = run if isinstance(run, xr.DataTree) else open_run(run, dt=dt)
    return RunPlan(tree, tuple(_automatic(tree) if plots is None else parse_plots(plots)))


def _automatic(run: xr.DataTree) -> list[tuple[str, Plot]]:
    """Return the automatic plan's plots; those that are alike in all components that hold a name, once."""
    held: dict[str, dict[str, list[Plot]]] = {}
    for node in run.subtree:
        component, contents = component_name(node), node.to_dataset(inherit=False)
        variables = {str(name): contents.variables[name] for name in contents.data_vars}
        settings = {name: value for name, value in node_settings(node).items() if name not in variables}
        for name in (*variables, *settings):
            held.setdefault(name, {}).setdefault(component, [])
        for name, kind in automatic_plots(variables, settings):
            held[name][component].append(kind)
    plots: list[tuple[str, Plot]] = []
    for name, components in held.items():
        first, *others = components.values()
        if all(kinds == first for kinds in others):
            plots += [(name, kind) for kind in first]
        else:
            plots += [(f"{component}/{name}", kind) for component, kinds in components.items() for kind in kinds]
    return plots


def _covers(name: str, other: str) -> bool:
    """Whether the name in a plot stands for `other` too."""
    return name == other or other.endswith(f"/{name}")


def _changed(name: str, kind: Plot, settings: dict[str, Any]) -> Plot | None:
    """Return a kind with other settings; None if it is not the one that is meant."""
    chosen = kind.chosen()
    asked = {key: settings.get(key, chosen[key]) for key in ("kind", "format")}
    if asked != {"kind": kind.kind, "format": kind.format}:
        return None
    known = {item.name for item in fields(kind)} | {"kind", "format"}
    if "kind" not in settings and not known.issuperset(settings):
        return None
    return make_plot(chosen | settings, name)


def _plain(settings: dict[str, Any]) -> dict[str, Any]:
    return {key: list(value) if isinstance(value, tuple) else value for key, value in settings.items()}
