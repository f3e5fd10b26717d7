"""What will be drawn of a run: variables matched with plot kinds, before anything is read."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, cast

import numpy as np
import xarray as xr

from pipeline.errors import PipelineError, SettingError, nearest
from pipeline.model.clock import Clock
from pipeline.model.signal import Signal
from pipeline.planning.automatic import automatic_plots
from pipeline.planning.job import Drawing, Job
from pipeline.rendering import Kind, make_kind
from pipeline.rendering.hparam import HparamScalar, hparam_values
from pipeline.rendering.settings import Settings, as_mapping
from pipeline.units import time_unit

__all__ = ["Plan", "Plots", "component_name", "parse_plots", "plan_array", "plan_run"]

#: Plots as they are asked for: a name and a kind each, in order.
Plots = Sequence[tuple[str, Kind]]


@dataclass
class Plan:
    """What will be written of one run.

    Attributes
    ----------
    name : str
        The run's name.
    jobs : list of Job
    hparams : dict
        Columns of the HPARAMS page known without reading.
    problems : list of str
        What was asked for and cannot be drawn, a line each.
    notes : list of str
        What a user should know.
    matched : set of str
        The names asked for that the run holds.
    known : set of str
        All names that could be asked for.
    """

    name: str
    jobs: list[Job] = field(default_factory=list)
    hparams: dict[str, bool | float | str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    matched: set[str] = field(default_factory=set)
    known: set[str] = field(default_factory=set)

    def rows(self) -> Iterator[tuple[str, str, str, str, int]]:
        """Yield (variable, shape, kind, what is written, estimated bytes) for each plot."""
        for job in self.jobs:
            for drawing in job.drawings:
                subject, about = drawing.subject, drawing.kind.estimate(drawing.subject)
                shape = ", ".join(f"{dim}={size}" for dim, size in zip(subject.dims, subject.shape, strict=True))
                kind = f"{drawing.kind.kind} ({drawing.kind.format})"
                yield subject.name, shape, kind, f"{about.count:,} {about.what}", about.size
        if self.hparams:
            yield "settings", "", "hparam", f"{len(self.hparams):,} values", 100 * len(self.hparams)

    def unmatched(self, plots: Plots | None) -> list[str]:
        """Return an error line for each name asked for that the run does not hold."""
        names = dict.fromkeys(name for name, _ in plots or ())
        return [
            f"{self.name}: no variable or setting '{name}'{nearest(name, self.known) or '; see hdf2tb inspect'}"
            for name in names
            if name not in self.matched
        ]


def parse_plots(plots: Any) -> list[tuple[str, Kind]]:
    """Read plots in their YAML form: a list of ``{name: settings}``, or one mapping of them.

    Raises
    ------
    SettingError
        If a name, kind, format or setting is not accepted.
    """
    if isinstance(plots, Mapping):
        plots = [plots]
    if not isinstance(plots, Iterable) or isinstance(plots, str):
        raise SettingError(f"plots: accepted is a list such as [{{voltage: {{kind: trace}}}}], not {plots!r}")
    found: list[tuple[str, Kind]] = []
    for entry in plots:
        pair = isinstance(entry, tuple) and len(entry) == 2
        if pair and isinstance(entry[1], Settings):  # a kind that is made already
            found.append((str(entry[0]), cast(Kind, entry[1])))
            continue
        pairs = [entry] if pair else as_mapping(entry, "plots").items()
        found += [(str(name), make_kind(settings, str(name))) for name, settings in pairs]
    return found


def plan_run(run: xr.DataTree, plots: Plots | None = None) -> Plan:
    """Match a run's variables with plots, or choose them.

    Parameters
    ----------
    run : xarray.DataTree
        As `open_run` gives it, or any tree whose variables run along ``time``.
    plots : sequence of (name, kind), optional
        A name is a variable's or a setting's, also as ``component/name``; it is drawn in every component that has it.
        None: chosen from names, types and shapes.

    Returns
    -------
    Plan
        Nothing was read.
    """
    plan = Plan(run.name or "run")
    builder = _Builder(plan)
    for node in run.subtree:
        component = component_name(node)
        names = {str(name): node.dataset[name] for name in node.data_vars}
        settings = {str(name): value for name, value in node.attrs.items() if str(name) not in names}
        plan.known |= names.keys() | settings.keys()
        for name, kind in automatic_plots(names, settings) if plots is None else plots:
            attr = name.removeprefix(f"{component}/")
            if attr in names:
                builder.add(component, attr, names[attr].variable, node.coords.get("time"), kind)
            elif attr in settings:
                builder.add_setting(component, attr, settings[attr], kind)
            else:
                continue
            plan.matched.add(name)
    builder.finish()
    return plan


def plan_array(
    component: str, attr: str, value: Any, kind: Kind, tags: dict[str, tuple[str, str]], *, time: Any = None
) -> Plan:
    """Return the plan of one plot of one value, raising what `plan_run` would note.

    Parameters
    ----------
    value : xarray.Variable, number, text or other
    tags : dict
        The tags that are taken, with their owners; those of this plot are added.
    time : xarray.DataArray, optional
        The time coordinate.
    """
    plan = Plan(component)
    builder = _Builder(plan, tags)
    if isinstance(value, xr.Variable) and value.ndim:
        builder.add(component, attr, value, time, kind)
    else:
        builder.add_setting(component, attr, value.to_numpy() if isinstance(value, xr.Variable) else value, kind)
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

    def __init__(self, plan: Plan, tags: dict[str, tuple[str, str]] | None = None) -> None:
        self.plan = plan
        self.jobs: dict[tuple[Any, ...], Job] = {}
        self.tags: dict[str, tuple[str, str]] = {} if tags is None else tags

    def add(self, component: str, attr: str, variable: xr.Variable, time: xr.DataArray | None, kind: Kind) -> None:
        """Add a plot of a variable, or note why it cannot be drawn."""
        try:
            variable, axis, subject, times = _describe(component, attr, variable, time, kind)
            kind = kind.check(subject)
            subject = self._free_tags(kind, subject)
        except PipelineError as error:
            self.plan.problems.append(str(error))
            return
        source = variable.encoding.get("source"), variable.encoding.get("dataset")
        key = component, attr, axis, *source  # two files may use one name for different things
        job = self.jobs.get(key) or Job(variable, axis or 0, times, ())
        if Drawing(kind, subject) not in job.drawings:  # hyperparameters have no tags to be told apart by
            job = replace(job, drawings=(*job.drawings, Drawing(kind, subject)))
        self.jobs[key] = job

    def add_setting(self, component: str, attr: str, value: Any, kind: Kind) -> None:
        """Add a plot of an attribute, whose value is known."""
        array = np.asarray(value)
        numbers = array.dtype.kind in "biuf"
        if kind.kind == "hparam" and not (isinstance(kind, HparamScalar) and numbers and array.size > 1):
            self.plan.hparams |= hparam_values(f"{component}/{attr}", value)
        elif not numbers:
            text = " ".join(str(value).split())[:40]
            self.plan.problems.append(f"{component}/{attr}: a {kind.kind} needs numbers; this is {text!r}")
        else:
            dims = tuple(f"axis_{axis}" if axis else "unit" for axis in range(array.ndim))
            if kind.kind in ("trace", "raster") and kind.time_axis is None and dims:
                dims = ("time", *dims[1:])
            self.add(component, attr, xr.Variable(dims, array), None, kind)

    def _free_tags(self, kind: Kind, subject: Signal) -> Signal:
        """Return the subject with tags that no other plot has."""
        tags = kind.tags(subject)
        owners = [self.tags[tag] for tag in tags if tag in self.tags]
        if owners:
            if owners[0] == (subject.name, f"{kind.kind} ({kind.format})"):
                raise SettingError(f"{subject.name}: {kind.kind} ({kind.format}) is asked for twice")
            other = owners[0][0] == subject.name
            suffixed = replace(subject, suffix=f"/{kind.format}" if other else f"/{subject.attr}")
            if any(tag in self.tags for tag in kind.tags(suffixed)):
                raise SettingError(f"{subject.name}: its tag {tags[0]} is that of {owners[0][0]} too")
            self.plan.notes.append(f"{subject.name}: tag {kind.tags(suffixed)[0]}, since {owners[0][0]} has {tags[0]}")
            subject, tags = suffixed, kind.tags(suffixed)
        self.tags |= dict.fromkeys(tags, (subject.name, f"{kind.kind} ({kind.format})"))
        return subject

    def finish(self) -> None:
        """Put the jobs into the plan."""
        self.plan.jobs += self.jobs.values()


def _describe(
    component: str, attr: str, variable: xr.Variable, time: xr.DataArray | None, kind: Kind
) -> tuple[xr.Variable, int | None, Signal, xr.Variable | None]:
    """Return a variable with its time axis named, that axis, what is known of it, and its stored times."""
    name = f"{component}/{attr}"
    if variable.dtype.kind not in "biuf":
        raise SettingError(f"{name}: holds {variable.dtype} values, which cannot be drawn")
    if not math.prod(variable.shape):
        raise SettingError(f"{name}: holds no data (shape {variable.shape})")
    dims = [str(dim) for dim in variable.dims]
    if kind.time_axis is not None:
        axis = _named_axis(name, dims, kind.time_axis)
        if dims[axis] != "time":  # the others keep their names, in order
            dims.remove("time" if "time" in dims else dims[axis])
            dims.insert(axis, "time")
        variable = variable.copy(deep=False)
        variable.dims = tuple(dims)
    at = dims.index("time") if "time" in dims else None
    rest = [axis for axis in range(len(dims)) if axis != (at or 0)]
    order = [at or 0, *rest] if dims else []
    axis_of_time, times = (None, None) if at is None else _time_axis(time, variable.shape[at])
    subject = Signal(
        component,
        attr,
        tuple(dims[axis] for axis in order),
        tuple(variable.shape[axis] for axis in order),
        str(variable.dtype),
        str(variable.attrs.get("units", variable.attrs.get("unit", ""))),
        axis_of_time,
    )
    return variable, at, subject, times


def _named_axis(name: str, dims: list[str], wanted: int | str) -> int:
    if isinstance(wanted, str):
        if wanted not in dims:
            accepted = ", ".join(dims) or "none"
            raise SettingError(f"{name}: time_axis={wanted!r}: accepted is one of its dimensions: {accepted}")
        return dims.index(wanted)
    if not -len(dims) <= wanted < len(dims):
        raise SettingError(f"{name}: time_axis={wanted}: accepted is {-len(dims)} to {len(dims) - 1} ({dims})")
    return wanted % len(dims)


def _time_axis(time: xr.DataArray | None, length: int) -> tuple[Clock, xr.Variable | None]:
    """Return the time axis as far as it is known without reading, and the stored times if there are any."""
    if time is None:
        return Clock(length), None
    index = time.xindexes.get("time")
    unit = time_unit(time.attrs.get("units", "step"))
    if index is not None and hasattr(index, "step"):  # a step lasts as long whichever axis is time
        return Clock(length, float(index.start), float(index.step), unit), None
    if time.shape != (length,):
        return Clock(length), None
    return Clock(length, unit=unit), time.variable
