"""Generated data in the original's layout (one chunk a step, LZF), how much of it each size has, and what was written.

Like a real run's, voltages rest most of the time, so that LZF has something to do; weights it cannot compress.
"""

from __future__ import annotations

import os
import shutil
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import h5py
import lzf
import numpy as np
import yaml

from tests.common import EPL, accumulated, write_component


@dataclass(frozen=True)
class Size:
    """How much there is to do, in steps or frames; the `few_` ones are for peers that are slow."""

    points: int
    single: int
    series: tuple[int, ...]
    few_points: tuple[int, ...]
    weights: int
    large: int
    few_large: int
    images: int
    raster: tuple[int, int]
    events: int
    run: int
    frames: int
    rounds: int
    few_rounds: int
    long: tuple[int, int]
    side: int
    wide: int
    sweep: tuple[int, int]
    kills: int
    datasets: tuple[int, int]
    band: int
    few_band: int


SIZES = {
    "tiny": Size(
        20,
        80,
        (30,),
        (20,),
        201,
        1,
        1,
        50,
        (300, 20),
        3_000,
        101,
        6,
        1,
        1,
        (100, 1_000),
        10,
        30,
        (2, 4),
        1,
        (5, 20),
        2,
        1,
    ),
    "quick": Size(
        20_000,
        200_000,
        (500, 2_000, 10_000),
        (25, 100),
        1_000,
        10,
        3,
        500,
        (20_000, 1000),
        1_000_000,
        1_000,
        600,
        3,
        1,
        (1_000, 10_000),
        200,
        1_000,
        (10, 100),
        3,
        (100, 1_000),
        200,
        5,
    ),
    "full": Size(
        100_000,
        1_000_000,
        (2_000, 10_000, 50_000),
        (50, 200),
        5_000,
        20,
        5,
        5_000,
        (100_000, 1000),
        10_000_000,
        5_000,
        2_000,
        5,
        2,
        (10_000, 100_000),
        200,
        1_000,
        (100, 300),
        30,
        (1_000, 10_000),
        1_000,
        20,
    ),
}
NAME = os.environ.get("HDF2TB_BENCHMARK", "tiny")
SIZE = SIZES[NAME]
UNITS = 4 if NAME == "tiny" else 64


def voltage(steps: int, units: int = UNITS) -> np.ndarray:
    """Return (step, unit) float32 values, most of them at rest."""
    rng = np.random.default_rng(steps)
    values = rng.normal(-60, 5, (steps, units)).astype(np.float32)
    values[rng.random((steps, units), np.float32) < 0.7] = -65
    return values


def spikes(steps: int, units: int) -> np.ndarray:
    """Return (step, unit) float32 zeros and 2 % ones."""
    return (np.random.default_rng(steps).random((steps, units), np.float32) < 0.02).astype(np.float32)


def weights(steps: int, side: int = UNITS) -> np.ndarray:
    """Return (step, row, column) float32 values that drift."""
    rng = np.random.default_rng(steps)
    values = rng.normal(size=(side, side)).astype(np.float32)[None] + np.zeros((steps, 1, 1), np.float32)
    values += rng.normal(0, 0.1, (steps, side, 1)).astype(np.float32).cumsum(axis=0)
    return values


_CYCLE = 200  # steps after which long runs begin anew


def _write_cycle(path: Path, name: str, steps: int, **data: np.ndarray) -> None:
    """Write values again and again, already compressed, a chunk a step, as the original lays them out."""
    write_component(path, name, {key: values[:0] for key, values in data.items()})
    with h5py.File(path, "a") as file:
        for key, values in data.items():
            stored = [lzf.compress(step.tobytes()) for step in values]
            packed = [
                (part, 0) if part is not None else (step.tobytes(), 1)
                for part, step in zip(stored, values, strict=True)
            ]
            file[key].resize(steps, axis=0)
            for step in range(steps):
                part, mask = packed[step % len(packed)]
                file[key].id.write_direct_chunk((step, *(0,) * (values.ndim - 1)), part, mask)


