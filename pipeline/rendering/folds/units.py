"""The units that are shown, taken out of the values of a block."""

from __future__ import annotations

from typing import Any

import numpy.typing as npt

__all__ = ["of_units"]


def of_units(values: npt.NDArray[Any], units: tuple[int, ...] | None) -> npt.NDArray[Any]:
    """Return the values of some units, shape (k, unit), of a block's, shape (k,) or (k, unit); None: of all units."""
    values = values.reshape(len(values), -1)
    return values if units is None else values[:, list(units)]
