"""TensorBoard with the flags that make it show everything; otherwise it keeps ten pictures and 1000 points a tag."""

from __future__ import annotations

import mmap
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from pipeline.errors import SourceError
from pipeline.serving.process import Server

__all__ = ["heavy", "samples", "tensorboard"]

#: Tags a run and frames a tag that TensorBoard shows without effort (its issues 4170 and 2142).
_MOST_TAGS, _MOST_FRAMES = 2000, 300
_LOOKED_AT = 200_000  # records of an event file whose tags are counted


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
    _servers[place] = Server(place, flags, height=height)
    _servers[place].wait()
    return _servers[place]
