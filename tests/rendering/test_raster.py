"""Every spike is at its place and none is invented."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from pipeline.errors import SettingError
from pipeline.model.clock import Clock
from pipeline.rendering.picture.axes import frame
from pipeline.rendering.picture.canvas import Frame
from pipeline.rendering.raster import Raster
from pipeline.testing import drawn_in_parts, points_by_tag, signal_of, summary_of
from tests.common import block_of, pixels, uneven


def drawn(values: np.ndarray, cut: int = 10**9, **settings: Any) -> tuple[list[np.ndarray], Any, Any]:
    """Draw in blocks of `cut` steps; return the pictures, the area of data, and the counts."""
    signal = signal_of(values, name="spiked", unit="")
    plot = Raster(**settings).fit(signal)
    assert isinstance(plot, Raster)
    cuts = range(cut, len(values), cut)
    images = [pixels(image.png) for image in drawn_in_parts(plot, signal, block_of(values), cuts)]
    parts = [block_of(values, start, min(start + cut, len(values))) for start in range(0, len(values), cut)]
    return images, frame(plot._look(signal, None)).area, summary_of(plot, signal, parts)


def spikes(shape: tuple[int, ...], rate: float = 0.05, seed: int = 0) -> np.ndarray:
    return (np.random.default_rng(seed).random(shape) < rate).astype(np.float32)


def read_back(picture: np.ndarray, area: Any, steps: int, units: int) -> np.ndarray:
    """Return for each (step, unit) whether any pixel of its cell is inked; what is between cells must be blank."""
    inked = (picture[area.top : area.bottom, area.left : area.right] < 128).all(axis=2)
    row = ((np.arange(area.height) + 0.5) * units / area.height).astype(int)
    column = ((np.arange(area.width) + 0.5) * steps / area.width).astype(int)
    found = np.zeros((steps, units), bool)
    y, x = np.nonzero(inked)
    found[column[x], row[y]] = True
    return found


@pytest.mark.parametrize(("steps", "units"), [(300, 20), (1, 1), (50, 400), (700, 3), (2, 100)])
@pytest.mark.parametrize("rate", [0.0, 0.03, 0.5, 1.0])
def test_every_spike_is_there_and_no_other(steps: int, units: int, rate: float) -> None:
    values = spikes((steps, units), rate)
    (picture,), area, _ = drawn(values)
    np.testing.assert_array_equal(read_back(picture, area, steps, units), values > 0)


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.int64, np.float16, np.float64])
def test_any_type_of_spike(dtype: Any) -> None:
    values = spikes((60, 8), 0.2).astype(dtype)
    (picture,), area, _ = drawn(values)
    np.testing.assert_array_equal(read_back(picture, area, 60, 8), values > 0)


def test_not_a_number_is_no_spike() -> None:
    values = np.full((20, 3), np.nan)
    values[4, 1] = 1
    (picture,), area, _ = drawn(values)
    assert np.argwhere(read_back(picture, area, 20, 3)).tolist() == [[4, 1]]


def test_one_unit_without_a_dimension() -> None:
    values = spikes((80,), 0.2)
    (picture,), area, _ = drawn(values)
    np.testing.assert_array_equal(read_back(picture, area, 80, 1)[:, 0], values > 0)


@pytest.mark.parametrize("shape", [(5000, 7), (40, 3000), (4001, 2003)])
@pytest.mark.parametrize("rate", [0.001, 0.3])
def test_where_cells_share_pixels_the_counts_are_exact_and_each_shows(shape: tuple[int, int], rate: float) -> None:
    values = spikes(shape, rate)
    (picture,), area, merged = drawn(values, cut=997)
    columns, rows = merged.spikes.shape
    column, row = np.arange(shape[0]) * columns // shape[0], np.arange(shape[1]) * rows // shape[1]
    expected = np.zeros((columns, rows), int)
    np.add.at(expected, (column[:, None], row[None, :]), values.astype(int))
    np.testing.assert_array_equal(merged.spikes, expected)
    if np.count_nonzero(expected) <= 0.25 * expected.size:  # else their number is shown, in shades
        np.testing.assert_array_equal(read_back(picture, area, columns, rows), expected > 0)


def test_a_crowded_raster_has_a_colour_bar_and_darker_is_more() -> None:
    values = spikes((30_000, 50), 0.02)
    values[:, :25] = spikes((30_000, 25), 0.2, seed=1)
    (picture,), area, _ = drawn(values)
    upper = picture[area.top + 5 : area.top + area.height // 2 - 5, area.left + 9 : area.left + 900].mean()
    lower = picture[area.top + area.height // 2 + 5 : area.bottom - 5, area.left + 9 : area.left + 900].mean()
    assert upper < lower - 40


@pytest.mark.parametrize(("count", "words"), [(0, "0 spikes"), (1, "1 spike"), (2500, "2,500 spikes")])
def test_the_caption_counts_spikes_and_not_the_cells_that_hold_them(count: int, words: str) -> None:
    values = np.zeros((50_000, 4), np.float32)
    values[:count, 2] = 1  # some twenty of them share a column of pixels
    told: list[str] = []
    finish = Frame.finish
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Frame, "finish", lambda self, lines, title, caption, *more: told.append(caption) or finish(
            self, lines, title, caption, *more))  # fmt: skip
        drawn(values)
    assert told == [words]


def test_a_window_shows_its_own_spikes() -> None:
    values = spikes((250, 6), 0.1)
    pictures, area, _ = drawn(values, cut=70, window=100)
    assert len(pictures) == 3
    for number, picture in enumerate(pictures):
        part = values[number * 100 : number * 100 + 100]
        expected = np.zeros((100, 6), bool)
        expected[: len(part)] = part > 0
        np.testing.assert_array_equal(read_back(picture, area, 100, 6), expected)


def test_a_window_can_be_a_duration() -> None:
    signal = signal_of(np.zeros((100, 2)), dt=0.5)
    (one,) = Raster(window="20 ms").series(signal)
    assert one.steps == range(0, 100, 40)
    for dt, steps in ((0.3, 667), (0.7, 286), (300.0, 1)):  # the nearest number of steps, and never none
        (one,) = Raster(window="200 ms").series(signal_of(np.zeros((2000, 2)), dt=dt))
        assert one.steps.step == steps
    with pytest.raises(SettingError, match=r"window='20 ms' needs the duration of a step"):
        Raster(window="20 ms").fit(replace(signal, time=Clock(100)))


def test_events_are_bars_behind_the_spikes() -> None:
    values = spikes((100, 5), 0.1)
    (picture,), area, _ = drawn(values, events=[20, 70, 500], event_colors=["red", "#0000ff", "green"])
    np.testing.assert_array_equal(read_back(picture, area, 100, 5), values > 0)
    inside = picture[area.top : area.bottom, area.left : area.right].astype(int)
    for event, colour in ((20, [255, 128, 128]), (70, [128, 128, 255])):
        column = int((event + 0.5) * area.width / 100)
        assert (np.abs(inside[:, column] - colour).max(axis=1) <= 1).sum() > area.height / 2
    assert not ((inside[..., 1] > inside[..., 0] + 20) & (inside[..., 1] > inside[..., 2] + 20)).any()  # 500 is outside


def test_line_size_is_a_part_of_the_row() -> None:
    heights = []
    for line_size in (0.25, 0.5, 1.0, 3.0):
        (picture,), area, _ = drawn(np.ones((10, 4)), line_size=line_size)
        middle = picture[area.top : area.bottom, area.left + int(area.width * 0.55)] < 128
        heights.append(middle.all(axis=1).mean())
    np.testing.assert_allclose(heights, [0.25, 0.5, 1.0, 1.0], atol=0.02)


def test_ten_thousand_units() -> None:
    values = np.zeros((100, 10_000), np.float32)
    values[50, 7000] = 1
    (picture,), area, _ = drawn(values)
    dark = np.argwhere((picture[area.top : area.bottom, area.left : area.right] < 128).all(axis=2))
    assert dark[:, 0].tolist() == [int(0.7 * area.height)] * len(dark)
    assert len(dark) >= 1


@pytest.mark.parametrize("shape", [(4, 3, 2)])
def test_other_shapes_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(SettingError, match=r"a raster needs the dimensions \(time, unit\)"):
        Raster().fit(signal_of(np.zeros(shape)))


def test_spikes_and_events_lie_at_their_times_where_these_are_uneven() -> None:
    times = np.concatenate([np.arange(50) * 1.0, 100 + np.arange(50) * 6.0])
    values = np.zeros((100, 4), bool)
    values[[10, 60], [1, 2]] = True
    signal, block = uneven(values, times)
    plot = Raster(size=(6, 3), events=[200.0]).fit(signal)
    assert isinstance(plot, Raster)
    (record,) = drawn_in_parts(plot, signal, block, [30])
    area = frame(plot._look(signal, None)).area
    picture = pixels(record.png)[area.top : area.bottom, area.left : area.right].astype(int)
    red = np.flatnonzero((picture[:, :, 0] - picture[:, :, 2] > 60).any(axis=0)).mean()
    columns = [
        np.flatnonzero((picture[rows] < 60).all(axis=2).any(axis=0)).mean()
        for rows in np.array_split(range(area.height), 4)[1:3]
    ]
    mean = (times[-1] - times[0]) / 99
    for found, time in ((red, 200.0), (columns[0], times[10]), (columns[1], times[60])):
        assert abs(found - (time / mean + 0.5) * area.width / 100) < 4


@pytest.mark.parametrize("window", [10, "20 ms"])
def test_windows_of_uneven_times_are_those_of_even_ones_where_times_are_even(window: Any) -> None:
    values = spikes((100, 4), 0.1)
    signal, block = uneven(values, np.arange(100.0))
    plot = Raster(window=window, size=(4, 3)).fit(signal)
    found = drawn_in_parts(plot, signal, block, [30, 31])
    even = drawn_in_parts(plot, signal_of(values), block_of(values), [30, 31])
    assert points_by_tag(found) == points_by_tag(even)
    assert len(found) == (10 if window == 10 else 5)


def test_too_many_windows_to_be_counted_at_once_are_refused() -> None:
    signal, _ = uneven(np.zeros((100_000, 900), bool), np.arange(100_000.0))
    with pytest.raises(SettingError, match=r"window=50: 2,000 windows of uneven .* accepted are about 1,6\d\d"):
        Raster(window=50).fit(signal)
    assert Raster(window=5000).fit(signal) == Raster(window=5000)


@pytest.mark.parametrize("dtype", ["f4", "f8", "i4", "u1", "?"])
def test_spikes_of_any_type(dtype: str) -> None:
    values = spikes((300, 20)).astype(dtype)
    pictures, _, _ = drawn(values)
    expected, _, _ = drawn(values.astype(bool))
    np.testing.assert_array_equal(pictures[0], expected[0])


@pytest.mark.parametrize("values", [[0.5], [10.3, 9.8], [-65.0], [np.inf], [2.0]], ids=str)
def test_what_is_no_spike_is_refused(values: list[float]) -> None:
    given = spikes((300, 20)).astype("f8")
    given[7, : len(values)] = values
    with pytest.raises(SettingError, match=f"a raster needs spikes, 0 and 1; this holds values such as {values[0]:g}"):
        drawn(given)
    given[7, : len(values)] = np.nan  # a gap is no spike
    drawn(given)
