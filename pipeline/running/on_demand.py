"""One address at a time: any series at any of its steps, drawn when somebody looks at it.

A record is the same as the one a conversion writes: blocks are cut alike, and partials are merged by the same tree.
"""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial, reduce
from typing import Any

import numpy as np

from pipeline.errors import SourceError
from pipeline.model.block import DenseBlock
from pipeline.model.record import Histogram, Image, Record, Scalars
from pipeline.model.series import Series
from pipeline.opening.hdf5.lazy_array import stored_identity
from pipeline.planning.job import Job
from pipeline.rendering.drawing import Drawing
from pipeline.running.cache import CACHE, Cache
from pipeline.running.clocks import with_clock
from pipeline.running.merge_tree import MergeTree
from pipeline.running.tasks import Failure, fold_block, guarded, merge
from pipeline.slicing.blocks import Block

__all__ = ["OnDemand"]

#: Bytes of a value besides its arrays and pictures, about.
_OBJECT = 200


@dataclass(frozen=True)
class _Source:
    """A job, and the identity of its data and of the blocks it is read in."""

    job: Job
    identity: Hashable


class OnDemand:
    """Draws the series of some jobs, also from several threads at once.

    Parameters
    ----------
    jobs : sequence of Job
        Their stored times are read.
    cache : Cache
        Of summaries and pictures.

    Attributes
    ----------
    drawings : list of Drawing
    series : dict of (str, str) to Series
        By plugin and tag.
    """

    def __init__(self, jobs: Sequence[Job], cache: Cache = CACHE) -> None:
        self._cache = cache
        self._sources = [_source(with_clock(job.within(replace(job.budget, each=0)))) for job in jobs]
        self.drawings = [drawing for source in self._sources for drawing in source.job.drawings]
        self._of_drawing = {drawing: source for source in self._sources for drawing in source.job.drawings}
        self._of_series = {one: drawing for drawing in self.drawings for one in drawing.series}
        self.series = {(one.plugin, one.tag): one for one in self._of_series}

    def record(self, series: Series, step: int) -> Record:
        """Return what is shown of a series at a step.

        Parameters
        ----------
        series : Series
            One of `series`.
        step : int
            One of its steps.

        Returns
        -------
        Record
            An image, a point, or a hyperparameter; the bytes that a conversion writes.

        Raises
        ------
        KeyError
            If there is no such address.
        SourceError
            If the file cannot be read.
        """
        drawing = self._of_series[series]
        if step not in series.steps:
            raise KeyError(step)
        key = self._of_drawing[drawing].identity, drawing, series.tag, step
        return self._cache.get(key, partial(self._draw, drawing, series, step), _bytes_of)  # type: ignore[no-any-return]

    def content(self, series: Series, step: int) -> str:
        """Return a digest of all that the record of a step depends on, but for the values of its own rows."""
        drawing = self._of_series[series]
        at = series.steps.index(step)
        needs = drawing.plot.needs(drawing.signal, series.steps[at : at + 1])
        shared = self._shared(drawing)
        own = needs if drawing.window is not None else needs.rows
        return hashlib.blake2b(f"{shared} {own} {step}".encode(), digest_size=8).hexdigest()

    def _shared(self, drawing: Drawing) -> str:
        """Return what all records of a drawing depend on: settings, axes other than the length, a summary of all."""
        key = self._of_drawing[drawing].identity, drawing, "shared"
        return self._cache.get(key, partial(self._shared_anew, drawing), len)  # type: ignore[no-any-return]

    def _shared_anew(self, drawing: Drawing) -> str:
        signal, rows = drawing.signal, drawing.needs.summary
        time = None if signal.time is None else replace(signal.time, length=0)
        summary = b"" if rows is None or drawing.window is not None else pickle.dumps(self._summary(drawing, rows))
        about = drawing.plot, replace(signal, shape=signal.shape[1:], time=time), drawing.suffix, drawing.fold
        return hashlib.blake2b(repr(about).encode() + summary, digest_size=8).hexdigest()

    def _draw(self, drawing: Drawing, series: Series, step: int) -> Record:
        at = series.steps.index(step)
        needs = drawing.needs_of(series.steps[at : at + 1])
        summary = None if needs.summary is None else self._summary(drawing, needs.summary)
        block = None if needs.rows is None else self._read(drawing, needs.rows)
        return drawing.draw(series, step, block, summary)

    def records(self, drawing: Drawing) -> Iterator[Record]:
        """Yield all records of a drawing, as a conversion does."""
        needs = drawing.needs
        summary = None if needs.summary is None else self._summary(drawing, needs.summary)
        if needs.rows is None:
            yield from drawing.records(drawing.steps, None, summary)
            return
        for block in self._of_drawing[drawing].job.first_blocks:
            part = block.range if block.step == needs.rows.step else needs.rows
            rows = self._read(drawing, range(block.start, block.stop, part.step))
            yield from drawing.records(part, rows, summary)

    def ends(self, drawing: Drawing) -> Iterator[Record]:
        """Yield the first and the last point of thinned series, which their summary need not have."""
        needs, steps = drawing.needs, drawing.steps
        plot = drawing.plot.whole()
        if needs.rows is not None or plot is None:
            return
        for step in dict.fromkeys((steps[0], steps[-1])):
            rows = range(step, step + 1)
            yield from replace(drawing, plot=plot).records(rows, self._read(drawing, rows), None)

    def seconds(self, drawing: Drawing, step: int) -> float:
        """Return the simulated time of a step in seconds."""
        job, time = self._of_drawing[drawing].job, drawing.signal.time
        if job.times is not None:
            return float(job.times[step])
        return 0.0 if time is None else float(time.seconds(float(step)))

    def step_at(self, drawing: Drawing, seconds: float) -> float:
        """Return where a simulated time in seconds lies among the steps; between two of them it is no whole number."""
        job, time = self._of_drawing[drawing].job, drawing.signal.time
        if job.times is not None:
            return float(np.interp(seconds, job.times.to_numpy(), np.arange(job.length)))
        return 0.0 if time is None else (seconds - time.seconds(0.0)) / (time.seconds(1.0) - time.seconds(0.0))

    def _read(self, drawing: Drawing, rows: range) -> DenseBlock:
        block = Block(rows[0], rows[-1] + 1, rows.step)
        found = guarded(self._of_drawing[drawing].job.at(block).read)
        return _unless_failed(found)  # type: ignore[no-any-return]

    def _summary(self, drawing: Drawing, rows: range) -> Any:
        """Return the summary of some rows; drawings with equal folds share it."""
        source = self._of_drawing[drawing]
        key = source.identity, source.job.axis, drawing.fold, rows
        return self._cache.get(key, partial(_summarise, source.job, drawing, rows), _bytes_of)


