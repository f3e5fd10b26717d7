"""Every column of every level is what numpy finds in the values, in whatever order they were taken in."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.running.pyramid import Pyramid, Shape

RNG = np.random.default_rng(8)


def filled(values: np.ndarray, blocks: list[tuple[int, int]], *, spikes: bool = False, most: int = 1 << 20) -> Pyramid:
    shape = Shape.of(len(values), values.shape[1], values.dtype, most, spikes=spikes)
    pyramid = Pyramid(shape, np.full(shape.array, np.nan, shape.dtype))
    for start, stop in blocks:
        for first, past in pyramid.missing(start, stop):
            pyramid.add(first, values[first:past].astype(shape.dtype))
    return pyramid


def cut(length: int, size: int) -> list[tuple[int, int]]:
    blocks = [(start, min(start + size, length)) for start in range(0, length, size)]
    return [blocks[at] for at in RNG.permutation(len(blocks))]


@pytest.mark.parametrize("units", [1, 3, 40])
@pytest.mark.parametrize(("length", "size"), [(1, 7), (33, 100), (5000, 1000), (70_001, 999)])
@pytest.mark.parametrize("spikes", [False, True])
def test_columns_are_those_of_the_values(units: int, length: int, size: int, spikes: bool) -> None:
    values = RNG.normal(size=(length, units)).astype("f4")
    values[RNG.random(values.shape) < 0.1] = np.nan
    if spikes:
        values = (values > 1).astype("f4")
    pyramid = filled(values, cut(length, size), spikes=spikes)
    assert pyramid.complete
    for first, stop, most in ((0, length, 10), (length // 3, length, 7), (length // 2, length // 2 + 400, 3)):
        found = pyramid.columns(first, min(stop, length), most)
        if found is None:
            assert (min(stop, length) - first) // most < pyramid.shape.first
            continue
        at, each, extremes = found
        assert at <= first < at + each
        assert at + each * len(extremes) >= min(stop, length)
        assert most <= len(extremes) <= 2 * most + 2
        for column, (lows, highs) in enumerate(extremes):
            part = values[at + column * each : at + (column + 1) * each]
            for unit in range(units):
                numbers = part[:, unit][~np.isnan(part[:, unit])]
                assert lows[unit] == numbers.min() if len(numbers) else np.isnan(lows[unit])
                expected = numbers.sum() if spikes else numbers.max() if len(numbers) else np.nan
                np.testing.assert_equal(highs[unit], np.float32(expected))


def test_what_was_not_read_is_no_number_and_is_said() -> None:
    values = RNG.normal(size=(4000, 2)).astype("f4")
    pyramid = filled(values, [(1000, 2000)])
    assert not pyramid.complete
    assert pyramid.ready(0, 4000) == pytest.approx(0.25, abs=0.02)
    found = pyramid.columns(0, 4000, 10)
    assert found is not None
    assert np.isnan(found[2][0]).all()
    assert not np.isnan(found[2][len(found[2]) // 3]).any()


@pytest.mark.parametrize("spikes", [False, True])
def test_one_that_grew_reads_the_new_steps_alone(spikes: bool) -> None:
    values = (RNG.random((3000, 2)) < 0.3).astype("f4")
    before = filled(values[:1010], [(0, 1010)], spikes=spikes)
    shape = Shape.of(3000, 2, values.dtype, 1 << 20, spikes=spikes)
    after = Pyramid(shape, np.full(shape.array, np.nan, shape.dtype))
    after.grown_from(before)
    assert list(after.missing(0, 1000)) == [(992, 1000)]  # 32 steps a row: the last was not whole
    for start, stop in ((1000, 2000), (0, 1000), (2000, 3000)):
        for first, past in after.missing(start, stop):
            after.add(first, values[first:past])
    expected = filled(values, [(0, 3000)], spikes=spikes)
    np.testing.assert_array_equal(after.array, expected.array)
    assert after.complete


def test_a_shape_fits_what_it_may_take() -> None:
    fine, coarse = (Shape.of(10**6, 100, np.dtype("f4"), most) for most in (1 << 30, 1 << 20))
    assert fine.first == 32
    assert coarse.nbytes <= 1 << 20 < Shape(10**6, 100, coarse.first // 4, "f4").nbytes
    assert Shape.of(10, 1, np.dtype("i4"), 1 << 20).dtype == "f8"
    assert Shape.of(10, 1, np.dtype("i2"), 1 << 20).dtype == "f4"
