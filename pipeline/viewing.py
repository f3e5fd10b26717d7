"""TensorBoard with the flags that make it show everything; otherwise it keeps ten pictures and 1000 points a tag."""

from __future__ import annotations

import atexit
import mmap
import os
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from pipeline.errors import OutputError, SourceError

__all__ = ["Server", "free_port", "heavy", "samples", "tensorboard", "tensorboard_command"]

#: Tags a run and frames a tag that TensorBoard shows without effort (its issues 4170 and 2142).
_MOST_TAGS, _MOST_FRAMES = 2000, 300
_LOOKED_AT = 200_000  # records of an event file whose tags are counted

#: Runs TensorBoard until the pipe from whoever started it closes, however that one ends.
_UNTIL_ORPHANED = """
import os, sys, threading
threading.Thread(target=lambda: (sys.stdin.buffer.read(), os._exit(0)), daemon=True).start()
from tensorboard.main import run_main
run_main()
"""


def samples(logdir: str | os.PathLike[str]) -> dict[str, int]:
    """Return how many samples a tag can have, by plugin: the number of records in the event files of the fullest run.

    Parameters
    ----------
    logdir : path
        Of any event files; those of other writers may hold points and pictures alike.
    """
    least = {"images": 10, "scalars": 1000}  # TensorBoard's own choice
    found: Counter[tuple[Path, str]] = Counter()
    for path in Path(logdir).rglob("*tfevents*"):
        kind = path.name.rsplit(".", 1)[-1]
        if kind in ("hparams", "experiment") or not path.is_file():
            continue
        count = _records(path)
        found.update({(path.parent, plugin): count for plugin in ([kind] if kind in least else least)})
    return {plugin: max([most, *(n for (_, p), n in found.items() if p == plugin)]) for plugin, most in least.items()}


def _records(path: Path) -> int:
    """Return the number of records in an event file, from their lengths alone."""
    return sum(1 for _ in _framed(path, 0))


def _framed(path: Path, head: int) -> Iterator[bytes]:
    """Yield the first `head` bytes of each record of an event file."""
    size = path.stat().st_size
    if not size:
        return
    at = 0
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        while at + 12 <= size:
            length = int.from_bytes(data[at : at + 8], "little")
            yield data[at + 12 : at + 12 + min(head, length)]
            at += 16 + length


def heavy(logdir: str | os.PathLike[str]) -> list[str]:
    """Return a line for each thing in a log directory that TensorBoard is slow to show, with what to do about it."""
    lines = []
    for run_dir in sorted({path.parent for path in Path(logdir).rglob("*tfevents*")}):
        name = os.path.relpath(run_dir, logdir)
        frames: Counter[str] = Counter()
        for path in run_dir.glob("*tfevents*.images"):
            frames.update(filter(None, map(_first_tag, _framed(path, 300))))
        most = frames.most_common(1)
        if most and most[0][1] > _MOST_FRAMES:
            tag, count = most[0]
            lines.append(f"{name}: {tag} has {count:,} frames; the slider works to about {_MOST_FRAMES}: a larger step")
        series = max((_series(path) for path in run_dir.glob("*tfevents*.scalars")), default=0)
        if series + len(frames) > _MOST_TAGS:
            lines.append(
                f"{name}: {series + len(frames):,} tags, which take long to list: fewer units (units=0:16), "
                "or a heatmap or raster of all of them"
            )
    return lines


def _first_tag(record: bytes) -> str | None:
    """Return the tag of the first value of an event, None if there is none; `record` may be cut off after it."""
    at = record.find(b"\x2a")  # field 5, the summary, follows the wall time and the step
    while 0 <= at < 24:
        length, inside = _varint(record, at + 1)
        if record[inside : inside + 1] == b"\x0a" and length:
            _, value = _varint(record, inside + 1)
            if record[value : value + 1] == b"\x0a":
                size, text = _varint(record, value + 1)
                try:
                    return record[text : text + size].decode()
                except UnicodeDecodeError:
                    pass
        at = record.find(b"\x2a", at + 1)
    return None


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """Return the number at a place, and the place after it."""
    number = shift = 0
    while at < len(data):
        number |= (data[at] & 127) << shift
        shift, at = shift + 7, at + 1
        if not data[at - 1] & 128:
            break
    return number, at


