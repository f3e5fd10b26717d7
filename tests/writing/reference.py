"""Slow and plain: events through TensorBoard's own protos, and CRC-32C a bit at a time."""

from __future__ import annotations

import struct
from collections.abc import Iterator

import numpy as np
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import DataClass, SummaryMetadata
from tensorboard.util.tensor_util import make_tensor_proto

from pipeline.model.record import Histogram, Image, Scalars


def crc32c(data: bytes) -> int:
    """CRC-32C (Castagnoli), reflected polynomial 0x82f63b78, bit by bit."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def masked(crc: int) -> int:
    return ((crc >> 15 | crc << 17 & 0xFFFFFFFF) + 0xA282EAD8) & 0xFFFFFFFF


def unframed(data: bytes, *, check: bool = True) -> Iterator[Event]:
    """Yield the events of TFRecords, with both checksums of each verified."""
    data, at = bytes(data), 0
    while at < len(data):
        head, (length,) = data[at : at + 8], struct.unpack_from("<Q", data, at)
        body = data[at + 12 : at + 12 + length]
        assert len(body) == length
        if check:
            assert struct.unpack_from("<I", data, at + 8)[0] == masked(crc32c(head))
            assert struct.unpack_from("<I", data, at + 12 + length)[0] == masked(crc32c(body))
        yield Event.FromString(body)
        at += 16 + length
    assert at == len(data)


def scalar_events(points: Scalars) -> list[Event]:
    found: list[Event] = []
    for step, wall_time, row in zip(points.steps, points.wall_times, points.values, strict=True):
        event = Event(step=int(step), wall_time=float(wall_time))
        for tag, value in zip(points.tags, row, strict=True):
            one = event.summary.value.add(tag=tag, simple_value=float(value))
            if points.description and not found:
                one.metadata.CopyFrom(told("scalars", points.description, DataClass.DATA_CLASS_SCALAR))
        found.append(event)
    return found


def image_event(image: Image) -> Event:
    event = Event(step=image.step, wall_time=image.wall_time)
    value = event.summary.value.add(tag=image.tag)
    value.image.height, value.image.width, value.image.colorspace = image.height, image.width, 3
    value.image.encoded_image_string = image.png
    if image.description:
        value.metadata.CopyFrom(told("images", image.description, DataClass.DATA_CLASS_BLOB_SEQUENCE))
    return event


def histogram_event(histogram: Histogram) -> Event:
    event = Event(step=histogram.step, wall_time=histogram.wall_time)
    value = event.summary.value.add(tag=histogram.tag)
    value.tensor.CopyFrom(make_tensor_proto(histogram.bins, dtype=np.float64))
    value.metadata.CopyFrom(told("histograms", histogram.description, DataClass.DATA_CLASS_TENSOR))
    return event


def told(plugin: str, description: str, data_class: int) -> SummaryMetadata:
    found = SummaryMetadata(summary_description=description, data_class=data_class)
    found.plugin_data.plugin_name = plugin
    return found
