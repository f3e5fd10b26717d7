"""Files of MATLAB: text is text, what is empty is empty, and a column is a clock."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np

from pipeline.opening import open_run
from pipeline.opening.layouts.matlab import Matlab


def put(file: h5py.File, name: str, values: Any, kind: str = "double", **attrs: Any) -> None:
    dataset = file.create_dataset(name, data=values)
    dataset.attrs["MATLAB_class"] = np.bytes_(kind)
    dataset.attrs.update(attrs)


def letters(text: str) -> np.ndarray:
    return np.frombuffer(text.encode("utf-16-le"), "<u2")[:, None]


def test_what_a_file_of_matlab_holds(tmp_path: Path) -> None:
    path = tmp_path / "run.mat"
    with h5py.File(path, "w", userblock_size=512) as file:
        put(file, "t", np.arange(6.0)[:, None] * 0.1)
        put(file, "Vm", np.arange(18.0).reshape(3, 6))
        put(file, "name", letters("PV cell µ"), "char", MATLAB_int_decode=np.int32(2))
        put(file, "lines", np.hstack([letters("one  "), letters("three")]), "char")
        put(file, "comments", np.array([0, 0], "u8"), MATLAB_empty=np.uint8(1))
        put(file, "on", np.ones((1, 6), "u1"), "logical", MATLAB_int_decode=np.int32(1))
        file["#refs#/a"] = np.zeros(5)
        group = file.create_group("w")
        group.attrs["MATLAB_sparse"] = np.uint64(3)
        put(file, "w/ir", np.arange(3, dtype="u8"))
        file.attrs["made by"] = "rig 2"
    with h5py.File(path) as file:
        assert Matlab().recognises(file)
        found = Matlab().read(file)
    assert {item.name: item.dims for item in found.stored} == {"/Vm": ("unit", "time"), "/on": ("unit", "time")}
    assert found.left_out == {"/comments": "holds no data", "/w/ir": "parts of a sparse matrix"}
    assert found.settings == {"name": "PV cell µ", "lines": "one\nthree", "made by": "rig 2"}
    run = open_run(path)
    np.testing.assert_allclose(run["run/Vm"].time.values, np.arange(6) * 0.1)
    assert run["run/Vm"].attrs == {"origin": "run/Vm"}
