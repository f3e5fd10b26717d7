"""The demonstration: a network that is worth looking at, logged as the original does."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest

import pipeline
from pipeline.cli.parser import main
from pipeline.demo import grow, simulate
from pipeline.planning.config import parse_plots, read_config
from pipeline.planning.match import plan_run
from pipeline.writing.eventfiles import read_hparams
from tests.common import accumulated
from tests.conftest import drawn, stored


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A short demonstration run."""
    return simulate(tmp_path_factory.mktemp("demo") / "network", steps=600)


def test_it_is_logged_in_the_originals_layout(network: Path) -> None:
    for path in sorted((network / "data").glob("*.h5")):
        with h5py.File(path) as file:
            assert file.attrs["identifier"] == path.stem
            assert {"class", "version"} <= set(file.attrs)
            assert all(isinstance(value, str) for value in file["configuration"].attrs.values())
            for dataset in (item for item in file.values() if isinstance(item, h5py.Dataset)):
                assert dataset.shape[0] == 600
                assert (dataset.chunks[0], dataset.maxshape[0], dataset.compression) == (1, None, "lzf")
                assert dataset.dtype == np.float32


def test_all_that_its_configuration_asks_for_can_be_drawn(network: Path) -> None:
    plots = parse_plots(read_config(network / "run.yaml"))
    plan = plan_run(pipeline.open_run(network, dt="1ms"), plots)

    assert plan.problems == []
    assert plan.unmatched(plots) == []
    assert {d.plot.kind for job in plan.jobs for d in job.drawings} == {"raster", "trace", "heatmap"}
    assert {"E/tau_mem/mean", "E/drive", "I/seed"} <= set(plan.hparams)


def test_the_network_is_worth_looking_at(network: Path) -> None:
    spiked = stored(network / "data" / "E.h5", "spiked")
    assert set(np.unique(spiked)) == {0, 1}
    before, during, after = (spiked[part].mean() * 1000 for part in (slice(200), slice(200, 400), slice(400, 600)))
    assert 0.5 < before < 60  # spikes a second
    assert during > 1.3 * before
    assert during > 1.3 * after
    weights = stored(network / "data" / "E--E.h5", "weights")
    assert np.abs(weights[-1] - weights[0]).max() > 0.1
    voltage = stored(network / "data" / "E.h5", "voltage")
    assert np.isfinite(voltage).all()
    assert -120 < voltage.min() < -40 < voltage.max()


def test_it_is_repeatable(tmp_path: Path) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        simulate(tmp_path / name, steps=20, seed=seed)
    first, again, other = (stored(tmp_path / name / "data" / "E.h5", "voltage") for name in "abc")

    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(pipeline.OutputError, match="cannot be written"):
        simulate(tmp_path / "file" / "run", steps=3)


@pytest.mark.parametrize("steps", [1, 150])
def test_the_command_converts_it_and_says_what_to_do_next(
    steps: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["demo", "--out", str(tmp_path / "a demo"), "--steps", str(steps), "--seed", "3"]) == 0

    printed = capsys.readouterr().out
    assert f"hdf2tb view '{tmp_path}/a demo/tb'" in printed
    assert f"hdf2tb inspect '{tmp_path}/a demo/network'" in printed
    run = tmp_path / "a demo" / "tb" / "network"
    found = accumulated(run)
    assert {"E/raster", "I/raster", "E--E/weights"} <= set(found.Tags()["images"])
    assert len(found.Scalars("E/N79/voltage")) == steps
    assert read_hparams(run)["E/seed"] == 3


def test_the_command_again_gives_the_same(tmp_path: Path) -> None:
    command = ["demo", "--out", str(tmp_path / "demo"), "--steps", "40"]
    assert main(command) == 0
    before = drawn(tmp_path / "demo" / "tb")
    assert main(command) == 0
    assert drawn(tmp_path / "demo" / "tb") == before != {}


def test_wrong_use(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "--out", str(tmp_path / "demo"), "--steps", "0"]) == 2
    assert "--steps 0: accepted is" in capsys.readouterr().err
    assert not (tmp_path / "demo").exists()


def test_a_run_that_grows_becomes_the_same_run(network: Path, tmp_path: Path) -> None:
    lengths = []
    for run in grow(tmp_path / "network", steps=600, part=250):
        with h5py.File(run / "data" / "E--E.h5") as file:
            lengths.append(len(file["weights"]))
    assert lengths == [250, 500, 600]
    for path in sorted((network / "data").glob("*.h5")):
        with h5py.File(path) as whole, h5py.File(tmp_path / "network" / "data" / path.name) as grown:
            for key in whole.keys() - {"configuration"}:
                np.testing.assert_array_equal(grown[key], whole[key])
                assert dict(grown[key].attrs) == dict(whole[key].attrs)
            assert dict(grown["configuration"].attrs) == dict(whole["configuration"].attrs)
