"""Read HDF5 files of one-step LZF chunks: all of it, and every hundredth step."""

from __future__ import annotations

import h5py
import numpy as np
import pytest

import pipeline
from benchmarks import ours, peers
from benchmarks.data import SIZE, UNITS

FILES = {
    "64 units": ("voltage", SIZE.series[-1], UNITS),
    "1,000 units": ("spiked", *SIZE.raster),
    "64 by 64": ("weights", SIZE.weights, UNITS),
}
WHOLE = [ours.whole, peers.h5py_index, peers.h5py_read_direct, peers.read_and_decode, peers.memcpy]
STRIDED = [ours.strided, peers.h5py_stride, peers.h5py_rows]


@pytest.mark.parametrize("what", FILES)
@pytest.mark.parametrize("work", [*WHOLE, *STRIDED], ids=lambda work: work.__name__)
def test_read(work, what, measure, store):
    path = store.file(*FILES[what])
    group = f"read {what}, {'whole' if work in WHOLE else 'step=100'}"
    variable = next(iter(pipeline.open_run(path)["GC"].data_vars.values())).variable
    if work in (ours.whole, ours.strided):
        source = variable
    elif work is peers.memcpy:
        source = variable.to_numpy()
    else:
        source = chunks(path) if work is peers.read_and_decode else path
    measure(group, work, source, warm=source, memory=False, rounds=SIZE.rounds)


@pytest.mark.parametrize("what", FILES)
def test_same(what, store, tmp_path):
    path = store.file(*FILES[what])
    variable = lazy(path)
    expected = peers.h5py_index(path, tmp_path)
    for work in (ours.whole, ours.strided):
        np.testing.assert_array_equal(work(variable, tmp_path), expected if work is ours.whole else expected[::100])
    np.testing.assert_array_equal(peers.h5py_read_direct(path, tmp_path), expected)
    np.testing.assert_array_equal(peers.h5py_rows(path, tmp_path), expected[::100])


def lazy(path):
    """Return the one variable of a file, unread."""
    return next(iter(pipeline.open_run(path)["GC"].data_vars.values())).variable


def chunks(path):
    """Return a file's path, where its chunks are and whether they are stored as they are, and the bytes of one."""
    places = []
    with h5py.File(path) as file:
        stored = next(item for item in file.values() if hasattr(item, "shape"))
        stored.id.chunk_iter(lambda chunk: places.append((chunk.byte_offset, chunk.size, chunk.filter_mask != 0)))
        return path, places, int(np.prod(stored.chunks)) * stored.dtype.itemsize
