"""The curve in the picture is the line through all points: no peak is lost, no gap is bridged."""

from __future__ import annotations

from typing import Any

import matplotlib
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from pipeline.model.record import Image
from pipeline.rendering.picture.axes import frame
from pipeline.rendering.picture.canvas import Area
from pipeline.rendering.trace_image import TraceImage
from pipeline.testing import drawn_in_parts, signal_of, summary_of
from tests.common import block_of, pixels, uneven
from tests.rendering.reference import envelope


def summary(plot: TraceImage, values: np.ndarray, *cuts: int) -> Any:
    """Return the envelope of an array that is read in parts."""
    borders = [0, *cuts, len(values)]
    parts = [block_of(values, *ends) for ends in zip(borders, borders[1:], strict=False)]
    return summary_of(plot, signal_of(values), parts)


def drawn(values: np.ndarray, **settings: Any) -> tuple[list[np.ndarray], Area, tuple[float, float]]:
    """Return for each unit which pixels of the area have the curve, from 0 to 1, the area and the limits of y."""
    plot, signal = TraceImage(**{"size": (6, 3), **settings}), signal_of(values)
    records = drawn_in_parts(plot.fit(signal), signal, block_of(values))
    limits = summary(plot, values).limits()
    area = frame(plot._look(signal, *limits)).area
    pictures = []
    for record in records:
        assert isinstance(record, Image)
        inside = pixels(record.png)[area.top : area.bottom, area.left : area.right, 0]  # red: of blue 31, of white 255
        pictures.append((255 - inside.astype(float)) / (255 - 31))
    return pictures, area, limits


