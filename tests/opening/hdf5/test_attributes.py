"""What simulators wrote as text is read back exactly, or kept as text; nothing makes it fail."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from pipeline import open_run, plan_run
from pipeline.opening.hdf5.attributes import attribute, parse_repr


def stored_attribute(path: Path, value: Any) -> Any:
    with h5py.File(path / "a.h5", "w") as file:
        file.attrs["x"] = value
        return attribute(file.attrs["x"])


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        ("GC", "GC"),
        ("naïve", "naïve"),
        (np.bytes_(b"GC"), "GC"),
        (b"\xff", "\ufffd"),
        (["a", "b"], ["a", "b"]),
        (["a"], "a"),
        (np.array([b"a", b"b"]), ["a", "b"]),
        (True, True),
        (np.int16(-3), -3),
        (np.uint64(2**63), 2**63),
        (np.float32(0.5), 0.5),
        (np.array([7]), 7),
        (np.array([[0.25]]), 0.25),
        (np.array(3.0, ">f8"), 3.0),
    ],
)
def test_single_values_and_text_are_plain(tmp_path: Path, value: Any, plain: Any) -> None:
    found = stored_attribute(tmp_path, value)
    assert found == plain
    assert type(found) is type(plain)


def test_arrays_stay_arrays(tmp_path: Path) -> None:
    found = stored_attribute(tmp_path, np.arange(3, dtype=np.float32))
    assert isinstance(found, np.ndarray)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, [0, 1, 2])


@pytest.mark.parametrize("value", [3, 0.5, None, True, [1], np.float32(2)])
def test_only_text_is_parsed(value: Any) -> None:
    assert parse_repr(value) is value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("5", 5),
        ("-5", -5),
        ("+0.5", 0.5),
        ("1e-3", 0.001),
        ("True", True),
        ("False", False),
        ("'LIF'", "LIF"),
        ('"it\'s"', "it's"),
        ("inf", float("inf")),
        ("-inf", float("-inf")),
        ("  7 ", 7),
    ],
)
def test_reprs_of_single_values(text: str, value: Any) -> None:
    found = parse_repr(text)
    assert found == value
    assert type(found) is type(value)


def test_nan_is_a_number() -> None:
    assert np.isnan(parse_repr("nan"))
    assert np.isnan(parse_repr("tensor(nan)"))


@pytest.mark.parametrize("text", ["5", "True", "'LIF'", "nan"])
def test_text_of_root_attributes_stays_text(text: str) -> None:
    assert parse_repr(text, literals=False) == text


ARRAYS = [
    np.array([1.5, -2.0, 0.1]),
    np.array([1.5, 1e-30, 3e20], np.float32),
    np.array([np.nan, np.inf, -np.inf]),
    np.array([[1, 2], [3, 4]]),
    np.array([1, 255], np.uint8),
    np.array([True, False]),
    np.array([0.5, 0.25], np.float16),
    np.arange(60, dtype=np.float64).reshape(3, 4, 5),
    np.array([]),
    np.array(4.0),
]


@pytest.mark.parametrize("values", ARRAYS, ids=lambda values: f"{values.dtype}{list(values.shape)}")
def test_an_array_survives_its_repr(values: np.ndarray) -> None:
    found = np.asarray(parse_repr(repr(values)))
    assert found.dtype == values.dtype
    np.testing.assert_array_equal(found, values)


# The forms below are those of torch.Tensor.__repr__.
TENSORS = [
    ("tensor([1., 2.])", np.array([1, 2], np.float32)),
    ("tensor([[-1.0000e+00,  2.5000e-03],\n        [ 0.0000e+00,  1.0000e+10]])", [[-1, 0.0025], [0, 1e10]]),
    ("tensor([1, 2, 3])", np.array([1, 2, 3])),
    ("tensor([ True, False])", np.array([True, False])),
    ("tensor([1., nan, inf])", np.array([1, np.nan, np.inf], np.float32)),
    ("tensor([0.1000], dtype=torch.float64)", np.array([0.1])),
    ("tensor([1.5000, 2.0000], dtype=torch.bfloat16)", np.array([1.5, 2], np.float32)),
    ("tensor([1, 0], dtype=torch.uint8)", np.array([1, 0], np.uint8)),
    ("tensor([1., 2.], device='cuda:0')", np.array([1, 2], np.float32)),
    ("tensor([1., 2.], requires_grad=True)", np.array([1, 2], np.float32)),
    ("Parameter containing:\ntensor([1., 2.], requires_grad=True)", np.array([1, 2], np.float32)),
    ("tensor([], size=(0, 3))", np.array([], np.float32)),
]


@pytest.mark.parametrize(("text", "values"), TENSORS)
@pytest.mark.parametrize("literals", [True, False])
def test_tensors(text: str, values: Any, literals: bool) -> None:
    values = np.asarray(values) if isinstance(values, np.ndarray) else np.asarray(values, np.float32)
    found = parse_repr(text, literals=literals)
    assert isinstance(found, np.ndarray)
    assert found.dtype == values.dtype
    np.testing.assert_array_equal(found, values)


@pytest.mark.parametrize(("text", "value"), [("tensor(3)", 3), ("tensor(0.5000)", 0.5), ("tensor(True)", True)])
def test_a_tensor_of_one_value_is_that_value(text: str, value: Any) -> None:
    found = parse_repr(text)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    "text",
    [
        "tensor([1., 2., ..., 9.])",
        "array([0, 1, ..., 98, 99], shape=(100,))",
        "None",
        "GC",
        "{'a': 1}",
        "[0.1, 0.2]",
        "tensor",
        "tensor(",
        "tensor()",
        "tensor([1., 2.",
        "array(1) + array(2)",
        "array(['a', 'b'], dtype='<U1')",
        "array(['a'], dtype=float32)",
        "array([1, 2], dtype=object)",
        "array([99999999999999999999999999], dtype=int64)",
        "array([1, 2], dtype=datetime64)",
        "tensor([1, 2], dtype=torch.qint8)",
        "array([[1, 2], [3]])",
        "array([1.+2.j])",
        "tensor([1., 2.]) and more",
        "os.system('true')",
        "-'a'",
        "1 +",
        "\x00",
        "",
        "(" * 300,
        "[" * 5000 + "]" * 5000,
    ],
)
def test_what_is_not_understood_stays_as_it_is(text: str) -> None:
    assert parse_repr(text) == text


def test_no_text_makes_it_fail() -> None:
    rng = random.Random(5)
    seeds = [text for text, _ in TENSORS] + [repr(values) for values in ARRAYS]
    for _ in range(3000):
        text = list(rng.choice(seeds))
        for _ in range(rng.randrange(1, 4)):
            text[rng.randrange(len(text))] = rng.choice("()[],.-+ '=ae5n")
        found = parse_repr("".join(text))
        assert isinstance(found, bool | int | float | str | np.ndarray)
        assert not isinstance(found, np.ndarray) or found.dtype.kind in "biuf"


def test_lists_of_several_lengths_are_text(tmp_path: Path) -> None:
    ragged = np.array([np.arange(3), np.arange(2), np.arange(3)], object)
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("v", data=np.zeros((5, 2)), maxshape=(None, 2))
        file.attrs.create("ragged", ragged, dtype=h5py.vlen_dtype("i4"))
    run = open_run(tmp_path / "a.h5")
    assert run["a"].attrs["ragged"] == "[0, 1, 2], [0, 1], [0, 1, 2]"
    assert plan_run(run).problems == []
