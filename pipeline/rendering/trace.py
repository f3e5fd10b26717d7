"""What both forms of a trace share: a series a unit, and which units."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from pipeline.errors import SettingError
from pipeline.model.signal import Signal
from pipeline.rendering.plot import Kind, refuse
from pipeline.rendering.settings import Settings, optional, setting, whole

__all__ = ["Trace"]


def _check_units(value: Any) -> tuple[int, ...]:
    if isinstance(value, str):
        text = value.strip("()[] ")
        if ":" in text:
            ends = [int(part) if part else None for part in text.split(":")]
            start, stop, stride = (*ends, None)[:3] if len(ends) == 2 else ends
            if stop is None:
                raise ValueError(value)
            value = slice(start, stop, stride)
        else:
            value = [part for part in text.replace(";", ",").split(",") if part.strip()]
    if isinstance(value, slice):
        value = range(value.start or 0, value.stop, 1 if value.step is None else value.step)
    units = tuple(whole(unit) for unit in np.ravel(np.asarray(list(value) if isinstance(value, range) else value)))
    if not units or min(units) < 0 or len(set(units)) < len(units):
        raise ValueError(value)
    return units


@dataclass(frozen=True, kw_only=True)
class Trace(Settings):
    """A (time, unit) or (time,) array as a series a unit.

    Attributes
    ----------
    units : tuple of int or None
        Which units, as a list or ``start:stop:step``. None: all.
    """

    kind: ClassVar[str] = "trace"
    steps_a_task: ClassVar[int | None] = None

    size: tuple[float, float] = setting(
        (10.0, 5.0), Settings.__dataclass_fields__["size"].metadata["check"], "two numbers of inches, such as 10x5"
    )
    units: tuple[int, ...] | None = setting(
        None, optional(_check_units), "different unit numbers from 0, such as [0, 5, 7] or 0:10"
    )

    def check_series(self: Kind, subject: Signal) -> None:
        """Accept (time, unit) and (time,), with the units that are asked for."""
        if subject.time is None or len(subject.shape) not in (1, 2):
            raise refuse(self, subject, "the dimensions (time, unit) or (time); set time_axis if time is not known")
        count = subject.shape[1] if len(subject.shape) > 1 else 1
        beyond = [unit for unit in getattr(self, "units", None) or () if unit >= count]
        if beyond:
            raise SettingError(f"{subject.name}: trace: units={beyond}: accepted is 0 to {count - 1}")

    def window_steps(self, subject: Signal) -> int | None:
        """Return None: a series runs over all of the time."""
        return None

    def tags(self, subject: Signal) -> tuple[str, ...]:
        """Return ``component/N{unit}/attr`` for each unit; ``component/attr`` where there are no units."""
        if len(subject.shape) == 1:
            return (subject.tag(subject.attr),)
        return tuple(subject.tag(f"N{unit}", subject.attr) for unit in self.shown(subject))

    def shown(self, subject: Signal) -> tuple[int, ...] | range:
        """Return the units that are shown."""
        return range(subject.shape[1] if len(subject.shape) > 1 else 1) if self.units is None else self.units

    def series(self, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Return the values of the units that are shown, shape (k, unit)."""
        values = values.reshape(len(values), -1)
        return values if self.units is None else values[:, list(self.units)]
