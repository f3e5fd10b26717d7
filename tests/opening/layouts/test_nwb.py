"""Time series of NWB: in the unit of their conversion, on the clock of their rate or timestamps."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from pipeline.opening import open_run
from pipeline.opening.layouts.nwb import Nwb
from pipeline.opening.layouts.protocol import EventList

RAW = np.array([[-2080, 100], [0, 32767], [-32768, 1]], "i2")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "session.nwb"


def series(file: h5py.File, name: str, data: Any, **attrs: Any) -> h5py.Group:
    file.attrs["nwb_version"] = "2.7.0"
    group = file.create_group(name)
    group.create_dataset("data", data=data).attrs.update(attrs)
    return group


def clocked(group: h5py.Group, start: float = 12.5, rate: float = 20000.0) -> None:
    group["starting_time"] = start
    group["starting_time"].attrs.update(rate=rate, unit="seconds")


def test_values_and_times_are_those_that_the_file_means(path: Path) -> None:
    with h5py.File(path, "w") as file:
        clocked(series(file, "acquisition/Vm", RAW, unit="volts", conversion=3.125e-5, offset=0.25))
    found = open_run(path)["session/acquisition/Vm/data"]
    np.testing.assert_allclose(found.values, RAW * 3.125e-5 + 0.25, rtol=1e-6)
    np.testing.assert_allclose(found.time.values, 12.5 + np.arange(3) / 20000, rtol=1e-12)
    assert (found.time.attrs["units"], found.attrs["unit"], found.dims) == ("s", "volts", ("time", "unit"))


def test_each_channel_has_a_conversion_of_its_own_in_any_part_that_is_read(path: Path) -> None:
    with h5py.File(path, "w") as file:
        group = series(file, "acquisition/lfp", RAW, conversion=1e-3)
        group["channel_conversion"] = [1.0, 10.0]
        clocked(group)
    found = open_run(path)["session/acquisition/lfp/data"]
    expected = RAW * [1e-3, 1e-2]
    np.testing.assert_allclose(found.values, expected, rtol=1e-6)
    np.testing.assert_allclose(found[:, 1].values, expected[:, 1], rtol=1e-6)
    np.testing.assert_allclose(found[1].values, expected[1], rtol=1e-6)
    np.testing.assert_allclose(found[::2, ::-1].values, expected[::2, ::-1], rtol=1e-6)


def test_timestamps_go_before_a_rate_and_may_be_those_of_another_series(path: Path) -> None:
    with h5py.File(path, "w") as file:
        first = series(file, "acquisition/a", np.zeros(3))
        first["timestamps"] = [0.0, 1.0, 5.0]
        clocked(first)
        series(file, "acquisition/b", np.zeros(3))["timestamps"] = h5py.SoftLink("/acquisition/a/timestamps")
    run = open_run(path)
    for name in "ab":
        assert run[f"session/acquisition/{name}/data"].time.values.tolist() == [0, 1, 5]


def test_a_series_as_stored_is_not_scaled(path: Path) -> None:
    with h5py.File(path, "w") as file:
        clocked(series(file, "acquisition/a", np.zeros(3, "f4"), conversion=1.0, offset=0.0, unit="m"))
        clocked(series(file, "acquisition/b", np.zeros(3, "i4"), conversion=np.nan))
    with h5py.File(path) as file:
        assert [item.scaling for item in Nwb().read(file).stored] == [None, None]
    assert open_run(path)["session/acquisition/b/data"].dtype == "i4"


def test_tables_and_ids_are_no_series(path: Path) -> None:
    with h5py.File(path, "w") as file:
        clocked(series(file, "acquisition/a", np.zeros(3)))
        file["units/spike_times"] = np.arange(9.0)
        file["units/spike_times_index"] = np.array([4, 9], "u1")
        file["general/electrodes/x"] = np.zeros(4)
        file["acquisition/odd/data"] = np.zeros(4)  # no clock
    with h5py.File(path) as file:
        found = Nwb().read(file)
    assert [item.name for item in found.stored] == ["/acquisition/a/data"]
    assert set(found.left_out) == {"/general/electrodes/x", "/acquisition/odd/data"}
    assert found.events == [EventList("/units", ("/units/spike_times",), "s", ends=(4, 9))]
