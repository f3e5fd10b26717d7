"""Blocks keep each wanted step exactly once, and begin and end where storage chunks do."""

from __future__ import annotations

import itertools
import pickle
import random

import numpy as np
import pytest

from pipeline.slicing.blocks import Block, blocks, evenly_spaced

SMALL = list(
    itertools.product(
        [0, 1, 2, 7, 24, 25],  # length
        [1, 2, 3, 7, 30],  # step
        [1, 2, 5, 24, 40],  # chunk
        [0, 1, 3, 10, 100],  # kept
        [None, 1, 4, 5, 24, 50],  # segment
    )
)


def many() -> list[tuple[int, int, int, int, int | None]]:
    rng = random.Random(11)
    draw = lambda most: rng.randint(1, rng.choice([3, 30, most]))  # noqa: E731
    return [
        (rng.randrange(5000), draw(500), draw(1000), draw(300), rng.choice([None, draw(2000)])) for _ in range(2000)
    ]


def test_every_kept_step_is_in_exactly_one_block() -> None:
    for length, step, chunk, kept, segment in SMALL + many():
        cut = blocks(length, step=step, chunk=chunk, kept=kept, segment=segment)
        found = [int(at) for block in cut for at in block.steps]
        assert found == list(range(0, length, step)), (length, step, chunk, kept, segment)


def test_no_block_is_empty_and_none_reaches_past_the_end() -> None:
    for length, step, chunk, kept, segment in SMALL + many():
        for block in blocks(length, step=step, chunk=chunk, kept=kept, segment=segment):
            assert 0 <= block.start < block.stop <= length
            assert block.start % step == 0
            assert len(block) == len(block.steps) == len(range(length)[block.slice]) > 0


def test_no_chunk_is_read_twice() -> None:
    for length, step, chunk, kept, _ in SMALL + many():
        read = [{int(at) // chunk for at in block.steps} for block in blocks(length, step=step, chunk=chunk, kept=kept)]
        assert sum(map(len, read)) == len(set().union(*read)), (length, step, chunk, kept)


def test_blocks_end_at_chunk_borders() -> None:
    for length, step, chunk, kept, _ in SMALL + many():
        for block in blocks(length, step=step, chunk=chunk, kept=kept)[:-1]:
            assert block.stop % chunk == 0


def test_no_block_straddles_a_segment() -> None:
    for length, step, chunk, kept, segment in SMALL + many():
        if segment is None:
            continue
        for block in blocks(length, step=step, chunk=chunk, kept=kept, segment=segment):
            assert block.start // segment == (block.stop - 1) // segment


def test_a_block_holds_about_as_many_steps_as_asked_for_and_at_least_a_chunk() -> None:
    for length, step, chunk, kept, _ in SMALL + many():
        sizes = [len(block) for block in blocks(length, step=step, chunk=chunk, kept=kept)]
        most = max(kept, 1, -(-chunk // step))
        assert max(sizes, default=0) <= most
        span = max(1, kept) * step
        assert all(size * 2 * step >= min(span, length) - 2 * step for size in sizes[:-1])


@pytest.mark.parametrize(
    ("length", "options", "cut"),
    [
        (10, {"kept": 4}, [(0, 4), (4, 8), (8, 10)]),
        (10, {"kept": 100}, [(0, 10)]),
        (10, {"kept": 0}, [(n, n + 1) for n in range(10)]),
        (10, {"kept": 4, "chunk": 3}, [(0, 3), (3, 6), (6, 9), (9, 10)]),
        (10, {"kept": 1, "chunk": 6}, [(0, 6), (6, 10)]),
        (1000, {"kept": 2, "step": 100}, [(0, 200), (200, 400), (400, 600), (600, 800), (800, 1000)]),
        (950, {"kept": 5, "step": 100}, [(0, 500), (500, 950)]),
        (12, {"kept": 100, "segment": 5}, [(0, 5), (5, 10), (10, 12)]),
        (12, {"kept": 4, "segment": 6}, [(0, 4), (4, 6), (6, 8), (8, 12)]),
        (901, {"kept": 1, "step": 900}, [(0, 900), (900, 901)]),
        (0, {"kept": 4}, []),
    ],
)
def test_examples(length: int, options: dict[str, int], cut: list[tuple[int, int]]) -> None:
    assert [(block.start, block.stop) for block in blocks(length, **options)] == cut


def test_a_long_run_is_cut_quickly_and_blocks_are_small_to_send() -> None:
    cut = blocks(10**8, step=1, chunk=1, kept=10**5)
    assert len(cut) == 1000
    assert len(pickle.dumps(cut[-1])) < 200


def test_a_block() -> None:
    block = Block(10, 25, 5)
    assert len(block) == 3
    assert block.slice == slice(10, 25, 5)
    assert block.steps.tolist() == [10, 15, 20]
    assert block.steps.dtype == np.int64


@pytest.mark.parametrize("dtype", ["f8", "f4"])
@pytest.mark.parametrize(("start", "step"), [(0.0, 0.1), (5.0, 0.025), (-3.0, 2.0), (1e4, 0.1)])
@pytest.mark.parametrize("size", [2, 1000, 200_000])
def test_even_times_are_found_in_spite_of_rounding(start: float, step: float, size: int, dtype: str) -> None:
    found = evenly_spaced((start + step * np.arange(size)).astype(dtype))
    assert found is not None
    assert found[0] == pytest.approx(start, abs=1e-6)
    assert found[1] == pytest.approx(step, rel=1e-4 + 1e-3 / size * (dtype == "f4") * (1 + abs(start)))


@pytest.mark.parametrize("dtype", ["i4", "u1", ">f8", "f2"])
def test_even_times_of_any_type(dtype: str) -> None:
    assert evenly_spaced(np.arange(3, 50, 2).astype(dtype)) == (3.0, 2.0)


@pytest.mark.parametrize(
    "times",
    [
        [],
        [1.0, 1.0],
        [2.0, 1.0, 0.0],
        [0.0, 1.0, 2.0, 4.0, 8.0],
        [0.0, 1.0, 2.001, 3.0],
        [0.0, 0.1, 0.2001, 0.3],
        [0.0, 10.0, 20.01, 30.0],
        [0.0, np.nan, 2.0],
        [np.nan, 1.0, 2.0],
        [0.0, 1.0, np.inf],
        [0.0, np.inf, 2.0],
        [np.nan],
        [0.0, 0.0, 0.0],
    ],
)
@pytest.mark.parametrize("dtype", ["f8", "f4"])
def test_uneven_times_are_seen(times: list[float], dtype: str) -> None:
    assert evenly_spaced(np.array(times, dtype)) is None


@pytest.mark.parametrize("times", [[0, 10, 21, 30], [0, 1, 2, 4], [3, 3, 3]])
def test_whole_numbers_are_not_rounded(times: list[int]) -> None:
    assert evenly_spaced(np.array(times)) is None


def test_one_time_is_even() -> None:
    assert evenly_spaced(np.array([7.5])) == (7.5, 1.0)
