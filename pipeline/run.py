"""The recipe: open → slice → render → write.

`convert` opens runs and plans them. `pieces` says, for one variable, what is done with each block, in the order in
which event files are written; an executor does it; `write_run` appends what comes back. Memory follows the block:
there are never more finished blocks than the executor's window holds.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import xarray as xr

from pipeline.errors import ConversionError, PipelineError, SettingError
from pipeline.executors import Executor, GraphBuilder, executor, in_order
from pipeline.jobs import Drawing, Job
from pipeline.opening import open_run
from pipeline.plan import Plan, Plots, parse_plots, plan_run
from pipeline.tasks import Failure, draw_merged, first_pass, guarded, merge, partial_of, second_pass, without_partials
from pipeline.writing.eventfiles import EventFiles, write_experiment

__all__ = ["Report", "RunReport", "convert", "pieces", "plan_sources", "unmatched", "work", "write_pieces", "write_run"]

Source = str | os.PathLike[str] | xr.DataTree
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class RunReport:
    """What was written of one run: bytes by event file, and a line for each problem."""

    name: str
    directory: str
    files: dict[str, int] = field(default_factory=dict)
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


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
    progress: Progress | None = None,
) -> Any:
    """Convert HDF5 runs to TensorBoard event files, each run to a directory of its name in `logdir`.

    Parameters
    ----------
    source : path, opened run, or sequence of them
        A path is a file, a folder of files, or a run folder with them in a subfolder.
    logdir : path
        What an earlier conversion wrote for a run of the same name is replaced.
    plots : list of {name: settings}, optional
        As the YAML holds it: ``[{"weights": {"kind": "heatmap", "step": 100}}]``. None: chosen automatically.
    dt : str or float, optional
        Duration of a step, such as ``"0.1 ms"``; a plain number is in milliseconds.
    compute : bool
        False returns a ``dask.delayed.Delayed`` that does the work when it is computed, by any scheduler, and gives
        the `Report`. Its results are held in memory until they are written.
    workers, scheduler : optional
        Where to run, see `pipeline.executors.executor`.
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
        If `logdir` cannot be written.
    ConversionError
        If a file or variable could not be converted. All others were; the error's ``report`` says what and why.
    """
    asked = None if plots is None else parse_plots(plots)
    plans, failed = plan_sources(source, asked, dt)
    if asked is not None and plans:
        failed += unmatched(plans, asked)
    logdir = Path(logdir)
    if not compute:
        graph = GraphBuilder()
        runs = []
        for plan in plans:
            parts = [(job.name, [h for h in pieces(job, graph.submit)]) for job in map(Job.read_times, plan.jobs)]
            runs.append(graph.submit(_write_computed, replace(plan, jobs=[]), logdir / plan.name, parts))
        return graph.submit(_finish, str(logdir), runs, tuple(failed))
    with executor(workers, scheduler) as where:
        reports = [write_run(plan, logdir / plan.name, where, progress) for plan in plans]
    report = _finish(str(logdir), reports, tuple(failed))
    if report.problems:
        raise ConversionError(report)
    return report


def plan_sources(
    source: Source | Sequence[Source], plots: Plots | None = None, dt: str | float | None = None
) -> tuple[list[Plan], list[str]]:
    """Open and plan all sources; return the plans, and a line for each file or source that cannot be opened."""
    sources = [source] if isinstance(source, str | os.PathLike | xr.DataTree) else list(source)
    failed: list[str] = []
    plans: list[Plan] = []
    for item, name in zip(sources, _run_names(sources), strict=True):
        try:
            run = (
                item
                if isinstance(item, xr.DataTree)
                else open_run(item, dt=dt, on_error=lambda e: failed.append(str(e)))
            )
        except SettingError:
            raise
        except PipelineError as error:
            failed.append(str(error))
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
        names = ["/".join(p[-depth:]) if names.count(name) > 1 else name for p, name in zip(parts, names, strict=True)]
    seen: dict[str, int] = {}
    for at, name in enumerate(names):
        seen[name] = seen.get(name, 0) + 1
        if seen[name] > 1:
            names[at] = f"{name}-{seen[name]}"
    return names


def unmatched(plans: Sequence[Plan], plots: Plots) -> list[str]:
    """Return a line for each name that no run holds."""
    everywhere = Plan(
        ", ".join(plan.name for plan in plans[:3]) + (" …" if len(plans) > 3 else ""),
        matched=set().union(*(plan.matched for plan in plans)),
        known=set().union(*(plan.known for plan in plans)),
    )
    return everywhere.unmatched(plots)


def pieces(job: Job, submit: Callable[..., Any]) -> Iterator[Any]:
    """Yield handles of what is done for one variable, in the order in which it is written.

    First pass: each block is read once, for all plots. What is summarised is merged as a tree. Second pass: blocks that
    are drawn with the merged summary are read again.
    """
    do = partial(submit, guarded)
    trees = {drawing: _Tree(partial(do, merge, drawing)) for drawing in job.summarised}

    def draw(drawing: Drawing) -> Any:
        return do(draw_merged, drawing, trees[drawing].take())

    for block in job.first_blocks():
        outcome = do(first_pass, job.at(block), job.summarised, job.drawn_at_once)
        for index, tree in enumerate(trees.values()):
            tree.add(do(partial_of, outcome, index))
        yield do(without_partials, outcome) if trees else outcome
        if job.segment and (block.stop % job.segment == 0 or block.stop == job.length):
            yield from map(draw, job.windowed)
    merged = [trees[drawing].take() for drawing in job.drawn_again]
    for block in job.second_blocks():
        yield do(second_pass, job.at(block), job.drawn_again, *merged)
    yield from map(draw, (d for d in job.summarised if d not in job.windowed and d not in job.drawn_again))


class _Tree:
    """Merges what is added, in order, as a balanced tree, holding only one partial a level."""

    def __init__(self, merge: Callable[[Any, Any], Any]) -> None:
        self.merge = merge
        self.levels: list[tuple[int, Any]] = []

    def add(self, item: Any) -> None:
        level = 0
        while self.levels and self.levels[-1][0] == level:
            item = self.merge(self.levels.pop()[1], item)
            level += 1
        self.levels.append((level, item))

    def take(self) -> Any:
        """Return what was merged, and begin anew."""
        _, merged = self.levels.pop()
        while self.levels:
            merged = self.merge(self.levels.pop()[1], merged)
        return merged


def write_run(plan: Plan, run_dir: Path, where: Executor, progress: Progress | None = None) -> RunReport:
    """Do the work of a plan and write its event files; a variable that fails does not stop the others."""
    with EventFiles(run_dir) as files:
        files.start_afresh()
        return _write_all(plan, files, work(plan, where), progress)


def _write_all(
    plan: Plan, files: EventFiles, results: Iterable[tuple[str, Any]], progress: Progress | None = None
) -> RunReport:
    """Write a run's event files, hyperparameters last, since they are one record a run."""
    hparams = dict(plan.hparams)
    report = write_pieces(plan, files, results, progress, hparams=hparams)
    if hparams:
        files.write_hparams(hparams, plan.name)
    return replace(report, files=dict(files.written))


