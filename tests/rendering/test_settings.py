"""Settings are checked once: every wrong value of every setting is refused by name, and what is kept is plain."""

from __future__ import annotations

import math
import pickle
from dataclasses import FrozenInstanceError, fields
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from pipeline.errors import SettingError
from pipeline.rendering.registry import PLOTS, make_plot
from pipeline.rendering.settings import Settings, as_mapping, check_time_axis
from pipeline.units import SECONDS, duration, quantity, time_unit

#: For each setting what is accepted, and what becomes of it.
RIGHT: dict[str, list[tuple[Any, Any]]] = {
    "size": [((15, 10), (15.0, 10.0)), ([1, 100], (1.0, 100.0)), ("6x4.5", (6.0, 4.5)), (np.array([6, 4]), (6.0, 4.0))],
    "step": [(10, 10), ("10", 10), (10.0, 10), (np.int64(10), 10), (True + 1, 2)],
    "time_axis": [(0, 0), (-1, -1), ("1", 1), ("-1", -1), ("unit", "unit"), (np.int32(1), 1), (1.0, 1), (None, None)],
    "limits": [
        ("shown", "shown"),
        ("all", "all"),
        ("frame", "frame"),
        ((-1, 1), (-1.0, 1.0)),
        ([0, 0.5], (0.0, 0.5)),
        ("-1:1", (-1.0, 1.0)),
        ("(-1, 1)", (-1.0, 1.0)),
        (np.array([0, 1]), (0.0, 1.0)),
        ("(1 %, 99 %)", ("1 %", "99 %")),
    ],
    "bins": [(1, 1), ("30", 30), (10_000, 10_000)],
    "between": [("all", "all"), ("5%, 95%", ("5 %", "95 %")), (["0 %", "50.5 %"], ("0 %", "50.5 %"))],
    "cmap": [("magma", "magma"), (None, None), ("None", None)],
    "symmetric": [
        (True, True),
        ("yes", True),
        ("No", False),
        ("1", True),
        ("False", False),
        (0, False),
        (np.bool_(True), True),
        (None, None),
    ],
    "line_size": [(0.5, 0.5), ("2", 2.0), (np.float32(0.5), 0.5)],
    "events": [([100, 250], (100.0, 250.0)), (5, (5.0,)), ("[1; 2]", (1.0, 2.0)), (np.array([1.5]), (1.5,)), ([], ())],
    "event_colors": [("red", ("#ff0000",)), ([[0, 0, 1]], ("#0000ff",)), ("[tab:blue]", ("#1f77b4",)), (None, None)],
    "event_labels": [("on", ("on",)), ("[a  b]", ("a b",)), ([7], ("7",)), (["a, b"], ("a, b",)), (None, None)],
    "bin": [(500, 500), ("500", 500), ("200ms", "200 ms"), (None, None)],
    "by_unit": [(True, True), ("yes", True), ("false", False)],
    "window": [(500, 500), ("500", 500), ("200ms", "200 ms"), ("1234567us", "1234567 us"), (None, None)],
    "together": [(True, True), ("yes", True), (0, False), ("cell  0", "cell 0")],
    "units": [
        ([0, 5, 7], (0, 5, 7)),
        (3, (3,)),
        ("0:10:3", (0, 3, 6, 9)),
        ("2:4", (2, 3)),
        (":3", (0, 1, 2)),
        ("[1, 2]", (1, 2)),
        (slice(2), (0, 1)),
        (range(2), (0, 1)),
        (np.array([4, 2]), (4, 2)),
        (None, None),
    ],
    "points": [(2, 2), ("1000", 1000), (None, None)],
}

#: For each setting what is refused.
WRONG: dict[str, list[Any]] = {
    "size": [
        (0, 10),
        (15,),
        (15, 10, 5),
        "15",
        "15x10x5",
        "axb",
        15,
        None,
        (math.nan, 10),
        (math.inf, 10),
        (-5, 5),
        (15, 0.5),
        (101, 10),
        (True, 10),
        {},
    ],
    "step": [0, -1, 1.5, "ten", "", None, True, math.nan, math.inf, [1], "1e400", 1j],
    "time_axis": [1.5, True, [0], {}, (), 1j, math.nan, b"time"],
    "bins": [0, -1, 1.5, "many", None, 10_001],
    "between": ["some", ("5 %",), ("95 %", "5 %"), (5, 95), None, ("1 %", "101 %"), 3],
    "together": ["", " ", 2, None, [1]],
    "limits": [
        "shwn",
        "",
        None,
        5,
        (1, 1),
        (2, 1),
        (0, math.nan),
        (0, math.inf),
        (0,),
        (0, 1, 2),
        "1",
        ("a", "b"),
        True,
    ],
    "cmap": ["virdis", "", 5, ["viridis"], {}, True],
    "symmetric": ["maybe", "", 2, 0.5, [], {}],
    "line_size": [0, -1, "thick", math.nan, math.inf, None, [1], True],
    "events": ["soon", {"on": 1}, [None], math.nan, [1, math.inf], [[1, 2], [3]], 1j],
    "event_colors": ["rde", ["red", "nocolour"], 5, [5], [[2, 0, 0]], {"a": 1}],
    "event_labels": [5, True, [True], 1.5],
    "bin": [0, -5, 1.5, "soon", "0 ms", True, [1], math.inf],
    "by_unit": ["maybe", 2, None],
    "window": [0, -5, "-5", 1.5, "soon", "0 ms", "-1 ms", True, [1], math.inf],
    "units": [-1, [0, 0], [], "", ":", "0:0", "a:b", "1:2:3:4", 1.5, True, "all", {}, [None], slice(None)],
    "points": [1, 0, -1, 2.5, "few", True, [2], math.inf],
}

