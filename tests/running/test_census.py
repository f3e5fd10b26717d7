"""A census of events: its axis of time and its rows, from one look at all of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import xarray as xr

from pipeline.model.clock import Clock
from pipeline.planning.job import EventUnits, Job
from pipeline.planning.signals import event_signal
from pipeline.rendering.drawing import Drawing
from pipeline.rendering.raster import Raster
from pipeline.running import census
from pipeline.running.clocks import with_clock


def counted(
    times: Any, units: Any = None, unit: str = "ms", count: int | None = None, step: float | None = None
) -> tuple[Clock, Any, Job]:
    """Return the clock, the rows and the job of a list after its census."""
    variable = xr.Variable("event", np.asarray(times), {"units": unit})
    whose = None if units is None else xr.Variable("event", np.asarray(units))
    signal = event_signal("a", "spikes", variable, count)
    job = Job(variable, 0, None, (Drawing(Raster(), signal),), whose=EventUnits(whose, count, step))
    found = with_clock(job)
    assert found.whose is not None
    (drawing,) = found.drawings
    assert drawing.signal.time is not None
    assert drawing.signal.shape == (drawing.signal.time.length, found.whose.rows.count)
    return drawing.signal.time, found.whose.rows, found


@pytest.mark.parametrize("at_once", [1, 3, 1000])
def test_the_axis_is_from_zero_to_the_last_time_in_any_order(monkeypatch: pytest.MonkeyPatch, at_once: int) -> None:
    monkeypatch.setattr(census, "_AT_ONCE", at_once)
    clock, rows, _ = counted([5000.25, 3.0, 4999.0], [4, 0, 2])
    assert clock == Clock(5001, 0.0, 1.0, "ms")
    assert (rows.count, rows.first, rows.ids) == (5, 0, None)


@pytest.mark.parametrize(
    ("times", "unit", "expected"),
    [
        ([0.5, 3600.0], "s", Clock(3_600_001, 0.0, 1e-3, "s")),
        ([0.0, 20.0], "ms", Clock(2001, 0.0, 0.01, "ms")),
        ([900_000.0, 903_000.0], "ms", Clock(3001, 900_000.0, 1.0, "ms")),
        ([-300.0, 2700.0], "ms", Clock(3001, -300.0, 1.0, "ms")),
        ([7.0], "ms", Clock(7001, 0.0, 1e-3, "ms")),
        ([0.0], "ms", Clock(1, 0.0, 1.0, "ms")),
        (np.array([10**18, 10**18 + 5 * 10**9], "i8"), "ns", Clock(5001, 1e18, 1e6, "ns")),
        ([10.0, 30.0], "ticks", Clock(3001, 0.0, 0.01, "ticks")),
    ],
)
def test_steps_are_a_millisecond_or_finer_for_short_lists(times: Any, unit: str, expected: Clock) -> None:
    clock, _, _ = counted(times, unit=unit)
    assert (clock.length, clock.unit) == (expected.length, expected.unit)
    assert clock.start == pytest.approx(expected.start)
    assert clock.step == pytest.approx(expected.step)


def test_whole_numbers_keep_their_digits() -> None:
    base = 1_700_000_000_000_000_000
    _, _, job = counted(np.array([base, base + 10**9, base + 4 * 10**9], "i8"), unit="ns")
    (block,) = job.first_blocks
    np.testing.assert_allclose(job.at(block).read().places - job.at(block).read().places[0], [0, 1000, 4000], atol=1e-6)


@pytest.mark.parametrize(
    ("ids", "count", "first", "kept"),
    [
        ([3, 1, 99], 100, 0, None),  # rows of silent units, too
        ([1000, 1010, 1002], 11, 1000, None),
        ([950910352, 7, 950910352], 2, 0, [7, 950910352]),
        ([-1, 5], 7, -1, None),
        (np.array([2**63, 5], "u8"), 2, 0, [5, 2**63]),
    ],
)
def test_a_row_an_id_where_they_lie_close_else_for_those_that_there_are(
    ids: Any, count: int, first: int, kept: list[int] | None
) -> None:
    _, rows, job = counted(np.arange(float(len(ids))), ids)
    assert (rows.count, rows.first) == (count, first)
    assert (None if rows.ids is None else [int(one) for one in rows.ids]) == kept
    (block,) = job.first_blocks
    expected = [sorted({int(i) for i in ids}).index(int(i)) if kept else int(i) - first for i in ids]
    assert job.at(block).read().rows.tolist() == expected
    assert (job.drawings[0].signal.dims[1] == "unit") == (kept is None)


def test_the_number_of_units_that_a_file_tells() -> None:
    _, rows, _ = counted([1.0, 2.0], [0, 3], count=9)
    assert rows.count == 9


def test_times_that_are_no_numbers_are_left_out_and_told() -> None:
    clock, _, job = counted([1.0, np.nan, 3000.0, np.inf], [0, 1, 2, 3])
    assert clock.length == 3001
    assert job.notes == ("a/spikes: 2 of its 4 times are no numbers; those events are left out",)
    (block,) = job.first_blocks
    assert job.at(block).read().rows.tolist() == [0, 2]


def test_the_step_that_the_user_gave() -> None:
    clock, _, _ = counted([0.0, 100.0], step=0.1)
    assert clock == Clock(1001, 0.0, 0.1, "ms")
