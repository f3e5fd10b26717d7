"""What happens to the processes of a conversion: killed, ended, out of disk. The same command completes it."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

from tests.common import tree_bytes, write_component
from tests.conftest import eventually

FRAMES = 1200
PLOTS = ["--plot=weights:kind=heatmap,step=1,size=12x9", "--plot=voltage:kind=trace,format=scalar"]


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("source")
    rng = np.random.default_rng(0)
    data = {"weights": rng.normal(size=(FRAMES, 30, 30)), "voltage": rng.normal(size=(FRAMES, 20))}
    write_component(folder / "run" / "GC.h5", "GC", {name: values.astype(np.float32) for name, values in data.items()})
    return folder / "run"


@pytest.fixture(scope="module")
def whole(source: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    out = tmp_path_factory.mktemp("whole") / "tb"
    subprocess.run(command(source, out), check=True, capture_output=True)
    return written(out)


def command(source: Path, out: Path, *words: str) -> list[str]:
    return [sys.executable, "-m", "pipeline", "convert", str(source), "--out", str(out), *PLOTS, *words]


def written(out: Path) -> dict[str, bytes]:
    return {name: data for name, data in tree_bytes(out).items() if not name.endswith(".lock")}


def images(out: Path) -> int:
    return sum(path.stat().st_size for path in out.rglob("*.images"))


def begun(source: Path, out: Path, until: int, *words: str, **options: Any) -> subprocess.Popen[str]:
    """Start a conversion, and return when it has written so many bytes of pictures."""
    process = subprocess.Popen(
        command(source, out, *words), start_new_session=True, stderr=subprocess.PIPE, text=True, **options
    )
    eventually(process, lambda: images(out) > until)
    return process


def completes(source: Path, out: Path, *words: str) -> None:
    done = subprocess.run(command(source, out, *words), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("part", [0.02, 0.4])
@pytest.mark.parametrize("workers", [[], ["--workers", "2"]], ids=["in process", "workers"])
def test_killed_with_all_its_processes(
    source: Path, tmp_path: Path, whole: dict[str, bytes], part: float, workers: list[str]
) -> None:
    size = next(len(data) for name, data in whole.items() if name.endswith("images"))
    process = begun(source, tmp_path / "tb", int(part * size), *workers)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    assert written(tmp_path / "tb") != whole
    completes(source, tmp_path / "tb", *workers)
    assert written(tmp_path / "tb") == whole


def test_a_worker_that_is_killed_is_replaced(source: Path, tmp_path: Path, whole: dict[str, bytes]) -> None:
    process = begun(source, tmp_path / "tb", 1000, "--workers", "2")
    workers = [p for p in psutil.Process(process.pid).children(recursive=True) if "spawn_main" in " ".join(p.cmdline())]
    workers[0].kill()
    _, err = process.communicate()
    assert process.returncode == 0, err
    assert "Traceback" not in err
    assert written(tmp_path / "tb") == whole


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("workers", [[], ["--workers", "2"]], ids=["in process", "workers"])
def test_ended_by_a_signal_it_says_how_to_go_on(
    source: Path, tmp_path: Path, whole: dict[str, bytes], number: int, workers: list[str]
) -> None:
    process = begun(source, tmp_path / "tb", 1000, *workers)
    send: Callable[..., None] = os.killpg if number == signal.SIGINT else os.kill  # a terminal tells all of them
    send(process.pid, number)
    _, err = process.communicate()
    assert process.returncode == 130
    assert "Traceback" not in err
    assert err.splitlines()[-1] == "hdf2tb: interrupted; the same command goes on from here"
    completes(source, tmp_path / "tb")
    assert written(tmp_path / "tb") == whole


def test_out_of_disk(source: Path, tmp_path: Path, whole: dict[str, bytes]) -> None:
    def small_files() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000, 2_000_000))

    done = subprocess.run(command(source, tmp_path / "tb"), capture_output=True, text=True, preexec_fn=small_files)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    last = done.stderr.splitlines()[-1]
    assert last.startswith("hdf2tb: error: ")
    assert "cannot be written (File too large)" in last
    assert last.endswith("the same command goes on from here")
    completes(source, tmp_path / "tb")
    assert written(tmp_path / "tb") == whole
