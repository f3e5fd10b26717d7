"""Pictures as events: ``Event.summary.value`` with ``tag`` and ``image``."""

from __future__ import annotations

from pipeline.model.record import Image
from pipeline.writing.wire import about, blob, event_head, frame, text, varint

__all__ = ["encode_image"]

_RGB = 3


def encode_image(image: Image) -> bytes:
    """Return one framed event.

    Notes
    -----
    ``Summary.Image`` (summary.proto): 1 height, 2 width, 3 colorspace (3 is RGB), 4 encoded_image_string.
    """
    size = b"\x08" + varint(image.height) + b"\x10" + varint(image.width) + b"\x18" + varint(_RGB)
    value = (
        text(1, image.tag)
        + blob(4, size + blob(4, image.png))
        + (about("images", image.description) if image.description else b"")
    )
    return frame(event_head(image.wall_time, image.step) + blob(5, blob(1, value)))
