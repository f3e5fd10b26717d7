"""Plot settings: frozen, validated once, the same from Python, YAML and the command line.

A kind of plot is a frozen dataclass whose fields *are* its settings (`pipeline.rendering.plot`). A field is declared
with `setting`, which names the check that turns what a user wrote into what the code uses, and the words that tell the
user what is accepted.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar

import numpy as np

from pipeline.errors import SettingError

__all__ = ["Settings", "check_time_axis", "setting"]


def setting(default: Any, check: Callable[[Any], Any], accepted: str) -> Any:
    """Declare a setting: its default, the check it goes through, and what is accepted, in words."""
    return field(default=default, metadata={"check": check, "accepted": accepted})


def wide_size() -> Any:
    """Declare the size of a picture of curves or bars."""
    return setting((10.0, 5.0), check_size, "two numbers of inches, such as 10x5")


def optional(check: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Let a check accept None (also as the word), the kind's own choice."""
    return lambda value: None if value is None or isinstance(value, str) and value == "None" else check(value)


def whole(value: Any) -> int:
    """Return a whole number; a float with a fraction, a boolean or a word is refused."""
    if isinstance(value, (bool, np.bool_)):
        raise TypeError(value)
    number = float(value)
    if number != int(number):
        raise ValueError(value)
    return int(number)


def positive_whole(value: Any) -> int:
    """Return a whole number of at least 1."""
    number = whole(value)
    if number < 1:
        raise ValueError(value)
    return number


def positive(value: Any) -> float:
    """Return a finite number above 0."""
    number = float(value)
    if isinstance(value, bool) or not 0 < number < math.inf:
        raise ValueError(value)
    return number


def boolean(value: Any) -> bool:
    """Return a boolean, also from the words of YAML and the command line."""
    words = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
    return words[str(value).lower()]


def check_size(value: Any) -> tuple[float, float]:
    """Return (width, height) in inches from a pair or a word such as ``15x10``."""
    width, height = value.lower().split("x") if isinstance(value, str) else value
    size = positive(width), positive(height)
    if not all(1 <= side <= 100 for side in size):
        raise ValueError(value)
    return size


def check_time_axis(value: Any) -> int | str:
    """Return an axis number or a dimension's name."""
    if isinstance(value, str) and not re.fullmatch(r"[-+]?\d+", value):
        return value
    return whole(value)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The settings that all kinds of plots share.

    Attributes
    ----------
    size : (float, float)
        Width and height of the picture in inches, at 100 pixels an inch.
    step : int
        Every `step`-th time step is used, from 0.
    time_axis : int, str or None
        Which axis is time: its number (negative from the end) or its dimension's name. None: as the file tells.
    """

    kind: ClassVar[str]
    format: ClassVar[str]

    size: tuple[float, float] = setting((15.0, 10.0), check_size, "two numbers of inches from 1 to 100, such as 15x10")
    step: int = setting(1, positive_whole, "a whole number of at least 1")
    time_axis: int | str | None = setting(None, optional(check_time_axis), "an axis number or a dimension's name")

    def __post_init__(self) -> None:
        for item in fields(self):
            value = getattr(self, item.name)
            try:
                object.__setattr__(self, item.name, item.metadata["check"](value))
            except (ValueError, TypeError, KeyError, AttributeError, OverflowError) as cause:
                accepted = item.metadata["accepted"]
                raise SettingError(f"{self.kind}: {item.name}={value!r}: accepted is {accepted}") from cause


def as_mapping(value: Any, what: str) -> Mapping[str, Any]:
    """Return `value` if it is a mapping with string keys, else raise a SettingError that names `what`."""
    if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
        raise SettingError(
            f"{what}: accepted is a mapping of settings such as {{kind: trace, step: 10}}, not {value!r}"
        )
    return value
