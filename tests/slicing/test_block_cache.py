"""What a first pass read is not read again where it fits; where it does not, it is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import pipeline
from pipeline.planning.config import parse_plots
from pipeline.planning.match import plan_run
from pipeline.running.executors.in_process import InProcess
from pipeline.running.output import write_runs
from pipeline.slicing.block_cache import BlockCache
from pipeline.slicing.budget import Budget
from tests.conftest import Read, drawn


def test_what_is_cached_is_given_back_once_part_by_part() -> None:
    cache, values = BlockCache(), np.arange(20)
    cache.put("a", range(100, 300, 10), values, 1000)
    assert cache.take("b", range(100, 200, 10)) is None
    assert cache.take("a", range(100, 200, 20)) is None
    assert cache.take("a", range(250, 350, 10)) is None
    assert cache.take("a", range(200, 300, 10)).tolist() == [*range(10, 20)]
    assert cache.take("a", range(100, 200, 10)).tolist() == [*range(10)]
    assert cache.take("a", range(100, 200, 10)) is None


def test_the_oldest_go_first() -> None:
    cache = BlockCache()
    for name in "abc":
        cache.put(name, range(5), np.zeros(5, np.uint8), 10)
    assert [cache.take(name, range(5)) is not None for name in "abc"] == [False, True, True]
    cache.put("large", range(11), np.zeros(11, np.uint8), 10)
    assert cache.take("large", range(11)) is None


@pytest.mark.parametrize(("limits", "cached", "times"), [("shown", 2**20, 1), ("shown", 100, 2), ("all", 2**20, 2)])
def test_frames_are_read_once_where_they_fit(
    network: Path, tmp_path: Path, reads: list[Read], limits: str, cached: int, times: int
) -> None:
    plots: list[dict[str, Any]] = [{"weights": {"kind": "heatmap", "step": 100, "limits": limits, "size": [4, 3]}}]
    plan = plan_run(pipeline.open_run(network), parse_plots(plots))
    job = plan.jobs[0].within(Budget(4 * cached, block=400))
    plan.jobs = [job]
    write_runs([plan], tmp_path, InProcess())

    if limits == "shown":
        assert len(reads) == times * len(job.first_blocks) > times
        assert len({read.steps for read in reads}) == len(job.first_blocks)
    else:  # all steps are read for the limits, and then those that are shown
        assert len(reads) == len(job.first_blocks) + len(job.second_blocks)
    pipeline.convert(network, tmp_path / "usual", plots)
    assert drawn(tmp_path / "usual" / plan.name) == drawn(tmp_path / plan.name) != {}
