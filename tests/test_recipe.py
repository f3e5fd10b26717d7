"""The order of the work does not change what comes of it: it can stop at any mark and go on from there."""

from __future__ import annotations

import pickle
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline import jobs, open_run
from pipeline.executors import InProcess
from pipeline.jobs import Job
from pipeline.planning import parse_plots, plan_run
from pipeline.recipe import Mark, _Tree, pieces, step_sizes
from tests.common import write_component

PLOTS: dict[str, list[dict[str, Any]]] = {
    "raster": [{"kind": "raster"}],
    "windows": [{"kind": "raster", "window": 70}],
    "scalar": [{"kind": "trace", "format": "scalar"}],
    "points": [{"kind": "trace", "format": "scalar", "points": 20}],
    "image": [{"kind": "trace", "size": "4x2"}],
    "matrix": [{"kind": "heatmap"}],
    "all": [
        {"kind": "raster", "window": 70},
        {"kind": "trace", "format": "scalar", "step": 3},
        {"kind": "trace", "step": 2, "size": "4x2"},
        {"kind": "heatmap"},
        {"kind": "hparam"},
    ],
}


@pytest.fixture
def run_with_small_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(jobs, "BLOCK_BYTES", 2000)
    rng = np.random.default_rng(0)
    spiked = (rng.random((301, 10)) < 0.2).astype(np.float32)
    write_component(tmp_path / "a.h5", "GC", {"spiked": spiked, "weights": rng.normal(size=(301, 4, 5))})
    return open_run(tmp_path)


def only_job(run: Any, name: str, plots: list[dict[str, Any]]) -> Job:
    (job,) = plan_run(run, parse_plots([{name: plot} for plot in plots])).jobs
    return job


def outcomes(job: Job, resume: Mark | None = None) -> list[tuple[Any, Mark | None]]:
    return [(piece.handle, piece.mark) for piece in pieces(job, InProcess(), resume)]


def joined(found: list[tuple[Any, Mark | None]]) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    for outcome, _ in found:
        for kind, records in outcome.events:
            files[kind] = files.get(kind, b"") + bytes(records)
    return files


@pytest.mark.parametrize("plots", PLOTS.values(), ids=PLOTS)
def test_goes_on_from_every_mark(run_with_small_blocks: Any, plots: list[dict[str, Any]]) -> None:
    job = only_job(run_with_small_blocks, "spiked", plots)
    whole = outcomes(job)
    expected = joined(whole)
    assert expected
    marks = [mark for _, mark in whole if mark]
    assert [mark.done for mark in marks] == list(range(1, len(step_sizes(job)) + 1))
    for mark in marks:
        before = whole[: 1 + next(at for at, (_, m) in enumerate(whole) if m is mark)]
        kept = pickle.loads(pickle.dumps(mark))
        assert joined(before + outcomes(job, kept)) == expected


@pytest.mark.parametrize("limits", ["shown", "all", "frame", (-1, 1)])
def test_goes_on_from_every_mark_of_two_passes(run_with_small_blocks: Any, limits: Any) -> None:
    job = only_job(run_with_small_blocks, "weights", [{"kind": "heatmap", "limits": limits, "step": 25, "size": "4x3"}])
    whole = outcomes(job)
    for at, (_, mark) in enumerate(whole):
        assert mark
        assert joined(whole[: at + 1] + outcomes(job, mark)) == joined(whole)


def test_blocks_of_a_window_end_with_it(run_with_small_blocks: Any) -> None:
    job = only_job(run_with_small_blocks, "spiked", PLOTS["windows"])
    assert job.segment
    assert job.segment % 70 == 0
    stops = [block.stop for block in job.first_blocks()]
    assert {*range(job.segment, 301, job.segment), 301} <= set(stops)
    assert all(before < after for before, after in pairwise(stops))


def test_a_tree_keeps_the_order_and_few_levels() -> None:
    tree = _Tree(lambda *parts: sum(parts, ()), lambda part: part)
    for number in range(1000):
        tree.add((number,))
        assert len(tree.levels) <= 7 * 4  # at most seven of each of four levels
    assert tree.merged() == tuple(range(1000))
    tree.add((1000,))
    assert tree.merged() == tuple(range(1001))


def test_what_a_scheduler_remembers_of_a_tree_does_not_grow_with_it() -> None:
    """A handle is here the number of tasks that led to it."""
    tree = _Tree(lambda *parts: 1 + sum(parts), lambda part: 0)
    for _ in range(20_000):
        tree.add(1)
        assert sum(handle for _, handle in tree.levels) < 1_000
    assert tree.merged() < 1_000
