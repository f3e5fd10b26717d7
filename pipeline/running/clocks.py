"""Stored times: a clock that a file holds is known when its times are read."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from pipeline.model.clock import Clock
from pipeline.planning.job import Job
from pipeline.running.census import with_census
from pipeline.slicing.blocks import evenly_spaced
from pipeline.units import SECONDS, time_unit

__all__ = ["with_clock"]


def with_clock(job: Job) -> Job:
    """Return a job with its stored times read, if it has any.

    Raises
    ------
    SettingError
        If a plot does not fit them: a window that is a duration needs even ones.
    """
    if job.whose is not None:
        return with_census(job)
    if job.times is None:
        return job
    unit = time_unit(job.times.attrs.get("units", "step"))
    values = job.times.to_numpy()
    if values.dtype.kind in "mM":  # dates and durations, as xarray decodes them from other files
        since = values[0] if values.dtype.kind == "M" else np.timedelta64(0, "s")
        values, unit = (values - since) / np.timedelta64(1, "s"), "s"
    values, notes = _finite(job, values)
    line = evenly_spaced(values)
    if line is not None:
        clock = Clock(job.length, *line, unit=unit)
    elif values[-1] > values[0] and (np.diff(values) >= 0).all():
        mean = (float(values[-1]) - float(values[0])) / (job.length - 1)
        clock = Clock(job.length, float(values[0]), mean, unit, even=False)
    else:
        clock = Clock(job.length)
        notes += (f"{job.name}: its times do not rise; pictures count steps",)
    seconds = xr.Variable(("time",), values.astype(np.float64) * SECONDS.get(unit, 1.0))
    drawings = tuple(drawing.fit(replace(drawing.signal, time=clock)) for drawing in job.drawings)
    return replace(job, times=None if line else seconds, drawings=drawings, notes=notes)


def _finite(job: Job, times: npt.NDArray[Any]) -> tuple[npt.NDArray[Any], tuple[str, ...]]:
    """Return times of which none is missing, because TensorBoard stops reading where one is no number; and what to say.

    A missing time is put between its neighbours.
    """
    if times.dtype.kind != "f":
        return times, ()
    there = np.isfinite(times)
    if there.all():
        return times, ()
    missing = f"{job.name}: {np.count_nonzero(~there):,} of its {len(times):,} times are no numbers"
    if not there.any():
        return np.arange(len(times), dtype=np.float64), (f"{missing}; steps are counted instead",)
    steps = np.arange(len(times))
    return np.interp(steps, steps[there], times[there]), (f"{missing}; they are taken from those around them",)
