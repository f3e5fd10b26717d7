"""The main job from Python: what is in the event files is what is in the HDF5 files."""

from __future__ import annotations

import dataclasses
from collections import Counter
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import xarray as xr
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

import pipeline
import pipeline.planning.job
import pipeline.running.convert
from pipeline.errors import SourceError
from pipeline.opening.hdf5.lazy_array import StoredArray
from pipeline.planning.config import read_config
from pipeline.running.progress import Progress
from pipeline.slicing.budget import Budget
from tests.common import accumulated, pixels, tree_bytes, write_component
from tests.conftest import PLOTS, STEPS, Read, drawn, events, simulate, stored, untouched

pytestmark = pytest.mark.slow

TRACE = [{"voltage": {"kind": "trace", "format": "scalar"}}]


def assert_series(found: EventAccumulator, tag: str, values: np.ndarray, dt: float, first: float = 0.0) -> None:
    """Compare a series with float32 values, step numbers and simulated time in seconds, point by point."""
    points = found.Scalars(tag)
    assert [p.step for p in points] == list(range(len(values)))
    np.testing.assert_array_equal(np.array([p.value for p in points], np.float32), values)
    np.testing.assert_allclose([p.wall_time for p in points], first + dt * np.arange(len(values)), rtol=0, atol=1e-9)


def image_steps(found: EventAccumulator) -> dict[str, list[int]]:
    """Return the steps of all sliders."""
    return {tag: [image.step for image in found.Images(tag)] for tag in found.Tags()["images"]}


def problems_of(*args: Any, **options: Any) -> tuple[str, ...]:
    """Convert what cannot be converted whole, and return the problems that are reported."""
    with pytest.raises(pipeline.ConversionError) as caught:
        pipeline.convert(*args, **options)
    return caught.value.report.problems


def test_the_real_run_has_every_point_and_frame(epl: Path, tmp_path: Path) -> None:
    report = pipeline.convert(epl, tmp_path, read_config(epl / "run.yaml"), dt="1 ms")

    found = accumulated(tmp_path / "epl")
    sources = {"GC": "voltage", "MC": "voltage", "GC--MC": "output", "MC--GC": "output"}
    expected = {
        f"{component}/N{unit}/{name}": values[:, unit]
        for component, name in sources.items()
        for values in [stored(epl / f"{component}.h5", name)]
        for unit in range(values.shape[1])
    }
    assert len(expected) == 80 + 80
    assert set(found.Tags()["scalars"]) == expected.keys()
    for tag, values in expected.items():
        assert len(values) == 1000
        assert_series(found, tag, values, 1e-3)
    sliders = {f"{name}/weights": list(range(0, 1000, 100)) for name in ("GC--MC", "MC--GC")}
    assert image_steps(found) == sliders | {"GC/raster": [0], "MC/raster": [0]}
    for image in found.Images("GC--MC/weights"):
        assert image.wall_time == pytest.approx(image.step * 1e-3)
        assert pixels(image.encoded_image_string).shape == (1000, 1500, 3)
    assert report.problems == ()


def test_every_point_and_frame(network: Path, tmp_path: Path) -> None:
    report = pipeline.convert(network, tmp_path, PLOTS, dt="2 ms")

    run = tmp_path / "calm"
    found = accumulated(run)
    for component, units in (("GC", 5), ("MC", 3)):
        voltage = stored(network / "data" / f"{component}.h5", "voltage")
        for unit in range(units):
            assert_series(found, f"{component}/N{unit}/voltage", voltage[:, unit], 2e-3)
    assert len(found.Tags()["scalars"]) == 5 + 3
    assert image_steps(found) == {
        "GC--MC/weights": list(range(0, STEPS, 100)),
        "GC/raster": [0],
        "MC/raster": [0],
    }
    assert [image.wall_time for image in found.Images("GC--MC/weights")][-1] == pytest.approx(2.2)
    assert report.runs[0].directory == str(run)
    assert report.runs[0].files == {Path(name).suffix[1:]: len(data) for name, data in events(run).items()}


