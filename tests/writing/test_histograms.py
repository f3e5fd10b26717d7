from __future__ import annotations

import numpy as np
import pytest

from pipeline.model.record import Histogram
from pipeline.writing import encode, file_kind
from tests.writing.reference import histogram_event, unframed


@pytest.mark.parametrize("description", ["", "weights of GC"])
@pytest.mark.parametrize("count", [1, 30, 1000])
def test_a_histogram_is_the_event_that_protobuf_makes(count: int, description: str) -> None:
    bins = np.random.default_rng(0).normal(size=(3, count)).T  # not in the order of rows
    histogram = Histogram("GC/weights/histogram", 300, 0.3, bins, description)
    (found,) = unframed(encode(histogram))
    assert found == histogram_event(histogram)
    assert file_kind(histogram) == "histograms"
