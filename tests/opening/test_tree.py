"""Files of every oddity open as a lazy tree, and nothing of them is read."""

from __future__ import annotations

import pickle
import re
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import xarray as xr

from pipeline.errors import PipelineError, SettingError, SourceError, TimeAxisWarning
from pipeline.opening import open_run
from pipeline.opening.tree import node_settings
from pipeline.planning.config import parse_plots
from pipeline.planning.match import component_name, plan_run
from tests.common import EPL, forbid_reads, write_component, write_hdf5


def growing(file: h5py.File, name: str, values: Any, axis: int = 0, **options: Any) -> h5py.Dataset:
    """Write a dataset with one unlimited axis."""
    values = np.asarray(values)
    maxshape = tuple(None if at == axis else size for at, size in enumerate(values.shape))
    return file.create_dataset(name, data=values, maxshape=maxshape, **options)


def dims(node: xr.DataTree | xr.Dataset) -> dict[str, tuple[str, ...]]:
    return {str(name): tuple(map(str, array.dims)) for name, array in node.data_vars.items()}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "a.h5"


# Names and places -----------------------------------------------------------------------------------------------------


def test_a_folder_has_a_node_for_each_component(tmp_path: Path) -> None:
    for name in ("MC", "GC", "GC--MC"):
        write_component(tmp_path / "run" / "data" / f"{name}.h5", name, {"voltage": np.zeros((5, 3))}, tau=2.5)
    run = open_run(tmp_path / "run")
    assert run.name == "run"
    assert list(run.children) == ["GC--MC", "GC", "MC"]
    assert dims(run["GC"]) == {"voltage": ("time", "unit")}
    assert run["GC"].attrs == {"identifier": "GC", "class": "Ensemble", "version": "0.4.1", "tau": 2.5}


@pytest.mark.parametrize(("identifier", "node"), [(None, "a"), ("", "a"), ("GC", "GC"), ("net/GC", "net_GC"), (7, "7")])
def test_a_component_is_named_by_its_identifier_else_its_file(path: Path, identifier: Any, node: str) -> None:
    with h5py.File(path, "w") as file:
        growing(file, "x", np.zeros((3, 2)))
        if identifier is not None:
            file.attrs["identifier"] = identifier
    run = open_run(path)
    assert run.name == "a"
    assert list(run.children) == [node]
    assert run[node].attrs.get("identifier") == identifier


def test_two_files_with_the_same_identifier_are_two_components(tmp_path: Path) -> None:
    for number, name in enumerate(["a.h5", "b.h5", "b.hdf5"]):
        write_component(tmp_path / name, "GC", {"x": np.full((4, 2), number)})
    run = open_run(tmp_path)
    assert list(run.children) == ["GC", "b", "b.hdf5"]
    assert [float(node["x"].mean()) for node in run.children.values()] == [0, 1, 2]
    assert {node.attrs["identifier"] for node in run.children.values()} == {"GC"}


def test_an_identifier_that_is_another_file_s_name(tmp_path: Path) -> None:
    write_component(tmp_path / "a.h5", "b", {"x": np.zeros((4, 2))})
    with h5py.File(tmp_path / "b.h5", "w") as file:
        growing(file, "x", np.ones((4, 2)))
    run = open_run(tmp_path)
    assert {name: float(node["x"].mean()) for name, node in run.children.items()} == {"b": 0, "b.h5": 1}


def test_nested_groups_are_nested_nodes_with_their_attributes(path: Path) -> None:
    with h5py.File(path, "w") as file:
        growing(file, "net/GC/voltage", np.zeros((5, 3)))
        growing(file, "net/GC/voltage2", np.ones((5, 3)))
        file["net/count"] = 4
        file["net"].attrs["dt"] = 0.5
        file["net/GC"].attrs["tau"] = "tensor([1., 2.])"
    run = open_run(path)
    assert [node.path for node in run.subtree] == ["/", "/a", "/a/net", "/a/net/GC"]
    assert run["a/net"].attrs == {"dt": 0.5}
    assert dims(run["a/net/GC"]) == {"voltage": ("time", "unit"), "voltage2": ("time", "unit")}
    assert run["a/net/GC/voltage2"].mean() == 1
    assert run["a/net/count"] == 4


def test_a_file_without_datasets_is_a_node_with_settings(path: Path) -> None:
    with h5py.File(path, "w") as file:
        file.attrs["gain"] = 2
    run = open_run(path)
    assert run["a"].attrs == {"gain": 2}
    assert not run["a"].data_vars


