"""A stored array gives what numpy gives, however it is indexed and was stored, and keeps no file open."""

from __future__ import annotations

import itertools
import os
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import xarray as xr
from xarray.core import indexing

from pipeline.errors import SourceError
from pipeline.opening.hdf5.file import open_file
from pipeline.opening.hdf5.lazy_array import StoredArray, compression, stored_identity
from pipeline.writing.eventfiles import read_hparams
from tests.common import forbid_reads, write_hdf5

VALUES = np.arange(23 * 5 * 4, dtype=np.float32).reshape(23, 5, 4)

STORAGE: dict[str, dict[str, Any]] = {
    "contiguous": {},
    "a chunk a step": {"chunks": (1, 5, 4), "compression": "lzf"},
    "several steps a chunk": {"chunks": (7, 5, 4), "compression": "gzip", "shuffle": True},
    "cut on every axis": {"chunks": (4, 2, 3)},
    "one chunk": {"chunks": (23, 5, 4), "fletcher32": True},
    "big-endian": {"dtype": ">f4"},
    "half precision": {"dtype": "f2"},
}


def store(path: Path, **options: Any) -> StoredArray:
    with h5py.File(path, "w") as file:
        dataset = file.create_dataset("group/x", data=VALUES, **options)
        return StoredArray(str(path), "/group/x", dataset.shape, dataset.dtype.newbyteorder("="))


@pytest.fixture(params=STORAGE)
def stored(request: pytest.FixtureRequest, tmp_path: Path) -> StoredArray:
    return store(tmp_path / "a.h5", **STORAGE[request.param])


SLICES = [
    slice(None),
    slice(3, 4),
    slice(2, 21),
    slice(0, 0),
    slice(None, None, 3),
    slice(5, 22, 7),
    slice(1, None, 100),
    slice(None, None, 23),
    -1,
    6,
]


