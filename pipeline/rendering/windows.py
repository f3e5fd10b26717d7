"""Windows and bins: stretches of time that a setting gives in steps or as a duration; and round numbers."""

from __future__ import annotations

from typing import Any

from pipeline.errors import SettingError
from pipeline.model.clock import Clock
from pipeline.rendering.settings import whole
from pipeline.units import SECONDS, duration

__all__ = ["check_window", "round_steps", "round_up", "steps_of"]


def check_window(value: Any) -> int | str:
    """Return a whole number of steps, or a duration in one spelling."""
    if isinstance(value, str) and not value.lstrip("+-").isdigit():
        try:
            number, unit = duration(value)
        except SettingError as cause:
            raise ValueError(value) from cause
        return f"{number:.15g} {unit}"
    steps = whole(value)
    if steps < 1:
        raise ValueError(value)
    return steps


def steps_of(window: int | str, clock: Clock, length: int) -> int:
    """Return the steps of a window on a time axis of some length: at least one, at most all."""
    if isinstance(window, str):
        number, unit = duration(window)
        window = max(1, round(number * SECONDS[unit] / SECONDS[clock.unit] / clock.step))
    return min(window, length)


def round_steps(steps: float) -> int:
    """Return the first of 1, 2, 5, 10, 20, 50 … that is not below `steps`."""
    decade = 10 ** max(0, len(str(int(steps))) - 1)
    return int(next((nice * decade for nice in (1, 2, 5) if nice * decade >= steps), 10 * decade))


def round_up(most: int) -> int:
    """Return the first of 2, 5, 10, 20, 50 … that is not below `most`, so that pictures share the drawn frame."""
    decade: int = 10 ** max(0, len(str(max(1, most - 1))) - 1)
    return next(nice * decade for nice in (1, 2, 5, 10) if nice * decade >= max(2, most))
