"""TensorBoard is told to show as much as there is, and people of what is more than it shows well."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from tensorboard.summary import Writer

import pipeline
from pipeline.serving.notebook import heavy, samples
from pipeline.serving.process import tensorboard_command
from tests.conftest import PLOTS, STEPS

FEW = {"images": 10, "scalars": 1000}


@pytest.fixture
def foreign(tmp_path: Path) -> Path:
    """What another writer left: points and pictures in one file."""
    writer = Writer(str(tmp_path / "foreign"))
    for step in range(1100):
        writer.add_scalar("loss", step, step)
    writer.close()
    return tmp_path / "foreign"


def test_an_empty_or_missing_directory_takes_what_tensorboard_takes(tmp_path: Path) -> None:
    assert samples(tmp_path) == FEW
    assert samples(tmp_path / "nowhere") == FEW
    (tmp_path / "events.out.tfevents.1.empty").touch()
    assert samples(str(tmp_path)) == FEW


def test_every_point_and_frame_of_a_run_counts(converted: Path, network: Path, tmp_path: Path) -> None:
    found = samples(converted)
    assert STEPS <= found["scalars"] <= 3 * STEPS  # records, of which a tag may have as many
    assert 12 + 1 <= found["images"] <= 20

    pipeline.convert(network, tmp_path, [{"weights": {"kind": "heatmap", "step": 10, "size": (2, 2)}}])
    assert samples(tmp_path)["images"] >= 120
    assert samples(tmp_path)["scalars"] == 1000


def test_a_tag_may_go_on_in_a_second_file(tmp_path: Path) -> None:
    for _ in range(3):
        writer = pipeline.TensorboardWriter(tmp_path / "run")
        writer.trace("GC", "voltage", np.ones(700), {"format": "scalar"})
    pipeline.TensorboardWriter(tmp_path / "other").trace("GC", "voltage", np.ones(900), {"format": "scalar"})

    assert 2100 <= samples(tmp_path)["scalars"] < 2200


def test_files_of_other_writers_count_for_all(foreign: Path) -> None:
    found = samples(foreign.parent)
    assert found["scalars"] >= 1100
    assert found["images"] >= 1100


@pytest.mark.parametrize("cut", [1, 7, 20, 1000])
def test_a_file_that_is_being_written_is_counted_as_far_as_it_is(cut: int, foreign: Path) -> None:
    (path,) = foreign.iterdir()
    whole = samples(foreign)["scalars"]
    path.write_bytes(path.read_bytes()[:-cut])

    assert whole - 1 - cut // 20 <= samples(foreign)["scalars"] <= whole


def test_hyperparameters_are_no_samples(network: Path, tmp_path: Path) -> None:
    pipeline.convert(network, tmp_path, PLOTS[3:])
    assert samples(tmp_path) == FEW


def test_the_command_runs_this_pythons_tensorboard(tmp_path: Path) -> None:
    command = tensorboard_command(tmp_path / "tb", {"scalars": 5000, "images": 40})
    assert command == [
        sys.executable,
        "-m",
        "tensorboard.main",
        f"--logdir={tmp_path}/tb",
        "--samples_per_plugin=images=40,scalars=5000",
        "--reload_multifile=true",
    ]
    assert tensorboard_command("tb", FEW, port=0, host="::1")[-2:] == ["--port=0", "--host=::1"]


def test_what_is_light_is_not_spoken_of(converted: Path) -> None:
    assert heavy(converted) == []


@pytest.mark.parametrize(("frames", "spoken"), [(300, False), (301, True)])
def test_more_frames_than_the_slider_takes(tmp_path: Path, frames: int, spoken: bool) -> None:
    writer = pipeline.TensorboardWriter(tmp_path / "run")
    settings = {"step": 1, "size": (1, 1)}
    writer.heatmap("GC", "few", np.zeros((20, 2, 2)), settings)
    writer.heatmap("GC", "weights", np.zeros((frames, 2, 2)), settings)
    expected = "run: GC/weights has 301 frames; the slider works to about 300: a larger step"
    assert heavy(tmp_path) == ([expected] if spoken else [])


@pytest.mark.parametrize(("units", "spoken"), [(1999, False), (2001, True)])
def test_more_tags_than_are_listed_well(tmp_path: Path, units: int, spoken: bool) -> None:
    writer = pipeline.TensorboardWriter(tmp_path / "sweep" / "run")
    writer.trace("GC", "voltage", np.zeros((3, units)), {"format": "scalar"})
    writer.heatmap("GC", "weights", np.zeros((2, 2)), {"size": (1, 1)})
    found = heavy(tmp_path)
    assert len(found) == spoken
    if spoken:
        assert found[0].startswith("sweep/run: 2,002 tags, which take long to list: fewer units (units=0:16), or a")


def test_thinned_series_count_as_well(tmp_path: Path) -> None:
    """Their records hold one tag each, where those of all points hold every tag."""
    pipeline.TensorboardWriter(tmp_path).trace("G", "v", np.zeros((9, 2001)), {"format": "scalar", "points": 4})
    assert len(heavy(tmp_path)) == 1


def test_a_file_that_is_cut_off_is_looked_at_as_far_as_it_is(tmp_path: Path) -> None:
    pipeline.TensorboardWriter(tmp_path).trace("G", "v", np.zeros((9, 2001)), {"format": "scalar"})
    (path,) = tmp_path.glob("*.scalars")
    path.write_bytes(path.read_bytes()[:-7])
    assert len(heavy(tmp_path)) == 1
