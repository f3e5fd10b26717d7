"""The order of the work does not change what comes of it: it can stop at any point and go on from there."""

from __future__ import annotations

import pickle
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline import open_run
from pipeline.errors import SourceError
from pipeline.opening.hdf5.lazy_array import StoredArray
from pipeline.planning.config import parse_plots
from pipeline.planning.cost import batches
from pipeline.planning.job import Job
from pipeline.planning.match import plan_run
from pipeline.running.executors.in_process import InProcess
from pipeline.running.passes import ResumePoint, all_at_once, pieces
from pipeline.running.tasks import Failure, Outcome
from pipeline.slicing.budget import Budget
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
def network_of_two(tmp_path: Path) -> Any:
    rng = np.random.default_rng(0)
    spiked = (rng.random((301, 10)) < 0.2).astype(np.float32)
    write_component(tmp_path / "a.h5", "GC", {"spiked": spiked, "weights": rng.normal(size=(301, 4, 5))})
    return open_run(tmp_path)


def only_job(run: Any, name: str, plots: list[dict[str, Any]]) -> Job:
    (job,) = plan_run(run, parse_plots([{name: plot} for plot in plots])).jobs
    return job.within(Budget(block=2000))


def outcomes(job: Job, resume: ResumePoint | None = None) -> list[tuple[Any, ResumePoint | None]]:
    return [(piece.handle, piece.reached) for piece in pieces(job, InProcess(), resume)]


def joined(found: list[tuple[Any, ResumePoint | None]]) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    for outcome, _ in found:
        for kind, records in outcome.events:
            files[kind] = files.get(kind, b"") + bytes(records)
    return files


@pytest.mark.parametrize("plots", PLOTS.values(), ids=PLOTS)
def test_goes_on_from_every_mark(network_of_two: Any, plots: list[dict[str, Any]]) -> None:
    job = only_job(network_of_two, "spiked", plots)
    whole = outcomes(job)
    expected = joined(whole)
    assert expected
    points = [point for _, point in whole if point]
    assert [point.done for point in points] == list(range(1, len(job.sizes) + 1))
    for point in points:
        before = whole[: 1 + next(at for at, (_, m) in enumerate(whole) if m is point)]
        kept = pickle.loads(pickle.dumps(point))
        assert joined(before + outcomes(job, kept)) == expected


@pytest.mark.parametrize("limits", ["shown", "all", "frame", (-1, 1)])
def test_goes_on_from_every_mark_of_two_passes(network_of_two: Any, limits: Any) -> None:
    job = only_job(network_of_two, "weights", [{"kind": "heatmap", "limits": limits, "step": 25, "size": "4x3"}])
    whole = outcomes(job)
    for at, (_, point) in enumerate(whole):
        assert point
        assert joined(whole[: at + 1] + outcomes(job, point)) == joined(whole)


def test_blocks_of_a_window_end_with_it(network_of_two: Any) -> None:
    job = only_job(network_of_two, "spiked", PLOTS["windows"])
    assert job.segment
    assert job.segment % 70 == 0
    stops = [block.stop for block in job.first_blocks]
    assert {*range(job.segment, 301, job.segment), 301} <= set(stops)
    assert all(before < after for before, after in pairwise(stops))


def small_jobs(run: Any) -> list[Job]:
    plots = [
        {name: plot} for name in ("spiked", "weights") for plot in ({"kind": "heatmap", "step": 50}, {"kind": "hparam"})
    ]
    return [job.within(Budget(block=2000)) for job in plan_run(run, parse_plots(plots)).jobs] * 3


@pytest.mark.parametrize(
    ("fit", "alone", "tasks"),
    [
        (0, set(), [1, 1, 1, 1, 1, 1]),
        (1, set(), [1, 1, 1, 1, 1, 1]),
        (2, set(), [2, 2, 2]),
        (4, set(), [4, 2]),
        (9, {0}, [1, 5]),
        (9, {2, 3}, [2, 1, 1, 2]),
    ],
)
def test_small_variables_are_one_task(network_of_two: Any, fit: int, alone: set[int], tasks: list[int]) -> None:
    job = small_jobs(network_of_two)[0]
    weight = sum(job.sizes) + sum(d.size for d in job.drawings)
    found = list(batches([job.within(Budget(block=max(1, 2 * fit * weight)))] * 6, alone))
    assert [number for stretch, _ in found for number in stretch] == list(range(6))
    assert [len(stretch) for stretch, _ in found] == tasks
    assert [small for _, small in found] == [fit > 0 and not alone & set(stretch) for stretch, _ in found]


def test_done_at_once_it_is_what_its_pieces_are(network_of_two: Any) -> None:
    jobs = small_jobs(network_of_two)
    for job, outcome in zip(jobs, all_at_once(jobs), strict=True):
        assert isinstance(outcome, Outcome)
        pieces_of_it = outcomes(job)
        assert joined([(outcome, None)]) == joined(pieces_of_it)
        assert outcome.hparams == {name: value for piece, _ in pieces_of_it for name, value in piece.hparams.items()}


def test_a_variable_that_fails_leaves_the_others_of_its_task(
    network_of_two: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read(self: StoredArray, key: Any, real: Any = StoredArray.read) -> Any:
        if self.name == "/spiked":
            raise SourceError("a damaged chunk")
        return real(self, key)

    monkeypatch.setattr(StoredArray, "read", read)
    failed, done, *_ = all_at_once(small_jobs(network_of_two))
    assert failed == Failure("a damaged chunk", of_source=True)
    assert isinstance(done, Outcome)
    assert done.events
