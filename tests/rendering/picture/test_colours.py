from __future__ import annotations

import matplotlib
import numpy as np
import pytest
from matplotlib.colors import Normalize

from pipeline.rendering.picture.colours import INK, INKS, WHITE, colour_scale, inks

RAINBOWS = {"hsv", "gist_rainbow"}


@pytest.mark.parametrize("cmap", sorted(name for name in matplotlib.colormaps if not name.endswith("_r")))
def test_no_map_is_shifted_by_more_than_two(cmap: str) -> None:
    scale = colour_scale(cmap, 0.0, 1.0)
    assert len(scale.palette) <= 256
    assert (scale.palette[:INKS] == inks()).all()
    colour_map = matplotlib.colormaps[cmap]
    wanted = colour_map(np.arange(colour_map.N), bytes=True)[:, :3].astype(int)
    error = np.abs(scale.palette[scale.table].astype(int) - wanted).max()
    assert error <= (3 if cmap in RAINBOWS else 2)


@pytest.mark.parametrize("dtype", [np.int8, np.uint16, np.int64, np.float16, np.float32, np.float64])
def test_levels_are_those_of_matplotlib(dtype: type) -> None:
    values = np.concatenate([np.linspace(-20, 20, 5003), [-20, 20, 0]]).astype(dtype)
    scale = colour_scale("viridis", -10.0, 10.0)
    shown = values.astype(np.float32) if dtype is np.float16 else values
    wanted = matplotlib.colormaps["viridis"](Normalize(-10, 10)(shown), bytes=True)[:, :3].astype(int)
    found = scale.palette[scale.indices(values)].astype(int)
    assert np.abs(found - wanted).max() <= 2


def test_what_is_not_finite_is_white() -> None:
    found = colour_scale("viridis", 0, 1).indices(np.array([np.nan, np.inf, -np.inf, 0.5, -3, 9]))
    assert found[:3].tolist() == [WHITE] * 3
    assert (found[3:] >= INKS).all()


def test_the_ramp_runs_from_the_high_end_to_the_low() -> None:
    for cmap in ("viridis", INK):
        scale = colour_scale(cmap, 0, 1)
        ramp = scale.ramp(400)
        assert (ramp[0], ramp[-1]) == (scale.table[-1], scale.table[0])


def test_a_single_spike_is_clearly_visible() -> None:
    scale = colour_scale(INK, 1, 100)
    assert scale.palette[scale.indices(np.array([1.0]))].max() < 200