def walk(shape: tuple[int, ...], seed: int, gaps: float = 0.0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    values = rng.normal(size=shape).cumsum(axis=0)
    values[rng.random(shape) < gaps] = rng.choice([np.nan, np.inf, -np.inf])
    return values


# The envelope ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("gaps", [0.0, 0.2, 0.9])
@pytest.mark.parametrize("length", [1, 2, 3, 50, 469, 470, 1000, 5003])
def test_every_column_spans_the_line_through_all_points(length: int, gaps: float, seed: int) -> None:
    values = walk((length, 2), seed, gaps)
    plot, signal = TraceImage(size=(6, 3)), signal_of(values)
    width = frame(plot._look(signal, 0, 1)).area.width
    cuts = sorted({*np.random.default_rng(seed).integers(1, length, 5).tolist()}) if length > 1 else []
    low, high = plot.fold(signal).curve(summary(plot, values, *cuts))
    for unit in range(2):
        series = np.where(np.isfinite(values[:, unit]), values[:, unit], np.nan)
        expected = envelope(series, width)
        for found, wanted in zip((low[:, unit], high[:, unit]), expected, strict=True):
            np.testing.assert_allclose(found, wanted, atol=1e-9)


@pytest.mark.parametrize("step", [2, 7, 400, 1000])
def test_a_step_leaves_out_points_and_keeps_their_place(step: int) -> None:
    values = walk((700, 1), 0)
    plot, signal = TraceImage(size=(6, 3), step=step), signal_of(values)
    width = frame(plot._look(signal, 0, 1)).area.width
    low, high = plot.fold(signal).curve(summary(plot, values, 333))
    expected = envelope(values[::step, 0], width)
    np.testing.assert_allclose(low[:, 0], expected[0], atol=1e-9)
    np.testing.assert_allclose(high[:, 0], expected[1], atol=1e-9)
    last = (len(values) - 1) // step * step
    assert plot._look(signal, 0, 1).xlim == (0, max(last, 1))


# The picture ----------------------------------------------------------------------------------------------------------


def plotted(
    values: np.ndarray, area: Area, limits: tuple[float, float], places: np.ndarray | None = None
) -> np.ndarray:
    """Return how dark matplotlib draws the line in the area, from 0 to 1; points lie on centres of columns."""
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        figure = Figure(figsize=(area.width / 100, area.height / 100), dpi=100)
        canvas = FigureCanvasAgg(figure)
        axes = figure.add_axes((0, 0, 1, 1))
        axes.axis("off")
        at = np.arange(len(values)) if places is None else places
        x = at * (area.width - 1) / max(1, len(values) - 1)
        axes.plot(x, values, color="black", linewidth=1.5 * 72 / 100, solid_joinstyle="miter")
        axes.set(xlim=(-0.5, area.width - 0.5), ylim=limits)
        canvas.draw()
        return 1 - np.asarray(canvas.buffer_rgba())[:, :, 0] / 255


def nearby(ink: np.ndarray, reach: int) -> np.ndarray:
    """Return the darkest pixel within `reach` of each."""
    padded = np.pad(ink, reach)
    size = 2 * reach + 1
    windows = np.lib.stride_tricks.sliding_window_view(padded, (size, size))
    return windows.max(axis=(2, 3))


CURVES = {
    "walk": walk((300, 1), 0),
    "dense walk": walk((20_000, 1), 1),
    "sine": np.sin(np.linspace(0, 20, 2000))[:, None],
    "few points": walk((7, 1), 2),
    "two points": np.array([[0.0], [1.0]]),
    "constant": np.full((40, 1), -65.0),
    "steps": np.repeat([0.0, 1.0, 0.0, 3.0], 50)[:, None],
    "gaps": walk((600, 1), 3, gaps=0.1),
}


@pytest.mark.parametrize("values", CURVES.values(), ids=CURVES)
def test_the_curve_is_where_matplotlib_draws_it(values: np.ndarray) -> None:
    (found,), area, limits = drawn(values)
    expected = plotted(np.where(np.isfinite(values[:, 0]), values[:, 0], np.nan), area, limits)
    assert (nearby(found, 2)[expected > 0.5] > 0.3).all()  # nothing of it is missing
    if np.isfinite(values).all():  # a point between gaps is shown here, and not by matplotlib
        assert (nearby(expected, 2)[found > 0.5] > 0.1).all()  # nothing is added


@pytest.mark.parametrize("step", [1, 3])
@pytest.mark.parametrize("values", [walk((300, 1), 0), walk((20_000, 1), 1)], ids=["few", "many"])
def test_uneven_times_are_where_matplotlib_draws_them(values: np.ndarray, step: int) -> None:
    times = 5 + np.random.default_rng(2).exponential(1.0, len(values)).cumsum()
    signal, block = uneven(values, times)
    plot = TraceImage(size=(6, 3), step=step)
    (record,) = drawn_in_parts(plot.fit(signal), signal, block, [len(values) // 3])
    summary = summary_of(plot, signal, [block])
    look = plot._look(signal, *summary.limits())
    assert look.xlim == pytest.approx((times[0], times[-1]))
    area = frame(look).area
    found = (255 - pixels(record.png)[area.top : area.bottom, area.left : area.right, 0].astype(float)) / (255 - 31)
    if step == 1:
        expected = plotted(values[:, 0], area, summary.limits(), block.places)
        assert (nearby(found, 2)[expected > 0.5] > 0.3).all()
        assert (nearby(expected, 2)[found > 0.5] > 0.1).all()
    low, high = plot.fold(signal).curve(summary)
    columns = np.round((times[::step] - times[0]) / (times[-1] - times[0]) * (area.width - 1)).astype(int)
    assert (values[::step, 0] >= low[columns, 0] - 1e-9).all()
    assert (values[::step, 0] <= high[columns, 0] + 1e-9).all()


@pytest.mark.parametrize("largest", [1e301, 1.7e308])
def test_the_largest_numbers_are_drawn_as_others_are(largest: float) -> None:
    values = walk((300, 1), 0)
    values /= np.abs(values).max()
    (plain,), area, _ = drawn(values)
    (large,), _, limits = drawn(values * largest)
    assert np.isfinite(limits).all()
    if largest < 1e308:  # above there is no room for the margin
        assert np.abs(large - plain).max() < 0.1
    assert (nearby(large, 10)[plain > 0.9] > 0.3).all()


def test_what_only_rounding_tells_apart_is_a_line() -> None:
    values = -65 + np.spacing(65.0) * np.resize([-2, -1, 0, 1, 2], (400, 1))
    (found,), area, limits = drawn(values)
    assert limits == pytest.approx((-68.25, -61.75))
    rows = np.flatnonzero(found.any(axis=1))
    assert len(rows) <= 4
    assert abs(rows.mean() - area.height / 2) < 2


@pytest.mark.parametrize("length", [100, 10_000, 300_000])
@pytest.mark.parametrize("where", [0.0, 0.37, 1.0])
def test_a_spike_of_a_single_step_reaches_to_its_value(length: int, where: float) -> None:
    values = np.zeros((length, 2))
    at = int(where * (length - 1))
    values[at, 0], values[at, 1] = 1.0, -1.0
    pictures, area, limits = drawn(values)
    column = round(at * (area.width - 1) / (length - 1))
    top = (limits[1] - 1) * area.height / (limits[1] - limits[0])
    zero = limits[1] * area.height / (limits[1] - limits[0])
    reach = int(zero - top) if length > area.width else 2  # of few points the rise takes several columns
    assert (pictures[0][int(top) : int(top) + reach, column] > 0.9).all()
    assert (pictures[1][area.height - int(top) - reach : area.height - int(top), column] > 0.9).all()
    assert not pictures[0][int(zero) + 3 :].any()
    assert not pictures[1][: int(zero) - 3].any()


@pytest.mark.parametrize("gap", [np.nan, np.inf, -np.inf])
def test_a_gap_is_blank_and_not_bridged(gap: float) -> None:
    values = np.zeros((1000, 1))
    values[300:600] = gap
    (picture,), area, _ = drawn(values)
    has = np.flatnonzero(picture.any(axis=0))
    first, last = (round(step * (area.width - 1) / 999) for step in (299, 600))
    assert set(range(area.width)) - set(has.tolist()) == set(range(first + 1, last))


def test_a_point_alone_between_gaps_is_shown() -> None:
    values = np.full((1000, 1), np.nan)
    values[500] = 2.0
    (picture,), area, limits = drawn(values)
    assert np.flatnonzero(picture.any(axis=0)).tolist() == [round(500 * (area.width - 1) / 999)]
    assert limits == pytest.approx((1.9, 2.1))


def test_nothing_at_all_is_an_empty_picture() -> None:
    (picture,), _, limits = drawn(np.full((50, 1), np.nan))
    assert not picture.any()
    assert limits == (0, 1)


def test_all_units_have_the_same_axes() -> None:
    values = np.stack([np.zeros(100), np.full(100, 50.0), np.full(100, -50.0)], axis=1)
    pictures, area, limits = drawn(values)
    assert limits == (-55, 55)
    rows = [np.flatnonzero(picture.any(axis=1)).mean() / area.height for picture in pictures]
    assert rows == pytest.approx([0.5, 5 / 110, 105 / 110], abs=0.01)


def test_limits_are_of_the_units_that_are_shown() -> None:
    values = np.stack([np.arange(100.0), np.full(100, 1e6)], axis=1)
    (picture,), _, limits = drawn(values, units=[0])
    assert limits == pytest.approx((-4.95, 103.95))
    assert picture.any(axis=0).all()


@pytest.mark.parametrize("value", [0.0, 7.0, -1e-30, 1e299, 5e-324])
def test_a_constant_is_a_line_across_the_middle(value: float) -> None:
    (picture,), area, (low, high) = drawn(np.full((30, 1), value))
    assert low < high
    assert picture.any(axis=0).all()
    rows = np.flatnonzero(picture.any(axis=1))
    assert abs(rows.mean() - area.height / 2) < 2
    assert len(rows) <= 4


@pytest.mark.parametrize(("size", "thick"), [((1, 1), 1.5), ((2, 8), 1.5), ((15, 10), 3.25), ((20, 40), 52 / 12)])
def test_a_line_is_as_thick_as_the_picture_is_large(size: tuple[float, float], thick: float) -> None:
    (picture,), _, _ = drawn(np.zeros((30, 1)), size=size)
    assert picture.sum(axis=0) == pytest.approx(thick, abs=0.1)


def test_pictures_stay_apart_and_say_whose_they_are() -> None:
    values, plot = np.repeat(walk((100, 1), 0), 2, axis=1), TraceImage(size=(4, 2))
    signal = signal_of(values)
    one, other = drawn_in_parts(plot, signal, block_of(values))
    assert isinstance(one, Image)
    assert isinstance(other, Image)
    assert (one.tag, other.tag) == ("GC/N0/voltage", "GC/N1/voltage")
    assert (one.width, one.height, one.step, one.wall_time) == (400, 200, 0, 0.0)
    rows, _ = np.nonzero((pixels(one.png) != pixels(other.png)).any(axis=2))
    assert rows.max() < frame(plot._look(signal, *summary(plot, values).limits())).area.top  # only the title
