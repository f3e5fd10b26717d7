"""Stored times are selected by value with units, even or not, and read when they are first needed."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import xarray as xr

from pipeline import open_run
from pipeline.errors import SettingError
from pipeline.opening.stored_times import StoredTimes, stored_coordinate
from tests.common import forbid_reads

UNEVEN = np.cumsum(np.random.default_rng(1).exponential(0.4, 300))


def written(path: Path, times: Any, unit: str | None = "ms") -> Path:
    with h5py.File(path, "w") as file:
        file["time"] = times
        if unit is not None:
            file["time"].attrs["units"] = unit
        file["v"] = np.arange(len(times), dtype="f8")[:, None] * np.ones(2)
    return path


@pytest.fixture(params=["open_run", "engine"])
def opened(request: pytest.FixtureRequest) -> Any:
    if request.param == "open_run":
        return open_run
    return lambda path: xr.open_datatree(path, engine="hdf2tb")


@pytest.mark.parametrize(
    "times", [UNEVEN, np.arange(300) * 0.1, np.arange(300, dtype="i8")], ids=["uneven", "even", "int"]
)
@pytest.mark.parametrize("low_high", [(2.0, 9.0), (0.3, 0.6), (5.0, 5.0), (9.0, 2.0), (-4.0, -2.0), (20.0, 1e6)])
def test_a_range_holds_both_ends(tmp_path: Path, opened: Any, times: np.ndarray, low_high: tuple[float, float]) -> None:
    low, high = low_high
    v = opened(written(tmp_path / "a.h5", times))["a"].v
    expected = np.flatnonzero((times > low - 1e-9) & (times < high + 1e-9))
    for label in (slice(low, high), slice(f"{low} ms", f"{high} ms"), slice(f"{low * 1000:.9g} us", high)):
        found = v.sel(time=label)
        assert found.values[:, 0].tolist() == expected.tolist()
        np.testing.assert_array_equal(found.time.values, times[expected])


def test_a_single_time_takes_the_nearest_step(tmp_path: Path, opened: Any) -> None:
    v = opened(written(tmp_path / "a.h5", UNEVEN))["a"].v
    for value in (UNEVEN[0], UNEVEN[-1], 20.0, 33.3):
        assert v.sel(time=value).values[0] == np.abs(UNEVEN - value).argmin()
        assert v.sel(time=f"{float(value)!r} ms").values[0] == np.abs(UNEVEN - value).argmin()
    assert v.sel(time=["20 ms", "33 ms"]).values[:, 0].tolist() == [np.abs(UNEVEN - t).argmin() for t in (20, 33)]
    assert v.sel(time=xr.DataArray([20.0], dims="event")).dims == ("event", "unit")
    for label in (-5, 1e6, "1 h"):
        with pytest.raises(KeyError, match="this run is from"):
            v.sel(time=label)
    with pytest.raises(SettingError, match="accepted is a number with a unit"):
        v.sel(time="noon")


def test_dates(tmp_path: Path) -> None:
    dates = np.datetime64("2024-03-01", "ns") + np.arange(300) * np.timedelta64(90, "m")
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("time", data=dates.astype(h5py.opaque_dtype(dates.dtype)))
        file["v"] = np.arange(300.0)
    v = open_run(tmp_path / "a.h5")["a"].v
    np.testing.assert_array_equal(v.time.values, dates)
    assert v.sel(time=slice("2024-03-02", "2024-03-02T03")).values.tolist() == [16, 17, 18]
    assert v.sel(time="2024-03-02T01").values == 17


def test_times_without_a_unit_are_selected_by_numbers(tmp_path: Path) -> None:
    v = open_run(written(tmp_path / "a.h5", UNEVEN, None))["a"].v
    assert v.time.attrs["units"] == ""
    assert v.sel(time=slice(0, 10)).size
    with pytest.raises(KeyError, match="an unknown unit; give a number"):
        v.sel(time="10 ms")


def test_times_that_do_not_rise_say_so(tmp_path: Path) -> None:
    v = open_run(written(tmp_path / "a.h5", UNEVEN[::-1].copy()))["a"].v
    with pytest.raises(KeyError, match="do not rise"):
        v.sel(time=slice("1 ms", "2 ms"))
    assert v.isel(time=3).values[0] == 3


def test_nothing_is_read_until_a_time_is_asked_for(
    tmp_path: Path, opened: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(tmp_path / "a.h5", UNEVEN)
    with h5py.File(path, "a") as file:
        file["deep/w"] = np.zeros((300, 2))
    with monkeypatch.context() as patch:
        forbid_reads(patch)
        run = opened(path)
        assert run["a/deep/w"].dims == ("time", "unit")  # on the clock of the group around it
        part = run["a"].v.isel(time=slice(10, 20))
        assert "StoredTimes" in repr(part.xindexes)
    np.testing.assert_array_equal(part.time.values, UNEVEN[10:20])
    assert part.sel(time=UNEVEN[15]).values[0] == 15
    again = pickle.loads(pickle.dumps(part))
    assert again.sel(time=UNEVEN[15]).values[0] == 15
    assert len(pickle.dumps(run["a"].v)) < 10_000


def in_memory(times: Any, unit: str = "ms", start: float = 0.0) -> xr.DataArray:
    variable = xr.Variable(("time",), np.asarray(times), {"units": unit})
    return xr.DataArray(start + np.arange(len(times)), dims="time", coords=stored_coordinate(variable), name="v")


def test_runs_are_joined_in_time() -> None:
    both = xr.concat([in_memory([0.0, 1.0, 3.0]), in_memory([4.0, 9.0], start=10)], "time")
    assert both.time.values.tolist() == [0, 1, 3, 4, 9]
    assert both.sel(time=slice("3 ms", "4 ms")).values.tolist() == [2, 10]
    trials = xr.concat([in_memory([0.0, 1.0, 3.0]), in_memory([0.0, 1.0, 3.0])], "trial")
    assert trials.shape == (2, 3)


def test_arithmetic_goes_by_time() -> None:
    one, other = in_memory([0.0, 1.0, 3.0, 4.0]), in_memory([1.0, 2.0, 3.0], start=100)
    total = one + other
    assert total.time.values.tolist() == [1, 3]
    assert total.values.tolist() == [1 + 100, 2 + 102]
    outer = xr.align(one, other, join="outer")[0]
    assert outer.time.values.tolist() == [0, 1, 2, 3, 4]
    assert (one + one).values.tolist() == [0, 2, 4, 6]


def test_times_in_other_units_are_not_added_up() -> None:
    with pytest.raises(ValueError, match="times in ms and in s; open both with one unit"):
        in_memory([0.0, 1.0]) + in_memory([0.0, 2.0], "s")


def test_it_is_renamed_and_copied() -> None:
    found = in_memory([0.0, 1.0, 3.0]).rename(time="when")
    assert isinstance(found.xindexes["when"], StoredTimes)
    assert found.copy(deep=True).sel(when=3.0) == 2
    assert found.to_pandas().index.tolist() == [0, 1, 3]
