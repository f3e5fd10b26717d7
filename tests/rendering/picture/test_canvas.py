"""Frames: where the data goes, what is written around it, and that matplotlib's own state is left alone."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from typing import Any

import matplotlib
import numpy as np
import pytest

from pipeline.rendering.picture import axes
from pipeline.rendering.picture.axes import frame
from pipeline.rendering.picture.canvas import DPI, Area, ColourBar, Look, cells, edges
from pipeline.rendering.picture.colours import BLACK, INKS, WHITE, colour_scale
from pipeline.rendering.picture.png import up_filter
from tests.common import pixels

BAR = ColourBar("viridis", -1.0, 3.0, "voltage (mV)")
LOOK = Look((4, 3), "time (ms)", "unit", (0, 250), (9.5, -0.5), whole_y=True, bar=BAR)

LOOKS: dict[str, Look] = {
    "with a bar": LOOK,
    "without a bar": replace(LOOK, bar=None),
    "one inch": replace(LOOK, size=(1, 1)),
    "wide": replace(LOOK, size=(15, 1.5)),
    "tall": replace(LOOK, size=(1.5, 10)),
    "room to the left": replace(LOOK, left=6.0, bar=None),
    "long words": replace(LOOK, size=(10, 5), xlabel="x" * 200, ylabel="y" * 200, bar=replace(BAR, label="z" * 200)),
    "no words": replace(LOOK, xlabel="", ylabel="", bar=replace(BAR, label="")),
    "what looks like TeX": replace(LOOK, xlabel="a$b", ylabel="$\\frac$", bar=replace(BAR, label="cost ($)")),
    "words of other scripts": replace(LOOK, xlabel="Zeit (µs)", ylabel="Ω·m²"),
    "one colour": replace(LOOK, bar=replace(BAR, low=2.0, high=2.0)),
    "one colour of zero": replace(LOOK, bar=replace(BAR, low=0.0, high=0.0)),
    "large numbers": replace(LOOK, xlim=(0, 1e12), bar=replace(BAR, low=-1e300, high=1e300)),
    "small numbers": replace(LOOK, ylim=(0, 1e-12), whole_y=False, bar=replace(BAR, low=0, high=5e-324)),
}

every_look = pytest.mark.parametrize("look", LOOKS.values(), ids=LOOKS)


def inked(picture: np.ndarray) -> np.ndarray:
    return (picture < 255).any(axis=2)


# Areas and frames -----------------------------------------------------------------------------------------------------


@every_look
def test_a_frame_is_as_large_as_was_asked_for_and_its_area_lies_inside(look: Look) -> None:
    drawn, (width, height) = frame(look), look.pixels
    assert (width, height) == (round(look.size[0] * DPI), round(look.size[1] * DPI))
    assert drawn.size == (width, height)
    assert drawn.pixels.shape == (height, width)
    area = drawn.area
    assert 0 < area.left < area.right == area.left + area.width < width
    assert 0 < area.top < area.bottom == area.top + area.height < height
    assert (drawn.pixels[area.top : area.bottom, area.left : area.right] == WHITE).all()
    assert len(drawn.palette) <= 256
    assert drawn.pixels.max() < len(drawn.palette)


@every_look
def test_a_line_runs_around_the_area_and_closes(look: Look) -> None:
    drawn = frame(look)
    area, ink = drawn.area, drawn.pixels
    assert (ink[area.top - 1, area.left - 1 : area.right + 1] == BLACK).all()
    assert (ink[area.bottom, area.left - 1 : area.right + 1] == BLACK).all()
    assert (ink[area.top - 1 : area.bottom + 1, area.left - 1] == BLACK).all()
    assert (ink[area.top - 1 : area.bottom + 1, area.right] == BLACK).all()


@every_look
def test_nothing_is_cut_off_at_the_border_of_the_picture(look: Look) -> None:
    if min(look.size) < 2 and look.bar:
        return  # hardly room for the numbers
    ink = frame(look).pixels
    for side in (ink[0], ink[-1], ink[:, 0], ink[:, -1]):
        assert (side == WHITE).all()


def test_most_of_a_picture_is_data() -> None:
    for size in ((15, 10), (10, 5), (4, 3)):
        area = frame(replace(LOOK, size=size)).area
        assert area.width * area.height > 0.5 * size[0] * size[1] * DPI**2


@pytest.mark.parametrize("name", ["xlabel", "ylabel"])
def test_each_label_is_drawn_on_its_side(name: str) -> None:
    look = replace(LOOK, left=6.0, bar=None)
    one, other = frame(look), frame(replace(look, **{name: "another"}))
    assert one.area == other.area
    rows, columns = np.nonzero(one.pixels != other.pixels)
    assert len(rows)
    if name == "xlabel":
        assert rows.min() > one.area.bottom
    else:
        assert columns.max() < one.area.left


def test_room_to_the_left_does_not_depend_on_the_numbers() -> None:
    looks = [replace(LOOK, bar=None, left=6.0, whole_y=False, ylim=(0, high)) for high in (1, 1234.5, 1e-9, 3e200)]
    assert len({frame(look).area for look in looks}) == 1


def test_the_colour_bar_runs_from_high_to_low_beside_the_area() -> None:
    drawn = frame(LOOK)
    scale = colour_scale(BAR.cmap, BAR.low, BAR.high)
    np.testing.assert_array_equal(drawn.palette, scale.palette)
    rows, columns = np.nonzero(drawn.pixels >= INKS)
    assert (rows.min(), rows.max()) == (drawn.area.top, drawn.area.bottom - 1)
    assert columns.min() > drawn.area.right
    bar = drawn.pixels[drawn.area.top : drawn.area.bottom, columns.min() : columns.max() + 1]
    assert (bar == scale.ramp(drawn.area.height)[:, None]).all()
    assert not (frame(replace(LOOK, bar=None)).pixels >= INKS).any()


def test_ticks_of_what_is_counted_are_whole_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    from matplotlib.figure import Figure

    figures = []
    monkeypatch.setattr(
        Figure, "__init__", lambda self, *a, _init=Figure.__init__, **k: figures.append(self) or _init(self, *a, **k)
    )
    for whole in (True, False):
        axes._frame.__wrapped__(replace(LOOK, bar=None, ylim=(1.5, -0.5), whole_y=whole))
        ticks = figures[-1].axes[0].get_yticks()
        assert all(tick == int(tick) for tick in ticks) == whole
    assert figures[-1].axes[0].get_xlim() == (0, 250)
    assert figures[-1].axes[0].get_ylim() == (1.5, -0.5)
    assert figures[-1].axes[0].get_xlabel() == "time (ms)"


# matplotlib is left alone ---------------------------------------------------------------------------------------------


def test_the_settings_of_matplotlib_are_neither_used_nor_changed() -> None:
    axes._frame.cache_clear()
    plain = frame(LOOK)
    with matplotlib.rc_context(
        {"font.family": "monospace", "xtick.direction": "in", "ytick.color": "red", "figure.dpi": 30}
    ):
        before = dict(matplotlib.rcParams)
        axes._frame.cache_clear()
        again = frame(LOOK)
        assert dict(matplotlib.rcParams) == before
    assert again is not plain
    assert again.area == plain.area
    np.testing.assert_array_equal(again.pixels, plain.pixels)


def test_pyplot_is_never_imported() -> None:
    code = """
