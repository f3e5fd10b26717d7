"""What is done for one variable, block by block, in the order in which it is written."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from pipeline.planning.job import Drawing, Job
from pipeline.running.executors import Executor, InProcess
from pipeline.running.tasks import (
    Failure,
    Outcome,
    draw_merged,
    first_pass,
    guarded,
    joined,
    merge_partials,
    only_partials,
    second_pass,
    without_partials,
)

__all__ = ["Mark", "Piece", "all_at_once", "batches", "pieces", "step_sizes"]

#: What is merged so far, by tree: (level, outcome) of a `_Tree`.
Levels = tuple[tuple[tuple[int, Any], ...], ...]

#: How many partials are merged at a time: few tasks, and few partials that wait.
_AT_ONCE = 8

#: The level of a `_Tree` from which partials are merged by value. A scheduler remembers every task that led to a result
#: as long as that is needed, and does them all again when the worker that holds it is lost: here some 500 blocks.
_DETACHED = 3


@dataclass(frozen=True)
class Mark:
    """A place where the work for a variable can go on: so many steps are done, this is merged so far."""

    done: int = 0
    levels: Levels = ()


@dataclass(frozen=True)
class Piece:
    """A part of the work that was begun.

    Attributes
    ----------
    handle : Any
        Of its `Outcome`.
    mark : Mark or None
        What is reached with it; None where more of the same step follows.
    size : int
        Bytes of values that it reads.
    writes : bool
        Whether its outcome has anything that is written; if not, it need not be fetched.
    variables : int
        How many variables it is all of, if it is a batch; its result is then an outcome a variable.
    """

    handle: Any
    mark: Mark | None
    size: int = 0
    writes: bool = True
    variables: int = 0


def step_sizes(job: Job) -> list[int]:
    """Return the bytes of values that are read for each mark that `pieces` yields for a job from its beginning."""
    return [*map(job.size, job.first_blocks()), *map(job.size, job.second_blocks()), *(0 for _ in _drawn_last(job))]


def batches(jobs: Sequence[Job], alone: Container[int] = ()) -> Iterator[tuple[range, bool]]:
    """Yield the numbers of neighbouring variables, and whether they are so small that one task does them all.

    Parameters
    ----------
    jobs : sequence of Job
    alone : container of int
        Numbers of variables that are done each by itself.
    """
    stretch, size = range(0), 0
    for number, job in enumerate(jobs):
        weight = sum(step_sizes(job)) + sum(d.kind.estimate(d.subject).size for d in job.drawings)
        small = weight <= job.block_bytes // 2 and number not in alone and not (job.times is not None and job.windowed)
        if stretch and not (small and size + weight <= job.block_bytes // 2):
            yield stretch, True
            stretch, size = range(number, number), 0
        if small:
            stretch, size = range(stretch.start if stretch else number, number + 1), size + weight
        else:
            yield range(number, number + 1), False
    if stretch:
        yield stretch, True


def all_at_once(jobs: Sequence[Job]) -> tuple[Outcome | Failure, ...]:
    """Do all that is done for some variables, and return what `pieces` would give of each, joined."""
    return tuple(guarded(_whole, job) for job in jobs)


def _whole(job: Job) -> Outcome | Failure:
    found = [piece.handle for piece in pieces(job.read_times(), InProcess())]
    failed = next((outcome for outcome in found if isinstance(outcome, Failure)), None)
    return failed or joined(found)


def pieces(job: Job, where: Executor, resume: Mark | None = None) -> Iterator[Piece]:
    """Yield what is done for one variable.

    First pass: each block is read once, for all plots. What is summarised is merged as a tree. Second pass: blocks that
    are drawn with the merged summary are read again. Last, what is drawn from the merged summary alone.

    Parameters
    ----------
    job : Job
    where : Executor
    resume : Mark, optional
        Where to go on; handles in it may be plain values.
    """
    resume = resume or Mark()
    do = partial(where.submit, guarded)
    groups = [group for group in (job.windowed, _kept_on(job)) if group]
    numbers = [tuple(map(job.summarised.index, group)) for group in groups]
    trees = [
        _Tree(partial(do, merge_partials, job.summarised, which), where.detach, levels)
        for which, levels in zip(numbers, resume.levels or ((),) * len(groups), strict=True)
    ]

    def draw(group: Sequence[Drawing], tree: _Tree) -> Iterator[Any]:
        merged = tree.merged()
        return (do(draw_merged, drawing, job.summarised.index(drawing), merged) for drawing in group)

    def mark(done: int) -> Mark:
        return Mark(done, tuple(tuple(tree.levels) for tree in trees))

    first, second, last = job.first_blocks(), job.second_blocks(), _drawn_last(job)
    for done, block in enumerate(first, start=1):
        if done <= resume.done:
            continue
        outcome = do(first_pass, job.at(block), job.summarised, job.drawn_at_once)
        apart = bool(job.drawn_at_once and trees)  # events go to the writer, partials stay where they are
        for tree in trees:
            tree.add(do(only_partials, outcome) if apart else outcome)
        handles = [do(without_partials, outcome) if apart else outcome]
        if job.windowed and (block.stop % (job.segment or 1) == 0 or block.stop == job.length):
            handles += draw(job.windowed, trees[0])
            trees[0].levels.clear()
        writes = bool(job.drawn_at_once)
        for number, handle in enumerate(handles, start=1):
            reached = mark(done) if number == len(handles) else None
            yield Piece(handle, reached, job.size(block) if number == 1 else 0, writes or number > 1)
    again = [(drawing, job.summarised.index(drawing)) for drawing in job.drawn_again]
    merged = None
    if second:  # by value, since tasks that need no other are spread evenly; it is small, such as limits
        merged = where.detach(do(only_partials, trees[-1].merged(), [number for _, number in again]))
    for done, block in enumerate(second, start=len(first) + 1):
        if done > resume.done:
            yield Piece(do(second_pass, job.at(block), again, merged), mark(done), job.size(block))
    drawn = draw(last, trees[-1]) if last else iter(())
    for done, handle in enumerate(drawn, start=len(first) + len(second) + 1):
        if done > resume.done:
            yield Piece(handle, mark(done))


def _kept_on(job: Job) -> list[Drawing]:
    """Return what is merged over all of the time."""
    return [d for d in job.summarised if d not in job.windowed]


def _drawn_last(job: Job) -> list[Drawing]:
    return [d for d in _kept_on(job) if d not in job.drawn_again]


class _Tree:
    """Merges what is added, in order, `_AT_ONCE` of a level at a time, so that it holds few of each."""

    def __init__(
        self, merge: Callable[..., Any], detach: Callable[[Any], Any], levels: Sequence[tuple[int, Any]] = ()
    ) -> None:
        self.merge, self.detach = merge, detach
        self.levels = list(levels)

    def add(self, item: Any) -> None:
        self.levels.append((0, item))
        while len(self.levels) >= _AT_ONCE and self.levels[-_AT_ONCE][0] == self.levels[-1][0]:
            self._merge_last(_AT_ONCE)

    def merged(self) -> Any:
        """Return what was added, merged."""
        while len(self.levels) > 1:
            self._merge_last(min(_AT_ONCE, len(self.levels)))
        return self.levels[0][1]

    def _merge_last(self, count: int) -> None:
        level = self.levels[-count][0]
        items = [self.detach(item) if at >= _DETACHED else item for at, item in self.levels[-count:]]
        self.levels[-count:] = [(level + 1, self.merge(*items))]
