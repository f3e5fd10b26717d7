"""Event files of an earlier conversion that differs, kept until what is still right in them was copied."""

from __future__ import annotations

from pathlib import Path

from pipeline.errors import OutputError, unwritable
from pipeline.writing.eventfiles import GROWING, EventFiles, event_file
from pipeline.writing.journal import Entry, Journal, beyond

__all__ = ["PreviousFiles"]


class PreviousFiles:
    """Event files of an earlier conversion, set aside until the records that are still right are copied.

    Attributes
    ----------
    entries : dict
        What is complete in them, by key; without what the files, shortened since, no longer hold.
    """

    def __init__(self, run_dir: Path) -> None:
        self.paths = {kind: run_dir / f".hdf2tb.{kind}.previous" for kind in (*GROWING, "journal")}
        self.entries = self._held(Journal(self.paths["journal"]))

    def _held(self, journal: Journal) -> dict[str, Entry]:
        ends = {kind: path.stat().st_size for kind, path in self.paths.items() if path.exists()}
        return {entry.key: entry for entry in journal.entries if entry.key and not beyond(entry.ranges, ends)}

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
        self.entries = self._held(journal)
        return True

    def copy(self, key: str, files: EventFiles) -> None:
        """Append the records of one variable.

        Raises
        ------
        OutputError
            If a file was shortened while this conversion runs.
        """
        for kind, (start, end) in self.entries[key].ranges.items():
            with open(self.paths[kind], "rb") as file:
                file.seek(start)
                while start < end:
                    part = file.read(min(end - start, 1 << 24))
                    if not part:
                        raise OutputError(f"{self.paths[kind]}: was shortened by someone else; convert with --restart")
                    files.append(kind, part)
                    start += len(part)

    def remove(self) -> None:
        """Remove what is set aside."""
        self.entries = {}
        for path in self.paths.values():
            path.unlink(missing_ok=True)
