"""One conversion at a time in a log directory, also where the file system has no locks."""

from __future__ import annotations

import errno
import os
import warnings
from pathlib import Path
from typing import Any

import pytest

from pipeline.errors import OutputError
from pipeline.writing.lock import locked


def refusing(number: int) -> Any:
    def flock(*_: Any) -> None:
        raise OSError(number, os.strerror(number))

    return flock


def test_a_lock_that_is_held_is_refused_and_deleting_its_file_is_not_advised(tmp_path: Path) -> None:
    with locked(tmp_path), pytest.raises(OutputError, match="another conversion") as caught, locked(tmp_path):
        pass
    assert "delete" not in str(caught.value)  # the lock is on the file: without it, both would write
    with locked(tmp_path):
        pass


@pytest.mark.parametrize("number", [errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOLCK], ids=errno.errorcode.get)
def test_without_locks_a_file_is_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    monkeypatch.setattr("fcntl.flock", refusing(number))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with locked(tmp_path):
            assert (tmp_path / ".hdf2tb.writing").exists()
            with pytest.raises(OutputError, match=r"delete .*\.hdf2tb\.writing"), locked(tmp_path):
                pass
        assert not (tmp_path / ".hdf2tb.writing").exists()
        with locked(tmp_path):
            pass


def test_another_error_of_the_lock_is_the_directorys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fcntl.flock", refusing(errno.EIO))
    with pytest.raises(OutputError, match="cannot be written"), locked(tmp_path):
        pass
