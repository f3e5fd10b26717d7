"""Histograms: what numpy counts, between common ends, and what is left out told."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from pipeline.errors import SettingError
from pipeline.model.record import Histogram as Bins
from pipeline.rendering.drawing import Drawing
from pipeline.rendering.histogram import Histogram
from pipeline.testing import drawn_in_parts, signal_of
from tests.common import block_of, pixels

RNG = np.random.default_rng(9)
WEIGHTS = RNG.normal(size=(50, 30, 20))


def drawn(plot: Histogram, values: np.ndarray, cuts: Any = (17, 30)) -> list[Bins]:
    signal = signal_of(values)
    found = drawn_in_parts(plot.fit(signal), signal, block_of(values), cuts)
    assert all(isinstance(one, Bins) for one in found)
    return found  # type: ignore[return-value]


@pytest.mark.parametrize("dtype", ["f8", "f4"])
@pytest.mark.parametrize("step", [1, 7])
def test_all_steps_have_the_same_bins_and_numpys_counts(step: int, dtype: str) -> None:
    values = WEIGHTS.astype(dtype)
    shown = values[::step]
    found = drawn(Histogram(step=step), values)
    assert [one.step for one in found] == list(range(0, 50, step))
    for one, row in zip(found, shown, strict=True):
        counts, edges = np.histogram(row.astype("f8"), 120, (float(shown.min()), float(shown.max())))
        np.testing.assert_array_equal(one.bins[:, 2], counts)
        np.testing.assert_array_equal(one.bins[:, 0], edges[:-1])
        np.testing.assert_array_equal(one.bins[:, 1], edges[1:])
        assert counts.sum() == 600


@pytest.mark.parametrize(
    ("limits", "ends"),
    [
        ("all", (WEIGHTS.min(), WEIGHTS.max())),
        ("frame", (WEIGHTS[40].min(), WEIGHTS[40].max())),
        ((-0.5, 0.25), (-0.5, 0.25)),
    ],
)
def test_what_bins_span(limits: Any, ends: tuple[float, float]) -> None:
    one = drawn(Histogram(step=20, limits=limits, bins=10), WEIGHTS)[2]
    counts, edges = np.histogram(WEIGHTS[40], 10, ends)
    np.testing.assert_array_equal(one.bins, np.stack([edges[:-1], edges[1:], counts], axis=1))


def test_an_outlier_does_not_ruin_the_view() -> None:
    values = WEIGHTS.copy()
    values[3, 0, 0] = 1e9
    found = drawn(Histogram(step=1, limits=("1 %", "99 %")), values)
    low, high = np.quantile(values, [0.01, 0.99])
    assert found[0].bins[0, 0] == pytest.approx(low, rel=1 / 256)
    assert found[0].bins[-1, 1] == pytest.approx(high, rel=1 / 256)
    left = round(values.size - sum(one.bins[:, 2].sum() for one in found))
    assert f"Left out of 30,000 values: {left} beyond the limits." in found[0].description


@pytest.mark.parametrize(
    "values",
    [
        np.where(RNG.random((20, 400)) < 0.005, 7.25, 0.0),  # both percentages are 0
        RNG.integers(0, 40, (20, 400)),
        RNG.integers(0, 40_000, (20, 400)),
        np.where(RNG.random((20, 400)) < 0.005, 900, RNG.integers(0, 3, (20, 400))),
    ],
)
def test_each_value_is_in_a_bin_or_counted_as_left_out(values: np.ndarray) -> None:
    found = drawn(Histogram(step=1, limits=("1 %", "99 %")), values, ())
    told = re.search(r"([\d,]+) beyond", found[0].description)
    left = int(told[1].replace(",", "")) if told else 0
    assert sum(one.bins[:, 2].sum() for one in found) + left == values.size


def test_values_that_are_not_finite_are_left_out_and_counted_once() -> None:
    values = WEIGHTS.copy()
    values[5, :2] = np.nan
    values[0, 3, 3] = np.inf
    found = drawn(Histogram(step=5), values)
    assert found[1].bins[:, 2].sum() == 560
    assert found[0].bins[-1, 1] == np.nanmax(np.where(np.isinf(values), np.nan, values)[::5])
    assert found[0].description.endswith("Left out of 6,000 values: 41 that are not finite.")
    assert not found[1].description
    drawing = Drawing(Histogram(step=5), signal_of(values))
    assert drawing.description().endswith("Values that are not finite are left out.")


def test_whole_numbers_have_bins_of_equally_many() -> None:
    values = RNG.integers(-7, 500, (40, 900))
    values[0, :2] = -7, 499
    one = drawn(Histogram(step=1), values)[0]
    edges = one.bins[:, 0]
    assert set(np.diff(edges)) == {5.0}
    assert edges[0] == -7.5
    np.testing.assert_array_equal(one.bins[:, 2], np.bincount((values[0] + 7) // 5, minlength=len(edges)))


@pytest.mark.parametrize("value", [0.0, -65.0, 1e300, 5e-324])
def test_constant_values_are_in_one_bin(value: float) -> None:
    one = drawn(Histogram(step=1), np.full((4, 6), value))[0]
    assert sorted(one.bins[:, 2])[-2:] == [0, 6]
    assert (one.bins[:, 0] < one.bins[:, 1]).all()
    (held,) = one.bins[one.bins[:, 2] == 6]
    assert held[0] <= value <= held[1]


def test_what_has_no_number_is_empty() -> None:
    one = drawn(Histogram(step=1), np.full((4, 6), np.nan))[0]
    assert one.bins[:, 2].sum() == 0
    assert "24 that are not finite" in one.description


@pytest.mark.parametrize(("shape", "time"), [((50,), True), ((5, 6), False)])
def test_it_needs_time_and_units(shape: tuple[int, ...], time: bool) -> None:
    with pytest.raises(SettingError, match="a histogram needs time and other dimensions"):
        Histogram().fit(signal_of(np.zeros(shape), time=time))


@pytest.mark.parametrize("bins", [0, 10_001, 2.5, "many"])
def test_wrong_bins_are_refused(bins: Any) -> None:
    with pytest.raises(SettingError, match="bins=.*accepted is a whole number from 1 to 10000"):
        Histogram(bins=bins)


def test_as_a_picture_bars_are_as_high_as_the_counts() -> None:
    values = np.repeat([0.0, 1.0, 3.0], [10, 20, 5])[None].repeat(2, axis=0)
    plot = Histogram(step=1, bins=3, size=(6, 4)).fit(signal_of(values)).pictured(signal_of(values))
    record = drawn_in_parts(plot, signal_of(values), block_of(values))[0]
    blue = (pixels(record.png) == [31, 119, 180]).all(axis=2)  # type: ignore[union-attr]
    heights = blue.sum(axis=0)[blue.any(axis=0)]
    first, second, third = (int(np.median(part)) for part in np.array_split(heights, 3))
    assert first / second == pytest.approx(10 / 20, abs=0.01)
    assert third / second == pytest.approx(5 / 20, abs=0.01)
