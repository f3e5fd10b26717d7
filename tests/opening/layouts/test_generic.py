"""Where time runs in a file that follows no known layout, in the order of trust that the module states."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest

from pipeline.opening.layouts.generic import Generic
from pipeline.opening.layouts.protocol import Component, Stored
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


def test_another_label_says_nothing(path: Path) -> None:
    with h5py.File(path, "w") as file:
        file.create_dataset("x", data=np.zeros((4, 4)), maxshape=(None, 4)).dims[1].label = "T"
    assert stored(path)["/x"].dims == ("time", "unit")


def test_a_dimension_scale_named_like_time(path: Path) -> None:
    with h5py.File(write_hdf5(path, x=np.zeros((3, 5)), axes__time=np.arange(5.0), axes__unit=np.arange(3)), "a") as f:
        for axis, name in enumerate(["axes/unit", "axes/time"]):
            f[name].make_scale()
            f["x"].dims[axis].attach_scale(f[name])
    found = stored(path)
    assert found["/x"].dims == ("unit", "time")
    assert found["/axes/unit"].dims == ("unit",)


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
    assert list(stored(path).values()) == [Stored("/x", ("unit", "time"), f"/{clock}")]


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
    assert stored(path)["/x"] == Stored("/x", ("time", "unit"), "/time", guessed=True)


def test_the_length_that_others_have(path: Path) -> None:
    with h5py.File(write_hdf5(path, x=np.zeros((3, 6)), y=np.zeros((3, 4)), z=np.zeros((2, 6, 6))), "a") as file:
        file.create_dataset("a", data=np.zeros(6), maxshape=(None,))
    assert list(stored(path).values()) == [
        Stored("/a", ("time",)),
        Stored("/x", ("unit", "time")),
        Stored("/y", ("row", "column")),
        Stored("/z", ("row", "time", "column"), guessed=True),
    ]


@pytest.mark.parametrize("shape", [(7,), (7, 3), (7, 7), (7, 3, 2)])
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
    assert {name: item.times for name, item in stored(path).items()} == {
        "/a/x": "/a/time",
        "/a/d/x": "/a/time",
        "/b/x": "/time",
        "/b/c/x": "/time",
        "/ab/x": "/time",
    }


def test_times_of_a_group_beside_are_not_taken(path: Path) -> None:
    write_hdf5(path, a__time=np.arange(5.0), b__x=np.zeros((5, 2)))
    assert stored(path) == {"/b/x": Stored("/b/x", ("time", "unit")), "/a/time": Stored("/a/time", ("time",))}


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
