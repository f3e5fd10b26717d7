"""What both forms of a trace share: which units are shown, and what they are called."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from pipeline.errors import SettingError
from pipeline.rendering.trace import Trace
from pipeline.rendering.trace_image import TraceImage
from pipeline.rendering.trace_scalar import TraceScalar
from tests.common import subject_of

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
    subject = subject_of(np.zeros(shape))
    assert cls(units=[count - 1]).check(subject).units == (count - 1,)
    with pytest.raises(SettingError) as caught:
        cls(units=[0, count, count + 5]).check(subject)
    assert str(caught.value) == f"GC/voltage: trace: units=[{count}, {count + 5}]: accepted is 0 to {count - 1}"


@forms
@pytest.mark.parametrize(("shape", "time"), [((9, 4), False), ((9,), False), ((9, 4, 2), True)])
def test_other_shapes_are_refused_with_a_way_out(cls: Any, shape: tuple[int, ...], time: bool) -> None:
    with pytest.raises(SettingError, match=r"GC/voltage: a trace needs .*\(time, unit\) or \(time\); set time_axis"):
        cls().check(subject_of(np.zeros(shape), time=time))


@forms
def test_tags_and_values_follow_the_units_asked_for(cls: Any) -> None:
    values = np.arange(12.0).reshape(3, 4)
    subject = subject_of(values)
    every, some = cls(), cls(units=[3, 1])
    assert every.tags(subject) == tuple(f"GC/N{unit}/voltage" for unit in range(4))
    assert some.tags(subject) == ("GC/N3/voltage", "GC/N1/voltage")
    np.testing.assert_array_equal(every.series(values), values)
    np.testing.assert_array_equal(some.series(values), values[:, [3, 1]])


@forms
def test_a_series_without_units_has_no_number(cls: Any) -> None:
    values = np.arange(3.0)
    assert cls().tags(subject_of(values)) == ("GC/voltage",)
    np.testing.assert_array_equal(cls().series(values), values[:, None])
