"""The time coordinate: three numbers however long the run, selected by value in any unit, both ends included."""

from __future__ import annotations

import copy
import pickle
import tracemalloc
from typing import Any

import numpy as np
import pytest
import xarray as xr

from pipeline.errors import SettingError
from pipeline.opening.time_index import TimeIndex, time_coordinate


def series(size: int = 1000, dt: tuple[float, str] | None = (0.5, "ms")) -> xr.DataArray:
    """Return an array whose values are its step numbers."""
    return xr.DataArray(np.arange(size), dims="time", coords=time_coordinate(size, dt), name="voltage")


@pytest.mark.parametrize(
    ("label", "steps"),
    [
        (slice("100 ms", "200 ms"), range(200, 401)),
        (slice("0.1 s", "0.2s"), range(200, 401)),
        (slice(100, 200), range(200, 401)),
        (slice("100", 200.0), range(200, 401)),
        (slice("100.2 ms", "100.9 ms"), range(201, 202)),
        (slice("100.1 ms", "100.4 ms"), range(0)),
        (slice("0 ms", "1 ms"), range(3)),
        (slice("-5 ms", "1000 us"), range(3)),
        (slice(None, "1 ms"), range(3)),
        (slice("499 ms", None), range(998, 1000)),
        (slice("499 ms", "1 h"), range(998, 1000)),
        (slice("1 s", "2 s"), range(0)),
        (slice("-2 s", "-1 s"), range(0)),
        (slice("200 ms", "100 ms"), range(0)),
        (slice("0 s", "1 s", "10 ms"), range(0, 1000, 20)),
        (slice(None, None, 100), range(0, 1000, 200)),
        (slice(None), range(1000)),
    ],
)
def test_a_range_holds_both_ends(label: slice, steps: range) -> None:
    found = series().sel(time=label)
    assert found.values.tolist() == list(steps)
    np.testing.assert_allclose(found.time.values, np.asarray(steps) * 0.5)


