"""A bounded directory of arrays that took long to work out, kept from one process to the next.

It is the user's own, and never beside the data. An array is written under another name and gets its own when it is
complete; what was not asked for longest goes first. Nothing is ever unpickled from it.
"""

from __future__ import annotations

import contextlib
import hashlib
import math
import os
import secrets
import sys
import time
import weakref
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["Draft", "Store", "user_directory"]

#: Bytes of all arrays together.
_MOST = 4 << 30
#: Seconds after which an array that was never completed is taken to be left over from a process that ended.
_LEFT_OVER = 24 * 3600.0
#: Bytes that are written at a time.
_STRIP = 1 << 20


def user_directory() -> Path:
    """Return where arrays are kept: ``HDF2TB_CACHE``, or a directory of the user's cache."""
    if given := os.environ.get("HDF2TB_CACHE"):
        return Path(given)
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "hdf2tb"
    home = os.environ.get("LOCALAPPDATA") if sys.platform == "win32" else os.environ.get("XDG_CACHE_HOME")
    return Path(home or Path.home() / ".cache") / "hdf2tb"


class Store:
    """Arrays by key.

    Parameters
    ----------
    directory : Path, optional
    most : int
        Bytes of all arrays together.
    """

    def __init__(self, directory: Path | None = None, most: int = _MOST) -> None:
        self.directory, self.most = user_directory() if directory is None else directory, most

    def _path(self, key: str) -> Path:
        return self.directory / f"{hashlib.sha256(key.encode()).hexdigest()[:40]}.npy"

    def get(self, key: str, shape: tuple[int, ...], dtype: str) -> npt.NDArray[Any] | None:
        """Return the array of a key, mapped and not read; None if there is none of this shape and type."""
        path = self._path(key)
        try:
            found = np.load(path, mmap_mode="r", allow_pickle=False)
            os.utime(path)
        except (OSError, ValueError):
            return None
        return found if found.shape == shape and found.dtype == np.dtype(dtype) else None

    def new(self, key: str, shape: tuple[int, ...], dtype: str) -> Draft:
        """Return an array to be filled, of nan.

        It is in memory, and is not kept, where the directory cannot be written to or would be too small.
        """
        path = self._path(key)
        part = path.with_suffix(f".{secrets.token_hex(4)}.part")
        try:
            self.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._make_room(math.prod(shape) * np.dtype(dtype).itemsize)
            return Draft(_written(part, shape, np.dtype(dtype)), part, path)
        except (OSError, ValueError):
            with contextlib.suppress(OSError):
                part.unlink()
            return Draft(np.full(shape, np.nan, dtype))

    def _make_room(self, nbytes: int) -> None:
        """Remove what was not asked for longest, so that there is room.

        Raises
        ------
        OSError
            If there can be none.
        """
        if nbytes > self.most:
            raise OSError("larger than all that is kept")
        now, kept, size = time.time(), [], nbytes
        for path in self.directory.iterdir():
            try:
                status = path.stat()
            except OSError:
                continue
            if path.suffix == ".part" and now - status.st_mtime > _LEFT_OVER:
                path.unlink(missing_ok=True)
            elif path.suffix in (".npy", ".part"):
                kept.append((status.st_mtime, status.st_size, path))
                size += status.st_size
        for _, freed, path in sorted(kept):
            if size <= self.most:
                break
            if path.suffix == ".npy":
                path.unlink(missing_ok=True)
                size -= freed


class Draft:
    """An array that is being filled.

    Attributes
    ----------
    array : ndarray
    """

    def __init__(self, array: npt.NDArray[Any], part: Path | None = None, path: Path | None = None) -> None:
        self.array, self._part, self._path = array, part, path
        if part is not None:
            weakref.finalize(self, part.unlink, missing_ok=True)  # also when the process ends before it is complete

    def keep(self) -> None:
        """Give it its name, because it is complete; where that fails it is not kept."""
        if self._part is not None and self._path is not None:
            with contextlib.suppress(OSError):
                self._part.replace(self._path)


def _written(path: Path, shape: tuple[int, ...], dtype: np.dtype[Any]) -> npt.NDArray[Any]:
    """Return a new file of nan, mapped: written first, because writing to a mapped file on a full disk is a signal."""
    strip = np.full(_STRIP // dtype.itemsize, np.nan, dtype)
    left = math.prod(shape) * dtype.itemsize
    with path.open("xb") as file:
        np.lib.format.write_array_header_2_0(
            file, {"descr": dtype.str, "fortran_order": False, "shape": tuple(map(int, shape))}
        )
        offset = file.tell()
        while left:
            left -= file.write(strip.data.cast("B")[: min(left, _STRIP)])
    return np.memmap(path, dtype, "r+", offset, shape)