@pytest.mark.parametrize("fewest", [2, 64], ids=["directly", "by HDF5"])
def test_reads_any_slice_of_time(stored: StoredArray, fewest: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.opening.hdf5.chunks._FEWEST", fewest)
    for key in itertools.product(SLICES, [slice(None), slice(1, 4, 2), 2], [slice(None), slice(0, 3), 3]):
        found = stored.read(key)
        assert isinstance(found, np.ndarray)
        assert found.dtype == stored.dtype
        np.testing.assert_array_equal(found, VALUES[key], err_msg=str(key))


def test_is_indexed_like_an_array_through_xarray(stored: StoredArray) -> None:
    lazy = xr.Variable(("time", "a", "b"), indexing.LazilyIndexedArray(stored))
    for key in [
        {"time": slice(None, None, -1)},
        {"time": slice(20, 3, -4), "b": slice(None, None, -1)},
        {"time": [3, 1, 1], "a": [0, 4]},
        {"time": VALUES[:, 0, 0] % 3 == 0},
        {"time": xr.Variable("t", [0, 5]), "a": xr.Variable("t", [1, 2])},
        {"b": 0},
    ]:
        np.testing.assert_array_equal(lazy.isel(key).values, xr.Variable(lazy.dims, VALUES).isel(key).values)
    twice = lazy.isel(time=slice(2, 20, 3)).isel(time=slice(1, None, 2), a=1)
    np.testing.assert_array_equal(twice.values, VALUES[2:20:3][1::2, 1])


@pytest.mark.parametrize("key", [slice(None), slice(3, 20), slice(0, None, 5)], ids=str)
def test_many_small_chunks_are_read_directly(tmp_path: Path, key: slice, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.opening.hdf5.chunks._FEWEST", 2)
    stored = store(tmp_path / "a.h5", **STORAGE["a chunk a step"])
    monkeypatch.setattr(h5py.Dataset, "__getitem__", lambda *_: pytest.fail("read by HDF5"))
    np.testing.assert_array_equal(stored.read((key, slice(None), slice(0, 4))), VALUES[key])


@pytest.mark.parametrize("value", [3, 2.5, True])
def test_a_single_value(tmp_path: Path, value: Any) -> None:
    path = write_hdf5(tmp_path / "a.h5", x=value)
    found = StoredArray(str(path), "/x", (), np.asarray(value).dtype).read(())
    assert found.shape == ()
    assert found == value


def test_an_empty_dataset(tmp_path: Path) -> None:
    path = write_hdf5(tmp_path / "a.h5", x=np.zeros((0, 3)))
    assert StoredArray(str(path), "/x", (0, 3), np.dtype(float)).read((slice(None, None, 2), slice(None))).shape == (
        0,
        3,
    )


def test_what_was_never_written_reads_as_the_fill_value(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("x", (1000, 3), "f4", chunks=(1, 3), compression="lzf", fillvalue=-1)[500] = 2
    stored = StoredArray(str(tmp_path / "a.h5"), "/x", (1000, 3), np.dtype("f4"))
    for key in (slice(None), slice(0, None, 100), slice(490, 510)):
        np.testing.assert_array_equal(
            stored.read((key, slice(None)))[:, 0], np.where(np.arange(1000)[key] == 500, 2, -1)
        )


def test_no_file_stays_open(stored: StoredArray) -> None:
    stored.read((slice(0, 3), slice(None), slice(None)))
    with pytest.raises(KeyError, match="failed"), open_file(stored.path):
        raise KeyError("failed")
    assert h5py.h5f.get_obj_count(h5py.h5f.OBJ_ALL, h5py.h5f.OBJ_FILE) == 0


def test_a_program_that_is_writing_the_file_does_not_stop_it(tmp_path: Path) -> None:
    script = (
        "import h5py, sys; f = h5py.File(sys.argv[1], 'w'); f['x'] = [1.0, 2.0]; f.flush(); "
        "print('written', flush=True); sys.stdin.readline()"
    )
    path = tmp_path / "a.h5"
    command = [sys.executable, "-c", script, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "written\n"
        assert StoredArray(str(path), "/x", (2,), np.dtype(float)).read((slice(None),)).tolist() == [1, 2]
        writer.communicate("\n")
    assert writer.returncode == 0


def test_reading_leaves_the_file_as_it_is(stored: StoredArray) -> None:
    path = Path(stored.path)
    before = path.read_bytes(), path.stat().st_mtime_ns
    stored.read((slice(None),) * 3)
    assert (path.read_bytes(), path.stat().st_mtime_ns) == before


def test_pickles_as_path_and_name(stored: StoredArray) -> None:
    data = pickle.dumps(xr.Variable(("time", "a", "b"), indexing.LazilyIndexedArray(stored)).isel(time=slice(3, 9)))
    assert len(data) < 1000
    np.testing.assert_array_equal(pickle.loads(data).values, VALUES[3:9])


def test_filters_that_hdf5_does_not_bring_are_registered(tmp_path: Path) -> None:
    hdf5plugin = pytest.importorskip("hdf5plugin")
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("x", data=VALUES, chunks=(4, 5, 4), **hdf5plugin.Blosc(cname="zstd"))
    script = (  # another process, where nothing has registered them yet
        "import sys, numpy as np; from pipeline.opening.hdf5.lazy_array import StoredArray; "
        f"s = StoredArray(sys.argv[1], '/x', {VALUES.shape}, np.dtype('f4')); "
        "assert 'hdf5plugin' not in sys.modules; print(s.read((slice(5, 6), 0, slice(None))).tolist())"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, tmp_path / "a.h5"], capture_output=True, text=True, check=False
    )
    assert done.stdout.strip() == str(VALUES[5:6, 0].tolist()), done.stderr


def test_a_filter_that_is_not_there_is_named_with_what_to_install(tmp_path: Path) -> None:
    hdf5plugin = pytest.importorskip("hdf5plugin")
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("x", data=VALUES, chunks=(4, 5, 4), **hdf5plugin.Blosc(cname="zstd"))
        file["y"] = VALUES
    script = (  # another process, where nothing has registered it, and nothing can
        "import sys; sys.modules['hdf5plugin'] = None; import pipeline.cli.parser as p; "
        "plots = ['--plot=x:kind=hparam', '--plot=y:kind=hparam']; "
        "sys.exit(p.main(['convert', sys.argv[1], '--out', sys.argv[2], *plots]))"
    )
    words = [sys.executable, "-c", script, tmp_path / "a.h5", tmp_path / "tb"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert [line for line in done.stderr.splitlines() if "error" in line] == [
        f"hdf2tb: error: a/x: {tmp_path / 'a.h5'}: /x: cannot be read (its filter blosc (32001) is not there; "
        "pip install 'hdf2tb[filters]' brings most)"
    ]
    assert "a/y/mean" in read_hparams(tmp_path / "tb" / "a")  # the others are written


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({}, None),
        ({"chunks": True, "shuffle": True, "fletcher32": True}, None),
        ({"compression": "lzf"}, "lzf"),
        ({"compression": "gzip"}, "gzip"),
    ],
)
def test_the_name_of_the_compression(tmp_path: Path, options: dict[str, Any], name: str | None) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        assert compression(file.create_dataset("x", data=VALUES, **options)) == name


def test_the_name_of_a_compression_that_h5py_does_not_know(tmp_path: Path) -> None:
    hdf5plugin = pytest.importorskip("hdf5plugin")
    with h5py.File(tmp_path / "a.h5", "w") as file:
        assert compression(file.create_dataset("x", data=VALUES, **hdf5plugin.Blosc())) == "blosc"
        assert compression(file.create_dataset("y", data=VALUES, **hdf5plugin.Bitshuffle())) == "bitshuffle"


def test_a_missing_dataset_is_named_with_its_file(stored: StoredArray) -> None:
    missing = StoredArray(stored.path, "/group/y", stored.shape, stored.dtype)
    with pytest.raises(SourceError, match=rf"{stored.path}: /group/y: cannot be read"):
        missing.read((0, 0, 0))


@pytest.mark.parametrize("junk", [b"\x12\x34\x56\x78", b"\x00\x00\x00\x00"], ids=["junk", "zeros"])
@pytest.mark.parametrize(
    "options",
    [
        {"chunks": (23, 5, 4), "fletcher32": True},
        {"chunks": (23, 5, 4), "compression": "gzip"},
        {"chunks": (1, 5, 4), "compression": "gzip", "shuffle": True},
        {"chunks": (1, 5, 4), "compression": "lzf"},
    ],
    ids=["checksum", "one chunk", "many, gzip", "many, lzf"],
)
def test_a_damaged_chunk_is_named_with_its_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: dict[str, Any], junk: bytes
) -> None:
    monkeypatch.setattr("pipeline.opening.hdf5.chunks._FEWEST", 2)
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:  # values that compress, so that every chunk goes through the filter
        chunk = file.create_dataset("x", data=VALUES // 100 + 1, **options).id.get_chunk_info(0)
    with path.open("r+b") as raw:
        raw.seek(chunk.byte_offset)
        raw.write((junk * chunk.size)[: chunk.size - 4] + b"\x01\x02\x03\x04")
    stored = StoredArray(str(path), "/x", VALUES.shape, np.dtype("f4"))
    with pytest.raises(SourceError, match=rf"^{path}: /x: cannot be read [^\n]*$"):
        stored.read((slice(None),) * 3)


def whole_file(path: Path) -> bytes:
    return write_hdf5(path, x=np.ones(1000)).read_bytes()


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (lambda path: b"time,voltage\n0,-65\n", "not an HDF5 file"),
        (lambda path: b"", "not an HDF5 file"),
        (lambda path: b"\0" * 4096, "not an HDF5 file"),
        (lambda path: whole_file(path)[:4000], "a truncated HDF5 file"),
        (lambda path: whole_file(path)[:-1], "a truncated HDF5 file"),
    ],
    ids=["text", "zero bytes", "zeros", "cut", "cut by a byte"],
)
def test_what_is_not_hdf5_says_so_in_one_line(tmp_path: Path, content: Any, why: str) -> None:
    path = tmp_path / "a.h5"
    path.write_bytes(content(path))
    with pytest.raises(SourceError, match=rf"^{path}: {why}[^\n]*$"), open_file(path):
        pass