class Store:
    """Sources on disk, made when first asked for, and outputs that a later benchmark looks at."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.kept: dict[str, Path] = {}

    def file(self, attr: str, steps: int, units: int = UNITS) -> Path:
        """Return an HDF5 file with one dataset: voltage, spiked or weights."""
        path = self.folder / f"{attr}-{steps}-{units}.h5"
        if not path.exists():
            make = {"voltage": voltage, "spiked": spikes, "weights": weights}[attr]
            write_component(path, "GC", {attr: make(steps, units)})
        return path

    def events(self, count: int) -> Path:
        """Return a SONATA file of so many spikes of 1,000 cells, in order, in chunks of a megabyte."""
        path = self.folder / f"events-{count}.h5"
        if not path.exists():
            rng = np.random.default_rng(count)
            with h5py.File(path, "w") as file:
                group = file.create_group("spikes/exc")
                chunks = (min(count, 1 << 17),)
                group.create_dataset("timestamps", data=np.sort(rng.random(count)) * 1e5, chunks=chunks)
                group.create_dataset("node_ids", data=rng.integers(0, 1000, count, dtype="u8"), chunks=chunks)
        return path

    def many(self, datasets: int) -> Path:
        """Return a file of so many small datasets in one group."""
        path = self.folder / f"many-{datasets}.h5"
        if not path.exists():
            write_component(path, "GC", {f"v{number:05}": np.zeros((4, 3), np.float32) for number in range(datasets)})
        return path

    def run(self, steps: int) -> Path:
        """Return a run of 64 units and 64 × 64 weights, with all plots."""
        folder = self.folder / f"run-{steps}"
        if not folder.exists():
            write_component(folder / "GC.h5", "GC", {"voltage": voltage(steps), "spiked": spikes(steps, UNITS)})
            write_component(folder / "GC--GC.h5", "GC--GC", {"weights": weights(steps)})
            plots = [
                {"spiked": {"kind": "raster"}},
                {"voltage": {"kind": "trace", "format": "scalar"}},
                {"voltage": {"kind": "trace", "format": "image"}},
                {"weights": {"kind": "heatmap", "step": 100}},
            ]
            (folder / "run.yaml").write_text(yaml.safe_dump({"simulation": {"tensorboard": plots}}))
        return folder

    def long(self, steps: int) -> Path:
        """Return a run of large weights, voltage and spikes, of as many steps as asked for; 100,000 are 16 GB."""
        folder = self.folder / f"long-{steps}"
        if not folder.exists():
            folder.mkdir()
            side, units = SIZE.side, SIZE.wide
            synapses = weights(_CYCLE, side) * (np.random.default_rng(0).random((side, side)) < 0.2)
            _write_cycle(folder / "GC--GC.h5", "GC--GC", steps, weights=synapses)
            _write_cycle(folder / "GC.h5", "GC", steps, voltage=voltage(_CYCLE, units), spiked=spikes(_CYCLE, units))
        return folder

    def epl(self) -> Path:
        """Return the real run, or where it is not there, one of about its size."""
        return EPL if EPL.exists() and NAME != "tiny" else self.run(SIZE.run)

    def sweep(self, runs: int) -> list[Path]:
        """Return so many runs of the size of the real one."""
        folders = [self.folder / f"sweep-{number}" for number in range(runs)]
        for folder in folders:
            if not folder.exists():
                shutil.copytree(self.epl(), folder)
        return folders

    def array(self, values: np.ndarray) -> Path:
        """Return a file that holds an array."""
        path = self.folder / "array.npy"
        np.save(path, values)
        return path

    def keep(self, name: str, out: Path) -> Path:
        """Keep an output."""
        self.kept[name] = self.folder / f"kept-{name}"
        shutil.copytree(out, self.kept[name], dirs_exist_ok=True)
        return self.kept[name]


def written(out: Path) -> Counter[str]:
    """Return how many points and distributions, and how many pictures of each size, are below a directory."""
    found: Counter[str] = Counter(pictures=len(list(out.rglob("*.png"))))
    for folder in {path.parent for path in out.rglob("*tfevents*")}:
        events = accumulated(folder)
        found["points"] += sum(len(events.Scalars(tag)) for tag in events.Tags()["scalars"])
        for tag in events.Tags()["tensors"]:
            shown = events.SummaryMetadata(tag).plugin_data.plugin_name
            found["distributions"] += len(events.Tensors(tag)) if shown == "histograms" else 0
        for tag in events.Tags()["images"]:
            found.update(f"{image.width}x{image.height}" for image in events.Images(tag))
    return +found


def event_bytes(out: Path) -> tuple[int, int]:
    """Return the bytes of all event files below a directory, and of those that hold its pictures."""
    sizes = {path: path.stat().st_size for path in out.rglob("*tfevents*")}
    pictures = [size for path, size in sizes.items() if path.name.endswith(".images") or path.parent == out]
    return sum(sizes.values()), sum(pictures)
