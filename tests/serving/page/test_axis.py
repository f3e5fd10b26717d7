"""A time is in the step that has begun, whatever rounding makes of it."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.model.clock import Clock
from pipeline.serving.page.axis import Axis

EVEN = Axis(Clock(1000, 5.0, 0.1, "ms"))
UNEVEN = Axis(Clock(4, 0.0, 2.0, "s", even=False), np.array([0.0, 1.0, 5.0, 6.0]))


def test_every_step_begins_where_it_is_found() -> None:
    begins = EVEN.at(np.arange(1000))
    assert [EVEN.steps(float(time), float(time)) for time in begins] == [(step, step + 1) for step in range(1000)]


@pytest.mark.parametrize("part", [0.01, 0.5, 0.7, 0.99])
def test_a_time_within_a_step_is_in_it(part: float) -> None:
    time = float(EVEN.at(np.array([7 + part]))[0])
    assert EVEN.steps(time, time) == (7, 8)


@pytest.mark.parametrize(("time", "step"), [(-1, 0), (0, 0), (0.9, 0), (1, 1), (4.9, 1), (5, 2), (6, 3), (99, 3)])
def test_uneven_steps_last_until_the_next(time: float, step: int) -> None:
    assert UNEVEN.steps(time, time) == (step, step + 1)
    assert UNEVEN.extent == (0, 8)


def test_nothing_is_before_the_begin_or_past_the_end() -> None:
    assert EVEN.steps(None, None) == EVEN.steps(-1e300, 1e300) == (0, 1000)
    assert EVEN.extent == pytest.approx((5e-3, 105e-3))
    assert EVEN.as_counted(True).extent == (0, 1000)
