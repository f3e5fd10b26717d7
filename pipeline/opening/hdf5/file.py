"""HDF5 files, opened for reading in whatever way disturbs nobody who has them open."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import h5py

from pipeline.errors import SourceError
from pipeline.opening.hdf5.remote import is_remote, opened

__all__ = ["absolute", "open_file", "opened_member"]


@contextmanager
def open_file(path: str | os.PathLike[str]) -> Iterator[h5py.File]:
    """Open an HDF5 file read-only and without a lock, so that a program that is still writing it is not disturbed.

    Raises
    ------
    SourceError
        If there is no such file, or it is not HDF5, or it is damaged.
    """
    with _opened(path) as file:
        yield file


#: Ways to open a file, tried in this order: undisturbed; with the lock of whoever has it open in this process; while a
#: program writes it in the mode that HDF5 has for that (SWMR).
_WAYS: tuple[dict[str, Any], ...] = ({"locking": False}, {}, {"locking": True}, {"swmr": True, "locking": False})
_IN_USE = ("locking flag values", "already open")


def opened_member(group: h5py.Group, name: str) -> Any:
    """Return what a name leads to, several times as fast as by h5py's own index, which opens the file for each.

    Raises
    ------
    KeyError
        If it leads nowhere.
    """
    found = h5py.h5o.open(group.id, name.encode())
    kind = h5py.h5i.get_type(found)
    if kind == h5py.h5i.DATASET:
        return h5py.Dataset(found, readonly=True)
    return h5py.Group(found) if kind == h5py.h5i.GROUP else group[name]


def absolute(filename: str) -> str:
    """Return the absolute path of an open file by its name, or its address."""
    return filename if is_remote(filename) else os.path.abspath(filename)


def _opened(path: str | os.PathLike[str]) -> h5py.File:
    if is_remote(path):
        try:
            return h5py.File(opened(str(path)), "r")
        except SourceError:
            raise
        except OSError as cause:
            raise SourceError(f"{path}: not an HDF5 file, or a damaged one ({cause})") from cause
    first: OSError | None = None
    for way in _WAYS:
        try:
            return h5py.File(path, "r", **way)
        except OSError as cause:
            first = first or cause
            if not any(words in str(first) for words in _IN_USE):
                break
    assert first is not None
    raise SourceError(f"{path}: {_why(path, first)}") from first


def _why(path: str | os.PathLike[str], cause: OSError) -> str:
    if isinstance(cause, FileNotFoundError):
        return "no such file"
    if isinstance(cause, PermissionError):
        return "may not be read (permission denied)"
    text = str(cause)
    if "truncated" in text:
        return "a truncated HDF5 file (it was cut off, or its writer was stopped before it closed the file)"
    if os.path.getsize(path) == 0 or "signature" in text:
        return "not an HDF5 file"
    return f"cannot be opened as HDF5 ({text})"
