"""Where cells share a pixel it shows the mean of those that are finite."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pipeline.rendering.picture.axes import frame
from pipeline.rendering.picture.canvas import ColourBar, Look
from pipeline.rendering.picture.colours import colour_scale
from pipeline.rendering.picture.matrix import paint, png_bytes
from tests.common import pixels

LOOK = Look((4, 3), "column", "row", (-0.5, 0.5), (0.5, -0.5), bar=ColourBar("gray", 0.0, 1.0, "x"))


def inside(values: np.ndarray) -> np.ndarray:
    """Return the grey of the data area, 0 to 255."""
    canvas = frame(LOOK)
    picture = pixels(paint(canvas, colour_scale("gray", 0.0, 1.0), values, "", ""))
    area = canvas.area
    return picture[area.top : area.bottom, area.left : area.right, 0].astype(float)


@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("part", range(4))
def test_a_pixel_is_the_mean_of_its_finite_cells_whichever_come_first(axis: int, part: int) -> None:
    area = frame(LOOK).area
    pixels_along = (area.height, area.width)[axis]
    cells = np.array([0.0, 1.0, np.nan, 0.5])  # of each pixel: one is a gap
    line = np.tile(np.roll(cells, part), pixels_along)
    values = np.broadcast_to(line[:, None] if axis == 0 else line, (line.size, 3) if axis == 0 else (3, line.size))
    assert np.abs(inside(values) - 0.5 * 255).max() <= 2


def test_a_pixel_without_a_finite_cell_is_white() -> None:
    area = frame(LOOK).area
    values = np.zeros((3, 4 * area.width))
    values[:, 40:44] = [np.nan, np.inf, -np.inf, np.nan]
    found = inside(values)
    assert (found[:, 10] == 255).all()
    assert (np.delete(found, 10, axis=1) == 0).all()


@pytest.mark.parametrize("cells", [100, 10_000, 4_000_000])
def test_the_estimate_is_of_the_size_of_the_picture(cells: int, tmp_path: Path) -> None:
    side = int(cells**0.5)
    values = np.random.default_rng(0).random((side, side))
    canvas = frame(Look((15, 10), "column", "row", (-0.5, 0.5), (0.5, -0.5), bar=ColourBar("gray", 0.0, 1.0, "x")))
    found = len(paint(canvas, colour_scale("gray", 0.0, 1.0), values, "", ""))
    assert found / 3 < png_bytes((15.0, 10.0), cells) < found * 4
