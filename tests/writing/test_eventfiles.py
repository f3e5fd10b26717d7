from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pipeline.errors import OutputError
from pipeline.model.chart import Chart
from pipeline.model.record import Scalars
from pipeline.writing import encode
from pipeline.writing.eventfiles import (
    FIRST_RECORD,
    EventFiles,
    event_file,
    free_number,
    read_hparams,
    write_experiment,
)
from tests.common import accumulated
from tests.writing.reference import unframed


def points(first: int, count: int = 3) -> bytearray | bytes:
    steps = np.arange(first, first + count)
    return encode(Scalars(("GC/voltage",), steps, steps * 1.0, steps[:, None].astype(np.float32)))


def test_what_was_appended_is_on_disk_without_closing(tmp_path: Path) -> None:
    files = EventFiles(tmp_path / "run")
    assert not (tmp_path / "run").exists()
    for first in (0, 3, 6):
        files.append("scalars", points(first))
        found = [event.step for event in accumulated(tmp_path / "run").Scalars("GC/voltage")]
        assert found == list(range(first + 3))
    assert files.ends == {"scalars": event_file(tmp_path / "run", "scalars").stat().st_size}
    files.close()


def test_it_begins_with_the_version_once(tmp_path: Path) -> None:
    for first in (0, 3):
        with EventFiles(tmp_path) as files:
            files.append("scalars", points(first))
    versions = [e.file_version for e in unframed(event_file(tmp_path, "scalars").read_bytes()) if e.file_version]
    assert versions == ["brain.Event:2"]


def test_nothing_makes_no_file(tmp_path: Path) -> None:
    with EventFiles(tmp_path / "run") as files:
        files.append("images", b"")
    assert not (tmp_path / "run").exists()


def test_cutting_removes_what_follows_and_files_without_an_end(tmp_path: Path) -> None:
    with EventFiles(tmp_path) as files:
        files.append("scalars", points(0))
        end = files.ends["scalars"]
        files.append("scalars", points(3))
        files.append("images", points(0))
        (tmp_path / "events.out.tfevents.0000000007.hdf2tb.images").touch()
        (tmp_path / "events.out.tfevents.123.elsewhere").touch()
        files.cut({"scalars": end})
        assert files.ends == {"scalars": end}
        files.append("scalars", points(9))
    assert [event.step for event in accumulated(tmp_path).Scalars("GC/voltage")] == [0, 1, 2, 9, 10, 11]
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "events.out.tfevents.0000000000.hdf2tb.scalars",
        "events.out.tfevents.123.elsewhere",
    ]


def test_the_first_record_follows_the_version(tmp_path: Path) -> None:
    with EventFiles(tmp_path) as files:
        files.append("scalars", points(0))
    assert event_file(tmp_path, "scalars").read_bytes()[FIRST_RECORD:] == points(0)


def test_hyperparameters_replace_those_before(tmp_path: Path) -> None:
    files = EventFiles(tmp_path / "a")
    files.write_hparams({"x": 1.0}, "a")
    files.write_hparams({"x": 2.0, "y": "z"}, "a")
    assert read_hparams(tmp_path / "a") == {"x": 2.0, "y": "z"}
    assert read_hparams(tmp_path / "none") == {}
    assert len(list((tmp_path / "a").iterdir())) == 1


def test_one_experiment_over_all_runs(tmp_path: Path) -> None:
    write_experiment(tmp_path)
    assert list(tmp_path.iterdir()) == []
    for number, run in enumerate(("a", "deep/b")):
        EventFiles(tmp_path / run).write_hparams({f"x{number}": 1.0}, run)
    write_experiment(tmp_path)
    path = event_file(tmp_path, "experiment")
    assert b"x0" in path.read_bytes()
    assert b"x1" in path.read_bytes()
    before = path.stat().st_mtime_ns
    write_experiment(tmp_path)
    assert path.stat().st_mtime_ns == before


def test_a_free_number_is_above_those_that_are_taken(tmp_path: Path) -> None:
    assert free_number(tmp_path) == 0
    with EventFiles(tmp_path, 4) as files:
        files.append("images", points(0))
    assert free_number(tmp_path) == 5


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    files = EventFiles(tmp_path / "file" / "run")
    for call in (
        lambda: files.append("scalars", points(0)),
        lambda: files.cut({}),
        lambda: files.write_hparams({"x": 1.0}, ""),
        lambda: files.write_layout([Chart("GC", "v", ("GC/N0/v",))]),
    ):
        with pytest.raises(OutputError, match="file/run.*cannot be written"):
            call()
