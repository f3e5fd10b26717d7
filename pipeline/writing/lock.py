"""The lock of a log directory: one conversion at a time writes to it, on any file system."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, SoftFileLock, Timeout

from pipeline.errors import OutputError, unwritable

__all__ = ["locked"]

#: What file systems answer that have no locks (Lustre, some of NFS and FUSE).
_NO_LOCKS = {errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOLCK}


@contextmanager
def locked(logdir: str | os.PathLike[str]) -> Iterator[None]:
    """Lock a log directory against other conversions; a process that dies lets go of the lock.

    Where the file system has no locks, a file that is there says that a conversion is under way; a process that dies
    leaves it behind.

    Raises
    ------
    OutputError
        If another one is under way there, or the directory cannot be written.
    """
    path, marker = Path(logdir) / ".hdf2tb.lock", Path(logdir) / ".hdf2tb.writing"
    lock: FileLock | SoftFileLock = FileLock(path, timeout=0, fallback_to_soft=False)
    hint = ""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            lock.acquire()
        except OSError as cause:
            if cause.errno not in _NO_LOCKS:
                raise
            lock, hint = SoftFileLock(marker, timeout=0), f" (if none is, delete {marker})"
            lock.acquire()
    except Timeout as cause:
        raise OutputError(
            f"{logdir}: another conversion is writing to it; wait for it, or name another directory{hint}"
        ) from cause
    except OSError as cause:
        raise unwritable(logdir, cause) from cause
    try:
        yield
    finally:
        lock.release()
