"""Events are told from each other by colour and by words."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from pipeline.errors import SettingError
from pipeline.model.clock import Clock
from pipeline.rendering.picture import stimuli as events
from pipeline.rendering.picture.axes import frame
from pipeline.rendering.picture.canvas import Look
from pipeline.rendering.picture.colours import INKS
from pipeline.rendering.picture.stimuli import ABOVE, Stimulus, write_labels
from pipeline.rendering.raster import Raster
from pipeline.testing import drawn_in_parts, signal_of
from tests.common import block_of, pixels

SIZE = (9.0, 6.0)


def drawn(steps: int = 400, **settings: Any) -> tuple[np.ndarray, Any]:
    """Draw a raster without spikes; return the picture and its frame."""
    values = np.zeros((steps, 3))
    kind, signal = Raster(size=SIZE, **settings), signal_of(values, name="spiked")
    (image,) = drawn_in_parts(kind, signal, block_of(values))
    return pixels(image.png), frame(kind._look(signal, None))


def strip(picture: np.ndarray, canvas: Any) -> np.ndarray:
    """Return what is above the data area, below the title."""
    area, bottom = canvas.area, canvas.area.top - canvas.border
    return picture[bottom - canvas.above : bottom, area.left : area.right].astype(int)


def is_colour(found: np.ndarray, colour: list[int]) -> np.ndarray:
    return np.abs(found - colour).max(axis=2) <= 1


def test_a_marker_in_the_event_s_colour_points_to_its_bar() -> None:
    picture, canvas = drawn(events=[100, 300], event_colors=["blue", "#ff8000"])
    above = strip(picture, canvas)
    for event, full, half in ((100, [0, 0, 255], [128, 128, 255]), (300, [255, 128, 0], [255, 192, 128])):
        column = int((event + 0.5) * canvas.area.width / 400)
        rows, columns = np.nonzero(is_colour(above, full))
        assert rows.max() == len(above) - 1
        tip = columns[rows == rows.max()]
        assert abs(tip.mean() - column) <= 1
        assert len(tip) < np.ptp(columns) == 2 * (columns.max() - column)
        inside = picture[canvas.area.top : canvas.area.bottom, canvas.area.left + column].astype(int)
        assert (np.abs(inside - half).max(axis=1) <= 1).all()


def test_words_stand_above_the_markers() -> None:
    (named, canvas), (timed, _) = (drawn(events=[100], event_labels=given) for given in (["odour"], None))
    words, time = (is_colour(strip(picture, canvas), [0, 0, 0]) for picture in (named, timed))
    column = int(100.5 * canvas.area.width / 400)
    for found in (words, time):
        assert found.any()
        assert not found[-int(canvas.text_height * 0.5) :].any()
        columns = np.nonzero(found)[1]
        assert column - 3 <= columns.min() < columns.max() < column + 5 * canvas.text_height
    assert (words != time).any()
    as_given, _ = drawn(events=[100], event_labels=["100 ms"])
    np.testing.assert_array_equal(as_given, timed)


def test_without_events_there_is_no_room_for_them() -> None:
    for settings in ({}, {"events": []}):
        picture, canvas = drawn(**settings)
        assert canvas.above == 0
        assert (picture.std(axis=2) == 0).all()


def test_events_outside_of_the_picture_are_not_marked() -> None:
    picture, canvas = drawn(events=[-5, 400, 1e9], event_labels=["a", "b", "c"])
    assert (strip(picture, canvas) == 255).all()
    assert (picture[canvas.area.top : canvas.area.bottom, canvas.area.left : canvas.area.right] == 255).all()


def test_each_window_has_its_own_labels_and_the_same_frame() -> None:
    values = np.zeros((300, 2))
    kind = Raster(size=SIZE, window=100, events=[150], event_labels=["odour"])
    signal = signal_of(values)
    images = [pixels(image.png) for image in drawn_in_parts(kind, signal, block_of(values))]
    canvas = frame(kind._look(signal, None))
    shown = [(strip(picture, canvas) < 255).any() for picture in images]
    assert shown == [False, True, False]


@pytest.fixture
def blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Words are rectangles as long as they are, of an ink by their number of letters, to be told from each other."""

    def rectangle(text: str, height: float, room: int) -> np.ndarray:
        return np.full((10, min(12 * len(text), room)), len(text), np.uint8)

    monkeypatch.setattr(events, "words", rectangle)


