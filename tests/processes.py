"""Conversions as processes that something happens to, and Dask clusters of processes on this machine."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from tests.common import tree_bytes


@dataclass(frozen=True)
class Conversion:
    """``hdf2tb convert`` with its source and plots, to be done more than once."""

    source: Path
    plots: list[str]

    def command(self, out: Path, *words: str) -> list[str]:
        plots = [f"--plot={plot}" for plot in self.plots]
        return [sys.executable, "-m", "pipeline", "convert", str(self.source), "--out", str(out), *plots, *words]

    def start(self, out: Path, *words: str, **options: Any) -> subprocess.Popen[str]:
        """Begin it as a group of processes of its own."""
        return subprocess.Popen(
            self.command(out, *words), start_new_session=True, stderr=subprocess.PIPE, text=True, **options
        )

    def finish(self, out: Path, *words: str) -> str:
        """Do it to the end, and return what it said."""
        return end_of(self.start(out, *words))


def end_of(process: subprocess.Popen[str], code: int = 0) -> str:
    """Wait until a conversion ends as expected and without a traceback, and return what it said."""
    _, said = process.communicate()
    assert process.returncode == code, said
    assert "Traceback" not in said, said
    return said


def written(out: Path) -> dict[str, bytes]:
    """Return all that a conversion leaves, but for the empty file by which it keeps others out."""
    return {name: data for name, data in tree_bytes(out).items() if not name.endswith(".lock")}


def image_bytes(out: Path) -> int:
    """Return how much is in the event files of pictures."""
    return sum(path.stat().st_size for path in out.rglob("*.images"))


def kill_tree(process: subprocess.Popen[Any]) -> None:
    """Kill a process and all that it started, at once."""
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


def workers_of(process: subprocess.Popen[Any]) -> list[psutil.Process]:
    """Return the worker processes that are alive."""
    found = []
    for child in psutil.Process(process.pid).children(recursive=True):
        with suppress(psutil.NoSuchProcess):  # it is just ending
            if "spawn_main" in " ".join(child.cmdline()):
                found.append(child)
    return found


@dataclass
class Cluster:
    """A Dask scheduler and its workers, each a process of this machine."""

    scheduler: subprocess.Popen[bytes]
    begin: Callable[..., subprocess.Popen[bytes]]
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)
    address: str = ""

    def __post_init__(self) -> None:
        self.address = _said(self.scheduler, "Scheduler at:").split()[-1]

    def add(self, workers: int) -> None:
        """Start so many more workers, and return when they are there."""
        new = [self.begin("worker", self.address, "--nthreads", "1", "--no-nanny") for _ in range(workers)]
        for worker in new:
            _said(worker, "Registered to:")
        self.workers += new


@contextmanager
def cluster(workers: int) -> Iterator[Cluster]:
    """Start a scheduler and workers as one does by hand, and end them."""
    options: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    dask = [sys.executable, "-m", "dask"]
    local = ["--host", "127.0.0.1", "--no-dashboard"]
    with ExitStack() as ending:

        def begin(*command: str) -> subprocess.Popen[bytes]:
            process = subprocess.Popen([*dask, *command, *local], **options)
            ending.callback(process.wait)
            ending.callback(process.kill)
            return process

        running = Cluster(begin("scheduler", "--port", "0"), begin)
        running.add(workers)
        yield running


def _said(process: subprocess.Popen[bytes], what: str) -> str:
    """Return the line of its output that holds some words, and let it say what it likes from then on."""
    assert process.stdout
    for line in process.stdout:
        if what in line.decode():
            threading.Thread(target=_drain, args=(process.stdout,)).start()
            return line.decode()
    raise AssertionError(f"the process ended without saying '{what}'")


def _drain(pipe: Any) -> None:
    with pipe:
        for _ in pipe:
            pass
