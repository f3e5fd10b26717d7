"""The colour of every cell is the one matplotlib gives it, whatever the data."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from pipeline.errors import SettingError
from pipeline.rendering.folds.limits import finite_limits
from pipeline.rendering.heatmap import Heatmap, MatrixHeatmap
from pipeline.testing import drawn_in_parts, signal_of, summary_of
from tests.common import block_of, pixels, uneven
from tests.rendering.reference import cell_centres, imshow_colours


def drawn(values: np.ndarray, **settings: Any) -> tuple[list[np.ndarray], Any, tuple[float, float]]:
    """Draw all kept frames; return them, the area of the last, and the limits of its colour bar."""
    plot, block = Heatmap(**{"step": 1, **settings}).fit(signal := signal_of(values)), block_of(values)
    assert isinstance(plot, Heatmap)
    frames = [pixels(record.png) for record in drawn_in_parts(plot, signal, block)]
    summary = summary_of(plot, signal, [block])
    found = getattr(summary, "limits", summary) or finite_limits(block.every(plot.step).values[-1])
    canvas, scale = plot.canvas(signal, plot.limits if isinstance(plot.limits, tuple) else found)
    return frames, canvas.area, (scale.low, scale.high)


def data(dtype: Any, shape: tuple[int, ...] = (3, 9, 7)) -> np.ndarray:
    rng = np.random.default_rng(1)
    if dtype == np.bool_:
        return rng.random(shape) < 0.5
    if np.issubdtype(dtype, np.unsignedinteger):
        return rng.integers(0, 250, shape).astype(dtype)
    return (rng.normal(size=shape) * 40).astype(dtype)


DTYPES = [np.bool_, np.int8, np.uint16, np.int64, np.float16, np.float32, np.float64]


@pytest.mark.parametrize("dtype", DTYPES, ids=lambda dtype: np.dtype(dtype).name)
@pytest.mark.parametrize("cmap", ["viridis", "RdBu_r", "jet", "Set1"])
def test_every_cell_has_the_colour_of_imshow(dtype: Any, cmap: str) -> None:
    values = data(dtype)
    frames, area, (low, high) = drawn(values, cmap=cmap)
    for frame, expected in zip(frames, values, strict=True):
        shown = expected.astype(np.float32) if dtype in (np.bool_, np.float16) else expected
        wanted = imshow_colours(shown, low, high, cmap)
        assert np.abs(cell_centres(frame, area, 9, 7) - wanted).max() <= 2


def test_limits_and_map_are_chosen_by_the_data() -> None:
    up = np.arange(60, dtype=np.float32).reshape(3, 4, 5)
    assert drawn(up)[2] == (0, 59)
    assert drawn(up - 20)[2] == (-39, 39)  # both signs: around zero
    assert drawn(up - 20, cmap="viridis")[2] == (-20, 39)
    assert drawn(up - 20, symmetric=False)[2] == (-20, 39)
    assert drawn(up + 1, symmetric=True)[2] == (-60, 60)
    sequential, diverging = drawn(up)[0][0], drawn(up - 20)[0][0]
    assert (sequential == [68, 1, 84]).all(axis=2).any()  # the dark end of viridis
    assert not (diverging == [68, 1, 84]).all(axis=2).any()


def test_limits_of_what_is_shown_of_all_of_a_frame_and_given() -> None:
    values = np.zeros((5, 2, 2), np.float32)
    values[0], values[1], values[2] = 1, 9, 3
    assert drawn(values, step=2)[2] == (0, 3)
    assert drawn(values, step=2, limits="all")[2] == (0, 9)
    assert drawn(values, step=2, limits="frame")[2] == (0, 0)
    assert drawn(values, step=2, limits=(-1, 4))[2] == (-1, 4)


def test_beyond_given_limits_is_the_end_of_the_map() -> None:
    values = np.array([[[-5, 0], [1, 9]]], np.float32)
    (frame,), area, (low, high) = drawn(values, limits=(0, 1), cmap="viridis")
    found = cell_centres(frame, area, 2, 2)
    assert (found[0, 0] == found[0, 1]).all()
    assert (found[1, 0] == found[1, 1]).all()
    assert np.abs(found - imshow_colours(values[0], low, high, "viridis")).max() <= 2


def test_what_is_not_finite_is_a_white_gap_and_no_limit() -> None:
    values = np.arange(12, dtype=np.float32).reshape(1, 3, 4)
    values[0, 0, 0], values[0, 1, 1], values[0, 2, 2] = np.nan, np.inf, -np.inf
    (frame,), area, limits = drawn(values)
    found = cell_centres(frame, area, 3, 4)
    assert (found[[0, 1, 2], [0, 1, 2]] == 255).all()
    assert (found.reshape(-1, 3) == 255).all(axis=1).sum() == 3
    assert limits == (1, 11)


@pytest.mark.parametrize("value", [np.nan, np.inf, 0.0, -3.5, 1e300, 5e-324])
def test_frames_of_one_value_are_drawn(value: float) -> None:
    frames, area, (low, high) = drawn(np.full((2, 3, 4), value))
    cells = cell_centres(frames[0], area, 3, 4).reshape(-1, 3)
    assert len(np.unique(cells, axis=0)) == 1
    assert low <= high
    assert (cells[0] == 255).all() == (not np.isfinite(value))


@pytest.mark.parametrize("largest", [1e300, 1e307, 1.7e308])
def test_the_largest_numbers_have_their_colours(largest: float) -> None:
    values = np.array([[[-largest, 0.0, largest / 2], [largest, 1.0, -largest / 2]]])
    (frame,), area, (low, high) = drawn(values)
    assert (low, high) == (-largest, largest)
    found = cell_centres(frame, area, 2, 3)
    assert np.abs(found - imshow_colours(values[0] / largest, -1, 1, "RdBu_r")).max() <= 3


@pytest.mark.parametrize("value", [-65.0, 1e-30, 1e300])
def test_what_only_rounding_tells_apart_has_one_colour(value: float) -> None:
    values = np.array([[[value, value * (1 + 1e-14)], [value * (1 - 1e-14), value]]])
    (frame,), area, (low, high) = drawn(values)
    assert low == high == pytest.approx(value, rel=1e-13)
    assert len(np.unique(cell_centres(frame, area, 2, 2).reshape(-1, 3), axis=0)) == 1
    values = np.array([[[value, value * (1 + 1e-9)], [value * (1 - 1e-9), value]]])
    (frame,), area, (low, high) = drawn(values)
    assert len(np.unique(cell_centres(frame, area, 2, 2).reshape(-1, 3), axis=0)) == 3


def test_rows_at_uneven_times_are_shown_until_the_next() -> None:
    values = np.arange(5.0)[:, None] * np.ones(3)
    signal, block = uneven(values, np.array([10.0, 11.0, 12.0, 16.0, 18.0]))
    plot = Heatmap(size=(6, 6)).fit(signal)
    assert isinstance(plot, MatrixHeatmap)
    (record,) = drawn_in_parts(plot, signal, block, [1, 3])
    canvas, scale = plot.canvas(signal, (0.0, 4.0))
    inside = pixels(record.png)[canvas.area.top : canvas.area.bottom, canvas.area.left].astype(int)
    colours = scale.palette[scale.indices(np.arange(5.0))].astype(int)
    shown = [int(np.abs(colours - pixel).sum(axis=1).argmin()) for pixel in inside]
    begins = np.flatnonzero(np.diff(shown, prepend=-1))
    assert [shown[at] for at in begins] == [0, 1, 2, 3, 4]
    places = np.array([0.0, 0.5, 1.0, 3.0, 4.0])  # in steps of the mean, 2 ms, of which the axis has five
    np.testing.assert_allclose(begins, places * len(shown) / 5, atol=2)


def test_more_cells_than_pixels_show_their_mean() -> None:
    values = np.zeros((1, 600, 900), np.float32)
    values[0, :, ::2] = 1  # a stripe a cell, far finer than a pixel
    (frame,), area, _ = drawn(values, size=(4, 3), limits=(0, 1), cmap="gray")
    inside = frame[area.top : area.bottom, area.left : area.right, 0]
    assert 100 < inside.mean() < 155
    values[0, 300:] = 0
    (frame,), area, _ = drawn(values, size=(4, 3), limits=(0, 1), cmap="gray")
    half = area.top + area.height // 2
    assert (frame[half + 2 : area.bottom, area.left : area.right] == 0).all()


def test_two_dimensions_are_one_picture() -> None:
    values = data(np.float32, (9, 7))
    (frame,), area, (low, high) = drawn(values)
    wanted = imshow_colours(values, low, high, "RdBu_r")
    assert np.abs(cell_centres(frame, area, 9, 7) - wanted).max() <= 2


def test_many_rows_are_folded_to_the_lines_of_the_picture() -> None:
    values = np.repeat(np.arange(4.0), 5000)[:, None] * np.ones(3)
    (frame,), area, (low, high) = drawn(values, size=(3, 2))
    found = cell_centres(frame, area, 4, 3)
    assert np.abs(found - imshow_colours(values[::5000], low, high, "viridis")).max() <= 2


@pytest.mark.parametrize("shape", [(5,), (2, 3, 4, 5)])
def test_other_shapes_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(SettingError, match=r"GC/voltage: a heatmap needs two dimensions, or three"):
        Heatmap().fit(signal_of(np.zeros(shape)) if len(shape) < 4 else signal_of(np.zeros(shape), time=False))


def test_three_dimensions_without_time_are_refused() -> None:
    with pytest.raises(SettingError, match="time_axis"):
        Heatmap().fit(signal_of(np.zeros((2, 3, 4)), time=False))


def test_frames_tell_their_step_and_time() -> None:
    values = np.zeros((201, 2, 2), np.float32)
    images = drawn_in_parts(Heatmap(step=100), signal_of(values), block_of(values))
    assert [image.step for image in images] == [0, 100, 200]
    assert [image.wall_time for image in images] == [0, 0.1, 0.2]
    assert len({image.png for image in images}) == 3  # only the caption differs


def folded(values: np.ndarray, shown: tuple[float, float], **settings: Any) -> tuple[np.ndarray, Any]:
    """Draw a matrix of many rows, read in parts; return the picture, and its area where the limits are `shown`."""
    signal = signal_of(values)
    kind = Heatmap(size=(3, 2), **settings).fit(signal)
    (image,) = drawn_in_parts(kind, signal, block_of(values), [len(values) // 3, len(values) // 2])
    return pixels(image.png), kind.canvas(signal, shown)[0].area


@pytest.mark.parametrize("value", [0.1, -7.7, 1e9 / 3])
@pytest.mark.parametrize("rows", [1000, 9973])
def test_folding_what_is_constant_leaves_it_one_colour(value: float, rows: int) -> None:
    frame, area = folded(np.full((rows, 3), value), (value, value))
    cells = frame[area.top : area.bottom, area.left : area.right].reshape(-1, 3)
    assert len(np.unique(cells, axis=0)) == 1


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_largest_numbers_can_be_added_up(dtype: Any) -> None:
    values = np.zeros((700, 6), dtype)
    values[:, ::2] = np.finfo(dtype).max  # what files hold where nothing was recorded
    frame, area = folded(values, (0, 1), limits=(0, 1), cmap="gray")
    np.testing.assert_array_equal(cell_centres(frame, area, 3, 6)[0, :, 0], [255, 0] * 3)
    for wide in (values, values.T):
        (frame,), area, _ = drawn(wide[None], size=(3, 2), limits=(0, 1), cmap="gray")
        assert (frame[area.top : area.bottom, area.left : area.right] == 0).any()


@pytest.mark.parametrize("seed", range(3))
def test_folded_rows_show_their_mean(seed: int) -> None:
    values = np.random.default_rng(seed).normal(size=(1200, 5))
    values[np.random.default_rng(seed + 9).random(values.shape) < 0.2] = np.nan
    line = np.arange(1200) * 200 // 1200  # a picture 2 inches high has 200 lines
    means = np.array([np.nanmean(values[line == number], axis=0) for number in range(200)])
    low, high = means.min(), means.max()
    frame, area = folded(values, (low, high), cmap="viridis")
    start = np.arange(area.height) * 200 // area.height
    shown = np.add.reduceat(means, start, axis=0) / np.diff(start, append=200)[:, None]
    found = cell_centres(frame, area, area.height, 5)
    assert np.abs(found - imshow_colours(shown, low, high, "viridis")).max() <= 2


def test_more_units_than_pixels_are_folded_to_their_means() -> None:
    values = np.random.default_rng(4).normal(size=(30, 5000)).astype("f4")
    values[3, 100:300] = np.nan
    signal, plot = signal_of(values), Heatmap(size=(6, 4)).fit(signal_of(values))
    assert isinstance(plot, MatrixHeatmap)
    summary = summary_of(plot, signal, [block_of(values, 0, 11), block_of(values, 11)])
    assert summary.sums.shape == (30, 600)  # not 5,000: memory follows the picture
    groups = np.searchsorted(np.arange(600) * 5000 // 600, np.arange(5000), side="right") - 1
    with np.errstate(all="ignore"):
        there = np.isfinite(values)
        expected = np.stack([np.bincount(groups, np.where(there[row], values[row], 0)) for row in range(30)])
        expected /= np.stack([np.bincount(groups, there[row]) for row in range(30)])
    np.testing.assert_allclose(summary.means("f4"), expected, rtol=1e-6, atol=1e-6)


def test_a_server_takes_the_limits_of_some_steps_where_all_are_much_and_says_so() -> None:
    values = np.arange(1000, dtype=np.float32)[:, None, None] * np.ones((1, 4, 4), np.float32)
    signal, plot = signal_of(values), Heatmap(step=2)
    assert plot.sampled(signal, values.nbytes // 2) is plot
    sampled = plot.sampled(signal, 1000)
    assert isinstance(sampled, Heatmap)
    needs = sampled.needs(signal, range(0, 4, 2))
    assert needs.rows == range(0, 4, 2)
    assert needs.summary == range(0, 1000, 32)
    assert summary_of(sampled, signal, [block_of(values)]) == (0, 992)
    assert sampled.bar_label(signal).endswith(", colours of 32 of 500 steps")
    for limits in ("all", "frame", (0, 1)):
        other = Heatmap(limits=limits)
        assert other.sampled(signal, 1) is other
