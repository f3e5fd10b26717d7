"""A matrix that changes in time: its values at any step, with colour limits that stay."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.model.block import DenseBlock
from pipeline.planning.job import Job
from pipeline.rendering.folds.limits import Limits, finite_limits
from pipeline.rendering.picture.matrix import shrink
from pipeline.serving.page.axis import Axis
from pipeline.serving.page.view import matrix_wire
from pipeline.slicing.blocks import Block, spread

__all__ = ["Matrices"]

#: Steps that the limits of colours are taken from.
_SAMPLE = 16
#: Rows and columns that are sent; of more, the mean of the finite ones of neighbours.
_MOST = 800


class Matrices:
    """One (time, row, column) variable, looked at.

    Parameters
    ----------
    job : Job
        Its times are known.
    axis : Axis
    """

    def __init__(self, job: Job, axis: Axis) -> None:
        self.job, self.axis = job, axis

    @property
    def sample(self) -> list[int]:
        """The steps that the limits of colours are taken from: evenly spread, with the first and the last."""
        return spread(self.job.length, _SAMPLE)

    @cached_property
    def limits(self) -> Limits:
        """The limits of the sample."""
        found = Limits(np.nan, np.nan)
        for step in self.sample:
            found = found.wider(finite_limits(self._read(step)))
        return found

    def _read(self, step: int) -> npt.NDArray[Any]:
        found = self.job.whole_at(Block(step, step + 1)).read()
        assert isinstance(found, DenseBlock)
        return np.asarray(found.values[0])

    def wire(self, time: float | None, step: int | None, counted: bool) -> bytes:
        """Return the matrix at a time or a step, framed for the page.

        Raises
        ------
        SourceError
            If it cannot be read.
        """
        axis = self.axis.as_counted(counted)
        if step is None:
            step = axis.steps(time, time)[0] if time is not None else self.job.length - 1
        step = min(max(step, 0), self.job.length - 1)
        values = self._read(step)
        limits = self.limits.wider(finite_limits(values))
        about = {
            "step": step,
            "steps": self.job.length,
            "time": float(axis.at(np.array([step]))[0]),
            "extent": axis.extent,
            "unit": axis.unit,
            "rows": min(values.shape[0], _MOST),
            "columns": min(values.shape[1], _MOST),
            "limits": [low if np.isfinite(low) else None for low in limits],
            "sample": len(self.sample),
            "dtype": "f4",
        }
        return matrix_wire(about, shrink(shrink(values, _MOST, 0), _MOST, 1))
