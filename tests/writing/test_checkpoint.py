"""A checkpoint comes back bit for bit; whatever else lies in its place is passed over, and never run."""

from __future__ import annotations

import io
import json
import math
import os
import pickle
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.errors import OutputError
from pipeline.writing.checkpoint import Checkpoint, CheckpointFile

STATE: tuple[Any, ...] = (
    ((0, (None, (1.5, -0.0))), (3, (None, (math.inf, math.nan)))),
    (),
    (
        (1, ((np.arange(12, dtype=np.int32).reshape(3, 4), np.array([np.nan, -0.0, 1e-320])),)),
        (0, ((np.zeros((0, 3), np.float32), np.array([True, False])),)),
    ),
    "text",
    2**80,
    (np.float32(0.1), np.int64(-3), np.bool_(True)),
)
CHECKPOINT = Checkpoint("k" * 64, 17, STATE, {"images": (42, 10**12)}, {"GC/tau": 2.5, "on": True, "rule": "STDP"})


def plain(value: Any) -> Any:
    """Return what tells two states apart to the bit."""
    if isinstance(value, tuple):
        return tuple(map(plain, value))
    if isinstance(value, np.ndarray | np.generic):
        return type(value), str(value.dtype), value.shape, value.tobytes()
    return (type(value), repr(value))


def file_of(folder: Path, data: bytes | None = None) -> CheckpointFile:
    file = CheckpointFile(folder)
    if data is not None:
        file.path.write_bytes(data)
    return file


@pytest.fixture
def written(tmp_path: Path) -> bytes:
    file_of(tmp_path).write(CHECKPOINT)
    return file_of(tmp_path).path.read_bytes()


def test_it_comes_back_to_the_bit(tmp_path: Path, written: bytes) -> None:
    file = file_of(tmp_path)
    found = file.read()
    assert found is not None
    assert plain(found.state) == plain(STATE)
    assert replace(found, state=()) == replace(CHECKPOINT, state=())
    assert file.problem == ""
    assert os.listdir(tmp_path) == ["hdf2tb.checkpoint"]
    (tmp_path / "hdf2tb.checkpoint.part").write_bytes(b"left by a kill")
    file.drop()
    assert (file.read(), file.problem) == (None, "")
    assert os.listdir(tmp_path) == []
    file.drop()


def test_it_is_replaced_and_never_rewritten_in_place(tmp_path: Path, written: bytes) -> None:
    file, before = file_of(tmp_path), tmp_path / "before"
    os.link(file.path, before)
    file.write(replace(CHECKPOINT, done=18))
    assert before.read_bytes() == written
    found = file.read()
    assert found is not None
    assert found.done == 18


def test_one_that_was_cut_off_is_passed_over_with_a_word(tmp_path: Path, written: bytes) -> None:
    for length in range(0, len(written), 7):
        file = file_of(tmp_path, written[:length])
        assert file.read() is None
        assert "hdf2tb.checkpoint: not a checkpoint" in file.problem
        assert "\n" not in file.problem


def test_a_flipped_byte_is_seen_or_does_no_harm(tmp_path: Path, written: bytes) -> None:
    seen = 0
    for at in range(0, len(written), 3):
        spoilt = bytearray(written)
        spoilt[at] ^= 0x5A
        found = file_of(tmp_path, bytes(spoilt)).read()
        seen += found is None
        assert found is None or (plain(found.state), found.key) == (plain(STATE), CHECKPOINT.key)
    assert seen > len(written) / 3 / 3


