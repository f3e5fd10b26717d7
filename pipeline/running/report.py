"""What a conversion says it did."""

from __future__ import annotations

from dataclasses import dataclass, field

from pipeline.units import plural

__all__ = ["Report", "RunReport"]


@dataclass(frozen=True)
class RunReport:
    """What was written of one run.

    Attributes
    ----------
    name, directory : str
    files : dict of str to int
        Bytes by event file.
    problems, notes : tuple of str
        A line each.
    variables, reused : int
        How many there are, and how many of them were complete already, and not read.
    written : tuple of str
        What the event files hold, a phrase a kind of plot.
    """

    name: str
    directory: str
    files: dict[str, int] = field(default_factory=dict)
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    variables: int = 0
    reused: int = 0
    written: tuple[str, ...] = ()

    @property
    def state(self) -> str:
        """What became of it, in a word or two."""
        if self.problems:
            return plural(len(self.problems), "problem")
        if self.variables and self.reused == self.variables:
            return "was complete"
        return "continued" if self.reused else "converted"


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