# Time -----------------------------------------------------------------------------------------------------------------


def test_an_unlimited_axis_that_is_not_the_first_is_time(path: Path) -> None:
    values = np.arange(30.0).reshape(2, 5, 3)
    with h5py.File(path, "w") as file:
        growing(file, "x", values, axis=1)
    array = open_run(path, dt="2 ms")["a/x"]
    assert array.dims == ("row", "time", "column")
    assert array.time.values.tolist() == [0, 2, 4, 6, 8]
    np.testing.assert_array_equal(array.sel(time="4 ms").values, values[:, 2])


def test_a_square_array_has_no_time_unless_something_tells_and_that_is_told(path: Path) -> None:
    run = open_run(write_hdf5(path, x=np.zeros((4, 4)), one=1.0))
    assert dims(run["a"]) == {"x": ("row", "column"), "one": ()}
    assert run["a"].encoding["notes"] == [
        "a: x: a square array of which nothing tells which axis is time; --time-axis x=0 says that it is the first"
    ]


def test_a_guess_is_told_with_a_warning_that_points_here(path: Path) -> None:
    write_hdf5(path, x=np.zeros((4, 3)))
    with pytest.warns(TimeAxisWarning, match=rf"{path}: .* along axis 0 of /x; set time_axis") as caught:
        run = open_run(path)
    assert caught[0].filename == __file__
    assert dims(run["a"]) == {"x": ("time", "unit")}


def test_the_warning_names_the_axis_that_was_taken_and_few_of_many(path: Path) -> None:
    with h5py.File(path, "w") as file:
        growing(file, "a", np.zeros(6))
        for number in range(6):
            file[f"x{number}"] = np.zeros((2, 6, 6))
    with pytest.warns(TimeAxisWarning, match="axis 1 of /x0, axis 1 of /x1, .* and 2 more;"):
        open_run(path)


def test_what_the_file_tells_is_not_warned_of(path: Path) -> None:
    with h5py.File(write_hdf5(path, x=np.zeros((3, 5)), time=np.arange(5.0), weights=np.zeros((4, 4))), "a") as file:
        growing(file, "y", np.zeros((5, 5)))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        run = open_run(path)
    assert dims(run["a"]) == {"x": ("unit", "time"), "y": ("time", "unit_5"), "weights": ("row", "column")}


