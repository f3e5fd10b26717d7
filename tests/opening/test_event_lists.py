"""Lists of events are nodes of the run, lazy, in the order of the file."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import xarray as xr

import pipeline
from pipeline.opening.event_lists import event_list
from pipeline.opening.hdf5.lazy_array import stored_identity
from pipeline.opening.layouts.protocol import EventList
from pipeline.planning.config import parse_plots
from pipeline.planning.match import plan_run
from tests.common import accumulated, forbid_reads, through_pickle
from tests.conftest import drawn, events

RNG = np.random.default_rng(5)


def opened(path: Path, told: EventList, **data: Any) -> xr.Dataset:
    with h5py.File(path, "w") as file:
        for name, values in data.items():
            file[name.replace("__", "/")] = values
    with h5py.File(path) as file:
        return event_list(file, told)


def test_one_dataset_of_times_and_one_of_ids(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    times, ids = RNG.random(50) * 100, RNG.integers(0, 9, 50)
    with monkeypatch.context() as patch:
        forbid_reads(patch)
        found = opened(tmp_path / "a.h5", EventList("/s", ("/t",), "ms", "/i"), t=times, i=ids)
    assert dict(found.sizes) == {"event": 50}
    assert found.time.attrs["units"] == "ms"
    np.testing.assert_array_equal(found.time, times)
    np.testing.assert_array_equal(found.unit[7:30:3], ids[7:30:3])


ENDS = (3, 3, 10, 11, 20)  # the second unit has none


@pytest.mark.parametrize("key", [slice(None), slice(2, 4), slice(3, 3), slice(5, 18, 4), slice(None, None, -1), 10])
def test_the_units_of_a_ragged_list(tmp_path: Path, key: Any) -> None:
    told = EventList("/s", ("/t",), "s", ends=ENDS)
    found = opened(tmp_path / "a.h5", told, t=np.arange(20.0))
    expected = np.repeat(np.arange(5), np.diff(ENDS, prepend=0))
    np.testing.assert_array_equal(found.unit[key], expected[key])
    np.testing.assert_array_equal(through_pickle(found.unit)[key], expected[key])


@pytest.mark.parametrize("key", [slice(None), slice(2, 9), slice(4, 4), slice(1, 12, 5), slice(None, None, -2), 6])
def test_a_dataset_a_unit(tmp_path: Path, key: Any) -> None:
    parts = [RNG.random(count) for count in (4, 0, 7, 3)]
    told = EventList("/s", tuple(f"/n{at}" for at in range(4)), "s")
    found = opened(tmp_path / "a.h5", told, **{f"n{at}": part for at, part in enumerate(parts)})
    np.testing.assert_array_equal(found.time[key], np.concatenate(parts)[key])
    np.testing.assert_array_equal(found.unit[key], np.repeat(np.arange(4), [4, 0, 7, 3])[key])


def test_a_change_of_a_file_is_seen(tmp_path: Path) -> None:
    found = opened(tmp_path / "a.h5", EventList("/s", ("/a", "/b")), a=np.arange(3.0), b=np.arange(4.0))
    before = stored_identity(found.time.variable), stored_identity(found.unit.variable)
    assert all(before)
    with h5py.File(tmp_path / "a.h5", "a") as file:
        file["a"][0] = 9
    assert stored_identity(found.time.variable) != before[0]


def spikes(path: Path, count: int = 3000, order: str = "sorted") -> tuple[np.ndarray, np.ndarray]:
    times, ids = np.sort(RNG.random(count) * 2000), RNG.integers(0, 30, count).astype("u8")
    if order != "sorted":
        shuffled = RNG.permutation(count)
        times, ids = times[shuffled], ids[shuffled]
    with h5py.File(path, "w") as file:
        file["spikes/exc/timestamps"], file["spikes/exc/node_ids"] = times, ids
    return times, ids


def test_its_place_in_the_run_beside_what_has_steps(tmp_path: Path) -> None:
    spikes(tmp_path / "a.h5")
    run = pipeline.open_run(tmp_path / "a.h5")
    assert set(run["a/spikes/exc"].data_vars) == {"time", "unit"}
    with h5py.File(tmp_path / "a.h5", "a") as file:
        file["report/exc/data"] = np.zeros((20, 3), "f4")
        file["report/exc/mapping/time"] = [0, 2.0, 0.1]
    run = pipeline.open_run(tmp_path / "a.h5")
    assert run["a/report/exc/data"].dims == ("time", "unit")
    assert set(run["a@events/spikes/exc"].data_vars) == {"time", "unit"}
    names = {job.name for job in plan_run(run).jobs}
    assert names == {"a/report/exc/data", "a/spikes/exc/spikes"}


@pytest.mark.parametrize("order", ["sorted", "shuffled"])
def test_what_tensorboard_reads_is_what_is_in_the_list(tmp_path: Path, order: str) -> None:
    times, ids = spikes(tmp_path / "a.h5", order=order)
    plots = [{"spikes": {"kind": "rate", "bin": "100 ms", "by_unit": True}}, {"exc": {"kind": "raster"}}]
    report = pipeline.convert(tmp_path / "a.h5", tmp_path / "tb", plots, dt={"spikes": "1 ms"})
    assert report.problems == ()
    found = accumulated(tmp_path / "tb" / "a")
    assert len(found.Images("a/spikes/exc/raster")) == 1
    for unit in (0, 7, 29):
        points = found.Scalars(f"a/spikes/exc/N{unit}/rate")
        counted, _ = np.histogram(times[ids == unit], np.arange(0, 2001, 100))
        np.testing.assert_allclose([point.value for point in points], counted / 0.1, rtol=1e-3)
        assert [point.step for point in points] == list(range(0, 2000, 100))


def test_the_same_bytes_in_any_order_and_from_any_executor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.slicing.budget.BLOCK_BYTES", 4096)  # many blocks
    times, ids = spikes(tmp_path / "one" / "a.h5") if (tmp_path / "one").mkdir() is None else ([], [])
    first = pipeline.convert(tmp_path / "one" / "a.h5", tmp_path / "tb1")
    shuffled = RNG.permutation(len(times))
    (tmp_path / "two").mkdir()
    with h5py.File(tmp_path / "two" / "a.h5", "w") as file:
        file["spikes/exc/timestamps"], file["spikes/exc/node_ids"] = times[shuffled], ids[shuffled]
    pipeline.convert(tmp_path / "two" / "a.h5", tmp_path / "tb2")
    pipeline.convert(tmp_path / "one" / "a.h5", tmp_path / "tb3", compute=False).compute(scheduler="sync")
    found = [drawn(tmp_path / tb) for tb in ("tb1", "tb2", "tb3")]
    assert len(found[0]) == 2
    assert found[0] == found[1] == found[2]
    assert events(tmp_path / "tb1") == events(tmp_path / "tb3")
    again = pipeline.convert(tmp_path / "one" / "a.h5", tmp_path / "tb1")
    assert (first.runs[0].state, again.runs[0].state) == ("converted", "was complete")


def test_what_needs_a_value_at_each_step_says_so(tmp_path: Path) -> None:
    spikes(tmp_path / "a.h5")
    plan = plan_run(pipeline.open_run(tmp_path / "a.h5"), parse_plots([{"spikes": {"kind": "trace"}}]))
    assert plan.problems == [
        "a/spikes/exc/spikes: a trace needs a value at each step; this is a list of events (kind=raster or kind=rate)"
    ]


def test_of_a_list_without_units_the_rate_alone_unless_a_raster_is_asked_for(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["spike_times"] = np.sort(RNG.random(100))
    run = pipeline.open_run(tmp_path / "a.h5")
    (job,) = plan_run(run).jobs
    assert [drawing.plot.kind for drawing in job.drawings] == ["rate"]
    (job,) = plan_run(run, parse_plots([{"spikes": {"kind": "raster"}}])).jobs
    assert [drawing.plot.kind for drawing in job.drawings] == ["raster"]


def test_an_empty_list_is_told(tmp_path: Path) -> None:
    spikes(tmp_path / "a.h5", 0)
    plan = plan_run(pipeline.open_run(tmp_path / "a.h5"))
    assert plan.jobs == []
    assert plan.notes == ["not drawn: a/spikes/exc/spikes (holds no events)"]
    assert plan.problems == []


def test_a_block_is_small_to_send(tmp_path: Path) -> None:
    spikes(tmp_path / "a.h5")
    (job,) = plan_run(pipeline.open_run(tmp_path / "a.h5")).jobs
    assert len(pickle.dumps(job.at(job.first_blocks[0]))) < 4000
