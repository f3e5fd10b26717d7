"""Fixtures that several test files share: small runs, what becomes of them, and a TensorBoard that shows it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

import pipeline
from pipeline.opening.hdf5.lazy_array import StoredArray
from pipeline.serving.process import tensorboard_flags
from tests.common import EPL, tree_bytes, write_component

#: More steps and frames than TensorBoard shows of a tag if it is not told to show all.
STEPS = 1200

PLOTS: list[dict[str, Any]] = [
    {"spiked": {"kind": "raster", "events": [300, 900]}},
    {"voltage": {"kind": "trace", "format": "scalar"}},
    {"weights": {"kind": "heatmap", "step": 100}},
    {"seed": {"kind": "hparam"}},
    {"drive": {"kind": "hparam"}},
    {"plastic": {"kind": "hparam"}},
    {"rule": {"kind": "hparam"}},
]


@pytest.fixture(autouse=True, scope="session")
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Keep what servers keep away from the user's own."""
    os.environ["HDF2TB_CACHE"] = str(tmp_path_factory.mktemp("cache"))


def simulate(folder: Path, seed: int, *, steps: int = STEPS) -> Path:
    """Write a run folder of two populations and the synapses between them."""
    rng = np.random.default_rng(seed)
    settings = {"seed": seed, "drive": seed * 1.5, "plastic": seed == 1, "rule": f"rule-{seed}"}
    for name, units in (("GC", 5), ("MC", 3)):
        voltage = rng.normal(-60, 5, (steps, units)).astype(np.float32)
        spiked = (rng.random((steps, units)) < 0.05).astype(np.float32)
        write_component(folder / "data" / f"{name}.h5", name, {"voltage": voltage, "spiked": spiked}, **settings)
    weights = rng.normal(size=(steps, 4, 6)).cumsum(axis=0).astype(np.float32)
    write_component(folder / "data" / "GC--MC.h5", "GC--MC", {"weights": weights})
    return folder


def stored(path: Path, name: str) -> np.ndarray:
    """Read a dataset with h5py alone."""
    with h5py.File(path, "r") as file:
        return file[name][()]


def fingerprint(folder: Path) -> dict[str, tuple[bytes, int]]:
    """Return bytes and mtime of all files below a folder."""
    return {str(p): (p.read_bytes(), p.stat().st_mtime_ns) for p in sorted(folder.rglob("*")) if p.is_file()}


def events(folder: Path) -> dict[str, bytes]:
    """Return the event files below a folder, without the journals beside them."""
    return {name: data for name, data in tree_bytes(folder).items() if "tfevents" in name}


def drawn(folder: Path) -> dict[str, bytes]:
    """Return the event files below a folder but for the notes, which tell of the source's name and time."""
    return {name: data for name, data in events(folder).items() if not name.endswith(".text")}


@contextmanager
def untouched(folder: Path) -> Iterator[Path]:
    """Fail if any source file below `folder` changes."""
    before = fingerprint(folder)
    yield folder
    assert fingerprint(folder) == before


@pytest.fixture(scope="session")
def sweep(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Path]]:
    """Two runs that differ in their settings, by name."""
    folder = tmp_path_factory.mktemp("sweep")
    runs = {name: simulate(folder / name, seed) for seed, name in enumerate(("calm", "driven"), start=1)}
    with untouched(folder):
        yield runs


@pytest.fixture
def network(sweep: dict[str, Path]) -> Iterator[Path]:
    """A run folder; it may not change."""
    with untouched(sweep["calm"]) as folder:
        yield folder


@dataclass(frozen=True)
class Read:
    """One reading of a dataset.

    Attributes
    ----------
    dataset : str
        ``file/name``, the file without its suffix.
    steps : tuple of int
        The rows that were read.
    key : Any
        What was asked for.
    """

    dataset: str
    steps: tuple[int, ...]
    key: Any


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[Read]:
    """All that is read of datasets from now on."""
    found: list[Read] = []
    real = StoredArray.read

    def read(self: StoredArray, key: Any) -> Any:
        rows = range(self.shape[0])[key[0]]
        steps = (rows,) if isinstance(rows, int) else tuple(rows)
        found.append(Read(f"{Path(self.path).stem}{self.name}", steps, key))
        return real(self, key)

    monkeypatch.setattr(StoredArray, "read", read)
    return found


