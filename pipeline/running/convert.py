"""The recipe: open → slice → render → write.

`convert` opens runs and plans them. `recipe.pieces` says, for one variable, what is done with each block, in the order
in which event files are written; an executor does it; `output.write_runs` appends what comes back. Memory follows the
block: there are never more finished blocks than the executor's window holds.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, overload

from pipeline.errors import ConversionError, Interrupted, SettingError
from pipeline.planning.config import parse_plots
from pipeline.planning.cost import seconds
from pipeline.planning.metrics import add_metrics
from pipeline.planning.plan import Plan, unmatched
from pipeline.planning.sources import Source, plan_sources
from pipeline.running.apart import name_apart
from pipeline.running.clocks import with_clock
from pipeline.running.executors.choose import executor
from pipeline.running.executors.cluster import WAIT_SECONDS
from pipeline.running.executors.graph import GraphBuilder
from pipeline.running.output import write_computed, write_runs
from pipeline.running.passes import pieces
from pipeline.running.progress import Progress
from pipeline.running.report import Report, RunReport
from pipeline.running.tasks import Failure, guarded
from pipeline.slicing.budget import Budget, machine_cores
from pipeline.units import SECONDS, Axes, Durations, quantity, size_in_bytes
from pipeline.writing.eventfiles import write_experiment
from pipeline.writing.lock import locked

if TYPE_CHECKING:
    from dask.delayed import Delayed

__all__ = ["convert"]

#: Seconds of work that repay the start of workers.
_WORTH_SECONDS = 6.0


@overload
def convert(
    source: Source | Sequence[Source],
    logdir: str | os.PathLike[str],
    plots: Any = None,
    *,
    dt: Durations = None,
    time_axis: Axes = None,
    follow_links: bool = False,
    compute: Literal[True] = True,
    workers: int | str | None = None,
    scheduler: str | None = None,
    memory: str | int | Budget | None = None,
    metrics: Sequence[str] = (),
    restart: bool = False,
    progress: Callable[[Progress], None] | None = None,
    began: Callable[[str], None] | None = None,
    wait: str | float = WAIT_SECONDS,
) -> Report: ...
@overload
def convert(
    source: Source | Sequence[Source],
    logdir: str | os.PathLike[str],
    plots: Any = None,
    *,
    dt: Durations = None,
    time_axis: Axes = None,
    follow_links: bool = False,
    compute: Literal[False],
    workers: int | str | None = None,
    scheduler: str | None = None,
    memory: str | int | Budget | None = None,
    metrics: Sequence[str] = (),
    restart: bool = False,
    progress: Callable[[Progress], None] | None = None,
    began: Callable[[str], None] | None = None,
    wait: str | float = WAIT_SECONDS,
) -> Delayed: ...
def convert(
    source: Source | Sequence[Source],
    logdir: str | os.PathLike[str],
    plots: Any = None,
    *,
    dt: Durations = None,
    time_axis: Axes = None,
    follow_links: bool = False,
    compute: bool = True,
    workers: int | str | None = None,
    scheduler: str | None = None,
    memory: str | int | Budget | None = None,
    metrics: Sequence[str] = (),
    restart: bool = False,
    progress: Callable[[Progress], None] | None = None,
    began: Callable[[str], None] | None = None,
    wait: str | float = WAIT_SECONDS,
) -> Report | Delayed:
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
    dt : str, float or mapping, optional
        Duration of a step, such as ``"0.1 ms"``; a plain number is in milliseconds. By name, as `open_run` takes it,
        where variables differ.
    time_axis : int, str or mapping, optional
        Which axis is time, of all variables or by name, where the file does not tell or tells otherwise.
    follow_links : bool
        Whether links in a file may lead out of the folder that was named, or that the file is in.
    compute : bool
        False returns a ``dask.delayed.Delayed`` that does the work when it is computed, by any scheduler, and gives
        the `Report`. Its results are held in memory until they are written.
    workers : int or "auto", optional
        So many local processes; ``"auto"``: one a core, where there is enough to do. They are started by spawning, so a
        script that asks for them needs ``if __name__ == "__main__":``.
    scheduler : str, optional
        The address of a running Dask scheduler whose workers see the same files. With neither, the active
        ``distributed.Client`` is used if there is one, else this process.
    memory : str, int or Budget, optional
        What all processes together may hold, such as ``"2GB"``: how large blocks are and how many are under way. By
        default some 450 MB a process, at most half of the machine's. A `Budget` says each of these by itself.
    metrics : sequence of str
        Tags of series whose last values are shown beside the hyperparameters, a column each; with ``@max``, ``@min``,
        ``@mean`` or ``@last`` at its end that of all points.
    restart : bool
        Do all anew, also what an earlier conversion completed for the same source, settings and version.
    progress : callable, optional
        Called with a `pipeline.running.progress.Progress` after each block.
    began : callable, optional
        Called with lines for people where workers are used: the dashboard, and that workers are waited for, which is
        printed where it is not given.
    wait : str or float
        How long to wait for a worker of a Dask client, such as ``"1 h"``, or a number of seconds.

    Returns
    -------
    Report or dask.delayed.Delayed

    Raises
    ------
    SettingError
        If a setting is not accepted; then nothing was written.
    OutputError
        If `logdir` cannot be written, or another conversion is writing to it.
    PipelineError
        If a Dask client has no worker in time, or its scheduler is lost; the same call goes on from there.
    KeyboardInterrupt
        With a word on how far it is; the same call goes on from there.
    ConversionError
        If a file or variable could not be converted. All others were; the error's ``report`` says what and why.

    Examples
    --------
    >>> from pipeline import convert, simulate
    >>> report = convert(simulate("network", steps=200), "tb", [{"voltage": {"kind": "trace", "format": "scalar"}}])
    >>> report.runs[0].written
    ('100 series of 2 traces',)
    """
    asked = None if plots is None else parse_plots(plots)
    plans, failed = plan_sources(source, asked, dt, time_axis, follow_links)
    if asked is not None and plans:
        failed += unmatched(plans, asked)
    logdir = Path(logdir)
    name_apart(plans, logdir)
    add_metrics(metrics, plans)
    memory = size_in_bytes(memory) if isinstance(memory, str | int) else memory
    if not compute:
        return _graph(plans, logdir, tuple(failed), metrics, memory)
    began_at = time.monotonic()
    try:
        with locked(logdir), executor(_workers(workers, plans), scheduler, began, _seconds(wait)) as where:
            budget = _within(plans, memory, where.workers)
            reports = write_runs(plans, logdir, where, progress, under_way=budget.under_way, restart=restart)
    except KeyboardInterrupt as stop:
        raise stop if isinstance(stop, Interrupted) else Interrupted() from None
    report = replace(_finish(str(logdir), reports, tuple(failed), metrics), seconds=time.monotonic() - began_at)
    if report.problems:
        raise ConversionError(report)
    return report


