"""Files that are elsewhere: ``https://`` and ``s3://``, read in blocks that a process keeps, by fsspec.

Opening reads a few blocks; a later read asks for those that it needs and that are not here yet.
"""

from __future__ import annotations

import gc
import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from pipeline.errors import SourceError

__all__ = ["RemoteFile", "is_remote", "opened", "state"]

_SCHEMES = ("http", "https", "s3")
#: Bytes of a block, and how many of them a process keeps of one file.
_BLOCK, _BLOCKS = 1 << 20, 64


def is_remote(path: Any) -> bool:
    """Whether a path is an address.

    Raises
    ------
    SourceError
        If its scheme is none that is read.
    """
    scheme, found, _ = str(path).partition("://")
    if not found or not scheme.isalnum() or len(scheme) < 2 or os.path.exists(path):
        return False
    if scheme not in _SCHEMES:
        raise SourceError(f"{path}: accepted is a path, or an address of {', '.join(f'{s}://' for s in _SCHEMES)}")
    return True


@dataclass(frozen=True)
class RemoteFile:
    """The address of a file, with the parts of its name that paths have."""

    url: str

    def __fspath__(self) -> str:
        return self.url

    def __str__(self) -> str:
        return self.url

    @property
    def name(self) -> str:
        """The last part."""
        return PurePosixPath(urlsplit(self.url).path).name or "run"

    @property
    def stem(self) -> str:
        """The last part without its ending."""
        return PurePosixPath(self.name).stem


class _Named:
    """An open remote file, which is called by its address; h5py asks for that."""

    def __init__(self, url: str, file: Any) -> None:
        self._url, self._file = url, file

    def __repr__(self) -> str:
        return self._url

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def readinto(self, buffer: Any) -> int:
        """Read as much as the buffer holds.

        Blocks are fetched by another thread, while this one holds h5py's lock. If that thread collected garbage, and
        there were h5py's objects in it, it would wait for this lock, and this thread for the block.
        """
        collecting = gc.isenabled()
        gc.disable()
        try:
            return int(self._file.readinto(buffer))
        finally:
            if collecting:
                gc.enable()

    def close(self) -> None:
        """Keep it open: its blocks are for whoever opens it next."""


def opened(url: str) -> Any:
    """Return a remote file for h5py; h5py's lock lets one thread at it at a time.

    Raises
    ------
    SourceError
        If there is no such file, or what reads it is not installed.
    """
    return _Named(url, _file(os.getpid(), url))


def state(url: str) -> tuple[Any, ...]:
    """Return what tells whether a remote file changed, as far as its server says: size, tag and time of change."""
    file = _file(os.getpid(), url)
    about = file.fs.info(file.path)
    return tuple(str(about.get(key, "")) for key in ("size", "ETag", "LastModified", "mtime"))


@lru_cache(maxsize=32)
def _file(process: int, url: str) -> Any:
    try:
        import fsspec
    except ImportError as cause:
        raise SourceError(f"{url}: pip install 'hdf2tb[remote]' brings what reads it") from cause
    options = {"block_size": _BLOCK, "cache_type": "blockcache", "cache_options": {"maxblocks": _BLOCKS}}
    try:
        system, path = fsspec.core.url_to_fs(url)
        return system.open(path, "rb", **options)
    except ImportError as cause:
        raise SourceError(f"{url}: pip install 'hdf2tb[remote]' brings what reads it ({cause})") from cause
    except FileNotFoundError as cause:
        raise SourceError(f"{url}: no such file") from cause
    except Exception as cause:  # whatever a server, or the way to it, does not do
        reason = " ".join(str(cause).split()) or type(cause).__name__
        raise SourceError(f"{url}: cannot be read ({reason})") from cause
