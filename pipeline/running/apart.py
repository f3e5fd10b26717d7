"""Runs of one name from different sources: each has a directory of its own, also across commands."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from pipeline.planning.plan import Plan
from pipeline.writing.journal import Journal, journal_path

__all__ = ["name_apart"]


def name_apart(plans: Sequence[Plan], logdir: Path) -> None:
    """Rename plans of which the log directory has a run from another source, and note it.

    As within one command, the folders around a source tell its run apart. A source that was moved is the same where any
    of its variables is.
    """
    taken = {plan.name for plan in plans}
    for plan in plans:
        if plan.source and (other := _other_source(plan, plan.name, logdir)):
            name = next(name for name in _names(plan) if name not in taken and not _other_source(plan, name, logdir))
            plan.placed.append(f"run {name}: {plan.name} is there already, of another source ({other})")
            taken.add(name)
            plan.name = name


def _names(plan: Plan) -> Iterator[str]:
    """Yield names with ever more of the folders around the source, then with numbers."""
    around = Path(plan.source).parts[1:-1]
    for depth in range(1, len(around) + 1):
        yield "/".join([*around[-depth:], plan.name.rpartition("/")[2]])
    number = 1
    while number := number + 1:
        yield f"{plan.name}-{number}"


def _other_source(plan: Plan, name: str, logdir: Path) -> str:
    """Return the source of the run that has a name, if it is another one than the plan's."""
    journal = Journal(journal_path(logdir / name))
    if journal.source in ("", plan.source):
        return ""
    keys = {entry.key for entry in journal.entries if entry.key}
    return "" if any(job.key() in keys for job in plan.jobs) else journal.source
