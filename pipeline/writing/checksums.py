"""CRC-32C of many rows of bytes that differ in known places."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from itertools import chain
from typing import overload

import numpy as np
import numpy.typing as npt
from google_crc32c import value as crc32c

__all__ = ["checksums", "masked"]

Rows = npt.NDArray[np.uint8]
Crcs = npt.NDArray[np.uint32]

#: Changing bytes a row, up to which looking them up beats a call a row; and rows that repay making the tables.
_FEW_BYTES = 24
_MANY_ROWS = 512


@overload
def masked(crc: int) -> int: ...
@overload
def masked(crc: Crcs) -> Crcs: ...
def masked(crc: int | Crcs) -> int | Crcs:
    """Return CRCs as TFRecord stores them: turned right by 15 bits, plus 0xa282ead8."""
    if isinstance(crc, int):
        return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF
    return (crc >> np.uint32(15) | crc << np.uint32(17)) + np.uint32(0xA282EAD8)


def checksums(template: bytes, part: slice, changing: Sequence[int], rows: int) -> Callable[[Rows], Crcs]:
    """Return the quicker of two functions from rows, shape (n, len(template)), to the CRC-32C of `part` of each.

    Parameters
    ----------
    template : bytes
        A row; all others differ from it only at the places in `changing`.
    part : slice
        What of a row is summed.
    changing : sequence of int
    rows : int
        About how many rows will come.
    """
    if len(changing) <= _FEW_BYTES and rows >= _MANY_ROWS:
        return _ByLookUp(template, part, changing)
    return lambda table: _by_call(table, part)


def _by_call(table: Rows, part: slice) -> Crcs:
    parts = struct.iter_unpack(f"{part.start}x{part.stop - part.start}s{table.shape[1] - part.stop}x", table.data)
    return np.fromiter(map(crc32c, chain.from_iterable(parts)), dtype=np.uint32, count=len(table))


class _ByLookUp:
    """Checksums of rows by look-up.

    A CRC is linear, so a row's is the template's, exclusive-or'd with a table entry for each byte that changes.


    The entry is the CRC of that byte alone at its place among zeros, against that of zeros.
    """

    def __init__(self, template: bytes, part: slice, changing: Sequence[int]) -> None:
        data = bytearray(template[part])
        for place in changing:
            data[place - part.start] = 0
        self.base = np.uint32(crc32c(bytes(data)))
        zeros = crc32c(bytes(len(data)))
        self.tables = []
        for place in changing:
            alone = bytearray(len(data))
            entries = np.empty(256, np.uint32)
            for byte in range(256):
                alone[place - part.start] = byte
                entries[byte] = crc32c(bytes(alone)) ^ zeros
            self.tables.append((place, entries))

    def __call__(self, table: Rows) -> Crcs:
        crcs = np.full(len(table), self.base, np.uint32)
        for place, entries in self.tables:
            crcs ^= entries[table[:, place]]
        return crcs
