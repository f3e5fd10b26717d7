"""Where stretches begin."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["begins"]


def begins(numbers: npt.NDArray[Any]) -> npt.NDArray[np.intp]:
    """Return where each stretch of equal numbers begins.

    Examples
    --------
    >>> begins(np.array([4, 4, 5, 7, 7])).tolist()
    [0, 2, 3]
    """
    return np.flatnonzero(np.diff(numbers, prepend=numbers[0] - 1))
