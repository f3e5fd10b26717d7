"""Variables are matched with plots before anything is read; wrong wishes are said, and no two plots share a tag."""

from __future__ import annotations

import pickle
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import xarray as xr

from pipeline.errors import SettingError
from pipeline.model.clock import Clock
from pipeline.opening import open_run
from pipeline.planning.config import parse_plots
from pipeline.planning.match import plan_array, plan_run
from pipeline.planning.plan import Plan
from pipeline.rendering.frames import Frames
from pipeline.rendering.registry import PLOTS, make_plot
from pipeline.running.clocks import with_clock
from tests.common import forbid_reads, write_component, write_hdf5

STEPS, UNITS = 12, 5


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A run of two populations and a synapse."""
    rng = np.random.default_rng(1)
    for name in ("GC", "MC"):
        voltage = rng.normal(size=(STEPS, UNITS)).astype(np.float32)
        data = {"voltage": voltage, "spiked": voltage > 1, "loss": voltage[:, 0]}
        write_component(tmp_path / "run" / f"{name}.h5", name, data, tau=2.0, rule="STDP", delays=[1.0, 2.0])
    weights = rng.normal(size=(STEPS, 3, 4))
    write_component(tmp_path / "run" / "S.h5", "GC--MC", {"weights": weights}, tau=3.0)
    return tmp_path / "run"


def planned(path: Path, *plots: dict[str, Any], dt: Any = None) -> Plan:
    return plan_run(open_run(path, dt=dt), parse_plots(plots))


def asked(name: str, kind: str, **settings: Any) -> dict[str, Any]:
    return {name: {"kind": kind, **settings}}


def tags(plan: Plan) -> list[str]:
    found = [one.tag for job in plan.jobs for drawing in job.drawings for one in drawing.series]
    assert max(Counter(found).values(), default=1) == 1
    return found


# Names ----------------------------------------------------------------------------------------------------------------


def test_a_name_is_drawn_in_every_component_that_has_it(folder: Path) -> None:
    plan = planned(folder, asked("spiked", "raster"), asked("weights", "heatmap"))
    assert tags(plan) == ["GC/raster", "MC/raster", "GC--MC/weights"]
    assert plan.name == "run"
    assert not plan.problems
    assert plan.matched == {"spiked", "weights"}


def test_a_name_with_its_component_is_drawn_there_alone(folder: Path) -> None:
    assert tags(planned(folder, asked("MC/spiked", "raster"))) == ["MC/raster"]


def test_a_name_in_a_group(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        for group in ("E", "I"):
            file.create_dataset(f"net/{group}/x", data=np.zeros((STEPS, 2)), maxshape=(None, 2))
    assert tags(planned(tmp_path / "a.h5", asked("a/net/I/x", "heatmap"))) == ["a/net/I/x"]
    assert tags(planned(tmp_path / "a.h5", asked("x", "heatmap"))) == ["a/net/E/x", "a/net/I/x"]


def test_names_that_no_component_has_are_named_with_the_nearest(folder: Path) -> None:
    plots = parse_plots([asked("voltge", "trace"), asked("zzz", "trace"), asked("GC/spiked", "raster")])
    plan = plan_run(open_run(folder), plots)
    assert plan.unmatched(plots) == [
        "run: no variable or setting 'voltge'; did you mean 'voltage'?",
        "run: no variable or setting 'zzz'; see hdf2tb inspect",
    ]
    assert plan.known >= {"voltage", "weights", "tau", "rule"}


def test_settings_are_hyperparameters_of_their_component(folder: Path) -> None:
    plan = planned(folder, *(asked(name, "hparam") for name in ("tau", "rule", "delays")))
    assert {name: plan.hparams[f"{name}/tau"] for name in ("GC", "MC", "GC--MC")} == {"GC": 2, "MC": 2, "GC--MC": 3}
    assert plan.hparams["GC/rule"] == "STDP"
    assert not plan.jobs


def test_hyperparameters_as_points_are_those_with_several_values(folder: Path) -> None:
    plan = planned(folder, asked("GC/tau", "hparam", format="scalar"), asked("GC/rule", "hparam", format="scalar"))
    assert plan.hparams == {"GC/tau": 2.0, "GC/rule": "STDP"}
    with h5py.File(folder / "GC.h5", "a") as file:
        file["configuration"].attrs["taus"] = "tensor([1., 3.])"
    assert tags(planned(folder, asked("taus", "hparam", format="scalar"))) == ["GC/N0/taus", "GC/N1/taus"]
    assert planned(folder, asked("taus", "hparam")).hparams == {
        "GC/taus/mean": 2.0,
        "GC/taus/std": 1.0,
        "GC/taus/min": 1.0,
        "GC/taus/max": 3.0,
    }


def test_settings_of_numbers_can_be_drawn_and_text_cannot(tmp_path: Path) -> None:
    with h5py.File(write_component(tmp_path / "a.h5", "GC", {"x": np.zeros((STEPS, 2))}), "a") as file:
        file["configuration"].attrs.update({"delays": "tensor([1., 2.])", "map": "tensor([[1., 2.], [3., 4.]])"})
    plan = planned(
        tmp_path / "a.h5",
        asked("delays", "trace", format="scalar"),
        asked("map", "heatmap"),
        asked("delays", "hparam", format="scalar"),
        asked("class", "trace"),
    )
    assert plan.problems == ["GC/class: a trace needs numbers; this is 'Ensemble'"]
    assert tags(plan) == ["GC/delays", "GC/map", "GC/N0/delays", "GC/N1/delays"]


# Time -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dt", [None, "0.5 ms"])
@pytest.mark.parametrize(
    "kind", [kind for kind in PLOTS if kind is not Frames], ids=lambda kind: f"{kind.kind}-{kind.format}"
)
@pytest.mark.parametrize(("axis", "order"), [(0, (0, 1)), (1, (1, 0)), (-1, (1, 0)), (-2, (0, 1)), ("unit", (1, 0))])
def test_two_dimensions_with_time_anywhere_are_the_same_plot(
    tmp_path: Path, kind: Any, axis: Any, order: Sequence[int], dt: Any
) -> None:
    values = np.random.default_rng(2).normal(size=(STEPS, UNITS)) > 0.5
    plots = {"x": {"kind": kind.kind, "format": kind.format}}
    [expected] = planned(write_component(tmp_path / "a.h5", "GC", {"x": values}), plots, dt=dt).jobs
    plots["x"]["time_axis"] = axis
    [found] = planned(write_component(tmp_path / "b.h5", "GC", {"x": values.transpose(order)}), plots, dt=dt).jobs
    assert [drawing.signal for drawing in found.drawings] == [drawing.signal for drawing in expected.drawings]
    assert found.length == STEPS
    for block in found.first_blocks:
        a, b = found.at(block).read(), expected.at(block).read()
        np.testing.assert_array_equal(a.values, b.values)
        np.testing.assert_array_equal(a.wall_times, b.wall_times)


@pytest.mark.parametrize(
    ("axis", "order"),
    [
        (0, (0, 1, 2)),
        (1, (1, 0, 2)),
        (2, (1, 2, 0)),
        (-1, (1, 2, 0)),
        (-2, (1, 0, 2)),
        ("target", (1, 0, 2)),
        ("source", (1, 2, 0)),
    ],
)
def test_three_dimensions_with_time_anywhere_are_the_same_plot(
    tmp_path: Path, axis: Any, order: tuple[int, ...]
) -> None:
    values = np.random.default_rng(2).normal(size=(STEPS, 3, 4))
    plot = asked("x", "heatmap", step=2)
    [expected] = planned(write_component(tmp_path / "a.h5", "GC", {"x": values}), plot, dt=2).jobs
    plot["x"]["time_axis"] = axis
    [found] = planned(write_component(tmp_path / "b.h5", "GC", {"x": values.transpose(order)}), plot, dt=2).jobs
    assert found.drawings[0].signal == expected.drawings[0].signal
    for block in found.first_blocks:
        np.testing.assert_array_equal(found.at(block).read().values, expected.at(block).read().values)


@pytest.mark.parametrize(
    ("axis", "message"),
    [
        (2, r"GC/x: time_axis=2: accepted is -2 to 1 \(\['time', 'unit'\]\)"),
        (-3, "GC/x: time_axis=-3: accepted is -2 to 1"),
        ("tiem", "GC/x: time_axis='tiem': accepted is one of its dimensions: time, unit"),
    ],
)
def test_a_time_axis_that_is_none(tmp_path: Path, axis: Any, message: str) -> None:
    path = write_component(tmp_path / "a.h5", "GC", {"x": np.zeros((STEPS, 2)), "y": np.zeros((STEPS, 2, 2, 2))})
    plan = planned(path, asked("x", "trace", time_axis=axis), asked("y", "hparam"))
    [problem] = plan.problems
    assert re.match(message, problem)
    assert [job.name for job in plan.jobs] == ["GC/y"]


def test_the_time_axis_is_known_without_reading(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    forbid_reads(monkeypatch)
    plan = planned(folder, asked("GC/voltage", "trace"), dt="0.5 ms")
    assert plan.jobs[0].drawings[0].signal.time == Clock(STEPS, 0.0, 0.5, "ms")
    assert plan.jobs[0].times is None
    assert planned(folder, asked("GC/voltage", "trace")).jobs[0].drawings[0].signal.time == Clock(STEPS)


def test_a_part_of_a_run_keeps_its_times(folder: Path) -> None:
    run = open_run(folder, dt="0.5 ms").isel(time=slice(2, None, 2))
    [job] = plan_run(run, parse_plots([asked("GC/voltage", "trace")])).jobs
    assert job.drawings[0].signal.time == Clock(5, 1.0, 1.0, "ms")
    block = job.at(job.first_blocks[0]).read()
    np.testing.assert_allclose(block.wall_times, [1e-3, 2e-3, 3e-3, 4e-3, 5e-3])
    with h5py.File(folder / "GC.h5") as file:
        np.testing.assert_array_equal(block.values, file["voltage"][2::2])


def clocked(path: Path, times: Any, unit: str) -> Path:
    with h5py.File(write_hdf5(path, x=np.zeros((len(times), 2)), time=np.asarray(times)), "a") as file:
        file["time"].attrs["units"] = unit
    return path


@pytest.mark.parametrize(
    ("times", "unit", "axis"),
    [
        (np.arange(20) * 0.5, "ms", Clock(20, 0.0, 0.5, "ms")),
        (np.arange(20) * 0.1 + 3, "seconds", Clock(20, 3.0, 0.1, "s")),
        (np.arange(3000, dtype="f4") * np.float32(0.1), "msec", Clock(3000, 0.0, 0.1, "ms")),
        (np.arange(20), "hours since 2000-01-01", Clock(20, 0.0, 1.0, "h")),
    ],
)
def test_stored_times_that_are_even_become_an_axis(tmp_path: Path, times: Any, unit: str, axis: Clock) -> None:
    [job] = planned(clocked(tmp_path / "a.h5", times, unit), asked("x", "trace")).jobs
    assert job.times is not None
    read = with_clock(job)
    assert read.times is None
    found = read.drawings[0].signal.time
    assert found is not None
    assert (found.length, found.unit) == (axis.length, axis.unit)
    assert (found.start, found.step) == pytest.approx((axis.start, axis.step), rel=1e-5)


def test_stored_times_that_are_uneven_are_kept_in_seconds(tmp_path: Path) -> None:
    [job] = planned(clocked(tmp_path / "a.h5", [0, 1, 2, 4, 8], "ms"), asked("x", "trace")).jobs
    read = with_clock(job)
    assert read.drawings[0].signal.time == Clock(5, 0.0, 2.0, "ms", even=False)
    np.testing.assert_allclose(read.at(read.first_blocks[0]).read().wall_times, [0, 1e-3, 2e-3, 4e-3, 8e-3])


@pytest.mark.parametrize(
    ("times", "axis"),
    [
        (np.arange(4) * 0.5, Clock(4, 0.0, 0.5, "ms")),
        (np.datetime64("2020-01-01") + np.arange(4) * np.timedelta64(1, "m"), Clock(4, 0.0, 60.0, "s")),
        (np.arange(2, 6) * np.timedelta64(500, "ms"), Clock(4, 1.0, 0.5, "s")),
    ],
    ids=["numbers", "dates", "durations"],
)
def test_a_tree_that_was_not_opened_here(times: Any, axis: Clock) -> None:
    data = xr.Dataset(
        {"x": (("unit", "time"), np.arange(8.0).reshape(2, 4))}, {"time": ("time", times, {"units": "ms"})}
    )
    [job] = plan_run(xr.DataTree.from_dict({"/GC": data}, name="mine"), parse_plots([asked("x", "trace")])).jobs
    read = with_clock(job)
    assert read.drawings[0].signal.time == axis
    assert read.drawings[0].signal.shape == (4, 2)
    assert read.at(read.first_blocks[0]).read().values.tolist() == [[0, 4], [1, 5], [2, 6], [3, 7]]


def test_a_dask_array_is_cut_at_its_chunks() -> None:
    data = xr.Dataset({"x": (("time", "unit"), np.zeros((1000, 2)))}).chunk(time=300)
    [job] = plan_run(xr.DataTree(data, name="mine"), parse_plots([asked("x", "hparam")])).jobs
    assert {block.start % 300 for block in job.first_blocks} == {0}


# Wrong wishes ---------------------------------------------------------------------------------------------------------

SHAPES = {
    "single": 2.5,
    "empty": np.zeros((0, 3)),
    "line": np.zeros(STEPS),
    "sheet": np.zeros((STEPS, 3)),
    "cube": np.zeros((STEPS, 3, 3)),
    "four": np.zeros((STEPS, 2, 2, 2)),
    "video": np.zeros((STEPS, 2, 2, 3), np.uint8),
}

#: Which shapes each kind draws.
DRAWN = {
    "heatmap": {"sheet", "cube"},
    "raster": {"line", "sheet"},
    "trace": {"line", "sheet"},
    "hparam": {"single", "line", "sheet", "cube", "four", "video"},
    "frames": {"video"},
    "rate": {"line", "sheet"},
    "histogram": {"sheet", "cube", "four", "video"},
    "band": {"sheet", "cube", "four", "video"},
}


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("kind", PLOTS, ids=lambda kind: f"{kind.kind}-{kind.format}")
def test_a_kind_is_drawn_or_says_what_it_needs(tmp_path: Path, kind: Any, name: str) -> None:
    path = write_hdf5(tmp_path / "a.h5", **{name: SHAPES[name]})
    with h5py.File(path, "a") as file:
        file.attrs.update({"identifier": "GC", "class": "X"})
    plan = planned(path, {name: {"kind": kind.kind, "format": kind.format}})
    if name in DRAWN[kind.kind]:
        assert not plan.problems
        assert len(plan.jobs) == 1
    else:
        [problem] = plan.problems
        assert problem.startswith(f"GC/{name}: ")
        assert f"a {kind.kind} needs" in problem or "holds no data (shape (0, 3))" in problem
        assert not plan.jobs
    assert plan.matched == {name}


def test_units_that_are_not_there(folder: Path) -> None:
    plan = planned(folder, asked("GC/voltage", "trace", units=[0, 5, 99]))
    assert plan.problems == ["GC/voltage: trace: units=[5, 99]: accepted is 0 to 4"]


def test_one_wrong_wish_does_not_stop_the_others(folder: Path) -> None:
    plan = planned(folder, asked("loss", "heatmap"), asked("spiked", "raster"))
    assert [problem.split(":")[0] for problem in plan.problems] == ["GC/loss", "MC/loss"]
    assert tags(plan) == ["GC/raster", "MC/raster"]


@pytest.mark.parametrize(
    ("plots", "message"),
    [
        (5, "plots: accepted is a list such as"),
        ("voltage", "plots: accepted is a list"),
        (None, "plots: accepted is a list"),
        ([None], "plots: accepted is a mapping"),
        (["voltage"], "plots: accepted is a mapping"),
        ([("voltage",)], "plots: accepted is a mapping"),
        ([("voltage", "trace")], "voltage: accepted is a mapping"),
        ([("voltage", {}, 3)], "plots: accepted is a mapping"),
        ([{"voltage": None}], "voltage: accepted is a mapping"),
        ([{1: {"kind": "trace"}}], "plots: accepted is a mapping"),
        ([{"voltage": {"kind": "trase"}}], "voltage: kind='trase'.*did you mean 'trace'"),
        ([{"a": {"kind": "trace"}}, {"b": {"kind": "trace", "step": 0}}], "b: trace: step=0: accepted is"),
    ],
)
def test_plots_that_are_not_understood(plots: Any, message: str) -> None:
    with pytest.raises(SettingError, match=message):
        parse_plots(plots)


def test_forms_of_plots() -> None:
    trace, raster = make_plot({"kind": "trace"}), make_plot({"kind": "raster"})
    expected = [("a", trace), ("b", raster)]
    for plots in (
        [{"a": {"kind": "trace"}}, {"b": {"kind": "raster"}}],
        [{"a": {"kind": "trace"}, "b": {"kind": "raster"}}],
        {"a": {"kind": "trace"}, "b": {"kind": "raster"}},
        [("a", {"kind": "trace"}), ("b", raster)],
        iter(expected),
    ):
        assert parse_plots(plots) == expected
    assert parse_plots([]) == []


# Tags -----------------------------------------------------------------------------------------------------------------


def test_two_forms_of_one_variable_get_tags_of_their_own(folder: Path) -> None:
    plan = planned(
        folder,
        asked("GC/voltage", "trace", units=[0]),
        asked("GC/voltage", "trace", format="scalar", units=[0, 1]),
        asked("GC/voltage", "heatmap"),
    )
    assert not plan.problems
    assert tags(plan) == ["GC/N0/voltage", "GC/N0/voltage/scalar", "GC/N1/voltage/scalar", "GC/voltage"]
    assert plan.notes == ["GC/voltage: tag GC/N0/voltage/scalar, since GC/voltage has GC/N0/voltage"]
    assert len(plan.jobs) == 1


def test_two_rasters_of_one_component_get_tags_of_their_own(tmp_path: Path) -> None:
    data = {name: np.zeros((STEPS, 2)) for name in ("bursts", "spiked")}
    plan = planned(write_component(tmp_path / "a.h5", "GC", data), asked("spiked", "raster"), asked("bursts", "raster"))
    assert sorted(tags(plan)) == ["GC/raster", "GC/raster/bursts"]
    assert plan.notes == ["GC/bursts: tag GC/raster/bursts, since GC/spiked has GC/raster"]


@pytest.mark.parametrize("format", ["image", "scalar"])
def test_the_same_plot_twice_is_refused(folder: Path, format: str) -> None:
    plan = planned(
        folder,
        asked("GC/voltage", "trace", format=format, units=[0, 1]),
        asked("GC/voltage", "trace", format=format, units=[1, 2], step=2),
    )
    assert plan.problems == [f"GC/voltage: trace ({format}) is asked for twice"]
    assert tags(plan) == ["GC/N0/voltage", "GC/N1/voltage"]


def test_a_group_that_is_called_like_a_unit(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("x", data=np.zeros((STEPS, 2)), maxshape=(None, 2))
        file.create_dataset("N0/x", data=np.ones(STEPS), maxshape=(None,))
    plan = planned(tmp_path / "a.h5", asked("x", "trace", format="scalar"))
    assert tags(plan) == ["a/N0/x", "a/N1/x", "a/N0/x/x"]
    assert len(plan.notes) == 1
    assert not plan.problems


def test_two_files_with_one_identifier_are_drawn_both(tmp_path: Path) -> None:
    for number, name in enumerate(("a", "b")):
        write_component(tmp_path / f"{name}.h5", "GC", {"x": np.full((STEPS, 2), number)}, tau=float(number))
    plan = planned(tmp_path, asked("x", "heatmap"), asked("tau", "hparam"))
    assert tags(plan) == ["GC/x", "b/x"]
    assert [float(job.variable.mean()) for job in plan.jobs] == [0, 1]
    assert plan.hparams == {"GC/tau": 0, "b/tau": 1}
    assert not plan.problems
    assert tags(planned(tmp_path, asked("b/x", "heatmap"))) == ["b/x"]


def test_a_component_on_several_time_axes_is_one_component(tmp_path: Path) -> None:
    data = {"voltage": np.zeros((STEPS, 3)), "rate": np.zeros((4, 3))}
    plan = plan_run(open_run(write_component(tmp_path / "a.h5", "net/GC", data)))
    assert {tag.rpartition("/")[0] for tag in tags(plan)} == {"net/GC"} | {f"net/GC/N{unit}" for unit in range(3)}
    assert not plan.problems


def test_an_identifier_that_is_another_s_group(tmp_path: Path) -> None:
    write_component(tmp_path / "a.h5", "GC/sub", {"x": np.zeros(STEPS)})
    with h5py.File(tmp_path / "b.h5", "w") as file:
        file.attrs["identifier"] = "GC"
        file.create_dataset("sub/x", data=np.ones((STEPS, 2)), maxshape=(None, 2))
    plan = planned(tmp_path, asked("x", "trace"))
    tags(plan)
    for job in plan.jobs:
        for drawing in job.drawings:
            assert drawing.signal.shape == job.variable.shape


@pytest.mark.parametrize("identifier", ["GC@home", "GC@5", "net/GC"])
def test_an_identifier_with_signs_that_have_a_meaning_here(tmp_path: Path, identifier: str) -> None:
    path = write_component(tmp_path / "a.h5", identifier, {"x": np.zeros((STEPS, 2))})
    assert tags(planned(path, asked("x", "heatmap"))) == [f"{identifier}/x"]


def test_variables_of_the_root_are_named_by_the_run() -> None:
    data = xr.Dataset({"x": (("row", "column"), np.zeros((3, 2)))})
    for name, tag in (("mine", "mine/x"), (None, "run/x")):
        assert tags(plan_run(xr.DataTree(data, name=name), parse_plots([asked("x", "heatmap")]))) == [tag]


def test_hyperparameters_asked_for_twice_are_written_once(folder: Path) -> None:
    plan = planned(folder, asked("GC/loss", "hparam"), asked("loss", "hparam"))
    assert [(job.name, len(job.drawings)) for job in plan.jobs] == [("GC/loss", 1), ("MC/loss", 1)]


def test_one_variable_along_two_axes_is_two_jobs(folder: Path) -> None:
    plan = planned(folder, asked("GC/voltage", "hparam"), asked("GC/voltage", "hparam", time_axis=1))
    assert [job.axis for job in plan.jobs] == [0, 1]


# One array ------------------------------------------------------------------------------------------------------------


def test_one_array_is_planned_or_refused() -> None:
    taken: dict[str, tuple[str, str]] = {}
    trace = make_plot({"kind": "trace", "format": "scalar"})
    variable = xr.Variable(("time", "unit"), np.zeros((4, 2)))
    assert tags(plan_array("GC", "x", variable, trace, taken)) == ["GC/N0/x", "GC/N1/x"]
    assert set(taken) == {"GC/N0/x", "GC/N1/x"}
    with pytest.raises(SettingError, match=r"GC/x: trace \(scalar\) is asked for twice"):
        plan_array("GC", "x", variable, trace, taken)
    with pytest.raises(SettingError, match="GC/name: a trace needs numbers"):
        plan_array("GC", "name", "LIF", trace, taken)
    assert plan_array("GC", "seed", 3, make_plot({"kind": "hparam"}), taken).hparams == {"GC/seed": 3.0}
    assert plan_array("GC", "on", xr.Variable((), True), make_plot({"kind": "hparam"}), taken).hparams == {
        "GC/on": True
    }


# What it costs --------------------------------------------------------------------------------------------------------


def test_planning_reads_nothing_and_jobs_are_small(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    forbid_reads(monkeypatch)
    automatic = plan_run(open_run(folder, dt="1 ms"))
    plots = [asked("voltage", "trace"), asked("spiked", "raster"), asked("weights", "heatmap"), asked("loss", "hparam")]
    for plan in (automatic, planned(folder, *plots)):
        assert plan.jobs
        assert not plan.problems
        for job in plan.jobs:
            assert len(pickle.dumps(job)) < 5000
            assert len(pickle.dumps(job.at(job.first_blocks[0]))) < 5000
        assert all(size > 0 for *_, size in plan.rows())


def test_rows_name_each_plot(folder: Path) -> None:
    plan = planned(folder, asked("GC/voltage", "trace", format="scalar"), asked("GC/tau", "hparam"))
    assert [row[:4] for row in plan.rows()] == [
        ("GC/voltage", "time=12, unit=5", "trace (scalar)", "5 series"),
        ("settings", "", "hparam", "1 hyperparameter"),
    ]


@pytest.mark.parametrize(("step", "told"), [(1, ["run: S/weights has 301 pictures; "]), (2, [])])
def test_more_pictures_than_a_slider_shows_well_are_told(tmp_path: Path, step: int, told: list[str]) -> None:
    write_component(tmp_path / "run" / "S.h5", "S", {"weights": np.zeros((301, 2, 2))})
    plan = planned(tmp_path / "run", asked("weights", "heatmap", step=step))
    assert [note[: len(start)] for note, start in zip(plan.notes, told, strict=True)] == told
    assert all(note.endswith("TensorBoard's slider works to about 300: a larger step") for note in plan.notes)


@pytest.mark.parametrize(("units", "told"), [(2001, True), (2000, False)])
def test_more_tags_than_tensorboard_lists_well_are_told(tmp_path: Path, units: int, told: bool) -> None:
    write_component(tmp_path / "run" / "GC.h5", "GC", {"voltage": np.zeros((3, units))})
    plan = planned(tmp_path / "run", asked("voltage", "trace", format="scalar"), asked("voltage", "hparam"))
    note = (
        "run: 2,001 tags, which TensorBoard takes long to list: "
        "fewer units (units=0:16), or a heatmap or raster of all of them"
    )
    assert plan.notes == ([note] if told else [])


@pytest.mark.parametrize(("units", "told"), [(501, True), (500, False)])
def test_more_lines_than_a_chart_can_ask_for_are_told(tmp_path: Path, units: int, told: bool) -> None:
    write_component(tmp_path / "run" / "GC.h5", "GC", {"voltage": np.zeros((3, units))})
    plan = planned(tmp_path / "run", asked("voltage", "trace", format="scalar", together=True))
    assert [note.partition(", more")[0] for note in plan.notes] == ["run: GC/voltage: 501 lines in one chart"] * told


def test_what_is_not_drawn_is_told_with_its_reason(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["v"] = np.zeros((30, 2))
        file["v"].dims[0].label = "time"
        file["table"] = np.zeros(30, [("x", "f8"), ("Vm", "f4")])
        file["g/table"] = np.zeros(30, [("x", "f8"), ("Vm", "f4")])
        file.create_dataset("spectrum", data=np.zeros((30, 4), complex), maxshape=(None, 4))
        file.create_dataset("frames", data=np.zeros((30, 4, 4, 5), np.uint8), maxshape=(None, 4, 4, 5))
        file.create_dataset("empty", data=np.zeros((0, 4)), maxshape=(None, 4))
        for number in range(10):
            file[f"words/{number}"] = "text"
    plan = plan_run(open_run(tmp_path / "a.h5"))
    assert sorted(plan.notes) == [
        "not drawn: a/empty (holds no data)",
        "not drawn: a/frames (4 dimensions)",
        "not drawn: a/g/table, a/table (a table without a column of times)",
        "not drawn: a/spectrum (complex numbers; their magnitude and phase are drawn if they are asked for by name)",
        "not drawn: a/words/0, a/words/1, a/words/2, a/words/3, a/words/4, a/words/5, a/words/6, a/words/7 and 2 more "
        "(strings)",
    ]
    assert plan_run(open_run(tmp_path / "a.h5"), parse_plots([asked("v", "trace")])).notes == []


BIG = """
import h5py, re, resource, sys
import pipeline
from pipeline.opening.hdf5.lazy_array import StoredArray
from pipeline.planning.config import parse_plots

