"""What is opened, planned and described grows as what there is: the calls are counted, because time is not exact."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

import pipeline
from pipeline.cli.describe import tree
from pipeline.cli.facts import facts
from pipeline.planning.match import plan_run
from pipeline.tables import text_of

pytestmark = pytest.mark.slow


def in_one_group(folder: Path, count: int) -> Path:
    with h5py.File(folder / "a.h5", "w") as file:
        for number in range(count):
            file[f"v{number}"] = np.zeros((4, 3))
    return folder / "a.h5"


def in_groups(folder: Path, count: int) -> Path:
    with h5py.File(folder / "a.h5", "w") as file:
        for number in range(count):
            file[f"g{number}/v"] = np.zeros((4, 3))
            file[f"g{number}/time"] = np.arange(4.0)
    return folder / "a.h5"


def in_files(folder: Path, count: int) -> Path:
    for number in range(count):
        with h5py.File(folder / f"{number}.h5", "w") as file:
            file["v"] = np.zeros((4, 3))
            file["v"].dims[0].label = "time"
    return folder


def with_clocks(folder: Path, count: int) -> Path:
    with h5py.File(folder / "a.h5", "w") as file:
        for number in range(count):
            file[f"v{number}"] = np.zeros((4, 3))
            file[f"c{number}/time"] = np.arange(float(number))
    return folder / "a.h5"


WORK: dict[str, Callable[[Path], Any]] = {
    "open": pipeline.open_run,
    "plan": lambda path: plan_run(pipeline.open_run(path)),
    "inspect": lambda path: text_of(tree(facts(path, None, []))),  # type: ignore[arg-type]
    "plan of a notebook": lambda path: repr(pipeline.plan(path)),
}


def calls(work: Callable[[], Any]) -> int:
    """Return how many functions are called, Python's and C's."""
    count = 0

    def note(_: Any, event: str, __: Any) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.filterwarnings("ignore::pipeline.errors.TimeAxisWarning")
@pytest.mark.parametrize("name", WORK)
@pytest.mark.parametrize("write", [in_one_group, in_groups, in_files, with_clocks], ids=lambda write: write.__name__)
def test_twice_as_much_takes_twice_as_many_calls(write: Any, name: str, tmp_path: Path) -> None:
    counts = []
    for count in (8, 40, 80, 160):  # the first one loads what is loaded once
        folder = tmp_path / str(count)
        folder.mkdir()
        path = write(folder, count)
        counts.append(calls(lambda path=path: WORK[name](path)))  # type: ignore[misc]
    _, once, twice, four = counts
    assert four - twice <= 1.3 * 2 * (twice - once)
