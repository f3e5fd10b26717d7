"""Tables are aligned, nothing in them is cut, and colours are for terminals that want them."""

from __future__ import annotations

import io
import re

import pytest

from pipeline.tables import columns, html_table, table, text_of


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_columns_are_aligned_and_the_first_row_is_the_head() -> None:
    lines = table([("variable", "shape"), ("a", "1"), ("a longer name", "")]).splitlines()
    assert lines == ["  variable       shape", "  a              1", "  a longer name"]
    assert table([("a", "b")]) == "  a  b"


def test_wide_letters_take_their_room() -> None:
    _, wide, plain = table([("name", "size"), ("電圧", "1"), ("abcd", "2")]).splitlines()
    assert wide.index("1") == plain.index("2") - 2  # two letters that are two columns wide


def test_nothing_is_cut_or_folded_in_a_file() -> None:
    long = "x" * 500
    assert table([("a", "b"), (long, "[bold]not markup[/]")]).splitlines()[1] == f"  {long}  [bold]not markup[/]"


def test_colours_and_width_are_those_of_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", "130")
    shown = columns(("name", "what"), [("voltage", "ww " * 80)], ("cyan", ""))
    coloured = text_of(shown, Terminal())
    assert "\x1b[36mvoltage" in coloured
    lines = re.sub(r"\x1b\[[\d;]*m", "", coloured).splitlines()
    assert max(map(len, lines)) <= 130
    assert len(lines) > 2
    assert " ".join(lines).count("ww") == 80
    assert "\x1b" not in text_of(shown, io.StringIO())
    for name, value in (("NO_COLOR", "1"), ("TERM", "dumb")):
        with monkeypatch.context() as patch:
            patch.setenv(name, value)
            assert "\x1b" not in text_of(shown, Terminal())


def test_a_name_is_never_cut_however_narrow_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setenv("NO_COLOR", "1")
    name = "n" * 150
    assert name in text_of(columns(("name", "what"), [(name, "w" * 40)]), Terminal())
    assert "x" * 15_000 in table([("name",), ("x" * 15_000,)])


def test_nothing_in_a_cell_moves_the_cursor_or_ends_the_line() -> None:
    lines = table([("name", "size"), ("a\x1b[2Jb\u2028c\nd\te", "1")]).splitlines()
    assert lines[1:] == ["  a [2Jb c d e  1"]


def test_a_table_of_a_notebook_is_escaped() -> None:
    found = html_table(("a", "<b>"), [("1 < 2", "x")])
    assert "&lt;b&gt;" in found
    assert "1 &lt; 2" in found
    assert found.count("<tr>") == 2