def test_stored_times_are_the_coordinate_unread(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with h5py.File(write_hdf5(path, x=np.zeros((3, 5)), time=np.array([0, 1, 2, 4, 8], "f4")), "a") as file:
        file["time"].attrs["unit"] = "ms"
    with monkeypatch.context() as patch:
        forbid_reads(patch)
        run = open_run(path)
    assert "time" not in run["a"].data_vars
    assert run["a/x"].time.attrs["units"] == "ms"
    assert run["a/x"].time.values.tolist() == [0, 1, 2, 4, 8]


def test_dt_stands_above_stored_times(path: Path) -> None:
    write_hdf5(path, x=np.zeros((3, 5)), time=np.arange(5.0))
    time = open_run(path, dt="0.1 s")["a/x"].time
    assert time.attrs["units"] == "s"
    np.testing.assert_allclose(time.values, np.arange(5) * 0.1)


@pytest.mark.parametrize(
    ("dt", "second", "unit"),
    [
        (None, 1, "step"),
        (2, 2, "ms"),
        (0.25, 0.25, "ms"),
        (np.float32(0.1), 0.1, "ms"),
        ("0.1 ms", 0.1, "ms"),
        ("0.1ms", 0.1, "ms"),
        (" 5 us ", 5, "us"),
        ("1e-4s", 1e-4, "s"),
        (".5 min", 0.5, "min"),
        ("3", 3, "ms"),
    ],
)
def test_the_duration_of_a_step(path: Path, dt: Any, second: float, unit: str) -> None:
    with h5py.File(path, "w") as file:
        growing(file, "x", np.zeros((5, 3)))
    time = open_run(path, dt=dt)["a/x"].time
    assert time.attrs["units"] == unit
    assert time.values[1] == pytest.approx(second, rel=1e-12)


@pytest.mark.parametrize(
    "dt", [0, -1, "0 ms", "-0.1 ms", "1 year", "1 MS", "fast", "", "nan", "inf ms", True, [[1]], {"x": "fast"}, b"1 ms"]
)
def test_a_duration_that_is_none(path: Path, dt: Any) -> None:
    write_component(path, "GC", {"x": np.zeros((5, 3))})
    with pytest.raises(SettingError, match="dt=.*: accepted is a positive duration such as '0.1 ms'"):
        open_run(path, dt=dt)


def test_different_time_lengths_in_one_file(path: Path) -> None:
    data = {"voltage": np.zeros((8, 3)), "rate": np.ones((2, 3)), "loss": np.full(4, 2.0)}
    with pytest.warns(TimeAxisWarning, match=r"dt=1 ms .* \(8 steps\) too: GC/loss \(4\), GC/rate \(2\); .* loss=10ms"):
        run = open_run(write_component(path, "GC", data | {"seed": np.array([3])}, tau=1), dt="1 ms")
    assert {name: list(node.data_vars) for name, node in run.children.items()} == {
        "GC": ["voltage"],
        "GC@4": ["loss"],
        "GC@2": ["rate"],
        "GC@1": ["seed"],
    }
    assert run["GC"].attrs["tau"] == 1
    assert run["GC@2/rate"].time.values.tolist() == [0, 1]


def test_different_time_lengths_in_groups(path: Path) -> None:
    with h5py.File(path, "w") as file:
        growing(file, "pop/voltage", np.zeros((8, 3)))
        growing(file, "pop/rate", np.zeros((2, 3)))
        growing(file, "input", np.zeros((2, 5)))
        file["pop"].attrs["tau"] = 2
    run = open_run(path)
    assert {node.path: list(node.data_vars) for node in run.subtree if node.data_vars} == {
        "/a/pop": ["voltage"],
        "/a@2": ["input"],
        "/a@2/pop": ["rate"],
    }
    assert run["a/pop"].attrs == run["a@2/pop"].attrs == {"tau": 2}


def test_time_is_selected_by_value_over_the_whole_tree(tmp_path: Path) -> None:
    for name in ("GC", "MC"):
        write_component(tmp_path / f"{name}.h5", name, {"x": np.arange(1000.0)[:, None] * np.ones(2)})
    part = open_run(tmp_path, dt="0.5 ms").sel(time=slice("100 ms", "200 ms"))
    for name in ("GC", "MC"):
        assert part[name]["x"].values[:, 0].tolist() == list(range(200, 401))
        assert part[name]["x"].time.values[[0, -1]].tolist() == [100, 200]


# Names that collide ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(), (5,), (3,), (5, 3), (5, 3, 3), (5, 2, 2, 2)], ids=str)
@pytest.mark.parametrize("name", ["time", "unit", "target", "source", "row", "column", "axis_1"])
@pytest.mark.parametrize("layout", ["sapicore", "generic"])
@pytest.mark.filterwarnings("ignore::pipeline.errors.TimeAxisWarning")
def test_a_dataset_may_have_the_name_of_a_dimension(
    path: Path, name: str, shape: tuple[int, ...], layout: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with h5py.File(path, "w") as file:
        if layout == "sapicore":
            file.attrs.update({"identifier": "a", "class": "X"})
        file[name] = np.full(shape, 7.0)
        growing(file, "v", np.zeros((5, 3)))
        growing(file, "w", np.zeros((5, 3, 3)))
        file["matrix"] = np.zeros((3, 3))
    with monkeypatch.context() as patch:
        forbid_reads(patch)
        run = open_run(path)
    arrays = {a.encoding["dataset"]: a for node in run.subtree for a in node.data_vars.values()}
    clock = layout == "generic" and name == "time" and shape in [(5,), (3,)]
    assert set(arrays) == {"/v", "/w", "/matrix"} | (set() if clock else {f"/{name}"})
    assert arrays["/v"].dims[0] == arrays["/w"].dims[0] == "time"
    for array in arrays.values():
        assert array.shape == h5py.File(path)[array.encoding["dataset"]].shape
        assert (array.values == (7 if array.encoding["dataset"] == f"/{name}" else 0)).all()


def test_dimensions_of_one_size_share_a_name_and_others_do_not(path: Path) -> None:
    data = {"a": np.zeros((5, 3)), "b": np.zeros((5, 4)), "c": np.zeros((5, 3)), "w": np.zeros((5, 3, 4))}
    run = open_run(write_component(path, "GC", data))
    assert dims(run["GC"]) == {
        "a": ("time", "unit"),
        "b": ("time", "unit_4"),
        "c": ("time", "unit"),
        "w": ("time", "target", "source"),
    }


def test_what_runs_in_time_has_the_plain_names(path: Path) -> None:
    with h5py.File(write_hdf5(path, delays=np.zeros(7), gains=np.zeros((7, 7))), "a") as file:
        growing(file, "voltage", np.zeros((5, 3)))
    assert dims(open_run(path)["a"]) == {
        "delays": ("unit_7",),
        "gains": ("row", "column"),
        "voltage": ("time", "unit"),
    }


def test_a_scale_does_not_become_labels_that_are_read(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with h5py.File(write_hdf5(path, v=np.zeros((5, 3)), time=np.arange(5.0), unit=np.arange(3)), "a") as file:
        for axis, name in enumerate(["time", "unit"]):
            file[name].make_scale(name)
            file["v"].dims[axis].attach_scale(file[name])
    with monkeypatch.context() as patch:
        forbid_reads(patch)
        run = open_run(path)
    assert run["a/v"].dims == ("time", "unit")
    assert run["a"].encoding["left_out"] == {"/unit": "labels of a dimension"}
    assert run["a/v"].attrs == {"origin": "a/v"}


def test_each_variable_has_its_own_clock_and_no_node_is_below_one_of_another(path: Path) -> None:
    write_hdf5(
        path,
        v=np.zeros((9, 3)),
        w=np.zeros((9, 2)),
        x=np.zeros((9, 2)),
        time=np.arange(9.0),
        slow__time=np.arange(9.0) * 20,
        slow__ca=np.zeros((9, 3)),
        slow__deep__ca=np.zeros((9, 3)),
        shifted=np.arange(9.0) + 100,
    )
    with h5py.File(path, "a") as file:
        file["shifted"].make_scale("time")
        file["shifted"].attrs["axis"] = "T"
        file["w"].dims[0].attach_scale(file["shifted"])
    run = open_run(path, dt={"x": "3 ms"})
    held = {node.path: (list(node.data_vars), node.time.values[1].item()) for node in run.subtree if node.data_vars}
    assert held == {
        "/a": (["v"], 1.0),
        "/a@9-2": (["w"], 101.0),
        "/a@9-3": (["x"], 3.0),
        "/a@9-4/slow": (["ca"], 20.0),
        "/a@9-4/slow/deep": (["ca"], 20.0),
    }
    assert {component_name(node) for node in run.subtree if node.data_vars} == {"a", "a/slow", "a/slow/deep"}


def test_a_duration_by_name(path: Path) -> None:
    with h5py.File(path, "w") as file:
        growing(file, "v", np.zeros((90, 3)))
        growing(file, "pop/weights", np.zeros((9, 3, 3)))
    for name in ("weights", "pop/weights", "a/pop/weights"):
        for dt in ({"": "0.1 ms", name: "1 ms"}, ["0.1ms", f"{name}=1ms"]):
            run = open_run(path, dt=dt)
            assert run["a/v"].time.values[-1] == pytest.approx(8.9)
            assert run["a@9/pop/weights"].time.values[-1] == 8
    with pytest.raises(SettingError, match=r"dt of 'weight': no variable of that name; did you mean 'weights'\?"):
        open_run(path, dt={"weight": "1 ms"})
    with pytest.raises(SettingError, match="one duration for each variable"):
        open_run(path, dt=["1ms", "2ms"])


# Links ----------------------------------------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore::pipeline.errors.TimeAxisWarning")
def test_external_links_are_read_from_the_other_file(tmp_path: Path) -> None:
    write_hdf5(tmp_path / "store.dat", deep__x=np.full((5, 3), 7.0), x=np.zeros((5, 3)), deep__time=np.arange(5.0) * 2)
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["voltage"] = h5py.ExternalLink("store.dat", "/deep/x")
        file["group"] = h5py.ExternalLink("store.dat", "/deep")
        growing(file, "x", np.ones((5, 3)))
    run = open_run(tmp_path)
    assert {name: float(run[f"a/{name}"].mean()) for name in ("voltage", "x")} | {
        "group/x": float(run["a@5-2/group/x"].mean())
    } == {
        "voltage": 7,
        "group/x": 7,
        "x": 1,
    }
    assert run["a@5-2/group/x"].time.values.tolist() == [0, 2, 4, 6, 8]
    assert run["a/voltage"].encoding["source"] == str(tmp_path / "store.dat")
    assert run["a/voltage"].encoding["dataset"] == "/deep/x"


def test_soft_and_hard_links_and_dead_ones(path: Path) -> None:
    with h5py.File(path, "w") as file:
        growing(file, "x", np.full((5, 3), 7.0))
        file["soft"] = h5py.SoftLink("/x")
        file["hard"] = file["x"]
        file["dead"] = h5py.SoftLink("/nowhere")
        file["gone"] = h5py.ExternalLink("gone.h5", "/x")
    run = open_run(path)
    assert {str(name): float(array.mean()) for name, array in run["a"].data_vars.items()} == {
        "x": 7,
        "soft": 7,
        "hard": 7,
    }
    assert run["a"].encoding["left_out"] == dict.fromkeys(["/dead", "/gone"], "a link that leads nowhere")


@pytest.mark.parametrize("way", ["external", "through", "virtual", "raw"])
@pytest.mark.filterwarnings("ignore::pipeline.errors.TimeAxisWarning")
def test_links_that_lead_out_of_the_folder_are_followed_only_if_that_is_allowed(tmp_path: Path, way: str) -> None:
    (tmp_path / "run").mkdir()
    secret = write_hdf5(tmp_path / "secret.h5", x=np.full((5, 3), 7.0))
    (tmp_path / "secret.bin").write_bytes(np.full((5, 3), 7.0).tobytes())
    with h5py.File(tmp_path / "run" / "a.h5", "w") as file:
        growing(file, "v", np.ones((5, 3)))
        if way == "external":
            file["x"] = h5py.ExternalLink("../secret.h5", "/x")
        elif way == "through":
            file["there"], file["x"] = h5py.ExternalLink(str(secret), "/"), h5py.SoftLink("/there/x")
        elif way == "virtual":
            layout = h5py.VirtualLayout((5, 3), "f8")
            layout[:] = h5py.VirtualSource(secret, "x", (5, 3))
            file.create_virtual_dataset("x", layout)
        else:
            file.create_dataset("x", (5, 3), "f8", external=[(str(tmp_path / "secret.bin"), 0, 120)])
    for path in (tmp_path / "run", tmp_path / "run" / "a.h5"):
        node = open_run(path)["a"]
        told = [*node.encoding["left_out"].values(), *node.encoding["notes"]]
        assert any(f"which is outside of {tmp_path}/run; --follow-links allows it" in line for line in told)
        assert "x" not in node or np.isnan(node["x"].values).all()
        assert (open_run(path, follow_links=True)["a"]["x"].values == 7).all()
    write_hdf5(tmp_path / "run" / "b.h5", x=np.ones(3))
    if way == "external":
        assert (open_run(tmp_path / "run", follow_links=True)["a"]["x"].values == 7).all()


# The user's word on time ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("said", [1, -1, {"x": 1}, {"a/x": "column"}, ["x=1"], ["0", "x=column"], {"": 1}])
def test_the_axis_that_the_user_says(path: Path, said: Any) -> None:
    values = np.arange(16.0).reshape(4, 4)
    run = open_run(write_hdf5(path, x=values), time_axis=said)
    assert run["a/x"].dims == ("row", "time")
    assert run["a/x"].encoding["why"] == "as you say"
    assert run["a"].encoding["notes"] == []
    np.testing.assert_array_equal(run["a/x"].isel(time=2), values[:, 2])


def test_it_goes_before_what_the_file_says_and_takes_its_clock_along_where_that_fits(path: Path) -> None:
    write_hdf5(path, x=np.zeros((4, 4)), y=np.zeros((4, 3)), time=np.arange(4.0) * 2)
    run = open_run(path, time_axis={"x": 1, "y": 1})
    assert run["a/x"].dims == ("unit", "time")
    assert run["a/x"].time.values.tolist() == [0, 2, 4, 6]
    assert run["a@3/y"].dims == ("unit", "time")
    assert run["a@3/y"].time.attrs["units"] == "step"


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"x": 5}, "time_axis of 'x': 5: accepted is -2 to 1, or one of row, column"),
        ({"x": "depth"}, "time_axis of 'x': 'depth': accepted is -2 to 1"),
        ({"z": 0}, "time_axis of 'z': no variable of that name"),
        ([""], "accepted is the number of an axis or its name"),
        (["x=0", "x=1"], "one a variable"),
    ],
)
def test_an_axis_that_there_is_not(path: Path, said: Any, why: str) -> None:
    write_hdf5(path, x=np.zeros((4, 4)))
    with pytest.raises(SettingError, match=re.escape(why)):
        open_run(path, time_axis=said)


