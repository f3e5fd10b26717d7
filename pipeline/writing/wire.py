"""The few rules of protobuf and of TFRecord that event files are made of.

Sources: protobuf encoding guide (varints; a field is ``number << 3 | type``: 0 varint, 1 eight bytes, 2 length and
bytes, 5 four bytes); TensorFlow's TFRecord description (below); ``event.proto`` and ``summary.proto`` of TensorBoard.

====================  =====================================
TFRecord              bytes
====================  =====================================
length of data        8, little endian
masked CRC of length  4
data                  ``length``
masked CRC of data    4
====================  =====================================
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Any

import google_crc32c

from pipeline.writing.checksums import masked

__all__ = ["about", "blob", "event_head", "events", "file_version", "frame", "text", "varint"]


def varint(number: int) -> bytes:
    """Encode a non-negative integer, seven bits a byte, lowest first."""
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def blob(field: int, data: bytes) -> bytes:
    """Encode a field of bytes, text or a nested message."""
    return varint(field << 3 | 2) + varint(len(data)) + data


def text(field: int, value: str) -> bytes:
    """Encode a field of text."""
    return blob(field, value.encode())


#: What kind of data a plugin shows (``DataClass`` of summary.proto): a number, an array, a sequence of bytes.
_DATA_CLASSES = {"scalars": 1, "histograms": 2, "text": 2, "custom_scalars": 2, "images": 3}


def about(plugin: str, description: str = "") -> bytes:
    """Encode ``Value.metadata`` (field 9): 1 plugin_data (1 its name), 3 summary_description, 4 data_class.

    TensorBoard takes that of a tag's first record. Without a plugin and a class of data one of its two readers warns,
    and the other forgets the description.
    """
    parts = blob(1, text(1, plugin)) + (text(3, description) if description else b"")
    return blob(9, parts + b"\x20" + varint(_DATA_CLASSES[plugin]))


def event_head(wall_time: float, step: int) -> bytes:
    """Encode ``Event.wall_time`` (field 1) and ``Event.step`` (field 2)."""
    return b"\x09" + struct.pack("<d", wall_time) + b"\x10" + varint(step)


def _crc(data: bytes) -> bytes:
    return struct.pack("<I", masked(google_crc32c.value(data)))


def frame(event: bytes) -> bytes:
    """Return one serialised event as a TFRecord."""
    length = struct.pack("<Q", len(event))
    return b"".join((length, _crc(length), event, _crc(event)))


def file_version() -> bytes:
    """Return the record every event file begins with; version 2 keeps steps that restart in a later file."""
    return frame(event_head(0.0, 0) + text(3, "brain.Event:2"))


def events(data: bytes) -> Iterator[Any]:
    """Yield the events of a small event file, up to where it was cut off."""
    from tensorboard.compat.proto.event_pb2 import Event

    at = 0
    while at + 12 <= len(data):
        length = int.from_bytes(data[at : at + 8], "little")
        yield Event.FromString(data[at + 12 : at + 12 + length])
        at += 16 + length
