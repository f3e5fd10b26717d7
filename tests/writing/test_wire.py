from __future__ import annotations

import pytest
from tensorboard.compat.proto.event_pb2 import Event

from pipeline.writing import wire
from tests.writing.reference import unframed


@pytest.mark.parametrize("number", [0, 1, 127, 128, 300, 2**32, 2**63 - 1])
def test_a_varint_is_what_protobuf_reads(number: int) -> None:
    assert Event.FromString(b"\x10" + wire.varint(number)).step == number
    assert wire.varint(number) == (Event(step=number).SerializeToString()[1:] or b"\x00")


def test_every_event_file_begins_with_version_2() -> None:
    (event,) = unframed(wire.file_version())
    assert event.file_version == "brain.Event:2"


def test_a_frame_holds_its_length_and_checksums() -> None:
    events = [Event(step=3, file_version="x" * size) for size in (1, 200, 70_000)]
    data = b"".join(wire.frame(event.SerializeToString()) for event in events)
    assert list(unframed(data, check=False)) == events
    assert list(unframed(wire.frame(events[1].SerializeToString()))) == [events[1]]