# Values and attributes ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["?", "i1", "i8", "u2", ">i4", "f2", "f4", "f8", ">f8"])
def test_numbers_keep_their_type_in_native_byte_order(path: Path, dtype: str) -> None:
    values = np.array([[0, 1], [1, 0], [1, 1]]).astype(dtype)
    with h5py.File(path, "w") as file:
        growing(file, "x", values)
    array = open_run(path)["a/x"]
    assert array.dtype == np.dtype(dtype).newbyteorder("=")
    assert array.values.dtype == array.dtype
    np.testing.assert_array_equal(array.values, values)


def test_enumerations_are_their_numbers(path: Path) -> None:
    with h5py.File(path, "w") as file:
        growing(file, "x", np.array([0, 2, 1], h5py.enum_dtype({"rest": 0, "up": 1, "down": 2}, "u1")))
    array = open_run(path)["a/x"]
    assert array.dtype == np.uint8
    assert array.values.tolist() == [0, 2, 1]


def test_single_values_and_empty_datasets(path: Path) -> None:
    with h5py.File(path, "w") as file:
        file["gain"] = 2.5
        file["on"] = True
        growing(file, "x", np.zeros((0, 3)))
        growing(file, "y", np.zeros((4, 0)))
    run = open_run(path)
    assert run["a/gain"] == 2.5
    assert run["a/on"].dtype == bool
    assert run["a@0/x"].shape == (0, 3)
    assert run["a@0/x"].values.shape == (0, 3)
    assert run["a/y"].shape == (4, 0)


