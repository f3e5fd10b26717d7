"""From HDF5 files to event files, and to what TensorBoard shows of them."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from collections import Counter
from pathlib import Path

import pytest

import pipeline
from benchmarks import ours, peers
from benchmarks.conftest import Used, launch, need, once
from benchmarks.data import NAME, SIZE, UNITS, event_bytes, written
from pipeline.serving.process import tensorboard_flags

CASES = [(ours.traces, steps) for steps in SIZE.series] + [(peers.sapicore_traces, steps) for steps in SIZE.few_points]


@pytest.mark.parametrize(("work", "steps"), CASES, ids=lambda case: getattr(case, "__name__", case))
def test_traces(work, steps, measure, store):
    if work is peers.sapicore_traces:
        need("sapicore")
    out = measure("traces", work, store.file("voltage", steps), count=steps * UNITS, warm=store.file("voltage", 10))
    if NAME == "tiny":
        assert written(out) == {"points": steps * UNITS}


def our_command(source: Path, out: Path) -> Used:
    """Run the command, cold."""
    script = Path(sys.executable).with_name("hdf2tb")
    command = [str(script)] if script.exists() else [sys.executable, "-m", "pipeline"]
    return launch([*command, "convert", str(source), "--config", str(source / "run.yaml"), "--out", str(out)])


def sapicore_script(source: Path, out: Path) -> Used:
    """Run the script, cold."""
    return launch([*once(peers.sapicore_run), str(source), str(out)])


WHOLE_RUNS = [our_command, sapicore_script]


def run_once(work, source, out):
    if work is sapicore_script:
        need("sapicore")
    work(source, out)
    return out


@pytest.mark.parametrize("what", ["epl", "run"])
@pytest.mark.parametrize("work", WHOLE_RUNS, ids=lambda work: work.__name__)
def test_cold(work, what, measure, store):
    if work is sapicore_script:
        need("sapicore")
    source = store.epl() if what == "epl" else store.run(SIZE.run)
    who, rounds = ("ours", SIZE.rounds) if work is our_command else ("sapicore_run", 1)
    out = measure(f"cold {what}", work, source, who=who, rounds=rounds)
    if what == "run":
        kept = store.keep(who, out)
        if measure.benchmark:
            measure.benchmark.extra_info |= dict(zip(("bytes", "picture_bytes"), event_bytes(kept), strict=True))
    if NAME == "tiny" and what == "run":
        assert written(out) == {"points": SIZE.run * UNITS, "1000x500": UNITS, "1500x1000": 3}


@pytest.mark.parametrize("work", WHOLE_RUNS, ids=lambda work: work.__name__)
def test_shown(work, measure, store, tmp_path, all_cores):
    """Start TensorBoard, and wait until it has every point and picture."""
    who = "ours" if work is our_command else "sapicore_run"
    logdir = store.kept.get(who) or run_once(work, store.run(SIZE.run), tmp_path / who)
    measure("shown", until_shown, logdir, who=who, memory=False, rounds=SIZE.rounds)


def until_shown(logdir: Path, out: Path) -> None:
    """Wait until TensorBoard answers with all points and pictures of the run."""
    log = out.with_suffix(".log")
    command = [sys.executable, "-m", "tensorboard.main", *tensorboard_flags(logdir, port=0, host="127.0.0.1")]
    with log.open("wb") as file:
        server = subprocess.Popen(command, stdout=file, stderr=file)
    try:
        while not (url := re.search(r"http://127\.0\.0\.1:\d+", log.read_text())):
            assert server.poll() is None, log.read_text()
            time.sleep(0.01)
        heatmaps = len(range(0, SIZE.run, 100))
        for plugin, expected in (("scalars", [SIZE.run] * UNITS), ("images", [1] * (UNITS + 1) + [heatmaps])):
            while not has(url[0], plugin, expected):
                assert server.poll() is None, log.read_text()
                time.sleep(0.01)
    finally:
        server.terminate()
        server.wait()


def has(url: str, plugin: str, expected: list[int]) -> bool:
    """Return whether there are tags of as many points or pictures as expected.

    It asks no further than the first that lacks some, since answering keeps the server from loading.
    """
    tags = [(run, tag) for run, found in get(f"{url}/data/plugin/{plugin}/tags").items() for tag in found]
    missing = Counter(expected)
    if len(tags) < len(expected):
        return False
    for run, tag in tags:
        query = urllib.parse.urlencode({"run": run, "tag": tag})
        missing.subtract([len(get(f"{url}/data/plugin/{plugin}/{plugin}?{query}"))])
        if min(missing.values()) < 0:
            return False
    return True


def get(url: str):
    """Return what a server answers, decoded."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(url, timeout=60) as answer:
        return json.load(answer)


@pytest.mark.parametrize("workers", [1, 2])
def test_workers(workers, measure, store, all_cores):
    """Draw on processes that are there already."""
    from distributed import LocalCluster

    source, small = store.file("weights", SIZE.frames), store.file("weights", 6)
    with LocalCluster(n_workers=workers, threads_per_worker=1, dashboard_address=":0", memory_limit=0) as cluster:

        def convert(source: Path, out: Path) -> None:
            plots = [{"weights": {"kind": "heatmap", "step": 1}}]
            pipeline.convert(source, out, plots, scheduler=cluster.scheduler_address)

        out = measure(
            "workers",
            convert,
            source,
            count=SIZE.frames,
            who=f"{workers} worker{'s' * (workers > 1)}",
            warm=small,
            memory=False,
            rounds=SIZE.rounds,
        )
    if NAME == "tiny":
        assert written(out) == {"1500x1000": SIZE.frames}
