"""Records: what drawing hands to writing; pictures, points, histograms and hyperparameters, not yet event bytes.

This is the one vocabulary that ``rendering`` and ``writing`` share; neither imports the other.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["Histogram", "Hparams", "Image", "Record", "Scalars"]


@dataclass(frozen=True)
class Image:
    """One picture of one tag at one step.

    Attributes
    ----------
    tag : str
    step : int
    wall_time : float
        Simulated time in seconds.
    png : bytes
        The encoded picture.
    width, height : int
        In pixels.
    description : str
        Markdown that TensorBoard shows beside the series, if its first record has it.
    """

    tag: str
    step: int
    wall_time: float
    png: bytes
    width: int
    height: int
    description: str = ""


@dataclass(frozen=True)
class Scalars:
    """A block of points of several series that share their steps.

    Attributes
    ----------
    tags : tuple of str
        One a series, length ``u``.
    steps : ndarray of int64, shape (t,)
        Ascending.
    wall_times : ndarray of float64, shape (t,)
        Simulated time in seconds.
    values : ndarray of float32, shape (t, u)
    description : str
        Markdown that TensorBoard shows beside each of the series, if these are its first points.
    """

    tags: tuple[str, ...]
    steps: npt.NDArray[np.int64]
    wall_times: npt.NDArray[np.float64]
    values: npt.NDArray[np.float32]
    description: str = ""


@dataclass(frozen=True)
class Histogram:
    """The distribution of the values of a tag at one step.

    Attributes
    ----------
    tag : str
    step : int
    wall_time : float
        Simulated time in seconds.
    bins : ndarray of float64, shape (k, 3)
        The left edge, the right edge and the number of values of each bin; the last one has its right edge too.
    description : str
        Markdown that TensorBoard shows beside the series, if its first record has it.
    """

    tag: str
    step: int
    wall_time: float
    bins: npt.NDArray[np.float64]
    description: str = ""


@dataclass(frozen=True)
class Hparams:
    """Hyperparameters of a run: column name to a number, boolean or string."""

    values: dict[str, bool | float | str] = field(default_factory=dict)


Record = Image | Scalars | Histogram | Hparams
Array = npt.NDArray[Any]
