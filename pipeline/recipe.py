"""What is done for one variable, block by block, in the order in which it is written."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from pipeline.jobs import Drawing, Job
from pipeline.tasks import draw_merged, first_pass, guarded, merge, partial_of, second_pass, without_partials

__all__ = ["Mark", "pieces", "step_count"]

#: What is merged so far, by plot: (level, partial) of a `_Tree`.
Levels = tuple[tuple[tuple[int, Any], ...], ...]


@dataclass(frozen=True)
class Mark:
    """A place where the work for a variable can go on: so many steps are done, this is merged so far."""

    done: int = 0
    levels: Levels = ()


def step_count(job: Job) -> int:
    """Return how many marks `pieces` yields for a job from its beginning."""
    return len(job.first_blocks()) + len(job.second_blocks()) + len(_drawn_last(job))


def pieces(job: Job, submit: Callable[..., Any], resume: Mark | None = None) -> Iterator[tuple[Any, Mark | None]]:
    """Yield (handle, mark) of what is done for one variable; after the last handle of a step comes its mark.

    First pass: each block is read once, for all plots. What is summarised is merged as a tree. Second pass: blocks that
    are drawn with the merged summary are read again. Last, what is drawn from the merged summary alone.

    Parameters
    ----------
    job : Job
    submit : callable
        Begins ``function(*args)``, where args may be handles, and returns a handle.
    resume : Mark, optional
        Where to go on; handles in it may be plain values.
    """
    resume = resume or Mark()
    do = partial(submit, guarded)
    trees = {
        drawing: _Tree(partial(do, merge, drawing), levels)
        for drawing, levels in zip(job.summarised, resume.levels or ((),) * len(job.summarised), strict=True)
    }

    def draw(drawing: Drawing) -> Any:
        return do(draw_merged, drawing, trees[drawing].merged())

    def mark(done: int) -> Mark:
        return Mark(done, tuple(tuple(tree.levels) for tree in trees.values()))

    first, second, last = job.first_blocks(), job.second_blocks(), _drawn_last(job)
    for done, block in enumerate(first, start=1):
        if done <= resume.done:
            continue
        outcome = do(first_pass, job.at(block), job.summarised, job.drawn_at_once)
        for index, tree in enumerate(trees.values()):
            tree.add(do(partial_of, outcome, index))
        handles = [do(without_partials, outcome) if trees else outcome]
        if job.segment and (block.stop % job.segment == 0 or block.stop == job.length):
            handles += map(draw, job.windowed)
            for drawing in job.windowed:
                trees[drawing].levels.clear()
        yield from ((handle, None) for handle in handles[:-1])
        yield handles[-1], mark(done)
    for done, block in enumerate(second, start=len(first) + 1):
        if done > resume.done:
            merged = [trees[drawing].merged() for drawing in job.drawn_again]
            yield do(second_pass, job.at(block), job.drawn_again, *merged), mark(done)
    for done, drawing in enumerate(last, start=len(first) + len(second) + 1):
        if done > resume.done:
            yield draw(drawing), mark(done)


def _drawn_last(job: Job) -> list[Drawing]:
    return [d for d in job.summarised if d not in job.windowed and d not in job.drawn_again]


class _Tree:
    """Merges what is added, in order, as a balanced tree, holding only one partial a level."""

    def __init__(self, merge: Callable[[Any, Any], Any], levels: Sequence[tuple[int, Any]] = ()) -> None:
        self.merge = merge
        self.levels = list(levels)

    def add(self, item: Any) -> None:
        level = 0
        while self.levels and self.levels[-1][0] == level:
            item = self.merge(self.levels.pop()[1], item)
            level += 1
        self.levels.append((level, item))

    def merged(self) -> Any:
        """Return what was added, merged."""
        while len(self.levels) > 1:
            (_, later), (level, earlier) = self.levels.pop(), self.levels.pop()
            self.levels.append((level, self.merge(earlier, later)))
        return self.levels[0][1]
