"""Progress is counted over all runs, and told in bars on a terminal and in lines of a log."""

from __future__ import annotations

import io

import pytest

from pipeline.progress import Progress, Tally, shown

SIZES = [[[100, 100], [50]], [], [[10, 20, 30]]]


def test_a_tally_adds_up_what_is_before() -> None:
    tally = Tally(SIZES)
    found = [tally.reach(("run", "x"), *at) for at in [(0, 0, 1), (0, 0, 2), (0, 1, 1), (2, 0, 2), (2, 0, 3)]]
    assert [state.done for state in found] == [1, 2, 3, 5, 6]
    assert [state.bytes_done for state in found] == [100, 200, 250, 280, 310]
    assert [(state.variable_done, state.variable_total) for state in found] == [
        (100, 200),
        (200, 200),
        (50, 50),
        (30, 60),
        (60, 60),
    ]
    assert {(state.total, state.bytes_total) for state in found} == {(6, 310)}
    assert found[-1].part == 1


def test_a_variable_that_was_skipped_counts_as_done() -> None:
    assert Tally(SIZES).reach(("run", "x"), 2, 0, 1).bytes_done == 260


def test_what_reads_nothing_is_counted_in_blocks() -> None:
    assert Progress("run", "x", 1, 4, 0, 0, 0, 1).part == 0.25
    assert Progress("run", "x", 0, 0, 0, 0, 0, 1).part == 1


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def states(count: int = 10) -> list[Progress]:
    return [
        Progress("night", "GC/voltage", done, count, done * 10**6, count * 10**6, done * 10**6, count * 10**6)
        for done in range(1, count + 1)
    ]


def test_bars_on_a_terminal() -> None:
    with shown(out := Terminal()) as show:
        for state in states():
            show(state)
    last = out.getvalue().replace("\r", "\n")
    assert "all" in last
    assert "night GC/voltage" in last
    assert "100%|" in last
    assert "10.0M/10.0MB" in last
    assert "block 10 of 10" in last


def test_lines_in_a_log(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(range(0, 1000, 2))  # two seconds a block, at each look
    monkeypatch.setattr("pipeline.progress.time.monotonic", lambda: float(next(clock)))
    with shown(out := io.StringIO()) as show:
        for state in states():
            show(state)
    lines = out.getvalue().splitlines()
    assert lines[0] == "night GC/voltage: 30% of 10 MB, 333 KB/s, 21 s left"
    assert lines[-1] == "10 MB of values in 20 s, 450 KB/s"
    assert len(lines) == 4


def test_the_end_is_told_once() -> None:
    with shown(out := io.StringIO()) as show:
        for state in [states()[-1]] * 3:
            show(state)
    assert len(out.getvalue().splitlines()) == 1
