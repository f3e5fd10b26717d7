"""Sources become runs with names of their own, and the files of a sweep have tags and columns in common."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest

from pipeline import convert
from pipeline.planning.sources import plan_sources
from pipeline.writing.eventfiles import read_hparams
from tests.common import accumulated, write_component


def files(folder: Path, names: list[str]) -> list[Path]:
    paths = [folder / f"{name}.h5" for name in names]
    for number, path in enumerate(paths):
        path.parent.mkdir(parents=True, exist_ok=True)
        with h5py.File(path, "w") as file:
            file.create_dataset("v", data=np.full((20, 2), number, "f4"), maxshape=(None, 2))
            file.attrs["gain"] = 1.0 + number
    return paths


@pytest.mark.parametrize(
    ("names", "component"),
    [
        (["gain1", "gain2", "gain10"], "gain"),
        (["run_0.1", "run_0.25"], "run"),
        (["tau_low", "tau_left"], "tau"),
        (["sim a", "sim b"], "sim"),
        (["a/out", "b/out"], "out"),
        (["膜1", "膜2"], "膜"),
    ],
)
def test_a_sweep_of_files_has_tags_in_common(tmp_path: Path, names: list[str], component: str) -> None:
    plans, _ = plan_sources(files(tmp_path, names))
    assert len({plan.name for plan in plans}) == len(names)
    for plan in plans:
        shown = {one.tag for one in plan.series() if one.plugin != "hparams"}
        assert shown == {f"{component}/N0/v", f"{component}/N1/v", f"{component}/v"}
        assert plan.hparams.keys() == {f"{component}/gain"}


@pytest.mark.parametrize("names", [["voltage", "vesicles"], ["one", "two"], ["1", "2"], ["gain1"]])
def test_files_without_a_word_in_common_keep_their_names(tmp_path: Path, names: list[str]) -> None:
    plans, _ = plan_sources(files(tmp_path, names))
    assert [next(iter(plan.hparams)) for plan in plans] == [f"{name}/gain" for name in names]


def test_a_name_that_the_file_tells_is_kept(tmp_path: Path) -> None:
    paths = [write_component(tmp_path / f"gain{n}.h5", "GC", {"v": np.zeros((5, 2))}) for n in (1, 2)]
    plans, _ = plan_sources(paths)
    assert {one.tag.split("/")[0] for plan in plans for one in plan.series() if one.plugin != "hparams"} == {"GC"}


def test_a_sweep_is_compared_in_tensorboard(tmp_path: Path) -> None:
    convert(files(tmp_path, ["gain1", "gain2"]), tmp_path / "tb", metrics=["gain/N0/v"])
    for number in (1, 2):
        run = tmp_path / "tb" / f"gain{number}"
        assert accumulated(run).Scalars("gain/N0/v")[0].value == number - 1
        assert read_hparams(run) == {"gain/gain": float(number)}
