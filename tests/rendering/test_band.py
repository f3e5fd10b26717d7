"""Bands: mean and ends as numpy has them, and no peak is lost."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from tensorboard.plugins.custom_scalar import layout_pb2

import pipeline
from pipeline.errors import SettingError
from pipeline.rendering.band import Band
from pipeline.testing import drawn_in_parts, points_by_tag, signal_of
from pipeline.writing.layouts import LAYOUT_TAG
from tests.common import accumulated, block_of, pixels, tree_bytes, write_component

VALUES = np.random.default_rng(4).normal(-60, 5, (400, 90)).astype("f4")


def columns(plot: Band, values: np.ndarray, cuts: Any = (100, 333)) -> dict[str, np.ndarray]:
    """Return (step, value) of the points of each series, by the end of its tag."""
    signal = signal_of(values)
    points = points_by_tag(drawn_in_parts(plot.fit(signal), signal, block_of(values), cuts))
    return {
        tag.removeprefix("GC/voltage/"): np.array([(step, np.frombuffer(data, "f4")[0]) for step, _, data in found])
        for tag, found in points.items()
    }


@pytest.mark.parametrize("step", [1, 7])
def test_each_step_has_numpys_mean_and_ends(step: int) -> None:
    found = columns(Band(step=step), VALUES)
    kept = VALUES[::step]
    for name, expected in (("mean", kept.mean(1, dtype="f8")), ("lowest", kept.min(1)), ("highest", kept.max(1))):
        np.testing.assert_array_equal(found[name][:, 0], np.arange(0, 400, step))
        np.testing.assert_allclose(found[name][:, 1], expected, rtol=1e-6)


def test_quantiles_are_numpys() -> None:
    values = VALUES.copy()
    values[5, 3], values[9] = np.nan, np.inf
    found = columns(Band(between=("5 %", "95 %")), values)
    for row, expected in enumerate(values):
        some = expected[np.isfinite(expected)].astype("f8")
        low, high = np.quantile(some, [0.05, 0.95]) if some.size else (np.nan, np.nan)
        assert found["p5"][row, 1] == pytest.approx(low, rel=1e-6, nan_ok=True)
        assert found["p95"][row, 1] == pytest.approx(high, rel=1e-6, nan_ok=True)
        assert found["mean"][row, 1] == pytest.approx(some.mean() if some.size else np.nan, rel=1e-6, nan_ok=True)


@pytest.mark.parametrize("points", [2, 37, 399])
def test_a_peak_of_one_unit_at_one_step_survives(points: int) -> None:
    values = VALUES.copy()
    values[211, 17], values[212, 80] = 40.0, -120.0
    found = columns(Band(points=points), values)
    assert all(len(series) == points for series in found.values())
    steps = found["mean"][:, 0]
    assert all(np.array_equal(series[:, 0], steps) for series in found.values())  # else no margin chart is drawn
    assert found["highest"][:, 1].max() == 40
    assert found["lowest"][:, 1].min() == -120
    ends = np.append(steps[1:], 400).astype(int)
    for at, (start, stop) in enumerate(zip(steps.astype(int), ends, strict=True)):
        assert found["mean"][at, 1] == pytest.approx(values[start:stop].mean(dtype="f8"), rel=1e-6)


@pytest.mark.parametrize(("shape", "time"), [((50,), True), ((5, 6), False)])
def test_it_needs_time_and_units(shape: tuple[int, ...], time: bool) -> None:
    with pytest.raises(SettingError, match="a band needs time and other dimensions"):
        Band().fit(signal_of(np.zeros(shape), time=time))


def test_its_picture_is_light_between_the_ends_with_the_mean() -> None:
    values = np.tile([0.0, 1.0, 5.0], (300, 1))
    plot = Band(size=(4, 3)).fit(signal_of(values)).pictured(signal_of(values))
    (record,) = drawn_in_parts(plot, signal_of(values), block_of(values))
    picture = pixels(record.png)  # type: ignore[union-attr]
    column = picture[:, picture.shape[1] // 2]
    light, dark = ((column == colour).all(axis=1) for colour in ([174, 199, 232], [31, 119, 180]))
    band = np.flatnonzero(light | dark)
    line = np.flatnonzero(dark)
    assert (np.diff(band) == 1).all()
    assert len(line) <= 3
    assert (band[-1] - line.mean()) / (band[-1] - band[0]) == pytest.approx(2 / 5, abs=0.02)


# The charts of a run --------------------------------------------------------------------------------------------------

PLOTS = [
    {"voltage": {"kind": "band"}},
    {"voltage": {"kind": "trace", "format": "scalar", "units": [0, 1], "together": True}},
    {"current": {"kind": "trace", "format": "scalar", "units": [0], "together": "cell 0"}},
    {"calcium": {"kind": "trace", "format": "scalar", "units": [0], "together": "cell 0"}},
]


def layout(run_dir: Path) -> Any:
    (event,) = accumulated(run_dir).Tensors(LAYOUT_TAG)
    return layout_pb2.Layout.FromString(event.tensor_proto.string_val[0])


@pytest.fixture
def run(tmp_path: Path) -> Path:
    write_component(tmp_path / "run" / "GC.h5", "GC", dict.fromkeys(("voltage", "current", "calcium"), VALUES))
    return tmp_path / "run"


def test_the_layout_has_all_charts_that_were_asked_for_once(run: Path, tmp_path: Path) -> None:
    pipeline.convert(run, tmp_path / "tb", PLOTS)
    own, shared = layout(tmp_path / "tb" / "run").category
    assert (own.title, shared.title) == ("GC", "together")
    band, lines = own.chart
    assert band.margin.series[0].lower == "GC/voltage/lowest"
    assert list(lines.multiline.tag) == ["^GC/N0/voltage$", "^GC/N1/voltage$"]
    (cell,) = shared.chart
    assert cell.title == "cell 0"
    assert list(cell.multiline.tag) == ["^GC/N0/current$", "^GC/N0/calcium$"]


def test_the_layout_follows_what_is_asked_for(run: Path, tmp_path: Path) -> None:
    pipeline.convert(run, tmp_path / "tb", PLOTS)
    before = tree_bytes(tmp_path / "tb")
    pipeline.convert(run, tmp_path / "tb", PLOTS)
    assert tree_bytes(tmp_path / "tb") == before
    pipeline.convert(run, tmp_path / "tb", [PLOTS[1], {"current": {"kind": "trace", "format": "scalar"}}])
    (own,) = layout(tmp_path / "tb" / "run").category
    assert len(own.chart) == 1
    pipeline.convert(run, tmp_path / "tb", [{"current": {"kind": "trace", "format": "scalar"}}])
    assert LAYOUT_TAG not in accumulated(tmp_path / "tb" / "run").Tags()["tensors"]


def test_a_chart_of_what_failed_is_left_out(run: Path, tmp_path: Path) -> None:
    with h5py.File(run / "GC.h5", "a") as file:
        del file["voltage"]
        file.create_dataset("voltage", data=VALUES, chunks=(100, 90), maxshape=(None, 90), compression="gzip")
        chunk = file["voltage"].id.get_chunk_info(0)
    with open(run / "GC.h5", "r+b") as raw:
        raw.seek(chunk.byte_offset)
        raw.write(b"\xff" * chunk.size)
    with pytest.raises(pipeline.ConversionError):
        pipeline.convert(run, tmp_path / "tb", PLOTS)
    (shared,) = layout(tmp_path / "tb" / "run").category
    assert shared.title == "together"


def test_the_original_interface_adds_charts_one_by_one(tmp_path: Path) -> None:
    for name in ("voltage", "current"):
        data = pipeline.HDFData(buffer={"identifier": "GC", name: VALUES})
        pipeline.TensorboardWriter(tmp_path).write(data, name, kind="band")
    (own,) = layout(tmp_path).category
    assert [chart.title for chart in own.chart] == ["GC/voltage, band", "GC/current, band"]
