"""A colour frame is read back as it is stored, to the pixel."""

from __future__ import annotations

import io
from pathlib import Path

import h5py
import numpy as np
import pytest
from PIL import Image

from pipeline import SettingError, convert
from pipeline.rendering.frames import Frames
from pipeline.testing import signal_of
from tests.common import accumulated


@pytest.mark.parametrize("channels", [3, 4])
def test_frames_are_read_back_to_the_pixel(tmp_path: Path, channels: int) -> None:
    video = np.random.default_rng(0).integers(0, 256, (60, 20, 30, channels), dtype="u1")
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("video", data=video, maxshape=(None, *video.shape[1:]), chunks=(7, 20, 30, channels))
        file["time"] = np.arange(60) * 0.04
        file["time"].attrs["units"] = "s"
    for plots, step in ((None, 5), ([{"video": {"kind": "frames", "step": 7}}], 7)):
        convert(tmp_path / "a.h5", tmp_path / f"tb{step}", plots)
        found = accumulated(tmp_path / f"tb{step}" / "a").Images("a/video")
        assert [image.step for image in found] == list(range(0, 60, step))
        for image in found:
            pixels = np.asarray(Image.open(io.BytesIO(image.encoded_image_string)))
            np.testing.assert_array_equal(pixels, video[image.step])
            assert (image.width, image.height) == (30, 20)
            assert image.wall_time == pytest.approx(image.step * 0.04)


@pytest.mark.parametrize(("shape", "dtype"), [((5, 4, 4, 2), "u1"), ((5, 4, 4, 3), "f4"), ((5, 4, 3), "u1")])
def test_what_has_no_colours_is_refused(shape: tuple[int, ...], dtype: str) -> None:
    with pytest.raises(SettingError, match=r"needs uint8 values of the dimensions \(time, row, column, 3 or 4\)"):
        Frames().fit(signal_of(np.zeros(shape, dtype)))
