"""Writing: knows TensorBoard's bytes, and nothing of HDF5 or figures.

``wire`` has protobuf's and TFRecord's few rules, ``scalars``, ``images``, ``histograms`` and ``hparams`` turn records
into framed events, ``eventfiles`` is the one writer. `encode` is what a worker calls: it needs no open file.
"""

from __future__ import annotations

from pipeline.model.record import Histogram, Hparams, Image, Record, Scalars
from pipeline.writing.histograms import encode_histogram
from pipeline.writing.images import encode_image
from pipeline.writing.scalars import encode_scalars

__all__ = ["encode", "file_kind"]


def encode(record: Record) -> bytes | bytearray:
    """Return the framed event bytes of a picture, a histogram or a block of points."""
    match record:
        case Image():
            return encode_image(record)
        case Scalars():
            return encode_scalars(record)
        case Histogram():
            return encode_histogram(record)
        case Hparams():
            raise TypeError("hyperparameters are gathered over the run and written once, as one session")


def file_kind(record: Record) -> str:
    """Return which of a run's event files a record goes to."""
    return {Image: "images", Scalars: "scalars", Histogram: "histograms", Hparams: "hparams"}[type(record)]
