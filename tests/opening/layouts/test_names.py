"""What names alone tell: lists of spikes, ids, clocks of one dataset, texts of units."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from pipeline.opening import open_run
from pipeline.opening.layouts.names import by_number, event_lists
from tests.common import write_hdf5

RNG = np.random.default_rng(8)


def lists(path: Path, **data: Any) -> dict[str, Any]:
    with h5py.File(write_hdf5(path, **data)) as file:
        found: dict[str, h5py.Dataset] = {}
        file.visititems(lambda n, item: found.update({f"/{n}": item}) if isinstance(item, h5py.Dataset) else None)
        return {told.name: told for told in event_lists(found)}


PAIRS = [
    ({"s__t": 30, "s__i": 30}, "/s/t", "/s/i", ""),
    ({"s__times": 30, "s__senders": 30}, "/s/times", "/s/senders", "ms"),
    ({"spikes__time_ms": 30, "spikes__gid": 30}, "/spikes/time_ms", "/spikes/gid", "ms"),
    ({"spikes__times": 30, "spikes__unit_ids": 30, "spikes__amplitude": 30}, "/spikes/times", "/spikes/unit_ids", ""),
    ({"spike_times": 30, "spike_clusters": 30, "depth": 4}, "/spike_times", "/spike_clusters", ""),
]


@pytest.mark.parametrize(("given", "times", "ids", "unit"), PAIRS)
def test_times_beside_ids(tmp_path: Path, given: dict[str, int], times: str, ids: str, unit: str) -> None:
    whole = ids.rpartition("/")[2]
    data = {
        name: RNG.integers(0, 9, size) if name.endswith(whole) else RNG.random(size) for name, size in given.items()
    }
    (told,) = lists(tmp_path / "a.h5", **data).values()
    assert (told.times, told.units, told.unit) == ((times,), ids, unit)


@pytest.mark.parametrize(
    "data",
    [
        {"t": np.arange(9.0), "i": np.arange(8)},  # not one id a time
        {"t": np.arange(9.0), "v": np.arange(9.0)},
        {"t": np.arange(9.0), "i": np.arange(9), "v": np.arange(9.0)},  # a recording, with the number of its rows
        {"g__a": np.arange(3.0), "g__b": np.arange(4.0)},
        {"time": np.arange(9.0)},
    ],
)
def test_what_is_no_list_of_spikes(tmp_path: Path, data: dict[str, np.ndarray]) -> None:
    assert lists(tmp_path / "a.h5", **data) == {}


def test_times_of_spikes_alone_and_a_unit_a_group_in_the_order_of_numbers(tmp_path: Path) -> None:
    (told,) = lists(tmp_path / "a.h5", spike_times_s=np.arange(5.0)).values()
    assert (told.times, told.unit, told.units, told.ends) == (("/spike_times_s",), "s", None, None)
    data = {f"unit_{number}__spike_times": np.arange(float(number)) for number in (10, 2, 1)}
    (told,) = lists(tmp_path / "b.h5", **data).values()
    assert told.labels == ("unit_1", "unit_2", "unit_10")
    assert told.times == tuple(f"/{label}/spike_times" for label in told.labels)


def test_an_index_says_where_each_unit_ends(tmp_path: Path) -> None:
    data = {"spike_times": np.arange(20.0), "spike_times_index": np.array([5, 5, 20])}
    (told,) = lists(tmp_path / "a.h5", **data).values()
    assert told.ends == (5, 5, 20)
    run = open_run(tmp_path / "a.h5")
    assert run["a/spike_times/unit"].values.tolist() == [0] * 5 + [2] * 15
    assert run["a"].encoding["left_out"] == {}
    (other,) = lists(tmp_path / "b.h5", **data | {"spike_times_index": np.array([5, 5, 21])}).values()
    assert other.ends is None


def test_a_clock_that_is_named_after_a_dataset(tmp_path: Path) -> None:
    write_hdf5(
        tmp_path / "a.h5", lfp=np.zeros((100, 4)), lfp_time_ms=np.arange(100) * 0.5, emg=np.zeros((30, 4)),
        emg_timestamps=np.arange(30.0), time=np.arange(100.0), v=np.zeros(100),
    )  # fmt: skip
    run = open_run(tmp_path / "a.h5")
    by_name = {str(name): node[name] for node in run.subtree for name in node.data_vars}
    assert set(by_name) == {"lfp", "emg", "v"}
    np.testing.assert_array_equal(by_name["lfp"].time, np.arange(100) * 0.5)
    assert by_name["lfp"].time.attrs["units"] == "ms"
    np.testing.assert_array_equal(by_name["emg"].time, np.arange(30))
    np.testing.assert_array_equal(by_name["v"].time, np.arange(100))
    assert by_name["lfp"].encoding["why"] == "lfp_time_ms is named after it"


def test_ids_are_no_series_but_where_the_file_says_that_they_run_in_time(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        for name in ("node_ids", "winner_id", "index_pointers"):
            file[name] = np.arange(20)
        file["t"], file["x"] = np.arange(20.0), np.arange(20)
        file["winner_id"].dims[0].label = "time"
        file["log"] = np.zeros(5, [("t", "f8"), ("unit_id", "i4"), ("v", "f4")])
    run = open_run(tmp_path / "a.h5")
    names = {str(name) for node in run.subtree for name in node.data_vars}
    assert names == {"winner_id", "x", "v"}
    assert run["a"].encoding["left_out"] == dict.fromkeys(
        ("/node_ids", "/index_pointers", "/log/unit_id"), "ids or an index"
    )


@pytest.mark.parametrize(
    ("names", "named"),
    [(["a", "b", "c"], True), (["a", "a", "c"], False), (["a", "b"], False), (["a", "", "c"], False)],
)
def test_texts_that_are_as_many_as_units_name_them(tmp_path: Path, names: list[str], named: bool) -> None:
    write_hdf5(tmp_path / "a.h5", v=np.zeros((100, 3)), time=np.arange(100.0), channel_names=names)
    run = open_run(tmp_path / "a.h5")
    assert ("unit" in run["a"].coords) == named
    assert ("/channel_names" in run["a"].encoding["left_out"]) != named


def test_a_table_of_times_and_ids_is_a_list_of_events(tmp_path: Path) -> None:
    rows = np.zeros(40, [("time_ms", "f8"), ("neuron_id", "i4")])
    rows["time_ms"], rows["neuron_id"] = RNG.random(40), RNG.integers(0, 5, 40)
    run = open_run(write_hdf5(tmp_path / "a.h5", spikes=rows))
    np.testing.assert_array_equal(run["a/spikes/time"], rows["time_ms"])
    np.testing.assert_array_equal(run["a/spikes/unit"][5:20:3], rows["neuron_id"][5:20:3])
    assert run["a/spikes/time"].attrs["units"] == "ms"
    assert run["a"].encoding["left_out"] == {}


def test_numbers_in_names_are_in_order() -> None:
    assert sorted(["u10", "u9", "u1"], key=by_number) == ["u1", "u9", "u10"]
