"""Virtual datasets and external raw data: a file that is missing is a gap or an error, and told."""

from __future__ import annotations

import os
from pathlib import Path

import h5py
import numpy as np
import pytest

from pipeline import convert, open_run
from pipeline.errors import ConversionError, SourceError
from pipeline.opening.hdf5.lazy_array import stored_identity
from tests.common import accumulated


def parts(folder: Path, count: int = 3, dtype: str = "f4", name: str = "part{}.h5") -> list[Path]:
    paths = [folder / name.format(number) for number in range(count)]
    for number, path in enumerate(paths):
        with h5py.File(path, "w") as file:
            file["v"] = np.full((4, 2), number + 1, dtype)
    return paths


def joined(path: Path, paths: list[Path], dtype: str = "f4") -> Path:
    layout = h5py.VirtualLayout((4 * len(paths), 2), dtype)
    for number, part in enumerate(paths):
        layout[4 * number : 4 * number + 4] = h5py.VirtualSource(part.name, "v", shape=(4, 2))
    with h5py.File(path, "w") as file:
        file.create_virtual_dataset("v", layout)
        file["v"].dims[0].label = "time"
    return path


def woven(path: Path, paths: list[Path]) -> Path:
    """Write a dataset whose steps are those of its parts by turns."""
    layout = h5py.VirtualLayout((4 * len(paths), 2), "f4")
    for number, part in enumerate(paths):
        layout[number :: len(paths)] = h5py.VirtualSource(part.name, "v", shape=(4, 2))
    with h5py.File(path, "w") as file:
        file.create_virtual_dataset("v", layout)
        file["v"].dims[0].label = "time"
    return path


def test_all_parts_are_there(tmp_path: Path) -> None:
    run = open_run(joined(tmp_path / "run.h5", parts(tmp_path)))
    assert run["run/v"].values[:, 0].tolist() == [1] * 4 + [2] * 4 + [3] * 4
    assert run["run"].encoding["notes"] == []


@pytest.mark.parametrize("write", [joined, woven])
def test_a_missing_part_is_a_gap_and_told(tmp_path: Path, write: object) -> None:
    paths = parts(tmp_path)
    path = write(tmp_path / "run.h5", paths)  # type: ignore[operator]
    whole = open_run(path)["run/v"].values
    paths[1].unlink()
    run = open_run(path)
    expected = np.where(whole == 2, np.nan, whole)
    np.testing.assert_array_equal(run["run/v"].values, expected)
    for key in ((slice(3, 9), 1), (5,), (slice(None, None, 3), slice(1, 2)), (slice(10, 2, -2),)):
        np.testing.assert_array_equal(run["run/v"][key].values, expected[key])
    [note] = run["run"].encoding["notes"]
    assert note == f"run: v: a part of it is in {paths[1]}, which is not there"


def test_a_missing_part_of_whole_numbers_is_an_error(tmp_path: Path) -> None:
    paths = parts(tmp_path, dtype="i4")
    path = joined(tmp_path / "run.h5", paths, "i4")
    paths[2].unlink()
    found = open_run(path)["run/v"]
    assert found[:8, 0].values.tolist() == [1] * 4 + [2] * 4
    with pytest.raises(SourceError, match=r"part2\.h5, which is not there, and int32 numbers cannot be gaps"):
        found[6:10].load()
    with pytest.raises(ConversionError, match="cannot be gaps"):
        convert(path, tmp_path / "tb", [{"v": {"kind": "trace", "format": "scalar"}}])


def test_a_part_without_the_dataset_is_a_gap(tmp_path: Path) -> None:
    paths = parts(tmp_path)
    path = joined(tmp_path / "run.h5", paths)
    with h5py.File(paths[0], "a") as file:
        del file["v"]
    found = open_run(path)
    assert np.isnan(found["run/v"].values[:4]).all()
    assert "part0.h5, which has no such dataset" in found["run"].encoding["notes"][0]


def test_a_part_that_is_no_hdf5_is_an_error(tmp_path: Path) -> None:
    paths = parts(tmp_path)
    path = joined(tmp_path / "run.h5", paths)
    paths[0].write_bytes(b"text")
    found = open_run(path)
    assert "part0.h5: not an HDF5 file" in found["run"].encoding["notes"][0]
    with pytest.raises(SourceError, match="signature"):
        found["run/v"].load()


def test_a_part_that_changed_is_converted_anew(tmp_path: Path) -> None:
    paths = parts(tmp_path)
    path = joined(tmp_path / "run.h5", paths)
    before = stored_identity(open_run(path)["run/v"].variable)
    plots = [{"v": {"kind": "trace", "format": "scalar"}}]
    convert(path, tmp_path / "tb", plots)
    with h5py.File(paths[1], "a") as file:
        file["v"][...] = 9
    os.utime(paths[1], ns=(1, 1))
    assert stored_identity(open_run(path)["run/v"].variable) != before
    convert(path, tmp_path / "tb", plots)
    values = [point.value for point in accumulated(tmp_path / "tb" / "run").Scalars("run/N0/v")]
    assert values == [1] * 4 + [9] * 4 + [3] * 4


def external(folder: Path, size: int) -> Path:
    np.arange(24, dtype="f4").tofile(folder / "raw.bin")
    os.truncate(folder / "raw.bin", size)
    with h5py.File(folder / "run.h5", "w") as file:
        file.create_dataset("v", (12, 2), "f4", external=[(str(folder / "raw.bin"), 0, 96)])
        file["v"].dims[0].label = "time"
    return folder / "run.h5"


def test_external_raw_data(tmp_path: Path) -> None:
    path = external(tmp_path, 96)
    assert open_run(path)["run/v"].values.ravel().tolist() == list(range(24))
    before = stored_identity(open_run(path)["run/v"].variable)
    os.utime(tmp_path / "raw.bin", ns=(1, 1))
    assert stored_identity(open_run(path)["run/v"].variable) != before


@pytest.mark.parametrize(("size", "why"), [(40, "which has 40 of 96 bytes"), (None, "which is not there")])
def test_external_raw_data_that_is_not_all_there_is_no_zeros(tmp_path: Path, size: int | None, why: str) -> None:
    path = external(tmp_path, size or 0)
    if size is None:
        (tmp_path / "raw.bin").unlink()
    run = open_run(path)
    assert why in run["run"].encoding["notes"][0]
    if size is None:
        with pytest.raises(SourceError, match="external raw"):  # HDF5 itself says so
            run["run/v"].load()
    else:
        assert np.isnan(run["run/v"].values).all()
