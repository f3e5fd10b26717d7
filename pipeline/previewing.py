"""Pictures in a notebook, the same bytes as in the event file: only the frame looked at is read and drawn.

What a frame needs of the others is found once, when the first one is shown, and kept: the colour limits of a heatmap
(``limits: shown`` reads every kept step for them; with ``frame`` or two numbers nothing but the frame is read), and of
pictures that show a whole variable the whole variable.
"""

from __future__ import annotations

import html
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from itertools import islice
from typing import Any

import xarray as xr

from pipeline.errors import SettingError, SourceError, nearest
from pipeline.jobs import Drawing, Job
from pipeline.opening.stored import stored_identity
from pipeline.planning import Plan, plan_array
from pipeline.records import Hparams, Image, Scalars
from pipeline.rendering import make_kind
from pipeline.rendering.heatmap import Heatmap, MatrixHeatmap
from pipeline.rendering.trace_image import TraceImage
from pipeline.rendering.trace_scalar import TraceScalar
from pipeline.runplan import RunPlan, plan
from pipeline.slicing import Block
from pipeline.tasks import Failure, first_pass, guarded, merge

__all__ = ["Gallery", "Preview", "preview", "previews"]

_ROWS = 20  # of a table
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
        job = replace(job, drawings=(drawing,)).read_times()
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
        return len(self.labels)

    def __repr__(self) -> str:
        shape = ", ".join(
            f"{d}={n}" for d, n in zip(self._drawing.subject.dims, self._drawing.subject.shape, strict=True)
        )
        what = f"{len(self)} frame{'s' if len(self) != 1 else ''}" if self.labels else "a table"
        return f"<preview of {self.title} of ({shape}): {what}{f'; {self.note}' if self.note else ''}>"

    @cached_property
    def labels(self) -> list[str]:
        """What tells the frames apart; empty for a table."""
        kind, subject = self._drawing.kind, self._drawing.subject
        if kind.kind == "hparam":
            return []
        if isinstance(kind, TraceImage):
            return list(kind.tags(subject))
        if self._steps and subject.time is not None:
            return [subject.time.caption(step) for step in self._steps]
        return [subject.name]

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
        if self.labels:
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
        return self.png() if self.labels else None

    def _repr_html_(self) -> str | None:
        return _table(self.title, self.rows()) if not self.labels else None

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        """Add a slider over the frames, where ipywidgets is installed; the first frame is there in any case."""
        return _widget_bundle(self.widget() if len(self) > 1 else None)

    def widget(self) -> Any:
        """Return an ipywidgets box with the slider and the frame it stands at; None without ipywidgets."""
        widgets = _ipywidgets()
        if widgets is None or not self.labels:
            return None
        picture = widgets.Image(value=self.png(), format="png", layout={"max_width": "100%"})
        slider = widgets.SelectionSlider(
            options=list(zip(self.labels, range(len(self)), strict=True)),
            value=0,
            description="frame",
            layout={"width": "100%"},
        )
        slider.observe(lambda change: setattr(picture, "value", self.png(change["new"])), names="value")
        parts = [picture] if len(self) == 1 else [slider, picture]
        head = widgets.HTML(f"<b>{html.escape(self.title)}</b> {html.escape(self.note)}")
        return widgets.VBox([head, *parts])


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
        shown = [item for item in self if item.labels]
        return shown[0].png() if shown else None

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        return _widget_bundle(self.widget())

    def widget(self) -> Any:
        """Return an ipywidgets box with a menu of the plots; None without ipywidgets."""
        widgets = _ipywidgets()
        shown = [item for item in self if item.labels]
        if widgets is None or not shown:
            return None
        menu = widgets.Dropdown(options=[(item.title, n) for n, item in enumerate(shown)], layout={"width": "auto"})
        box = widgets.VBox([menu, shown[0].widget()])
        menu.observe(lambda change: setattr(box, "children", (menu, shown[change["new"]].widget())), names="value")
        return box


