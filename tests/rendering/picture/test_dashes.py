"""Spikes stay visible where the picture is made small, and none moves for it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from PIL import Image

from pipeline.rendering.picture.axes import frame
from pipeline.rendering.raster import Raster
from pipeline.testing import drawn_in_parts, signal_of
from tests.common import block_of, pixels

SOFT = 136  # grey


def drawn(values: np.ndarray, **settings: Any) -> tuple[np.ndarray, np.ndarray]:
    """Return a raster, and its data area."""
    kind, signal = Raster(**settings), signal_of(values)
    (image,) = drawn_in_parts(kind, signal, block_of(values))
    area = frame(kind._look(signal, None)).area
    picture = pixels(image.png)
    return picture, picture[area.top : area.bottom, area.left : area.right]


def sparse(steps: int, units: int, count: int) -> np.ndarray:
    values = np.zeros(steps * units)
    values[np.random.default_rng(0).choice(values.size, count, replace=False)] = 1
    return values.reshape(steps, units)


def test_a_thin_spike_has_a_soft_rim_left_and_right() -> None:
    values = np.zeros((1000, 4))
    values[500, 2] = 1
    _, inside = drawn(values)
    (rows, columns) = np.nonzero((inside == 0).all(axis=2))
    assert (columns.min(), columns.max()) == (columns[0], columns[0] + np.ptp(columns))
    assert np.ptp(columns) <= 1
    for beside in (columns.min() - 1, columns.max() + 1):
        assert (inside[rows.min() : rows.max() + 1, beside] == SOFT).all()
    assert (inside < 255).any(axis=2).sum() == len(rows) + 2 * len(np.unique(rows))  # no other pixel


def test_a_dot_has_one_all_around() -> None:
    values = np.zeros((1000, 10_000))
    values[500, 2000] = 1
    _, inside = drawn(values)
    shown = np.argwhere((inside == SOFT).all(axis=2))
    dots = np.argwhere((inside == 0).all(axis=2))
    (top, left), (bottom, right) = shown.min(axis=0), shown.max(axis=0)
    assert top == dots[:, 0].min() - 1
    assert bottom == dots[:, 0].max() + 1
    assert left == dots[:, 1].min() - 1
    assert right == dots[:, 1].max() + 1


@pytest.mark.parametrize(("steps", "units"), [(2000, 10), (2000, 64), (1500, 10_000)])
def test_spikes_are_darker_on_a_card_than_their_cells_alone(steps: int, units: int) -> None:
    _, inside = drawn(sparse(steps, units, 60))
    bare = np.where(inside == SOFT, 255, inside).astype(np.uint8)
    size = inside.shape[1] * 4 // 15, inside.shape[0] * 4 // 15  # as on a card 400 pixels wide
    cards = [np.asarray(Image.fromarray(p).resize(size, Image.Resampling.BOX)) for p in (inside, bare)]
    ink = [(255.0 - card).sum() for card in cards]
    assert ink[0] > 1.4 * ink[1] > 0


@pytest.mark.parametrize(("steps", "units", "rate"), [(300, 20, 0.05), (1000, 64, 0.3)])
def test_wide_ones_and_crowds_have_none(steps: int, units: int, rate: float) -> None:
    values = np.random.default_rng(0).random((steps, units)) < rate
    _, inside = drawn(values)
    assert not (inside == SOFT).all(axis=2).any()


def test_the_bar_of_an_event_is_not_painted_over() -> None:
    values = np.zeros((1000, 4))
    values[499] = 1
    _, inside = drawn(values, events=[500], event_colors=["blue"])
    column = int(500.5 * inside.shape[1] / 1000)
    beside = inside[:, column + 1]
    assert (np.abs(beside.astype(int) - [128, 128, 255]).max(axis=1) <= 1).all()
