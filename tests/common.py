"""What tests share: small runs on disk, and what TensorBoard's own reader finds in a log directory."""

from __future__ import annotations

import io
import pickle
from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from pipeline.model.block import DenseBlock
from pipeline.model.clock import Clock
from pipeline.model.record import Hparams, Record
from pipeline.model.record import Image as Picture
from pipeline.model.signal import Signal
from pipeline.opening.hdf5.lazy_array import StoredArray
from pipeline.rendering.drawing import Drawing
from pipeline.rendering.plot import Plot

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


def forbid_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail from now on where the values of a dataset are read, by any of h5py's ways or ours."""

    def fail(*_: Any, **__: Any) -> Any:
        pytest.fail("a dataset was read")

    for way in ("__getitem__", "__iter__", "__array__", "astype", "asstr", "fields", "read_direct", "iter_chunks"):
        monkeypatch.setattr(h5py.Dataset, way, fail)
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


def signal_of(
    values: np.ndarray, *, unit: str = "mV", dt: float = 1.0, time: bool = True, name: str = "voltage"
) -> Signal:
    """Describe an array, time first, as a plot sees it."""
    dims = ("time", "unit") if values.ndim == 2 else ("time", "target", "source")[: values.ndim]
    axis = Clock(len(values), 0.0, dt, "ms") if time and values.ndim else None
    if not time:
        dims = tuple(f"axis_{n}" for n in range(values.ndim))
    return Signal("GC", name, dims, values.shape, str(values.dtype), unit, axis)


def block_of(values: np.ndarray, start: int = 0, stop: int | None = None) -> DenseBlock:
    """Return steps ``start`` to ``stop`` of an array as a block that was read."""
    part = values[start:stop]
    steps = np.arange(start, start + len(part))
    return DenseBlock(part, steps, steps * 1e-3)


def drawn_in_parts(
    plot: Plot, signal: Signal, block: DenseBlock, cuts: Sequence[int] = (), picks: Iterable[int] = ()
) -> list[Record]:
    """Draw a block that is cut before its rows `cuts`, as a run is: fold each part, merge, draw.

    Each of `picks` says which two neighbouring partials are merged next; without one, the first two.
    """
    parts = [
        DenseBlock(block.values[start:stop], block.steps[start:stop], block.wall_times[start:stop])
        for start, stop in pairwise([0, *cuts, len(block.steps)])
    ]
    drawing = Drawing(plot, signal)
    summary = summary_of(plot, signal, parts, picks)
    rows = drawing.needs.rows
    if rows is None:
        first, last = int(block.steps[0]), int(block.steps[-1])
        steps = range(first, last + 1, drawing.steps.step) if drawing.window else drawing.steps
        return list(drawing.records(steps, None, summary))
    needed = [part for part in (part.every(rows.step) for part in parts) if len(part.steps)]
    return [record for part in needed for record in drawing.records(rows_of(part, rows.step), part, summary)]


def rows_of(block: DenseBlock, stride: int = 1) -> range:
    """Return the steps of a block as a range."""
    return range(int(block.steps[0]), int(block.steps[-1]) + 1, stride)


def summary_of(plot: Plot, signal: Signal, parts: Sequence[DenseBlock], picks: Iterable[int] = ()) -> Any:
    """Return the summary of blocks that follow each other; None where the plot has none."""
    fold, rows = plot.fold(signal), Drawing(plot, signal).needs.summary
    assert (fold is None) == (rows is None)
    if fold is None or rows is None:
        return None
    partials = [through_pickle(fold.of(part)) for part in (each.every(rows.step) for each in parts) if len(part.steps)]
    order = iter(picks)
    while len(partials) > 1:
        at = next(order, 0) % (len(partials) - 1)
        before = pickle.dumps(partials[at : at + 2])
        joined = fold.merge(*partials[at : at + 2])
        assert pickle.dumps(partials[at : at + 2]) == before, "merge changed what it was given"
        partials[at : at + 2] = [through_pickle(joined)]
    (summary,) = partials
    return summary


def through_pickle(value: Any) -> Any:
    """Return what another process would get."""
    return pickle.loads(pickle.dumps(value))


def points_by_tag(records: Iterable[Record]) -> dict[str, list[tuple[int, float, bytes]]]:
    """Return (step, wall time, payload) of all points and pictures of each tag, in the order of the records."""
    found: dict[str, list[tuple[int, float, bytes]]] = {}
    for record in records:
        if isinstance(record, Hparams):
            continue
        if isinstance(record, Picture):
            found.setdefault(record.tag, []).append((record.step, record.wall_time, record.png))
            continue
        assert record.values.dtype == np.float32
        assert record.values.shape == (len(record.steps), len(record.tags))
        for tag, series in zip(record.tags, record.values.T, strict=True):
            points = zip(record.steps.tolist(), record.wall_times.tolist(), series, strict=True)
            found.setdefault(tag, []).extend((step, time, value.tobytes()) for step, time, value in points)
    return found


def columns_of(records: Iterable[Record]) -> dict[str, bool | float | str]:
    """Return the hyperparameters among records."""
    return {name: value for r in records if isinstance(r, Hparams) for name, value in r.values.items()}
