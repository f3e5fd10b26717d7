"""The journal survives being cut off anywhere, and is text that a person can read."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from pipeline.errors import OutputError
from pipeline.writing.journal import Entry, Journal

ENTRIES = [
    Entry("GC/voltage", "k1", {"scalars": (42, 900)}, {}),
    Entry("GC/gain", "k2", {}, {"GC/gain": 2.5, "GC/on": True, "GC/model": "LIF"}),
    Entry("GC/weights", "k3", {"images": (42, 77), "scalars": (900, 901)}, {}),
]


def filled(path: Path) -> Journal:
    journal = Journal(path)
    for entry in ENTRIES:
        journal.add(entry)
    return journal


def test_what_was_added_is_read_back(tmp_path: Path) -> None:
    filled(tmp_path / "a.journal")
    assert Journal(tmp_path / "a.journal").entries == ENTRIES


def test_is_a_line_of_json_an_entry_with_a_word_for_people(tmp_path: Path) -> None:
    filled(tmp_path / "a.journal")
    head, *lines = (tmp_path / "a.journal").read_text().splitlines()
    assert "complete" in json.loads(head)["hdf2tb"]
    assert [json.loads(line)["name"] for line in lines] == [entry.name for entry in ENTRIES]


def test_cut_off_at_any_byte_it_holds_the_whole_lines(tmp_path: Path) -> None:
    path = tmp_path / "a.journal"
    filled(path)
    data = path.read_bytes()
    for size in range(len(data)):
        path.write_bytes(data[:size])
        whole = max(0, data[:size].count(b"\n") - 1)
        assert Journal(path).entries == ENTRIES[:whole]


def test_what_follows_a_damaged_line_does_not_count(tmp_path: Path) -> None:
    path = tmp_path / "a.journal"
    filled(path)
    lines = path.read_text().splitlines()
    for damaged in ("{damaged", "[" * 100_000, "3", '{"ranges": {"images": [1]}}'):
        path.write_text("\n".join([*lines[:2], damaged, *lines[3:], ""]))
        assert Journal(path).entries == ENTRIES[:1]


def test_keep_gives_the_same_text_as_adding(tmp_path: Path) -> None:
    for entry in ENTRIES[:2]:
        Journal(tmp_path / "a.journal").add(entry)
    filled(tmp_path / "b.journal").keep(2)
    assert (tmp_path / "a.journal").read_bytes() == (tmp_path / "b.journal").read_bytes()


def test_the_journal_is_replaced_and_never_rewritten_in_place(tmp_path: Path) -> None:
    path, before = tmp_path / "a.journal", tmp_path / "before"
    journal = filled(path)
    os.link(path, before)  # what a reader that has it open still sees
    whole = path.read_bytes()
    journal.keep(1)
    assert before.read_bytes() == whole
    assert path.read_bytes() != whole


def test_a_journal_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a.journal").mkdir()
    with pytest.raises(OutputError, match=r"a\.journal"):
        Journal(tmp_path / "a.journal").add(ENTRIES[0])
