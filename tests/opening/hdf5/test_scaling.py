"""Stored numbers become the values that their attributes mean, as xarray's own reader of CF has them."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import xarray as xr

from pipeline.opening import open_run
from pipeline.opening.hdf5.lazy_array import stored_identity
from pipeline.opening.hdf5.scaling import Scaling, cf_scaling
from pipeline.opening.layouts.protocol import Stored
from pipeline.opening.variables import lazy_variable

RNG = np.random.default_rng(3)
DIMS = ("time", "unit")


def stored(dtype: str) -> np.ndarray:
    kind = np.dtype(dtype)
    if kind.kind == "f":
        return RNG.normal(size=(40, 3)).astype(dtype)
    info = np.iinfo(kind)
    return RNG.integers(max(info.min, -1000), min(info.max, 1000), (40, 3), dtype="i8", endpoint=True).astype(dtype)


def written(path: Path, values: np.ndarray, attrs: dict[str, Any]) -> Path:
    with h5py.File(path, "w") as file:
        file.create_dataset("v", data=values, maxshape=(None, 3), chunks=(4, 3)).attrs.update(attrs)
    return path


ATTRS = [
    {"scale_factor": 0.01},
    {"add_offset": 280.0},
    {"scale_factor": np.float32(0.01), "add_offset": np.float32(280)},
    {"scale_factor": 1e-3, "add_offset": 1e9},
    {"_FillValue": 7},
    {"missing_value": [7, 8]},
    {"_FillValue": 7, "missing_value": 9, "scale_factor": 2.0, "add_offset": -1.0},
]


@pytest.mark.parametrize("attrs", ATTRS, ids=str)
@pytest.mark.parametrize("dtype", ["i1", "u1", "i2", ">i2", "u2", "i4", "i8", "f4", "f8", ">f4"])
def test_the_values_are_those_of_xarray_s_own_reader(tmp_path: Path, dtype: str, attrs: dict[str, Any]) -> None:
    values = stored(dtype)
    values[3, 1], values[5] = 7, 8
    native = np.dtype(dtype).newbyteorder("=")
    typed = {key: np.asarray(value, native) for key, value in attrs.items() if key in ("_FillValue", "missing_value")}
    attrs = attrs | {key: value if value.ndim else value[()] for key, value in typed.items()}
    found = open_run(written(tmp_path / "a.h5", values, attrs))["a/v"]
    raw = xr.Dataset({"v": (("time", "unit"), values, attrs)})
    with warnings.catch_warnings(action="ignore", category=xr.SerializationWarning):  # several missing values
        expected = xr.decode_cf(raw).v.values.astype("f8")
    assert found.dtype.kind == "f"
    np.testing.assert_array_equal(np.isnan(found.values), np.isnan(expected))
    step = abs(float(attrs.get("scale_factor", 1.0)))
    np.testing.assert_allclose(found.values, expected, rtol=1e-6, atol=step / 100)
    np.testing.assert_array_equal(found[3:30:4, 1].values, found.values[3:30:4, 1])
    assert not set(attrs) & set(found.attrs)


@pytest.mark.parametrize(
    ("attrs", "low", "high"),
    [
        ({"valid_range": [-5, 5]}, -5, 5),
        ({"valid_min": -5, "valid_max": 5}, -5, 5),
        ({"valid_min": -5}, -5, 9),
        ({"valid_max": 5}, -9, 5),
    ],
)
def test_what_is_not_valid_is_missing(tmp_path: Path, attrs: dict[str, Any], low: int, high: int) -> None:
    values = np.arange(-9, 9, dtype="i2")[:, None] * np.ones(3, "i2")
    found = open_run(written(tmp_path / "a.h5", values, {**attrs, "scale_factor": 0.5}))["a/v"].values
    np.testing.assert_array_equal(found, np.where((values >= low) & (values <= high), values * 0.5, np.nan))


def test_unsigned_numbers_in_a_signed_type(tmp_path: Path) -> None:
    values = np.array([[0, 127, -1], [-128, -2, 5]], "i1")
    attrs = {"_Unsigned": "true", "_FillValue": np.int8(-2), "scale_factor": 2.0}
    found = open_run(written(tmp_path / "a.h5", values, attrs))["a/v"].values
    np.testing.assert_array_equal(found, [[0, 254, 510], [256, np.nan, 10]])


@pytest.mark.parametrize(
    "attrs",
    [{}, {"units": "mV"}, {"_FillValue": np.nan}, {"scale_factor": 1.0, "add_offset": 0.0}, {"scale_factor": "x"}],
    ids=str,
)
def test_what_says_nothing_leaves_the_numbers_and_their_type(tmp_path: Path, attrs: dict[str, Any]) -> None:
    with h5py.File(written(tmp_path / "a.h5", stored("i2"), attrs)) as file:
        assert cf_scaling(file["v"]) is None
    assert open_run(tmp_path / "a.h5")["a/v"].dtype == "i2"


def test_another_scaling_is_another_source(tmp_path: Path) -> None:
    with h5py.File(written(tmp_path / "a.h5", stored("i2"), {})) as file:
        found = [
            lazy_variable(file, Stored("/v", DIMS, scaling=scaling), DIMS)
            for scaling in (None, Scaling(2.0), Scaling(3.0))
        ]
    assert len({stored_identity(variable) for variable in found}) == 3
