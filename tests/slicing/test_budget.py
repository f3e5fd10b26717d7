"""A budget of memory becomes sizes of blocks, and how many are under way; what is written does not depend on it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

import pipeline
import pipeline.running.convert
from pipeline.errors import SettingError
from pipeline.slicing.budget import BLOCK_BYTES, Budget, machine_cores, machine_memory
from pipeline.units import size_in_bytes
from tests.conftest import PLOTS, events


@pytest.mark.parametrize("workers", [1, 2, 16])
@pytest.mark.parametrize("memory", [10**8, 10**9, 10**10])
def test_what_is_under_way_and_cached_fits(memory: int, workers: int) -> None:
    budget = Budget.of(memory, workers)
    assert budget.workers == workers
    assert 0 < budget.block <= BLOCK_BYTES
    assert budget.block * 16 <= budget.each
    held = budget.each * workers
    assert held <= max(memory, 16 * 2**20 * workers)  # a worker has a little, however small the budget is
    assert workers * (budget.under_way + budget.cached) <= held


def test_more_memory_is_never_smaller_blocks() -> None:
    blocks = [Budget.of(memory, 4).block for memory in range(10**8, 5 * 10**9, 10**8)]
    assert blocks == sorted(blocks)
    assert blocks[0] < blocks[-1] == BLOCK_BYTES


def test_by_default_it_suits_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.slicing.budget.machine_memory", lambda: 64 * 2**30)
    assert Budget.of(None, 2).block == BLOCK_BYTES
    assert 3 * 200 * 2**20 + 2 * Budget.of(None, 2).each < 1.5e9
    monkeypatch.setattr("pipeline.slicing.budget.machine_memory", lambda: 2**30)
    assert Budget.of(None, 2).each < Budget().each


def test_the_machine_has_some() -> None:
    assert 2**28 < machine_memory() < 2**50
    assert 1 <= machine_cores() <= (os.cpu_count() or 1)


@pytest.mark.parametrize("name", ["memory.max", "memory/memory.limit_in_bytes"], ids=["cgroup 2", "cgroup 1"])
def test_a_container_s_memory_is_all_there_is(tmp_path: Path, name: str) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    physical = machine_memory(tmp_path / "none")
    for said, there in ((f"{300 << 20}\n", 300 << 20), ("max\n", physical), (f"{1 << 62}", physical)):
        (tmp_path / name).write_text(said)
        assert machine_memory(tmp_path) == there


@pytest.mark.parametrize(
    ("said", "cores"), [("150000 100000", 2), ("50000 100000", 1), ("max 100000", 64), ("9900000 100000", 64)]
)
def test_a_container_s_share_of_the_processors_is_all_there_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str, cores: int
) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda process: set(range(64)))
    (tmp_path / "cpu.max").write_text(said + "\n")
    assert machine_cores(tmp_path) == cores
    (tmp_path / "cpu.max").unlink()
    if said[0] != "m":  # the same, as older systems say it
        quota, period = said.split()
        (tmp_path / "cpu").mkdir()
        (tmp_path / "cpu" / "cpu.cfs_quota_us").write_text(quota)
        (tmp_path / "cpu" / "cpu.cfs_period_us").write_text(period)
        assert machine_cores(tmp_path) == cores


def test_a_quarter_of_a_worker_s_memory_is_under_way(
    network: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    real = pipeline.running.convert.write_runs

    def write_runs(*args: Any, under_way: int, **options: Any) -> Any:
        asked.append(under_way)
        return real(*args, under_way=under_way, **options)

    monkeypatch.setattr("pipeline.running.convert.write_runs", write_runs)
    pipeline.convert(network, tmp_path, PLOTS, memory=Budget(each=400 << 20))
    assert asked == [100 << 20]


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("2GB", 2 * 10**9),
        ("1.5 g", 1_500_000_000),
        ("800MiB", 800 * 2**20),
        (10**9, 10**9),
        ("3e", None),
        ("1KB", None),
    ],
)
def test_sizes_as_people_write_them(text: str | int, size: int | None) -> None:
    if size is None:
        with pytest.raises(SettingError, match="accepted is a size of at least 100 MB"):
            size_in_bytes(text)
    else:
        assert size_in_bytes(text) == size


def test_what_is_written_does_not_depend_on_it(network: Path, tmp_path: Path) -> None:
    for memory in ("100MB", "20GB"):
        pipeline.convert(network, tmp_path / memory, PLOTS, memory=memory)
    assert events(tmp_path / "100MB") == events(tmp_path / "20GB") != {}