@pytest.mark.parametrize(
    ("cause", "why"),
    [
        (FileNotFoundError(2, "?"), "no such file"),
        (PermissionError(13, "?"), "may not be read"),
        (OSError("odd"), "odd"),
    ],
)
def test_what_the_system_refuses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cause: OSError, why: str) -> None:
    path = write_hdf5(tmp_path / "a.h5", x=1)

    def refuse(*_: Any, **__: Any) -> None:
        raise cause

    monkeypatch.setattr(h5py, "File", refuse)
    with pytest.raises(SourceError, match=why), open_file(path):
        pass


def lazy(path: Path, name: str = "/group/x") -> xr.Variable:
    return xr.Variable(("time", "a", "b"), indexing.LazilyIndexedArray(StoredArray(str(path), name, *KIND)))


KIND = (VALUES.shape, np.dtype("f4"))


def test_identity_follows_what_the_values_depend_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, copy = Path(store(tmp_path / "a.h5").path), Path(store(tmp_path / "b.h5").path)
    with monkeypatch.context() as patch:
        forbid_reads(patch)
        same = {stored_identity(lazy(path)), stored_identity(pickle.loads(pickle.dumps(lazy(path))))}
        others = {
            stored_identity(lazy(path).isel(time=slice(1, None))),
            stored_identity(lazy(path, "/group/y")),
            stored_identity(lazy(path).isel(a=0)),
        }
    assert len(same) == 1
    assert len(others | same) == 4
    with h5py.File(path, "a") as file:
        file["more"] = np.ones(100)
    assert stored_identity(lazy(path)) not in same
    assert stored_identity(lazy(copy)) != ""


