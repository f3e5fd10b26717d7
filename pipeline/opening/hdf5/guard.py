"""Files are first listed in a child process (`listing`), which is started once and takes the crash in our place."""

from __future__ import annotations

import atexit
import json
import os
import subprocess
import sys
import threading
from functools import cache
from pathlib import Path
from typing import Any

__all__ = ["begin", "check", "forget"]

#: Seconds that listing a file may take: some for any, and more for each byte of a large one, which may hold much.
_SECONDS, _SECONDS_A_BYTE = 10.0, 1e-6
#: What makes glibc and Python show at once what else shows later, when memory that was overwritten is used.
_STRICT = {"MALLOC_PERTURB_": "165", "PYTHONMALLOC": "malloc"}
_LISTING = Path(__file__).with_name("listing.py")


def begin() -> None:
    """Start the child now, so that it is ready when the first file is opened."""
    _guard(os.getpid()).begin()


def check(path: str | os.PathLike[str]) -> str:
    """Return why a file must not be opened in this process; empty if it may.

    A file that was listed, and has not changed since, is not listed again.
    """
    try:
        status = os.stat(path)
    except OSError:
        return ""  # what opens it says why
    guard = _guard(os.getpid())
    key = os.path.realpath(path), status.st_size, status.st_mtime_ns
    with guard.lock:
        if key not in guard.known:
            guard.known[key] = guard.asked(key[0], _SECONDS + _SECONDS_A_BYTE * status.st_size)
        return guard.known[key]


def forget() -> None:
    """Forget what was found, because a file may change within a tick of its clock."""
    _guard(os.getpid()).known.clear()


@cache
def _guard(process: int) -> _Guard:
    """Return the guard of a process; one that was forked has a child of its own."""
    return _Guard()


class _Guard:
    """The child process, and what it found."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.known: dict[tuple[str, int, int], str] = {}
        self._child: subprocess.Popen[bytes] | None = None

    def begin(self) -> None:
        """Start the child, if there is none."""
        if self._child is not None and self._child.poll() is None:
            return
        try:
            self._child = subprocess.Popen(
                [sys.executable, str(_LISTING)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=os.environ | _STRICT,
                start_new_session=True,  # Ctrl-C is for this process, which ends the child
            )
        except OSError:  # no other process may be started here
            self._child = None
            return
        atexit.register(_end, self._child)

    def asked(self, path: str, seconds: float) -> str:
        """Ask the child about a file, which may take so long at most; return why it must not be opened."""
        self.begin()
        child = self._child
        if child is None or child.stdin is None or child.stdout is None:
            return ""
        try:
            child.stdin.write(json.dumps([path, seconds]).encode() + b"\n")
            child.stdin.flush()
            answer = child.stdout.readline()
        except (OSError, ValueError):
            answer = b""
        if answer:
            return str(json.loads(answer))
        _end(child)
        return "it cannot be listed, because the process that does so has ended"


def _end(child: Any) -> None:
    """End the child, and wait for it."""
    for pipe in (child.stdin, child.stdout):
        try:
            pipe.close()
        except OSError:
            pass
    if child.poll() is None:  # there is nothing that it could lose
        child.kill()
    child.wait()
