"""Two sources of one name never share a run directory, in one command or in several."""

from __future__ import annotations

import shutil
from pathlib import Path

import h5py
import numpy as np

from pipeline import convert, open_run
from tests.common import accumulated, tree_bytes

PLOTS = [{"v": {"kind": "trace", "format": "scalar"}}]


def source(folder: Path, value: float) -> Path:
    folder.mkdir(parents=True)
    with h5py.File(folder / "output.h5", "w") as file:
        file.create_dataset("v", data=np.full((50, 2), value), maxshape=(None, 2))
    return folder / "output.h5"


def first_values(logdir: Path) -> dict[str, float]:
    runs = {path.parent for path in logdir.rglob("*.scalars")}
    return {str(run.relative_to(logdir)): accumulated(run).Scalars("output/N0/v")[0].value for run in sorted(runs)}


def test_a_second_command_names_its_run_apart_and_says_so(tmp_path: Path) -> None:
    sources = [source(tmp_path / f"sim{number}", number) for number in (1, 2, 3)]
    reports = [convert(path, tmp_path / "tb", PLOTS) for path in sources]
    assert first_values(tmp_path / "tb") == {"output": 1.0, "sim2/output": 2.0, "sim3/output": 3.0}
    assert reports[0].runs[0].notes == ()
    [note] = reports[1].runs[0].notes
    assert note == f"run sim2/output: output is there already, of another source ({sources[0]})"


def test_the_same_command_again_finds_its_run(tmp_path: Path) -> None:
    sources = [source(tmp_path / f"sim{number}", number) for number in (1, 2)]
    for path in sources:
        convert(path, tmp_path / "tb", PLOTS)
    before = tree_bytes(tmp_path / "tb")
    for path in (*sources, *reversed(sources)):
        assert convert(path, tmp_path / "tb", PLOTS).runs[0].state == "was complete"
    assert tree_bytes(tmp_path / "tb") == before


def test_a_source_that_changed_is_the_same(tmp_path: Path) -> None:
    path = source(tmp_path / "sim1", 1)
    convert(path, tmp_path / "tb", PLOTS)
    with h5py.File(path, "a") as file:
        file["v"][...] = 7
    convert(path, tmp_path / "tb", PLOTS)
    assert first_values(tmp_path / "tb") == {"output": 7.0}
    convert(path, tmp_path / "tb", [{"v": {"kind": "trace", "format": "scalar", "step": 2}}])
    assert first_values(tmp_path / "tb") == {"output": 7.0}


def test_a_source_that_was_moved_is_the_same(tmp_path: Path) -> None:
    path = source(tmp_path / "sim1", 1)
    convert(path, tmp_path / "tb", PLOTS)
    shutil.move(tmp_path / "sim1", tmp_path / "archive")
    assert convert(tmp_path / "archive" / "output.h5", tmp_path / "tb", PLOTS).runs[0].state == "was complete"
    assert first_values(tmp_path / "tb") == {"output": 1.0}


def test_an_opened_run_has_the_source_that_it_was_opened_from(tmp_path: Path) -> None:
    one, two = (source(tmp_path / f"sim{number}", number) for number in (1, 2))
    convert(one, tmp_path / "tb", PLOTS)
    convert(open_run(two), tmp_path / "tb", PLOTS)
    assert first_values(tmp_path / "tb") == {"output": 1.0, "sim2/output": 2.0}


def test_delayed_conversions_are_told_apart_too(tmp_path: Path) -> None:
    one, two = (source(tmp_path / f"sim{number}", number) for number in (1, 2))
    convert(one, tmp_path / "tb", PLOTS)
    convert(two, tmp_path / "tb", PLOTS, compute=False).compute()
    assert first_values(tmp_path / "tb") == {"output": 1.0, "sim2/output": 2.0}