def test_steps_of_unknown_duration_count_as_seconds(network: Path, tmp_path: Path) -> None:
    pipeline.convert(network / "data" / "MC.h5", tmp_path, TRACE)

    assert_series(
        accumulated(tmp_path / "MC"), "MC/N1/voltage", stored(network / "data" / "MC.h5", "voltage")[:, 1], 1.0
    )


def test_stored_times_become_wall_times(tmp_path: Path) -> None:
    values, times = np.arange(8, dtype=np.float32), np.array([0, 1, 2, 4, 8, 16, 32, 64.0])
    with h5py.File(tmp_path / "uneven.h5", "w") as file:
        file["voltage"] = values
        file["time"] = times
        file["time"].attrs["units"] = "ms"
    pipeline.convert(tmp_path / "uneven.h5", tmp_path / "tb", TRACE)

    points = accumulated(tmp_path / "tb" / "uneven").Scalars("uneven/voltage")
    assert [p.wall_time for p in points] == pytest.approx(times * 1e-3)
    assert [p.step for p in points] == list(range(8))


def test_without_plots_every_component_is_shown(network: Path, tmp_path: Path) -> None:
    report = pipeline.convert(network, tmp_path)

    tags = accumulated(tmp_path / "calm").Tags()
    assert {"GC/raster", "MC/raster", "GC--MC/weights"} <= set(tags["images"])
    assert {f"GC/N{unit}/voltage" for unit in range(5)} <= set(tags["scalars"])
    assert set(report.runs[0].files) == {"scalars", "images", "histograms", "hparams", "text"}


def test_a_source_is_the_same_by_path_string_and_tree(network: Path, tmp_path: Path) -> None:
    run = pipeline.open_run(network, dt="2 ms")
    variants = {"path": network, "str": str(network), "folder": network / "data", "tree": run}
    for name, source in variants.items():
        pipeline.convert(source, tmp_path / name, PLOTS, dt="2 ms")

    first = events(tmp_path / "path" / "calm")
    assert first
    assert events(tmp_path / "str" / "calm") == first
    assert events(tmp_path / "tree" / "calm") == first
    folder, first = drawn(tmp_path / "folder" / "data"), drawn(tmp_path / "path" / "calm")
    assert {name: data for name, data in folder.items() if "hparams" not in name} == {
        name: data
        for name, data in first.items()
        if "hparams" not in name  # they hold the run's name
    }


@pytest.mark.parametrize(
    ("sources", "names"),
    [
        (["a/run", "b/run"], {"a/run", "b/run"}),
        (["a/run", "b/run", "b/other"], {"a/run", "b/run", "other"}),
        (["a/run/GC.h5", "a/run/MC.h5"], {"GC", "MC"}),
        (["a/run", "a/run"], {"run", "run-2"}),
    ],
)
def test_each_source_is_a_run_with_its_own_directory(sources: list[str], names: set[str], tmp_path: Path) -> None:
    for place in ("a/run", "b/run", "b/other"):
        for name in ("GC", "MC"):
            write_component(tmp_path / place / f"{name}.h5", name, {"voltage": np.ones((3, 2), np.float32)})
    report = pipeline.convert([tmp_path / source for source in sources], tmp_path / "tb", TRACE)

    assert {run.name for run in report.runs} == names
    written = {str(path.parent.relative_to(tmp_path / "tb")) for path in (tmp_path / "tb").rglob("*.scalars")}
    assert written == names


def test_trees_of_one_name_become_runs_apart(tmp_path: Path) -> None:
    trees = []
    for number, name in enumerate(["run", "run", "run-2"]):
        data = xr.Dataset({"voltage": ("time", np.full(3, number, np.float32))})
        trees.append(xr.DataTree.from_dict({"/GC": data}, name=name))
    report = pipeline.convert(trees, tmp_path, TRACE)

    values = [accumulated(Path(run.directory)).Scalars("GC/voltage")[0].value for run in report.runs]
    assert values == [0, 1, 2]


