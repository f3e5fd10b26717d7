from __future__ import annotations

import numpy as np
import pytest

from pipeline.writing import checksums
from tests.writing.reference import crc32c, masked


@pytest.mark.parametrize("rows", [3, 1000], ids=["by call", "by look-up"])
def test_rows_that_differ_in_few_bytes(rows: int) -> None:
    rng = np.random.default_rng(0)
    template = rng.integers(0, 256, 40, dtype=np.uint8)
    changing = [3, 9, 10, 38]
    table = np.tile(template, (rows, 1))
    table[:, changing] = rng.integers(0, 256, (rows, 4), dtype=np.uint8)
    sums = checksums.checksums(template.tobytes(), slice(2, 39), changing, rows)
    assert isinstance(sums, checksums._ByLookUp) == (rows == 1000)
    assert sums(table).tolist() == [crc32c(row[2:39].tobytes()) for row in table]


def test_rows_that_differ_in_many_bytes_are_called() -> None:
    assert not isinstance(checksums.checksums(bytes(99), slice(0, 99), range(50), 5000), checksums._ByLookUp)


@pytest.mark.parametrize("crc", [0, 1, 0x7FFF, 0x8000, 0xDEADBEEF, 0xFFFFFFFF])
def test_masking(crc: int) -> None:
    assert checksums.masked(crc) == masked(crc)
    assert checksums.masked(np.array([crc], np.uint32))[0] == masked(crc)


def test_the_reference_gives_the_published_check_value() -> None:
    assert crc32c(b"123456789") == 0xE3069283
