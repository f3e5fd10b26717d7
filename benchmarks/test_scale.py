"""Runs larger than memory: time and memory against the number of steps, and the cost of a late frame."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

import pipeline
from benchmarks.conftest import launch
from benchmarks.data import NAME, SIZE, written

PLOTS = [
    "weights:kind=heatmap,step=100,limits=all",
    "spiked:kind=raster",
    "voltage:kind=trace,format=scalar,units=0:20",
    "voltage:kind=heatmap",
]


def convert(source: Path, out: Path, workers: int = 2) -> int:
    """Run the command on two workers, and return the peak memory of all its processes."""
    plots = [word for plot in PLOTS for word in ("--plot", plot)]
    command = [sys.executable, "-m", "pipeline", "convert", str(source), "--out", str(out), *plots]
    return launch([*command, "--workers", str(workers)])


@pytest.mark.parametrize("steps", SIZE.long)
def test_long(steps, measure, store, all_cores):
    """Convert a run of many steps."""
    out = measure("long run", convert, store.long(steps), count=steps, who="ours", memory=False, rounds=1)
    found = written(out)
    assert found["1500x1000"] == 2 + len(range(0, steps, 100))
    assert found["points"] == steps * 20


@pytest.mark.parametrize("where", ["early", "late"])
def test_frame(where, measure, store):
    """Draw one frame near the beginning, and one at the end."""
    run = pipeline.open_run(store.long(SIZE.long[-1]))
    number = SIZE.long[-1] // 100 if where == "early" else SIZE.long[-1] - 1

    def draw(number: int, out: Path) -> None:
        pipeline.preview(run["GC--GC"].weights, kind="heatmap", step=1, limits=(-3, 3)).png(number)

    measure("one frame", draw, number, who=where, warm=number, memory=False, rounds=20 if NAME != "tiny" else 1)