def _source(job: Job) -> _Source:
    try:
        identity = stored_identity(job.variable)
    except OSError:
        identity = ""
    return _Source(job, (identity, tuple(job.first_blocks)) if identity else object())


def _summarise(job: Job, drawing: Drawing, rows: range) -> Any:
    """Return the merged partials of some rows, cut and merged as a conversion does."""
    tree = MergeTree(lambda *partials: reduce(partial(merge, drawing), partials))
    for block in job.first_blocks:
        if block.start < rows.stop and block.stop > rows.start:
            inside = Block(max(block.start, rows.start), min(block.stop, rows.stop), block.step)
            tree.add(_unless_failed(guarded(lambda part: fold_block(drawing, part.read()), job.at(inside))))
    return tree.merged()


def _unless_failed(result: Any) -> Any:
    if isinstance(result, Failure):
        raise SourceError(result.message)
    return result


def _bytes_of(value: Any) -> int:
    """Return about how many bytes a record or a partial has."""
    match value:
        case Image():
            return _OBJECT + len(value.png)
        case Histogram():
            return _OBJECT + value.bins.nbytes
        case Scalars():
            return _OBJECT + value.values.nbytes + value.steps.nbytes + value.wall_times.nbytes
        case tuple():
            return _OBJECT + sum(getattr(part, "nbytes", 8) for part in value)
    return _OBJECT
