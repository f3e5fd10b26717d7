"""What both forms of a trace share: which units are shown, and what they are called."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from pipeline.errors import SettingError
from pipeline.rendering.folds.units import of_units
from pipeline.rendering.trace import Trace
from pipeline.rendering.trace_image import TraceImage
from pipeline.rendering.trace_scalar import TraceScalar
from pipeline.testing import signal_of

forms = pytest.mark.parametrize("cls", [TraceImage, TraceScalar])

UNITS: list[tuple[Any, tuple[int, ...] | None]] = [
    (None, None),
    ("None", None),
    (3, (3,)),
    ("3", (3,)),
    ([0, 5, 7], (0, 5, 7)),
    ((7, 0), (7, 0)),
    (np.array([1, 2]), (1, 2)),
    (np.int64(4), (4,)),
    ([2.0], (2,)),
    (range(3), (0, 1, 2)),
    (slice(4), (0, 1, 2, 3)),
    (slice(1, 8, 3), (1, 4, 7)),
    ("0:4", (0, 1, 2, 3)),
    (":3", (0, 1, 2)),
    ("1:8:3", (1, 4, 7)),
    ("[0, 5, 7]", (0, 5, 7)),
    ("(0,5)", (0, 5)),
    ("0;5;7", (0, 5, 7)),
]


@forms
@pytest.mark.parametrize(("given", "expected"), UNITS, ids=[repr(given) for given, _ in UNITS])
def test_units_are_understood(cls: type[Trace], given: Any, expected: tuple[int, ...] | None) -> None:
    assert cls(units=given).units == expected
    assert all(type(unit) is int for unit in expected or ())


WRONG = [
    [],
    "",
    "a",
    [1.5],
    [-1],
    [1, 1],
    "2:",
    "0:3:0",
    "3:1",
    "1:2:3:4",
    True,
    [[True]],
    {"a": 1},
    "0:a",
    slice(3, None),
]


@forms
@pytest.mark.parametrize("given", WRONG, ids=repr)
def test_units_that_are_none_are_refused_in_words(cls: type[Trace], given: Any) -> None:
    with pytest.raises(SettingError, match=r"trace: units=.*: accepted is different unit numbers from 0, such as"):
        cls(units=given)


@forms
@pytest.mark.parametrize(("shape", "count"), [((9, 4), 4), ((9, 1), 1), ((9,), 1)])
def test_a_unit_beyond_the_last_is_named(cls: Any, shape: tuple[int, ...], count: int) -> None:
    signal = signal_of(np.zeros(shape))
    assert cls(units=[count - 1]).fit(signal).units == (count - 1,)
    with pytest.raises(SettingError) as caught:
        cls(units=[0, count, count + 5]).fit(signal)
    assert str(caught.value) == f"GC/voltage: trace: units=[{count}, {count + 5}]: accepted is 0 to {count - 1}"


@forms
@pytest.mark.parametrize(("shape", "time"), [((9, 4), False), ((9,), False), ((9, 4, 2), True)])
def test_other_shapes_are_refused_with_a_way_out(cls: Any, shape: tuple[int, ...], time: bool) -> None:
    with pytest.raises(SettingError, match=r"GC/voltage: a trace needs .*\(time, unit\) or \(time\); set time_axis"):
        cls().fit(signal_of(np.zeros(shape), time=time))


@forms
def test_tags_and_values_follow_the_units_asked_for(cls: Any) -> None:
    values = np.arange(12.0).reshape(3, 4)
    every, some = cls().series(signal_of(values)), cls(units=[3, 1]).series(signal_of(values))
    assert [(one.tag, one.unit) for one in every] == [(f"GC/N{unit}/voltage", unit) for unit in range(4)]
    assert [(one.tag, one.unit) for one in some] == [("GC/N3/voltage", 3), ("GC/N1/voltage", 1)]
    assert cls(units=[3, 1]).places(some[::-1]) == [1, 0]
    np.testing.assert_array_equal(of_units(values, None), values)
    np.testing.assert_array_equal(of_units(values, (3, 1)), values[:, [3, 1]])


@forms
def test_a_series_without_units_has_no_number(cls: Any) -> None:
    values = np.arange(3.0)
    assert [one.tag for one in cls().series(signal_of(values))] == ["GC/voltage"]
    np.testing.assert_array_equal(of_units(values, None), values[:, None])
