"""Where time runs in a file that follows no known layout, in the order of trust that the module states."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest

from pipeline.opening.layouts.generic import Generic
from pipeline.opening.layouts.protocol import Component, Stored, Times
from tests.common import write_hdf5


def read(path: Path) -> Component:
    with h5py.File(path) as file:
        return Generic().read(file)


def stored(path: Path) -> dict[str, Stored]:
    return {item.name: item for item in read(path).stored}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "a.h5"


@pytest.mark.parametrize("label", ["time", "Time", "t", "timestamps"])
def test_a_label_named_like_time(path: Path, label: str) -> None:
    with h5py.File(path, "w") as file:
        file.create_dataset("x", data=np.zeros((4, 4)), maxshape=(None, 4)).dims[1].label = label
    assert stored(path)["/x"] == Stored("/x", ("unit", "time"))


def test_another_label_names_its_dimension(path: Path) -> None:
    with h5py.File(path, "w") as file:
        file.create_dataset("x", data=np.zeros((4, 4)), maxshape=(None, 4)).dims[1].label = "T"
    assert stored(path)["/x"].dims == ("time", "T")


def test_a_dimension_scale_named_like_time(path: Path) -> None:
    with h5py.File(write_hdf5(path, x=np.zeros((3, 5)), axes__time=np.arange(5.0), axes__unit=np.arange(3)), "a") as f:
        for axis, name in enumerate(["axes/unit", "axes/time"]):
            f[name].make_scale()
            f["x"].dims[axis].attach_scale(f[name])
    assert stored(path) == {"/x": Stored("/x", ("unit", "time"), Times("/axes/time"))}


def test_a_scale_names_its_dimension_and_is_no_series(path: Path) -> None:
    with h5py.File(write_hdf5(path, x=np.zeros((5, 3)), time=np.arange(5.0), cell=np.array([101, 205, 333])), "a") as f:
        f["cell"].make_scale()
        f["x"].dims[1].attach_scale(f["cell"])
        component = Generic().read(f)
    assert component.stored == [Stored("/x", ("time", "cell"), Times("/time"))]
    assert component.left_out == {"/cell": "labels of a dimension"}


@pytest.mark.parametrize(
    ("name", "attrs"),
    [("depth", {"units": "days since 2000-01-01"}), ("n", {"axis": "T"}), ("n", {"standard_name": "time"})],
)
def test_a_scale_of_time_by_what_cf_says(path: Path, name: str, attrs: dict[str, str]) -> None:
    with h5py.File(write_hdf5(path, **{"x": np.zeros((3, 5)), name: np.arange(5.0)}), "a") as file:
        file[name].make_scale()
        file[name].attrs.update(attrs)
        file["x"].dims[1].attach_scale(file[name])
    assert stored(path)["/x"] == Stored("/x", ("unit", "time"), Times(f"/{name}"))


def test_an_attached_clock_goes_before_the_one_beside(path: Path) -> None:
    with h5py.File(write_hdf5(path, x=np.zeros((5, 3)), time=np.arange(5.0), slow__time=np.arange(5.0) * 9), "a") as f:
        f["slow/time"].make_scale()
        f["x"].dims[0].attach_scale(f["slow/time"])
    assert stored(path)["/x"].times == Times("/slow/time")


@pytest.mark.parametrize(
    ("maxshape", "dims"),
    [
        ((None, 4, 4), ("time", "row", "column")),
        ((4, None, 4), ("row", "time", "column")),
        ((4, 4, None), ("row", "column", "time")),
    ],
)
def test_the_one_unlimited_axis(path: Path, maxshape: tuple[int | None, ...], dims: tuple[str, ...]) -> None:
    with h5py.File(path, "w") as file:
        file.create_dataset("x", data=np.zeros((4, 4, 4)), maxshape=maxshape)
    assert stored(path)["/x"] == Stored("/x", dims)


def test_two_unlimited_axes_say_nothing(path: Path) -> None:
    with h5py.File(path, "w") as file:
        file.create_dataset("x", data=np.zeros((3, 4)), maxshape=(None, None))
    assert stored(path)["/x"] == Stored("/x", ("time", "unit"), guessed=True)


@pytest.mark.parametrize("clock", ["time", "t", "Times", "timestamp"])
def test_times_beside_it_of_the_length_of_an_axis(path: Path, clock: str) -> None:
    write_hdf5(path, **{"x": np.zeros((3, 5)), clock: np.arange(5.0)})
    assert list(stored(path).values()) == [Stored("/x", ("unit", "time"), Times(f"/{clock}"))]


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("T", np.arange(5.0)),  # a temperature
        ("time", np.zeros((5, 2))),
        ("time", np.zeros(5, bool)),
        ("time", np.zeros(5, complex)),
        ("run_time", np.arange(5.0)),
    ],
)
def test_what_is_no_clock(path: Path, name: str, values: np.ndarray) -> None:
    with h5py.File(write_hdf5(path, **{name: values}), "a") as file:
        file.create_dataset("x", data=np.zeros((5, 3)), maxshape=(None, 3))
    assert stored(path)["/x"].times is None


def test_times_that_fit_both_axes_make_it_a_guess(path: Path) -> None:
    write_hdf5(path, x=np.zeros((5, 5)), time=np.arange(5.0))
    assert stored(path)["/x"] == Stored("/x", ("time", "unit"), Times("/time"), guessed=True)


def test_the_length_that_others_have(path: Path) -> None:
    with h5py.File(write_hdf5(path, x=np.zeros((3, 6)), y=np.zeros((3, 4)), z=np.zeros((2, 6, 6))), "a") as file:
        file.create_dataset("a", data=np.zeros(6), maxshape=(None,))
    assert list(stored(path).values()) == [
        Stored("/a", ("time",)),
        Stored("/x", ("unit", "time"), guessed=True),
        Stored("/y", ("row", "column")),
        Stored("/z", ("row", "time", "column"), guessed=True),
    ]


@pytest.mark.parametrize("shape", [(7,), (7, 3), (7, 3, 2), (7, 7, 7)])
def test_with_no_word_axis_0_is_a_guess(path: Path, shape: tuple[int, ...]) -> None:
    found = stored(write_hdf5(path, x=np.zeros(shape)))["/x"]
    assert found.guessed
    assert found.dims.index("time") == 0


def test_a_single_value_has_no_time(path: Path) -> None:
    assert stored(write_hdf5(path, x=1.5))["/x"] == Stored("/x", ())


def test_times_are_those_of_the_nearest_group(path: Path) -> None:
    write_hdf5(
        path,
        time=np.arange(5.0),
        a__time=np.arange(5.0),
        a__x=np.zeros((5, 2)),
        b__x=np.zeros((5, 2)),
        b__c__x=np.zeros((5, 2)),
        ab__x=np.zeros((5, 2)),
        a__d__x=np.zeros((5, 2)),
    )
    assert {name: item.times and item.times.dataset for name, item in stored(path).items()} == {
        "/a/x": "/a/time",
        "/a/d/x": "/a/time",
        "/b/x": "/time",
        "/b/c/x": "/time",
        "/ab/x": "/time",
    }


def test_times_of_a_group_beside_are_not_taken(path: Path) -> None:
    write_hdf5(path, a__time=np.arange(5.0), b__x=np.zeros((5, 2)))
    assert stored(path) == {
        "/b/x": Stored("/b/x", ("time", "unit"), guessed=True),
        "/a/time": Stored("/a/time", ("time",)),
    }


def test_times_that_nothing_runs_along_are_shown_themselves(path: Path) -> None:
    found = stored(write_hdf5(path, spikes__timestamps=np.arange(5.0), x=np.zeros((7, 2)), time=np.arange(7.0)))
    assert list(found) == ["/x", "/spikes/timestamps"]
    assert found["/spikes/timestamps"] == Stored("/spikes/timestamps", ("time",))


@pytest.mark.parametrize(("identifier", "name"), [(None, None), ("GC", "GC"), (7, "7")])
def test_the_name_is_the_identifier_if_there_is_one(path: Path, identifier: object, name: str | None) -> None:
    with h5py.File(path, "w") as file:
        if identifier is not None:
            file.attrs["identifier"] = identifier
    assert read(path).name == name


def test_times_of_stimuli_do_not_make_neurons_time(path: Path) -> None:
    write_hdf5(path, v=np.zeros((500, 10)), stimulus__times=np.linspace(100.0, 400.0, 10), cells__v=np.zeros((500, 10)))
    found = stored(path)
    assert found["/v"] == Stored("/v", ("time", "unit"), guessed=True)
    assert found["/stimulus/times"] == Stored("/stimulus/times", ("time",))


def test_times_beside_it_that_fit_the_shorter_axis_are_told(path: Path) -> None:
    write_hdf5(path, v=np.zeros((500, 10)), times=np.linspace(100.0, 400.0, 10))
    assert stored(path)["/v"] == Stored("/v", ("unit", "time"), Times("/times"), guessed=True)


@pytest.mark.parametrize("times", [499, 501])
def test_one_time_more_or_less_is_told_and_not_obeyed(path: Path, times: int) -> None:
    write_hdf5(path, v=np.zeros((500, 3)), time=np.arange(float(times)))
    with h5py.File(path) as file:
        component = Generic().read(file)
    assert component.stored[0] == Stored("/v", ("time", "unit"), guessed=True)
    assert component.notes == [f"v: time has {times} times for 500 steps; steps are counted instead"]


@pytest.mark.parametrize("shape", [(5, 1), (1, 5)])
def test_a_column_or_a_row_is_a_clock(path: Path, shape: tuple[int, int]) -> None:
    write_hdf5(path, x=np.zeros((5, 3)), t=np.arange(5.0).reshape(shape))
    assert list(stored(path).values()) == [Stored("/x", ("time", "unit"), Times("/t"))]


@pytest.mark.parametrize(("name", "unit"), [("time_ms", "ms"), ("t_s", "s"), ("timestamps_ns", "ns"), ("time", "")])
def test_a_unit_in_the_name(path: Path, name: str, unit: str) -> None:
    write_hdf5(path, **{"x": np.zeros((5, 3)), name: np.arange(5)})
    assert stored(path)["/x"].times == Times(f"/{name}", unit=unit)


def test_dates_are_a_clock(path: Path) -> None:
    dates = np.arange("2024-01-01", "2024-01-06", dtype="M8[D]").astype("M8[ns]")
    with h5py.File(path, "w") as file:
        file["x"] = np.zeros((5, 3))
        file.create_dataset("time", data=dates.astype(h5py.opaque_dtype(dates.dtype)))
    assert stored(path)["/x"].times == Times("/time")
