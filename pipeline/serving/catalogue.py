"""What a server can show of some runs: every series by run, plugin and tag, drawn when somebody looks at it."""

from __future__ import annotations

import hashlib
import secrets
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from pipeline.model.chart import Chart, united
from pipeline.model.record import Histogram, Hparams, Image, Scalars
from pipeline.model.series import Series
from pipeline.planning.job import Job
from pipeline.planning.notes import notes_page
from pipeline.planning.plan import Plan
from pipeline.rendering.drawing import Drawing
from pipeline.running.on_demand import OnDemand
from pipeline.serving.growth import Steps
from pipeline.slicing.blocks import spread

__all__ = ["Catalogue", "Entry", "Points"]

#: Bytes of values that are read for the first picture of a series, about.
_READ_FOR_A_PICTURE = 64 << 20


@dataclass(frozen=True)
class Points:
    """The points of a series: steps, simulated times in seconds, values; each of shape (k,)."""

    steps: Any
    wall_times: Any
    values: Any


class _Shown:
    """A variable with its plots; its times are read when it is first looked at.

    Attributes
    ----------
    job : Job
        As it is shown, with thinned series.
    planned : Job
        As it was planned.
    key : str
        Of its source, as it was then; empty where that is unknown.
    epoch : str
        Stays while the file of the variable is as it was, or has only grown.
    """

    def __init__(self, planned: Job, points: int, before: _Shown | None) -> None:
        self.planned, self.job, self.key = planned, _thinned(planned, points), planned.key()
        self._lock = threading.Lock()
        self._engine: OnDemand | None = None
        self._steps: Steps | None = None  # of what was never looked at it makes no difference whether it grew
        self._found: dict[Drawing, dict[str, Points]] = {}
        grew = before is not None and before._steps is not None and before._steps.begin(planned)
        self.epoch: str = before.epoch if before is not None and grew else secrets.token_hex(8)

    @property
    def engine(self) -> OnDemand:
        """What draws it."""
        if self._engine is None:
            with self._lock:
                if self._engine is None:
                    self._steps = Steps(self.planned)
                    self._engine = OnDemand([self.job])
        return self._engine

    def drawing(self, number: int) -> Drawing:
        """Return a drawing with the axes that are known by now."""
        return self.engine.drawings[number]

    def points(self, number: int) -> dict[str, Points]:
        """Return the points of all series of a drawing by tag: folded in one read, with the first step and the last."""
        drawing = self.drawing(number)
        with self._lock:
            if drawing not in self._found:
                self._found[drawing] = self._read(drawing)
            return self._found[drawing]

    def _read(self, drawing: Drawing) -> dict[str, Points]:
        parts: dict[str, list[tuple[Any, Any, Any]]] = {one.tag: [] for one in drawing.series}
        records = [*self.engine.records(drawing), *self.engine.ends(drawing)]
        for record in records:
            if isinstance(record, Scalars):
                for tag, column in zip(record.tags, record.values.T, strict=True):
                    parts[tag].append((record.steps, record.wall_times, column))
        return {tag: _joined(found) for tag, found in parts.items()}

    def hparams(self) -> dict[str, bool | float | str]:
        """Return the hyperparameters that are read from values."""
        found: dict[str, bool | float | str] = {}
        for drawing in self.engine.drawings:
            if drawing.series[0].plugin == "hparams":
                for record in self.engine.records(drawing):
                    found |= record.values if isinstance(record, Hparams) else {}
        return found


def _joined(parts: list[tuple[Any, Any, Any]]) -> Points:
    """Return parts of a series in the order of steps, each step once."""
    steps, walls, values = (np.concatenate(column) for column in zip(*parts, strict=True))
    steps, first = np.unique(steps, return_index=True)
    return Points(steps, walls[first], values[first])


@dataclass(frozen=True)
class Entry:
    """One series of one run.

    Attributes
    ----------
    series : Series
        As it was planned.
    shown : _Shown
    number : int
        Of its drawing.
    token : str
        Names it in addresses; it changes with the source, and tells nothing.
    """

    series: Series
    shown: _Shown
    number: int
    token: str

    @property
    def seconds(self) -> float:
        """The simulated time of its last step, as far as it is known without reading."""
        time = self.shown.job.drawings[self.number].signal.time
        return 0.0 if time is None else float(time.seconds(float(self.series.steps[-1])))

    def points(self) -> Points:
        """Return its points."""
        return self.shown.points(self.number)[self.series.tag]

    def steps(self, most: int) -> list[tuple[int, float]]:
        """Return so many steps of its pictures at most, evenly spread and with the last, and their times in seconds."""
        steps, engine, drawing = self._known().steps, self.shown.engine, self.shown.drawing(self.number)
        kept = [steps[place] for place in spread(len(steps), most)]
        return [(step, engine.seconds(drawing, step)) for step in kept]

    def address(self, step: int) -> str:
        """Return what the picture of a step depends on, as part of its address; colours of all steps, for one."""
        return self.shown.engine.content(self._known(), step)

    def png(self, step: int) -> bytes:
        """Return the picture of a step, as a conversion writes it.

        Raises
        ------
        KeyError
            If it has no such step.
        """
        record = self.shown.engine.record(self._known(), step)
        assert isinstance(record, Image)
        return record.png

    def histograms(self, most: int) -> list[Histogram]:
        """Return so many of its histograms at most, evenly spread and with the last."""
        series, found = self._known(), []
        for step, _ in self.steps(most):
            record = self.shown.engine.record(series, step)
            assert isinstance(record, Histogram)
            found.append(record)
        return found

    @property
    def description(self) -> str:
        """What TensorBoard tells of it, as Markdown; nothing is read."""
        return self.shown.job.drawings[self.number].description()

    def size(self) -> tuple[int, int]:
        """Return the width and the height of its pictures in pixels."""
        width, height = self.shown.job.drawings[self.number].plot.size
        return round(width * 100), round(height * 100)

    def _known(self) -> Series:
        """Return the series with the steps that are known by now."""
        drawing = self.shown.drawing(self.number)
        return next(one for one in drawing.series if one.tag == self.series.tag)


