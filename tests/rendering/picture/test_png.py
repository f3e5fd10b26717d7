"""What is encoded is what another decoder finds, and each chunk is as the specification says."""

from __future__ import annotations

import io
import struct
import threading
import zlib
from collections.abc import Iterator

import numpy as np
import pytest
from PIL import Image

from pipeline.rendering.picture.png import UP, encode_png, up_filter

SHAPES = [(1, 1), (1, 300), (300, 1), (2, 7), (37, 41), (200, 301)]


def picture(shape: tuple[int, int], colours: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return random palette indices and a random palette."""
    rng = np.random.default_rng(seed)
    return rng.integers(0, colours, shape, np.uint8), rng.integers(0, 256, (colours, 3)).astype(np.uint8)


def chunks(png: bytes) -> Iterator[tuple[bytes, bytes, int]]:
    """Yield type, data and checksum."""
    at = 8
    while at < len(png):
        size, name = struct.unpack_from(">I4s", png, at)
        data = png[at + 8 : at + 8 + size]
        assert len(data) == size
        yield name, data, struct.unpack_from(">I", png, at + 8 + size)[0]
        at += 12 + size


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("colours", [1, 2, 17, 256])
@pytest.mark.parametrize("shape", SHAPES)
def test_another_decoder_finds_every_pixel(shape: tuple[int, int], colours: int, seed: int) -> None:
    indices, palette = picture(shape, colours, seed)
    found = Image.open(io.BytesIO(encode_png(up_filter(indices), palette)))
    assert (found.format, found.mode, found.size) == ("PNG", "P", shape[::-1])
    np.testing.assert_array_equal(np.asarray(found), indices)
    np.testing.assert_array_equal(np.asarray(found.convert("RGB")), palette[indices])


@pytest.mark.parametrize("shape", SHAPES)
def test_chunks_are_those_of_the_specification_with_right_checksums(shape: tuple[int, int]) -> None:
    indices, palette = picture(shape, 100, 0)
    png = encode_png(up_filter(indices), palette)
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    found = list(chunks(png))
    assert [name for name, *_ in found] == [b"IHDR", b"PLTE", b"IDAT", b"IEND"]
    for name, data, checksum in found:
        assert checksum == zlib.crc32(name + data)
    header, colours, lines, end = (data for _, data, _ in found)
    assert struct.unpack(">IIBBBBB", header) == (shape[1], shape[0], 8, 3, 0, 0, 0)
    assert colours == palette.tobytes()
    assert zlib.decompress(lines) == up_filter(indices).tobytes()
    assert end == b""


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("shape", SHAPES)
def test_lines_under_the_filter_add_up_to_the_pixels(shape: tuple[int, int], seed: int) -> None:
    indices, _ = picture(shape, 256, seed)
    before = indices.copy()
    lines = up_filter(indices)
    assert lines.flags.c_contiguous
    assert lines.shape == (shape[0], shape[1] + 1)
    assert (lines[:, 0] == UP).all()
    np.testing.assert_array_equal(np.cumsum(lines[:, 1:], axis=0, dtype=np.uint8), indices)
    np.testing.assert_array_equal(indices, before)


def test_lines_of_any_filter_are_left_as_they_are() -> None:
    indices, palette = picture((20, 30), 50, 0)
    plain = np.pad(indices, ((0, 0), (1, 0)))  # filter 0: none
    np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(encode_png(plain, palette)))), indices)


def test_the_same_picture_is_the_same_bytes() -> None:
    indices, palette = picture((50, 60), 200, 1)
    assert encode_png(up_filter(indices), palette) == encode_png(up_filter(indices.copy()), palette.copy())
    assert len(encode_png(up_filter(np.zeros((1000, 1500), np.uint8)), palette)) < 15_000


def test_the_same_picture_is_the_same_bytes_wherever_in_memory_it_is_compressed() -> None:
    """Each time the stack and the heap are elsewhere. Noise between long flat parts is where deflate's choices show."""
    rng = np.random.default_rng(0)
    lines = np.zeros((200, 34060), np.uint8)
    lines[:, :1060] = rng.integers(0, 256, 1060, np.uint8)
    lines[:, 1000:1060] = rng.integers(0, 256, (200, 60), np.uint8)
    moved, found = [], set()

    def encode() -> None:
        moved.append(bytearray(1 << 16))
        found.add(encode_png(lines, np.zeros((256, 3), np.uint8)))

    try:
        for more in range(1000):
            threading.stack_size((16 + more) << 16)
            thread = threading.Thread(target=encode)
            thread.start()
            thread.join()
    finally:
        threading.stack_size(0)
    assert len(moved) == 1000
    assert len(found) == 1
