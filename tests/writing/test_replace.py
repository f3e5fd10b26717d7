"""A file that is replaced is the old one or the new one, whatever happens on the way."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from pipeline.writing.replace import draft_of, replace_file

from pipeline.errors import OutputError


def test_it_is_another_file_afterwards(tmp_path: Path) -> None:
    path, before = tmp_path / "deep" / "file", tmp_path / "before"
    replace_file(path, b"old")
    os.link(path, before)  # what a reader that has it open still sees
    replace_file(path, memoryview(b"new"))
    assert (before.read_bytes(), path.read_bytes()) == (b"old", b"new")
    assert os.listdir(tmp_path / "deep") == ["file"]


class Full:
    """A file on a disk with room for two bytes."""

    def __init__(self, path: Path, mode: str) -> None:
        self.file = open(path, mode)

    def write(self, data: bytes) -> None:
        self.file.write(data[:2])
        raise OSError(28, os.strerror(28))

    def __enter__(self) -> Full:
        return self

    def __exit__(self, *_: Any) -> None:
        self.file.close()


def test_where_the_disk_is_full_the_old_one_stays_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    replace_file(path, b"old")
    monkeypatch.setattr("pipeline.writing.replace.open", Full, raising=False)
    with pytest.raises(OutputError, match=r"file: cannot be written \(No space left on device\)"):
        replace_file(path, b"new")
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["file"]


def test_the_draft_of_a_kill_is_no_hindrance(tmp_path: Path) -> None:
    path = tmp_path / "file"
    draft_of(path).write_bytes(b"half of something longer")
    replace_file(path, b"new")
    assert path.read_bytes() == b"new"
    assert os.listdir(tmp_path) == ["file"]


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="file/deep/a: cannot be written"):
        replace_file(tmp_path / "file" / "deep" / "a", b"")
