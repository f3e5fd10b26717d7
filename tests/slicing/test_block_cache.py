"""What a first pass read is not read again where it fits; where it does not, it is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import pipeline
from pipeline.opening.hdf5.lazy_array import StoredArray
from pipeline.planning import job as jobs
from pipeline.planning.plan import parse_plots, plan_run
from pipeline.running.executors import InProcess
from pipeline.running.output import write_runs
from pipeline.slicing.block_cache import Kept
from pipeline.slicing.budget import Budget
from tests.conftest import events


def test_what_is_kept_is_given_back_once_part_by_part() -> None:
    kept, values = Kept(), np.arange(20)
    kept.put("a", range(100, 300, 10), values, 1000)
    assert kept.take("b", range(100, 200, 10)) is None
    assert kept.take("a", range(100, 200, 20)) is None
    assert kept.take("a", range(250, 350, 10)) is None
    assert kept.take("a", range(200, 300, 10)).tolist() == [*range(10, 20)]
    assert kept.take("a", range(100, 200, 10)).tolist() == [*range(10)]
    assert kept.take("a", range(100, 200, 10)) is None


def test_the_oldest_go_first() -> None:
    kept = Kept()
    for name in "abc":
        kept.put(name, range(5), np.zeros(5, np.uint8), 10)
    assert [kept.take(name, range(5)) is not None for name in "abc"] == [False, True, True]
    kept.put("large", range(11), np.zeros(11, np.uint8), 10)
    assert kept.take("large", range(11)) is None


@pytest.mark.parametrize(("limits", "kept", "times"), [("shown", 2**20, 1), ("shown", 100, 2), ("all", 2**20, 2)])
def test_frames_are_read_once_where_they_fit(
    network: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limits: str, kept: int, times: int
) -> None:
    monkeypatch.setattr(jobs, "BLOCK_BYTES", 400)
    real, reads = StoredArray.read, []
    monkeypatch.setattr(StoredArray, "read", lambda self, key: reads.append(str(key)) or real(self, key))
    plots: list[dict[str, Any]] = [{"weights": {"kind": "heatmap", "step": 100, "limits": limits, "size": [4, 3]}}]
    plan = plan_run(pipeline.open_run(network), parse_plots(plots))
    job = plan.jobs[0].within(Budget(4 * kept))
    plan.jobs = [job]
    write_runs([plan], tmp_path, InProcess())

    if limits == "shown":
        assert len(reads) == times * len(job.first_blocks()) > times
        assert len(set(reads)) == len(job.first_blocks())
    else:  # all steps are read for the limits, and then those that are shown
        assert len(reads) == len(job.first_blocks()) + len(job.second_blocks())
    pipeline.convert(network, tmp_path / "usual", plots)
    assert events(tmp_path / "usual" / plan.name) == events(tmp_path / plan.name) != {}