def work(plan: Plan, where: Executor) -> Iterator[tuple[str, Any]]:
    """Yield (variable, outcome or failure) for all that a plan asks for, in the order in which it is written."""

    def handles() -> Iterator[tuple[str, Any]]:
        for planned in plan.jobs:
            job = guarded(planned.read_times)
            if isinstance(job, Failure):
                yield planned.name, where.submit(guarded, without_partials, job)
                continue
            for handle in pieces(job, where.submit):
                yield job.name, handle
                del handle

    return in_order(where, handles())


def write_pieces(
    plan: Plan,
    files: EventFiles,
    results: Iterable[tuple[str, Any]],
    progress: Progress | None = None,
    *,
    hparams: dict[str, bool | float | str],
) -> RunReport:
    """Append results, (variable, outcome or failure), to event files in order; add to `hparams` what they hold."""
    failures: dict[str, str] = {}
    total = sum(len(job.first_blocks()) + len(job.second_blocks()) + len(job.drawings) for job in plan.jobs)
    for done, (name, result) in enumerate(results):
        if progress:
            progress(plan.name, min(done, total), total)
        if isinstance(result, Failure):
            failures.setdefault(name, f"{name}: {result.message}")
        elif name not in failures:
            for kind, records in result.events:
                files.append(kind, records)
            hparams.update(result.hparams)
    if progress:
        progress(plan.name, total, total)
    problems = (*plan.problems, *failures.values())
    return RunReport(plan.name, str(files.run_dir), dict(files.written), problems, tuple(plan.notes))


def _write_computed(plan: Plan, run_dir: Path, parts: Sequence[tuple[str, Sequence[Any]]]) -> RunReport:
    with EventFiles(run_dir) as files:
        files.start_afresh()
        return _write_all(plan, files, ((name, result) for name, results in parts for result in results))


def _finish(logdir: str, runs: Sequence[RunReport], failed: tuple[str, ...]) -> Report:
    write_experiment(Path(logdir))
    return Report(logdir, tuple(runs), failed)
