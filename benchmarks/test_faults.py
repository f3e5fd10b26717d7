"""What an interruption costs: all processes killed, then begun again; workers that die; a cluster that shrinks."""

from __future__ import annotations

import hashlib
import random
import subprocess
import time
from pathlib import Path

import pytest

from benchmarks.data import NAME, SIZE, Store
from tests.processes import Conversion, cluster, end_of, kill_tree, workers_of, written

WORKERS = ("--workers", "2")


@pytest.fixture(scope="module")
def conversion(store: Store) -> Conversion:
    """Return the conversion that is interrupted."""
    return Conversion(store.long(SIZE.long[0]), ["weights:kind=heatmap,step=1", "voltage:kind=heatmap"])


@pytest.fixture(scope="module")
def whole(conversion: Conversion, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, bytes], float]:
    """Return what is written without an interruption, and the seconds that takes."""
    out = tmp_path_factory.mktemp("whole")
    began = time.perf_counter()
    conversion.finish(out, *WORKERS)
    return written(out), time.perf_counter() - began


def test_uninterrupted(measure, conversion, whole, all_cores):
    """Convert in one go."""

    def uninterrupted(_: None, out: Path) -> None:
        conversion.finish(out, *WORKERS)
        assert written(out) == whole[0]

    measure("killed", uninterrupted, None, who="uninterrupted", memory=False)


def test_killed(measure, conversion, whole, all_cores):
    """Kill all processes of a conversion at a random moment, and begin it again."""
    moments = random.Random(0)

    def interrupted(_: None, out: Path) -> None:
        process = conversion.start(out, *WORKERS)
        try:
            process.communicate(timeout=moments.uniform(0, whole[1]))
        except subprocess.TimeoutExpired:
            kill_tree(process)
        conversion.finish(out, *WORKERS)
        assert written(out) == whole[0]

    measure("killed", interrupted, None, who="killed", memory=False, rounds=SIZE.kills)


def test_workers_die(measure, conversion, whole, all_cores):
    """Kill one worker after the other while a conversion runs."""
    deaths = min(10, SIZE.kills)

    def bereft(_: None, out: Path) -> None:
        process = conversion.start(out, *WORKERS)
        for _ in range(deaths):
            try:
                process.wait(timeout=whole[1] / (deaths + 1))
            except subprocess.TimeoutExpired:
                for worker in workers_of(process)[:1]:
                    worker.kill()
                    worker.wait()
        end_of(process)

    out = measure("lost workers", bereft, None, who=f"{deaths} of a pool of two", memory=False, rounds=1)
    assert written(out) == whole[0]


def test_cluster_shrinks(measure, store, tmp_path, all_cores):
    """Convert a long run on a cluster of three workers, and kill one of them in the middle."""
    conversion = Conversion(store.long(SIZE.long[-1]), ["weights:kind=heatmap,step=2", "voltage:kind=heatmap"])
    with cluster(3) as running:
        on_three, whole = ("--scheduler", running.address), tmp_path / "whole"
        began = time.perf_counter()
        conversion.finish(whole, *on_three)
        seconds = time.perf_counter() - began

        def bereft(_: None, out: Path) -> None:
            process = conversion.start(out, *on_three)
            try:
                process.wait(timeout=seconds / 2)
            except subprocess.TimeoutExpired:
                running.workers[0].kill()
            end_of(process)

        out = measure("lost workers", bereft, None, who="1 of a cluster of three", memory=False, rounds=1)
        assert NAME == "tiny" or running.workers[0].wait(timeout=10)
    assert digests(out) == digests(whole)


def digests(out: Path) -> dict[str, str]:
    """Return what stands for all that a conversion leaves, where that is too much to hold."""
    found = {}
    for path in out.rglob("*"):
        if path.is_file() and path.suffix != ".lock":
            with path.open("rb") as file:
                found[path.relative_to(out).as_posix()] = hashlib.file_digest(file, "sha256").hexdigest()
    return found
