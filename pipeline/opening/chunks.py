"""Stored chunks, read from the file and decoded here: several times as fast as through HDF5 where there are many.

HDF5 takes about ten microseconds a chunk, most of it bookkeeping, and one chunk at a time in a process. A simulator
that logs step by step leaves a chunk a step. Here the list of chunks is asked for once, and each is then a part of the
file and one call of its decoder. What is unusual (other filters, chunks that cut the other axes, a user block) is
left to HDF5, which every result is tested against.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt

__all__ = ["read_chunks"]

_DEFLATE, _SHUFFLE, _LZF = 1, 2, 32000  # HDF5's numbers of filters
_READ = 4 << 20  # bytes of values that are read from the file together
_GAP = 1 << 20  # bytes between chunks that are read rather than skipped
_FEWEST = 64  # chunks in a read for which it pays
_MOST_LISTED = 200_000  # chunks that are listed for it (three microseconds each, once a process)

Decoder = Callable[[memoryview, npt.NDArray[np.uint8]], None]


@dataclass(frozen=True)
class _Index:
    """Where the chunks of a dataset are, by number along its first axis; a size of 0 is one that was never written."""

    offsets: npt.NDArray[np.int64]
    sizes: npt.NDArray[np.int64]
    raw: npt.NDArray[np.bool_]


def read_chunks(dataset: h5py.Dataset, wanted: range) -> npt.NDArray[Any] | None:
    """Return ``dataset[wanted]`` along the first axis, or None where HDF5 had better read it.

    Parameters
    ----------
    dataset : h5py.Dataset
    wanted : range
        Ascending and not empty; either without gaps, or of a dataset with one index a chunk.
    """
    chunks, shape = dataset.chunks, dataset.shape
    if chunks is None or chunks[1:] != shape[1:] or not dataset.dtype.isnative or dataset.file.userblock_size:
        return None
    decode = _decoder(dataset)
    if decode is None:
        return None
    if wanted.step > 1:
        return _read_apart(dataset, wanted, decode) if chunks[0] == 1 else None
    first, past, total = wanted[0] // chunks[0], wanted[-1] // chunks[0] + 1, -(-shape[0] // chunks[0])
    if past - first < _FEWEST or total > max(_MOST_LISTED, 20 * (past - first)):
        return None
    path = dataset.file.filename
    status = os.stat(path)
    index = _index(path, dataset.name, status.st_mtime_ns, status.st_size, total, dataset)
    out = np.empty(((past - first) * chunks[0], *shape[1:]), dataset.dtype)
    with open(path, "rb", buffering=0) as file:
        rows = out.reshape(past - first, -1)
        group = max(1, _READ // rows[0].nbytes)
        for at in range(0, past - first, group):
            part = slice(first + at, min(first + at + group, past))
            _fill(rows[at : at + group].view(np.uint8), index, part, file.fileno(), decode)
    rows[index.sizes[first:past] == 0] = dataset.fillvalue
    return out[wanted[0] - first * chunks[0] :][: len(wanted)]


def _read_apart(dataset: h5py.Dataset, wanted: range, decode: Decoder) -> npt.NDArray[Any] | None:
    """Read one-index chunks that lie apart, each by its number; None if one was never written."""
    out = np.empty((len(wanted), *dataset.shape[1:]), dataset.dtype)
    rows = out.reshape(len(wanted), -1).view(np.uint8)
    rest = (0,) * (dataset.ndim - 1)
    try:
        for row, number in zip(rows, wanted, strict=True):
            mask, stored = dataset.id.read_direct_chunk((number, *rest))
            (_copy if mask else decode)(memoryview(stored), row)
    except (OSError, RuntimeError):
        return None
    return out


def _fill(rows: npt.NDArray[np.uint8], index: _Index, part: slice, file: int, decode: Decoder) -> None:
    """Decode chunks into rows, shape (chunk, bytes); what lies close together in the file is read at once."""
    offsets, sizes, raw = index.offsets[part], index.sizes[part], index.raw[part]
    there = sizes > 0
    if not there.any():
        return
    start, end = int(offsets[there].min()), int((offsets + sizes)[there].max())
    close = end - start <= 2 * int(sizes.sum()) + _GAP
    data = memoryview(_pread(file, end - start, start)) if close else None
    for row, offset, size, plain in zip(rows, offsets.tolist(), sizes.tolist(), raw.tolist(), strict=True):
        if size:
            stored = memoryview(_pread(file, size, offset)) if data is None else data[offset - start :][:size]
            (_copy if plain else decode)(stored, row)


def _pread(file: int, size: int, offset: int) -> bytes:
    data = os.pread(file, size, offset)
    if len(data) != size:
        raise OSError(f"{len(data)} of {size} bytes at {offset} can be read")
    return data


@lru_cache(maxsize=16)
def _listed(path: str, name: str, changed: int, size: int, total: int) -> list[_Index]:
    """Return the place where the index of a dataset is kept, as long as its file does not change."""
    return []


def _index(path: str, name: str, changed: int, size: int, total: int, dataset: h5py.Dataset) -> _Index:
    kept = _listed(path, name, changed, size, total)
    if not kept:
        kept.append(_list_chunks(dataset, total))
    return kept[0]


def _list_chunks(dataset: h5py.Dataset, total: int) -> _Index:
    index = _Index(np.zeros(total, np.int64), np.zeros(total, np.int64), np.zeros(total, bool))
    offsets, sizes, raw, length = index.offsets, index.sizes, index.raw, dataset.chunks[0]

    def note(chunk: Any) -> None:
        number = chunk.chunk_offset[0] // length
        offsets[number], sizes[number], raw[number] = chunk.byte_offset, chunk.size, chunk.filter_mask != 0

    dataset.id.chunk_iter(note)
    return index


def _decoder(dataset: h5py.Dataset) -> Decoder | None:
    """Return what undoes a dataset's filters, or None if it has others than are known here.

    A chunk whose filter mask is set was stored as it is; with several filters that could be a part of them.
    """
    plist = dataset.id.get_create_plist()
    filters = tuple(plist.get_filter(number)[0] for number in range(plist.get_nfilters()))
    itemsize = dataset.dtype.itemsize
    return {
        (): _copy,
        (_LZF,): _lzf,
        (_DEFLATE,): _inflate,
    }.get(filters) or (_unshuffled(itemsize) if filters == (_SHUFFLE, _DEFLATE) else None)


def _copy(stored: memoryview, row: npt.NDArray[np.uint8]) -> None:
    row[:] = np.frombuffer(stored, np.uint8)


def _lzf(stored: memoryview, row: npt.NDArray[np.uint8]) -> None:
    from imagecodecs import lzf_decode

    if len(lzf_decode(stored, out=row)) != row.size:  # type: ignore[arg-type]
        raise OSError("a damaged chunk, of fewer values than it should hold")


def _inflated(stored: memoryview, size: int) -> npt.NDArray[np.uint8]:
    from isal import isal_zlib

    try:
        values = np.frombuffer(isal_zlib.decompress(stored, bufsize=size), np.uint8)
    except isal_zlib.error as cause:  # type: ignore[misc]
        raise OSError(f"a damaged chunk: {cause}") from cause
    if values.size != size:
        raise OSError("a damaged chunk, not of as many values as it should hold")
    return values


def _inflate(stored: memoryview, row: npt.NDArray[np.uint8]) -> None:
    row[:] = _inflated(stored, row.size)


def _unshuffled(itemsize: int) -> Decoder:
    def decode(stored: memoryview, row: npt.NDArray[np.uint8]) -> None:
        row[:] = _inflated(stored, row.size).reshape(itemsize, -1).T.reshape(-1)

    return decode