import sys
import numpy as np
from pipeline.rendering.registry import PLOTS
from pipeline.model.signal import Signal
from pipeline.model.clock import Clock
from pipeline.model.block import DenseBlock
from pipeline.rendering.drawing import Drawing
assert "matplotlib" not in sys.modules, "matplotlib is loaded by importing alone"
values = np.random.default_rng(0).integers(0, 2, (20, 3, 4)).astype(float)
for cls in PLOTS:
    for shape in ((20, 12), (20, 3, 4)):
        signal = Signal("GC", "x", ("time", "b", "c")[:len(shape)], shape, "float64", "", Clock(20))
        try:
            kind = cls(size=(2, 2)).fit(signal)
        except ValueError:
            continue
        block = DenseBlock(values.reshape(shape), np.arange(20), np.arange(20.0))
        drawing = Drawing(kind, signal)
        rows, summary = drawing.needs.rows, drawing.fold and drawing.fold.of(block)
        assert list(drawing.records(rows or drawing.steps, rows and block.every(rows.step), summary))
assert "matplotlib.figure" in sys.modules
assert "matplotlib.pyplot" not in sys.modules
"""
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True)


def test_the_same_look_is_drawn_once(monkeypatch: pytest.MonkeyPatch) -> None:
    axes._frame.cache_clear()
    first = frame(LOOK)
    monkeypatch.setattr(axes, "_axes", lambda *_: pytest.fail("drawn again"))
    assert frame(replace(LOOK)) is first
    assert axes._frame.cache_info().maxsize is not None  # frames are megabytes


# Filling a frame ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(4))
def test_what_is_painted_is_in_the_area_and_nowhere_else(seed: int) -> None:
    drawn, rng = frame(LOOK), np.random.default_rng(seed)
    count = int(rng.integers(1, 40))
    starts = np.sort(rng.choice(np.arange(1, drawn.area.height), count, replace=False))
    starts = np.concatenate([[0], starts]).astype(np.intp)
    rows = rng.integers(0, len(drawn.palette), (len(starts), drawn.area.width)).astype(np.uint8)
    lines, before = drawn.blank(), rows.copy()
    drawn.paint(lines, rows, starts)
    expected = drawn.pixels.copy()
    area = drawn.area
    which = np.searchsorted(starts, np.arange(area.height), side="right") - 1
    expected[area.top : area.bottom, area.left : area.right] = rows[which]
    np.testing.assert_array_equal(lines, up_filter(expected))
    np.testing.assert_array_equal(rows, before)
    np.testing.assert_array_equal(pixels(drawn.finish(lines, "", "")), drawn.palette[expected])


def test_a_frame_is_not_changed_by_what_is_painted_into_it() -> None:
    drawn = frame(LOOK)
    before = drawn.pixels.copy(), drawn.blank()
    lines = drawn.blank()
    drawn.paint(lines, np.full((1, drawn.area.width), 7, np.uint8), np.zeros(1, np.intp))
    drawn.finish(lines, "title", "caption")
    np.testing.assert_array_equal(drawn.pixels, before[0])
    np.testing.assert_array_equal(drawn.blank(), before[1])


def test_another_palette_may_stand_in() -> None:
    drawn = frame(replace(LOOK, bar=None))
    palette = drawn.palette[::-1].copy()
    np.testing.assert_array_equal(pixels(drawn.finish(drawn.blank(), "", "", palette)), palette[drawn.pixels])


def finished(look: Look, title: str, caption: str) -> tuple[np.ndarray, Area]:
    """Return what a title and a caption add to a frame."""
    drawn = frame(look)
    plain, found = (pixels(drawn.finish(drawn.blank(), *words)) for words in (("", ""), (title, caption)))
    return np.where(plain == found, 255, found).astype(np.uint8), drawn.area


WORDS = ["GC/voltage", "j" * 30, "x" * 500, "cost in $ and $", "µΩ — ΔV", "two\nlines", "a\r\nb\tc\0d"]


@pytest.mark.parametrize("look", ["with a bar", "without a bar", "one inch", "wide"])
@pytest.mark.parametrize("title", WORDS)
def test_title_and_caption_stand_above_the_area_side_by_side(look: str, title: str) -> None:
    added, area = finished(LOOKS[look], title, "step 100")
    only_title, _ = finished(LOOKS[look], title, "")
    only_caption, _ = finished(LOOKS[look], "", "step 100")
    for ink in (only_title, only_caption):
        rows, columns = np.nonzero(inked(ink))
        assert len(rows)
        assert rows.max() < area.top - 1
        assert area.left <= columns.min()
        assert columns.max() < area.right
    caption = np.nonzero(inked(only_caption))[1]
    assert caption.max() > area.right - 0.2 * area.width
    both = np.nonzero(inked(added))[1]
    assert both.min() < area.left + 0.2 * area.width
    between = inked(added)[:, both.min() : caption.min()].any(axis=0)
    assert not between[-2:].any()  # a gap


def test_different_words_are_different_pictures_and_none_are_none() -> None:
    drawn = frame(LOOK)
    made: set[Any] = {drawn.finish(drawn.blank(), "", f"step {number}") for number in range(20)}
    assert len(made) == 20
    assert (pixels(drawn.finish(drawn.blank(), "", "")) == drawn.palette[drawn.pixels]).all()


# Cells and pixels -----------------------------------------------------------------------------------------------------

COUNTS = [(1, 1), (1, 9), (3, 10), (7, 7), (10, 3), (4, 6), (2, 5), (64, 1163), (999, 1000), (1163, 64)]


@pytest.mark.parametrize(("count", "room"), COUNTS)
def test_a_pixel_belongs_to_the_cell_its_centre_is_in(count: int, room: int) -> None:
    found = cells(count, room)
    assert found.shape == (room,)
    for pixel, cell in enumerate(found):
        assert cell * room <= (pixel + 0.5) * count < (cell + 1) * room


@pytest.mark.parametrize(("count", "room"), [pair for pair in COUNTS if pair[0] <= pair[1]])
def test_a_cell_begins_at_its_first_pixel(count: int, room: int) -> None:
    found = edges(count, room)
    assert found.shape == (count,)
    assert found.tolist() == [cells(count, room).tolist().index(cell) for cell in range(count)]


@pytest.mark.parametrize("seed", range(5))
def test_edges_and_cells_agree_at_every_count(seed: int) -> None:
    rng = np.random.default_rng(seed)
    for room in rng.integers(1, 1500, 40).tolist():
        count = int(rng.integers(1, room + 1))
        tops = np.searchsorted(edges(count, room), np.arange(room), side="right") - 1
        np.testing.assert_array_equal(tops, cells(count, room))