def test_a_sliced_tree_is_a_run_of_its_own(network: Path, tmp_path: Path) -> None:
    run = pipeline.open_run(network, dt="2 ms").isel(time=slice(300, 700))
    pipeline.convert(run, tmp_path, PLOTS)

    voltage = stored(network / "data" / "GC.h5", "voltage")[300:700]
    found = accumulated(tmp_path / "calm")
    assert_series(found, "GC/N3/voltage", voltage[:, 3], 2e-3, first=0.6)
    assert image_steps(found)["GC--MC/weights"] == [0, 100, 200, 300]


@pytest.mark.parametrize("backed", [xr.DataTree.load, lambda tree: tree.chunk({"time": 70})], ids=["numpy", "dask"])
def test_a_tree_in_memory_gives_the_same_bytes(backed: Any, network: Path, tmp_path: Path) -> None:
    pipeline.convert(network, tmp_path / "stored", PLOTS, dt="2 ms")
    pipeline.convert(backed(pipeline.open_run(network, dt="2 ms")), tmp_path / "memory", PLOTS)

    assert events(tmp_path / "memory") == events(tmp_path / "stored")


def test_a_tree_that_never_was_a_file(tmp_path: Path) -> None:
    values = np.arange(12, dtype=np.float64).reshape(6, 2)
    data = xr.Dataset({"rate": (("time", "cell"), values)}, {"time": ("time", np.arange(6) * 0.5, {"units": "s"})})
    pipeline.convert(
        xr.DataTree.from_dict({"/V1": data}, name="made"), tmp_path, [{"rate": {"kind": "trace", "format": "scalar"}}]
    )

    assert_series(accumulated(tmp_path / "made"), "V1/N1/rate", values[:, 1], 0.5)


def test_what_is_damaged_does_not_stop_the_rest(damaged: Path, tmp_path: Path) -> None:
    blocks = Budget(block=8000)  # 50 steps: the spoilt chunk is in the last of four blocks
    plots = [*TRACE, {"spiked": {"kind": "raster"}}]
    with untouched(damaged):
        problems = problems_of(damaged, tmp_path / "tb", plots, memory=blocks)

    assert len(problems) == 3
    assert all("\n" not in line for line in problems)
    assert "notes.h5: not an HDF5 file" in problems[1]
    assert "cut.h5: a truncated HDF5 file" in problems[0]
    assert problems[2].startswith("spoilt/voltage: ")
    assert "spoilt.h5" in problems[2]
    found = accumulated(tmp_path / "tb" / "damaged")
    assert_series(found, "good/N1/voltage", np.arange(200, dtype=np.float32), 1.0)
    assert image_steps(found).keys() == {"good/raster", "spoilt/raster"}
    assert not [tag for tag in found.Tags()["scalars"] if tag.startswith("spoilt")]  # all of a variable, or nothing


@pytest.mark.parametrize("workers", [None, 1])
def test_a_source_that_cannot_be_opened_is_one_problem(workers: int | None, damaged: Path, tmp_path: Path) -> None:
    sources = [tmp_path / "nowhere", damaged / "notes.h5", damaged / "good.h5"]
    problems = problems_of(sources, tmp_path / "tb", TRACE, workers=workers)

    assert [line.partition(": ")[2] for line in problems] == ["no such file or folder", "not an HDF5 file"]
    assert {path.name for path in (tmp_path / "tb").iterdir() if path.is_dir()} == {"good"}


def test_a_failed_source_leaves_what_was_converted_before(damaged: Path, tmp_path: Path) -> None:
    good = damaged / "good.h5"
    pipeline.convert(good, tmp_path / "tb", TRACE)
    before = tree_bytes(tmp_path / "tb")
    good.write_text("overwritten by accident")
    problems_of(good, tmp_path / "tb", TRACE)

    assert tree_bytes(tmp_path / "tb") == before


