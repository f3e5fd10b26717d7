"""What the page can show: the variables of all runs that run in time, opened when they are first looked at."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from pipeline.planning.job import Job
from pipeline.running.clocks import with_clock
from pipeline.running.store import Store
from pipeline.serving.page.axis import Axis
from pipeline.serving.page.dense import Dense
from pipeline.serving.page.events import Events
from pipeline.serving.page.matrices import Matrices
from pipeline.units import SECONDS

__all__ = ["Variable", "listed"]

#: More units than that are shown as a heatmap at first.
_TRACES = 12


class Variable:
    """One variable of one run.

    Parameters
    ----------
    run : str
    job : Job
    key : str
        Of its source, as it is now; empty where that is unknown.
    store : Store
    closing : threading.Event
        Set when nothing more shall be read.
    before : Variable or None
        The same one, as it was before its file changed.
    """

    def __init__(
        self, run: str, job: Job, key: str, store: Store, closing: threading.Event, before: Variable | None
    ) -> None:
        self.run, self.job, self.key = run, job, key
        self._store, self._closing = store, closing
        self._before = None if before is None else before._looked_at
        self._opened: Dense | Events | Matrices | None = None
        self._lock = threading.Lock()

    @property
    def id(self) -> str:
        """The name in addresses."""
        return _id(self.run, self.job)

    @property
    def _looked_at(self) -> Dense | None:
        """What was made of it when somebody last looked at it, which may be long before its file changed again."""
        return self._opened if isinstance(self._opened, Dense) else self._before

    @property
    def opened(self) -> Dense | Events | Matrices:
        """What it is made of, with its times read."""
        if self._opened is None:
            with self._lock:
                if self._opened is None:
                    self._opened = self._open()
                    self._before = None
        return self._opened

    def _open(self) -> Dense | Events | Matrices:
        job = with_clock(self.job)
        clock = job.drawings[0].signal.time
        assert clock is not None
        axis = Axis(clock, None if job.times is None else np.asarray(job.times.to_numpy(), np.float64))
        if job.whose is not None:
            return Events(job, axis, self.key, self._closing)
        if len(job.drawings[0].signal.shape) == 3:
            return Matrices(job, axis)
        grown = self._before is not None and self._before.steps.begin(job)
        return Dense(job, axis, self.key, self._store, self._closing, self._before if grown else None)

    def about(self) -> dict[str, Any]:
        """Return what the page lists; nothing is read."""
        signal, plots = self.job.drawings[0].signal, [drawing.plot for drawing in self.job.drawings]
        if len(signal.shape) == 3:
            kind = "matrix"
        elif any(plot.kind == "raster" for plot in plots) or signal.events is not None:
            kind = "raster"
        else:
            kind = "traces" if signal.units <= _TRACES else "heatmap"
        return {
            "id": self.id,
            "run": self.run,
            "name": signal.name,
            "unit": signal.unit,
            "kind": kind,
            "dims": list(signal.dims),
            "shape": list(signal.shape) if signal.events is None else [signal.events],
            "events": signal.events is not None,
            "units": signal.units if len(signal.shape) < 3 else 0,
            "labels": list(signal.labels),
            "bars": self._bars(),
        }

    def _bars(self) -> list[dict[str, Any]]:
        """Return the times that a plot marks (``events``), on the page's axis."""
        found: dict[float, dict[str, Any]] = {}
        for drawing in self.job.drawings:
            time, labels = drawing.signal.time, getattr(drawing.plot, "event_labels", None)
            for number, at in enumerate(getattr(drawing.plot, "events", None) or ()):
                seconds = at * SECONDS.get("" if time is None else time.unit, 1.0)
                found[seconds] = {"at": seconds, "label": labels[number] if labels else ""}
        return list(found.values())


def listed(
    jobs: Mapping[str, Sequence[Job]], store: Store, closing: threading.Event, before: Mapping[str, Variable]
) -> dict[str, Variable]:
    """Return the variables of some runs by id: those that run in time, of at most three dimensions."""
    found: dict[str, Variable] = {}
    for run, some in jobs.items():
        for job in some:
            signal = job.drawings[0].signal
            if signal.time is not None and len(signal.shape) <= 3:
                key, was = job.key(), before.get(_id(run, job))
                same = was is not None and key and was.key == key
                variable = was if was is not None and same else Variable(run, job, key, store, closing, was)
                found.setdefault(variable.id, variable)
    return found


def _id(run: str, job: Job) -> str:
    """Return a name that stays when a file grows, and tells nothing."""
    what = f"{run}\0{job.name}\0{job.axis}\0{job.dataset}"
    return hashlib.blake2b(what.encode(), digest_size=12).hexdigest()