@pytest.mark.parametrize("offset", [40, -1], ids=["first bytes", "last bytes"])
def test_identity_sees_a_change_that_keeps_size_and_time(tmp_path: Path, offset: int) -> None:
    path = Path(store(tmp_path / "a.h5").path)
    before, status = stored_identity(lazy(path)), path.stat()
    content = bytearray(path.read_bytes())
    content[offset] ^= 1
    path.write_bytes(content)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert stored_identity(lazy(path)) != before


def test_values_in_memory_have_no_identity() -> None:
    assert stored_identity(xr.Variable(("time", "a", "b"), VALUES)) == ""


def test_a_forbidden_read_is_noticed(stored: StoredArray, monkeypatch: pytest.MonkeyPatch) -> None:
    forbid_reads(monkeypatch)
    with pytest.raises(pytest.fail.Exception, match="was read"):
        np.asarray(lazy(Path(stored.path)))
    with h5py.File(stored.path) as file, pytest.raises(pytest.fail.Exception, match="was read"):
        file["group/x"][0]


@pytest.mark.parametrize("locking", [True, False, "best-effort", None], ids=str)
def test_a_file_that_is_open_in_this_process_is_read_too(tmp_path: Path, locking: Any) -> None:
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        file["x"] = VALUES
    with h5py.File(path, "r", locking=locking), open_file(path) as file:
        np.testing.assert_array_equal(file["x"][()], VALUES)


def test_a_file_that_is_written_in_swmr_mode_is_read_too(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    script = (
        "import sys, h5py, numpy as np\n"
        "file = h5py.File(sys.argv[1], 'w', libver='latest')\n"
        "x = file.create_dataset('x', data=np.arange(12.0).reshape(6, 2), chunks=(1, 2), maxshape=(None, 2))\n"
        "file.swmr_mode = True\n"
        "x.flush()\n"
        "print('ready', flush=True)\n"
        "sys.stdin.read()\n"
    )
    words = [sys.executable, "-c", script, str(path)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "ready\n"
        stored = StoredArray(str(path), "/x", (6, 2), np.dtype("f8"))
        found = stored.read((slice(None), slice(None)))
        writer.communicate("")
    np.testing.assert_array_equal(found, np.arange(12.0).reshape(6, 2))
