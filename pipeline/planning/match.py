"""Matching: variables with plots, dimensions with time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import xarray as xr

from pipeline.errors import PipelineError, SettingError
from pipeline.opening.hdf5.complex import PARTS, part_of
from pipeline.opening.tree import node_settings
from pipeline.planning.automatic import automatic_plots, event_plots
from pipeline.planning.config import Plots
from pipeline.planning.job import EventUnits, Job
from pipeline.planning.plan import Plan
from pipeline.planning.signals import event_signal, labels_of, signal_of
from pipeline.rendering.drawing import Drawing
from pipeline.rendering.picture.fonts import unwritable
from pipeline.rendering.plot import Plot
from pipeline.rendering.registry import PLOTS
from pipeline.units import SECONDS, listed

__all__ = ["component_name", "plan_array", "plan_run"]

#: What a list of events is asked for as, whatever its node is called.
SPIKES = "spikes"

_NAMED = 8  # what is not drawn, of one reason, by its name


def plan_run(run: xr.DataTree, plots: Plots | None = None) -> Plan:
    """Match a run's variables with plots, or choose them.

    Parameters
    ----------
    run : xarray.DataTree
        As `open_run` gives it, or any tree whose variables run along ``time``.
    plots : sequence of (name, plot), optional
        A name is a variable's or a setting's, also as ``component/name``; it is drawn in every component that has it.
        None: chosen from names, types and shapes.

    Returns
    -------
    Plan
        Nothing was read.

    Examples
    --------
    >>> from pipeline import open_run, plan_run, simulate
    >>> plan = plan_run(open_run(simulate("network", steps=200)))
    >>> sorted({series.plugin for series in plan.series()})
    ['histograms', 'images', 'scalars']
    """
    plan = Plan(run.name or "run")
    builder = _Builder(plan)
    left_out: dict[str, str] = {}
    for node in run.subtree:
        plan.notes += node.encoding.get("notes", ())
        component, held = component_name(node), node.to_dataset()  # once a node, because xarray builds it anew
        if "events" in node.encoding:
            _plan_events(builder, component, held, node, plots)
            continue
        time = held.coords.get("time")
        variables = {str(name): held.variables[name] for name in held.data_vars}
        settings = {name: value for name, value in node_settings(node).items() if name not in variables}
        plan.known |= variables.keys() | settings.keys()
        if plots is None:
            asked = list(automatic_plots(variables, settings))
            drawn = {name for name, _ in asked}
            left_out |= {
                f"{component}/{name.lstrip('/')}": why for name, why in node.encoding.get("left_out", {}).items()
            }
            left_out |= {f"{component}/{n}": _undrawn(v) for n, v in variables.items() if n not in drawn}
        for name, plot in asked if plots is None else plots:
            attr = name.removeprefix(f"{component}/")
            found = _asked(attr, variables)
            for one, variable in found.items():
                builder.add(component, one, variable, time, plot, labels_of(held.coords, variable))
            if not found and attr in settings:
                builder.add_setting(component, attr, settings[attr], plot)
            elif not found:
                continue
            plan.matched.add(name)
    builder.finish()
    plan.notes += _told(left_out, "not drawn: ")
    return plan


def _plan_events(builder: _Builder, component: str, held: xr.Dataset, node: xr.DataTree, plots: Plots | None) -> None:
    """Match a list of events with plots, or choose them; it is asked for as ``spikes`` or by the name of its node."""
    names = {SPIKES, str(node.name), component, f"{component}/{SPIKES}"}
    builder.plan.known |= names
    if plots is None and not held.sizes["event"]:
        builder.plan.notes.append(f"not drawn: {component}/{SPIKES} (holds no events)")
        return
    for name, plot in event_plots(units="unit" in held) if plots is None else plots:
        if name in names:
            builder.add_events(component, held, node.encoding, plot)
            builder.plan.matched.add(name)


def _asked(name: str, variables: dict[str, xr.Variable]) -> dict[str, xr.Variable]:
    """Return the variables that a name means, by name; of complex numbers the magnitude and the phase, or one of them.

    Examples
    --------
    >>> sorted(_asked("z", {"z": xr.Variable("time", [1j])}))
    ['z.magnitude', 'z.phase']
    """
    whole, _, part = name.rpartition(".")
    if name not in variables:
        complex_ = part in PARTS and whole in variables and variables[whole].dtype.kind == "c"
        return {name: part_of(variables[whole], part)} if complex_ else {}
    if variables[name].dtype.kind != "c":
        return {name: variables[name]}
    return {f"{name}.{part}": part_of(variables[name], part) for part in PARTS}


def _undrawn(variable: xr.Variable) -> str:
    """Return why no plot is chosen for a variable."""
    if not variable.size:
        return "holds no data"
    if variable.dtype.kind == "c":
        return "complex numbers; their magnitude and phase are drawn if they are asked for by name"
    return f"{variable.ndim} dimensions" if variable.ndim > 3 else f"{variable.dtype} values"


def _told(reasons: dict[str, str], what: str = "") -> Iterator[str]:
    """Yield a line for each reason, with the names of what it is of."""
    for why in dict.fromkeys(reasons.values()):
        names = [name for name, reason in reasons.items() if reason == why]
        yield f"{what}{listed(names, _NAMED)} ({why})"


def plan_array(
    component: str,
    attr: str,
    value: Any,
    plot: Plot,
    tags: dict[str, tuple[str, str]],
    *,
    time: Any = None,
    again: bool = False,
) -> Plan:
    """Return the plan of one plot of one value, raising what `plan_run` would note.

    Parameters
    ----------
    value : xarray.Variable, number, text or other
    tags : dict
        The tags that are taken, with their owners; those of this plot are added.
    time : xarray.DataArray, optional
        The time coordinate.
    again : bool
        Whether what was drawn under a tag is drawn there again, as of the next trial.
    """
    plan = Plan(component)
    builder = _Builder(plan, tags, again=again)
    if isinstance(value, xr.Variable) and value.ndim:
        builder.add(component, attr, value, time, plot)
    else:
        builder.add_setting(component, attr, value.to_numpy() if isinstance(value, xr.Variable) else value, plot)
    builder.finish()
    if plan.problems:
        raise SettingError(plan.problems[0])
    return plan


def component_name(node: xr.DataTree) -> str:
    """Return the name in tags: the component's identifier, then the groups below it."""
    top, *groups = node.path.strip("/").split("/")
    if not top:
        return node.name or "run"
    longest, at, _ = top.rpartition("@")
    if at and longest in node.root.children:  # the same component, on a shorter time axis
        top = longest
    identifier = str(node.root[top].attrs.get("identifier", top))
    if identifier.replace("/", "_") == top:  # else another component has that identifier too
        top = identifier
    return "/".join([top, *groups])


