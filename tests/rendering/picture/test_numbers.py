"""Numbers at an axis are short, tell ticks apart, and mean the values with what the label says of them."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest

from pipeline.rendering.picture.axes import frame
from pipeline.rendering.picture.canvas import ColourBar, Look
from pipeline.rendering.picture.numbers import Numbers, numbers_between

LIMITS = [
    (0.0, 1.0),
    (-68.0, -62.0),
    (0.0, 250_000.0),
    (-1.3e8, 0.8e8),
    (-3e-30, 2e-30),
    (-65 - 3e-5, -65 + 3e-5),
    (1.7e9, 1.7e9 + 40),
    (1.7e18, 1.7e18 + 1e6),
    (-1.7e308, 1.7e308),
    (1e300, 1e300 + 1e290),
    (0.0, 5e-324),
    (-1e-310, 1e-310),
    (99.9995, 100.0005),
    (5.0, 5.0),
    (0.0, 0.0),
    (1e9, 1e9),
]


@pytest.mark.parametrize(("low", "high"), LIMITS, ids=str)
def test_the_values_are_found_again(low: float, high: float) -> None:
    numbers = numbers_between(low, high)
    assert numbers_between(high, low) == numbers
    for value in (low, low / 2 + high / 2, high):
        number = numbers.of(value)
        assert math.isfinite(number)
        tiny = numbers.exponent < -300
        again = (
            number * 10.0**200 * 10.0 ** (numbers.exponent + 100) * 1e-300 if tiny else number * 10.0**numbers.exponent
        )
        assert again + numbers.base == pytest.approx(value, rel=1e-12, abs=max((high / 2 - low / 2) * 1e-3, 0))


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        ((0.0, 1.0), ""),
        ((-68.0, -62.0), ""),
        ((0.0, 250_000.0), ""),
        ((-1.3e8, 0.8e8), " ×10⁸"),
        ((-3e-30, 2e-30), " ×10⁻³⁰"),
        ((-65 - 3e-5, -65 + 3e-5), " ×10⁻⁵ from −65"),
        ((1.7e9, 1.7e9 + 40), " from 1700000000"),
        ((-1.7e308, 1.7e308), " ×10³⁰⁸"),
    ],
)
def test_what_the_label_says(limits: tuple[float, float], expected: str) -> None:
    assert numbers_between(*limits).words == expected


def test_they_are_what_matplotlib_writes_where_it_writes_nothing_beside_the_axis() -> None:
    for limits in ((0.0, 1.0), (-68.0, -62.0), (0.0, 250_000.0), (0.001, 0.002), (-5.0, 7.3)):
        assert numbers_between(*limits) == Numbers()


@pytest.mark.parametrize(("low", "high"), [limits for limits in LIMITS if limits[0] < limits[1]], ids=str)
def test_the_numbers_at_the_axis_fit_and_differ(low: float, high: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing touches the edge of the picture, and no two ticks have one label."""
    from matplotlib.figure import Figure

    made: list[Figure] = []
    init = Figure.__init__

    def noted(self: Figure, *given: object, **named: object) -> None:
        init(self, *given, **named)  # type: ignore[arg-type]
        made.append(self)

    monkeypatch.setattr(Figure, "__init__", noted)
    look = Look(
        (10, 5), f"time {low}", "v (mV)", (low, high), (low, high), left=6.0, bar=ColourBar("viridis", low, high, "b")
    )
    drawn = frame(look)
    assert not drawn.pixels[:, 0].any()
    assert not drawn.pixels[:, -1].any()
    (figure,) = made
    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            texts = [tick.label1.get_text() or tick.label2.get_text() for tick in axis.get_major_ticks()]
            texts = [text for text in texts if text]
            assert len(set(texts)) == len(texts)
            assert all(len(re.sub(r"[$\\{}a-z]", "", text)) <= 10 for text in texts)
            assert axis.get_offset_text().get_text() == ""
    assert np.isfinite(drawn.pixels).all()
