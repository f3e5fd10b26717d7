"""Series of points as events, without a Python object a point.

All series of a block share their steps, so one event a step carries a value of each. Every event of a block has the
same bytes but for its time, its step, its values and its checksum. They are laid out once and filled by numpy:

=============================  ========================  ===================
bytes                          what                      in every event
=============================  ========================  ===================
8 + 4                          length and its CRC        the same
1 + 8                          Event.wall_time           **time**
1 + varint                     Event.step                **step**
1 + varint                     Event.summary, length     the same
a series:
1 + varint                     Summary.value, length     the same
1 + varint + n                 Value.tag                 the same
1 + 4                          Value.simple_value        **value**
4                              CRC of the data           **crc**
=============================  ========================  ===================

A step's varint grows with the step; a block is laid out anew where it does, at most nine times. The first event of
series that are described is a longer one by itself.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.model.record import Scalars
from pipeline.writing.checksums import checksums, masked
from pipeline.writing.wire import about, blob, event_head, frame, text, varint

__all__ = ["encode_scalars"]

_VALUE = b"\x15"  # Value.simple_value: field 2, four bytes
_VARINT_GROWS = np.array([1 << 7 * n for n in range(1, 9)], dtype=np.int64)
_TABLE_BYTES = 1 << 18
_ROWS = ("steps", "wall_times", "values")  # of points
_HEAD = 12  # length and its CRC
_TIME = _HEAD + 1
_STEP = _TIME + 8 + 1


def encode_scalars(points: Scalars) -> bytearray:
    """Return one framed event a step.

    Parameters
    ----------
    points : Scalars
        Steps ascending and not negative; values of shape (t, u).

    Returns
    -------
    bytearray
        ``t`` TFRecords, in step order.
    """
    if not points.tags:
        return bytearray()
    values = np.ascontiguousarray(points.values, dtype="<f4")
    if points.description:
        rest = replace(points, description="", **{name: getattr(points, name)[1:] for name in _ROWS})
        return bytearray(_described(points, values[0])) + encode_scalars(rest)
    edges = [0, *np.searchsorted(points.steps, _VARINT_GROWS).tolist(), len(points.steps)]
    layouts = [
        (_Layout(points.tags, int(points.steps[start]), stop - start), start, stop)
        for start, stop in zip(edges, edges[1:], strict=False)
        if stop > start
    ]
    out = bytearray(sum(layout.size * (stop - start) for layout, start, stop in layouts))
    room = memoryview(out)
    for layout, start, stop in layouts:
        for at in range(start, stop, layout.rows):
            part = slice(at, min(at + layout.rows, stop))
            events = layout.fill(points.steps[part], points.wall_times[part], values[part])
            room[: len(events)] = events
            room = room[len(events) :]
    return out


def _described(points: Scalars, values: npt.NDArray[np.float32]) -> bytes:
    """Return the event of the first step, with the description."""
    more = about("scalars", points.description)
    series = [
        blob(1, text(1, tag) + _VALUE + value.tobytes() + more) for tag, value in zip(points.tags, values, strict=True)
    ]
    return frame(event_head(float(points.wall_times[0]), int(points.steps[0])) + blob(5, b"".join(series)))


class _Layout:
    """A template of events whose steps take equally many bytes: rows of bytes that are filled again and again.

    The table fits a processor's cache, which is what makes it fast.
    """

    def __init__(self, tags: tuple[str, ...], step: int, count: int) -> None:
        series = [blob(1, text(1, tag) + _VALUE + bytes(4)) for tag in tags]
        template = frame(event_head(0.0, step) + blob(5, b"".join(series)))
        self.size = len(template)
        self.rows = max(1, min(count, _TABLE_BYTES // self.size))
        self.table = np.empty((self.rows, self.size), np.uint8)
        self.table[:] = np.frombuffer(template, np.uint8)
        self.wall_times = self._column(_TIME, "<f8")
        self.crcs = self._column(self.size - 4, "<u4")
        self.step_bytes = len(varint(step))
        self.grids: list[tuple[int, int, npt.NDArray[np.float32]]] = []
        lengths = [len(part) for part in series]
        offset, first = self.size - 4 - sum(lengths), 0
        for past in _runs(lengths):  # series whose tags are equally long lie evenly spaced
            length = lengths[first]
            grid: npt.NDArray[np.float32] = np.ndarray(
                (self.rows, past - first), "<f4", self.table.data, offset + length - 4, (self.size, length)
            )
            self.grids.append((first, past, grid))
            offset, first = offset + length * (past - first), past
        ends = np.cumsum([0, *lengths])[1:] + (self.size - 4 - sum(lengths))
        changing = [*range(_TIME, _TIME + 8), *range(_STEP, _STEP + self.step_bytes)]
        changing += [place for end in ends.tolist() for place in range(end - 4, end)]
        self.checksums = checksums(template, slice(_HEAD, self.size - 4), changing, self.rows)

    def _column(self, offset: int, dtype: str) -> npt.NDArray[Any]:
        """Return the bytes at `offset` of every row as one number each."""
        return np.ndarray((self.rows,), dtype, self.table.data, offset, (self.size,))

    def fill(
        self,
        steps: npt.NDArray[np.int64],
        wall_times: npt.NDArray[np.float64],
        values: npt.NDArray[np.float32],
    ) -> memoryview:
        """Return the events of at most `rows` steps; valid until the next call."""
        count = len(steps)
        self.wall_times[:count] = wall_times
        for byte in range(self.step_bytes):
            more = 0x80 if byte + 1 < self.step_bytes else 0
            self.table[:count, _STEP + byte] = steps >> 7 * byte & 0x7F | more
        for first, past, grid in self.grids:
            grid[:count] = values[:, first:past]
        table = self.table[:count]
        self.crcs[:count] = masked(self.checksums(table))
        return table.reshape(-1).data


def _runs(lengths: list[int]) -> list[int]:
    """Return where each run of equal lengths ends."""
    return [i for i in range(1, len(lengths) + 1) if i == len(lengths) or lengths[i] != lengths[i - 1]]
