"""Event files of an earlier conversion that differs, kept until what is still right in them was copied."""

from __future__ import annotations

from pathlib import Path

from pipeline.errors import unwritable
from pipeline.writing.eventfiles import GROWING, EventFiles, event_file
from pipeline.writing.journal import Journal

__all__ = ["Aside"]


class Aside:
    """Event files of an earlier conversion, set aside until the records that are still right are copied."""

    def __init__(self, run_dir: Path) -> None:
        self.paths = {kind: run_dir / f".hdf2tb.{kind}.previous" for kind in (*GROWING, "journal")}
        self.entries = {entry.key: entry for entry in Journal(self.paths["journal"]).entries if entry.key}

    def take(self, files: EventFiles, journal: Journal) -> bool:
        """Set the files aside, journal last, unless others are there already; return whether it was done."""
        if self.entries or not journal.entries:
            return False
        files.close()
        try:
            for kind in GROWING:
                path = event_file(files.run_dir, kind, files.number)
                if path.exists():
                    path.replace(self.paths[kind])
            journal.path.replace(self.paths["journal"])
        except OSError as cause:
            raise unwritable(files.run_dir, cause) from cause
        self.entries = {entry.key: entry for entry in journal.entries if entry.key}
        return True

    def copy(self, key: str, files: EventFiles) -> None:
        """Append the records of one variable."""
        for kind, (start, end) in self.entries[key].ranges.items():
            with open(self.paths[kind], "rb") as file:
                file.seek(start)
                while start < end:
                    part = file.read(min(end - start, 1 << 24))
                    files.append(kind, part)
                    start += len(part)

    def remove(self) -> None:
        """Remove what is set aside."""
        self.entries = {}
        for path in self.paths.values():
            path.unlink(missing_ok=True)
