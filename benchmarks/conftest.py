"""How a work is timed, in one table with those of its group, and how its peak memory is found."""

from __future__ import annotations

import importlib
import itertools
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from benchmarks.data import NAME, SIZE, Store

ROOT = Path(__file__).resolve().parent.parent


def need(package: str) -> None:
    """Skip where a peer is not installed; where HDF2TB_PEERS is set, fail."""
    if os.environ.get("HDF2TB_PEERS"):
        importlib.import_module(package)
    pytest.importorskip(package)


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """Keep sources on disk; what is large goes when all is done."""
    folder = tmp_path_factory.mktemp("sources")
    yield Store(folder)
    shutil.rmtree(folder)


@pytest.fixture
def all_cores() -> None:
    """Ask for more than one core."""


@pytest.fixture(autouse=True)
def _one_core(request: pytest.FixtureRequest) -> Iterator[None]:
    cores = os.sched_getaffinity(0)
    if "all_cores" not in request.fixturenames:
        os.sched_setaffinity(0, {max(cores)})
    yield
    os.sched_setaffinity(0, cores)


class Used(NamedTuple):
    """The most bytes of memory that a command and all below it held, and the most files that one of them had open."""

    peak: int
    files: int


def launch(command: list[str]) -> Used:
    """Run a command and return what it used."""
    small = [sys.executable, "-S", "-E", str(Path(__file__).with_name("launch.py")), *command]
    done = subprocess.run(small, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return Used(*json.loads(done.stdout))


def once(function: Callable[..., Any]) -> list[str]:
    """Return the beginning of the command that does one work alone; its source and output follow."""
    return [sys.executable, "-m", "benchmarks.once", f"{function.__module__.rpartition('.')[2]}.{function.__name__}"]


@pytest.fixture
def measure(request: pytest.FixtureRequest, store: Store, tmp_path: Path) -> Callable[..., Path]:
    """Time a work, and note what the report needs.

    ``measure(group, work, source, count=…)`` calls ``work(source, out)``, each time with a new `out`, and returns the
    last. `count` is the number of points or frames in it. A first call with a small source, `warm`, does not count:
    imports and fonts are loaded by it. With `memory`, the work is done once more in a process of its own. A work that
    returns `Used` has found that itself.
    """
    plain = not request.config.pluginmanager.hasplugin("benchmark")
    benchmark = None if plain else request.getfixturevalue("benchmark")

    def run(
        group: str,
        work: Callable[..., Any],
        source: Any,
        *,
        count: int = 1,
        who: str = "",
        warm: Any = None,
        memory: bool = True,
        rounds: int = 0,
    ) -> Path:
        ours = work.__module__.endswith("ours")
        outs = (tmp_path / str(number) for number in itertools.count())
        last, found = tmp_path / "none", None
        if warm is not None and NAME != "tiny":
            work(warm, next(outs))

        def fresh() -> tuple[tuple[Any, Path], dict[str, Any]]:
            nonlocal last
            shutil.rmtree(last) if last.is_dir() else last.unlink(missing_ok=True)
            last = next(outs)
            return (source, last), {}

        if benchmark is None:
            found = work(*fresh()[0])
            return last
        benchmark.group = group  # read when it begins
        found = benchmark.pedantic(work, setup=fresh, rounds=rounds or (SIZE.rounds if ours else SIZE.few_rounds))
        benchmark.extra_info |= {"who": who or ("ours" if ours else work.__name__), "count": count}
        if isinstance(found, Used):
            benchmark.extra_info |= found._asdict()
        elif memory and NAME != "tiny":
            given = store.array(source) if isinstance(source, np.ndarray) else source
            alone = tmp_path / "alone"
            benchmark.extra_info["peak"] = launch([*once(work), str(given), str(alone)]).peak
            shutil.rmtree(alone, ignore_errors=True)
        return last

    run.benchmark = benchmark  # type: ignore[attr-defined]
    return run


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every benchmark as slow."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker("slow")
