"""The recipe: open → slice → render → write.

`convert` opens runs and plans them. `recipe.pieces` says, for one variable, what is done with each block, in the order
in which event files are written; an executor does it; `output.write_runs` appends what comes back. Memory follows the
block: there are never more finished blocks than the executor's window holds.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import xarray as xr

from pipeline.errors import ConversionError, PipelineError, SettingError, nearest
from pipeline.opening import open_run
from pipeline.planning.plan import Plan, Plots, parse_plots, plan_run
from pipeline.running.executors import GraphBuilder, executor
from pipeline.running.output import write_computed, write_runs
from pipeline.running.passes import pieces, step_sizes
from pipeline.running.progress import Progress
from pipeline.running.report import Report, RunReport
from pipeline.running.tasks import Failure, guarded
from pipeline.slicing.budget import Budget
from pipeline.units import size_in_bytes
from pipeline.writing.event_files import locked, write_experiment

__all__ = ["convert", "plan_sources", "unmatched"]

Source = str | os.PathLike[str] | xr.DataTree

#: What this process does in a second, about: bytes of values read, pictures drawn; and how much to do repays workers.
_READ_A_SECOND, _DRAWN_A_SECOND, _WORTH_SECONDS = 2e8, 600, 6.0


def convert(
    source: Source | Sequence[Source],
    logdir: str | os.PathLike[str],
    plots: Any = None,
    *,
    dt: str | float | None = None,
    compute: bool = True,
    workers: int | str | None = None,
    scheduler: str | None = None,
    memory: str | int | None = None,
    metrics: Sequence[str] = (),
    restart: bool = False,
    progress: Callable[[Progress], None] | None = None,
    began: Callable[[str], None] = lambda line: None,
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
    workers : int or "auto", optional
        So many local processes; ``"auto"``: one a core, where there is enough to do. They are started by spawning, so a
        script that asks for them needs ``if __name__ == "__main__":``.
    scheduler : str, optional
        The address of a running Dask scheduler whose workers see the same files. With neither, the active
        ``distributed.Client`` is used if there is one, else this process.
    memory : str or int, optional
        What all processes together may hold, such as ``"2GB"``: how large blocks are and how many are under way. By
        default some 450 MB a process, at most half of the machine's.
    metrics : sequence of str
        Tags of series whose last values are shown beside the hyperparameters, a column each.
    restart : bool
        Do all anew, also what an earlier conversion completed for the same source, settings and version.
    progress : callable, optional
        Called with a `pipeline.running.progress.Progress` after each block.
    began : callable, optional
        Called with lines for people where workers are used: the dashboard, and that workers are waited for.

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
    _check_metrics(metrics, plans)
    size = None if memory is None else size_in_bytes(memory)
    if not compute:
        return _graph(plans, logdir, tuple(failed), metrics)
    if isinstance(workers, str):
        workers = _worth(workers, plans)
    with locked(logdir), executor(workers, scheduler, began) as where:
        budget = Budget.of(size, where.workers)
        for plan in plans:
            plan.jobs = [job.within(budget) for job in plan.jobs]
        reports = write_runs(plans, logdir, where, progress, under_way=budget.under_way, restart=restart)
    report = _finish(str(logdir), reports, tuple(failed), metrics)
    if report.problems:
        raise ConversionError(report)
    return report


def _check_metrics(metrics: Sequence[str], plans: Sequence[Plan]) -> None:
    """Refuse a metric that no run has a series of."""
    series = {
        tag
        for plan in plans
        for job in plan.jobs
        for drawing in job.drawings
        if drawing.kind.format == "scalar"
        for tag in drawing.kind.tags(drawing.subject)
    }
    for tag in metrics:
        if tag not in series:
            some = ", ".join(sorted(series)[:3]) or "none"
            raise SettingError(f"metric '{tag}': accepted is the tag of a series ({some} …){nearest(tag, series)}")


def _worth(workers: str, plans: Sequence[Plan]) -> int | None:
    """Return one worker a core; None where starting them takes longer than they save."""
    if workers != "auto":
        raise SettingError(f"workers={workers!r}: accepted is a whole number of at least 1, or 'auto'")
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    jobs = [job for plan in plans for job in plan.jobs]
    read = sum(sum(step_sizes(job)) for job in jobs)
    drawings = [drawing for job in jobs for drawing in job.drawings if drawing.kind.format == "image"]
    pictures = sum(drawing.kind.estimate(drawing.subject).count for drawing in drawings)
    seconds = read / _READ_A_SECOND + pictures / _DRAWN_A_SECOND
    return cores if cores > 1 and seconds > _WORTH_SECONDS else None


def _graph(plans: Sequence[Plan], logdir: Path, failed: tuple[str, ...], metrics: Sequence[str]) -> Any:
    """Return the whole conversion as one delayed report."""
    graph = GraphBuilder()
    runs = []
    for plan in plans:
        timed = [guarded(job.read_times) for job in plan.jobs]
        plan.jobs = [job if isinstance(read, Failure) else read for job, read in zip(plan.jobs, timed, strict=True)]
        results = [
            [read] if isinstance(read, Failure) else [piece.handle for piece in pieces(read, graph)] for read in timed
        ]
        runs.append(graph.submit(partial(write_computed, plan, logdir / plan.name), results))  # Dask looks not into it
    return graph.submit(_finish, str(logdir), runs, failed, metrics)


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


def _finish(logdir: str, runs: Sequence[RunReport], failed: tuple[str, ...], metrics: Sequence[str]) -> Report:
    write_experiment(Path(logdir), list(metrics))
    return Report(logdir, tuple(runs), failed)
