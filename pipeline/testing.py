"""Checks that any plot and any layout must pass, for those who write one of their own.

from pipeline.testing import check_layout, check_plot

def test_my_plot():
check_plot(MyPlot(step=3), numpy.random.default_rng(0).normal(size=(40, 5)))
"""

from __future__ import annotations

import os
import pickle
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt

from pipeline.model.block import DenseBlock
from pipeline.model.clock import Clock
from pipeline.model.record import Histogram, Hparams, Image, Record
from pipeline.model.signal import Signal
from pipeline.opening.layouts.protocol import Layout
from pipeline.rendering.drawing import Drawing
from pipeline.rendering.plot import Plot

__all__ = ["check_layout", "check_plot", "columns_of", "drawn_in_parts", "points_by_tag", "signal_of", "summary_of"]


def check_plot(plot: Plot, values: npt.NDArray[Any], *, time: bool = True) -> None:
    """Assert that a plot keeps what all plots promise.

    Its series are those that are drawn; where the first dimension is cut makes no difference; each address drawn by
    itself is what is drawn in bulk; it pickles.

    Parameters
    ----------
    plot : Plot
    values : ndarray
        Time first, of a shape that the plot accepts, and of some ten steps at least.
    time : bool
        Whether the first dimension is time.
    """
    signal = signal_of(values, time=time)
    plot = plot.fit(signal)
    assert pickle.loads(pickle.dumps(plot)) == plot, "it does not come through a pickle as it was"
    steps = np.arange(len(values))
    block = DenseBlock(values, steps, steps.astype(np.float64) * 1e-3)
    whole = drawn_in_parts(plot, signal, block)
    series = plot.series(signal)
    assert len({one.tag for one in series}) == len(series), "two series have one tag"
    drawn = {*points_by_tag(whole), *columns_of(whole)}
    assert {one.tag for one in series} == drawn, "its series are not those that it draws"
    for cuts in ([1], [len(values) // 2], list(range(1, len(values)))):
        parts = drawn_in_parts(plot, signal, block, cuts)
        assert points_by_tag(parts) == points_by_tag(whole), f"cut before {cuts[0]} it is another picture"
    _check_addresses(Drawing(plot, signal), block, points_by_tag(whole))


def _check_addresses(drawing: Drawing, block: DenseBlock, expected: dict[str, list[tuple[int, float, bytes]]]) -> None:
    plot, signal = drawing.plot, drawing.signal
    for one in drawing.series:
        for number, step in enumerate(one.steps):
            needs = plot.needs(signal, one.steps[number : number + 1])
            rows = None if needs.rows is None else block.part(list(needs.rows))
            folded = [] if needs.summary is None else [block.part(list(needs.summary))]
            summary = summary_of(plot, signal, folded) if folded else None
            try:
                record = plot.draw(signal, one, step, rows, summary)
            except KeyError:
                assert one.count < len(one.steps), f"{one.tag} has nothing at step {step}"
                continue
            bulk = [point for point in expected.get(one.tag, []) if point[0] == step]
            assert points_by_tag([record]).get(one.tag, []) == bulk, f"{one.tag}, step {step}: not as in bulk"


def check_layout(layout: Layout, path: str | os.PathLike[str]) -> None:
    """Assert that a layout recognises a file, and tells of it what all layouts tell.

    Parameters
    ----------
    layout : Layout
    path : path
        A file in this layout.
    """
    with h5py.File(path, "r") as file:
        assert layout.recognises(file), "it does not recognise its own file"
        component = layout.read(file)
        assert component.stored or component.left_out, "it finds nothing"
        for item in component.stored:
            assert item.name.startswith("/"), f"{item.name}: not a full name"
            shape = file[item.name].shape
            assert len(item.dims) == len(shape), f"{item.name}: {len(item.dims)} dimensions, and it has {len(shape)}"
            assert len(set(item.dims)) == len(item.dims), f"{item.name}: two dimensions have one name"
            if item.times is not None and item.times.dataset is not None:
                length = shape[item.dims.index("time")]
                assert file[item.times.dataset].size == length, f"{item.times}: not one time a step of {item.name}"
    with h5py.File(path.__fspath__() if isinstance(path, os.PathLike) else path, "r") as file:
        again = layout.read(file)
    assert [item.name for item in again.stored] == [item.name for item in component.stored], "it is not the same twice"


def signal_of(
    values: npt.NDArray[Any], *, unit: str = "mV", dt: float = 1.0, time: bool = True, name: str = "voltage"
) -> Signal:
    """Return what is known of an array before it is read; time comes first, in ms."""
    dims = ("time", "unit") if values.ndim == 2 else ("time", "target", "source")[: values.ndim]
    clock = Clock(len(values), 0.0, dt, "ms") if time and values.ndim else None
    if not time or len(dims) < values.ndim:
        dims = tuple(f"axis_{number}" for number in range(values.ndim))
    return Signal("GC", name, dims, values.shape, str(values.dtype), unit, clock)


def drawn_in_parts(
    plot: Plot, signal: Signal, block: DenseBlock, cuts: Sequence[int] = (), picks: Iterable[int] = ()
) -> list[Record]:
    """Draw a block that is cut before its rows `cuts`, as a run is: fold each part, merge, draw.

    Each of `picks` says which two neighbouring partials are merged next; without one, the first two.
    """
    parts = [block.part(slice(start, stop)) for start, stop in pairwise([0, *cuts, len(block.steps)])]
    drawing = Drawing(plot, signal)
    summary = summary_of(plot, signal, parts, picks)
    rows = drawing.needs.rows
    if rows is None:
        first, last = int(block.steps[0]), int(block.steps[-1])
        steps = range(first, last + 1, drawing.steps.step) if drawing.window else drawing.steps
        return list(drawing.records(steps, None, summary))
    needed = [part for part in (part.every(rows.step) for part in parts) if len(part.steps)]
    return [record for part in needed for record in drawing.records(_rows(part, rows.step), part, summary)]


def _rows(block: DenseBlock, stride: int) -> range:
    return range(int(block.steps[0]), int(block.steps[-1]) + 1, stride)


def summary_of(plot: Plot, signal: Signal, parts: Sequence[DenseBlock], picks: Iterable[int] = ()) -> Any:
    """Return the summary of blocks that follow each other; None where the plot has none."""
    fold, rows = plot.fold(signal), Drawing(plot, signal).needs.summary
    assert (fold is None) == (rows is None), "it has a fold without rows to fold, or rows without a fold"
    if fold is None or rows is None:
        return None
    needed = [part for part in (part.every(rows.step) for part in parts) if len(part.steps)]
    partials = [pickle.loads(pickle.dumps(fold.of(part))) for part in needed]
    order = iter(picks)
    while len(partials) > 1:
        at = next(order, 0) % (len(partials) - 1)
        before = pickle.dumps(partials[at : at + 2])
        joined = fold.merge(*partials[at : at + 2])
        assert pickle.dumps(partials[at : at + 2]) == before, "merge changed what it was given"
        partials[at : at + 2] = [pickle.loads(pickle.dumps(joined))]
    (summary,) = partials
    return summary


def points_by_tag(records: Iterable[Record]) -> dict[str, list[tuple[int, float, bytes]]]:
    """Return (step, wall time, payload) of all that is drawn of each tag, in the order of the records."""
    found: dict[str, list[tuple[int, float, bytes]]] = {}
    for record in records:
        if isinstance(record, Hparams):
            continue
        if isinstance(record, Image):
            found.setdefault(record.tag, []).append((record.step, record.wall_time, record.png))
            continue
        if isinstance(record, Histogram):
            assert record.bins.shape[1:] == (3,), "bins are of shape (bin, 3)"
            found.setdefault(record.tag, []).append((record.step, record.wall_time, record.bins.tobytes()))
            continue
        assert record.values.dtype == np.float32, "points are float32"
        assert record.values.shape == (len(record.steps), len(record.tags)), "points are of shape (step, tag)"
        for tag, series in zip(record.tags, record.values.T, strict=True):
            points = zip(record.steps.tolist(), record.wall_times.tolist(), series, strict=True)
            found.setdefault(tag, []).extend((step, time, value.tobytes()) for step, time, value in points)
    return found


def columns_of(records: Iterable[Record]) -> dict[str, bool | float | str]:
    """Return the hyperparameters among records."""
    return {name: value for r in records if isinstance(r, Hparams) for name, value in r.values.items()}
