"""Histograms as events: ``Event.summary.value`` with ``tag``, ``tensor`` and the plugin that shows it."""

from __future__ import annotations

import numpy as np

from pipeline.model.record import Histogram
from pipeline.writing.wire import about, blob, event_head, frame, text, varint

__all__ = ["encode_histogram"]

_DOUBLE = 2


def encode_histogram(histogram: Histogram) -> bytes:
    """Return one framed event.

    Notes
    -----
    ``TensorProto`` (tensor.proto): 1 dtype (2 is double), 2 tensor_shape (2 dim, of which 1 is the size), 4
    tensor_content, which are the numbers row by row. The plugin takes the shape (bin, 3).
    """
    bins = np.ascontiguousarray(histogram.bins, "<f8")
    shape = b"".join(blob(2, b"\x08" + varint(size)) for size in bins.shape)
    tensor = b"\x08" + varint(_DOUBLE) + blob(2, shape) + blob(4, bins.tobytes())
    value = text(1, histogram.tag) + blob(8, tensor) + about("histograms", histogram.description)
    return frame(event_head(histogram.wall_time, histogram.step) + blob(5, blob(1, value)))