EACH = [(kind, item.name) for kind in PLOTS for item in fields(kind)]
RIGHT_OF_EACH = [(kind, name, *pair) for kind, name in EACH for pair in RIGHT[name]]
WRONG_OF_EACH = [(kind, name, value) for kind, name in EACH for value in WRONG[name]]


def label(value: Any) -> str | None:
    return f"{value.kind}-{value.format}" if isinstance(value, type) else None


def test_every_setting_is_in_the_tables() -> None:
    assert {name for _, name in EACH} == set(RIGHT) == set(WRONG)


@pytest.mark.parametrize(("kind", "name", "value", "kept"), RIGHT_OF_EACH, ids=label)
def test_what_is_accepted_is_kept_as_a_plain_value(kind: Any, name: str, value: Any, kept: Any) -> None:
    if name in ("event_colors", "event_labels"):
        made = kind(**{name: value}, events=[1])
    else:
        made = kind(**{name: value})
    found = getattr(made, name)
    assert found == kept
    assert type(found) is type(kept)
    if isinstance(kept, tuple):
        assert [type(item) for item in found] == [type(item) for item in kept]


@pytest.mark.parametrize(("kind", "name", "value"), WRONG_OF_EACH, ids=label)
def test_what_is_wrong_is_refused_by_name(kind: Any, name: str, value: Any) -> None:
    with pytest.raises(SettingError) as caught:
        make_plot({"kind": kind.kind, "format": kind.format, name: value}, "GC/x")
    message = str(caught.value)
    assert message.startswith(f"GC/x: {kind.kind}: {name}={value!r}: accepted is ")
    assert len(message.splitlines()) == 1


@pytest.mark.parametrize("kind", PLOTS, ids=label)
def test_kinds_are_frozen_hashable_small_and_say_what_was_chosen(kind: Any) -> None:
    made = kind(step=7, time_axis="unit")
    with pytest.raises(FrozenInstanceError):
        made.step = 8
    assert {made: 1}[kind(step="7", time_axis="unit")] == 1
    assert pickle.loads(pickle.dumps(made)) == made
    assert len(pickle.dumps(made)) < 1000
    assert made.chosen() == {"kind": kind.kind, "format": kind.format, "step": 7, "time_axis": "unit"}
    assert kind().chosen() == {"kind": kind.kind, "format": kind.format}


@pytest.mark.parametrize(("kind", "name", "value", "kept"), RIGHT_OF_EACH, ids=label)
def test_what_was_chosen_makes_the_same_kind(kind: Any, name: str, value: Any, kept: Any) -> None:
    if name in ("event_colors", "event_labels"):
        made = kind(**{name: value}, events=[1])
    else:
        made = kind(**{name: value})
    assert make_plot(made.chosen()) == made


