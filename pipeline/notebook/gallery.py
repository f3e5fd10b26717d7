"""Pictures in a notebook, the same bytes as in the event file: only the one looked at is read and drawn.

What a picture needs of the others is found once, when the first one is shown, and cached: the colour limits of a
heatmap (``limits: shown`` reads every kept step for them; with ``frame`` or two numbers nothing but the step is read),
and of pictures that show a whole variable the whole variable.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

from pipeline.errors import SettingError, nearest
from pipeline.model.record import Hparams, Image, Scalars
from pipeline.model.series import Series
from pipeline.notebook import widgets
from pipeline.planning.job import Job
from pipeline.planning.plan import Plan
from pipeline.rendering.drawing import Drawing
from pipeline.running.display import in_notebook
from pipeline.running.on_demand import OnDemand
from pipeline.units import SECONDS, plural, quantity

__all__ = ["Gallery", "Preview", "gallery"]


class Preview:
    """One plot of one variable, as it will be written.

    Attributes
    ----------
    title : str
        ``component/attr``, kind and format.
    labels : list of str
        What tells the pictures apart, one a picture: a step and its time, or a tag.
    """

    def __init__(self, job: Job, drawing: Drawing) -> None:
        self.title, self.note = f"{drawing.signal.name}: {drawing.plot.title}", ""
        at = job.drawings.index(drawing)
        pictured = drawing.plot.pictured(drawing.signal)
        if pictured != drawing.plot:  # TensorBoard draws points and distributions itself
            self.note = "drawn as pictures here; TensorBoard gets the numbers"
            others = (*job.drawings[:at], replace(drawing, plot=pictured), *job.drawings[at + 1 :])
            job = replace(job, drawings=others)
        self._engine = OnDemand([job])
        self._drawing = self._engine.drawings[at]

    def __len__(self) -> int:
        return 0 if self._is_table else len(self._series) * len(self._drawing.steps)

    def __repr__(self) -> str:
        signal = self._drawing.signal
        shape = ", ".join(f"{dim}={size}" for dim, size in zip(signal.dims, signal.shape, strict=True))
        what = "a table" if self._is_table else plural(len(self), "picture")
        return f"<preview of {self.title} of ({shape}): {what}{f'; {self.note}' if self.note else ''}>"

    @cached_property
    def labels(self) -> list[str]:
        """A label for each picture; empty for a table."""
        return [self.label(number) for number in range(len(self))]

    def label(self, number: int) -> str:
        """Return what tells a picture from the others."""
        series, step = self._address(number)
        clock = self._drawing.signal.time
        return series.tag if clock is None or len(series.steps) == 1 else clock.caption(step)

    @property
    def timed(self) -> bool:
        """Whether the pictures are of one series at different times."""
        return len(self._series) == 1 and len(self._drawing.steps) > 1

    @property
    def _series(self) -> tuple[Series, ...]:
        return self._drawing.series

    @property
    def _is_table(self) -> bool:
        return self._series[0].plugin != "images"

    def _address(self, number: int) -> tuple[Series, int]:
        """Return the series and the step of a picture."""
        series, step = divmod(range(len(self))[number], len(self._drawing.steps))
        return self._series[series], self._drawing.steps[step]

    def find(self, where: str) -> int:
        """Return the number of the picture that shows a step or a time; where none does, the nearest one.

        Parameters
        ----------
        where : str
            A step such as ``300``, or a time with its unit such as ``1.2 s``.

        Raises
        ------
        SettingError
            If it is neither, or the duration of a step is not known.
        """
        clock, steps = self._drawing.signal.time, self._drawing.steps
        found = quantity(where) if where.strip()[-1:].isalpha() else None
        if where.strip().isdecimal():
            wanted = float(where)
        elif found is None or clock is None:
            raise SettingError(f"{where!r}: accepted is a step such as 300, or a time with its unit such as 1.2 s")
        elif clock.unit not in SECONDS:
            raise SettingError(f"{where!r}: the duration of a step is not known (give dt); accepted is a step")
        else:
            wanted = self._engine.step_at(self._drawing, found[0] * SECONDS[found[1]])
        place = (wanted - steps.start) / steps.step
        number = (
            round(place) if self._drawing.window is None else math.floor(place + 1e-6)
        )  # a window begins at its step
        return min(max(number, 0), len(steps) - 1)

    def png(self, number: int = 0) -> bytes:
        """Return a picture, counted from 0: the bytes that the event file will hold.

        Raises
        ------
        IndexError
            If there is no such picture.
        SourceError
            If the file cannot be read.
        """
        record = self._engine.record(*self._address(number))
        assert isinstance(record, Image)
        return record.png

    def rows(self) -> list[tuple[str, Any]]:
        """Return the names and values of a table; empty for pictures."""
        if not self._is_table:
            return []
        found: list[tuple[str, Any]] = []
        for record in self._engine.records(self._drawing):
            if isinstance(record, Hparams):
                found += record.values.items()
            elif isinstance(record, Scalars):
                found += zip(record.tags, record.values[0].tolist(), strict=True)
        return found

    def _repr_png_(self) -> bytes | None:
        return None if self._is_table else self.png()

    def _repr_html_(self) -> str | None:
        return widgets.table(self.title, self.rows()) if self._is_table else None

    def _ipython_display_(self) -> None:
        """Show a slider over the frames in a notebook; elsewhere, and without ipywidgets, the first frame is shown."""
        if len(self) < 2 or not (in_notebook() and widgets.available()):
            raise NotImplementedError  # IPython shows it as it shows others
        widgets.show(repr(self), self.png(), len(self), self.widget())

    def widget(self) -> Any:
        """Return an ipywidgets box with the slider and the frame it stands at; None without ipywidgets."""
        return None if self._is_table else widgets.slider(self)


class Gallery(Sequence[Preview]):
    """Several plots; the one that is chosen is drawn."""

    def __init__(self, items: Sequence[Preview]) -> None:
        self._items = list(items)

    def __len__(self) -> int:
        return len(self._items)

    def __getitem__(self, key: Any) -> Any:
        """Return a plot by number, or the first one whose title begins with a name."""
        if not isinstance(key, str):
            return self._items[key]
        for item in self._items:
            if item.title.startswith(key):
                return item
        raise KeyError(f"no plot '{key}'{nearest(key, [item.title for item in self._items])}")

    def __repr__(self) -> str:
        return "\n".join([f"<{len(self)} previews>", *(f"  {item!r}" for item in self)])

    def _repr_png_(self) -> bytes | None:
        shown = [item for item in self if len(item)]
        return shown[0].png() if shown else None

    def _ipython_display_(self) -> None:
        """Show a menu of the plots in a notebook; elsewhere, and without ipywidgets, the first frame is shown."""
        shown = [item for item in self if len(item)]
        if not shown or not (in_notebook() and widgets.available()):
            raise NotImplementedError  # IPython shows it as it shows others
        widgets.show(repr(self), shown[0].png(), sum(map(len, shown)), widgets.menu(shown))

    def widget(self) -> Any:
        """Return an ipywidgets box with a menu of the plots; None without ipywidgets."""
        shown = [item for item in self if len(item)]
        return widgets.menu(shown) if shown else None


def gallery(planned: Plan, name: str | None = None) -> Gallery:
    """Return the previews of a plan, or of one variable in it, named as ``attr`` or ``component/attr``."""
    found = [
        Preview(job, drawing)
        for job in planned.jobs
        for drawing in job.drawings
        if name is None or name in (drawing.signal.attr, drawing.signal.name)
    ]
    if not found:
        known = {drawing.signal.name for job in planned.jobs for drawing in job.drawings}
        problem = planned.problems[0] if planned.problems else f"{planned.name}: nothing is drawn of '{name}'"
        raise SettingError(problem + (nearest(name, known) if name else ""))
    return Gallery(found)
