"""Rates, and rasters of lists of events: as of the dense array with the same spikes, and as numpy counts them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from pipeline.errors import SettingError
from pipeline.model.block import EventBlock
from pipeline.model.clock import Clock
from pipeline.model.signal import Signal
from pipeline.rendering.drawing import Drawing
from pipeline.rendering.plot import Plot
from pipeline.rendering.raster import Raster
from pipeline.rendering.rate import Rate
from pipeline.testing import drawn_in_parts, points_by_tag, signal_of
from tests.common import block_of

STEPS, UNITS = 1003, 7


def dense() -> np.ndarray:
    return np.random.default_rng(3).random((STEPS, UNITS)) < 0.05


def listed(values: np.ndarray, *, order: str = "sorted") -> tuple[Signal, EventBlock]:
    """Return the spikes of an array as a list."""
    steps, units = np.nonzero(values)
    if order == "shuffled":
        shuffled = np.random.default_rng(0).permutation(len(steps))
        steps, units = steps[shuffled], units[shuffled]
    signal = replace(signal_of(values, unit=""), events=len(steps))
    return signal, EventBlock(steps + 1e-6, units.astype(np.int64))


def of_list(plot: Plot, signal: Signal, block: EventBlock, parts: int) -> dict[str, list[Any]]:
    """Draw a list that is read in parts."""
    plot = plot.fit(signal)
    drawing, fold = Drawing(plot, signal), plot.fold(signal)
    assert fold is not None
    assert drawing.needs.rows is None
    assert drawing.needs.summary == range(len(block))
    partials = [fold.of(block.part(part)) for part in np.array_split(np.arange(len(block)), parts) if len(part)]
    summary = partials[0]
    for partial in partials[1:]:
        summary = fold.merge(summary, partial)
    return points_by_tag(drawing.records(drawing.steps, None, summary))


@pytest.mark.parametrize("order", ["sorted", "shuffled"])
@pytest.mark.parametrize("parts", [1, 2, 17])
@pytest.mark.parametrize(
    "plot",
    [
        Raster(size=(3, 2)),
        Raster(size=(3, 2), window=100, events=[40.0]),
        Raster(size=(3, 2), window="250 ms"),
        Rate(bin=10),
        Rate(bin="100 ms", by_unit=True),
        Rate(),
    ],
    ids=str,
)
def test_a_list_is_drawn_as_the_array_with_its_spikes(plot: Plot, parts: int, order: str) -> None:
    values = dense()
    signal, block = listed(values, order=order)
    expected = points_by_tag(drawn_in_parts(plot.fit(signal_of(values)), signal_of(values), block_of(values), [100]))
    assert of_list(plot, signal, block, parts) == expected


def test_a_rate_is_spikes_a_second_and_unit() -> None:
    values = dense()
    signal = signal_of(values, dt=0.5)  # ms
    found = points_by_tag(drawn_in_parts(Rate(bin="50 ms", by_unit=True).fit(signal), signal, block_of(values)))
    assert list(found) == ["GC/rate", *(f"GC/N{unit}/rate" for unit in range(UNITS))]
    edges = [*range(0, STEPS, 100), STEPS]
    counts = np.stack([values[low:high].sum(axis=0) for low, high in zip(edges, edges[1:], strict=False)])
    seconds = np.diff(edges) * 0.5e-3
    for unit in range(UNITS):
        rates = [np.frombuffer(point[2], np.float32)[0] for point in found[f"GC/N{unit}/rate"]]
        np.testing.assert_allclose(rates, counts[:, unit] / seconds, rtol=1e-6)
    rates = [np.frombuffer(point[2], np.float32)[0] for point in found["GC/rate"]]
    np.testing.assert_allclose(rates, counts.sum(axis=1) / seconds / UNITS, rtol=1e-6)
    assert [point[:2] for point in found["GC/rate"]] == [(edge, edge * 0.5e-3) for edge in edges[:-1]]


def test_bins_are_some_two_hundred_where_none_are_asked_for() -> None:
    for steps in (1, 150, 1003, 40_000, 10**7):
        signal = replace(signal_of(np.zeros((1, 3))), shape=(steps, 3), time=Clock(steps, 0.0, 1.0, "ms"))
        (one,) = Rate().fit(signal).series(signal)
        assert min(steps, 80) <= one.count <= 200


def test_a_bin_in_seconds_needs_the_duration_of_a_step_and_bins_have_a_limit() -> None:
    signal = replace(signal_of(np.zeros((100, 3))), time=Clock(100))
    with pytest.raises(SettingError, match="bin='5 ms' needs the duration of a step"):
        Rate(bin="5 ms").fit(signal)
    many = replace(signal_of(np.zeros((100, 3))), shape=(10**6, 100), time=Clock(10**6, 0.0, 1.0, "ms"))
    with pytest.raises(SettingError, match="100,000,000 bins of all units; accepted are 16,777,216: a longer bin"):
        Rate(bin=1, by_unit=True).fit(many)
