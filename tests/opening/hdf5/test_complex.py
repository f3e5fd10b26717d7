"""Complex numbers open as they are, and are drawn as magnitude and phase where these are asked for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import dask.array as da
import h5py
import numpy as np
import pytest
import xarray as xr

import pipeline
from pipeline.opening.hdf5.complex import PARTS, part_of
from pipeline.planning.config import parse_plots
from tests.common import accumulated, forbid_reads

VALUES = np.exp(1j * np.linspace(-3, 3, 60)).reshape(20, 3) * np.arange(1, 4)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        file.create_dataset("z", data=VALUES.astype("c8"), chunks=(1, 3), maxshape=(None, 3), compression="lzf")
        file["z"].attrs["units"] = "mV"
    return path


PARTS_OF = {"magnitude": np.abs, "phase": np.angle}


@pytest.mark.parametrize("name", PARTS)
def test_parts_are_lazy_and_sliced_as_numpy_has_them(path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = pipeline.open_run(path)["a"]["z"]
    assert whole.dtype == "c8"
    with monkeypatch.context() as patch:
        forbid_reads(patch)
        part = part_of(whole.variable, name)[3:17:4, 1:]
    np.testing.assert_allclose(part.to_numpy(), PARTS_OF[name](VALUES[3:17:4, 1:]), rtol=1e-6)
    assert part.dtype == "f4"
    assert part.attrs["units"] == ("rad" if name == "phase" else "mV")


@pytest.mark.parametrize("name", PARTS)
@pytest.mark.parametrize("values", [VALUES, da.from_array(VALUES, chunks=7)], ids=["numpy", "dask"])
def test_parts_of_arrays_that_are_no_files(name: str, values: Any) -> None:
    part = part_of(xr.Variable(("time", "unit"), values), name)
    assert type(part.data) is type(values)
    np.testing.assert_allclose(part.to_numpy(), PARTS_OF[name](VALUES))


@pytest.mark.parametrize(
    ("asked", "drawn"),
    [("z", ["z.magnitude", "z.phase"]), ("a/z.phase", ["z.phase"]), ("z.magnitude", ["z.magnitude"])],
)
def test_they_are_drawn_where_they_are_asked_for(path: Path, asked: str, drawn: list[str]) -> None:
    pipeline.convert(path, path.parent / "tb", [{asked: {"kind": "trace", "format": "scalar"}}])
    found = accumulated(path.parent / "tb" / "a")
    assert sorted(found.Tags()["scalars"]) == sorted(f"a/N{unit}/{name}" for name in drawn for unit in range(3))
    for name in drawn:
        points = [point.value for point in found.Scalars(f"a/N1/{name}")]
        np.testing.assert_allclose(points, PARTS_OF[name.partition(".")[2]](VALUES[:, 1]), rtol=1e-6)


def test_a_part_that_there_is_not_is_told(path: Path) -> None:
    plots = parse_plots([{"z.angle": {"kind": "trace"}}])
    assert "no variable or setting 'z.angle'" in pipeline.plan_run(pipeline.open_run(path), plots).unmatched(plots)[0]
