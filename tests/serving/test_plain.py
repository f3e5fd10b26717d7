"""Plain TensorBoard shows a folder of HDF5 runs, and is left alone where there is anything else."""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import pipeline
from pipeline.serving.plain import Loader, runs_in
from tests.common import accumulated, write_component
from tests.conftest import serving, simulate


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    for name in ("a", "b"):
        write_component(tmp_path / "runs" / name / "GC.h5", "GC", {"voltage": np.ones((20, 2), "f4")})
    return tmp_path / "runs"


def test_runs_are_found_where_there_are_no_event_files(runs: Path) -> None:
    assert runs_in(runs) == [runs / "a", runs / "b"]
    assert runs_in(runs / "a") == [runs / "a"]
    assert runs_in(runs / "none") == []
    (runs / "a" / "deep").mkdir()
    (runs / "a" / "deep" / "events.out.tfevents.1.x").write_bytes(b"")
    assert runs_in(runs) == []
    assert runs_in(runs / "b") == [runs / "b"]


@pytest.mark.parametrize("other", ["grpc_data_provider", "logdir_spec", "db", "inspect"])
def test_it_does_nothing_where_it_is_not_meant(runs: Path, other: str) -> None:
    flags = argparse.Namespace(**{"logdir": str(runs), "grpc_data_provider": "", other: "given"})
    before = dict(vars(flags))
    loader = Loader()
    loader.fix_flags(flags)
    assert vars(flags) == before
    assert loader.load(None) is None


def test_what_is_no_run_costs_nothing(tmp_path: Path) -> None:
    (tmp_path / "events.out.tfevents.1.x").write_bytes(b"")
    code = f"""
import argparse, sys
from pipeline.serving.plain import Loader
before = set(sys.modules)
Loader().fix_flags(argparse.Namespace(logdir={str(tmp_path)!r}))
print([name for name in ("h5py", "xarray", "dask", "matplotlib", "grpc._channel") if name in set(sys.modules) - before])
"""
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


@pytest.mark.slow
def test_plain_tensorboard_shows_what_a_conversion_writes(tmp_path: Path) -> None:
    run = simulate(tmp_path / "runs" / "calm", 1, steps=300)
    pipeline.convert(run, tmp_path / "tb")
    written = accumulated(tmp_path / "tb" / "calm")
    with serving(tmp_path / "runs", tmp_path / "log") as server:
        assert server.json("/data/runs") == ["calm"]
        for tag in written.Tags()["scalars"][:3]:
            points = server.json(f"/data/plugin/scalars/scalars?run=calm&tag={tag}")
            assert [(step, value) for _, step, value in points] == [(p.step, p.value) for p in written.Scalars(tag)]
        for tag in written.Tags()["images"]:
            shown = server.json(f"/data/plugin/images/images?run=calm&tag={tag}&sample=0")
            for one, expected in zip(shown, written.Images(tag), strict=True):
                assert one["step"] == expected.step
                assert (
                    server.get(f"/data/plugin/images/individualImage?{one['query']}") == expected.encoded_image_string
                )
        listed = server.json("/data/plugin/hdf2tb/variables")["variables"]
        assert "GC/voltage" in {one["name"] for one in listed}
        assert server.json("/data/plugins_listing")["hparams"]["enabled"]