class Trap:
    """Makes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return Path.touch, (self.path,)


def test_nothing_is_unpickled(tmp_path: Path) -> None:
    sprung = tmp_path / "sprung"
    objects = np.empty(1, object)
    objects[0] = Trap(sprung)
    head = json.dumps({"format": 1, "key": "k", "done": 1, "state": [{"array": 0}], "ranges": {}, "hparams": {}})
    crafted = io.BytesIO()
    np.savez(crafted, head=np.frombuffer(head.encode(), np.uint8), array_0=objects)
    alone = io.BytesIO()
    np.save(alone, objects)
    for data in (pickle.dumps(Trap(sprung)), crafted.getvalue(), alone.getvalue()):
        file = file_of(tmp_path, data)
        assert file.read() is None
        assert file.problem
        assert not sprung.exists()
    pickle.loads(pickle.dumps(Trap(sprung)))
    assert sprung.exists()  # the trap works


GOOD = {"format": 1, "key": "k", "done": 1, "state": [], "ranges": {}, "hparams": {}}


@pytest.mark.parametrize(
    "wrong",
    [
        {"format": 2},
        {"key": 3},
        {"done": "1"},
        {"state": "text"},
        {"state": [{"array": 5}]},
        {"state": {"other": 0}},
        {"ranges": {"images": [1]}},
        {"ranges": [1]},
        {"hparams": {"a": [1]}},
        {"hparams": [1]},
    ],
    ids=str,
)
def test_a_head_that_holds_other_things_is_passed_over(tmp_path: Path, wrong: dict[str, Any]) -> None:
    for given in ({}, wrong):
        data = io.BytesIO()
        np.savez(data, head=np.frombuffer(json.dumps(GOOD | given).encode(), np.uint8))
        file = file_of(tmp_path, data.getvalue())
        assert (file.read() is None) == bool(given)
        assert bool(file.problem) == bool(given)


@pytest.mark.parametrize("head", [b"", b"[" * 100_000, b"\xff\xfe", b"null"], ids=["empty", "deep", "binary", "null"])
def test_a_head_that_is_no_json_is_passed_over(tmp_path: Path, head: bytes) -> None:
    data = io.BytesIO()
    np.savez(data, head=np.frombuffer(head, np.uint8))
    assert file_of(tmp_path, data.getvalue()).read() is None


def test_an_array_that_claims_to_be_huge_is_passed_over(tmp_path: Path) -> None:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        head = io.BytesIO()
        np.lib.format.write_array_header_1_0(head, {"descr": "<f8", "fortran_order": False, "shape": (10**15,)})
        archive.writestr("array_0.npy", head.getvalue() + b"\0" * 80)
        text = io.BytesIO()
        np.save(text, np.frombuffer(json.dumps(GOOD | {"state": [{"array": 0}]}).encode(), np.uint8))
        archive.writestr("head.npy", text.getvalue())
    assert file_of(tmp_path, data.getvalue()).read() is None


def npy(values: np.ndarray) -> bytes:
    data = io.BytesIO()
    np.save(data, values)
    return data.getvalue()


@pytest.mark.parametrize(
    ("member", "compression", "reason"),
    [
        (npy(np.zeros(10)), zipfile.ZIP_STORED, ""),
        (npy(np.zeros(10**6)), zipfile.ZIP_DEFLATED, "compressed"),
        (b"no array", zipfile.ZIP_STORED, "magic"),
        (npy(np.zeros(10, "M8[s]")), zipfile.ZIP_STORED, "datetime64"),
        (npy(np.zeros(10, "c16")), zipfile.ZIP_STORED, "complex128"),
        (npy(np.zeros(10))[:-1], zipfile.ZIP_STORED, "holds other things"),
    ],
    ids=["good", "compressed", "foreign", "dates", "complex", "short"],
)
def test_only_plain_arrays_that_lie_there_whole_are_taken(
    tmp_path: Path, member: bytes, compression: int, reason: str
) -> None:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", compression) as archive:
        archive.writestr("array_0.npy", member)
        archive.writestr("head.npy", npy(np.frombuffer(json.dumps(GOOD | {"state": [{"array": 0}]}).encode(), "u1")))
    file = file_of(tmp_path, data.getvalue())
    assert (file.read() is None) == bool(reason)
    assert reason in file.problem


def test_what_is_not_plain_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="not set"):
        file_of(tmp_path).write(replace(CHECKPOINT, state=({1},)))


def test_a_checkpoint_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    file = file_of(tmp_path)
    file.path.mkdir()
    with pytest.raises(OutputError, match=r"hdf2tb\.checkpoint"):
        file.write(CHECKPOINT)
