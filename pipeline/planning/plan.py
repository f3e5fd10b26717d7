"""The plan of a run: all that is drawn of it, before anything is read."""

from __future__ import annotations

import html
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from pipeline.errors import nearest
from pipeline.model.chart import united
from pipeline.model.series import Series, in_words
from pipeline.planning.config import Plots
from pipeline.planning.job import Job
from pipeline.tables import ERROR_STYLE, html_table
from pipeline.units import size_text

__all__ = ["HEAD", "Plan", "unmatched"]

#: Of the columns of a plan's table.
HEAD = ("variable", "shape", "kind", "writes", "about")

#: Tags of a run and pictures of a tag that TensorBoard shows without effort (its issues 4170 and 2142).
_MOST_TAGS, _MOST_PICTURES = 2000, 300

#: Lines of a chart of CUSTOM SCALARS, whose names all stand in one address.
_MOST_LINES = 500

#: Times that a storage chunk is read without a word.
_MOST_READS = 4


@dataclass
class Plan:
    """The plan of one run.

    Attributes
    ----------
    name : str
        The run's name.
    jobs : list of Job
    hparams : dict
        Columns of the HPARAMS page known without reading.
    problems : list of str
        What was asked for and cannot be drawn, a line each.
    notes : list of str
        What a user should know.
    matched : set of str
        The names asked for that the run holds.
    known : set of str
        All names that could be asked for.
    source : str
        The absolute path that the run was opened from; empty if it is unknown.
    placed : list of str
        What a user should know of where it is written.
    command : str
        The command that converts it so.
    """

    name: str
    jobs: list[Job] = field(default_factory=list)
    hparams: dict[str, bool | float | str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    matched: set[str] = field(default_factory=set)
    known: set[str] = field(default_factory=set)
    source: str = ""
    placed: list[str] = field(default_factory=list)
    command: str = ""

    def series(self) -> Iterator[Series]:
        """Yield all series that are drawn; their tags and steps are the addresses that TensorBoard shows."""
        for job in self.jobs:
            for drawing in job.drawings:
                yield from drawing.series

    def rows(self) -> Iterator[tuple[str, str, str, str, int]]:
        """Yield (variable, shape, plot, what is written, estimated bytes) for each plot."""
        for job in self.jobs:
            for drawing in job.drawings:
                signal = drawing.signal
                shape = ", ".join(f"{dim}={size}" for dim, size in zip(signal.dims, signal.shape, strict=True))
                if signal.events is not None:
                    shape = f"event={signal.events}"
                yield signal.name, shape, drawing.title, in_words(drawing.series), drawing.size
        if self.hparams:
            series = self.setting_series()
            yield "settings", "", "hparam", in_words(series), sum(one.size for one in series)

    def texts(self) -> list[tuple[str, ...]]:
        """Return the rows as text, under `HEAD`."""
        return [(name, shape, kind, what, size_text(size)) for name, shape, kind, what, size in self.rows()]

    def total(self) -> str:
        """Return how much is written of how much, in words."""
        read = sum(job.variable.nbytes for job in self.jobs)
        return f"in all about {size_text(sum(row[4] for row in self.rows()))}, from up to {size_text(read)} of values"

    def html(self, problems: Iterable[str]) -> str:
        """Return a table for a notebook, with what is to know and what is wrong below it."""
        notes = "".join(f"<li>{html.escape(line)}</li>" for line in self.notes)
        wrong = "".join(f'<li style="{ERROR_STYLE}">{html.escape(line)}</li>' for line in problems)
        title = f"<b>plan of {html.escape(self.name)}</b>"
        return f"{title}{html_table(HEAD, self.texts())}<p>{self.total()}</p><ul>{notes}{wrong}</ul>"

    def _repr_html_(self) -> str:
        return self.html(self.problems)

    def setting_series(self) -> list[Series]:
        """Return the hyperparameters known without reading, as series."""
        return [Series(name, "hparams", range(1), 1, 100) for name in self.hparams]

    def heavy(self) -> Iterator[str]:
        """Yield a line for each thing that TensorBoard is slow to show, with what to do about it."""
        tags = 0
        for one in self.series():
            tags += one.plugin != "hparams"
            if one.plugin == "images" and one.count > _MOST_PICTURES:
                yield (
                    f"{self.name}: {one.tag} has {one.count:,} pictures; "
                    f"TensorBoard's slider works to about {_MOST_PICTURES}: a larger step"
                )
        for chart in united(chart for job in self.jobs for drawing in job.drawings for chart in drawing.charts):
            if len(chart.tags) > _MOST_LINES:
                yield (
                    f"{self.name}: {chart.title}: {len(chart.tags):,} lines in one chart, more than TensorBoard can "
                    f"ask for at once; accepted are about {_MOST_LINES}: fewer units (units=0:16), or a band of all"
                )
        if tags > _MOST_TAGS:
            yield (
                f"{self.name}: {tags:,} tags, which TensorBoard takes long to list: "
                "fewer units (units=0:16), or a heatmap or raster of all of them"
            )

    def slow(self) -> Iterator[str]:
        """Yield a line for each variable that is slow to read within the memory that there is, with what to do."""
        for job in self.jobs:
            if job.reads > _MOST_READS:
                sizes = "x".join(map(str, job.good_chunks))
                yield (
                    f"{job.name}: its storage chunks are too long for memory: each is read {job.reads:,.0f} times; "
                    f"more memory helps, or a file with other chunks (h5repack -l {job.dataset}:CHUNK={sizes})"
                )

    def unmatched(self, plots: Plots | None) -> list[str]:
        """Return an error line for each name asked for that the run does not hold."""
        names = dict.fromkeys(name for name, _ in plots or ())
        return [
            f"{self.name}: no variable or setting '{name}'{nearest(name, self.known) or '; see hdf2tb inspect'}"
            for name in names
            if name not in self.matched
        ]


def unmatched(plans: Iterable[Plan], plots: Plots) -> list[str]:
    """Return an error line for each name asked for that no run holds."""
    plans = list(plans)
    everywhere = Plan(
        ", ".join(plan.name for plan in plans[:3]) + (" …" if len(plans) > 3 else ""),
        matched=set().union(*(plan.matched for plan in plans)),
        known=set().union(*(plan.known for plan in plans)),
    )
    return everywhere.unmatched(plots)
