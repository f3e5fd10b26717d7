"""Traces in either form: a series a unit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from pipeline.errors import SettingError
from pipeline.model.series import Series
from pipeline.model.signal import Signal
from pipeline.rendering.plot import Plot
from pipeline.rendering.settings import boolean, optional, setting, whole, wide_size

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


def _check_together(value: Any) -> bool | str:
    if isinstance(value, str) and value.lower() not in ("true", "yes", "1", "false", "no", "0"):
        if not value.strip():
            raise ValueError(value)
        return " ".join(value.split())
    return boolean(value)


@dataclass(frozen=True, kw_only=True)
class Trace(Plot):
    """A (time, unit) or (time,) array as a series a unit.

    Attributes
    ----------
    units : tuple of int or None
        Which units, as a list or ``start:stop:step``. None: all.
    together : bool or str
        Whether the units share one chart, in CUSTOM SCALARS, or as one picture. A name: of series, a chart of that name
        with those of all variables that give it.
    """

    kind: ClassVar[str] = "trace"

    size: tuple[float, float] = wide_size()
    units: tuple[int, ...] | None = setting(
        None, optional(_check_units), "different unit numbers from 0, such as [0, 5, 7] or 0:10"
    )
    together: bool | str = setting(False, _check_together, "true, false, or the name of a chart")

    def fit(self, signal: Signal) -> Plot:
        """Accept (time, unit) and (time,), with the units that are asked for."""
        if signal.time is None or len(signal.shape) not in (1, 2):
            raise self.refuse(signal, "the dimensions (time, unit) or (time); set time_axis if time is not known")
        count = signal.shape[1] if len(signal.shape) > 1 else 1
        beyond = [unit for unit in self.units or () if unit >= count]
        if beyond:
            raise SettingError(f"{signal.name}: trace: units={beyond}: accepted is 0 to {count - 1}")
        return self

    @property
    def reads_units(self) -> tuple[int, ...] | None:
        """The units that are shown."""
        return self.units

    def tags(self, signal: Signal) -> dict[int, str]:
        """Return ``component/N{unit}/attr`` by unit shown, or with its label; ``component/attr`` without units."""
        if len(signal.shape) == 1:
            return {0: signal.name}
        shown = range(signal.shape[1]) if self.units is None else self.units
        return {unit: f"{signal.component}/{signal.unit_name(unit)}/{signal.attr}" for unit in shown}

    def places(self, series: Sequence[Series]) -> list[int]:
        """Return where the units of some series are among those that are shown."""
        place = None if self.units is None else {unit: at for at, unit in enumerate(self.units)}
        return [(one.unit or 0) if place is None else place[one.unit or 0] for one in series]