def written(found: list[Stimulus]) -> tuple[np.ndarray, int]:
    """Return the palette indices of the strip that labels are written into, and the width of the area."""
    canvas = frame(Look(SIZE, "time", "unit", (0, 1), (0, 1), above=ABOVE))
    lines = canvas.blank()
    write_labels(canvas, lines, found, 2)
    drawn_lines = np.cumsum(lines[:, 1:], axis=0, dtype=np.uint8)
    area, bottom = canvas.area, canvas.area.top - canvas.border
    assert (drawn_lines[bottom:] == canvas.pixels[bottom:]).all()  # nothing is spilt below
    return drawn_lines[bottom - canvas.above : bottom, area.left : area.right], area.width


def stretches(row: np.ndarray) -> list[tuple[int, int, int]]:
    """Return (ink, start, stop) of each stretch of ink."""
    edges = np.flatnonzero(np.diff(row.astype(int), prepend=-1, append=-1))
    return [(int(row[a]), int(a), int(b)) for a, b in pairwise(edges) if 0 < row[a] < INKS]


def text_row(found: np.ndarray) -> np.ndarray:
    rows = np.flatnonzero(((found > 0) & (found < INKS)).any(axis=1))
    return found[rows[len(rows) // 2]] if len(rows) else found[0]


@pytest.mark.usefixtures("blocks")
@pytest.mark.parametrize("seed", range(12))
def test_labels_are_whole_and_never_overlap(seed: int) -> None:
    rng = np.random.default_rng(seed)
    _, width = written([])
    names = ["a", "bb", "ccc", "dddd", "eeeee", "ffffff"]
    columns = np.sort(rng.choice(width, size=int(rng.integers(1, 40)), replace=False))
    found = [Stimulus(int(c), 0, names[rng.integers(len(names))]) for c in columns]
    strip, _ = written(found)
    ink = {len(name): name for name in names}
    labels = stretches(text_row(strip))
    assert labels
    for index, start, stop in labels:
        assert stop - start == 12 * len(ink[index])  # not cut, and nothing over it
        near = [e for e in found if e.label == ink[index] and start - 3 <= e.column <= stop + 3]
        edge = start == 0 or stop == width
        assert edge or any(abs(e.column - start) <= 3 or abs(e.column - stop) <= 3 for e in near)
    assert all(after - before >= 4 for (_, _, before), (_, after, _) in pairwise(labels))


@pytest.mark.usefixtures("blocks")
def test_each_label_is_written_once_before_any_is_written_twice() -> None:
    names = ["inhale", "exhaled", "sniff"]
    found = [Stimulus(40 + 45 * number, 0, names[number % 3]) for number in range(16)]
    strip, _ = written(found)
    labels = [index for index, _, _ in stretches(text_row(strip))]
    assert set(labels) == {5, 6, 7}


@pytest.mark.usefixtures("blocks")
def test_two_events_close_together_and_at_the_ends_have_their_labels() -> None:
    _, width = written([])
    places = {"start": 2, "odour on": 300, "off": 316, "end": width - 3}
    strip, _ = written([Stimulus(column, 0, name) for name, column in places.items()])
    assert len(stretches(text_row(strip))) == 4


def test_a_label_is_for_an_event() -> None:
    with pytest.raises(SettingError, match="event_labels has 1 labels for 2 events"):
        Raster(events=[1, 2], event_labels=["a"])
    with pytest.raises(SettingError, match="event_labels=.*accepted is texts"):
        Raster(events=[1, 2], event_labels=[True, False])  # what YAML makes of on and off


def test_times_are_in_the_unit_of_the_axis() -> None:
    assert Clock(10, 0.0, 0.1, "ms").words(12.50) == "12.5 ms"
    assert Clock(10).words(3.0) == "step 3"


def test_no_more_colours_than_a_palette_holds_twice() -> None:
    many = [f"#{number:06x}" for number in range(121)]
    assert Raster(events=range(120), event_colors=many[:120]).event_colors == tuple(many[:120])
    with pytest.raises(SettingError, match="event_colors"):
        Raster(events=range(121), event_colors=many)
