"""A time that is no number never reaches TensorBoard, which stops reading there; that it was missing is told."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest

import pipeline
from tests.common import accumulated


@pytest.mark.parametrize("missing", [[0], [500], [999], [0, 1, 998, 999], [10, 11, 12]], ids=str)
@pytest.mark.parametrize("steps", [1000, 1001], ids=["even", "uneven"])
@pytest.mark.parametrize("wide", [2, 4000], ids=["small", "large"])
def test_a_missing_time_is_taken_from_those_around_it(
    tmp_path: Path, missing: list[int], steps: int, wide: int
) -> None:
    times = np.arange(steps) * 0.5
    times[600:] += steps % 2 * 7.0
    said = times.copy()
    said[missing] = np.nan
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["time"] = said
        file["time"].attrs["units"] = "ms"
        file.create_dataset("v", (steps, wide), "f4", chunks=(100, wide))
    plots = [{"v": {"kind": "trace", "format": "scalar", "units": [1]}}]
    report = pipeline.convert(tmp_path / "a.h5", tmp_path / "tb", plots)
    points = accumulated(tmp_path / "tb" / "a").Scalars("a/N1/v")
    walls = np.array([point.wall_time for point in points])
    assert len(points) == steps
    assert np.isfinite(walls).all()
    known = np.setdiff1d(np.arange(steps), missing)
    np.testing.assert_allclose(walls[known], times[known] * 1e-3, atol=1e-12)
    assert (np.diff(walls) >= 0).all()
    assert report.runs[0].notes == (
        f"a/v: {len(missing)} of its {steps:,} times are no numbers; they are taken from those around them",
    )


def test_where_no_time_is_a_number_steps_are_counted(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["time"] = np.full(20, np.nan)
        file["v"] = np.zeros((20, 2))
    report = pipeline.convert(tmp_path / "a.h5", tmp_path / "tb", [{"v": {"kind": "trace", "format": "scalar"}}])
    points = accumulated(tmp_path / "tb" / "a").Scalars("a/N1/v")
    assert [point.wall_time for point in points] == list(range(20))
    assert report.runs[0].notes == ("a/v: 20 of its 20 times are no numbers; steps are counted instead",)
