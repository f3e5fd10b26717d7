"""Stored chunks, read from the file and decoded here, because HDF5 takes several times as long where there are many.

HDF5 takes about ten microseconds a chunk, most of it bookkeeping, and one chunk at a time in a process. A simulator
that logs step by step leaves a chunk a step. Here the list of chunks is asked for once, and each is then a part of the
file and one call of its decoder. What is unusual (other filters, chunks that cut the other axes, a user block) is
left to HDF5, which every result is tested against.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import compress
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt

from pipeline.opening.hdf5.chunk_index import indexed_chunks

__all__ = ["read_chunks"]

_FIELDS = ("address", "size", "mask")
_DEFLATE, _SHUFFLE, _LZF = 1, 2, 32000  # HDF5's numbers of filters
_READ = 4 << 20  # bytes of values that are decoded together
_APART = 1 << 16  # the same, of chunks that lie apart: little enough to stay in a processor's cache
_GAP = 1 << 20  # bytes between chunks that are read rather than skipped
_FEWEST = 8  # chunks in a read for which it pays
_MOST_LISTED = 1_000_000  # chunks that are listed for it (at most two microseconds each, once a process)

Stored = Sequence[bytes | memoryview]
#: From the stored bytes of some chunks to their values, shape (chunk, bytes).
Decoder = Callable[[Stored, npt.NDArray[np.uint8]], None]


@dataclass(frozen=True)
class _Index:
    """The places of a dataset's chunks, by number along its first axis; a size of 0 means that it was never written."""

    offsets: npt.NDArray[np.int64]
    sizes: npt.NDArray[np.int64]
    masks: npt.NDArray[np.uint32]


def read_chunks(dataset: h5py.Dataset, wanted: range) -> npt.NDArray[Any] | None:
    """Return ``dataset[wanted]`` along the first axis, or None where HDF5 had better read it.

    Parameters
    ----------
    dataset : h5py.Dataset
    wanted : range
        Ascending and not empty; either without gaps, or of a dataset with one index a chunk.
    """
    chunks, shape = dataset.chunks, dataset.shape
    if chunks is None or chunks[1:] != shape[1:] or not _stored_as_in_memory(dataset):
        return None
    filters = _filters(dataset)
    decode = _decoder(filters, dataset.dtype.itemsize)
    if decode is None:
        return None
    try:
        return _read(dataset, wanted, decode, (1 << len(filters)) - 1)
    except OSError:  # a damaged chunk, or one that is stored in a way not known here: HDF5 knows, or says what is wrong
        return None


def _stored_as_in_memory(dataset: h5py.Dataset) -> bool:
    """Whether a value's bytes in the file are those of numpy: its order, all its bits, none of them shifted."""
    if not dataset.dtype.isnative:
        return False
    return bool(dataset.id.get_type().equal(h5py.h5t.py_create(dataset.dtype, logical=True)))