def fail(*_):
    raise AssertionError("a dataset was read")

h5py.Dataset.__getitem__ = h5py.Dataset.read_direct = StoredArray.read = fail
run = pipeline.open_run(sys.argv[1], dt="0.1 ms")
assert sum(array.nbytes for array in run["E"].data_vars.values()) > 50e9
automatic = pipeline.plan_run(run)
plots = [{"weights": {"kind": "heatmap", "limits": "all"}}, {"voltage": {"kind": "trace", "format": "scalar"}},
         {"spiked": {"kind": "raster", "window": "1 s"}}]
asked = pipeline.plan_run(run, parse_plots(plots))
assert not asked.problems and not automatic.problems and len(asked.jobs) == len(automatic.jobs) == 3
try:  # the peak of this program alone; getrusage counts the one it was started from
    peak = int(re.search(r"VmHWM:\\s+(\\d+) kB", open("/proc/self/status").read())[1]) * 1024
except OSError:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
print(peak)
"""


def test_fifty_gigabytes_are_opened_and_planned_in_little_memory(tmp_path: Path) -> None:
    path = tmp_path / "E.h5"
    with h5py.File(path, "w") as file:  # chunks that were never written take no room
        file.attrs.update({"identifier": "E", "class": "Network"})
        for name, shape in {
            "weights": (100_000, 360, 360),
            "voltage": (100_000, 1000),
            "spiked": (100_000, 1000),
        }.items():
            file.create_dataset(
                name, shape, "f4", chunks=(1, *shape[1:]), maxshape=(None, *shape[1:]), compression="lzf"
            )
    assert path.stat().st_size < 100_000
    done = subprocess.run([sys.executable, "-c", BIG, path], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 300e6
