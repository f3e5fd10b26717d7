"""What colours and bins span: the quantiles of all values, within the error that is stated."""

from __future__ import annotations

from functools import reduce
from typing import Any

import numpy as np
import pytest

from pipeline.errors import SettingError
from pipeline.rendering.folds.spread import MOST, Spread, SpreadFold
from pipeline.rendering.heatmap import Heatmap
from pipeline.rendering.histogram import Histogram
from pipeline.rendering.limits import check_range, shares
from pipeline.testing import drawn_in_parts, signal_of
from tests.common import block_of, pixels

RNG = np.random.default_rng(5)
SAMPLES = {
    "normal": RNG.normal(size=(200, 2000)),
    "far from zero": RNG.normal(-65, 0.01, (200, 2000)),
    "one outlier": np.append(RNG.normal(size=199_999), 1e12).reshape(200, 1000),
    "heavy tails": RNG.standard_cauchy((200, 500)),
    "few": RNG.normal(size=(60, 1)),
    "whole numbers": RNG.integers(-5, 400, (100, 100)),
    "float32": RNG.normal(size=(100, 900)).astype("f4"),
    "gaps": np.where(RNG.random((50, 100)) < 0.3, np.nan, RNG.normal(size=(50, 100))),
    "zeros of both signs": np.where(RNG.random((50, 100)) < 0.5, -0.0, 0.0),
}


def spread_of(values: np.ndarray, parts: int = 1) -> Spread:
    fold = SpreadFold(detailed=True)
    return reduce(fold.merge, (fold.of(block_of(part)) for part in np.array_split(values, parts)))


@pytest.mark.parametrize("name", SAMPLES)
@pytest.mark.parametrize("parts", [(0.01, 0.99), (0.25, 0.75), (0.0, 1.0), (0.001, 0.5)])
def test_limits_hold_the_quantiles_and_are_hardly_wider(name: str, parts: tuple[float, float]) -> None:
    values = SAMPLES[name]
    finite = np.sort(values[np.isfinite(values)].astype("f8"))
    low, high = spread_of(values, 7).between(parts)
    lower = finite[int(np.floor(parts[0] * (len(finite) - 1)))]
    upper = finite[int(np.ceil(parts[1] * (len(finite) - 1)))]
    assert low <= lower <= upper <= high
    span = finite[-1] - finite[0]
    alike = finite[0] > 0 or finite[-1] < 0
    for found, true in ((low, lower), (high, upper)):
        assert abs(found - true) <= abs(true) / 256 if not alike else abs(found - true) <= span / 1024


@pytest.mark.parametrize("name", SAMPLES)
def test_it_makes_no_difference_how_values_come(name: str) -> None:
    values = SAMPLES[name]
    whole = spread_of(values)
    assert len(whole.keys) <= MOST
    assert whole.counts.sum() == whole.number == np.isfinite(values).sum()
    assert whole.missing == values.size - whole.number
    for found in (spread_of(values, 13), spread_of(values[::-1], 50)):
        assert all(np.array_equal(a, b) for a, b in zip(found, whole, strict=True))


def test_what_is_beyond_is_counted_exactly() -> None:
    values = SAMPLES["heavy tails"]
    spread = spread_of(values)
    limits = spread.between((0.05, 0.95))
    assert spread.outside(limits) == ((values < limits.low) | (values > limits.high)).sum() > 0
    given = SpreadFold(limits=(-1.0, 2.0)).of(block_of(values))
    assert given.beyond == ((values < -1) | (values > 2)).sum()


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ("(1 %, 99 %)", ("1 %", "99 %")),
        (["1%", "99.5%"], ("1 %", "99.5 %")),
        ("0%:100%", ("0 %", "100 %")),
        ("(-1, 1)", (-1.0, 1.0)),
        ("shown", "shown"),
    ],
)
def test_ranges_have_one_spelling(given: Any, found: Any) -> None:
    assert check_range(given) == found
    assert check_range(found) == found


@pytest.mark.parametrize("given", ["(99 %, 1 %)", ("1 %", 99), ("-1 %", "5 %"), ("5 %", "101 %"), ("1 %",), "some"])
@pytest.mark.parametrize("cls", [Heatmap, Histogram])
def test_what_is_no_range_is_refused(cls: Any, given: Any) -> None:
    with pytest.raises(SettingError, match=r"limits=.*: accepted is shown, all, frame, or two numbers or percentages"):
        cls(limits=given)
    assert shares("shown") is None


def test_an_outlier_does_not_ruin_a_heatmap() -> None:
    values = np.tile(np.linspace(0, 1, 400).reshape(20, 20), (3, 1, 1))
    spoilt = values.copy()
    spoilt[1, 0, 0] = -1e6
    plots = [Heatmap(step=1, size=(3, 2), limits=limits, cmap="gray") for limits in ("shown", ("1 %", "99 %"))]
    for plot, levels in zip(plots, (5, 100), strict=True):
        record = drawn_in_parts(plot, signal_of(spoilt), block_of(spoilt))[0]
        assert (len(np.unique(pixels(record.png)[40:140, 60:200])) > 50) == (levels > 50)  # type: ignore[union-attr]


def test_percentages_of_a_matrix_are_those_of_what_is_drawn() -> None:
    values = np.linspace(0, 1, 600).reshape(30, 20)
    spoilt = values.copy()
    spoilt[3, 4] = 1e6
    plot = Heatmap(size=(3, 2), limits=("1 %", "99 %"), cmap="gray").fit(signal_of(spoilt, time=False))
    (record,) = drawn_in_parts(plot, signal_of(spoilt, time=False), block_of(spoilt))
    assert len(np.unique(pixels(record.png)[40:140, 60:200])) > 50  # type: ignore[union-attr]
