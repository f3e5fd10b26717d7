"""Progress is told in bars on a terminal and in lines of a log; in a notebook see `tests.test_runplan`."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from typing import Any

import pytest

from pipeline.running.display import _Bars, shown
from pipeline.running.progress import Progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def states(count: int = 10) -> list[Progress]:
    return [
        Progress("night", "GC/voltage", done, count, done * 10**6, count * 10**6, done * 10**6, count * 10**6)
        for done in range(1, count + 1)
    ]


def last_bars(out: Terminal) -> str:
    """Return what stands on the terminal at the end, without colours."""
    text = re.sub(r"\x1b\[[\d;?]*[a-zA-Z]", "", out.getvalue()).replace("\r", "\n")
    return text


def test_bars_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    monkeypatch.setenv("TERM", "xterm")
    with shown(out := Terminal()) as show:
        for state in states():
            show(state)
    text = last_bars(out)
    assert "all" in text
    assert "night GC/voltage" in text
    assert "100%" in text
    assert "10.0/10.0 MB" in text
    assert "block 10 of 10" in text


@pytest.mark.parametrize("width", [60, 80, 120, 160])
def test_a_bar_is_one_line_on_any_terminal_and_says_how_far_it_is(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setenv("TERM", "xterm")
    long = "a run whose name is long", "cortex/membrane_voltage_of_all_the_cells"
    with shown(out := Terminal()) as show:
        for state in states():
            show(replace(state, run=long[0], variable=long[1]))
        bars = show.__self__._bars
        lines = [line for line in io.StringIO(rendered(bars, width)) if line.strip()]
    assert len(lines) == 2
    assert all("100%" in line for line in lines)
    assert lines[1].startswith("a run whos")
    assert (f"{long[0]} {long[1]}" in lines[1]) == (width >= 160)
    assert last_bars(out)


def rendered(bars: Any, width: int) -> str:
    from rich.console import Console

    with (console := Console(width=width, file=io.StringIO())).capture() as capture:
        console.print(bars.get_renderable())
    return capture.get()


def test_the_speed_is_that_of_this_conversion_alone() -> None:
    """What an earlier one did is there when it begins, and no part of what it does in a second."""
    bars = _Bars(Terminal())
    first, *_, last = states()
    bars.show(replace(first, done=5, bytes_done=5_000_000))
    task = bars._bars.tasks[0]
    task.get_time = lambda: 0.0
    assert task.completed == 5_000_000
    assert not task.speed
    bars.show(replace(last, done=6, bytes_done=6_000_000))
    assert sum(sample.completed for sample in task._progress) <= 1_000_000
    bars.close()


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
