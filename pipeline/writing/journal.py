"""The journal: the variables that are complete in a run's event files, so that a conversion can go on.

The journal is text: a line of JSON for each variable that is done, in the order of the event files. TensorBoard ignores
it. While a variable is under way a checkpoint beside it says how far it is (`pipeline.writing.checkpoint`).
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from pipeline.errors import unwritable

__all__ = ["Entry", "Journal", "Ranges", "beyond", "journal_path"]

_ABOUT = "what is complete in the event files beside this file: the same command goes on from here"

#: Where a variable's records begin and end, by event file.
Ranges = dict[str, tuple[int, int]]


@dataclass(frozen=True)
class Entry:
    """A variable that is complete.

    Attributes
    ----------
    name : str
    key : str
        What its records depend on: source, settings and version, as a digest.
    ranges : dict
        Where its records are, by event file.
    hparams : dict
        The hyperparameters it gave.
    """

    name: str
    key: str
    ranges: Ranges = field(default_factory=dict)
    hparams: dict[str, bool | float | str] = field(default_factory=dict)


class Journal:
    """The journal of one run.

    Parameters
    ----------
    path : Path
        Read if it is there; a line that was cut off, and all after it, do not count.

    Attributes
    ----------
    entries : list of Entry
    source : str
        The path of what was converted; empty where that is unknown.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.source, *entries = _read(path)
        self.entries: list[Entry] = entries

    def add(self, entry: Entry) -> None:
        """Add a line."""
        self._write("a", ("" if self.entries or self.path.exists() else self._head()) + _line(entry))
        self.entries.append(entry)

    def keep(self, count: int) -> None:
        """Forget all entries but the first `count`."""
        self.entries = self.entries[:count]
        self.path.parent.mkdir(parents=True, exist_ok=True)
        draft = self.path.with_suffix(".part")
        text = self._head() + "".join(map(_line, self.entries))
        try:
            draft.write_text(text)
            draft.replace(self.path)
        except OSError as cause:
            raise unwritable(self.path, cause) from cause

    def _head(self) -> str:
        return json.dumps({"hdf2tb": _ABOUT, "source": self.source}) + "\n"

    def _write(self, mode: str, text: str) -> None:
        try:
            with open(self.path, mode) as file:
                file.write(text)
        except OSError as cause:
            raise unwritable(self.path, cause) from cause


def _line(entry: Entry) -> str:
    return json.dumps(asdict(entry), sort_keys=True) + "\n"


def _read(path: Path) -> Iterator[Any]:
    """Yield the source, then the entries."""
    try:
        head, *lines = path.read_text().split("\n")[:-1]  # without what follows the last line's end
    except (OSError, ValueError):
        yield ""
        return
    try:
        yield str(json.loads(head).get("source", ""))
    except (ValueError, AttributeError, RecursionError):
        yield ""
    for line in lines:
        try:
            found = json.loads(line)
            ranges = {kind: (int(start), int(end)) for kind, (start, end) in found["ranges"].items()}
            yield Entry(found["name"], found["key"], ranges, found["hparams"])
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return


def journal_path(run_dir: str | os.PathLike[str]) -> Path:
    """Return the path of a run's journal."""
    return Path(run_dir) / "hdf2tb.journal"


def beyond(ranges: Ranges, ends: Mapping[str, int]) -> bool:
    """Return whether records are said to be where an event file has ended."""
    return any(end > ends.get(kind, 0) for kind, (_, end) in ranges.items())
