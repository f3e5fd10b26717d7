"""Arrays are kept from one process to the next, within bounds, and never half filled."""

from __future__ import annotations

import gc
import os
from pathlib import Path

import numpy as np
import pytest

from pipeline.running.store import Store, user_directory


def kept(store: Store, key: str, shape: tuple[int, ...] = (4, 2), value: float = 1.0) -> None:
    draft = store.new(key, shape, "f4")
    draft.array[...] = value
    draft.keep()


def test_an_array_is_there_when_it_is_complete(tmp_path: Path) -> None:
    store = Store(tmp_path / "cache")
    draft = store.new("a", (4, 2), "f4")
    assert np.isnan(draft.array).all()
    assert store.get("a", (4, 2), "f4") is None
    draft.array[...] = 7
    draft.keep()
    found = Store(tmp_path / "cache").get("a", (4, 2), "f4")
    assert found is not None
    np.testing.assert_array_equal(found, 7)
    assert store.get("a", (4, 3), "f4") is None
    assert store.get("a", (4, 2), "f8") is None
    assert store.get("b", (4, 2), "f4") is None


def test_what_was_never_completed_leaves_nothing(tmp_path: Path) -> None:
    draft = Store(tmp_path).new("a", (4, 2), "f4")
    assert len(list(tmp_path.iterdir())) == 1
    del draft
    gc.collect()
    assert list(tmp_path.iterdir()) == []


def test_what_was_not_asked_for_longest_goes_first(tmp_path: Path) -> None:
    store = Store(tmp_path, most=3000)
    for at, key in enumerate("abc"):
        kept(store, key, (200,))
        os.utime(store._path(key), (at, at))
    assert store.get("a", (200,), "f4") is not None  # and so it is the youngest
    kept(store, "d", (200,))
    assert [key for key in "abcd" if store.get(key, (200,), "f4") is not None] == ["a", "c", "d"]


def test_too_large_or_nowhere_to_write_it_is_in_memory(tmp_path: Path) -> None:
    kept(Store(tmp_path / "small", most=10), "a")
    assert list((tmp_path / "small").iterdir()) == []
    (tmp_path / "file").write_text("no directory")
    draft = Store(tmp_path / "file").new("a", (4, 2), "f4")
    assert np.isnan(draft.array).all()
    draft.keep()


def test_a_foreign_file_in_its_place_is_not_believed(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store._path("a").write_bytes(b"\x93NUMPY\x01\x00 nonsense")
    assert store.get("a", (4, 2), "f4") is None
    np.save(store._path("b"), np.array([{"pickled": 1}], object), allow_pickle=True)
    assert store.get("b", (1,), "O") is None


def test_the_directory_is_the_users_own_unless_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HDF2TB_CACHE", str(tmp_path))
    assert user_directory() == tmp_path
    monkeypatch.delenv("HDF2TB_CACHE")
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert user_directory() == tmp_path / "hdf2tb"
