"""Units as people write and read them: ``"0.1 ms"``, ``"2GB"``, a unit's other names; sizes and durations as text."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from pipeline.errors import SettingError

__all__ = [
    "SECONDS",
    "Axes",
    "Durations",
    "axes",
    "duration",
    "duration_text",
    "durations",
    "listed",
    "plural",
    "quantity",
    "size_in_bytes",
    "size_text",
    "time_unit",
]

#: The duration of a step as users give it: of all variables, or by name (`durations`).
Durations = str | float | Mapping[str, str | float] | Sequence[str] | None

#: The axis of time as users give it: of all variables, or by name (`axes`).
Axes = int | str | Mapping[str, int | str] | Sequence[str] | None

#: Seconds in one of each unit of time that is understood.
SECONDS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ns": 1e-9, "min": 60.0, "h": 3600.0}
SECONDS |= {"ps": 1e-12, "d": 86400.0}
_WORDS = {"second": "s", "sec": "s", "millisecond": "ms", "msec": "ms", "millisec": "ms", "microsecond": "us"}
_WORDS |= {"usec": "us", "microsec": "us", "nanosecond": "ns", "nsec": "ns", "picosecond": "ps", "psec": "ps"}
_WORDS |= {"minute": "min", "hour": "h", "hr": "h", "day": "d", "1/hz": "s", "1/khz": "ms", "1/mhz": "us"}
_QUANTITY = re.compile(r"\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*([a-zA-Zµμ]*)\s*")
_BYTES = {"": 1, "b": 1, "k": 10**3, "kb": 10**3, "m": 10**6, "mb": 10**6, "g": 10**9, "gb": 10**9}
_BYTES |= {"t": 10**12, "tb": 10**12, "kib": 2**10, "mib": 2**20, "gib": 2**30, "tib": 2**40}


def quantity(value: Any) -> tuple[float, str] | None:
    """Return (number, unit) of a time such as ``"-0.1 ms"``, in ms where it names no unit; None if it is no time."""
    found = _QUANTITY.fullmatch(str(value)) if not isinstance(value, bool) else None
    if found is None or (found[2] or "ms") not in SECONDS or not math.isfinite(float(found[1])):
        return None
    return float(found[1]), found[2] or "ms"


def time_unit(units: Any) -> str:
    """Return the unit of time that an attribute names; a word that is not known is returned as it is.

    Examples
    --------
    >>> [time_unit(units) for units in ("ms", "Seconds", "[msec.]", "days since 2000-01-01", "1/kHz", "frames")]
    ['ms', 's', 'ms', 'd', 'ms', 'frames']
    """
    text = str(units).strip().strip("[](){}").strip()
    word = text.split(" ")[0].rstrip(".,;")
    if word in SECONDS:
        return word
    lower = word.lower()
    return next((_WORDS[form] for form in (lower, lower.removesuffix("s")) if form in _WORDS), word)


def duration(value: Any) -> tuple[float, str]:
    """Return (number, unit) from ``"0.1 ms"``; a plain number is in milliseconds, as simulators count.

    Raises
    ------
    SettingError
        If it is not a positive duration in one of the units s, ms, us, ns, min or h.
    """
    found = quantity(value)
    if found is None or found[0] <= 0:
        raise SettingError(f"dt={value!r}: accepted is a positive duration such as '0.1 ms' ({', '.join(SECONDS)})")
    return found


def durations(value: Any) -> dict[str, tuple[float, str]]:
    """Return durations by the name of a variable, that of all others by an empty name.

    Parameters
    ----------
    value : None, str, float, mapping, or list of str
        ``"0.1 ms"``, ``{"weights": "10 ms", "": "0.1 ms"}``, or as it is given on the command line,
        ``["0.1ms", "weights=10ms"]``.

    Raises
    ------
    SettingError
        If one of them is no positive duration, or a name has two.
    """
    if value is None:
        return {}
    if isinstance(value, Mapping):
        return {str(name): duration(one) for name, one in value.items()}
    found: dict[str, tuple[float, str]] = {}
    for one in value if isinstance(value, list | tuple) else [value]:
        name, _, text = one.rpartition("=") if isinstance(one, str) else ("", "", one)
        if name.strip() in found:
            raise SettingError(f"dt={one!r}: accepted is one duration for each variable, and one for all others")
        found[name.strip()] = duration(text)
    return found


def axes(value: Any) -> dict[str, int | str]:
    """Return axes by the name of a variable, that of all others by an empty name.

    Parameters
    ----------
    value : None, int, str, mapping, or list of str
        ``0``, ``{"weights": 2}``, or as it is given on the command line, ``["0", "weights=2"]``.

    Raises
    ------
    SettingError
        If one of them is no axis, or a name has two.

    Examples
    --------
    >>> axes(["0", "weights=sweep"])
    {'': 0, 'weights': 'sweep'}
    """
    if value is None:
        return {}
    if isinstance(value, Mapping):
        pairs = [(str(name), one) for name, one in value.items()]
    else:
        each = value if isinstance(value, list | tuple) else [value]
        pairs = [one.rpartition("=")[::2] if isinstance(one, str) else ("", one) for one in each]
    found: dict[str, int | str] = {}
    for name, one in pairs:
        if isinstance(one, bool) or not isinstance(one, int | str) or one == "" or name.strip() in found:
            raise SettingError(f"time_axis={one!r}: accepted is the number of an axis or its name, one a variable")
        number = isinstance(one, int) or one.strip().lstrip("+-").isdecimal()
        found[name.strip()] = int(one) if number else str(one).strip()
    return found


def size_in_bytes(value: Any) -> int:
    """Return a number of bytes from ``2GB``, ``500 MiB`` or a plain number.

    Raises
    ------
    SettingError
        If it is not a size, or less than 100 MB, which Python and its libraries take alone.
    """
    found = re.fullmatch(r"\s*(\d+\.?\d*)\s*([a-zA-Z]*)\s*", str(value))
    size = int(float(found[1]) * _BYTES[found[2].lower()]) if found and found[2].lower() in _BYTES else 0
    if size < 100 * 10**6:
        raise SettingError(f"memory={value!r}: accepted is a size of at least 100 MB, such as 2GB or 800MiB")
    return size


def size_text(size: float) -> str:
    """Return a number of bytes in words, of three digits."""
    for unit in ("B", "KB", "MB", "GB"):
        if size < 999.5:
            return f"{size:.3g} {unit}"
        size /= 1000
    return f"{size:.3g} TB" if size < 999.5 else f"{size:,.0f} TB"


def duration_text(seconds: float) -> str:
    """Return a duration in words, such as ``2 min 5 s``."""
    if seconds < 59.5:
        return f"{seconds:.0f} s" if seconds >= 9.95 else f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"


def listed(names: Sequence[str], most: int) -> str:
    """Return names in words, at most so many of them.

    Examples
    --------
    >>> listed(["a", "b", "c", "d"], 2)
    'a, b and 2 more'
    """
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def plural(count: int, word: str) -> str:
    """Return a number of things in words."""
    return f"{count:,} {word}{'s' if count != 1 else ''}"