class Catalogue:
    """All series of some plans.

    Parameters
    ----------
    plans : sequence of Plan
    points : int
        Points of a series, about.
    metrics : sequence of str
        Tags that are shown beside the hyperparameters.
    before : Catalogue, optional
        As it was before files changed; what is made of files that did not stays.
    """

    def __init__(
        self,
        plans: Sequence[Plan],
        *,
        points: int = 1000,
        metrics: Sequence[str] = (),
        before: Catalogue | None = None,
    ) -> None:
        self.metrics = tuple(metrics)
        self._secret: bytes = secrets.token_bytes(16) if before is None else before._secret
        self._plans = {plan.name: plan for plan in plans}
        known = (
            {}
            if before is None
            else {(run, *_named(s.planned)): s for run, all_ in before._shown.items() for s in all_}
        )
        self._shown: dict[str, list[_Shown]] = {
            plan.name: [_shown(plan.name, job, points, known) for job in plan.jobs] for plan in plans
        }
        self.entries = {name: dict(self._listed(name)) for name in self._plans}
        self.by_token = {entry.token: entry for found in self.entries.values() for entry in found.values()}
        self._of: dict[str, dict[str, dict[str, Entry]]] = {}
        for run, found in self.entries.items():
            for (plugin, tag), entry in found.items():
                self._of.setdefault(plugin, {}).setdefault(run, {})[tag] = entry
        self._hparams: dict[str, dict[str, bool | float | str]] = {}

    @property
    def jobs(self) -> dict[str, list[Job]]:
        """The variables with their plots, as they were planned, by run."""
        return {name: plan.jobs for name, plan in self._plans.items()}

    @property
    def runs(self) -> list[str]:
        """The names of the runs."""
        return list(self._plans)

    def _listed(self, run: str) -> Iterator[tuple[tuple[str, str], Entry]]:
        for shown in self._shown[run]:
            for number, drawing in enumerate(shown.job.drawings):
                for one in drawing.series:
                    if one.plugin != "hparams":
                        what = f"{run} {shown.epoch} {one.plugin} {one.tag}".encode()
                        token = hashlib.blake2b(what, key=self._secret, digest_size=15).hexdigest()
                        yield (one.plugin, one.tag), Entry(one, shown, number, token)

    def of(self, plugin: str) -> dict[str, dict[str, Entry]]:
        """Return the entries of a plugin by run and tag."""
        return self._of.get(plugin, {})

    def charts(self, run: str) -> list[Chart]:
        """Return the charts of a run that show several series."""
        drawings = (drawing for shown in self._shown[run] for drawing in shown.job.drawings)
        return united(chart for drawing in drawings for chart in drawing.charts)

    def notes(self, run: str) -> str:
        """Return what is told of a run, as Markdown."""
        return notes_page(self._plans[run], self.hparams(run))

    def hparams(self, run: str) -> dict[str, bool | float | str]:
        """Return the hyperparameters of a run; those that are in datasets are read when they are first asked for."""
        if run not in self._hparams:
            found = dict(self._plans[run].hparams)
            for shown in self._shown[run]:
                if any(drawing.series[0].plugin == "hparams" for drawing in shown.job.drawings):
                    found |= shown.hparams()
            self._hparams[run] = found
        return self._hparams[run]


def _named(job: Job) -> tuple[str, int, str]:
    return job.name, job.axis, job.dataset


def _shown(run: str, job: Job, points: int, known: dict[tuple[str, str, int, str], _Shown]) -> _Shown:
    """Return a variable to be shown: as it is known where its file has not changed."""
    before = known.get((run, *_named(job)))
    if before is not None and before.key and before.key == job.key():
        return before
    return _Shown(job, points, before)


def _thinned(job: Job, points: int) -> Job:
    """Return a job whose series have about so many points, and whose pictures take no long reading."""
    thin = [drawing.thinned(points) for drawing in job.drawings]
    drawings = (replace(d, plot=d.plot.sampled(d.signal, _READ_FOR_A_PICTURE)) for d in thin)
    return replace(job, drawings=tuple(drawings))