def preview(source: Any, kind: str | None = None, **settings: Any) -> Preview | Gallery:
    """Show, in a notebook, the pictures that a conversion will write.

    Parameters
    ----------
    source : xarray.DataArray, opened run (or a part of it), plan, or path
        A run as `open_run` gives it shows what the automatic plan draws.
    kind : str, optional
        raster, trace, heatmap or hparam; of a run, every variable that it fits. None: chosen automatically.
    **settings
        ``format`` and the kind's own settings.

    Returns
    -------
    Preview or Gallery
        Its `png` is the event file's picture. In a notebook it has a slider, if ipywidgets is installed; a terminal
        prints a line of text.

    Raises
    ------
    SettingError
        If a setting is not accepted, or the kind does not fit.
    """
    given = settings | ({} if kind is None else {"kind": kind})
    if isinstance(source, xr.DataArray):
        return _of_array(source, given)
    runplan = source if isinstance(source, RunPlan) else plan(source)
    if given:
        if kind is None:
            raise SettingError(f"preview: {', '.join(settings)}: name the kind that this is for, or preview one array")
        chosen = make_kind(given, "preview")
        names = dict.fromkeys(str(n) for node in runplan.run.subtree for n in node.data_vars)
        runplan = replace(runplan, plots=tuple((name, chosen) for name in names))
    return previews(runplan.planned)


def previews(planned: Plan, name: str | None = None) -> Gallery:
    """Return the previews of a plan, or of one variable in it, named as ``attr`` or ``component/attr``."""
    found = [
        Preview(job, drawing)
        for job in planned.jobs
        for drawing in job.drawings
        if name is None or name in (drawing.subject.attr, drawing.subject.name)
    ]
    if not found:
        known = {drawing.subject.name for job in planned.jobs for drawing in job.drawings}
        problem = planned.problems[0] if planned.problems else f"{planned.name}: nothing is drawn of '{name}'"
        raise SettingError(problem + (nearest(name, known) if name else ""))
    return Gallery(found)


def _of_array(array: xr.DataArray, given: dict[str, Any]) -> Preview | Gallery:
    """Return the preview of one array; its component is known if it was opened from a file."""
    from pipeline.automatic import automatic_plots

    component, attr = str(array.encoding.get("component", "array")), str(array.name or "values")
    kinds = [make_kind(given, attr)] if "kind" in given else [kind for _, kind in automatic_plots({attr: array}, {})]
    if not kinds:
        raise SettingError(f"{attr}: nothing can be drawn of it; name a kind")
    if given and "kind" not in given:
        kinds = [make_kind(kinds[0].chosen() | given, attr)]  # type: ignore[attr-defined]
    tags: dict[str, tuple[str, str]] = {}
    found = [
        _single(plan_array(component, attr, array.variable, k, tags, time=array.coords.get("time"))) for k in kinds
    ]
    return found[0] if len(found) == 1 else Gallery(found)


def _single(planned: Plan) -> Preview:
    if not planned.jobs:
        raise SettingError(f"{planned.name}: a single value: accepted is an array")
    return Preview(planned.jobs[0], planned.jobs[0].drawings[0])


def _unless_failed(result: Any) -> Any:
    if isinstance(result, Failure):
        raise SourceError(result.message)
    return result


def _first(records: Iterator[Any]) -> Image:
    found = next(records)
    assert isinstance(found, Image)
    return found


def _ipywidgets() -> Any:
    try:
        import ipywidgets
    except ImportError:
        return None
    return ipywidgets


def _widget_bundle(widget: Any) -> dict[str, Any]:
    found: dict[str, Any] = {} if widget is None else dict(widget._repr_mimebundle_())
    found.pop("text/plain", None)
    return found


def _table(title: str, rows: Sequence[tuple[str, Any]]) -> str:
    cells = "".join(
        f"<tr><td>{html.escape(name)}</td><td>{html.escape(f'{value:.6g}' if isinstance(value, float) else str(value))}"
        "</td></tr>"
        for name, value in rows[:_ROWS]
    )
    more = f"<p>and {len(rows) - _ROWS:,} more</p>" if len(rows) > _ROWS else ""
    return f"<b>{html.escape(title)}</b><table>{cells}</table>{more}"