class _Builder:
    """Gathers plots into jobs; two plots of a variable along the same axis share a job, no two share a tag."""

    def __init__(self, plan: Plan, tags: dict[str, tuple[str, str]] | None = None, *, again: bool = False) -> None:
        self.plan, self.again = plan, again
        self.jobs: dict[tuple[Any, ...], Job] = {}
        self.tags: dict[str, tuple[str, str]] = {} if tags is None else tags
        self.unknown: dict[str, str] = {}  # variables whose unit of time is none that is known

    def add(
        self,
        component: str,
        attr: str,
        variable: xr.Variable,
        time: xr.DataArray | None,
        plot: Plot,
        labels: tuple[str, ...] = (),
    ) -> None:
        """Add a plot of a variable, or note why it cannot be drawn."""
        try:
            variable, axis, signal, times = signal_of(component, attr, variable, time, plot, labels)
            drawing = self._free_tags(Drawing(plot.fit(signal), signal))
        except PipelineError as error:
            self.plan.problems.append(str(error))
            return
        if signal.time is not None and signal.time.unit not in (*SECONDS, "step", ""):
            self.unknown[signal.name] = f"no unit of time: a step of {signal.time.unit} counts as a second"
        source = variable.encoding.get("source"), variable.encoding.get("dataset")
        key = component, attr, axis, *source  # two files may use one name for different things
        job = self.jobs.get(key) or Job(variable, axis or 0, times, ())
        if drawing not in job.drawings:  # hyperparameters have no tags to be told apart by
            job = replace(job, drawings=(*job.drawings, drawing))
        self.jobs[key] = job

    def add_events(self, component: str, held: xr.Dataset, told: Mapping[Any, Any], plot: Plot) -> None:
        """Add a plot of a list of events, or note why it cannot be drawn."""
        times, units = held.variables["time"], held.variables.get("unit")
        count = None if units is None else units.attrs.get("count")
        signal = event_signal(component, SPIKES, times, count, tuple(told["events"]) if count else ())
        unit = signal.time.unit if signal.time else ""
        step = None
        if (given := told.get("dt")) and unit in SECONDS:
            step = given[0] * SECONDS[given[1]] / SECONDS[unit]
        try:
            if not times.size:
                raise SettingError(f"{signal.name}: holds no events")
            if not plot.of_events:
                kinds = " or ".join(dict.fromkeys(f"kind={cls.kind}" for cls in PLOTS if cls.of_events))
                raise SettingError(
                    f"{signal.name}: a {plot.kind} needs a value at each step; this is a list of events ({kinds})"
                )
            drawing = self._free_tags(Drawing(plot.fit(signal), signal))
        except PipelineError as error:
            self.plan.problems.append(str(error))
            return
        key = component, SPIKES
        job = self.jobs.get(key) or Job(times, 0, None, (), whose=EventUnits(units, count, step))
        self.jobs[key] = replace(job, drawings=(*job.drawings, drawing))

    def add_setting(self, component: str, attr: str, value: Any, plot: Plot) -> None:
        """Add a plot of an attribute, whose value is known."""
        name, array = f"{component}/{attr}", np.asarray(value)
        columns = plot.columns(name, value)
        if columns is not None:
            self.plan.hparams |= columns
        elif array.dtype.kind not in "biuf":
            text = " ".join(str(value).split())[:40]
            self.plan.problems.append(f"{name}: a {plot.kind} needs numbers; this is {text!r}")
        else:
            self.add(component, attr, xr.Variable(plot.dims(array.ndim), array), None, plot)

    def _free_tags(self, drawing: Drawing) -> Drawing:
        """Return the drawing with tags that no other one has."""
        name, title = drawing.signal.name, drawing.plot.title
        tags = _tags(drawing)
        owners = [self.tags[tag] for tag in tags if tag in self.tags]
        if owners:
            owner, owner_title = owners[0]
            if (owner, owner_title) == (name, title):
                if self.again:
                    return drawing
                raise SettingError(f"{name}: {title} is asked for twice")
            drawing = replace(drawing, suffix=f"/{drawing.plot.format if owner == name else drawing.signal.attr}")
            taken, tags = tags[0], _tags(drawing)
            if any(tag in self.tags and not (self.again and self.tags[tag] == (name, title)) for tag in tags):
                raise SettingError(f"{name}: its tag {taken} is that of {owner} too")
            self.plan.notes.append(f"{name}: tag {tags[0]}, since {owner} has {taken}")
        self.tags |= dict.fromkeys(tags, (name, title))
        return drawing

    def finish(self) -> None:
        """Put the jobs into the plan."""
        self.plan.jobs += self.jobs.values()
        self.plan.notes += _told(self.unknown, "time of ")
        names = [job.name for job in self.jobs.values() if not job.name.isascii()]
        unwritten = {name: f"no font of this machine has {letters}" for name in names if (letters := unwritable(name))}
        self.plan.notes += _told(unwritten, "written as numbers on pictures: ")
        self.plan.notes += self.plan.heavy()


def _tags(drawing: Drawing) -> list[str]:
    """Return the tags that no other drawing may have; columns of the HPARAMS page are no tags."""
    return [one.tag for one in drawing.series if one.plugin != "hparams"]
