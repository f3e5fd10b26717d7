"""A name in any script is told from others: in letters where a font has them, else in their numbers, as is said."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np
import pytest
from matplotlib import get_data_path

from pipeline import convert, open_run, plan_run
from pipeline.rendering.picture import fonts
from pipeline.rendering.picture.fonts import families, stretches, unwritable, writable
from pipeline.rendering.picture.text import DRAWING, words
from tests.common import accumulated

STIX = f"{get_data_path()}/fonts/ttf/STIXGeneral.ttf"


@pytest.fixture
def only(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine with some fonts beside matplotlib's own."""
    fonts._font_of.cache_clear()
    monkeypatch.setattr(fonts, "_others", lambda: request.param)
    yield
    fonts._font_of.cache_clear()


none = pytest.mark.parametrize("only", [()], indirect=True, ids=["no other fonts"])
stix = pytest.mark.parametrize("only", [(STIX,)], indirect=True, ids=["STIX"])


def missing_in_own() -> str:
    """Return a letter that STIX has and DejaVu has not."""
    own, other = fonts._opened(fonts._own()), fonts._opened(STIX)
    return next(chr(code) for code in sorted(other.get_charmap()) if code > 255 and not own.get_char_index(code))


@none
@pytest.mark.usefixtures("only")
def test_without_a_font_letters_are_their_numbers() -> None:
    assert writable("膜電位 (mV)") == "\\u819c\\u96fb\\u4f4d (mV)"
    assert unwritable("膜電膜") == "膜電"
    assert stretches("膜") == [(fonts._own(), "\\u819c")]
    assert writable("a\tb\x1b") == "a\\x09b\\x1b"


@none
@pytest.mark.usefixtures("only")
@pytest.mark.parametrize("text", ["", "voltage (µV)", "Ω·m² ×10⁻⁵ − …", "напряжение"])
def test_what_matplotlib_s_own_font_has_is_left_as_it_is(text: str) -> None:
    assert writable(text) == text
    assert unwritable(text) == ""
    assert families(text) == []
    assert stretches(text) == ([(fonts._own(), text)] if text else [])


@stix
@pytest.mark.usefixtures("only")
def test_another_font_is_taken_for_the_letters_that_it_has() -> None:
    letter = missing_in_own()
    assert stretches(f"ab{letter}c") == [(fonts._own(), "ab"), (STIX, letter), (fonts._own(), "c")]
    assert families(f"a{letter}") == ["STIXGeneral"]
    with DRAWING:
        drawn = words(f"x{letter}x", 30, 1000)
        alone = words("xx", 30, 1000)
    assert drawn.shape[1] > alone.shape[1]
    assert drawn[:, : alone.shape[1] // 2].any()


@none
@pytest.mark.usefixtures("only")
def test_pictures_of_two_names_differ_and_a_note_says_why(tmp_path: Path) -> None:
    names = ("膜電位", "時定数")
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["time"] = np.arange(20.0)
        for name in names:
            file[name] = np.ones((20, 3))
    notes = plan_run(open_run(tmp_path / "a.h5")).notes
    assert "written as numbers on pictures: a/膜電位 (no font of this machine has 膜電位)" in notes
    report = convert(tmp_path / "a.h5", tmp_path / "tb", [{name: {"kind": "heatmap"}} for name in names])
    assert any("no font" in note for note in report.runs[0].notes)
    events = accumulated(tmp_path / "tb" / "a")
    assert len({events.Images(f"a/{name}")[0].encoded_image_string for name in names}) == 2
