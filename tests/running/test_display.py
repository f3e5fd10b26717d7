"""Progress is told in bars on a terminal and in lines of a log; in a notebook see `tests.test_runplan`."""

from __future__ import annotations

import io

import pytest

from pipeline.running.display import shown
from pipeline.running.progress import Progress


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
    monkeypatch.setattr("pipeline.running.display.time.monotonic", lambda: float(next(clock)))
    with shown(out := io.StringIO()) as show:
        for state in states():
            show(state)
    lines = out.getvalue().splitlines()
    assert lines[0] == "night GC/voltage: 30% of 10 MB, 500 KB/s, 14 s left"
    assert lines[-1] == "10 MB of values in 20 s"
    assert len(lines) == 4


def test_the_end_is_told_once() -> None:
    with shown(out := io.StringIO()) as show:
        for state in [states()[-1]] * 3:
            show(state)
    assert len(out.getvalue().splitlines()) == 1
