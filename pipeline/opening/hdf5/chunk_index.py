"""The index of a dataset's chunks, read from the file, because h5py's ``chunk_iter`` takes some five times as long.

That is two microseconds a chunk: scalar traces take half as long again without this module, and twice as long where
they are of one unit (the benchmarks' bars would hold, their aims would not).

Source: HDF5 File Format Specification 3.0: II.A superblock, IV.A.1.a version 1 object headers, IV.A.2.i data layout
message version 3, III.A.1 version 1 B-trees. That is what HDF5 writes unless it is told to use its newer formats; those
are left to HDF5, and so is whatever looks unlike the specification.

==========================  ============================================================================
version 1 B-tree node       bytes
==========================  ============================================================================
``TREE``                    4
type (1: chunks)            1
level (0: leaf)             1
entries used                2
left and right neighbour    8 + 8
an entry:                   4 bytes stored, 4 filter mask, 8 a dimension and 8 more for its first index,
                            8 address of the chunk, or of the node below
==========================  ============================================================================
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt

__all__ = ["indexed_chunks"]

_SUPERBLOCK = b"\x89HDF\r\n\x1a\n\x00"  # and its version, 0
_LAYOUT, _CONTINUED = 0x0008, 0x0010  # types of messages in an object header
_CHUNKED = b"\x03\x02"  # layout version and class
_NODE = struct.Struct("<4sBBHQQ")
_NONE = 2**64 - 1  # address of what is not there
_ENTRIES = 64  # of a node, as HDF5 makes them


def indexed_chunks(dataset: h5py.Dataset) -> npt.NDArray[Any] | None:
    """Return the index of a dataset's chunks, or None where HDF5 must be asked for it.

    Parameters
    ----------
    dataset : h5py.Dataset
        Of a file that is open for reading alone, so that all of it is on disk.

    Returns
    -------
    structured ndarray, shape (n,)
        ``size`` and ``address`` in the file in bytes, ``mask`` of the filters left out, ``start``: first index by
        dimension. Ordered by ``start``.
    """
    if dataset.file.mode != "r" or not dataset.shape:
        return None
    with open(dataset.file.filename, "rb", buffering=0) as file:
        try:
            head = os.pread(file.fileno(), 16, 0)
            if not head.startswith(_SUPERBLOCK) or head[13:15] != b"\x08\x08":  # sizes of addresses and lengths
                return None
            root = _root(file.fileno(), h5py.h5o.get_info(dataset.id).addr, dataset.ndim)
            most = int(
                np.prod([-(-size // length) for size, length in zip(dataset.shape, dataset.chunks, strict=True)])
            )
            found = None if root is None else _entries(file.fileno(), root, dataset.ndim, most)
        except (struct.error, ValueError):
            return None
    return found if found is not None and _agrees(found, dataset) else None


def _root(file: int, header: int, ndim: int) -> int | None:
    """Return the address of the B-tree that a dataset's object header names."""
    version, _, count, _, size = struct.unpack("<BBHII", os.pread(file, 12, header))
    if version != 1:
        return None
    places, left = [(header + 16, size)], count
    for start, length in places:  # grows while it is gone through
        block, at = os.pread(file, length, start), 0
        while at + 8 <= len(block) and left:
            kind, size = struct.unpack_from("<HH", block, at)
            data = block[at + 8 : at + 8 + size]
            if kind == _LAYOUT:
                known = data.startswith(_CHUNKED) and data[2] == ndim + 1
                return int.from_bytes(data[3:11], "little") if known else None
            if kind == _CONTINUED:
                places.append(struct.unpack("<QQ", data[:16]))
            at, left = at + 8 + size, left - 1
    return None


def _entries(file: int, root: int, ndim: int, most: int) -> npt.NDArray[Any] | None:
    """Return the entries of all leaves; None if there are more than can be."""
    entry = np.dtype([("size", "<u4"), ("mask", "<u4"), ("start", "<u8", (ndim + 1,)), ("address", "<u8")])
    if root == _NONE:
        return np.empty(0, entry)
    address = root
    while (node := _node(file, address, entry))[0]:
        address = int(node[2]["address"][0])
    parts = []
    for leaf in _leaves(file, address, entry):
        parts.append(leaf)
        most -= len(leaf)
        if most < 0:
            return None
    return np.concatenate(parts)


def _leaves(file: int, address: int, entry: np.dtype[Any]) -> Iterator[npt.NDArray[Any]]:
    while address != _NONE:
        _, address, found = _node(file, address, entry)
        yield found


def _node(file: int, address: int, entry: np.dtype[Any]) -> tuple[int, int, npt.NDArray[Any]]:
    """Return level, right neighbour and entries of a node."""
    data = os.pread(file, _NODE.size + _ENTRIES * entry.itemsize, address)
    signature, kind, level, count, _, right = _NODE.unpack_from(data)
    if signature != b"TREE" or kind != 1 or not count:
        raise ValueError("not a node of chunks")
    if count > _ENTRIES:
        data = os.pread(file, _NODE.size + count * entry.itemsize, address)
    return level, right, np.frombuffer(data, entry, count, _NODE.size)


def _agrees(found: npt.NDArray[Any], dataset: h5py.Dataset) -> bool:
    """Whether HDF5 says the same of the first, the middle and the last chunk."""
    for number in {0, len(found) // 2, len(found) - 1} if len(found) else ():
        start = tuple(found["start"][number, :-1].tolist())
        try:
            chunk = dataset.id.get_chunk_info_by_coord(start)
        except (OSError, RuntimeError, ValueError):
            return False
        mine = int(found["address"][number]), int(found["size"][number]), int(found["mask"][number])
        if mine != (chunk.byte_offset, chunk.size, chunk.filter_mask):
            return False
    return True
