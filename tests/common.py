"""What tests share: small runs on disk, and what TensorBoard's own reader finds in a log directory."""

from __future__ import annotations

import io
import pickle
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from pipeline.model.block import DenseBlock
from pipeline.model.clock import Clock
from pipeline.model.signal import Signal
from pipeline.opening.hdf5.lazy_array import StoredArray
from pipeline.testing import signal_of

EPL = Path(__file__).resolve().parents[2] / "shared" / "data" / "epl"


def write_component(path: Path, name: str, data: dict[str, np.ndarray], **settings: Any) -> Path:
    """Write a file in the original's layout: one chunk a step, LZF, settings as ``repr`` strings."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with h5py.File(path, "w") as file:
        file.attrs.update({"identifier": name, "class": "Ensemble", "version": "0.4.1"})
        file.create_group("configuration").attrs.update({key: repr(value) for key, value in settings.items()})
        for key, values in data.items():
            shape = values.shape[1:]
            file.create_dataset(key, data=values, chunks=(1, *shape), maxshape=(None, *shape), compression="lzf")
    return path


def write_hdf5(path: Path, **data: Any) -> Path:
    """Write a file of datasets that says nothing else; ``__`` in a name stands for a group."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with h5py.File(path, "w") as file:
        for name, values in data.items():
            file[name.replace("__", "/")] = values
    return path


def forbid_reads(monkeypatch: pytest.MonkeyPatch, most: int = 0) -> None:
    """Fail from now on where the values of a dataset of more than so many bytes are read, by any way."""

    def fail(*_: Any, **__: Any) -> Any:
        pytest.fail("a dataset was read")

    item = h5py.Dataset.__getitem__

    def few(dataset: h5py.Dataset, *key: Any) -> Any:
        return item(dataset, *key) if dataset.nbytes <= most else fail()

    for way in ("__getitem__", "__iter__", "__array__", "astype", "asstr", "fields", "read_direct", "iter_chunks"):
        monkeypatch.setattr(h5py.Dataset, way, fail)
    monkeypatch.setattr(h5py.Dataset, "__getitem__", few)
    monkeypatch.setattr(StoredArray, "read", fail)
    monkeypatch.setattr("pipeline.opening.hdf5.lazy_array.read_chunks", fail)


def accumulated(run_dir: Path) -> EventAccumulator:
    """Read a run's event files with TensorBoard's reader, without sampling."""
    found = EventAccumulator(str(run_dir), size_guidance={"scalars": 0, "images": 0, "tensors": 0})
    found.Reload()
    return found


def pixels(png: bytes) -> np.ndarray:
    """Decode a PNG with an independent decoder, shape (height, width, 3)."""
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))


def tree_bytes(folder: Path) -> dict[str, bytes]:
    """Return all files below a folder, by relative path."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def block_of(values: np.ndarray, start: int = 0, stop: int | None = None) -> DenseBlock:
    """Return steps ``start`` to ``stop`` of an array as a block that was read."""
    part = values[start:stop]
    steps = np.arange(start, start + len(part))
    return DenseBlock(part, steps, steps * 1e-3)


def uneven(values: np.ndarray, times: np.ndarray) -> tuple[Signal, DenseBlock]:
    """Return a signal whose steps are at uneven times, in ms, and all of it as a block that was read."""
    mean = float(times[-1] - times[0]) / (len(times) - 1)
    clock = Clock(len(times), float(times[0]), mean, "ms", even=False)
    steps = np.arange(len(times))
    block = DenseBlock(values, steps, times * 1e-3, clock.place(times * 1e-3))
    return replace(signal_of(values), time=clock), block


def through_pickle(value: Any) -> Any:
    """Return what another process would get."""
    return pickle.loads(pickle.dumps(value))