def test_a_name_that_is_nowhere_is_a_problem_and_the_rest_is_written(network: Path, tmp_path: Path) -> None:
    problems = problems_of(network, tmp_path, [*TRACE, {"voltag": {"kind": "trace"}}])

    assert problems == ("calm: no variable or setting 'voltag'; did you mean 'voltage'?",)
    assert len(accumulated(tmp_path / "calm").Tags()["scalars"]) == 8


def test_a_name_may_be_missing_in_some_runs(network: Path, tmp_path: Path) -> None:
    sources = [network / "data" / "GC.h5", network / "data" / "GC--MC.h5"]
    report = pipeline.convert(sources, tmp_path, [*TRACE, {"weights": {"kind": "heatmap"}}])

    assert [set(run.files) for run in report.runs] == [{"scalars", "text"}, {"images", "text"}]


@pytest.mark.parametrize(
    ("plots", "said"),
    [
        ([{"voltage": {"kind": "tracer"}}], "did you mean 'trace'"),
        ([{"voltage": {"kind": "trace", "step": 0}}], "step=0"),
        ([{"voltage": {"kind": "trace", "stepp": 1}}], "did you mean 'step'"),
        ("voltage", "plots: accepted is a list"),
    ],
)
def test_wrong_settings_are_told_before_anything_is_written(
    plots: Any, said: str, network: Path, tmp_path: Path
) -> None:
    with pytest.raises(pipeline.SettingError, match=said):
        pipeline.convert(network, tmp_path / "tb", plots)

    assert not (tmp_path / "tb").exists()


