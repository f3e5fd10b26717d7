"""The recipe: open → slice → render → write.

`convert` opens runs and plans them. `recipe.pieces` says, for one variable, what is done with each block, in the order
in which event files are written; an executor does it; `output.write_run` appends what comes back. Memory follows the
block: there are never more finished blocks than the executor's window holds.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import xarray as xr

from pipeline.errors import ConversionError, PipelineError, SettingError
from pipeline.executors import GraphBuilder, executor
from pipeline.opening import open_run
from pipeline.output import RunReport, write_computed, write_run
from pipeline.planning import Plan, Plots, parse_plots, plan_run
from pipeline.recipe import pieces
from pipeline.tasks import Failure, guarded
from pipeline.writing.eventfiles import locked, write_experiment

__all__ = ["Report", "RunReport", "convert", "plan_sources", "unmatched"]

Source = str | os.PathLike[str] | xr.DataTree
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Report:
    """What a conversion wrote."""

    logdir: str
    runs: tuple[RunReport, ...]
    failed: tuple[str, ...] = ()

    @property
    def problems(self) -> tuple[str, ...]:
        """All problems, a line each."""
        return (*self.failed, *(line for run in self.runs for line in run.problems))


def convert(
    source: Source | Sequence[Source],
    logdir: str | os.PathLike[str],
    plots: Any = None,
    *,
    dt: str | float | None = None,
    compute: bool = True,
    workers: int | None = None,
    scheduler: str | None = None,
    restart: bool = False,
    progress: Progress | None = None,
) -> Any:
    """Convert HDF5 runs to TensorBoard event files, each run to a directory of its name in `logdir`.

    Parameters
    ----------
    source : path, opened run, or sequence of them
        A path is a file, a folder of files, or a run folder with them in a subfolder.
    logdir : path
        What is complete in it for the same source, settings and version is kept; the rest is replaced. A conversion
        that was interrupted goes on where it stopped.
    plots : list of {name: settings}, optional
        As the YAML holds it: ``[{"weights": {"kind": "heatmap", "step": 100}}]``. None: chosen automatically.
    dt : str or float, optional
        Duration of a step, such as ``"0.1 ms"``; a plain number is in milliseconds.
    compute : bool
        False returns a ``dask.delayed.Delayed`` that does the work when it is computed, by any scheduler, and gives
        the `Report`. Its results are held in memory until they are written.
    workers, scheduler : optional
        Where to run, see `pipeline.executors.executor`.
    restart : bool
        Do all anew, also what an earlier conversion completed for the same source, settings and version.
    progress : callable, optional
        Called with (run name, blocks done, blocks in all).

    Returns
    -------
    Report or dask.delayed.Delayed

    Raises
    ------
    SettingError
        If a setting is not accepted; then nothing was written.
    OutputError
        If `logdir` cannot be written, or another conversion is writing to it.
    ConversionError
        If a file or variable could not be converted. All others were; the error's ``report`` says what and why.
    """
    asked = None if plots is None else parse_plots(plots)
    plans, failed = plan_sources(source, asked, dt)
    if asked is not None and plans:
        failed += unmatched(plans, asked)
    logdir = Path(logdir)
    if not compute:
        return _graph(plans, logdir, tuple(failed))
    with locked(logdir), executor(workers, scheduler) as where:
        reports = [write_run(plan, logdir / plan.name, where, progress, restart=restart) for plan in plans]
    report = _finish(str(logdir), reports, tuple(failed))
    if report.problems:
        raise ConversionError(report)
    return report


def _graph(plans: Sequence[Plan], logdir: Path, failed: tuple[str, ...]) -> Any:
    """Return the whole conversion as one delayed report."""
    graph = GraphBuilder()
    runs = []
    for plan in plans:
        timed = [guarded(job.read_times) for job in plan.jobs]
        plan.jobs = [job if isinstance(read, Failure) else read for job, read in zip(plan.jobs, timed, strict=True)]
        results = [
            [read] if isinstance(read, Failure) else [handle for handle, _ in pieces(read, graph.submit)]
            for read in timed
        ]
        runs.append(graph.submit(partial(write_computed, plan, logdir / plan.name), results))  # Dask looks not into it
    return graph.submit(_finish, str(logdir), runs, failed)


def plan_sources(
    source: Source | Sequence[Source], plots: Plots | None = None, dt: str | float | None = None
) -> tuple[list[Plan], list[str]]:
    """Open and plan all sources; return the plans, and a line for each file or source that cannot be opened."""
    sources = [source] if isinstance(source, str | os.PathLike | xr.DataTree) else list(source)
    failed: list[str] = []
    plans: list[Plan] = []
    for item, name in zip(sources, _run_names(sources), strict=True):
        if isinstance(item, xr.DataTree):
            run = item
        else:
            try:
                run = open_run(item, dt=dt, on_error=lambda e: failed.append(str(e)))
            except SettingError:
                raise
            except PipelineError as error:
                failed.append(str(error))
                continue
            if not run.children:  # no file of it could be opened
                continue
        plans.append(replace(plan_run(run, plots), name=name))
    return plans, failed


def _run_names(sources: Sequence[Source]) -> list[str]:
    """Return a name a run: its folder's or file's, with as many parents as it takes to tell them apart."""
    parts: list[tuple[str, ...]] = []
    for item in sources:
        if isinstance(item, xr.DataTree):
            parts.append((item.name or "run",))
        else:
            path = Path(item).resolve()
            parts.append((*path.parts[1:-1], path.name if path.is_dir() else path.stem))
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


def unmatched(plans: Sequence[Plan], plots: Plots) -> list[str]:
    """Return a line for each name that no run holds."""
    everywhere = Plan(
        ", ".join(plan.name for plan in plans[:3]) + (" …" if len(plans) > 3 else ""),
        matched=set().union(*(plan.matched for plan in plans)),
        known=set().union(*(plan.known for plan in plans)),
    )
    return everywhere.unmatched(plots)


def _finish(logdir: str, runs: Sequence[RunReport], failed: tuple[str, ...]) -> Report:
    write_experiment(Path(logdir))
    return Report(logdir, tuple(runs), failed)
