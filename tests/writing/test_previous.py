"""What an earlier conversion wrote is copied while it is there; what was cut off since is not."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pipeline.errors import OutputError
from pipeline.writing.eventfiles import FIRST_RECORD, EventFiles, event_file
from pipeline.writing.journal import Entry, Journal, journal_path
from pipeline.writing.previous import PreviousFiles

FIRST, SECOND = b"first variable", b"the second one"
MIDDLE = FIRST_RECORD + len(FIRST)
END = MIDDLE + len(SECOND)


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    """A run of two variables that are complete."""
    with EventFiles(tmp_path) as files:
        files.append("scalars", FIRST)
        files.append("scalars", SECOND)
    journal = Journal(journal_path(tmp_path))
    journal.add(Entry("a", "k1", {"scalars": (FIRST_RECORD, MIDDLE)}))
    journal.add(Entry("b", "k2", {"scalars": (MIDDLE, END)}))
    return journal


def test_records_are_copied_in_any_order(tmp_path: Path, journal: Journal) -> None:
    previous = PreviousFiles(tmp_path)
    with EventFiles(tmp_path) as files:
        assert previous.take(files, journal)
        assert not previous.take(files, journal)  # what is there already is not replaced
        previous = PreviousFiles(tmp_path)  # as after a kill
        assert set(previous.entries) == {"k1", "k2"}
        for key in ("k2", "k1"):
            previous.copy(key, files)
    assert event_file(tmp_path, "scalars").read_bytes()[FIRST_RECORD:] == SECOND + FIRST
    previous.remove()
    assert sorted(os.listdir(tmp_path)) == [event_file(tmp_path, "scalars").name]


def test_what_was_cut_off_since_is_left_out(tmp_path: Path, journal: Journal) -> None:
    os.truncate(event_file(tmp_path, "scalars"), END - 5)
    previous = PreviousFiles(tmp_path)
    assert previous.take(EventFiles(tmp_path), journal)
    assert set(previous.entries) == {"k1"}
    assert set(PreviousFiles(tmp_path).entries) == {"k1"}


def test_what_is_cut_off_while_it_is_copied_is_an_error(tmp_path: Path, journal: Journal) -> None:
    previous = PreviousFiles(tmp_path)
    with EventFiles(tmp_path) as files:
        previous.take(files, journal)
        os.truncate(previous.paths["scalars"], END - 5)
        with pytest.raises(OutputError, match="shortened"):
            previous.copy("k2", files)
