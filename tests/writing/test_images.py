from __future__ import annotations

import pytest

from pipeline.model.record import Hparams, Image
from pipeline.writing import encode, file_kind
from tests.writing.reference import image_event, unframed


@pytest.mark.parametrize("step", [0, 127, 128, 10**9])
@pytest.mark.parametrize("tag", ["GC--MC/weights", "µ" * 100])
@pytest.mark.parametrize("description", ["", "voltage *of* µ"])
def test_a_picture_is_the_event_that_protobuf_makes(step: int, tag: str, description: str) -> None:
    image = Image(tag, step, step * 1e-3, bytes(range(256)) * 3, 1500, 1000, description)
    (found,) = unframed(encode(image))
    assert found == image_event(image)
    assert file_kind(image) == "images"


def test_hyperparameters_are_not_written_one_by_one() -> None:
    with pytest.raises(TypeError, match="one session"):
        encode(Hparams({"a": 1.0}))
