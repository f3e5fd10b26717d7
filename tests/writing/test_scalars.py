"""The fast encoder writes the events that TensorBoard's protos would, with right checksums."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pipeline.model.record import Scalars
from pipeline.writing import encode
from pipeline.writing.scalars import encode_scalars
from tests.writing.reference import scalar_events, unframed


def points(steps: list[int] | np.ndarray, tags: tuple[str, ...], seed: int = 0) -> Scalars:
    steps = np.asarray(steps, np.int64)
    values = np.random.default_rng(seed).normal(size=(len(steps), len(tags))).astype(np.float32)
    return Scalars(tags, steps, steps * 1e-3, values)


def same(found: bytes | bytearray, expected: Scalars, *, check: bool = True) -> None:
    events = list(unframed(found, check=check))
    assert [event.SerializeToString() for event in events] == [e.SerializeToString() for e in scalar_events(expected)]


EDGES = [0, 1, 127, 128, 16_383, 16_384, 2**21 - 1, 2**21, 2**28, 2**35 - 1, 2**35, 2**56, 2**62]


@pytest.mark.parametrize("tags", [("a",), ("GC/N9/v", "GC/N10/v", "GC/N11/v", "x" * 200, "µ/π")])
def test_steps_of_every_length(tags: tuple[str, ...]) -> None:
    same(encode_scalars(points(EDGES, tags)), points(EDGES, tags))


@pytest.mark.parametrize("first", [0, 100, 16_000])
def test_one_series_of_many_points(first: int) -> None:
    given = points(np.arange(first, first + 1500), ("GC/voltage",))
    same(encode_scalars(given), given)


def _arrays(given: Scalars) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return given.steps, given.wall_times, given.values


def test_a_thousand_series() -> None:
    tags = tuple(f"GC/N{unit}/voltage" for unit in range(1000))
    same(encode_scalars(points([5, 6, 300], tags)), points([5, 6, 300], tags), check=False)


def test_more_rows_than_the_table_holds() -> None:
    tags = tuple(f"GC/N{unit}/voltage" for unit in range(100))
    given = points(np.arange(0, 9000, 3), tags)
    same(encode_scalars(given), given, check=False)


def test_values_that_are_not_finite_and_minus_zero_keep_their_bits() -> None:
    values = np.array([[np.nan, np.inf], [-np.inf, -0.0], [1e-45, 3.4e38]], np.float32)
    given = Scalars(("a", "bb"), np.arange(3), np.zeros(3), values)
    found = [[v.simple_value for v in event.summary.value] for event in unframed(encode_scalars(given))]
    assert np.array(found, np.float32).tobytes() == values.tobytes()


def test_values_in_any_memory_order_and_type() -> None:
    given = points(np.arange(50), ("a", "b", "c"))
    for values in (np.asfortranarray(given.values), given.values.astype(np.float64), given.values[:, ::-1][:, ::-1]):
        assert encode_scalars(Scalars(given.tags, given.steps, given.wall_times, values)) == encode_scalars(given)


def test_nothing_gives_nothing() -> None:
    assert encode_scalars(points([], ("a",))) == b""
    assert encode_scalars(points([1, 2], ())) == b""


def test_blocks_follow_one_another() -> None:
    given = points(np.arange(400), ("GC/N0/v", "GC/N1/v"))
    parts = [Scalars(given.tags, *(a[i : i + 130] for a in _arrays(given))) for i in range(0, 400, 130)]
    assert b"".join(map(encode, parts)) == encode(given)


@pytest.mark.parametrize("steps", [[0], [127, 128], list(range(5, 400))])
def test_the_first_event_has_the_description(steps: list[int]) -> None:
    given = replace(points(steps, ("GC/N0/v", "GC/N1/v")), description="v of GC")
    same(encode(given), given)
