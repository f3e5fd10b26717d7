"""The report of a conversion."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from pipeline.model.series import in_words
from pipeline.rendering.drawing import Drawing
from pipeline.units import plural

__all__ = ["Report", "RunReport", "phrases"]


@dataclass(frozen=True)
class RunReport:
    """The report of one run.

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
        """Its state in a word or two: converted, continued, was complete, or the number of problems."""
        if self.problems:
            return plural(len(self.problems), "problem")
        if self.variables and self.reused == self.variables:
            return "was complete"
        return "continued" if self.reused else "converted"


@dataclass(frozen=True)
class Report:
    """The report of all runs.

    Attributes
    ----------
    logdir : str
    runs : tuple of RunReport
    failed : tuple of str
        A line for each file or source that could not be opened.
    """

    logdir: str
    runs: tuple[RunReport, ...]
    failed: tuple[str, ...] = ()

    @property
    def problems(self) -> tuple[str, ...]:
        """All problems, a line each."""
        return (*self.failed, *(line for run in self.runs for line in run.problems))


def phrases(drawings: Sequence[Drawing], hparams: int) -> Iterator[str]:
    """Yield a phrase for each kind of plot, such as ``12 pictures of 1 heatmap``; and the hyperparameters."""
    groups: dict[tuple[str, str], list[Drawing]] = {}
    for drawing in drawings:
        plugin = drawing.series[0].plugin
        if plugin != "hparams":
            groups.setdefault((drawing.kind, plugin), []).append(drawing)
    for (kind, _), group in groups.items():
        series = [one for drawing in group for one in drawing.series]
        yield f"{in_words(series)} of {plural(len(group), kind)}"
    if hparams:
        yield plural(hparams, "hyperparameter")