def test_defaults_are_those_of_the_original() -> None:
    found = {(kind.kind, kind.format): (kind().size, kind().step, kind().time_axis) for kind in PLOTS}
    assert found == {
        ("heatmap", "image"): ((15, 10), 100, None),
        ("raster", "image"): ((15, 10), 1, None),
        ("trace", "image"): ((10, 5), 1, None),
        ("trace", "scalar"): ((10, 5), 1, None),
        ("hparam", "hparam"): ((15, 10), 1, None),
        ("hparam", "scalar"): ((15, 10), 1, None),
        ("frames", "image"): ((15, 10), 1, None),  # ours, as the next ones
        ("rate", "scalar"): ((15, 10), 1, None),
        ("histogram", "histogram"): ((10, 5), 100, None),
        ("histogram", "image"): ((10, 5), 100, None),
        ("band", "scalar"): ((10, 5), 1, None),
        ("band", "image"): ((10, 5), 1, None),
    }


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({}, "v: no kind is given: accepted is heatmap, raster, trace, hparam, frames"),
        ({"kind": "trase"}, r"v: kind='trase': accepted is .*; did you mean 'trace'\?"),
        ({"kind": None}, "v: no kind is given"),
        ({"kind": 5}, "v: kind=5: accepted is heatmap"),
        ({"kind": ["trace"]}, r"v: kind=\['trace'\]: accepted"),
        ({"kind": "trace", "format": "scaler"}, r"v: trace: format='scaler': .*image, scalar; did you mean 'scalar'\?"),
        ({"kind": "heatmap", "format": "scalar"}, "v: heatmap: format='scalar': accepted is image"),
        ({"kind": "trace", "stpe": 5}, r"v: trace \(image\) has no setting 'stpe': .*step.*; did you mean 'step'\?"),
        ({"kind": "trace", "points": 5}, r"has no setting 'points', which is for trace \(scalar\)"),
        ({"kind": "raster", "cmap": "magma"}, r"has no setting 'cmap', which is for heatmap \(image\)"),
        ({"kind": "raster", "event_colors": ["red", "blue"], "events": [1]}, "2 colours for 1 events"),
        ({"kind": "raster", "event_labels": ["on", "off"], "events": [1]}, "2 labels for 1 events: accepted is one an"),
        ({"kind": "raster", "event_labels": ["on"]}, "1 labels for 0 events"),
        ("trace", "v: accepted is a mapping"),
        ([("kind", "trace")], "v: accepted is a mapping"),
        (None, "v: accepted is a mapping"),
        ({"kind": "trace", 5: 6}, "v: accepted is a mapping"),
    ],
)
def test_misspelt_kinds_formats_and_settings(settings: Any, message: str) -> None:
    with pytest.raises(SettingError, match=message) as caught:
        make_plot(settings, "v")
    assert len(str(caught.value).splitlines()) == 1


def test_settings_given_are_not_changed() -> None:
    given = {"kind": "trace", "format": "scalar", "step": 2}
    make_plot(given)
    assert given == {"kind": "trace", "format": "scalar", "step": 2}


def test_a_setting_without_a_check_is_not_possible() -> None:
    assert all({"check", "accepted"} <= set(item.metadata) for kind in PLOTS for item in fields(kind))
    assert all(issubclass(kind, Settings) for kind in PLOTS)


@pytest.mark.parametrize(
    ("value", "kept"), [("time", "time"), ("-2", -2), ("+1", 1), ("1.5", "1.5"), ("unit 1", "unit 1"), (Decimal(1), 1)]
)
def test_time_axis_by_number_or_name(value: Any, kept: Any) -> None:
    assert check_time_axis(value) == kept


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("0.1 ms", (0.1, "ms")),
        ("1e3us", (1000.0, "us")),
        ("5 µs", (5.0, "µs")),
        ("5 μs", (5.0, "μs")),
        (".5h", (0.5, "h")),
        ("2. min", (2.0, "min")),
        (3, (3.0, "ms")),
        (np.float64(0.1), (0.1, "ms")),
    ],
)
def test_durations(value: Any, found: tuple[float, str]) -> None:
    assert duration(value) == quantity(value) == found


def test_units_of_time_in_seconds() -> None:
    assert SECONDS == {
        **{"d": 86400.0, "h": 3600.0, "min": 60.0, "s": 1.0, "ms": 1e-3, "ns": 1e-9, "ps": 1e-12},
        **dict.fromkeys(["us", "µs", "μs"], 1e-6),  # two characters look like a mu
    }


@pytest.mark.parametrize("value", ["0", "0 ms", -3, "-3 s"])
def test_times_that_are_no_duration(value: Any) -> None:
    assert quantity(value) is not None
    with pytest.raises(SettingError, match=rf"dt={value!r}: accepted is a positive duration.*\(s, ms, us, .*\)"):
        duration(value)


@pytest.mark.parametrize(
    "value", ["", "ms", "fast", "1 year", "1 2 ms", "1e999 s", "nan s", "0x1 s", True, None, [1], b"1 ms"]
)
def test_what_is_no_time(value: Any) -> None:
    assert quantity(value) is None
    with pytest.raises(SettingError, match="accepted is a positive duration"):
        duration(value)


@pytest.mark.parametrize(
    ("units", "unit"),
    [
        ("ms", "ms"),
        ("s", "s"),
        ("us", "us"),
        ("Seconds", "s"),
        ("sec", "s"),
        ("msec", "ms"),
        ("milliseconds", "ms"),
        ("hours since 2000-01-01", "h"),
        ("step", "step"),
        ("", ""),
        (" ms ", "ms"),
        ("fortnights", "fortnights"),
        (b"ms", "b'ms'"),
    ],
)
def test_units_of_stored_times(units: Any, unit: str) -> None:
    assert time_unit(units) == unit


@pytest.mark.parametrize("value", [None, "kind: trace", [1], {1: 2}, {"a": 1, None: 2}])
def test_what_is_no_mapping_of_settings(value: Any) -> None:
    with pytest.raises(SettingError, match="voltage: accepted is a mapping of settings"):
        as_mapping(value, "voltage")