def test_what_cannot_be_drawn_is_left_out_with_a_word(path: Path) -> None:
    write_hdf5(path, note="hello", pair=np.zeros(3, [("a", "f4")]), deep__note="hi", x=1.0)
    run = open_run(path)
    assert [str(name) for node in run.subtree for name in node.data_vars] == ["x"]
    assert run["a"].encoding["left_out"] == {
        "/note": "strings",
        "/pair": "a table without a column of times",
        "/deep/note": "strings",
    }


def test_attributes_and_encoding_of_a_variable(path: Path) -> None:
    with h5py.File(path, "w") as file:
        stored = growing(file, "x", np.zeros((5, 3)), chunks=(1, 3), compression="lzf")
        stored.attrs.update({"units": "mV", "low": np.float32(-80), "ref": file.ref, "none": h5py.Empty("f4")})
    array = open_run(path)["a/x"]
    assert array.attrs == {"units": "mV", "low": -80.0, "origin": "a/x"}
    expected = {"source": str(path), "dataset": "/x", "chunksizes": (1, 3), "filter": "lzf"}
    assert array.encoding.items() >= expected.items()


def test_an_array_taken_out_of_the_tree_knows_whose_it_is(tmp_path: Path) -> None:
    for name in ("a", "b"):
        with h5py.File(tmp_path / f"{name}.h5", "w") as file:
            file.attrs["identifier"] = "net/GC"
            growing(file, "deep/group/x", np.zeros((5, 3)))
            growing(file, "y", np.zeros((9, 3)))
    run = open_run(tmp_path)
    found = {node.path: array.encoding["component"] for node in run.subtree for array in node.data_vars.values()}
    assert found == {
        "/net_GC": "net/GC",
        "/net_GC@5/deep/group": "net/GC/deep/group",
        "/b": "b",
        "/b@5/deep/group": "b/deep/group",
    }


