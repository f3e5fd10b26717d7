"""Progress is counted over all runs."""

from __future__ import annotations

from pipeline.running.progress import Progress, Tally

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


def test_it_never_goes_back() -> None:
    tally = Tally(SIZES)
    found = [
        tally.reach(("run", "x"), *at).bytes_done for at in [(0, 0, 2), (0, 0, 1), (0, 1, 0), (2, 0, 2), (2, 0, 1)]
    ]
    assert found == [200, 200, 200, 280, 280]


def test_a_variable_that_was_skipped_counts_as_done() -> None:
    assert Tally(SIZES).reach(("run", "x"), 2, 0, 1).bytes_done == 260


def test_what_reads_nothing_is_counted_in_blocks() -> None:
    assert Progress("run", "x", 1, 4, 0, 0, 0, 1).part == 0.25
    assert Progress("run", "x", 0, 0, 0, 0, 0, 1).part == 1