def _read(dataset: h5py.Dataset, wanted: range, decode: Decoder, unfiltered: int) -> npt.NDArray[Any] | None:
    """Read and decode chunks; one whose filter mask is `unfiltered` is stored as it is, other masks are HDF5's."""
    chunks, shape = dataset.chunks, dataset.shape
    if wanted.step > 1:
        return _read_apart(dataset, wanted, decode, unfiltered) if chunks[0] == 1 else None
    first, past, total = wanted[0] // chunks[0], wanted[-1] // chunks[0] + 1, -(-shape[0] // chunks[0])
    if past - first < _FEWEST or total > max(_MOST_LISTED, 20 * (past - first)) or dataset.file.userblock_size:
        return None
    path = dataset.file.filename
    status = os.stat(path)
    index = _index(path, dataset.name, status.st_mtime_ns, status.st_size, total, dataset)
    if not np.isin(index.masks[first:past], (0, unfiltered)).all():
        return None
    out = np.empty(((past - first) * chunks[0], *shape[1:]), dataset.dtype)
    with open(path, "rb", buffering=0) as file:
        rows = out.reshape(past - first, -1)
        group = max(1, _READ // rows[0].nbytes)
        for at in range(0, past - first, group):
            part = slice(first + at, min(first + at + group, past))
            _fill(rows[at : at + group].view(np.uint8), index, part, file.fileno(), decode)
    rows[index.sizes[first:past] == 0] = dataset.fillvalue
    return out[wanted[0] - first * chunks[0] :][: len(wanted)]


def _read_apart(dataset: h5py.Dataset, wanted: range, decode: Decoder, unfiltered: int) -> npt.NDArray[Any] | None:
    """Read one-index chunks that lie apart, each by its number; None if one was never written."""
    rest = (0,) * (dataset.ndim - 1)
    out = np.empty((len(wanted), *dataset.shape[1:]), dataset.dtype)
    rows = out.reshape(len(wanted), -1).view(np.uint8)
    group = max(1, _APART // rows.shape[1])
    for at in range(0, len(wanted), group):
        try:
            found = [dataset.id.read_direct_chunk((number, *rest)) for number in wanted[at : at + group]]
        except (OSError, RuntimeError):
            return None
        masks, stored = zip(*found, strict=True)
        if not {0, unfiltered}.issuperset(masks):
            return None
        _decode(stored, np.array(masks) != 0, rows[at : at + group], decode)
    return out


def _fill(rows: npt.NDArray[np.uint8], index: _Index, part: slice, file: int, decode: Decoder) -> None:
    """Read chunks into rows, shape (chunk, bytes): those stored as they are directly, others by way of `decode`."""
    offsets, sizes, raw = index.offsets[part], index.sizes[part], index.masks[part] != 0
    for run in _runs(offsets, sizes, raw & (sizes == rows.shape[1])):
        size = os.preadv(file, [rows[run].data], int(offsets[run.start]))
        _expect(rows[run].size, size, f"at {offsets[run.start]}")
    packed = (sizes > 0) & ~raw
    if packed.any():
        stored = _stored(file, offsets[packed], sizes[packed])
        if packed.all():
            decode(stored, rows)
        else:
            values = np.empty((len(stored), rows.shape[1]), np.uint8)
            decode(stored, values)
            rows[packed] = values


def _runs(offsets: npt.NDArray[np.int64], sizes: npt.NDArray[np.int64], wanted: npt.NDArray[np.bool_]) -> list[slice]:
    """Return the stretches of wanted chunks that lie one behind the other in the file."""
    numbers = np.flatnonzero(wanted)
    if not numbers.size:
        return []
    follows = (np.diff(numbers) == 1) & (offsets[numbers[1:]] == (offsets + sizes)[numbers[:-1]])
    breaks = np.flatnonzero(~follows) + 1
    starts, stops = numbers[[0, *breaks]], numbers[[*(breaks - 1), -1]] + 1
    return [slice(start, stop) for start, stop in zip(starts.tolist(), stops.tolist(), strict=True)]


def _stored(file: int, offsets: npt.NDArray[np.int64], sizes: npt.NDArray[np.int64]) -> Stored:
    """Return the stored bytes of chunks; what lies close together in the file is read at once."""
    start, end = int(offsets.min()), int((offsets + sizes).max())
    if end - start > 2 * int(sizes.sum()) + _GAP:
        return [_pread(file, size, at) for at, size in zip(offsets.tolist(), sizes.tolist(), strict=True)]
    data, at = memoryview(_pread(file, end - start, start)), offsets - start
    return [data[first:past] for first, past in zip(at.tolist(), (at + sizes).tolist(), strict=True)]


def _pread(file: int, size: int, offset: int) -> bytes:
    data = os.pread(file, size, offset)
    _expect(size, len(data), f"at {offset}")
    return data


def _expect(size: int, found: int, where: str) -> None:
    if found != size:
        raise OSError(f"{where}: {found} of {size} bytes can be read")


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
    index = _Index(np.zeros(total, np.int64), np.zeros(total, np.int64), np.zeros(total, np.uint32))
    found = indexed_chunks(dataset)
    if found is not None:
        starts, offsets, sizes, masks = found["start"][:, 0].astype(np.int64), *map(found.__getitem__, _FIELDS)
    else:
        starts, offsets, sizes, masks = _asked_chunks(dataset)
    numbers = starts // dataset.chunks[0]
    index.offsets[numbers], index.sizes[numbers], index.masks[numbers] = offsets, sizes, masks
    return index


def _asked_chunks(dataset: h5py.Dataset) -> tuple[npt.NDArray[np.int64], ...]:
    """Return first index, offset, size and filter mask of each chunk, as HDF5 tells them."""
    told: list[tuple[int, int, int, int]] = []

    def note(chunk: Any) -> None:
        told.append((chunk.chunk_offset[0], chunk.byte_offset, chunk.size, chunk.filter_mask))

    dataset.id.chunk_iter(note)
    return tuple(np.array(told, np.int64).reshape(-1, 4).T)


def _filters(dataset: h5py.Dataset) -> tuple[int, ...]:
    plist = dataset.id.get_create_plist()
    return tuple(plist.get_filter(number)[0] for number in range(plist.get_nfilters()))


def _decoder(filters: tuple[int, ...], itemsize: int) -> Decoder | None:
    """Return what undoes filters, or None if there are others than are known here."""
    return {
        (): _copy,
        (_LZF,): _lzf,
        (_DEFLATE,): _inflate,
    }.get(filters) or (_unshuffled(itemsize) if filters == (_SHUFFLE, _DEFLATE) else None)


def _decode(stored: Stored, raw: npt.NDArray[np.bool_], rows: npt.NDArray[np.uint8], decode: Decoder) -> None:
    """Fill rows from stored bytes; chunks that are `raw` were stored without their filter."""
    for which, undo in ((~raw, decode), (raw, _copy)):
        if which.all():
            undo(stored, rows)
        elif which.any():
            values = np.empty((int(which.sum()), rows.shape[1]), np.uint8)
            undo(list(compress(stored, which)), values)
            rows[which] = values


def _copy(stored: Stored, rows: npt.NDArray[np.uint8]) -> None:
    parts = [np.frombuffer(part, np.uint8) for part in stored]
    _expect(rows.size, sum(map(len, parts)), "damaged chunks")
    np.concatenate(parts, out=rows.reshape(-1))


def _lzf(stored: Stored, rows: npt.NDArray[np.uint8]) -> None:
    """Decode chunks in one call.

    An LZF stream is tokens that look back, and none looks back past its chunk's beginning. So the streams of several
    chunks, one behind the other, are the stream of all their values.
    """
    import lzf

    try:
        values = lzf.decompress(b"".join(stored), rows.size)
    except ValueError as cause:
        raise OSError(f"a damaged chunk: {cause}") from cause
    if values is None or len(values) != rows.size:
        raise OSError("a damaged chunk, not of as many values as it should hold")
    rows.reshape(-1)[:] = np.frombuffer(values, np.uint8)


def _inflate(stored: Stored, rows: npt.NDArray[np.uint8]) -> None:
    from isal import isal_zlib

    for part, row in zip(stored, rows, strict=True):
        try:
            values = np.frombuffer(isal_zlib.decompress(part, bufsize=row.size), np.uint8)
        except isal_zlib.error as cause:  # type: ignore[misc]
            raise OSError(f"a damaged chunk: {cause}") from cause
        if values.size != row.size:
            raise OSError("a damaged chunk, not of as many values as it should hold")
        row[:] = values


def _unshuffled(itemsize: int) -> Decoder:
    def decode(stored: Stored, rows: npt.NDArray[np.uint8]) -> None:
        _inflate(stored, rows)
        rows[:] = rows.reshape(len(rows), itemsize, -1).swapaxes(1, 2).reshape(rows.shape)

    return decode
