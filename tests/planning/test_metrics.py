"""Metrics of series: what numpy gives of all points, converted and served alike."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import pipeline
from pipeline.errors import SettingError
from pipeline.planning.config import parse_plots
from pipeline.planning.metrics import add_metrics
from pipeline.planning.sources import plan_sources
from pipeline.serving.catalogue import Catalogue
from pipeline.slicing.budget import Budget
from tests.common import accumulated, tree_bytes, write_component

RNG = np.random.default_rng(2)
VOLTAGE = RNG.normal(-60, 5, (900, 4)).astype("f4")
VOLTAGE[17, 0] = 40
VOLTAGE[3:5, 2] = np.nan
VOLTAGE[:, 3] = np.inf
SPIKES = RNG.random((900, 4)) < 0.05
PLOTS: list[Any] = [
    {"voltage": {"kind": "trace", "format": "scalar", "points": 10}},
    {"voltage": {"kind": "band", "points": 10}},
    {"spiked": {"kind": "rate", "bin": 100}},
    {"once": {"kind": "trace", "format": "scalar", "step": 7}},
]
RATE = SPIKES.reshape(9, 100, 4).sum(axis=(1, 2)) / 4 / 0.1
EXPECTED = {
    "GC/N0/voltage@max": 40.0,
    "GC/N0/voltage@mean": VOLTAGE[:, 0].mean(dtype="f8"),
    "GC/N1/voltage@min": VOLTAGE[:, 1].min(),
    "GC/N1/voltage@last": VOLTAGE[-1, 1],
    "GC/N2/voltage@mean": np.nanmean(VOLTAGE[:, 2], dtype="f8"),
    "GC/N3/voltage@max": np.nan,
    "GC/N3/voltage@last": np.inf,
    "GC/voltage/mean@max": max(row[np.isfinite(row)].mean(dtype="f8") for row in VOLTAGE),
    "GC/rate@max": RATE.max(),
    "GC/rate@mean": RATE.mean(),
    "GC/once@max": VOLTAGE[::7, 1].max(),
}


@pytest.fixture
def run(tmp_path: Path) -> Path:
    data = {"voltage": VOLTAGE, "spiked": SPIKES, "once": VOLTAGE[:, 1]}
    write_component(tmp_path / "run" / "GC.h5", "GC", data, tau=2.0)
    return tmp_path / "run"


def test_a_conversion_writes_one_point_each(run: Path, tmp_path: Path) -> None:
    report = pipeline.convert(run, tmp_path / "tb", PLOTS, dt="1 ms", metrics=list(EXPECTED), memory=Budget(block=3000))
    found = accumulated(tmp_path / "tb" / "run")
    for tag, value in EXPECTED.items():
        (point,) = found.Scalars(tag)
        assert point.value == pytest.approx(value, rel=1e-6, nan_ok=True), tag
        assert point.step in (899, 898 - 898 % 7, 800)
    assert "11 series of 11 metrics" in report.runs[0].written
    assert len(found.Scalars("GC/N0/voltage")) == 10
    before = tree_bytes(tmp_path / "tb")
    pipeline.convert(run, tmp_path / "tb", PLOTS, dt="1 ms", metrics=list(EXPECTED), memory=Budget(block=3000))
    assert tree_bytes(tmp_path / "tb") == before


def test_a_server_shows_the_same(run: Path) -> None:
    plans, _ = plan_sources(run, parse_plots(PLOTS), "1 ms")
    add_metrics(EXPECTED, plans)
    entries = Catalogue(plans, points=50).entries["run"]
    for tag, value in EXPECTED.items():
        (found,) = entries["scalars", tag].points().values
        assert found == pytest.approx(value, rel=1e-6, nan_ok=True), tag


@pytest.mark.parametrize(
    ("metric", "meant"),
    [
        ("GC/N0/voltage@median", "metric 'GC/N0/voltage@median': accepted is the tag"),
        ("GC/N0/voltages@max", "did you mean 'GC/N0/voltage'"),
        ("@max", "accepted is the tag of a series (GC/N0/voltage, GC/N1/voltage, GC/N2/voltage …)"),
    ],
)
def test_what_there_is_not_is_refused(run: Path, metric: str, meant: str) -> None:
    plans, _ = plan_sources(run, parse_plots(PLOTS), "1 ms")
    with pytest.raises(SettingError) as caught:
        add_metrics([metric], plans)
    assert meant in str(caught.value)
    assert "with @max, @min, @mean, @last at its end" in str(caught.value)


def test_a_metric_is_added_once_and_where_its_series_is(run: Path, tmp_path: Path) -> None:
    write_component(tmp_path / "other" / "MC.h5", "MC", {"voltage": VOLTAGE})
    plans, _ = plan_sources([run, tmp_path / "other"], parse_plots(PLOTS[:1]), "1 ms")
    add_metrics(["GC/N0/voltage@max", "GC/N0/voltage@max", "GC/N0/voltage"], plans)
    assert [[one.tag for one in plan.series() if "@" in one.tag] for plan in plans] == [["GC/N0/voltage@max"], []]
