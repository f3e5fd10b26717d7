"""The passes over one variable, block by block, in the order in which it is written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from pipeline.planning.job import Job
from pipeline.rendering.drawing import Drawing
from pipeline.running.clocks import with_clock
from pipeline.running.executors.in_process import InProcess
from pipeline.running.executors.protocol import Executor
from pipeline.running.merge_tree import Level, MergeTree
from pipeline.running.tasks import (
    Failure,
    Outcome,
    draw_summary,
    first_pass,
    guarded,
    joined,
    merge_partials,
    only_partials,
    second_pass,
    without_partials,
)

__all__ = ["Piece", "ResumePoint", "all_at_once", "pieces"]


@dataclass(frozen=True)
class ResumePoint:
    """Finished steps of a variable's schedule, and the partial merges: its work can go on from here.

    Attributes
    ----------
    done : int
    levels : tuple, a tree, of tuples of Level
    """

    done: int = 0
    levels: tuple[tuple[Level, ...], ...] = ()


@dataclass(frozen=True)
class Piece:
    """A part of a variable's work, begun.

    Attributes
    ----------
    handle : Any
        Of its `Outcome`.
    reached : ResumePoint or None
        What is reached with it; None where more of the same step of the schedule follows.
    size : int
        Bytes of values that it reads.
    writes : bool
        Whether its outcome has anything that is written; if not, it need not be fetched.
    variables : int
        How many variables it is all of, if it is a batch; its result is then an outcome a variable.
    """

    handle: Any
    reached: ResumePoint | None
    size: int = 0
    writes: bool = True
    variables: int = 0


def all_at_once(jobs: Sequence[Job]) -> tuple[Outcome | Failure, ...]:
    """Do all that is done for some variables, and return what `pieces` would give of each, joined."""
    return tuple(guarded(_whole, job) for job in jobs)


def _whole(job: Job) -> Outcome | Failure:
    job = with_clock(job)
    found = [piece.handle for piece in pieces(job, InProcess())]
    failed = next((outcome for outcome in found if isinstance(outcome, Failure)), None)
    return failed or replace(joined(found), notes=job.notes)


def pieces(job: Job, where: Executor, resume: ResumePoint | None = None) -> Iterator[Piece]:
    """Yield what is done for one variable.

    First pass: each block is read once, for all plots, and what is summarised is merged as a tree. Second pass: blocks
    that are drawn with the summary are read again. Last, what is drawn from the summary alone.

    Parameters
    ----------
    job : Job
    where : Executor
    resume : ResumePoint, optional
        Where to go on; handles in it may be plain values.
    """
    resume = resume or ResumePoint()
    schedule = _Schedule(job, where, resume)
    yield from schedule.first_pass(resume.done)
    yield from schedule.second_pass(resume.done)
    yield from schedule.last(resume.done)


class _Schedule:
    """The passes of one variable; their steps are numbered through, blocks first."""

    def __init__(self, job: Job, where: Executor, resume: ResumePoint) -> None:
        self.job, self.where = job, where
        groups = [group for group in (job.windowed, job.summarised_whole) if group]
        self.trees = [
            MergeTree(partial(self._do, merge_partials, job.summarised, self._numbers(group)), where.detach, levels)
            for group, levels in zip(groups, resume.levels or ((),) * len(groups), strict=True)
        ]

    def first_pass(self, done: int) -> Iterator[Piece]:
        """Yield the blocks of the first pass that are not done, and the windows that they complete."""
        job, start = self.job, 0
        apart = bool(job.drawn_at_once and self.trees)  # events go to the writer, partials stay where they are
        for number, block in enumerate(job.first_blocks, start=1):
            ends = bool(job.windowed) and (block.stop % (job.segment or 1) == 0 or block.stop == job.length)
            if number > done:
                outcome = self._do(first_pass, job.at(block), job.summarised, job.drawn_at_once)
                for tree in self.trees:
                    tree.add(self._do(only_partials, outcome) if apart else outcome)
                handles = [self._do(without_partials, outcome) if apart else outcome]
                handles += self._windows(range(start, block.stop)) if ends else []
                for at, handle in enumerate(handles, start=1):
                    reached = self._reached(number) if at == len(handles) else None
                    yield Piece(handle, reached, job.size(block) if at == 1 else 0, at > 1 or bool(job.drawn_at_once))
            start = block.stop if ends else start

    def second_pass(self, done: int) -> Iterator[Piece]:
        """Yield the blocks of the second pass that are not done."""
        job = self.job
        if not job.second_blocks:
            return
        again = [(drawing, job.summarised.index(drawing)) for drawing in job.drawn_again]
        numbers = [number for _, number in again]  # by value, because tasks that need no other are spread evenly
        merged = self.where.detach(self._do(only_partials, self.trees[-1].merged(), numbers))
        for number, block in enumerate(job.second_blocks, start=len(job.first_blocks) + 1):
            if number > done:
                yield Piece(self._do(second_pass, job.at(block), again, merged), self._reached(number), job.size(block))

    def last(self, done: int) -> Iterator[Piece]:
        """Yield what is drawn from the summary alone, and is not done."""
        job = self.job
        if not job.drawn_last:
            return
        merged = self.trees[-1].merged()
        before = len(job.first_blocks) + len(job.second_blocks)
        for number, drawing in enumerate(job.drawn_last, start=before + 1):
            if number > done:
                yield Piece(self._draw(drawing, drawing.steps, merged), self._reached(number))

    def _windows(self, rows: range) -> list[Any]:
        """Return handles of the windows that begin in some rows, and begin their summary anew."""
        merged = self.trees[0].merged()
        self.trees[0].clear()
        windowed = self.job.windowed
        return [self._draw(drawing, range(rows.start, rows.stop, drawing.steps.step), merged) for drawing in windowed]

    def _draw(self, drawing: Drawing, steps: range, merged: Any) -> Any:
        return self._do(draw_summary, drawing, self.job.summarised.index(drawing), steps, merged)

    def _numbers(self, drawings: Sequence[Drawing]) -> tuple[int, ...]:
        return tuple(map(self.job.summarised.index, drawings))

    def _do(self, function: Any, *args: Any) -> Any:
        return self.where.submit(guarded, function, *args)

    def _reached(self, done: int) -> ResumePoint:
        return ResumePoint(done, tuple(tuple(tree.levels) for tree in self.trees))