@pytest.mark.parametrize("dt", [0.1, 0.3, 1e-3, 1 / 3, 0.7, 1e3])
@pytest.mark.parametrize("size", [1000, 10_000_000])
def test_ends_are_found_for_steps_that_binary_numbers_do_not_hold(dt: float, size: int) -> None:
    index = TimeIndex.evenly(0.0, dt, size, "ms")
    for first, last in [(0, 0), (3, 7), (299, 300), (size // 7, size // 3), (size - 2, size - 1)]:
        label = slice(f"{first * dt!r} ms", f"{last * dt!r} ms")
        assert index.sel({"time": label}).dim_indexers["time"] == slice(first, last + 1, 1)


@pytest.mark.parametrize(
    ("label", "step"),
    [
        ("100 ms", 200),
        ("0 ms", 0),
        (100, 200),
        (100.2, 200),
        (np.float32(100.3), 201),
        ("499.6 ms", 999),
        ("0.4995 s", 999),
    ],
)
def test_a_single_time_takes_the_nearest_step(label: Any, step: int) -> None:
    found = series().sel(time=label)
    assert found.shape == ()
    assert found == step
    assert found.time == step * 0.5


@pytest.mark.parametrize(
    "label", [["1 ms", "2 ms"], [1.0, 2.0], np.array([1, 2]), xr.DataArray(["1 ms", "2 ms"], dims="time")]
)
def test_several_times(label: Any) -> None:
    assert series().sel(time=label).values.tolist() == [2, 4]


def test_several_times_along_another_dimension() -> None:
    found = series().sel(time=xr.DataArray([1.0, 2.0], dims="event"))
    assert found.dims == ("event",)
    assert found.values.tolist() == [2, 4]


@pytest.mark.parametrize("label", ["500 ms", "10 s", "-1 ms", -1, 1e9, [1, 600]])
def test_a_time_outside_of_the_run_is_an_error_not_another_step(label: Any) -> None:
    with pytest.raises(KeyError, match=r"this run is from 0 to 499\.5 ms"):
        series().sel(time=label)


@pytest.mark.parametrize("label", ["noon", "5 parsecs", "", "nan ms", slice("noon", None), slice(None, "noon")])
def test_a_time_that_is_none(label: Any) -> None:
    with pytest.raises(SettingError, match=r"time '.*': accepted is a number with a unit.*ms"):
        series().sel(time=label)


def test_a_run_without_a_step_s_duration_is_selected_by_steps() -> None:
    steps = series(10, None)
    assert steps.time.attrs["units"] == "step"
    assert steps.sel(time=slice(2, 4)).values.tolist() == [2, 3, 4]
    with pytest.raises(KeyError, match="counts steps.*give dt"):
        steps.sel(time=slice("2 ms", "4 ms"))


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns", "min", "h"])
def test_the_unit_is_the_one_given(unit: str) -> None:
    coords = time_coordinate(5, (0.1, unit))
    assert coords["time"].attrs["units"] == unit
    np.testing.assert_allclose(coords["time"].values, np.arange(5) * 0.1)


def test_what_is_shown_of_it() -> None:
    index = series().isel(time=slice(10, None, 10)).xindexes["time"]
    assert isinstance(index, TimeIndex)
    assert (index.start, index.stop, index.step, index.size, index.unit) == (5, 500, 5, 99, "ms")


def test_slices_of_slices_keep_times_and_unit() -> None:
    found = series().isel(time=slice(10, None, 10)).sel(time=slice("100 ms", "200 ms")).isel(time=slice(1, None, 2))
    assert found.values.tolist() == list(range(210, 401, 20))
    np.testing.assert_allclose(found.time.values, found.values * 0.5)
    assert isinstance(found.xindexes["time"], TimeIndex)
    assert found.sel(time="0.105 s") == 210


@pytest.mark.parametrize("part", [slice(0, 0), slice(5, 5), slice(2000, None)])
def test_an_empty_slice_is_empty(part: slice) -> None:
    found = series().isel(time=part)
    assert found.time.values.size == 0
    assert found.sel(time=slice("0 ms", "1 s")).size == 0


def test_time_backwards() -> None:
    found = series(10).isel(time=slice(None, None, -1))
    np.testing.assert_allclose(found.time.values, found.values * 0.5)
    assert found.sel(time=slice("2 ms", "1 ms")).values.tolist() == [4, 3, 2]


@pytest.mark.parametrize("key", [3, [3, 5], np.array([5, 3])])
def test_chosen_steps_keep_their_times(key: Any) -> None:
    found = series().isel(time=key)
    np.testing.assert_allclose(found.time.values, found.values * 0.5)


@pytest.mark.parametrize(
    "copied",
    [copy.copy, copy.deepcopy, lambda array: pickle.loads(pickle.dumps(array)), lambda array: array.rename("other")],
    ids=["copy", "deepcopy", "pickle", "rename"],
)
def test_copies_know_their_unit(copied: Any) -> None:
    assert copied(series()).sel(time="0.1 s") == 200


def test_a_renamed_axis_knows_its_unit() -> None:
    found = series().rename(time="t").isel(t=slice(0, None, 2))
    assert found.sel(t=slice("1 ms", "3 ms")).values.tolist() == [2, 4, 6]


def test_runs_with_other_steps_are_not_taken_for_alike() -> None:
    with pytest.raises(ValueError, match="cannot align"), xr.set_options(arithmetic_join="exact"):
        series(10) + series(10, (0.25, "ms"))
    assert (series(10) + series(10)).values.tolist() == list(range(0, 20, 2))


def test_a_long_run_costs_no_memory() -> None:
    tracemalloc.start()
    coords = time_coordinate(10**9, (0.1, "ms"))
    lazy = coords.to_dataset().sel(time=slice("1000 s", "2000 s"))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert lazy.sizes["time"] == 10_000_001
    assert len(pickle.dumps(lazy)) < 2000
    assert peak < 1_000_000


def test_pandas_gets_the_name_of_the_coordinate() -> None:
    found = series(5)
    assert found.to_series().index.name == "time"
    assert found.rename(time="t").to_series().index.name == "t"
