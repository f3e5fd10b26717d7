"""The index read from the file's own bytes is what HDF5 says of each chunk; what looks otherwise is left to HDF5."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest

from pipeline.opening.hdf5.chunk_index import indexed_chunks


def told(dataset: h5py.Dataset) -> list[tuple[tuple[int, ...], int, int, int]]:
    """Return (first index, address, size, mask) of each chunk, as HDF5 tells them."""
    found: list[tuple[tuple[int, ...], int, int, int]] = []
    dataset.id.chunk_iter(lambda c: found.append((c.chunk_offset, c.byte_offset, c.size, c.filter_mask)))
    return sorted(found)


def read(dataset: h5py.Dataset) -> list[tuple[tuple[int, ...], int, int, int]] | None:
    found = indexed_chunks(dataset)
    if found is None:
        return None
    return [
        (tuple(start[:-1]), address, size, mask)
        for start, address, size, mask in zip(
            *(found[name].tolist() for name in ("start", "address", "size", "mask")), strict=True
        )
    ]


@pytest.mark.parametrize("count", [1, 64, 65, 5000])  # one leaf, a full one, two levels, three
@pytest.mark.parametrize("filters", [{}, {"compression": "lzf"}, {"compression": "gzip", "shuffle": True}])
def test_is_what_hdf5_says(tmp_path: Path, count: int, filters: dict[str, object]) -> None:
    rng = np.random.default_rng(count)
    with h5py.File(tmp_path / "a.h5", "w") as file:
        values = rng.normal(size=(count, 16)) * (rng.random((count, 1)) < 0.5)
        file.create_dataset("x", data=values, chunks=(1, 16), maxshape=(None, 16), **filters)
    with h5py.File(tmp_path / "a.h5") as file:
        assert read(file["x"]) == told(file["x"])
        assert len(read(file["x"]) or ()) == count


@pytest.mark.parametrize("shape", [(300,), (40, 30), (9, 10, 11), (4, 5, 6, 7)])
def test_any_number_of_dimensions(tmp_path: Path, shape: tuple[int, ...]) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("group/x", data=np.zeros(shape), chunks=tuple(max(1, size // 3) for size in shape))
    with h5py.File(tmp_path / "a.h5") as file:
        assert read(file["group/x"]) == told(file["group/x"]) != []


def test_written_out_of_order_beside_others_and_with_holes(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    with h5py.File(tmp_path / "a.h5", "w") as file:
        stored = [file.create_dataset(f"x{n}", (2000, 4), "f4", chunks=(1, 4), compression="lzf") for n in range(3)]
        for step in rng.permutation(2000)[:700]:
            for dataset in stored:
                dataset[step] = step
        for number in range(60):  # so many attributes that the object header goes on elsewhere
            stored[1].attrs[f"attribute {number}"] = "x" * number
    with h5py.File(tmp_path / "a.h5") as file:
        for name in ("x0", "x1", "x2"):
            assert read(file[name]) == told(file[name])
            assert len(told(file[name])) == 700


def test_of_nothing_written_is_empty(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("x", (10, 4), "f4", chunks=(1, 4))
    with h5py.File(tmp_path / "a.h5") as file:
        assert read(file["x"]) == []


@pytest.mark.parametrize("options", [{"libver": "latest"}, {"userblock_size": 512}, {"track_order": True}])
def test_leaves_other_formats_to_hdf5(tmp_path: Path, options: dict[str, object]) -> None:
    with h5py.File(tmp_path / "a.h5", "w", **options) as file:
        file.create_dataset("x", data=np.zeros((100, 4)), chunks=(1, 4), track_order=bool(options.get("track_order")))
    with h5py.File(tmp_path / "a.h5") as file:
        assert indexed_chunks(file["x"]) is None


def test_leaves_a_file_that_may_not_be_on_disk_to_hdf5(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        stored = file.create_dataset("x", data=np.zeros((100, 4)), chunks=(1, 4))
        assert indexed_chunks(stored) is None


@pytest.mark.parametrize("field", ["signature", "kind", "count", "address", "size"])
def test_leaves_what_disagrees_to_hdf5(tmp_path: Path, field: str) -> None:
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        file.create_dataset("x", data=np.ones((40, 4)), chunks=(1, 4), compression="lzf")
    with h5py.File(path) as file:
        sound = told(file["x"])  # HDF5 keeps the node from now on, whatever becomes of the file
        assert read(file["x"]) == sound
        data = bytearray(path.read_bytes())
        node = data.index(b"TREE\x01")
        at, bad = {
            "signature": (node, b"TREF"),
            "kind": (node + 4, b"\x00"),
            "count": (node + 6, b"\x00\x00"),
            "size": (node + 24, b"\xff"),
            "address": (node + 24 + 8 + 24, b"\xff"),
        }[field]
        data[at : at + len(bad)] = bad
        path.write_bytes(data)
        assert indexed_chunks(file["x"]) is None
