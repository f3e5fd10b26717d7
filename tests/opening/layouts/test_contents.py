"""One odd dataset, attribute, link or name is left out with a word, and nothing else with it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

from pipeline import open_run
from pipeline.cli import main
from tests.common import accumulated


def of_24_bits(file: h5py.File) -> None:
    kind = h5py.h5t.STD_I32LE.copy()
    kind.set_size(3)
    h5py.h5d.create(file.id, b"odd", kind, h5py.h5s.create_simple((5, 2)))


def a_time_of_hdf5(file: h5py.File) -> None:
    h5py.h5d.create(file.id, b"odd", h5py.h5t.UNIX_D32LE, h5py.h5s.create_simple((5,)))


def a_name_in_latin_1(file: h5py.File) -> None:
    file.create_dataset(b"od\xe9", data=np.zeros(5))


def a_link_to_itself(file: h5py.File) -> None:
    file["odd"] = h5py.SoftLink("/odd")


def a_link_to_a_file_that_is_not_there(file: h5py.File) -> None:
    file["odd"] = h5py.ExternalLink("nowhere.h5", "/x")


def an_attribute_of_24_bits(file: h5py.File) -> None:
    kind = h5py.h5t.STD_I32LE.copy()
    kind.set_size(3)
    h5py.h5a.create(file.id, b"odd", kind, h5py.h5s.create(h5py.h5s.SCALAR))


ODD: list[tuple[Callable[[h5py.File], None], str | None]] = [
    (of_24_bits, "/odd: values of a type that h5py does not know"),
    (a_time_of_hdf5, "/odd: values of a type that h5py does not know"),
    (a_name_in_latin_1, "/od\N{REPLACEMENT CHARACTER}: a name that is not UTF-8"),
    (a_link_to_itself, "/odd: a link that leads nowhere"),
    (a_link_to_a_file_that_is_not_there, "/odd: a link that leads nowhere"),
    (an_attribute_of_24_bits, None),
]


@pytest.mark.parametrize(("make", "why"), ODD, ids=lambda value: getattr(value, "__name__", ""))
def test_what_is_odd_is_left_out_with_a_word_and_the_rest_is_there(
    tmp_path: Path, make: Callable[[h5py.File], None], why: str | None
) -> None:
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        file.attrs["gain"] = 2.0
        file["v"] = np.arange(20.0).reshape(10, 2)
        file["v"].dims[0].label = "time"
        make(file)
    run = open_run(path)
    left_out = [f"{name}: {reason}" for name, reason in run["a"].encoding["left_out"].items()]
    assert [line[: len(why)] for line in left_out] == [why] if why else left_out == []
    assert run["a"].attrs["gain"] == 2.0
    np.testing.assert_array_equal(run["a"].v.values, np.arange(20.0).reshape(10, 2))
    assert main(["convert", str(path), "--out", str(tmp_path / "tb")]) == 0
    assert len(accumulated(tmp_path / "tb" / "a").Scalars("a/N1/v")) == 10
    assert main(["inspect", str(path)]) == 0


def test_a_file_of_a_name_that_is_not_utf_8_is_converted(tmp_path: Path) -> None:
    path = tmp_path / "r\udce9sultat.h5"
    try:
        with h5py.File(path, "w") as file:
            file["v"] = np.zeros((10, 2))
            file["v"].dims[0].label = "time"
    except (OSError, UnicodeError):
        pytest.skip("this file system has no such names")
    assert main(["convert", str(path), "--out", str(tmp_path / "tb")]) == 0
    name = "r\N{REPLACEMENT CHARACTER}sultat"
    assert accumulated(tmp_path / "tb" / name).Tags()["scalars"] == [f"{name}/N0/v", f"{name}/N1/v"]
