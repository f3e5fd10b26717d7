"""The cost of work: small variables that share a task, and the seconds that one process takes."""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence

from pipeline.planning.job import Job

__all__ = ["batches", "seconds"]

#: What one process does in a second, about: bytes of values read, and pictures drawn.
_READ_A_SECOND, _DRAWN_A_SECOND = 2e8, 600


def seconds(jobs: Sequence[Job]) -> float:
    """Return about how many seconds one process takes for some variables."""
    read = sum(sum(job.sizes) for job in jobs)
    series = (one for job in jobs for drawing in job.drawings for one in drawing.series)
    pictures = sum(one.count for one in series if one.plugin == "images")
    return read / _READ_A_SECOND + pictures / _DRAWN_A_SECOND


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
        weight = sum(job.sizes) + sum(drawing.size for drawing in job.drawings)
        small = weight <= job.budget.block // 2 and number not in alone and not (job.times is not None and job.windowed)
        if stretch and not (small and size + weight <= job.budget.block // 2):
            yield stretch, True
            stretch, size = range(number, number), 0
        if small:
            stretch, size = range(stretch.start if stretch else number, number + 1), size + weight
        else:
            yield range(number, number + 1), False
    if stretch:
        yield stretch, True
