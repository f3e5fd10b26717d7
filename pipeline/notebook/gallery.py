"""Pictures in a notebook, the same bytes as in the event file: only the frame looked at is read and drawn.

What a frame needs of the others is found once, when the first one is shown, and kept: the colour limits of a heatmap
(``limits: shown`` reads every kept step for them; with ``frame`` or two numbers nothing but the frame is read), and of
pictures that show a whole variable the whole variable.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from itertools import islice
from typing import Any

from pipeline.errors import SourceError, nearest
from pipeline.model.record import Hparams, Image, Scalars
from pipeline.notebook import widgets
from pipeline.opening.hdf5.lazy_array import stored_identity
from pipeline.planning.job import Drawing, Job
from pipeline.rendering.heatmap import Heatmap, MatrixHeatmap
from pipeline.rendering.trace_image import TraceImage
from pipeline.rendering.trace_scalar import TraceScalar
from pipeline.running.tasks import Failure, first_pass, guarded, merge
from pipeline.slicing.blocks import Block
from pipeline.slicing.budget import Budget

__all__ = ["Gallery", "Preview"]

_MOST_KEPT = 64
_summaries: dict[str, Any] = {}  # what was merged, for the next preview of the same data with other colours


class Preview:
    """One plot of one variable, as it will be written.

    Attributes
    ----------
    title : str
        ``component/attr``, kind and format.
    labels : list of str
        What tells the frames apart, one a frame: a step and its time, or a tag.
    """

    def __init__(self, job: Job, drawing: Drawing) -> None:
        job = replace(job, drawings=(drawing,), budget=Budget(0)).read_times()  # a preview keeps no blocks
        drawing = job.drawings[0]
        self.title = f"{drawing.subject.name}: {drawing.kind.kind} ({drawing.kind.format})"
        self.note = ""
        kind = drawing.kind
        if isinstance(kind, TraceScalar):  # TensorBoard draws series itself
            self.note = "the series, drawn as pictures; TensorBoard gets the points"
            picture = TraceImage(size=kind.size, step=kind.step, units=kind.units, time_axis=kind.time_axis)
            drawing = replace(drawing, kind=picture.check(drawing.subject))
            job = replace(job, drawings=(drawing,))
        self._job, self._drawing = job, drawing
        self._kept: dict[int, Image] = {}

    def __len__(self) -> int:
        if self._is_table:
            return 0
        return len(self._tags or self._steps or [self.title])

    def __repr__(self) -> str:
        shape = ", ".join(
            f"{d}={n}" for d, n in zip(self._drawing.subject.dims, self._drawing.subject.shape, strict=True)
        )
        what = "a table" if self._is_table else f"{len(self):,} frame{'s' if len(self) != 1 else ''}"
        return f"<preview of {self.title} of ({shape}): {what}{f'; {self.note}' if self.note else ''}>"

    @cached_property
    def labels(self) -> list[str]:
        """What tells the frames apart; empty for a table."""
        return [self.label(number) for number in range(len(self))]

    def label(self, number: int) -> str:
        """Return what tells a frame from the others."""
        subject = self._drawing.subject
        if self._tags:
            return self._tags[number]
        if self._steps and subject.time is not None:
            return subject.time.caption(self._steps[number])
        return subject.name

    @property
    def _is_table(self) -> bool:
        return self._drawing.kind.kind == "hparam"

    @cached_property
    def _tags(self) -> tuple[str, ...]:
        """The tags, where each has a picture of its own."""
        kind = self._drawing.kind
        return kind.tags(self._drawing.subject) if isinstance(kind, TraceImage) else ()

    @cached_property
    def _steps(self) -> range | None:
        """The steps that frames begin at; None where one picture shows all of the variable."""
        kind, subject = self._drawing.kind, self._drawing.subject
        window = kind.window_steps(subject)
        if window is not None or kind.render_step is not None:
            return range(0, self._job.length, window or kind.render_step or 1)
        return None

    def png(self, number: int = 0) -> bytes:
        """Return the picture of a frame, counted from 0: the bytes that the event file will hold.

        Raises
        ------
        IndexError
            If there is no such frame.
        SourceError
            If the file cannot be read.
        """
        return self._image(range(len(self))[number]).png

    def _image(self, number: int) -> Image:
        if number not in self._kept:
            if len(self._kept) >= _MOST_KEPT and self._steps:
                self._kept.pop(next(iter(self._kept)))
            kind, subject = self._drawing.kind, self._drawing.subject
            if self._steps is None:
                self._kept |= enumerate(islice(self._pictures, number + 1 - len(self._kept)), start=len(self._kept))
            elif kind.window_steps(subject) is not None:
                stop = min(self._steps[number] + self._steps.step, self._job.length)
                merged = self._merge(self._blocks(self._steps[number], stop))
                self._kept[number] = _first(kind.render(subject, None, merged))
            else:
                step = self._steps[number]
                data = self._job.at(Block(step, step + 1, self._steps.step)).read()
                self._kept[number] = _first(kind.render(subject, data, self._summary))
        return self._kept[number]

    @cached_property
    def _pictures(self) -> Iterator[Any]:
        return self._drawing.kind.render(self._drawing.subject, None, self._summary)

    @cached_property
    def _summary(self) -> Any:
        """What was merged of all blocks; None where nothing is needed. Kept for other previews of the same data."""
        kind = self._drawing.kind
        if kind.summary_step is None:
            return None
        colours_only = isinstance(kind, Heatmap) and not isinstance(kind, MatrixHeatmap)
        identity = stored_identity(self._job.variable)
        key = f"{identity} {self._job.axis} {kind.summary_step if colours_only else self._drawing}" if identity else ""
        if key not in _summaries or not key:
            merged = self._merge(self._job.first_blocks())
            while len(_summaries) >= _MOST_KEPT:
                _summaries.pop(next(iter(_summaries)))
            _summaries[key] = merged
        return _summaries[key]

    def _blocks(self, start: int, stop: int) -> list[Block]:
        """Return the blocks of a window."""
        inside = [block for block in self._job.first_blocks() if block.start < stop and block.stop > start]
        return [Block(max(block.start, start), min(block.stop, stop)) for block in inside]

    def _merge(self, parts: Sequence[Block]) -> Any:
        merged: Any = None
        for block in parts:
            outcome = _unless_failed(guarded(first_pass, self._job.at(block), [self._drawing], []))
            merged = merge(self._drawing, merged, outcome.partials[0])
        return merged

    def rows(self) -> list[tuple[str, Any]]:
        """Return the names and values of a table; empty for pictures."""
        if not self._is_table:
            return []
        found: list[tuple[str, Any]] = []
        kind, subject = self._drawing.kind, self._drawing.subject
        if kind.render_step is None:
            records = list(kind.render(subject, None, self._summary))
        else:
            records = [r for b in self._job.first_blocks() for r in kind.render(subject, self._job.at(b).read(), None)]
        for record in records:
            if isinstance(record, Hparams):
                found += record.values.items()
            elif isinstance(record, Scalars):
                found += zip(record.tags, record.values[0].tolist(), strict=True)
        return found

    def _repr_png_(self) -> bytes | None:
        return None if self._is_table else self.png()

    def _repr_html_(self) -> str | None:
        return widgets.table(self.title, self.rows()) if self._is_table else None

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        """Add a slider over the frames, where ipywidgets is installed; the first frame is there in any case."""
        return widgets.bundle(self.widget() if len(self) > 1 else None)

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

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        return widgets.bundle(self.widget())

    def widget(self) -> Any:
        """Return an ipywidgets box with a menu of the plots; None without ipywidgets."""
        shown = [item for item in self if len(item)]
        return widgets.menu(shown) if shown else None


def _unless_failed(result: Any) -> Any:
    if isinstance(result, Failure):
        raise SourceError(result.message)
    return result


def _first(records: Iterator[Any]) -> Image:
    found = next(records)
    assert isinstance(found, Image)
    return found
