"""Metrics: what HPARAMS shows beside the hyperparameters, the last point of a series or a number of all its points."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence
from dataclasses import replace

from pipeline.errors import SettingError, nearest
from pipeline.planning.plan import Plan
from pipeline.rendering.metric import FUNCTIONS, metric_of

__all__ = ["add_metrics"]


def add_metrics(metrics: Iterable[str], plans: Sequence[Plan]) -> None:
    """Add what metrics take to the plans of runs that have their series.

    Parameters
    ----------
    metrics : iterable of str
        A tag is the last point of that series. ``TAG@max``, ``@min``, ``@mean`` and ``@last`` are of all its points;
        each becomes a series of one point.

    Raises
    ------
    SettingError
        If no run has such a series of scalars.
    """
    known: set[str] = set()
    for metric in metrics:
        known = known or {one.tag for plan in plans for one in plan.series() if one.plugin == "scalars"}
        tag, _, function = metric.rpartition("@")
        if metric in known:
            _tell(metric, plans)
            continue
        if tag not in known or function not in FUNCTIONS:
            some = ", ".join(sorted(known)[:3]) or "none"
            ends = ", ".join(f"@{name}" for name in FUNCTIONS)
            meant = "" if tag in known else nearest(tag or metric, known)
            raise SettingError(
                f"metric '{metric}': accepted is the tag of a series ({some} …), also with {ends} at its end{meant}"
            )
        for plan in plans:
            _add(plan, tag, function)
        _tell(metric, plans)


def _tell(metric: str, plans: Sequence[Plan]) -> None:
    """Add a metric to the command that makes what is planned."""
    for plan in plans:
        plan.command += f" {shlex.join(['--metric', metric])}" if plan.command else ""


def _add(plan: Plan, tag: str, function: str) -> None:
    for at, job in enumerate(plan.jobs):
        found = [drawing for drawing in job.drawings if any(one.tag == tag for one in drawing.series)]
        added = [metric_of(drawing, tag, function) for drawing in found]
        new = [metric for metric in added if metric not in job.drawings]
        plan.jobs[at] = replace(job, drawings=(*job.drawings, *new))