def _series(path: Path) -> int:
    """Return the number of scalar tags in an event file; a record whose first tag is known has no others."""
    from tensorboard.compat.proto.event_pb2 import Event

    firsts: set[str] = set()
    found: set[str] = set()
    for number, record in enumerate(_framed(path, 1 << 62)):
        if number >= _LOOKED_AT:
            break
        first = _first_tag(record[:300])
        if first is not None and first not in firsts:
            firsts.add(first)
            found |= {value.tag for value in Event.FromString(record).summary.value}
    return len(found)


def tensorboard_command(
    logdir: str | os.PathLike[str], samples: dict[str, int], *, port: int | None = None, host: str | None = None
) -> list[str]:
    """Return the command that starts TensorBoard in this Python."""
    command = [sys.executable, "-m", "tensorboard.main", f"--logdir={os.fspath(logdir)}"]
    command.append("--samples_per_plugin=" + ",".join(f"{plugin}={most}" for plugin, most in sorted(samples.items())))
    command.append("--reload_multifile=true")
    if port is not None:
        command.append(f"--port={port}")
    if host is not None:
        command.append(f"--host={host}")
    return command


def free_port(wanted: int | None = None) -> int:
    """Return `wanted` if nothing listens there, else a free port of this machine."""
    for port in (*(() if wanted is None else (wanted,)), 0):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise OutputError("no free port on this machine")


class Server:
    """A running TensorBoard; shows itself in a notebook. It ends with `stop`, or with the process that started it."""

    def __init__(self, logdir: Path, height: int, flags: dict[str, int]) -> None:
        self.logdir, self.height, self.flags = logdir, height, flags
        self.port = free_port()
        command = tensorboard_command(logdir, flags, port=self.port, host="127.0.0.1")
        self._process = subprocess.Popen(
            [sys.executable, "-c", _UNTIL_ORPHANED, *command[3:]],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        atexit.register(self.stop)

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.port}/"

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self._process.poll() is None

    def wait(self, seconds: float = 60.0) -> None:
        """Wait until it answers.

        Raises
        ------
        OutputError
            If it ended, or does not answer in time.
        """
        past = time.monotonic() + seconds
        while self.running and time.monotonic() < past:
            if answers(self.port):
                return
            time.sleep(0.1)
        self.stop()
        raise OutputError(f"{self.logdir}: TensorBoard did not start; hdf2tb view says why")

    def stop(self) -> None:
        """End it."""
        atexit.unregister(self.stop)
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._process.terminate()
        self._process.wait()

    def __repr__(self) -> str:
        return f"<TensorBoard of {self.logdir.name} at {self.url}>" if self.running else "<TensorBoard, ended>"

    def _repr_html_(self) -> str:
        if not self.running:
            return "<p>TensorBoard has ended; call tensorboard() again.</p>"
        frame = f'<iframe src="{self.url}" width="100%" height="{self.height}" frameborder="0"></iframe>'
        return f'{frame}<p><a href="{self.url}" target="_blank">in a page of its own</a></p>'


def answers(port: int) -> bool:
    """Whether something listens at a port of this machine."""
    with socket.socket() as probe:
        probe.settimeout(1.0)
        return probe.connect_ex(("127.0.0.1", port)) == 0


_servers: dict[Path, Server] = {}


def tensorboard(logdir: str | os.PathLike[str], *, height: int = 800) -> Server:
    """Start TensorBoard so that it shows every point and picture, and show it in the notebook.

    Parameters
    ----------
    logdir : path
    height : int
        Of the page shown, in pixels.

    Returns
    -------
    Server
        At a free port of this machine; ends with the kernel. The one that runs for `logdir` already is shown again,
        unless there is more to show than it was started for.

    Raises
    ------
    SourceError
        If there is no such directory.
    """
    place = Path(logdir).resolve()
    if not place.is_dir():
        raise SourceError(f"{logdir}: no such directory")
    flags = samples(place)
    running = _servers.get(place)
    if running is not None and running.running and running.flags == flags:
        running.height = height
        return running
    if running is not None:
        running.stop()
    _servers[place] = Server(place, height, flags)
    _servers[place].wait()
    return _servers[place]