@pytest.fixture
def epl() -> Iterator[Path]:
    """A real run, where it is there; it may not change."""
    if not EPL.exists():
        pytest.skip("the run in ../shared/data/epl is not there")
    with untouched(EPL) as folder:
        yield folder


@pytest.fixture
def damaged(tmp_path: Path) -> Path:
    """A run folder in which only `good.h5`, and `spoilt.h5` in part, can be read."""
    run, values = tmp_path / "damaged", np.repeat(np.arange(200, dtype=np.float32), 40).reshape(200, 40)
    write_component(run / "good.h5", "good", {"voltage": values, "spiked": values % 3 == 0})
    (run / "notes.h5").write_text("not what its name says")
    whole = write_component(run / "cut.h5", "cut", {"voltage": values})
    whole.write_bytes(whole.read_bytes()[:-2000])
    spoilt = write_component(run / "spoilt.h5", "spoilt", {"voltage": values, "spiked": values % 3 == 0})
    with h5py.File(spoilt, "r") as file:
        chunk = file["voltage"].id.get_chunk_info(150)
    data = bytearray(spoilt.read_bytes())
    data[chunk.byte_offset : chunk.byte_offset + chunk.size] = b"\xff" * chunk.size
    spoilt.write_bytes(data)
    return run


@pytest.fixture(scope="session")
def converted(sweep: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The log directory of both runs."""
    logdir = tmp_path_factory.mktemp("tb")
    pipeline.convert(list(sweep.values()), logdir, PLOTS, dt="2 ms")
    return logdir


@dataclass
class Server:
    """A running TensorBoard."""

    url: str
    process: subprocess.Popen[bytes]

    def get(self, path: str, body: Any = None) -> bytes:
        """Return what it answers; a `body` is posted as JSON."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, {"Content-Type": "application/json"})
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=60) as answer:
            return answer.read()

    def json(self, path: str, body: Any = None) -> Any:
        """Return what it answers, decoded."""
        return json.loads(self.get(path, body))


def eventually(process: subprocess.Popen[bytes], probe: Callable[[], Any], tries: int = 12_000) -> Any:
    """Return the first answer of `probe` that is true, asked while a process runs."""
    for _ in range(tries):
        if answer := probe():
            return answer
        try:
            process.wait(timeout=0.005)
        except subprocess.TimeoutExpired:
            continue
        pytest.fail(f"the process ended with {process.returncode}")
    pytest.fail("the process never came to it")


@contextmanager
def serving(logdir: Path, log: Path, *flags: str) -> Iterator[Server]:
    """Run TensorBoard as `hdf2tb view` starts it, at a free port of this machine, until the block ends."""
    command = [sys.executable, "-m", "tensorboard.main", *tensorboard_flags(logdir, port=0, host="127.0.0.1"), *flags]
    with log.open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out, env={**os.environ, "NO_PROXY": "*"})
    try:
        found = eventually(process, lambda: re.search(r"http://127\.0\.0\.1:\d+", log.read_text()))
        yield Server(found[0], process)
    finally:
        process.terminate()
        process.wait()


@pytest.fixture(scope="session", params=["true", "false"], ids=["fast-loader", "slow-loader"])
def server(request: pytest.FixtureRequest, converted: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """TensorBoard showing the two runs, once with its fast loader and once without."""
    with serving(converted, tmp_path_factory.mktemp("server") / "log", f"--load_fast={request.param}") as running:
        tags = {"GC/N4/voltage", "MC/N2/voltage"}
        probe = lambda: _tags(running) >= {(run, tag) for run in ("calm", "driven") for tag in tags}  # noqa: E731
        eventually(running.process, probe)
        yield running


def _tags(server: Server) -> set[tuple[str, str]]:
    found = server.json("/data/plugin/scalars/tags")
    return {(run, tag) for run, tags in found.items() for tag in tags}
