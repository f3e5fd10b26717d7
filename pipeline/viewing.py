"""TensorBoard with the flags that make it show everything; otherwise it keeps ten pictures and 1000 points a tag."""

from __future__ import annotations

import mmap
import os
import sys
from collections import Counter
from pathlib import Path

__all__ = ["samples", "tensorboard_command"]


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
    size = path.stat().st_size
    if not size:
        return 0
    count = at = 0
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        while at + 12 <= size:
            at += 16 + int.from_bytes(data[at : at + 8], "little")
            count += 1
    return count


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
