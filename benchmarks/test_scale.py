"""Runs larger than memory, and many of them: time, memory and open files against their number."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

import pipeline
from benchmarks.conftest import Used, launch
from benchmarks.data import NAME, SIZE, written
from pipeline.cli.describe import tree
from pipeline.cli.facts import facts
from pipeline.tables import text_of

PLOTS = [
    "weights:kind=heatmap,step=100,limits=all",
    "spiked:kind=raster",
    "voltage:kind=trace,format=scalar,units=0:20",
    "voltage:kind=heatmap",
]


def convert(sources: list[Path], out: Path, *words: str) -> Used:
    """Run the command, and return what all its processes used."""
    return launch([sys.executable, "-m", "pipeline", "convert", *map(str, sources), "--out", str(out), *words])


def convert_long(source: Path, out: Path) -> Used:
    """Run the command on two workers."""
    return convert([source], out, *(f"--plot={plot}" for plot in PLOTS), "--workers", "2")


@pytest.mark.parametrize(("steps", "who"), [*zip(SIZE.long, ("a tenth of the steps", "all steps"), strict=True)])
def test_long(steps, who, measure, store, all_cores):
    """Convert a run of many steps on two workers."""
    out = measure("long run", convert_long, store.long(steps), count=steps, who=who, rounds=1)
    found = written(out)
    assert found["1500x1000"] == 2 + len(range(0, steps, 100))
    assert found["points"] == steps * 20
    store.keep(who, out)


def test_again(measure, store, all_cores):
    """Convert it once more, when all is done."""
    source = store.long(SIZE.long[-1])
    out = store.kept.get("all steps") or store.folder / "again"
    if not out.exists():
        convert_long(source, out)
    before = {path: path.stat().st_mtime_ns for path in out.rglob("*tfevents*")}
    measure("long run again", lambda source, _: convert_long(source, out), source, who="all steps", rounds=1)
    assert {path: path.stat().st_mtime_ns for path in out.rglob("*tfevents*")} == before != {}


@pytest.mark.parametrize("where", ["early", "late"])
def test_frame(where, measure, store):
    """Draw one frame near the beginning, and one at the end."""
    run = pipeline.open_run(store.long(SIZE.long[-1]))
    number = SIZE.long[-1] // 100 if where == "early" else SIZE.long[-1] - 1

    def draw(number: int, out: Path) -> None:
        pipeline.preview(run["GC--GC"].weights, kind="heatmap", step=1, limits=(-3, 3)).png(number)

    measure("one frame", draw, number, who=where, warm=number, memory=False, rounds=20 if NAME != "tiny" else 1)


def describe(source: Path, out: Path) -> None:
    """Open a file, plan it, and describe it as `hdf2tb inspect` does."""
    found = facts(source, None, [])
    assert found is not None
    out.write_text(text_of(tree(found)))


@pytest.mark.parametrize(("datasets", "who"), [*zip(SIZE.datasets, ("few datasets", "many datasets"), strict=True)])
def test_datasets(datasets, who, measure, store):
    """Describe a file of many datasets."""
    path = store.many(datasets)
    out = measure("datasets", describe, path, count=datasets, who=who, warm=store.many(5), memory=False, rounds=1)
    assert sum("trace: 3 series" in line for line in out.read_text().splitlines()) == datasets


@pytest.mark.parametrize(("runs", "who"), [*zip(SIZE.sweep, ("few runs", "many runs"), strict=True)])
def test_sweep(runs, who, measure, store, all_cores):
    """Convert many runs with one command, which finds out itself whether workers pay."""
    out = measure("sweep", convert, store.sweep(runs), count=runs, who=who, rounds=1)
    assert len(list(out.glob("sweep-*/*.images"))) == runs
