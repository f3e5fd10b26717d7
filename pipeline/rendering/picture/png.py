"""Indexed PNG, as fast as a good deflate allows.

Source: PNG specification (W3C, third edition): signature; chunks ``length type data crc``; IHDR with bit depth 8 and
colour type 3; PLTE; IDAT, a zlib stream of scanlines that each begin with their filter (2 is *Up*: the difference to
the line above, modulo 256).
"""

from __future__ import annotations

import struct
import zlib

import numpy as np
import numpy.typing as npt
from isal import isal_zlib

__all__ = ["UP", "encode_png", "up_filter"]

#: The filter type that stores each line as its difference to the one above.
UP = 2
_LEVEL = 1
_HEAD = 8


def encode_png(scanlines: npt.NDArray[np.uint8], palette: npt.NDArray[np.uint8]) -> bytes:
    """Return a PNG.

    Parameters
    ----------
    scanlines : ndarray of uint8, shape (height, 1 + width), C order
        Filter type, then palette indices under that filter.
    palette : ndarray of uint8, shape (n, 3)
        RGB, ``n`` at most 256.
    """
    height, width = scanlines.shape[0], scanlines.shape[1] - 1
    header = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    chunks = (
        (b"IHDR", header),
        (b"PLTE", palette.tobytes()),
        (b"IDAT", _deflated(scanlines)),
        (b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(data, zlib.crc32(name)))
        for name, data in chunks
    )


def _deflated(scanlines: npt.NDArray[np.uint8]) -> bytes:
    """Return the zlib stream of all bytes, the same in every process.

    Where ISA-L's state lies in memory can show in its output: on x86 its levels 1 and 2 begin a stream by entering
    position 2 under the hash of a register that was not set (2.32.1, ``write_first_byte`` in
    ``igzip_icf_body_h1_gr_bt.asm``), and one time in some thousands another match is found through that entry. A first
    flush of 4 to 16 bytes begins the stream by other code, which is right, and costs 12 bytes.
    """
    stream, data = isal_zlib.compressobj(_LEVEL), scanlines.data.cast("B")
    head = stream.compress(data[:_HEAD]) + stream.flush(isal_zlib.Z_SYNC_FLUSH)
    return head + stream.compress(data[_HEAD:]) + stream.flush()


def up_filter(pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Return the scanlines of `pixels`, shape (height, width) → (height, 1 + width), all with the filter *Up*."""
    lines = np.empty((pixels.shape[0], pixels.shape[1] + 1), np.uint8)
    lines[:, 0] = UP
    lines[0, 1:] = pixels[0]
    np.subtract(pixels[1:], pixels[:-1], out=lines[1:, 1:])
    return lines
