"""The automatic plan is useful and light, whatever the shapes, and reads nothing."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import xarray as xr

from pipeline.opening import open_run
from pipeline.planning.automatic import FRAMES, POINTS, SERIES, automatic_plots
from pipeline.planning.match import plan_run
from tests.common import EPL, forbid_reads

TIME_2D, TIME_3D = ("time", "unit"), ("time", "target", "source")


def array(shape: tuple[int, ...], dims: tuple[str, ...], dtype: Any = float) -> xr.DataArray:
    """Return an array of any size that takes no memory."""
    return xr.DataArray(np.broadcast_to(np.zeros((), dtype), shape), dims=dims)


def chosen(name: str, values: xr.DataArray) -> list[dict[str, Any]]:
    found = list(automatic_plots({name: values}, {}))
    assert all(each == name for each, _ in found)
    return [kind.chosen() for _, kind in found]


SCALAR = {"kind": "trace", "format": "scalar", "points": POINTS}
HEATMAP = {"kind": "heatmap", "format": "image"}
HISTOGRAM = {"kind": "histogram", "format": "histogram"}
BAND = {"kind": "band", "format": "scalar", "points": POINTS}
SHOWN = (0, 1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12, 13, 14, 15, 16)
RASTER = {"kind": "raster", "format": "image"}
HPARAM = {"kind": "hparam", "format": "hparam"}


@pytest.mark.parametrize(
    ("name", "values", "plots"),
    [
        ("voltage", array((100, 8), TIME_2D), [SCALAR, HEATMAP]),
        ("voltage", array((8, 100), ("unit", "time")), [SCALAR, HEATMAP]),
        ("voltage", array((100, 2), TIME_2D), [SCALAR, HEATMAP]),
        ("voltage", array((100, 1), TIME_2D), [SCALAR]),
        ("voltage", array((100, 17), TIME_2D), [SCALAR | {"units": SHOWN}, BAND, HEATMAP]),
        ("loss", array((100,), ("time",)), [SCALAR]),
        ("counts", array((100, 8), TIME_2D, np.int32), [SCALAR, HEATMAP]),
        ("spiked", array((100, 8), TIME_2D), [RASTER]),
        ("spikes", array((100, 8), TIME_2D, np.uint8), [RASTER]),
        *(
            (name, array((100, 8), TIME_2D), [SCALAR, HEATMAP])
            for name in ("spike_threshold", "spike_counts", "firing_rates", "spikeTimes", "spike_amplitude")
        ),
        ("SpikeTrain", array((100, 8), TIME_2D), [RASTER]),
        ("fired", array((100, 8), TIME_2D), [RASTER]),
        ("active", array((100, 8), TIME_2D, bool), [RASTER]),
        ("active", array((100,), ("time",), bool), [RASTER]),
        ("weights", array((100, 4, 4), TIME_3D), [HEATMAP | {"step": 5}, HISTOGRAM | {"step": 5}]),
        ("weights", array((4, 100, 4), ("target", "time", "source")), [HEATMAP | {"step": 5}, HISTOGRAM | {"step": 5}]),
        ("spiked", array((100, 4, 4), TIME_3D, bool), [HEATMAP | {"step": 5}]),
        (
            "video",
            array((100, 4, 5, 3), (*TIME_3D, "channel"), np.uint8),
            [{"kind": "frames", "format": "image", "step": 5}],
        ),
        ("video", array((100, 4, 5, 3), (*TIME_3D, "channel")), []),
        ("video", array((100, 4, 5, 2), (*TIME_3D, "channel"), np.uint8), []),
        ("map", array((4, 4), ("row", "column")), [HEATMAP]),
        ("taus", array((4,), ("unit",)), [HPARAM]),
        ("tensor", array((2, 2, 2), ("row", "column", "axis_2")), [HPARAM]),
        ("seed", array((), ()), [HPARAM]),
        ("seed", array((1,), ("time",)), [HPARAM]),
        ("nothing", array((0, 4), TIME_2D), []),
        ("nothing", array((4, 0), TIME_2D), []),
        ("text", array((4,), ("time",), "U5"), []),
        ("complex", array((4,), ("time",), complex), []),
    ],
)
def test_shapes_names_and_types(name: str, values: xr.DataArray, plots: list[dict[str, Any]]) -> None:
    assert chosen(name, values) == plots


def test_ten_thousand_units_are_light() -> None:
    run = xr.DataTree.from_dict(
        {
            "/E": xr.Dataset(
                {
                    "voltage": array((1_000_000, 10_000), TIME_2D, "f4"),
                    "spiked": array((1_000_000, 10_000), TIME_2D, bool),
                    "weights": array((1_000_000, 2000, 2000), TIME_3D, "f4").rename(target="row", source="column"),
                }
            )
        }
    )
    plan = plan_run(run)
    assert not plan.problems
    tags = [one.tag for job in plan.jobs for drawing in job.drawings for one in drawing.series]
    assert len(tags) == SERIES + 7  # a band has three
    assert sum(size for *_, size in plan.rows()) < 50e6


@pytest.mark.parametrize("units", [1, 2, SERIES, SERIES + 1, 100, 10_000])
def test_units_are_few_different_and_from_first_to_last(units: int) -> None:
    found = chosen("voltage", array((100, units), TIME_2D))[0].get("units") or tuple(range(units))
    assert len(found) == min(units, SERIES)
    assert (found[0], found[-1]) == (0, units - 1)
    assert len(set(found)) == len(found)


@pytest.mark.parametrize("steps", [1, 2, 19, 20, 21, 39, 41, 99, 100, 101, 1000, 1001, 12_345, 99_999, 10**6, 10**9])
def test_frames_are_about_twenty_at_round_steps(steps: int) -> None:
    step = chosen("weights", array((steps, 2, 2), TIME_3D))[0].get("step", 100)
    frames = math.ceil(steps / step)
    assert frames <= FRAMES
    assert frames >= min(steps, FRAMES * 2 // 5)
    assert str(step).rstrip("0") in ("1", "2", "5")


@pytest.mark.parametrize(("steps", "step"), [(20, 1), (21, 2), (400, 20), (1000, 50), (2000, 100), (99_999, 5000)])
def test_frames_are_as_many_as_a_round_step_allows(steps: int, step: int) -> None:
    assert chosen("weights", array((steps, 2, 2), TIME_3D))[0].get("step", 100) == step


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (1, True),
        (0.5, True),
        (True, True),
        ("LIF", True),
        (np.arange(3.0), True),
        ("x" * 80, True),
        ("tensor([[1., 1., ...,", True),
        ("tensor([" + "1., " * 100, False),
    ],
)
def test_settings_are_hyperparameters_but_for_long_text(value: Any, shown: bool) -> None:
    found = [(name, kind.chosen()) for name, kind in automatic_plots({}, {"tau": value})]
    assert found == ([("tau", HPARAM)] if shown else [])


def test_everything_in_an_odd_file_is_planned_without_a_problem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = set()
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.attrs.update({"identifier": "GC", "class": "X"})
        for shape in [(), (1,), (7,), (7, 1), (1, 7), (7, 3), (0, 3), (7, 0), (7, 3, 2), (7, 1, 1)]:
            for dtype in ("?", "i2", "f2", "f8"):
                for stem in ("x", "spiked"):
                    name = f"{stem}{dtype.strip('?')}{'x'.join(map(str, shape))}"
                    file[name] = np.zeros(shape, dtype)
                    held |= {f"GC/{name}"} if 0 not in shape else set()
        file["note"] = "hello"
    forbid_reads(monkeypatch)
    plan = plan_run(open_run(tmp_path / "a.h5"))
    assert plan.problems == []
    assert {job.name for job in plan.jobs} == held


@pytest.mark.skipif(not EPL.exists(), reason="the run in ../shared/data/epl is not there")
def test_a_real_run_is_planned_light() -> None:
    plan = plan_run(open_run(EPL))
    assert not plan.problems
    assert {(row[0], row[2]) for row in plan.rows()} >= {
        ("GC/spiked", "raster (image)"),
        ("MC/voltage", "trace (scalar)"),
        ("GC--MC/weights", "heatmap (image)"),
    }
    assert sum(size for *_, size in plan.rows()) < 50e6
