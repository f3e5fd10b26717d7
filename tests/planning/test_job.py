"""Whatever is drawn of a variable, each step that is kept is read once a pass, and what is sent to read it is small."""

from __future__ import annotations

import pickle
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import xarray as xr

from pipeline import open_run
from pipeline.model.clock import Clock
from pipeline.opening.hdf5.lazy_array import StoredArray
from pipeline.planning.config import parse_plots
from pipeline.planning.job import Job
from pipeline.planning.match import plan_run
from pipeline.planning.plan import Plan
from pipeline.rendering.drawing import Drawing
from pipeline.running.clocks import with_clock
from pipeline.slicing.budget import BLOCK_BYTES, Budget
from pipeline.testing import signal_of
from tests.common import through_pickle

STEPS, CHUNK = 997, 16

PLOTS: dict[str, list[dict[str, Any]]] = {
    "scalar": [{"kind": "trace", "format": "scalar"}],
    "scalar, step": [{"kind": "trace", "format": "scalar", "step": 5}],
    "two steps": [{"kind": "trace", "format": "scalar", "step": 6}, {"kind": "trace", "step": 4}],
    "raster": [{"kind": "raster"}],
    "windows": [{"kind": "raster", "window": 70}],
    "windows and a step": [{"kind": "raster", "window": 70}, {"kind": "trace", "step": 9}],
    "matrix": [{"kind": "heatmap"}],
    "hparam": [{"kind": "hparam"}],
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file of chunks that hold several steps."""
    rng = np.random.default_rng(0)
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.attrs.update({"identifier": "GC", "class": "Ensemble", "version": "0.4.1"})
        for name, shape in (("voltage", (STEPS, 6)), ("weights", (STEPS, 3, 4)), ("line", (STEPS,))):
            values = rng.normal(size=shape).astype(np.float32)
            options = {"chunks": (CHUNK, *shape[1:]), "maxshape": (None, *shape[1:]), "compression": "lzf"}
            file.create_dataset(name, data=values, **options)
    return tmp_path / "a.h5"


def values_of(path: Path, name: str) -> np.ndarray:
    with h5py.File(path) as file:
        return np.asarray(file[name])


def job_of(path: Path, name: str, *plots: dict[str, Any], dt: str | None = "0.5 ms", block: int = BLOCK_BYTES) -> Job:
    (job,) = plan_run(open_run(path, dt=dt), parse_plots([{name: plot} for plot in plots])).jobs
    return job.within(Budget(block=block))


#: Bytes of blocks of few steps, of many, and of all.
block_sizes = pytest.mark.parametrize("block", [1, 700, 20_000, 10**9])


@block_sizes
@pytest.mark.parametrize("plots", PLOTS.values(), ids=PLOTS)
def test_each_kept_step_is_read_exactly_once_a_pass(path: Path, plots: list[dict[str, Any]], block: int) -> None:
    job, values = job_of(path, "voltage", *plots, block=block), values_of(path, "voltage")
    parts = [job.at(block).read() for block in job.first_blocks]
    steps = np.concatenate([part.steps for part in parts])
    assert len(steps) == len(set(steps.tolist()))
    assert (np.diff(steps) > 0).all()
    np.testing.assert_array_equal(np.concatenate([part.values for part in parts]), values[steps])
    for plot in plots:
        needed = plot.get("step", 1) if plot["kind"] == "trace" else 1
        assert set(range(0, STEPS, needed)) <= set(steps.tolist())


@block_sizes
@pytest.mark.parametrize("limits", ["shown", "all", "frame"])
def test_what_is_drawn_with_limits_is_read_once_more(path: Path, limits: str, block: int) -> None:
    job = job_of(path, "weights", {"kind": "heatmap", "limits": limits, "step": 50}, block=block)
    passes = job.first_blocks, job.second_blocks
    first, second = ([step for block in blocks for step in block.steps.tolist()] for blocks in passes)
    assert first == list(range(0, STEPS, 1 if limits == "all" else 50))
    assert second == ([] if limits == "frame" else list(range(0, STEPS, 50)))


@pytest.mark.parametrize("step", [1, 3, 50])
@pytest.mark.parametrize("size", [1, 3_000, 20_000, 10**9])
def test_a_block_that_is_drawn_is_inside_one_that_was_summarised(path: Path, step: int, size: int) -> None:
    job = job_of(path, "weights", {"kind": "heatmap", "step": step}, block=size)
    first, second = job.first_blocks, job.second_blocks
    assert len(first) <= len(second)
    for block in second:
        assert sum(set(block.range) <= set(whole.range) for whole in first) == 1


@block_sizes
@pytest.mark.parametrize("plots", [plots for name, plots in PLOTS.items() if "windows" not in name])
def test_no_chunk_is_shared_by_two_blocks(path: Path, plots: list[dict[str, Any]], block: int) -> None:
    job = job_of(path, "voltage", *plots, block=block)
    chunks = [{step // CHUNK for step in block.steps.tolist()} for block in job.first_blocks]
    assert sum(map(len, chunks)) == len(set().union(*chunks))


def test_blocks_hold_about_as_much_as_they_may(path: Path) -> None:
    job = job_of(path, "voltage", {"kind": "raster"}, block=64 * 6 * 4)
    assert [len(block) for block in job.first_blocks] == [64] * 15 + [37]


def test_drawings_are_sorted_into_passes(path: Path) -> None:
    plots = [{"kind": "trace"}, {"kind": "trace", "format": "scalar"}, {"kind": "raster", "window": 70}]
    job = job_of(path, "voltage", *plots)
    kinds = {
        name: [d.plot.kind + d.plot.format for d in getattr(job, name)] for name in ("summarised", "drawn_at_once")
    }
    assert kinds == {"summarised": ["traceimage", "rasterimage"], "drawn_at_once": ["tracescalar"]}
    assert [d.plot.kind for d in job.windowed] == ["raster"]
    assert job.drawn_again == []
    assert job.name == "GC/voltage"
    assert job.length == STEPS


@pytest.mark.parametrize("step", [1, 5, 15, 16, 50])
def test_what_a_block_reads_is_bounded_also_where_it_keeps_little(path: Path, step: int) -> None:
    most = 40 * 3 * 4 * 4  # 40 of the 997 steps
    job = job_of(path, "weights", {"kind": "heatmap", "step": step}, block=most)
    for block in job.first_blocks:
        assert job.size(block) <= max(most, CHUNK * 3 * 4 * 4)
        if step < CHUNK:  # all between is read
            assert (block.range[-1] + 1 - block.start) * 3 * 4 * 4 <= most
        values = job.at(block).read().values
        assert values.base is None or values.base.nbytes <= max(job.size(block), values.nbytes)


def test_windows_of_uneven_times_are_found_in_one_summary_of_all(path: Path) -> None:
    job = job_of(path, "voltage", {"kind": "raster", "window": "20 ms"})
    times = np.arange(STEPS) * 0.5
    times[500:] += 7
    uneven = with_clock(replace(job, times=xr.Variable(("time",), times, {"units": "ms"})))
    (drawing,) = uneven.drawings
    assert drawing.needs.summary == range(STEPS)
    assert len(drawing.steps) == np.ceil(STEPS / round(20 / (times[-1] / (STEPS - 1))))
    assert uneven.drawn_last == [drawing]


# What is sent to a worker ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["voltage", "weights", "line"])
def test_a_slice_is_small_and_reads_the_same_elsewhere(path: Path, name: str) -> None:
    kind = "heatmap" if name == "weights" else "trace"
    job = job_of(path, name, {"kind": kind, "step": 1})
    for block in job.first_blocks:
        part = job.at(block)
        assert len(pickle.dumps(part)) < 3000
        here, there = part.read(), through_pickle(part).read()
        np.testing.assert_array_equal(there.values, here.values)
        np.testing.assert_array_equal(there.steps, here.steps)
        np.testing.assert_array_equal(there.wall_times, here.wall_times)


@pytest.mark.filterwarnings("ignore::pipeline.errors.TimeAxisWarning")
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_time_comes_first_wherever_it_is(tmp_path: Path, axis: int) -> None:
    values = np.arange(24.0).reshape(2, 3, 4)
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["x"] = values
    job = job_of(tmp_path / "a.h5", "x", {"kind": "heatmap", "time_axis": axis, "step": 1})
    found = np.concatenate([job.at(block).read().values for block in job.first_blocks])
    np.testing.assert_array_equal(found, np.moveaxis(values, axis, 0))
    assert job.length == values.shape[axis]


@pytest.mark.parametrize(("dt", "seconds"), [("0.5 ms", 0.5e-3), ("2 s", 2.0), (None, 1.0)])
def test_the_time_of_each_step_is_in_seconds(path: Path, dt: str | None, seconds: float) -> None:
    job = job_of(path, "voltage", {"kind": "trace", "step": 3}, dt=dt)
    for block in job.first_blocks:
        part = job.at(block).read()
        np.testing.assert_allclose(part.wall_times, part.steps * seconds)


def in_memory(values: Any, times: xr.Variable | None = None, dims: tuple[str, ...] = ("time", "unit")) -> Job:
    ((_, plot),) = parse_plots([{"x": {"kind": "hparam"}}])
    signal = signal_of(np.asarray(values), time=bool(dims))
    return Job(xr.Variable(dims, values), 0, times, (Drawing(plot, signal),))


def test_arrays_in_memory_and_single_values_are_read_too() -> None:
    values = np.arange(12.0).reshape(4, 3)
    job = in_memory(values)
    np.testing.assert_array_equal(job.at(job.first_blocks[0]).read().values, values)
    single = in_memory(np.float64(2.5), dims=())
    assert single.length == 1
    (block,) = single.first_blocks
    found = single.at(block).read()
    assert (found.values.tolist(), found.steps.tolist(), found.wall_times.tolist()) == ([2.5], [0], [0.0])
    lazy = replace(job, variable=job.variable.chunk({"time": 2, "unit": 3}))
    np.testing.assert_array_equal(lazy.at(lazy.first_blocks[0]).read().values, values[: len(lazy.first_blocks[0])])


# Times that are stored ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("unit", "seconds"), [("ms", 1e-3), ("s", 1.0), ("step", 1.0), ("minutes", 60.0)])
def test_even_times_become_a_line_and_uneven_ones_stay(unit: str, seconds: float) -> None:
    values = np.zeros((4, 2))
    even = xr.Variable(("time",), np.array([5.0, 7.0, 9.0, 11.0]), {"units": unit})
    job = with_clock(in_memory(values, even))
    assert job.times is None
    short = {"minutes": "min"}.get(unit, unit)
    assert job.drawings[0].signal.time == Clock(4, 5.0, 2.0, short)

    uneven = xr.Variable(("time",), np.array([5.0, 7.0, 7.5, 11.0]), {"units": unit})
    job = with_clock(in_memory(values, uneven))
    assert job.drawings[0].signal.time == Clock(4, 5.0, 2.0, short, even=False)
    part = job.at(job.first_blocks[0]).read()
    np.testing.assert_allclose(part.wall_times, uneven.values[part.steps] * seconds)
    np.testing.assert_allclose(part.places, (uneven.values[part.steps] - 5) / 2)


def test_times_that_do_not_rise_are_told_and_steps_are_counted() -> None:
    times = xr.Variable(("time",), np.array([5.0, 7.0, 6.0, 11.0]), {"units": "s"})
    job = with_clock(in_memory(np.zeros((4, 2)), times))
    assert job.drawings[0].signal.time == Clock(4)
    assert "do not rise" in job.notes[0]
    part = job.at(job.first_blocks[0]).read()
    assert part.wall_times.tolist() == times.values[part.steps].tolist()


def test_whole_numbers_of_nanoseconds_since_an_era_are_even() -> None:
    times = xr.Variable(("time",), 1_700_000_000_000_000_003 + np.arange(1000) * 1_000_000, {"units": "ns"})
    job = with_clock(in_memory(np.zeros((1000, 2)), times))
    assert job.times is None
    assert job.drawings[0].signal.time == Clock(1000, 1.7e18, 1e6, "ns")


def test_dates_and_durations_count_seconds() -> None:
    dates = np.array(["2020-01-01T00:00:00", "2020-01-01T00:00:30", "2020-01-01T00:01:00"], "datetime64[ns]")
    durations = np.array([1500, 2500, 3500], "timedelta64[ms]").astype("timedelta64[ns]")
    for times, axis in ((dates, Clock(3, 0.0, 30.0, "s")), (durations, Clock(3, 1.5, 1.0, "s"))):
        job = with_clock(in_memory(np.zeros((3, 2)), xr.Variable(("time",), times)))
        assert job.drawings[0].signal.time == axis


# The key --------------------------------------------------------------------------------------------------------------


def test_the_key_tells_apart_all_that_records_depend_on(path: Path) -> None:
    plots = [{"kind": "trace"}, {"kind": "trace", "step": 2}, {"kind": "raster"}, {"kind": "trace", "units": [0]}]
    keys = [job_of(path, "voltage", plot).key() for plot in plots]
    keys += [job_of(path, "line", plots[0]).key(), job_of(path, "voltage", plots[0], dt="1 ms").key()]
    assert all(keys)
    assert len(set(keys)) == len(keys)
    assert job_of(path, "voltage", plots[0]).key() == keys[0]
    with h5py.File(path, "a") as file:
        file["voltage"][3, 2] += 1
    assert job_of(path, "voltage", plots[0]).key() != keys[0]


def test_the_key_tells_apart_versions_and_sizes_of_blocks(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    job = job_of(path, "voltage", {"kind": "trace"})
    keys = [job.key(), job.within(Budget(block=job.budget.block // 2)).key()]
    monkeypatch.setattr("pipeline.planning.job.__version__", "another")
    keys.append(job.key())
    assert len(set(keys)) == 3


def test_what_is_not_simply_a_file_has_no_key() -> None:
    assert in_memory(np.zeros((4, 3))).key() == ""


# Chunks that are longer than memory -----------------------------------------------------------------------------------


def test_a_chunk_a_unit_over_all_of_time_is_read_in_parts_and_told(tmp_path: Path) -> None:
    values = np.random.default_rng(0).normal(size=(4000, 30)).astype("f4")
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("v", data=values, chunks=(4000, 1), maxshape=(None, 30))
    plan = plan_run(open_run(tmp_path / "a.h5"), parse_plots([{"v": {"kind": "trace", "format": "scalar"}}]))
    [job] = plan.jobs
    assert (len(job.first_blocks), job.reads) == (1, 1.0)
    job = job.within(Budget(each=64_000, block=16_000))
    assert max(map(job.size, job.first_blocks)) <= 16_000
    found = np.concatenate([job.at(block).read().values for block in job.first_blocks])
    np.testing.assert_array_equal(found, values)
    assert job.reads == 30
    [note] = Plan("a", [job]).slow()
    assert "each is read 30 times" in note
    assert "h5repack -l v:CHUNK=4000x30" in note


@pytest.mark.parametrize(
    ("chunks", "units", "read"),
    [
        ((1000, 1), [3, 4, 17], [(3, 5), (17, 18)]),
        ((1000, 5), [3, 4, 17], [(3, 5), (17, 18)]),
        ((10, 40), [3, 4, 17], [(0, 40)]),
        ((1000, 1), None, [(0, 40)]),
        ((1000, 10), list(range(0, 40, 5)), [(0, 40)]),
        (None, [3], [(0, 40)]),
    ],
)
def test_only_the_units_that_are_drawn_are_read(
    tmp_path: Path, chunks: Any, units: Any, read: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = np.random.default_rng(0).normal(size=(1000, 40))
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("v", data=values, chunks=chunks).dims[0].label = "time"
    for plot in ({"kind": "trace", "format": "scalar", "units": units}, {"kind": "trace", "units": units}):
        [job] = plan_run(open_run(tmp_path / "a.h5"), parse_plots([{"v": plot}])).jobs
        asked: list[tuple[int, int]] = []

        def noted(self: StoredArray, key: Any, real: Any = StoredArray.read, asked: Any = asked) -> Any:
            asked.append(key[1].indices(40)[:2])
            return real(self, key)

        with monkeypatch.context() as patch:
            patch.setattr(StoredArray, "read", noted)
            found = job.at(job.first_blocks[0]).read().values
        assert asked == read
        kept = list(range(40)) if units is None else units
        np.testing.assert_array_equal(found[:, kept], values[: len(found), kept])
