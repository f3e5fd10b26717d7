"""The recipe: open → slice → render → write.

`convert` opens runs and plans them. `pieces` says, for one variable, what is done with each block, in the order in
which event files are written; an executor does it; `write_run` appends what comes back. Memory follows the block:
there are never more finished blocks than the executor's window holds.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from pipeline.errors import ConversionError, PipelineError, SettingError
from pipeline.executors import Executor, GraphBuilder, executor, in_order
from pipeline.opening import open_run
from pipeline.plan import Drawing, Job, Plan, Plots, parse_plots, plan_run
from pipeline.records import Hparams, Record
from pipeline.rendering import TimeAxis, TimeBlock
from pipeline.slicing import BLOCK_BYTES, Block, blocks
from pipeline.writing import encode, file_kind
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


# What a worker does ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Slice:
    """A block of a variable, not yet read: all that a worker needs to read it."""

    variable: xr.Variable
    axis: int
    block: Block
    time: TimeAxis | None
    times: xr.Variable | None

    def read(self) -> TimeBlock:
        """Read the block, time first."""
        values = np.moveaxis(_load(self.variable), self.axis, 0) if self.variable.ndim else _load(self.variable)[None]
        steps = self.block.steps
        if self.times is not None:
            wall_times = self.times.to_numpy()
        else:
            wall_times = (self.time or TimeAxis(1, step=0.0)).seconds(steps.astype(np.float64))
        return TimeBlock(values, steps, wall_times)


def _load(variable: xr.Variable) -> Any:
    if variable.chunks is None:
        return variable.to_numpy()
    import dask

    with dask.config.set(scheduler="synchronous"):  # a task does not wait for other tasks
        return variable.to_numpy()


@dataclass(frozen=True)
class Outcome:
    """What a task gives back: framed events by file, hyperparameters, and partials still to be merged."""

    events: tuple[tuple[str, bytes | bytearray], ...] = ()
    hparams: dict[str, bool | float | str] = field(default_factory=dict)
    partials: tuple[Any, ...] = ()


@dataclass(frozen=True)
class Failure:
    """What a task gives back when it cannot do its work; all that depends on it becomes the same."""

    message: str


def guarded(function: Callable[..., Any], *args: Any) -> Any:
    """Run `function`, turning an error in the data into a `Failure`, and passing one on."""
    for arg in args:
        if isinstance(arg, Failure):
            return arg
    try:
        return function(*args)
    except PipelineError as error:
        return Failure(str(error))
    except Exception as error:
        return Failure(f"{type(error).__name__}: {error}")


def first_pass(part: Slice, summarised: Sequence[Drawing], drawn: Sequence[Drawing]) -> Outcome:
    """Read a block once; summarise it for some plots, draw it for others."""
    data = part.read()
    partials = tuple(_summary(drawing, data) for drawing in summarised)
    return replace(_encoded(r for d in drawn for r in _render(d, data, None)), partials=partials)


def _summary(drawing: Drawing, data: TimeBlock) -> Any:
    block = data.every(drawing.kind.summary_step or 1)
    return drawing.kind.summarise(drawing.subject, block) if len(block.steps) else None


def second_pass(part: Slice, drawings: Sequence[Drawing], *merged: Any) -> Outcome:
    """Read a block again and draw it, now that all of it was summarised."""
    data = part.read()
    return _encoded(r for drawing, found in zip(drawings, merged, strict=True) for r in _render(drawing, data, found))


def _render(drawing: Drawing, data: TimeBlock, merged: Any) -> Iterator[Record]:
    block = data.every(drawing.kind.render_step or 1)
    return drawing.kind.render(drawing.subject, block, merged) if len(block.steps) else iter(())


def draw_merged(drawing: Drawing, merged: Any) -> Outcome:
    """Draw a plot from what was merged."""
    return _encoded(drawing.kind.render(drawing.subject, None, merged))


def _encoded(records: Iterable[Record]) -> Outcome:
    events: dict[str, bytearray] = {}
    hparams: dict[str, bool | float | str] = {}
    for record in records:
        if isinstance(record, Hparams):
            hparams |= record.values
        else:
            events.setdefault(file_kind(record), bytearray()).extend(encode(record))
    return Outcome(tuple(events.items()), hparams)


def _merge(drawing: Drawing, a: Any, b: Any) -> Any:
    if a is None or b is None:
        return b if a is None else a
    return drawing.kind.merge(a, b)


def _partial(outcome: Outcome, index: int) -> Any:
    return outcome.partials[index]


def _without_partials(outcome: Outcome) -> Outcome:
    return replace(outcome, partials=())


# The order of the work ------------------------------------------------------------------------------------------------


def pieces(job: Job, submit: Callable[..., Any]) -> Iterator[Any]:
    """Yield handles of what is done for one variable, in the order in which it is written.

    First pass: each block is read once, for all plots. What is summarised is merged as a tree. Second pass: blocks that
    are drawn with the merged summary are read again.
    """
    do = partial(submit, guarded)
    summarised = [d for d in job.drawings if d.kind.summary_step is not None]
    drawn = [d for d in job.drawings if d.kind.summary_step is None]
    windowed = [d for d in summarised if d.kind.window_steps(d.subject) is not None]
    trees = [_Tree(partial(do, _merge, drawing)) for drawing in summarised]

    def draw(drawing: Drawing) -> Any:
        return do(draw_merged, drawing, trees[summarised.index(drawing)].take())

    segment = _segment(job, windowed)
    for block in first_blocks(job):
        outcome = do(first_pass, slice_of(job, block), summarised, drawn)
        for index, tree in enumerate(trees):
            tree.add(do(_partial, outcome, index))
        yield do(_without_partials, outcome) if trees else outcome
        if windowed and segment and (block.stop % segment == 0 or block.stop == job.length):
            yield from map(draw, windowed)
    again = [d for d in summarised if d.kind.render_step is not None]
    merged = [trees[summarised.index(drawing)].take() for drawing in again]
    for block in second_blocks(job):
        yield do(second_pass, slice_of(job, block), again, *merged)
    for drawing in summarised:
        if drawing not in windowed and drawing not in again:
            yield draw(drawing)


def first_blocks(job: Job) -> list[Block]:
    """Return the blocks of the first pass."""
    wanted = [d.kind.summary_step or d.kind.render_step or 1 for d in job.drawings]
    drawn = [d for d in job.drawings if d.kind.summary_step is None]
    windowed = [d for d in job.drawings if d.kind.window_steps(d.subject) is not None]
    return _cut(job, math.gcd(*wanted), drawn, _segment(job, windowed))


def second_blocks(job: Job) -> list[Block]:
    """Return the blocks of the second pass; there may be none."""
    again = [d for d in job.drawings if d.kind.summary_step is not None and d.kind.render_step is not None]
    return _cut(job, math.gcd(*(d.kind.render_step or 1 for d in again)), again, None) if again else []


def _cut(job: Job, step: int, drawn: Sequence[Drawing], segment: int | None) -> list[Block]:
    variable = job.variable
    row = max(1, math.prod(variable.shape) // max(1, job.length) * variable.dtype.itemsize)
    most = [d.kind.steps_a_task for d in drawn if d.kind.steps_a_task]
    return blocks(job.length, step=step, chunk=_chunk(job), kept=min([BLOCK_BYTES // row, *most]), segment=segment)


def _chunk(job: Job) -> int:
    """Return the steps in a storage chunk."""
    if job.variable.chunks is not None:
        return int(job.variable.chunks[job.axis][0])
    sizes = job.variable.encoding.get("chunksizes")
    return int(sizes[job.axis]) if sizes and len(sizes) == job.variable.ndim else 1


def _segment(job: Job, windowed: Sequence[Drawing]) -> int | None:
    """Return after how many steps windows are drawn: whole windows and whole chunks, unless that takes far too long."""
    if not windowed:
        return None
    window = math.lcm(*(d.kind.window_steps(d.subject) or 1 for d in windowed))
    chunk = _chunk(job)
    row = max(1, math.prod(job.variable.shape) // max(1, job.length) * job.variable.dtype.itemsize)
    whole = math.lcm(window, chunk)
    if whole * row > 64 * BLOCK_BYTES:
        whole = window
    return int(whole * max(1, BLOCK_BYTES // (row * whole)))


def slice_of(job: Job, block: Block) -> Slice:
    """Return a block of a variable, unread."""
    variable = job.variable
    if variable.ndim:
        variable = variable.isel({variable.dims[job.axis]: block.slice})
    times = None if job.times is None else job.times.isel(time=block.slice)
    return Slice(variable, job.axis, block, job.drawings[0].subject.time, times)


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


# Writing --------------------------------------------------------------------------------------------------------------


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
                yield planned.name, where.submit(guarded, _without_partials, job)
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
    total = sum(len(first_blocks(job)) + len(second_blocks(job)) + len(job.drawings) for job in plan.jobs)
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
