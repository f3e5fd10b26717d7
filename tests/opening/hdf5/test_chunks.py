"""The direct reader gives what HDF5 gives, for every filter and oddity, and leaves to HDF5 what it does not know."""

from __future__ import annotations

import zlib
from pathlib import Path

import h5py
import numpy as np
import pytest

from pipeline.opening.hdf5 import chunks
from pipeline.opening.hdf5.chunks import read_chunks
from pipeline.opening.hdf5.lazy_array import StoredArray

STEPS = 301


def values(kind: str) -> np.ndarray:
    rng = np.random.default_rng(3)
    return {
        "noise": lambda: rng.normal(size=(STEPS, 24)).astype(np.float32),  # LZF gives up on it: stored as it is
        "spikes": lambda: (rng.random((STEPS, 24)) < 0.05).astype(np.float32),
        "bytes": lambda: rng.integers(0, 3, (STEPS, 24), dtype=np.int8),
        "cube": lambda: np.arange(STEPS * 12, dtype=np.float64).reshape(STEPS, 3, 4) // 7,
        "line": lambda: np.repeat(np.arange(STEPS // 7 + 1, dtype=np.int64), 7)[:STEPS],
    }[kind]()


def write(path: Path, data: np.ndarray, length: int, *, userblock: int = 0, **filters: object) -> Path:
    with h5py.File(path, "w", userblock_size=userblock) as file:
        shape = (length, *data.shape[1:])
        file.create_dataset("x", data=data, chunks=shape, maxshape=(None, *data.shape[1:]), **filters)
    return path


FILTERS = [{}, {"compression": "lzf"}, {"compression": "gzip"}, {"compression": "gzip", "shuffle": True}]


@pytest.mark.parametrize("filters", FILTERS, ids=["none", "lzf", "gzip", "shuffle+gzip"])
@pytest.mark.parametrize("kind", ["noise", "spikes", "bytes", "cube", "line"])
@pytest.mark.parametrize("length", [1, 2, 4])
def test_reads_what_hdf5_reads(tmp_path: Path, kind: str, length: int, filters: dict[str, object]) -> None:
    data = values(kind)
    with h5py.File(write(tmp_path / "a.h5", data, length, **filters)) as file:
        for start, stop in [(0, STEPS), (1, STEPS - 1), (0, 64 * length), (STEPS - 65 * length, STEPS)]:
            found = read_chunks(file["x"], range(start, stop))
            assert found is not None
            assert found.dtype == data.dtype
            np.testing.assert_array_equal(found, data[start:stop])


def test_reads_steps_apart(tmp_path: Path) -> None:
    data = values("spikes")
    with h5py.File(write(tmp_path / "a.h5", data, 1, compression="lzf")) as file:
        np.testing.assert_array_equal(read_chunks(file["x"], range(0, STEPS, 50)), data[::50])
        np.testing.assert_array_equal(read_chunks(file["x"], range(7, 290, 3)), data[7:290:3])


def test_chunks_never_written_hold_the_fill_value(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        stored = file.create_dataset("x", (200, 4), "f4", chunks=(1, 4), compression="lzf", fillvalue=-1.5)
        stored[60:70] = 3
        assert (read_chunks(stored, range(0, 200)) == stored[:]).all()
        assert read_chunks(stored, range(0, 200, 20)) is None  # HDF5 reads these


def test_chunks_that_lie_far_apart_in_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunks, "_GAP", 0)
    with h5py.File(tmp_path / "a.h5", "w") as file:
        stored = [file.create_dataset(f"x{n}", (100, 8), "f4", chunks=(1, 8), compression="lzf") for n in range(5)]
        for step in range(100):
            for number, dataset in enumerate(stored):
                dataset[step] = step * number
        file.flush()
        for number, dataset in enumerate(stored):
            assert (read_chunks(dataset, range(100)) == number * np.arange(100)[:, None]).all()


@pytest.mark.parametrize(
    "options",
    [
        {"chunks": (1, 12)},
        {"chunks": (1, 24), "fletcher32": True},
        {"chunks": (1, 24), "scaleoffset": 2},
        {"chunks": None},
        {"chunks": (64, 24)},  # fewer than pays
        {"chunks": (1, 24), "dtype": ">f4"},
    ],
    ids=["cut across", "checksums", "scaled", "contiguous", "few", "big-endian"],
)
def test_leaves_to_hdf5_what_it_does_not_know(tmp_path: Path, options: dict[str, object]) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        stored = file.create_dataset("x", data=values("spikes"), **options)
        assert read_chunks(stored, range(STEPS)) is None


def test_leaves_a_file_with_a_user_block_to_hdf5(tmp_path: Path) -> None:
    with h5py.File(write(tmp_path / "a.h5", values("spikes"), 1, userblock=512)) as file:
        assert read_chunks(file["x"], range(STEPS)) is None


def test_does_not_list_a_long_dataset_for_a_short_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunks, "_MOST_LISTED", 100)
    monkeypatch.setattr(chunks, "_list_chunks", lambda *_: pytest.fail("listed"))
    with h5py.File(tmp_path / "a.h5", "w") as file:
        stored = file.create_dataset("x", (10_000, 2), "f4", chunks=(1, 2))
        assert read_chunks(stored, range(64)) is None


def test_lists_the_chunks_of_a_file_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    listed = []
    real = chunks._list_chunks
    monkeypatch.setattr(chunks, "_list_chunks", lambda *args: listed.append(1) or real(*args))
    path = write(tmp_path / "a.h5", values("spikes"), 1)
    for _ in range(3):
        with h5py.File(path) as file:
            read_chunks(file["x"], range(100))
    assert len(listed) == 1


def test_sees_that_a_file_has_changed(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    for kind in ("spikes", "noise"):
        data = values(kind)
        with h5py.File(write(path, data, 1, compression="lzf")) as file:
            np.testing.assert_array_equal(read_chunks(file["x"], range(STEPS)), data)


def test_a_file_that_was_cut_off_is_an_error(tmp_path: Path) -> None:
    path = write(tmp_path / "a.h5", values("noise"), 1, compression="lzf")
    with h5py.File(path) as file:
        index = chunks._list_chunks(file["x"], STEPS)
        rows = np.empty((STEPS, 96), np.uint8)
        short = tmp_path / "short"
        short.write_bytes(path.read_bytes()[:4000])
        with short.open("rb") as cut, pytest.raises(OSError, match="bytes can be read"):
            chunks._fill(rows, index, slice(0, STEPS), cut.fileno(), chunks._lzf)


def odd_type(name: str) -> h5py.h5t.TypeID:
    """Return a type of which HDF5 stores other bits than numpy has in memory."""
    kind = (h5py.h5t.STD_I16LE if "signed" in name else h5py.h5t.STD_U16LE).copy()
    if name == "big end first":
        return h5py.h5t.STD_U16BE.copy()
    if name == "a float of its own":
        made = h5py.h5t.IEEE_F32LE.copy()
        made.set_fields(30, 23, 7, 0, 23)
        made.set_ebias(63)
        return made
    kind.set_precision(12)
    kind.set_offset(4 if "shifted" in name else 0)
    return kind


@pytest.mark.parametrize("filters", FILTERS, ids=["none", "lzf", "gzip", "shuffle+gzip"])
@pytest.mark.parametrize(
    "name",
    [
        "12 bits",
        "12 bits, signed",
        "12 bits, shifted",
        "12 bits, signed and shifted",
        "big end first",
        "a float of its own",
    ],
)
def test_bits_that_are_not_those_of_memory_are_what_hdf5_makes_of_them(
    tmp_path: Path, name: str, filters: dict[str, object]
) -> None:
    numbers = np.arange(-40, STEPS * 3 - 40).reshape(STEPS, 3) * 2
    floating = "float" in name
    numbers = (np.abs(numbers) if "signed" not in name or floating else numbers).astype("f4" if floating else "i2")
    with h5py.File(tmp_path / "a.h5", "w") as file:
        plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        plist.set_chunk((1, 3))
        if filters.get("shuffle"):
            plist.set_shuffle()
        if filters.get("compression") == "gzip":
            plist.set_deflate(4)
        if filters.get("compression") == "lzf":
            plist.set_filter(32000, h5py.h5z.FLAG_OPTIONAL)
        space = h5py.h5s.create_simple(numbers.shape)
        made = h5py.h5d.create(file.id, b"x", odd_type(name), space, plist)
        made.write(h5py.h5s.ALL, h5py.h5s.ALL, np.ascontiguousarray(numbers))
    with h5py.File(tmp_path / "a.h5") as file:
        found = read_chunks(file["x"], range(STEPS))
        assert found is None or np.array_equal(found, file["x"][()])
        np.testing.assert_array_equal(file["x"][()], numbers)
    stored = StoredArray(str(tmp_path / "a.h5"), "/x", numbers.shape, numbers.dtype)
    np.testing.assert_array_equal(stored.read((slice(None), slice(None))), numbers)
    np.testing.assert_array_equal(stored.read((slice(None, None, 10), slice(None))), numbers[::10])


@pytest.mark.parametrize("mask", range(4))
def test_a_mask_of_a_part_of_the_filters_is_obeyed(tmp_path: Path, mask: int) -> None:
    """Bit 0 leaves out the shuffle, bit 1 deflate; HDF5 writes such chunks where a filter fails, and so do others."""
    numbers = np.arange(STEPS * 4, dtype=np.int32).reshape(STEPS, 4)
    with h5py.File(write(tmp_path / "a.h5", numbers, 1, compression="gzip", shuffle=True), "a") as file:
        row = numbers[7] * 3
        data = row.tobytes() if mask & 1 else row.view(np.uint8).reshape(4, 4).T.tobytes()
        file["x"].id.write_direct_chunk((7, 0), data if mask & 2 else zlib.compress(data), mask)
        np.testing.assert_array_equal(file["x"][7], row)
    expected = numbers.copy()
    expected[7] = row
    stored = StoredArray(str(tmp_path / "a.h5"), "/x", numbers.shape, numbers.dtype)
    np.testing.assert_array_equal(stored.read((slice(None), slice(None))), expected)
    np.testing.assert_array_equal(stored.read((slice(0, None, 7), slice(None))), expected[::7])
