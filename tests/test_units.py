"""What the commands print: sizes in words, and tables."""

from __future__ import annotations

import pytest

from pipeline.units import SECONDS, duration_text, size_text, time_unit


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 B"),
        (1, "1 B"),
        (999, "999 B"),
        (1000, "1 KB"),
        (1234, "1.23 KB"),
        (99_900, "99.9 KB"),
        (123_456, "123 KB"),
        (5_000_000, "5 MB"),
        (2_340_000_000, "2.34 GB"),
        (1e12, "1 TB"),
        (1.5e13, "15 TB"),
        (999.6, "1 KB"),
        (999_600, "1 MB"),
        (3.2e15, "3,200 TB"),
    ],
)
def test_a_size_is_three_digits_and_a_unit(size: float, text: str) -> None:
    assert size_text(size) == text


def test_no_size_is_written_with_an_exponent_or_four_digits() -> None:
    for size in [int(factor * 10**power) for power in range(14) for factor in (1, 1.5, 9.949, 9.951, 9.994, 9.9996)]:
        number, unit = size_text(size).split(" ")
        assert "e" not in number
        assert float(number) < 1000
        assert float(number) * 1000 ** ["B", "KB", "MB", "GB", "TB"].index(unit) == pytest.approx(
            size, rel=0.006, abs=0.5
        )


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0.0 s"), (9.96, "10 s"), (59.4, "59 s"), (59.7, "1 min 0 s"), (125, "2 min 5 s"), (3599.8, "1 h 0 min")],
)
def test_a_duration(seconds: float, text: str) -> None:
    assert duration_text(seconds) == text


@pytest.mark.parametrize(
    ("said", "unit"),
    [
        ("ms", "ms"),
        ("msec.", "ms"),
        ("[ms]", "ms"),
        ("(Seconds)", "s"),
        ("days since 2000-01-01", "d"),
        ("1/kHz", "ms"),
        ("ps", "ps"),
        ("Hours", "h"),
        ("µs", "µs"),
        ("frames", "frames"),
    ],
)
def test_a_unit_of_time_in_any_usual_spelling(said: str, unit: str) -> None:
    assert time_unit(said) == unit
    assert unit in SECONDS or unit in ("step", "frames")
