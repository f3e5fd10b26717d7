"""Text of a run as TensorBoard's TEXT page reads it: one string under a tag."""

from __future__ import annotations

from pipeline.writing.wire import about, blob, event_head, frame, text

__all__ = ["NOTES_TAG", "text_event"]

#: The tag of what is told of a run.
NOTES_TAG = "notes"

_STRING = 7


def text_event(tag: str, markdown: str) -> bytes:
    """Return the framed event of a text.

    Notes
    -----
    ``TensorProto`` (tensor.proto): 1 dtype (7 is string), 2 tensor_shape, empty for a single one, 8 string_val.
    """
    tensor = b"\x08" + bytes([_STRING]) + blob(2, b"") + text(8, markdown)
    value = text(1, tag) + blob(8, tensor) + about("text")
    return frame(event_head(0.0, 0) + blob(5, blob(1, value)))
