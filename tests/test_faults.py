"""What happens to the processes of a conversion: killed, ended, out of disk. The same command completes it."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

from pipeline.writing.checkpoint import CheckpointFile
from tests.common import write_component
from tests.conftest import eventually
from tests.processes import Conversion, cluster, end_of, image_bytes, kill_tree, workers_of, written

pytestmark = pytest.mark.slow

FRAMES = 1200


@pytest.fixture(scope="module")
def conversion(tmp_path_factory: pytest.TempPathFactory) -> Conversion:
    folder = tmp_path_factory.mktemp("source")
    rng = np.random.default_rng(0)
    data = {"weights": rng.normal(size=(FRAMES, 30, 30)), "voltage": rng.normal(size=(FRAMES, 20))}
    write_component(folder / "run" / "GC.h5", "GC", {name: values.astype(np.float32) for name, values in data.items()})
    return Conversion(folder / "run", ["weights:kind=heatmap,step=1,size=12x9", "voltage:kind=trace,format=scalar"])


@pytest.fixture(scope="module")
def whole(conversion: Conversion, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    out = tmp_path_factory.mktemp("whole") / "tb"
    conversion.finish(out)
    return written(out)


def begun(conversion: Conversion, out: Path, until: int, *words: str, **options: Any) -> subprocess.Popen[str]:
    """Start a conversion, and return when so many bytes of pictures are written and known to be."""
    process = conversion.start(out, *words, **options)
    eventually(process, lambda: known(out) > until)
    return process


def known(out: Path) -> int:
    """Return how many bytes of pictures the next conversion need not draw again."""
    checkpoint = CheckpointFile(out / "run").read()
    return checkpoint.ranges.get("images", (0, 0))[1] if checkpoint else 0


def goes_on(conversion: Conversion, out: Path, *words: str) -> None:
    """Complete a conversion, and see that it keeps what was known."""
    least = known(out)
    assert least > 1000
    process = conversion.start(out, *words)
    while process.poll() is None:
        assert image_bytes(out) >= least
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=0.01)
    end_of(process)


@pytest.mark.parametrize("part", [0.02, 0.4])
@pytest.mark.parametrize("workers", [[], ["--workers", "2"]], ids=["in process", "workers"])
def test_killed_with_all_its_processes(
    conversion: Conversion, tmp_path: Path, whole: dict[str, bytes], part: float, workers: list[str]
) -> None:
    size = next(len(data) for name, data in whole.items() if name.endswith("images"))
    kill_tree(begun(conversion, tmp_path / "tb", int(part * size), *workers))
    assert written(tmp_path / "tb") != whole
    goes_on(conversion, tmp_path / "tb", *workers)
    assert written(tmp_path / "tb") == whole


def test_workers_that_are_killed_are_replaced(conversion: Conversion, tmp_path: Path, whole: dict[str, bytes]) -> None:
    size = next(len(data) for name, data in whole.items() if name.endswith("images"))
    process = begun(conversion, tmp_path / "tb", 1000, "--workers", "2")
    for part in (0.2, 0.4, 0.6):
        worker = workers_of(process)[0]
        worker.kill()
        worker.wait()
        eventually(process, lambda part=part: image_bytes(tmp_path / "tb") > part * size)
    end_of(process)
    assert written(tmp_path / "tb") == whole


def test_workers_that_are_killed_as_the_first_ones_start(
    conversion: Conversion, tmp_path: Path, whole: dict[str, bytes]
) -> None:
    process = conversion.start(tmp_path / "tb", "--workers", "2")
    eventually(process, lambda: bool(workers_of(process)))
    for worker in workers_of(process):
        worker.kill()
    end_of(process)
    assert written(tmp_path / "tb") == whole


def test_workers_that_cannot_start_are_told(conversion: Conversion, tmp_path: Path) -> None:
    process = conversion.start(tmp_path / "tb", "--workers", "2")
    while process.poll() is None:
        with suppress(psutil.NoSuchProcess):
            for worker in workers_of(process):
                worker.kill()
    said = end_of(process, 1).splitlines()
    assert said[-1].startswith("hdf2tb: error: worker processes end as they start (")
    assert "Is there memory for 2?" in said[-1]


def test_a_cluster_that_loses_a_worker(conversion: Conversion, tmp_path: Path, whole: dict[str, bytes]) -> None:
    with cluster(3) as running:
        process = begun(conversion, tmp_path / "tb", 1000, "--scheduler", running.address)
        running.workers[0].kill()
        end_of(process)
    assert written(tmp_path / "tb") == whole


def test_a_cluster_without_workers_is_told_and_waited_for(
    conversion: Conversion, tmp_path: Path, whole: dict[str, bytes]
) -> None:
    with cluster(0) as running:
        process = conversion.start(tmp_path / "tb", "--scheduler", running.address)
        assert process.stderr
        said = [process.stderr.readline() for _ in range(2)]
        assert said[0].startswith("dashboard: http://")
        assert said[1].startswith(f"no worker is there yet; this starts one: dask worker {running.address} ")
        running.add(1)
        end_of(process)
    assert written(tmp_path / "tb") == whole


def test_a_cluster_that_is_lost_leaves_what_is_done(
    conversion: Conversion, tmp_path: Path, whole: dict[str, bytes]
) -> None:
    with cluster(1) as running:
        process = begun(conversion, tmp_path / "tb", 1_000_000, "--scheduler", running.address)
        running.scheduler.kill()
        said = end_of(process, 1)
    assert said.splitlines()[-1] == "hdf2tb: error: the Dask scheduler was lost; the same command goes on from here"
    goes_on(conversion, tmp_path / "tb")
    assert written(tmp_path / "tb") == whole


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("workers", [[], ["--workers", "2"]], ids=["in process", "workers"])
def test_ended_by_a_signal_it_says_how_to_go_on(
    conversion: Conversion, tmp_path: Path, whole: dict[str, bytes], number: int, workers: list[str]
) -> None:
    process = begun(conversion, tmp_path / "tb", 1000, *workers)
    send: Callable[..., None] = os.killpg if number == signal.SIGINT else os.kill  # a terminal tells all of them
    send(process.pid, number)
    assert end_of(process, 130).splitlines()[-1] == "hdf2tb: interrupted; the same command goes on from here"
    goes_on(conversion, tmp_path / "tb")
    assert written(tmp_path / "tb") == whole


def full(conversion: Conversion, out: Path, reason: str, *words: str, **options: Any) -> None:
    """Convert where there is no room for it."""
    last = end_of(conversion.start(out, *words, **options), 1).splitlines()[-1]
    assert last.startswith("hdf2tb: error: ")
    assert f"cannot be written ({reason})" in last
    assert last.endswith("the same command goes on from here")


def test_a_file_that_may_grow_no_more(conversion: Conversion, tmp_path: Path, whole: dict[str, bytes]) -> None:
    limit = (2_000_000, 2_000_000)
    full(
        conversion,
        tmp_path / "tb",
        "File too large",
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, limit),
    )
    conversion.finish(tmp_path / "tb")
    assert written(tmp_path / "tb") == whole


@pytest.fixture
def small_disk(tmp_path: Path, whole: dict[str, bytes]) -> Iterator[Path]:
    """A file system that has room for what is written once, and little more."""
    disk = tmp_path / "disk"
    disk.mkdir()
    size = sum(map(len, whole.values())) + (1 << 20)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(disk)]
    done = subprocess.run(mount, capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"no file system can be mounted here: {done.stderr.strip()}")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


@pytest.mark.parametrize("workers", [[], ["--workers", "2"]], ids=["in process", "workers"])
@pytest.mark.parametrize("room", [0.0, 0.5])
def test_a_full_disk(
    conversion: Conversion, small_disk: Path, whole: dict[str, bytes], room: float, workers: list[str]
) -> None:
    left = (1 << 20) + int((1 - room) * sum(map(len, whole.values())))
    (small_disk / "other").write_bytes(bytes(left) if room else bytes(os.statvfs(small_disk).f_bavail * 4096))
    full(conversion, small_disk / "tb", "No space left on device", *workers)
    (small_disk / "other").unlink()
    conversion.finish(small_disk / "tb", *workers)
    assert written(small_disk / "tb") == whole
