"""Limits: what the colours of pictures, and the bins of histograms, span."""

from __future__ import annotations

import math
import re
from typing import Any, cast

import numpy.typing as npt

from pipeline.rendering.folds.fold import Fold
from pipeline.rendering.folds.limits import LimitsFold, finite_limits
from pipeline.rendering.folds.spread import SpreadFold
from pipeline.rendering.settings import setting

__all__ = [
    "Range",
    "check_range",
    "check_shares",
    "found_range",
    "given_range",
    "limits_setting",
    "range_fold",
    "shares",
]

#: ``shown``, ``all`` or ``frame``; two numbers; or two percentages as text.
Range = str | tuple[float, float] | tuple[str, str]

_PERCENT = re.compile(r"\s*(\d+(?:\.\d*)?|\.\d+)\s*%\s*")


def check_range(value: Any) -> Range:
    """Return a range in one spelling."""
    if isinstance(value, str):
        if value in ("shown", "all", "frame"):
            return value
        value = re.split("[,:]", value.strip("()[]"))
    low, high = value
    if percentages(low, high) is not None:
        return check_shares(value)
    low, high = float(low), float(high)
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise ValueError(value)
    return low, high


def check_shares(value: Any) -> tuple[str, str]:
    """Return two percentages in one spelling."""
    found = percentages(*(re.split("[,:]", value.strip("()[]")) if isinstance(value, str) else value))
    if found is None:
        raise ValueError(value)
    return f"{found[0]:.15g} %", f"{found[1]:.15g} %"


def percentages(low: Any, high: Any) -> tuple[float, float] | None:
    """Return two percentages, the lower first; None where these are other things.

    Raises
    ------
    ValueError
        If they are none between 0 and 100, or not the lower first.
    """
    found = [_PERCENT.fullmatch(end) if isinstance(end, str) else None for end in (low, high)]
    if found[0] is None or found[1] is None:
        return None
    shares = float(found[0][1]), float(found[1][1])
    if not 0 <= shares[0] < shares[1] <= 100:
        raise ValueError(shares)
    return shares


def limits_setting() -> Any:
    """Declare the setting of a range."""
    accepted = "shown, all, frame, or two numbers or percentages, such as (-1, 1) or (1 %, 99 %), the lower first"
    return setting("shown", check_range, accepted)


def given_range(limits: Range) -> tuple[float, float] | None:
    """Return a range of two numbers; None of one that is found."""
    return None if isinstance(limits, str) or shares(limits) else cast(tuple[float, float], limits)


def shares(limits: Range) -> tuple[float, float] | None:
    """Return what part of the values is below each end of a range in percentages; None of any other.

    Examples
    --------
    >>> shares(("1 %", "99 %"))
    (0.01, 0.99)
    """
    found = None if isinstance(limits, str) else percentages(*limits)
    return None if found is None else (found[0] / 100, found[1] / 100)


def range_fold(limits: Range) -> Fold | None:
    """Return the fold that finds a range; None where it is given, or each picture has its own."""
    if shares(limits) is not None:
        return SpreadFold(detailed=True)
    return LimitsFold() if limits in ("shown", "all") else None


def found_range(limits: Range, summary: Any, values: npt.NDArray[Any]) -> tuple[float, float]:
    """Return the ends of a range for some values, given what `range_fold` found; (nan, nan) without a finite value."""
    if (given := given_range(limits)) is not None:
        return given
    if (parts := shares(limits)) is not None:
        return summary.between(parts)  # type: ignore[no-any-return]
    return summary or finite_limits(values)
