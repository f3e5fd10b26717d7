"""What takes long is told from shapes alone: values that are read, and pictures that are drawn."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import pytest

import pipeline
from pipeline.planning.config import parse_plots
from pipeline.planning.cost import seconds
from pipeline.planning.match import plan_run


@pytest.fixture
def large(tmp_path: Path) -> Path:
    """A file of which nothing is written: eight gigabytes of voltages, and as many matrices as there are steps."""
    with h5py.File(tmp_path / "large.h5", "w") as file:
        file.attrs.update({"identifier": "GC", "class": "Ensemble", "version": "0.4.1"})
        file.create_dataset("voltage", (20_000_000, 100), "f4", chunks=(1000, 100))
        file.create_dataset("weights", (60_000, 2, 2), "f4", chunks=(100, 2, 2))
    return tmp_path / "large.h5"


def cost(path: Path, name: str, **settings: Any) -> float:
    return seconds(plan_run(pipeline.open_run(path), parse_plots([{name: settings}])).jobs)


def test_what_is_read_takes_time(large: Path) -> None:
    assert 20 < cost(large, "voltage", kind="raster") < 80  # at some 200 MB a second
    assert cost(large, "voltage", kind="heatmap") == pytest.approx(cost(large, "voltage", kind="raster"), rel=0.01)


def test_pictures_take_time_however_little_is_read(large: Path) -> None:
    every = cost(large, "weights", kind="heatmap", step=1, limits=(-1, 1))
    assert every == pytest.approx(100, rel=0.1)  # 60,000 of them, at some 600 a second
    assert cost(large, "weights", kind="heatmap", step=100, limits=(-1, 1)) < every / 50
    assert cost(large, "weights", kind="hparam") < 0.1
