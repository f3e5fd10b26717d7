"""The one writer: the only code that opens event files.

A run has at most three, one for each of ``scalars``, ``images`` and ``hparams`` (they load better apart, TensorBoard
issue 6076), and all are complete records at any time. Their names do not depend on clock, host or process, so the same
conversion gives the same directory.
"""

from __future__ import annotations

import os
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from pipeline.errors import OutputError
from pipeline.writing.hparams import HparamValue, experiment_events, session_events, session_values
from pipeline.writing.wire import file_version

__all__ = ["EventFiles", "event_file", "free_number", "read_hparams", "write_experiment"]


def event_file(run_dir: Path, kind: str, number: int = 0) -> Path:
    """Return the path of a run's event file of one kind."""
    return run_dir / f"events.out.tfevents.{number:010d}.hdf2tb.{kind}"


class EventFiles:
    """The event files of one run; each is made when first written to, and every call reaches the operating system.

    Parameters
    ----------
    run_dir : path
        Made if it is not there.
    number : int, optional
        Part of the files' names; a writer that must not replace what another one left takes a free one.

    Raises
    ------
    OutputError
        From every method, when the directory cannot be written or the disk is full.
    """

    def __init__(self, run_dir: str | os.PathLike[str], number: int = 0) -> None:
        self.run_dir, self.number = Path(run_dir), number
        self.written: dict[str, int] = {}
        self._open: dict[str, BinaryIO] = {}

    def start_afresh(self) -> None:
        """Make the directory, and remove what an earlier conversion left in it."""
        try:
            self.run_dir.mkdir(parents=True, exist_ok=True)
            for kind in ("scalars", "images", "hparams"):
                for path in self.run_dir.glob(_pattern(kind)):
                    path.unlink()
        except OSError as cause:
            raise OutputError(f"{self.run_dir}: cannot be written ({cause.strerror})") from cause

    def append(self, kind: str, records: bytes | bytearray) -> None:
        """Add whole framed records to the event file of one kind."""
        if not records:
            return
        path = event_file(self.run_dir, kind, self.number)
        try:
            if kind not in self._open:
                self.run_dir.mkdir(parents=True, exist_ok=True)
                self._open[kind] = open(path, "ab", buffering=0)
                if not self._open[kind].tell():
                    self._open[kind].write(file_version())
                self.written.setdefault(kind, len(file_version()))
            view = memoryview(records)
            while view:  # an unbuffered write may take only a part
                view = view[self._open[kind].write(view) :]
        except OSError as cause:
            raise OutputError(f"{path}: cannot be written ({cause.strerror})") from cause
        self.written[kind] += len(records)

    def write_hparams(self, values: dict[str, HparamValue], group: str) -> None:
        """Write all hyperparameters of the run as one session, replacing the one written before."""
        data = file_version() + session_events(values, group)
        _replace(event_file(self.run_dir, "hparams"), data)
        self.written["hparams"] = len(data)

    def close(self) -> None:
        """Close the files; a later `append` goes on with them."""
        for file in self._open.values():
            file.close()
        self._open.clear()

    def __enter__(self) -> EventFiles:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def read_hparams(run_dir: str | os.PathLike[str]) -> dict[str, HparamValue]:
    """Return the hyperparameters that were written of a run."""
    path = event_file(Path(run_dir), "hparams")
    return session_values(path.read_bytes()) if path.exists() else {}


def free_number(run_dir: str | os.PathLike[str]) -> int:
    """Return the lowest number above those of the event files in a directory."""
    numbers = [int(path.name.split(".")[3]) for path in Path(run_dir).glob(_pattern("*"))]
    return max(numbers, default=-1) + 1


def write_experiment(logdir: Path, metrics: list[str] | None = None) -> None:
    """Write the one experiment record of a log directory, over all runs in it, at its root.

    Where no run has hyperparameters, none is written.
    """
    sessions = [session_values(path.read_bytes()) for path in sorted(logdir.rglob(_pattern("hparams")))]
    if any(sessions):
        _replace(event_file(logdir, "experiment"), file_version() + experiment_events(sessions, metrics or []))


def _pattern(kind: str) -> str:
    return f"events.out.tfevents.{'[0-9]' * 10}.hdf2tb.{kind}"


def _replace(path: Path, data: bytes) -> None:
    """Write a small file whole, or not at all."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f".{path.name}.part")
        draft.write_bytes(data)
        draft.replace(path)
    except OSError as cause:
        raise OutputError(f"{path}: cannot be written ({cause.strerror})") from cause
