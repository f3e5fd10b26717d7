"""The one writer: the only code that opens event files.

A run has at most one for each of ``scalars``, ``images``, ``histograms`` and ``hparams`` (they load better apart,
TensorBoard issue 6076), and all are complete records at any time. Their names do not depend on clock, host or process,
so the same conversion gives the same directory.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from pipeline.errors import OutputError, unwritable
from pipeline.model.chart import Chart
from pipeline.writing.hparams import HparamValue, experiment_events, session_events, session_values
from pipeline.writing.layouts import layout_charts, layout_event
from pipeline.writing.texts import text_event
from pipeline.writing.wire import file_version

__all__ = [
    "FIRST_RECORD",
    "GROWING",
    "EventFiles",
    "event_file",
    "free_number",
    "WHOLE",
    "read_hparams",
    "read_layout",
    "write_experiment",
]


#: The event files that grow by appending, and the small ones that are replaced whole.
GROWING, WHOLE = ("scalars", "images", "histograms"), ("hparams", "layout", "text")

#: Where the first record of data begins, after the file version.
FIRST_RECORD = len(file_version())


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
        self._open: dict[str, BinaryIO] = {}

    @property
    def ends(self) -> dict[str, int]:
        """The size of each event file that grows."""
        return self._sizes({kind: event_file(self.run_dir, kind, self.number) for kind in GROWING})

    @property
    def sizes(self) -> dict[str, int]:
        """The size of each event file."""
        return self.ends | self._sizes({kind: event_file(self.run_dir, kind) for kind in WHOLE})

    @staticmethod
    def _sizes(paths: dict[str, Path]) -> dict[str, int]:
        return {kind: path.stat().st_size for kind, path in paths.items() if path.exists()}

    def cut(self, ends: dict[str, int]) -> None:
        """Make the directory, and cut each event file to its end; one that has none is removed, and so are others'.

        Raises
        ------
        OutputError
            Also if a file is shorter than its end.
        """
        self.close()
        try:
            self.run_dir.mkdir(parents=True, exist_ok=True)
            for kind in GROWING:
                mine = event_file(self.run_dir, kind, self.number)
                for path in self.run_dir.glob(_pattern(kind)):
                    if path != mine or not ends.get(kind):
                        path.unlink()
                if ends.get(kind) and mine.stat().st_size != ends[kind]:
                    if mine.stat().st_size < ends[kind]:
                        raise OutputError(f"{mine}: is shorter than it was")
                    os.truncate(mine, ends[kind])
        except OSError as cause:
            raise unwritable(self.run_dir, cause) from cause

    def append(self, kind: str, records: bytes | bytearray | memoryview) -> None:
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
            view = memoryview(records)
            while view:  # an unbuffered write may take only a part
                view = view[self._open[kind].write(view) :]
        except OSError as cause:
            raise unwritable(path, cause) from cause

    def write_hparams(self, values: dict[str, HparamValue], group: str) -> None:
        """Write all hyperparameters of the run as one session, replacing the one written before; none without any."""
        self._write_whole("hparams", session_events(values, group) if values else b"")

    def write_layout(self, charts: Sequence[Chart]) -> None:
        """Write the layout of the charts of the run, replacing the one written before; none where there is no chart."""
        self._write_whole("layout", layout_event(charts) if charts else b"")

    def write_text(self, tag: str, markdown: str) -> None:
        """Write a text of the run, replacing the one written before."""
        self._write_whole("text", text_event(tag, markdown))

    def _write_whole(self, kind: str, records: bytes) -> None:
        """Write a small event file if it is not there as it should be; without records there is none."""
        path = event_file(self.run_dir, kind)
        if not records:
            if path.exists():
                path.unlink()
        elif not path.exists() or path.read_bytes() != file_version() + records:
            _replace(path, file_version() + records)

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


def read_layout(run_dir: str | os.PathLike[str]) -> list[Chart]:
    """Return the charts that were written of a run."""
    path = event_file(Path(run_dir), "layout")
    return layout_charts(path.read_bytes()) if path.exists() else []


def free_number(run_dir: str | os.PathLike[str]) -> int:
    """Return the lowest number above those of the event files in a directory."""
    numbers = [int(path.name.split(".")[3]) for path in Path(run_dir).glob(_pattern("*"))]
    return max(numbers, default=-1) + 1


def write_experiment(logdir: Path, metrics: list[str] | None = None) -> None:
    """Write the one experiment record of a log directory, over all runs in it, at its root.

    Where no run has hyperparameters, there is none.
    """
    sessions = [session_values(path.read_bytes()) for path in sorted(logdir.rglob(_pattern("hparams")))]
    path = event_file(logdir, "experiment")
    data = file_version() + experiment_events(sessions, metrics or []) if any(sessions) else b""
    if not data:
        path.unlink(missing_ok=True)
    elif not path.exists() or path.read_bytes() != data:
        _replace(path, data)


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
        raise unwritable(path, cause) from cause
