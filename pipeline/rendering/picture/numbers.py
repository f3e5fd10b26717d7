"""Numbers at an axis: short ones, of which the axis' label says what they are multiplied with and counted from.

matplotlib writes that above the axis, where the title is, and its ticks fail for the largest numbers. So the axis is
drawn in numbers that are easily written, and all that is said beside them stands in the label.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

__all__ = ["LARGE", "LESS", "Numbers", "numbers_between"]

#: Above this, sums and differences of numbers may be none; times the other, which is a power of two, they are exact.
LARGE, LESS = 1e300, 2.0**-20

_LONGEST = 7  # characters of a number at an axis
_SMALL, _LARGE = -4, 6  # powers of ten from which on they are written beside the axis
_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclass(frozen=True)
class Numbers:
    """The numbers at an axis: ``value = number * 10**exponent + base``."""

    base: float = 0.0
    exponent: int = 0

    def of(self, value: float) -> float:
        """Return the number that stands for a value."""
        number = value - self.base
        for part in (self.exponent // 2, self.exponent - self.exponent // 2):  # 10**-320 is no number of full precision
            number = number / 10.0**part if part >= 0 else number * 10.0**-part
        return number

    @property
    def words(self) -> str:
        """What the label says of them; empty where they are the values."""
        power = f" ×10{str(self.exponent).translate(_SUPERSCRIPTS)}" if self.exponent else ""
        return power + (f" from {self.base:.15g}".replace("-", "\N{MINUS SIGN}") if self.base else "")


def numbers_between(low: float, high: float) -> Numbers:
    """Return the numbers for an axis between two values, in any order."""
    low, high = min(low, high), max(low, high)
    largest = max(abs(low), abs(high))
    if not largest or low == high:
        return Numbers(0.0, _exponent(largest) if largest else 0)
    whole = Numbers(0.0, math.floor(math.log10(largest)))
    ticks, decimals = _ticks(whole.of(low), whole.of(high))
    exponent = _exponent(max(map(abs, ticks), default=1.0), whole.exponent)
    if (
        len(f"{min(ticks, default=0.0):.{max(0, decimals + (0 if exponent else -whole.exponent))}f}")
        + (0 if exponent else max(0, whole.exponent))
        <= _LONGEST
    ):
        return Numbers(0.0, exponent)
    place = math.floor(math.log10(high / 2 - low / 2)) + 2  # the first digit that changes, and one before it
    base = _rounded(low / 2 + high / 2, place)
    return Numbers(base, _exponent(max(abs(low - base), abs(high - base))))


def _exponent(largest: float, power: int = 0) -> int:
    """Return the power of ten that is written beside an axis with numbers up to ``largest * 10**power``."""
    found = math.floor(math.log10(largest)) + power if largest else 0
    return found if found <= _SMALL or found >= _LARGE else 0


def _ticks(low: float, high: float) -> tuple[list[float], int]:
    """Return the ticks between two numbers below ten, and the decimals that tell them apart."""
    from matplotlib.ticker import MaxNLocator

    ticks = [float(tick) for tick in MaxNLocator(nbins=6, min_n_ticks=1).tick_values(low, high) if low <= tick <= high]
    step = ticks[1] - ticks[0] if len(ticks) > 1 else high - low
    decimals = max(0, -math.floor(math.log10(step)))
    return ticks, decimals + (round(step * 10**decimals, 6) % 1 > 0)


def _rounded(value: float, place: int) -> float:
    return float(f"{value:.{max(0, math.floor(math.log10(abs(value))) - place)}e}") if value else 0.0
