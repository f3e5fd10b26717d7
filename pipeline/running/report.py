"""The report of a conversion."""

from __future__ import annotations

import html
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from pipeline.model.series import in_words
from pipeline.rendering.drawing import Drawing
from pipeline.tables import ERROR_STYLE, html_table
from pipeline.units import duration_text, plural, size_text

__all__ = ["HEAD", "Report", "RunReport", "phrases"]

#: Of the columns of a report's table.
HEAD = ("run", "state", "size", "holds")


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
    blocks, reused : int
        How many there are, and how many of them were done already, and not done again.
    written : tuple of str
        What the event files hold, a phrase a kind of plot.
    """

    name: str
    directory: str
    files: dict[str, int] = field(default_factory=dict)
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    blocks: int = 0
    reused: int = 0
    written: tuple[str, ...] = ()

    @property
    def state(self) -> str:
        """Its state in some words: converted, continued at a part, was complete, or the number of problems."""
        if self.problems:
            return plural(len(self.problems), "problem")
        if self.blocks and self.reused == self.blocks:
            return "was complete"
        return f"continued at {100 * self.reused // self.blocks} %" if self.reused else "converted"

    @property
    def size(self) -> int:
        """Bytes of all its event files."""
        return sum(self.files.values())

    @property
    def row(self) -> tuple[str, str, str, str]:
        """What a table of runs says of it (`HEAD`)."""
        return self.name, self.state, size_text(self.size), ", ".join(self.written) or "nothing"


@dataclass(frozen=True)
class Report:
    """The report of all runs.

    Attributes
    ----------
    logdir : str
    runs : tuple of RunReport
    failed : tuple of str
        A line for each file or source that could not be opened.
    seconds : float
        How long it took.
    """

    logdir: str
    runs: tuple[RunReport, ...]
    failed: tuple[str, ...] = ()
    seconds: float = field(default=0.0, compare=False)

    @property
    def problems(self) -> tuple[str, ...]:
        """All problems, a line each."""
        return (*self.failed, *(line for run in self.runs for line in run.problems))

    def _repr_html_(self) -> str:
        """Return a table of the runs, what failed and why, and where to look."""
        size = size_text(sum(run.size for run in self.runs))
        problems = "".join(f'<li role="alert">{html.escape(line)}</li>' for line in self.problems)
        notes = "".join(f"<li>{html.escape(line)}</li>" for run in self.runs for line in run.notes)
        where = html.escape(repr(self.logdir))
        parts = [
            f"<b>{plural(len(self.runs), 'run')}, {size} in {duration_text(self.seconds)}</b>",
            html_table(HEAD, [run.row for run in self.runs]) if self.runs else "",
            f'<ul style="{ERROR_STYLE}">{problems}</ul>' if problems else "",
            f"<ul>{notes}</ul>" if notes else "",
            f"<p>Look at it: <code>pipeline.tensorboard({where})</code>, or in a terminal "
            f"<code>hdf2tb view {html.escape(shlex.quote(self.logdir))}</code></p>",
        ]
        return "".join(parts)


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
