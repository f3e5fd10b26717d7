"""Where a variable that is under way goes on, as plain numbers and arrays that a checkpoint can hold."""

from __future__ import annotations

from typing import Any

from pipeline.planning.job import Job
from pipeline.running.executors.protocol import Executor
from pipeline.running.passes import ResumePoint
from pipeline.running.tasks import Failure, Outcome
from pipeline.writing.checkpoint import Checkpoint

__all__ = ["plain_levels", "resume_point"]


def plain_levels(point: ResumePoint, where: Executor) -> tuple[Any, ...] | None:
    """Return the partial merges of a resume point as nested tuples; None if one of them failed.

    The partials are fetched from where the work runs.
    """
    trees = []
    for levels in point.levels:
        found = [(level, where.result(handle)) for level, handle in levels]
        if any(isinstance(outcome, Failure) for _, outcome in found):
            return None
        trees.append(tuple((level, tuple(map(_plain, outcome.partials))) for level, outcome in found))
    return tuple(trees)


def _plain(partial: Any) -> tuple[Any, ...] | None:
    return None if partial is None else tuple(partial)


def resume_point(checkpoint: Checkpoint, job: Job) -> ResumePoint:
    """Return where a job goes on; its folds say what types the partials have.

    Raises
    ------
    ValueError, TypeError
        If the checkpoint does not hold partials of these folds.
    """
    types = [drawing.fold.partial for drawing in job.summarised if drawing.fold is not None]

    def outcome(partials: tuple[Any, ...]) -> Outcome:
        fields = zip(types, partials, strict=True)
        return Outcome(partials=tuple(None if values is None else kind(*values) for kind, values in fields))

    trees = checkpoint.state
    if len(trees) != bool(job.windowed) + bool(job.summarised_whole):
        raise ValueError("it holds the partial merges of other plots")
    return ResumePoint(
        checkpoint.done, tuple(tuple((level, outcome(partials)) for level, partials in tree) for tree in trees)
    )
