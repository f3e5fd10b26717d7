"""A value is what the page shows; an array is its statistics, however it is read."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from pipeline.model.record import Hparams, Scalars
from pipeline.rendering.hparam import Hparam, HparamScalar, hparam_values
from pipeline.rendering.plot import Plot
from pipeline.testing import columns_of, drawn_in_parts, signal_of
from tests.common import block_of


def shown(values: np.ndarray, *cuts: int, time: bool = False) -> dict[str, bool | float | str]:
    """Return the columns that an array becomes, read in parts."""
    signal = signal_of(values, name="tau", time=time)
    kind = Hparam().fit(signal)
    (record,) = drawn_in_parts(kind, signal, block_of(values if values.ndim else values[None]), cuts)
    assert isinstance(record, Hparams)
    return record.values


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("offset", [0.0, 1e7])
@pytest.mark.parametrize("shape", [(50,), (30, 4), (20, 3, 2)])
def test_an_array_is_its_mean_deviation_lowest_and_highest(shape: tuple[int, ...], offset: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    values = rng.normal(size=shape) + offset
    values[rng.random(shape) < 0.2] = rng.choice([np.nan, np.inf, -np.inf])
    finite = values[np.isfinite(values)]
    cuts = sorted((rng.choice(shape[0] - 1, 5, replace=False) + 1).tolist())
    expected = {
        "GC/tau/mean": finite.mean(),
        "GC/tau/std": finite.std(),
        "GC/tau/min": finite.min(),
        "GC/tau/max": finite.max(),
    }
    assert shown(values, *cuts) == pytest.approx(expected, rel=1e-9)
    assert list(shown(values)) == list(expected)


@pytest.mark.parametrize("value", [2.5, np.float32(0.25), 7, np.uint8(200), True, False, math.nan])
@pytest.mark.parametrize("shape", [(), (1,), (1, 1)])
def test_a_single_value_is_itself_whatever_its_shape(value: Any, shape: tuple[int, ...]) -> None:
    found = shown(np.full(shape, value))
    assert found == pytest.approx({"GC/tau": value}, nan_ok=True)
    assert isinstance(found["GC/tau"], bool) == isinstance(value, bool)


@pytest.mark.parametrize("finite", [[], [3.0], [3.0, 5.0]])
def test_columns_do_not_depend_on_how_many_values_are_finite(finite: list[float]) -> None:
    values = np.array([np.nan, *finite, np.inf, np.nan])
    for found in (shown(values), shown(values, 2), hparam_values("GC/tau", values)):
        assert list(found) == ["GC/tau/mean", "GC/tau/std", "GC/tau/min", "GC/tau/max"]
        assert found["GC/tau/max"] == pytest.approx(max(finite, default=math.nan), nan_ok=True)
    assert len(Hparam().series(signal_of(values))) == 4


def test_numbers_too_large_to_be_squared_or_added_up() -> None:
    for values, cut in ((np.array([1e200, -1e200]), 1), (np.full(9, 1.7e308), 4)):
        for found in (shown(values), shown(values, cut)):
            assert found["GC/tau/min"] == values.min()
            assert found["GC/tau/max"] == values.max()


def test_whole_numbers_and_booleans_have_statistics_too() -> None:
    assert shown(np.array([1, 2, 6], np.int16), 1) == pytest.approx(
        {"GC/tau/mean": 3, "GC/tau/std": math.sqrt(14 / 3), "GC/tau/min": 1, "GC/tau/max": 6}
    )
    assert shown(np.array([True, False, True, True]))["GC/tau/mean"] == 0.75


SETTINGS: list[tuple[Any, dict[str, Any]]] = [
    (2, {"x": 2.0}),
    (np.int64(2), {"x": 2.0}),
    (True, {"x": True}),
    (np.bool_(False), {"x": False}),
    ("STDP", {"x": "STDP"}),
    ("two\n  lines", {"x": "two lines"}),
    (None, {"x": "None"}),
    ([1.5], {"x": 1.5}),
    (np.array([[True]]), {"x": True}),
    (np.array("text"), {"x": "text"}),
    (["a", "b"], {"x": "['a', 'b']"}),
    ([1.0, 3.0], {"x/mean": 2.0, "x/std": 1.0, "x/min": 1.0, "x/max": 3.0}),
    ((1, 3), {"x/mean": 2.0, "x/std": 1.0, "x/min": 1.0, "x/max": 3.0}),
    ({"a": 1}, {"x": "{'a': 1}"}),
]


@pytest.mark.parametrize(("value", "expected"), SETTINGS, ids=[repr(value) for value, _ in SETTINGS])
def test_a_setting_is_typed(value: Any, expected: dict[str, Any]) -> None:
    found = hparam_values("x", value)
    assert found == expected
    assert {name: type(each) for name, each in found.items()} == {name: type(each) for name, each in expected.items()}


def test_a_long_list_of_words_is_cut_short() -> None:
    (text,) = hparam_values("x", [f"w{number}" for number in range(1000)]).values()
    assert isinstance(text, str)
    assert text.startswith("['w0', 'w1'")
    assert len(text) < 200


@pytest.mark.parametrize("shape", [(6,), (6, 3), (4, 3, 2)])
@pytest.mark.parametrize("cuts", [(), (1,), (1, 2, 3)])
def test_as_scalars_each_unit_is_a_point_of_its_own_tag(shape: tuple[int, ...], cuts: tuple[int, ...]) -> None:
    values = np.random.default_rng(0).normal(size=shape)
    signal = signal_of(values, name="tau", time=False)
    records = drawn_in_parts(HparamScalar().fit(signal), signal, block_of(values), cuts)
    found = {}
    for record in records:
        assert isinstance(record, Scalars)
        assert record.steps.tolist() == [0]
        found |= dict(zip(record.tags, record.values[0], strict=True))
    assert found == {f"GC/N{unit}/tau": value for unit, value in enumerate(values.ravel().astype(np.float32))}


@pytest.mark.parametrize("shape", [(), (1,), (1, 1)])
def test_as_scalars_a_single_value_stays_a_hyperparameter(shape: tuple[int, ...]) -> None:
    signal = signal_of(np.zeros(shape), name="tau", time=False)
    kind: Plot = HparamScalar(time_axis=0).fit(signal)
    assert kind == Hparam(time_axis=0)
    assert columns_of(drawn_in_parts(kind, signal, block_of(np.full((1,), 4.0)))) == {"GC/tau": 4.0}


@pytest.mark.parametrize("value", [6025226150559117445, 2**53 + 1, 1 - 2**63, 2**64 - 1])
@pytest.mark.parametrize("dtype", ["setting", "array", "dataset"])
def test_a_whole_number_keeps_all_its_digits(value: int, dtype: str) -> None:
    if dtype == "setting":
        found = hparam_values("GC/tau", value)
    else:
        array = np.array([value], np.uint64 if value > 2**63 else np.int64)
        found = hparam_values("GC/tau", array) if dtype == "array" else shown(array)
    assert found == {"GC/tau": str(value)}


def test_a_whole_number_that_a_double_holds_is_a_number() -> None:
    for value in (0, 2**53, -(2**60), 7):
        for found in (hparam_values("GC/tau", value), shown(np.array([value]))):
            assert found == {"GC/tau": float(value)}
            assert isinstance(found["GC/tau"], float)