def _seconds(wait: str | float) -> float:
    """Return how long to wait, in seconds."""
    if not isinstance(wait, str):
        return float(wait)
    found = quantity(wait)
    if found is None or found[0] < 0 or not wait.strip()[-1].isalpha():
        raise SettingError(f"wait={wait!r}: accepted is a duration such as '10 min' or '1 h'")
    return found[0] * SECONDS[found[1]]


def _workers(workers: int | str | None, plans: Sequence[Plan]) -> int | None:
    """Return how many local processes are asked for; of ``auto`` one a core, or None where starting them is slower."""
    if not isinstance(workers, str):
        return workers
    if workers != "auto":
        raise SettingError(f"workers={workers!r}: accepted is a whole number of at least 1, or 'auto'")
    cores = machine_cores()
    return cores if cores > 1 and seconds([job for plan in plans for job in plan.jobs]) > _WORTH_SECONDS else None


def _within(plans: Sequence[Plan], memory: int | Budget | None, workers: int) -> Budget:
    """Fit plans to the memory that there is, and return the budget."""
    budget = replace(memory, workers=workers) if isinstance(memory, Budget) else Budget.of(memory, workers)
    for plan in plans:
        plan.jobs = [job.within(budget) for job in plan.jobs]
    return budget


def _graph(
    plans: Sequence[Plan],
    logdir: Path,
    failed: tuple[str, ...],
    metrics: Sequence[str],
    memory: int | Budget | None,
) -> Any:
    """Return the whole conversion as one delayed report."""
    graph = GraphBuilder()
    _within(plans, memory, graph.workers)
    runs = []
    for plan in plans:
        timed = [guarded(with_clock, job) for job in plan.jobs]
        plan.jobs = [job if isinstance(read, Failure) else read for job, read in zip(plan.jobs, timed, strict=True)]
        results = [
            [read] if isinstance(read, Failure) else [piece.handle for piece in pieces(read, graph)] for read in timed
        ]
        runs.append(graph.submit(partial(write_computed, plan, logdir / plan.name), results))  # Dask looks not into it
    return graph.submit(_finish, str(logdir), runs, failed, metrics)


def _finish(logdir: str, runs: Sequence[RunReport], failed: tuple[str, ...], metrics: Sequence[str]) -> Report:
    write_experiment(Path(logdir), list(metrics))
    return Report(logdir, tuple(runs), failed)
