"""``.hdf2tb`` on what was opened: the module's functions, called with the array or the tree."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import pipeline
from pipeline.notebook.accessor import register


def test_an_array_previews_itself(network: Path) -> None:
    voltage = pipeline.open_run(network, dt="2 ms")["GC"].voltage
    assert voltage.hdf2tb.preview("trace", units=[2]).labels == ["GC/N2/voltage"]
    expected = pipeline.preview(voltage, kind="trace", units=[2], step=5).png()
    assert voltage.hdf2tb.preview(kind="trace", units=[2], step=5).png() == expected


def test_a_slice_by_time_previews_itself(network: Path) -> None:
    part = pipeline.open_run(network, dt="2 ms")["GC--MC"].weights.sel(time=slice("100 ms", "200 ms"))
    assert part.hdf2tb.preview(kind="heatmap", step=25).labels == [
        "100 ms (step 0)",
        "150 ms (step 25)",
        "200 ms (step 50)",
    ]


def test_a_run_previews_and_plans_itself(network: Path) -> None:
    run = pipeline.open_run(network)
    assert [item.title for item in run.hdf2tb.preview(kind="raster")] == [
        item.title for item in pipeline.preview(run, kind="raster")
    ]
    assert repr(run.hdf2tb.plan()) == repr(pipeline.plan(run))
    plots = [{"voltage": {"kind": "trace"}}]
    assert run["GC"].hdf2tb.plan(plots).planned.jobs[0].name == "GC/voltage"


def test_arrays_that_were_not_opened_have_it_too() -> None:
    register()
    register()  # twice is once: xarray would warn
    array = xr.DataArray(np.eye(4), name="gains")
    assert len(array.hdf2tb.preview(kind="heatmap")) == 1
    with pytest.raises(pipeline.SettingError, match="a raster needs"):
        array.hdf2tb.preview(kind="raster")


def test_importing_registers_nothing_and_opening_imports_no_figures(network: Path) -> None:
    program = (
        "import sys, xarray, pipeline, pipeline.notebook.accessor\n"
        "assert not hasattr(xarray.DataArray, 'hdf2tb')\n"
        "run = xarray.open_datatree(sys.argv[1], engine='hdf2tb')\n"
        "assert run.hdf2tb and run['GC'].voltage.hdf2tb\n"
        "assert not {'pipeline.notebook.preview', 'matplotlib', 'tensorboard'} & set(sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", program, str(network)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
