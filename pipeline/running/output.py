"""The writer's side of a conversion: results come in order, and event files grow."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from operator import attrgetter
from pathlib import Path
from typing import Any

from pipeline.errors import Interrupted
from pipeline.planning.plan import Plan
from pipeline.running.executors.in_process import InProcess
from pipeline.running.executors.protocol import Executor
from pipeline.running.executors.window import in_order
from pipeline.running.passes import Piece, ResumePoint
from pipeline.running.progress import Progress, Tally
from pipeline.running.report import RunReport
from pipeline.running.run_output import RunOutput
from pipeline.writing.eventfiles import EventFiles

__all__ = ["write_computed", "write_runs"]


@dataclass(frozen=True)
class _Label:
    """The place of a result: the number of its run and variable, and its piece without the handle."""

    run: int
    index: int
    piece: Piece


def write_runs(
    plans: Sequence[Plan],
    logdir: Path,
    where: Executor,
    progress: Callable[[Progress], None] | None = None,
    *,
    under_way: int = 0,
    restart: bool = False,
) -> list[RunReport]:
    """Do the work of plans and write their event files. A variable that fails writes nothing and stops no other.

    The work of one run begins while that of the one before is being finished, so that many small runs keep all workers
    busy; but only the files of one are open.

    Parameters
    ----------
    plans : sequence of Plan
    logdir : Path
        A run's directory has its name in here. What is complete in it, by its journal and for the same source, settings
        and version, is reused.
    where : Executor
    progress : callable, optional
        Called with a `Progress` after each block.
    under_way : int
        Bytes of values in the blocks that are under way, for each worker, above which no other is begun; 0 for any.
    restart : bool
        Do all of it anew.

    Raises
    ------
    Interrupted
        By Ctrl-C; what is done by then is kept.
    """
    runs = _Runs(plans, logdir, where, progress, restart)
    try:
        weigh, fetched = attrgetter("piece.size"), attrgetter("piece.writes")
        for label, result in in_order(where, runs.begin(), most=under_way, weigh=weigh, fetched=fetched):
            runs.take(label, result)
        runs.finish(len(plans))
    except KeyboardInterrupt:
        runs.mark()
        raise Interrupted(runs.part) from None
    finally:
        runs.close()
    runs.tell_the_end()
    return runs.reports


class _Runs:
    """The runs that are written, one after the other."""

    def __init__(
        self,
        plans: Sequence[Plan],
        logdir: Path,
        where: Executor,
        progress: Callable[[Progress], None] | None,
        restart: bool,
    ) -> None:
        self.plans, self.logdir, self.where, self.progress, self.restart = plans, logdir, where, progress, restart
        self.tally = Tally([[job.sizes for job in plan.jobs] for plan in plans])
        self.outputs: dict[int, RunOutput] = {}
        self.reports: list[RunReport] = []
        self.part = 0.0

    def begin(self) -> Iterator[tuple[_Label, Any]]:
        """Yield the pieces of all runs as they are begun."""
        for number, plan in enumerate(self.plans):
            files = EventFiles(self.logdir / plan.name)
            self.outputs[number] = RunOutput(plan, files, self.where, restart=self.restart)
            for index, piece in self.outputs[number].handles():
                handle, piece = piece.handle, replace(piece, handle=None)
                yield _Label(number, index, piece), handle
                del handle

    def take(self, label: _Label, result: Any) -> None:
        """Write a result, and finish the runs before it."""
        self.finish(label.run)
        piece = label.piece
        self.outputs[label.run].take(label.index, piece, result)
        if piece.reached:
            self._tell(label.run, label.index + max(0, piece.variables - 1), piece.reached.done)

    def finish(self, past: int) -> None:
        """Finish the runs before a number."""
        for number in range(len(self.reports), past):
            self.reports.append(self.outputs.pop(number).finish())

    def mark(self) -> None:
        """Note how far the runs are, where that can still be found out."""
        if self.where.outlasts_interrupts:
            for output in self.outputs.values():
                output.mark()

    def close(self) -> None:
        """Close all files."""
        for output in self.outputs.values():
            output.files.close()

    def tell_the_end(self) -> None:
        """Say that all is done."""
        last = max((number for number, plan in enumerate(self.plans) if plan.jobs), default=None)
        if last is not None:
            jobs = self.plans[last].jobs
            self._tell(last, len(jobs) - 1, len(jobs[-1].sizes))

    def _tell(self, run: int, index: int, done: int) -> None:
        jobs = self.plans[run].jobs
        names = (self.plans[run].name, jobs[index].name) if index < len(jobs) else ("", "")
        reached = self.tally.reach(names, run, index, done)
        self.part = reached.part
        if self.progress:
            self.progress(reached)


def write_computed(plan: Plan, run_dir: Path, results: Sequence[Sequence[Any]]) -> RunReport:
    """Write results that are there already, a sequence a job, afresh."""
    output = RunOutput(plan, EventFiles(run_dir), InProcess(), restart=True)
    with output.files:
        for index, outcomes in enumerate(results):
            for number, outcome in enumerate(outcomes, start=1):
                reached = ResumePoint(output.counts[index]) if number == len(outcomes) else None
                output.take(index, Piece(None, reached), outcome)
        return output.finish()