def test_an_output_that_cannot_be_written(network: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(pipeline.OutputError, match="cannot be written"):
        pipeline.convert(network, tmp_path / "file" / "tb", TRACE)


def test_not_finite_values_are_written_and_drawn(tmp_path: Path) -> None:
    values = np.array([[1, np.nan], [np.inf, np.nan], [-np.inf, np.nan], [2, np.nan]], np.float32)
    write_component(tmp_path / "odd.h5", "odd", {"voltage": values, "weights": np.full((2, 3, 3), np.nan, np.float32)})
    plots = [{"voltage": {"kind": "trace", "format": "scalar"}}, {"voltage": {"kind": "trace"}}]
    plots += [{"voltage": {"kind": "heatmap"}}, {"voltage": {"kind": "hparam"}}, {"weights": {"kind": "heatmap"}}]
    pipeline.convert(tmp_path / "odd.h5", tmp_path / "tb", plots)

    found = accumulated(tmp_path / "tb" / "odd")
    assert_series(found, "odd/N0/voltage", values[:, 0], 1.0)
    assert_series(found, "odd/N1/voltage", values[:, 1], 1.0)
    images = found.Tags()["images"]
    assert len(images) == 4
    for tag in images:
        for image in found.Images(tag):
            pixels(image.encoded_image_string)


KINDS: dict[str, tuple[dict[str, Any], np.ndarray]] = {
    "heatmap": ({"kind": "heatmap", "step": 7}, np.random.default_rng(0).normal(size=(30, 4, 6))),
    "raster": ({"kind": "raster"}, np.random.default_rng(1).random((50, 9)) < 0.2),
    "raster in windows": ({"kind": "raster", "window": 20}, np.random.default_rng(1).random((50, 9)) < 0.2),
    "trace": ({"kind": "trace"}, np.random.default_rng(2).normal(size=(40, 3))),
    "series": ({"kind": "trace", "format": "scalar", "step": 3}, np.random.default_rng(3).normal(size=(40, 5))),
    "thinned series": (
        {"kind": "trace", "format": "scalar", "points": 8},
        np.random.default_rng(3).normal(size=(40, 5)),
    ),
}


@pytest.mark.parametrize("dt", [None, "0.1 ms"])
@pytest.mark.parametrize("kind", KINDS)
def test_time_may_be_any_axis(kind: str, dt: str | None, tmp_path: Path) -> None:
    settings, values = KINDS[kind]
    last = values.ndim - 1
    dims = ("time", "unit") if last == 1 else ("time", "target", "source")
    found = {}
    for at, named in [(0, 0), (0, None), (0, "time"), (1, 1), (1, dims[1]), (last, -1), (last, last), (last, dims[-1])]:
        folder = tmp_path / f"{at}-{named}"
        write_component(folder / "S.h5", "S", {"x": np.moveaxis(values, 0, at)})
        pipeline.convert(folder / "S.h5", folder / "tb", [{"x": {**settings, "time_axis": named}}], dt=dt)
        found[at, named] = drawn(folder / "tb")

    first = next(iter(found.values()))
    assert first
    assert [where for where, data in found.items() if data != first] == []


@pytest.mark.parametrize("axis", [-4, 3, "tme"])
def test_an_axis_that_is_not_there_is_a_problem(axis: int | str, network: Path, tmp_path: Path) -> None:
    plots = [*TRACE, {"weights": {"kind": "heatmap", "time_axis": axis}}]
    problems = problems_of(network, tmp_path, plots)

    assert len(problems) == 1
    assert f"GC--MC/weights: time_axis={axis!r}: accepted is" in problems[0]
    assert len(accumulated(tmp_path / "calm").Tags()["scalars"]) == 8


def chunks_read(reads: list[Read]) -> Counter[tuple[str, int]]:
    """Return how many reads touch each storage chunk (of 16 steps), by dataset."""
    return Counter(chunk for read in reads for chunk in {(read.dataset, step // 16) for step in read.steps})


@pytest.mark.parametrize(
    ("plots", "passes"),
    [
        ([{"x": {"kind": "trace", "format": "scalar"}}, {"x": {"kind": "raster"}}, {"x": {"kind": "hparam"}}], 1),
        ([{"x": {"kind": "trace", "format": "scalar", "step": 3}}, {"x": {"kind": "trace"}}], 1),
        ([{"x": {"kind": "raster", "window": 50}}], 1),
        ([{"x": {"kind": "heatmap"}}], 1),
        ([{"x": {"kind": "trace", "format": "scalar", "points": 10}}], 1),
        ([{"w": {"kind": "heatmap", "step": 15, "limits": "frame"}}], 1),
        ([{"w": {"kind": "heatmap", "step": 5, "limits": "shown"}}], 2),
        ([{"w": {"kind": "heatmap", "step": 5, "limits": "all"}}], 2),
    ],
)
def test_a_storage_chunk_is_read_once_a_pass(plots: list[Any], passes: int, reads: list[Read], tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    with h5py.File(tmp_path / "c.h5", "w") as file:
        file.attrs.update({"identifier": "c", "class": "x"})
        for name, shape in (("x", (200, 3)), ("w", (200, 2, 2))):
            file.create_dataset(name, data=rng.integers(0, 2, shape).astype(float), chunks=(16, *shape[1:]))
    budget = Budget(block=800)  # 33 steps: blocks that hold no whole number of chunks
    pipeline.convert(tmp_path / "c.h5", tmp_path / "tb", plots, memory=budget)

    counted = chunks_read(reads)
    assert len(counted) == 13  # every chunk, of one dataset only
    assert max(counted.values()) <= passes


def test_frames_far_apart_read_no_chunk_between(reads: list[Read], tmp_path: Path) -> None:
    with h5py.File(tmp_path / "far.h5", "w") as file:
        file.attrs.update({"identifier": "far", "class": "x"})
        file.create_dataset("w", data=np.ones((320, 2, 2), np.float32), chunks=(16, 2, 2))
    pipeline.convert(tmp_path / "far.h5", tmp_path / "tb", [{"w": {"kind": "heatmap", "step": 100}}])

    assert set(chunks_read(reads)) == {("far/w", step // 16) for step in range(0, 320, 100)}


def test_a_graph_reads_and_writes_nothing_until_it_is_computed(
    reads: list[Read], network: Path, tmp_path: Path
) -> None:
    graph = pipeline.convert(network, tmp_path / "tb", PLOTS, dt="2 ms", compute=False)
    assert not reads
    assert not (tmp_path / "tb").exists()

    report = graph.compute(scheduler="synchronous")
    assert reads
    assert report.problems == ()
    assert (tmp_path / "tb" / "calm").is_dir()


def test_a_graph_reports_what_is_damaged(damaged: Path, tmp_path: Path) -> None:
    report = pipeline.convert(damaged, tmp_path, TRACE, compute=False).compute(scheduler="synchronous")

    assert report.problems == problems_of(damaged, tmp_path / "again", TRACE)


def test_a_second_conversion_replaces_the_first(network: Path, tmp_path: Path) -> None:
    pipeline.convert(network, tmp_path / "twice", PLOTS)
    pipeline.convert(network, tmp_path / "twice", TRACE)
    pipeline.convert(network, tmp_path / "once", TRACE)

    assert tree_bytes(tmp_path / "twice") == tree_bytes(tmp_path / "once")


@pytest.mark.parametrize("kind", ["heatmap", "trace"])
def test_the_unit_of_a_variable_is_on_its_pictures(tmp_path: Path, kind: str) -> None:
    pictures = []
    for unit in ("", "mV", "pA"):
        path = write_component(tmp_path / f"of {unit}" / "GC.h5", "GC", {"voltage": np.ones((5, 2))})
        if unit:
            with h5py.File(path, "a") as file:
                file["voltage"].attrs["units"] = unit
        pipeline.convert(path, tmp_path / f"tb {unit}", [{"voltage": {"kind": kind}}])
        found = accumulated(tmp_path / f"tb {unit}" / "GC")
        pictures.append(pixels(found.Images(found.Tags()["images"][0])[0].encoded_image_string))
    for other in pictures[1:]:
        y, x = np.nonzero((other != pictures[0]).any(axis=2))
        assert len(x) > 50  # words are there that were not
    assert (pictures[1] != pictures[2]).any()


def test_no_more_of_a_variable_is_read_when_it_has_failed(
    network: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: Counter[str] = Counter()
    plain = StoredArray.read

    def read(self: StoredArray, key: Any) -> Any:
        tried[self.name] += 1
        if self.name == "/weights" and tried[self.name] > 1:
            raise SourceError("a damaged chunk")
        return plain(self, key)

    monkeypatch.setattr(StoredArray, "read", read)
    plots = [{"weights": {"kind": "heatmap", "limits": "all", "step": 400}}, *TRACE]
    problems = problems_of(network, tmp_path, plots, memory=Budget(block=2000))
    assert problems == ("GC--MC/weights: a damaged chunk",)
    assert tried["/weights"] <= 3  # of more than fifty blocks: one may be begun by then
    assert tried["/voltage"] > 10


def test_other_files_in_the_log_directory_stay(network: Path, tmp_path: Path) -> None:
    (tmp_path / "calm").mkdir()
    foreign = tmp_path / "calm" / "events.out.tfevents.1700000000.host"
    foreign.write_bytes(b"of another program")
    pipeline.convert(network, tmp_path, TRACE)

    assert foreign.read_bytes() == b"of another program"


def test_progress_rises_to_its_end(network: Path, tmp_path: Path) -> None:
    told: list[Progress] = []
    pipeline.convert(network, tmp_path, PLOTS, progress=told.append, memory=Budget(block=4000))

    assert {state.run for state in told} == {"calm"}
    assert {"GC/voltage", "GC--MC/weights"} <= {state.variable for state in told}
    for done, total in (("done", "total"), ("bytes_done", "bytes_total")):
        steps = [getattr(state, done) for state in told]
        assert steps == sorted(steps)
        assert steps[-1] == getattr(told[0], total) == getattr(told[-1], total)
        assert len(set(steps)) > 10
    assert all(state.variable_done <= state.variable_total for state in told)
    frames = 12 * 4 * 6 * 4  # read twice: for the limits, and to be drawn
    assert told[-1].bytes_total == STEPS * (5 + 3) * 2 * 4 + 2 * frames


def test_progress_of_what_is_complete_is_at_its_end(network: Path, tmp_path: Path) -> None:
    pipeline.convert(network, tmp_path, PLOTS)
    told: list[Progress] = []
    pipeline.convert(network, tmp_path, PLOTS, progress=told.append)
    (state,) = told
    assert state.part == 1
    assert state.done == state.total > 0


@pytest.mark.parametrize(
    ("plots", "tags"),
    [
        (
            [{"voltage": {"kind": "heatmap"}}, {"voltage": {"kind": "raster"}}, {"spiked": {"kind": "raster"}}],
            {"S/voltage", "S/raster", "S/raster/spiked"},
        ),
        (
            [{"voltage": {"kind": "trace", "format": "scalar"}}, {"voltage": {"kind": "trace", "units": [0]}}],
            {"S/N0/voltage", "S/N1/voltage", "S/N0/voltage/image"},
        ),
    ],
)
def test_no_two_plots_share_a_tag(plots: list[Any], tags: set[str], tmp_path: Path) -> None:
    values = np.ones((5, 2), np.float32)
    write_component(tmp_path / "S.h5", "S", {"voltage": values, "spiked": values})
    report = pipeline.convert(tmp_path / "S.h5", tmp_path / "tb", plots)

    found = accumulated(tmp_path / "tb" / "S").Tags()
    assert {*found["scalars"], *found["images"]} == tags
    assert len(report.runs[0].notes) == 1


def test_the_same_plot_twice_is_a_problem(network: Path, tmp_path: Path) -> None:
    problems = problems_of(network / "data" / "GC.h5", tmp_path, TRACE + TRACE)

    assert problems == ("GC/voltage: trace (scalar) is asked for twice",)
    assert len(accumulated(tmp_path / "GC").Scalars("GC/N0/voltage")) == STEPS


def test_a_dataset_as_hyperparameter_twice_is_written_once(network: Path, tmp_path: Path) -> None:
    report = pipeline.convert(network / "data" / "GC.h5", tmp_path, [{"voltage": {"kind": "hparam"}}] * 2)

    assert set(report.runs[0].files) == {"hparams", "text"}


def test_components_of_one_name_are_both_written(tmp_path: Path) -> None:
    for number, file in enumerate(["first", "second"]):
        values = np.full((3, 1), number, np.float32)
        write_component(tmp_path / "run" / f"{file}.h5", "GC", {"voltage": values}, seed=number)
    pipeline.convert(tmp_path / "run", tmp_path / "tb", [*TRACE, {"seed": {"kind": "hparam"}}])

    found = accumulated(tmp_path / "tb" / "run")
    values = {tag: found.Scalars(tag)[0].value for tag in found.Tags()["scalars"]}
    assert values == {"GC/N0/voltage": 0, "second/N0/voltage": 1}


def test_groups_are_part_of_a_name(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "grouped.h5", "w") as file:
        for group in ("a", "a/b"):
            file.create_dataset(f"{group}/voltage", data=np.ones((4, 2), np.float32), maxshape=(None, 2))
    pipeline.convert(tmp_path / "grouped.h5", tmp_path / "tb", [{"voltage": {"kind": "trace", "format": "scalar"}}])

    tags = accumulated(tmp_path / "tb" / "grouped").Tags()["scalars"]
    assert set(tags) == {f"grouped/{group}/N{unit}/voltage" for group in ("a", "a/b") for unit in range(2)}


def test_a_conversion_is_repeatable(tmp_path: Path) -> None:
    for name in ("one", "two"):
        simulate(tmp_path / name / "run", 3, steps=150)
        pipeline.convert(tmp_path / name / "run", tmp_path / name / "tb", dt="1 ms")

    one = drawn(tmp_path / "one" / "tb")
    assert {name.rsplit(".", 1)[1] for name in one} == {"scalars", "images", "histograms", "hparams", "experiment"}
    assert drawn(tmp_path / "two" / "tb") == one


@pytest.mark.parametrize("window", [40, "20 ms"])
def test_windows_are_told_by_stored_times(window: int | str, tmp_path: Path) -> None:
    blocks = Budget(block=100)  # a block is less than a window
    with h5py.File(tmp_path / "w.h5", "w") as file:
        file["spiked"] = np.random.default_rng(0).random((200, 3)) < 0.1
        file["time"] = np.arange(200) * 0.5
        file["time"].attrs["units"] = "ms"
    plots = [{"spiked": {"kind": "raster", "window": window}}]
    pipeline.convert(tmp_path / "w.h5", tmp_path / "tb", plots, memory=blocks)
    again = pipeline.convert(tmp_path / "w.h5", tmp_path / "tb", plots, memory=blocks)

    images = accumulated(tmp_path / "tb" / "w").Images("w/raster")
    assert [image.step for image in images] == [0, 40, 80, 120, 160]
    assert [image.wall_time for image in images] == pytest.approx([0, 0.02, 0.04, 0.06, 0.08])
    assert again.runs[0].state == "was complete"


def test_a_report_is_a_value(network: Path, tmp_path: Path) -> None:
    report = pipeline.convert(network, tmp_path, TRACE)

    with pytest.raises(dataclasses.FrozenInstanceError):
        report.logdir = "elsewhere"


def test_metrics_are_columns_beside_the_settings(sweep: dict[str, Path], tmp_path: Path) -> None:
    from tensorboard.plugins.hparams import metadata

    pipeline.convert(list(sweep.values()), tmp_path, PLOTS, metrics=["GC/N0/voltage", "MC/N2/voltage"])
    found = accumulated(tmp_path).SummaryMetadata(metadata.EXPERIMENT_TAG).plugin_data.content
    experiment = metadata.parse_experiment_plugin_data(found)
    assert [info.name.tag for info in experiment.metric_infos] == ["GC/N0/voltage", "MC/N2/voltage"]
    assert "GC/seed" in {info.name for info in experiment.hparam_infos}


def test_a_metric_that_no_run_has_is_refused_before_anything_is_written(network: Path, tmp_path: Path) -> None:
    with pytest.raises(pipeline.SettingError, match=r"metric 'GC/N9/voltage': .*did you mean 'GC/N\d/voltage'"):
        pipeline.convert(network, tmp_path / "tb", PLOTS, metrics=["GC/N9/voltage"])
    assert not (tmp_path / "tb").exists()


@pytest.mark.parametrize(("worth", "used"), [(0.0, 3), (1e9, None)])
def test_workers_are_started_by_themselves_where_they_pay(
    network: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, worth: float, used: int | None
) -> None:
    asked: list[int | None] = []
    real = pipeline.running.convert.executor

    def executor(workers: int | None, *args: Any) -> Any:
        asked.append(workers)
        return real(None)

    monkeypatch.setattr(pipeline.running.convert, "executor", executor)
    monkeypatch.setattr(pipeline.running.convert, "_WORTH_SECONDS", worth)
    monkeypatch.setattr("pipeline.running.convert.machine_cores", lambda: 3)
    pipeline.convert(network, tmp_path, PLOTS, workers="auto")
    assert asked == [used]
    with pytest.raises(pipeline.SettingError, match="accepted is a whole number of at least 1, or 'auto'"):
        pipeline.convert(network, tmp_path, PLOTS, workers="many")