def test_a_relative_path_is_found_from_another_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_component(tmp_path / "run" / "GC.h5", "GC", {"x": np.full((5, 3), 7.0)})
    monkeypatch.chdir(tmp_path)
    run = open_run("run")
    monkeypatch.chdir("/")
    assert run["GC/x"].mean() == 7


# Laziness -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def everything(path: Path) -> Path:
    """A file with some of everything."""
    with h5py.File(path, "w") as file:
        growing(file, "voltage", np.zeros((20, 3)), chunks=(1, 3), compression="lzf")
        growing(file, "net/spiked", np.zeros((20, 3), bool))
        growing(file, "net/rate", np.zeros((5, 3)))
        file["net/weights"] = np.zeros((4, 4))
        file["net/gain"] = 2.0
        file["slow/time"] = np.arange(7.0)
        file["slow/x"] = np.zeros((7, 2))
        file["note"] = "hello"
    return path


def test_opening_reads_no_dataset_and_leaves_no_file_open(everything: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = everything.read_bytes(), everything.stat().st_mtime_ns
    forbid_reads(monkeypatch)
    run = open_run(everything)
    assert len(repr(run)) + len(run._repr_html_()) > 1000
    assert h5py.h5f.get_obj_count(h5py.h5f.OBJ_ALL, h5py.h5f.OBJ_FILE) == 0
    assert (everything.read_bytes(), everything.stat().st_mtime_ns) == before


def test_a_lazy_variable_pickles_small(everything: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = open_run(everything, dt={"voltage": "1 ms"})
    variable = run["a/voltage"].variable.isel(time=slice(2, 10, 2))
    with monkeypatch.context() as patch:
        forbid_reads(patch)
        data = pickle.dumps(variable)
        assert len(data) < 5000
        assert len(pickle.dumps(run)) < 20_000
    assert pickle.loads(data).shape == (4, 3)
    np.testing.assert_array_equal(pickle.loads(data).values, np.zeros((4, 3)))


def test_a_run_that_grows_is_as_long_as_when_it_was_opened(path: Path) -> None:
    write_component(path, "GC", {"x": np.arange(5.0)[:, None] * np.ones(3)})
    before = open_run(path)["GC/x"]
    with h5py.File(path, "a") as file:
        file["x"].resize(9, axis=0)
        file["x"][5:] = 100
    for part in [slice(None), slice(None, None, 2), slice(None, None, -1), slice(2, None), -1, [-1, 0]]:
        np.testing.assert_array_equal(before.isel(time=part).values[..., 0], np.arange(5.0)[part])
    assert open_run(path)["GC/x"].values[:, 0].tolist() == [0, 1, 2, 3, 4, 100, 100, 100, 100]


@pytest.mark.parametrize("shape", [(4, 3), (5, 2), (5,), (5, 3, 3)])
def test_a_dataset_that_became_smaller_is_an_error(path: Path, shape: tuple[int, ...]) -> None:
    before = open_run(write_component(path, "GC", {"x": np.zeros((5, 3))}))["GC/x"]
    write_component(path, "GC", {"x": np.zeros(shape)})
    with pytest.raises(SourceError, match=r"/x: cannot be read \(its shape was \(5, 3\) when it was opened"):
        before.isel(time=slice(3, 5)).to_numpy()


# What is wrong with a file --------------------------------------------------------------------------------------------


def scramble(signature: bytes) -> Callable[[Path], None]:
    """Return what spoils a part of HDF5's own structure."""

    def spoil(path: Path) -> None:
        content = path.read_bytes()
        assert signature in content
        path.write_bytes(content.replace(signature, b"XXXX"))

    return spoil


BROKEN: dict[str, tuple[Callable[[Path], Any], str]] = {
    "text": (lambda path: path.write_text("t,v\n0,1\n"), "not an HDF5 file"),
    "zero bytes": (lambda path: path.write_bytes(b""), "not an HDF5 file"),
    "truncated": (lambda path: path.write_bytes(path.read_bytes()[:1000]), "truncated HDF5 file"),
    "no directory": (scramble(b"TREE"), "a damaged HDF5 file"),
    "no names": (scramble(b"HEAP"), "a damaged HDF5 file"),
    "no members": (scramble(b"SNOD"), "a damaged HDF5 file"),
}


@pytest.fixture(params=BROKEN)
def broken(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, str]:
    """A run folder in which the second of three files is broken."""
    for name in ("a", "b", "c"):
        write_component(tmp_path / "run" / f"{name}.h5", name, {"x": np.zeros((5, 3))})
    spoil, why = BROKEN[request.param]
    spoil(tmp_path / "run" / "b.h5")
    return tmp_path / "run", why


def test_a_broken_file_is_named_in_one_line(broken: tuple[Path, str]) -> None:
    folder, why = broken
    with pytest.raises(SourceError, match=rf"^{folder}/b\.h5: [^\n]*{why}[^\n]*$"):
        open_run(folder)


def test_the_others_are_opened_all_the_same(broken: tuple[Path, str]) -> None:
    folder, why = broken
    errors: list[PipelineError] = []
    run = open_run(folder, on_error=errors.append)
    assert list(run.children) == ["a", "c"]
    assert len(errors) == 1
    assert why in str(errors[0])


def test_a_wrong_path_is_an_error_even_where_errors_are_collected(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no such file or folder"):
        open_run(tmp_path / "nowhere", on_error=lambda error: None)


def test_a_named_file_needs_no_ending(tmp_path: Path) -> None:
    write_component(tmp_path / "run.out", "GC", {"x": np.zeros((5, 3))})
    assert list(open_run(tmp_path / "run.out").children) == ["GC"]


@pytest.mark.skipif(not EPL.exists(), reason="the run in ../shared/data/epl is not there")
def test_a_real_run(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        forbid_reads(patch)
        run = open_run(EPL, dt="1 ms")
    assert {name: sorted(map(str, node.data_vars)) for name, node in run.children.items()} == {
        "GC--MC": ["connections", "output", "weights"],
        "GC": ["input", "spiked", "voltage"],
        "MC--GC": ["connections", "output", "weights"],
        "MC": ["input", "spiked", "voltage"],
    }
    assert run["GC--MC/weights"].dims == ("time", "target", "source")
    assert run["GC"].attrs["tau_mem"].shape == (64,)
    assert "..." in run["GC--MC"].attrs["tau_plus"]
    assert node_settings(run["GC--MC"])["simple_delays"] is True
    assert run["GC"].encoding["left_out"] == {}
    assert run["GC/voltage"].sel(time=slice("100 ms", "200 ms")).shape == (101, 64)


# What xarray makes of it ----------------------------------------------------------------------------------------------


@pytest.fixture
def mixed(path: Path) -> Path:
    """A file of filters, settings and clocks of several kinds."""
    with h5py.File(path, "w") as file:
        for number, filters in enumerate(({}, {"compression": "gzip", "shuffle": True}, {"compression": "lzf"})):
            values = np.random.default_rng(number).normal(size=(200, 3))
            file.create_dataset(f"v{number}", data=values, chunks=(10, 3), **filters)
        file["time"] = np.arange(200) * 0.1
        file["time"].attrs["units"] = "ms"
        file["counts"] = np.arange(600, dtype="i2").reshape(200, 3)
        file["counts"].attrs.update(scale_factor=0.5, _FillValue=np.int16(7))
        file["slow/time"] = np.cumsum(np.random.default_rng(1).random(200))
        file["slow/ca"] = np.zeros((200, 3))
        file.attrs.update({"plastic": True, "tau": 2.5, "rule": "STDP", "seed": 7, "delays": [1.0, 2.0]})
    return path


@pytest.mark.parametrize("open_it", [open_run, partial(xr.open_datatree, engine="hdf2tb")], ids=["open_run", "engine"])
@pytest.mark.parametrize("form", ["netcdf", "zarr", "pickle", "copy"])
def test_a_run_goes_through_what_xarray_users_do(mixed: Path, tmp_path: Path, open_it: Any, form: str) -> None:
    run = open_it(mixed)
    if form == "netcdf":
        run.to_netcdf(tmp_path / "out.nc", engine="netcdf4")
        again = xr.open_datatree(tmp_path / "out.nc", engine="netcdf4", decode_times=False)
    elif form == "zarr":
        run.to_zarr(tmp_path / "out.zarr", consolidated=False, zarr_format=2)
        again = xr.open_datatree(tmp_path / "out.zarr", engine="zarr", consolidated=False, decode_times=False)
    else:
        again = pickle.loads(pickle.dumps(run)) if form == "pickle" else run.copy(deep=True)
    for node in run.subtree:
        for name, array in node.data_vars.items():
            np.testing.assert_array_equal(again[node.path][name].values, array.values)
            np.testing.assert_array_equal(again[node.path][name].time.values, array.time.values)
            assert again[node.path][name].time.attrs["units"] == array.time.attrs["units"]
    found = again["a"].attrs
    assert (found["plastic"], found["tau"], found["rule"], found["seed"]) == (True, 2.5, "STDP", 7)


def test_truth_values_stay_what_they_are_among_settings(mixed: Path) -> None:
    assert node_settings(open_run(mixed)["a"])["plastic"] is True
    assert plan_run(open_run(mixed), parse_plots([{"plastic": {"kind": "hparam"}}])).hparams == {"a/plastic": True}
