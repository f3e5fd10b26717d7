"""Every point as float32; or few points of which no peak is missing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from pipeline.errors import SettingError
from pipeline.model.record import Scalars
from pipeline.rendering.trace_scalar import TraceScalar
from pipeline.testing import drawn_in_parts, points_by_tag, signal_of
from tests.common import block_of


def series(values: np.ndarray, *cuts: int, **settings: Any) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Return (steps, values) of each tag of an array that is read in parts."""
    signal = signal_of(values)
    records = drawn_in_parts(TraceScalar(**settings).fit(signal), signal, block_of(values), cuts)
    return {
        tag: (
            np.array([step for step, *_ in points]),
            np.array([np.frombuffer(data, np.float32)[0] for *_, data in points]),
        )
        for tag, points in points_by_tag(records).items()
    }


def thinned(values: np.ndarray, points: int, step: int) -> list[int]:
    """Return the kept steps of one series, slowly: the lowest and highest of each of ``points // 2`` stretches."""
    kept = list(range(0, len(values), step))
    bins: dict[int, list[int]] = {}
    for number, at in enumerate(kept):
        bins.setdefault(number * (points // 2) // len(kept), []).append(at)
    found = set()
    for steps in bins.values():
        numbers = [at for at in steps if not np.isnan(values[at])] or steps[:1]
        found |= {min(numbers, key=lambda at: values[at]), max(numbers, key=lambda at: values[at])}
    return sorted(found)


def noisy(shape: tuple[int, ...], seed: int, gaps: float = 0.0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    values = rng.integers(-9, 9, shape).astype(np.float32) if seed % 2 else rng.normal(size=shape).astype(np.float32)
    for odd in (np.nan, np.inf, -np.inf, 0.0, -0.0):
        values[rng.random(shape) < gaps / 5] = odd
    return values


# All points -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("step", [1, 3, 200])
@pytest.mark.parametrize("cuts", [(), (1,), (50, 51, 149)])
def test_every_kept_point_is_there_with_its_step(cuts: tuple[int, ...], step: int) -> None:
    values = noisy((150, 4), 0, gaps=0.3)
    found = series(values, *cuts, step=step)
    assert list(found) == [f"GC/N{unit}/voltage" for unit in range(4)]
    for unit, (steps, points) in enumerate(found.values()):
        assert steps.tolist() == list(range(0, 150, step))
        assert points.tobytes() == values[::step, unit].tobytes()  # to the bit: nan and -0 too


@pytest.mark.parametrize("dtype", [bool, np.int8, np.uint64, np.float16, np.float64])
def test_numbers_of_any_type_are_float32(dtype: Any) -> None:
    values = (np.arange(60).reshape(20, 3) % 7).astype(dtype)
    for unit, (_, points) in enumerate(series(values).values()):
        np.testing.assert_array_equal(points, values[:, unit].astype(np.float32))


def test_what_float32_cannot_hold_is_infinite() -> None:
    values = np.array([[1e39], [-1e300], [1e38], [np.inf]])
    ((_, points),) = series(values).values()
    assert points.tolist() == [np.inf, -np.inf, pytest.approx(1e38), np.inf]


def test_values_of_all_units_leave_as_one_block() -> None:
    values = noisy((30, 5), 0)
    signal = signal_of(values)
    (record,) = drawn_in_parts(TraceScalar(), signal, block_of(values))
    assert isinstance(record, Scalars)
    assert np.shares_memory(record.values, values)  # no copy of what is already float32
    np.testing.assert_array_equal(record.wall_times, np.arange(30) * 1e-3)


# Few points -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize(("points", "step"), [(2, 1), (3, 1), (10, 1), (11, 4), (64, 1), (199, 1), (40, 3)])
def test_few_points_are_the_extremes_of_each_stretch(points: int, step: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    values = noisy((int(rng.integers(200, 400)), 3), seed, gaps=0.2 * (seed // 2))
    cuts = sorted({*rng.integers(1, len(values), 7).tolist()})
    found = series(values, *cuts, points=points, step=step)
    for unit, (steps, shown) in enumerate(found.values()):
        assert steps.tolist() == thinned(values[:, unit], points, step)
        assert shown.tobytes() == values[steps, unit].tobytes()
        assert len(steps) <= points


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("at", [0, 1, 777, 4999])
def test_a_peak_of_one_step_survives_at_its_step(at: int, sign: int) -> None:
    values = np.zeros((5000, 2), np.float32)
    values[at, 1] = sign * 40
    steps, points = series(values, 600, 778, points=50)["GC/N1/voltage"]
    assert points[steps == at].tolist() == [sign * 40]
    assert np.abs(points).sum() == 40


def test_a_peak_survives_beside_what_is_infinite_or_no_number() -> None:
    values = np.zeros((1000, 1))
    values[::2] = np.nan
    values[501], values[503], values[101] = 7, np.inf, -1e39
    steps, points = series(values, 502, points=4)["GC/N0/voltage"]
    assert dict(zip(steps.tolist(), points.tolist(), strict=True))[503] == np.inf
    assert dict(zip(steps.tolist(), points.tolist(), strict=True))[101] == -np.inf
    assert not np.isnan(points).any()


def test_a_stretch_without_a_number_keeps_one_point() -> None:
    values = np.ones((100, 1), np.float32)
    values[50:] = np.nan
    steps, points = series(values, 70, points=4)["GC/N0/voltage"]
    assert steps.tolist() == [0, 50]
    assert np.isnan(points).tolist() == [False, True]


@pytest.mark.parametrize("cut", [20, 40, 60, 80])
def test_numbers_after_none_are_the_extremes(cut: int) -> None:
    values = np.full((100, 1), np.nan, np.float32)
    values[50], values[70] = 1, -1
    for shown in (values, values[::-1]):
        steps, points = series(shown, cut, points=2)["GC/N0/voltage"]
        assert sorted(points.tolist()) == [-1, 1]
        np.testing.assert_array_equal(shown[steps, 0], points)


@pytest.mark.parametrize("order", [1, -1])
def test_the_largest_are_told_apart(order: int) -> None:
    values = np.array([[1e38], [3e38], [2e38], [-2e38], [-3e38], [-1e38], [0.0]], np.float32)[::order]
    _, points = series(values, points=2)["GC/N0/voltage"]
    assert sorted(points.tolist()) == [np.float32(-3e38), np.float32(3e38)]


@pytest.mark.parametrize(("length", "step", "points"), [(10, 1, 10), (10, 1, 11), (100, 10, 10), (1, 1, 2)])
def test_few_enough_points_are_left_as_they_are(length: int, step: int, points: int) -> None:
    signal = signal_of(np.zeros((length, 2)))
    kind = TraceScalar(step=step, points=points).fit(signal)
    assert kind == TraceScalar(step=step)
    assert TraceScalar(step=step, points=points).fit(signal_of(np.zeros((length + step, 2)))).points == (
        points if points < length / step + 1 else None
    )


@pytest.mark.parametrize("points", [0, 1, -5, 2.5, "few", True])
def test_points_must_be_at_least_two(points: Any) -> None:
    with pytest.raises(SettingError, match="points=.*: accepted is a whole number of at least 2"):
        TraceScalar(points=points)


def test_few_points_carry_the_time_of_their_step() -> None:
    values = noisy((500, 2), 0)
    signal = signal_of(values)
    kind = TraceScalar(points=20).fit(signal)
    for record in drawn_in_parts(kind, signal, block_of(values), [123]):
        assert isinstance(record, Scalars)
        np.testing.assert_allclose(record.wall_times, record.steps * 1e-3)
        assert len(record.tags) == 1
