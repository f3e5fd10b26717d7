"""An interruption at any moment costs only what was under way, and the final bytes are those of a run without one."""

from __future__ import annotations

import os
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

import pipeline
from pipeline.errors import ConversionError, Interrupted, OutputError
from pipeline.opening.hdf5.lazy_array import StoredArray
from pipeline.running import run_output
from pipeline.running.executors.in_process import InProcess
from pipeline.running.passes import all_at_once
from pipeline.running.tasks import Failure
from pipeline.slicing.budget import Budget
from pipeline.writing.eventfiles import EventFiles, read_hparams
from pipeline.writing.lock import locked
from tests.common import accumulated, tree_bytes, write_component
from tests.conftest import Read

pytestmark = pytest.mark.slow

PLOTS = [
    {"voltage": {"kind": "trace", "format": "scalar"}},
    {"voltage": {"kind": "trace", "size": "4x2"}},
    {"gain": {"kind": "hparam"}},
    {"tau": {"kind": "hparam"}},
    {"spiked": {"kind": "raster", "size": "4x3", "window": 50}},
    {"weights": {"kind": "heatmap", "step": 20, "size": "4x3", "limits": "all"}},
    {"weights": {"kind": "histogram", "step": 5, "limits": "(5 %, 95 %)"}},
    {"voltage": {"kind": "band", "points": 20}},
]


class Killed(BaseException):
    """Stands for the end of the process: nothing but the operating system's files outlives it."""


@pytest.fixture(params=[2000, 2_000_000], ids=["blocks", "batches"])
def block(request: pytest.FixtureRequest) -> int:
    """Bytes of a block: each variable is many of them, or one task does several variables."""
    return int(request.param)


@pytest.fixture
def convert(block: int) -> Any:
    return partial(pipeline.convert, memory=Budget(block=block))


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run of two components; there is a checkpoint at every step."""
    monkeypatch.setattr(run_output, "_CHECKPOINT_SECONDS", 0.0)
    monkeypatch.setattr(run_output, "_CHECKPOINT_PART", float("inf"))
    rng = np.random.default_rng(0)
    for name in ("A", "B"):
        data = {
            "voltage": rng.normal(size=(200, 8)).astype(np.float32),
            "spiked": (rng.random((200, 8)) < 0.2).astype(np.float32),
            "weights": rng.normal(size=(200, 4, 5)).astype(np.float32),
        }
        path = write_component(tmp_path / "run" / f"{name}.h5", name, data, gain=2.0)
        with h5py.File(path, "a") as file:
            file["tau"] = rng.normal(size=5)
    return tmp_path / "run"


@pytest.fixture
def whole(convert: Any, source: Path, tmp_path: Path) -> dict[str, bytes]:
    convert(source, tmp_path / "whole", PLOTS)
    return tree_bytes(tmp_path / "whole")


def killed(convert: Any, number: int, *arguments: Any, torn: bool = True) -> bool:
    """Convert, but end the writer at its `number`-th append, after a part of the records if `torn`; say if it was."""
    real, calls = EventFiles.append, iter(range(1_000_000))

    def append(self: EventFiles, kind: str, records: Any) -> None:
        if next(calls) == number:
            if torn:
                real(self, kind, bytes(records)[: len(records) // 2])
            raise Killed
        real(self, kind, records)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(EventFiles, "append", append)
        try:
            convert(*arguments)
        except Killed:
            return True
    return False


@pytest.mark.parametrize("torn", [False, True], ids=["between records", "inside a record"])
def test_killed_anywhere_it_goes_on_to_the_same_bytes(
    convert: Any, block: int, source: Path, tmp_path: Path, whole: dict[str, bytes], torn: bool
) -> None:
    number = 0
    while killed(convert, number, source, logdir := tmp_path / f"tb{number}", PLOTS, torn=torn):
        convert(source, logdir, PLOTS)
        assert tree_bytes(logdir) == whole
        number += 1
    assert number > (15 if block == 2000 else 7)


def test_killed_again_and_again_it_ends(
    convert: Any, block: int, source: Path, tmp_path: Path, whole: dict[str, bytes], reads: list[Read]
) -> None:
    convert(source, tmp_path / "once", PLOTS)
    once, kills = len(reads), 0
    while killed(convert, 2, source, tmp_path / "tb", PLOTS):
        kills += 1
    assert kills >= (6 if block == 2000 else 3)
    assert tree_bytes(tmp_path / "tb") == whole
    in_flight = 3 if block == 2000 else once  # reads of a block, or of all variables of a batch
    assert len(reads) - once <= once + in_flight * kills


class Deadly(InProcess):
    """Gives up what draws one variable, as a cluster does of which each worker dies of it."""

    def submit(self, function: Any, *args: Any) -> Any:
        if function is all_at_once and any(job.name == "A/spiked" for job in args[0]):
            return Failure("its workers died")
        return super().submit(function, *args)


@pytest.mark.parametrize("block", [2_000_000], indirect=True, ids=["batches"])
def test_a_batch_that_is_given_up_is_done_one_by_one(
    convert: Any, source: Path, tmp_path: Path, whole: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("pipeline.running.convert.executor", lambda *args: nullcontext(Deadly()))
        with pytest.raises(ConversionError, match="^A/spiked: its workers died$"):
            convert(source, tmp_path / "tb", PLOTS)
    convert(source, tmp_path / "tb", PLOTS)
    assert tree_bytes(tmp_path / "tb") == whole


def test_nothing_changed_nothing_is_read_or_written(
    convert: Any, source: Path, tmp_path: Path, reads: list[Read]
) -> None:
    convert(source, tmp_path / "tb", PLOTS)
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "tb").rglob("events*")}
    reads.clear()
    report = convert(source, tmp_path / "tb", PLOTS)
    assert reads == []
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "tb").rglob("events*")} == before
    assert report.runs[0].state == "was complete"


def test_a_changed_setting_redoes_what_it_affects(
    convert: Any, source: Path, tmp_path: Path, reads: list[Read]
) -> None:
    convert(source, tmp_path / "tb", PLOTS)
    reads.clear()
    changed = [*PLOTS[:4], {"spiked": {"kind": "raster", "size": "5x3"}}, *PLOTS[5:]]
    convert(source, tmp_path / "tb", changed)
    assert {read.dataset for read in reads} == {"A/spiked", "B/spiked"}
    convert(source, tmp_path / "afresh", changed)
    assert tree_bytes(tmp_path / "tb") == tree_bytes(tmp_path / "afresh")


def test_a_changed_source_redoes_what_it_affects(convert: Any, source: Path, tmp_path: Path, reads: list[Read]) -> None:
    convert(source, tmp_path / "tb", PLOTS)
    with h5py.File(source / "A.h5", "a") as file:
        file["voltage"][7, 3] = 99
    reads.clear()
    convert(source, tmp_path / "tb", PLOTS)
    assert {read.dataset.split("/")[0] for read in reads} == {"A"}
    convert(source, tmp_path / "afresh", PLOTS)
    assert tree_bytes(tmp_path / "tb") == tree_bytes(tmp_path / "afresh")


def test_killed_while_redoing_it_still_ends_right(convert: Any, block: int, source: Path, tmp_path: Path) -> None:
    changed = [*PLOTS[1:], {"voltage": {"kind": "trace", "format": "scalar", "step": 2}}]
    convert(source, tmp_path / "afresh", changed)
    for number in range(0, 14 if block == 2000 else 8, 2):
        logdir = tmp_path / f"tb{number}"
        convert(source, logdir, PLOTS)
        assert killed(convert, number, source, logdir, changed)
        convert(source, logdir, changed)
        assert tree_bytes(logdir) == tree_bytes(tmp_path / "afresh")


def test_restart_does_all_anew(
    convert: Any, source: Path, tmp_path: Path, whole: dict[str, bytes], reads: list[Read]
) -> None:
    reads.clear()
    convert(source, tmp_path / "whole", PLOTS, restart=True)
    assert {"A/voltage", "B/weights"} <= {read.dataset for read in reads}
    assert tree_bytes(tmp_path / "whole") == whole


def test_a_variable_that_fails_leaves_no_trace_and_is_tried_again(
    convert: Any, block: int, source: Path, tmp_path: Path, whole: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    real, broken = StoredArray.read, []
    late = 2 if block == 2000 else 0  # at once, or after some blocks were written

    def read(self: StoredArray, key: Any) -> Any:
        broken.append(self.name)
        if self.name == "/voltage" and self.path.endswith("A.h5") and broken.count("/voltage") > late:
            raise OSError("no more")
        return real(self, key)

    with monkeypatch.context() as patch:
        patch.setattr(StoredArray, "read", read)
        with pytest.raises(ConversionError, match=r"A/voltage: .*no more"):
            convert(source, tmp_path / "tb", PLOTS)
    convert(source, tmp_path / "tb", PLOTS)
    assert tree_bytes(tmp_path / "tb") == whole


def test_a_full_disk_is_told_and_what_was_written_goes_on(
    convert: Any, source: Path, tmp_path: Path, whole: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Full:
        """A file on a disk with room for a few bytes."""

        def __init__(self, path: Any, mode: str, **options: Any) -> None:
            self.file, self.room = open(path, mode, **options), 5000

        def write(self, data: Any) -> int:
            if not self.room:
                raise OSError(28, os.strerror(28))
            count = self.file.write(data[: self.room])
            self.room -= count
            return count

        def __getattr__(self, name: str) -> Any:
            return getattr(self.file, name)

    def full_for_events(path: Any, mode: str, **options: Any) -> Any:
        return Full(path, mode, **options) if "tfevents" in str(path) else open(path, mode, **options)

    with monkeypatch.context() as patch:
        patch.setattr("pipeline.writing.eventfiles.open", full_for_events, raising=False)
        with pytest.raises(OutputError, match="No space left"):
            convert(source, tmp_path / "tb", PLOTS)
    convert(source, tmp_path / "tb", PLOTS)
    assert tree_bytes(tmp_path / "tb") == whole


def test_a_plot_that_fails_takes_no_other_plot_of_its_variable_with_it(convert: Any, tmp_path: Path) -> None:
    with h5py.File(tmp_path / "run.h5", "w") as file:
        for name in ("before", "v", "after"):
            file.create_dataset(name, data=np.random.default_rng(1).normal(size=(400, 3)), maxshape=(None, 3))
    curve, table = {"kind": "trace", "format": "scalar"}, {"kind": "hparam"}
    good = [("before", curve), ("v", curve), ("v", {"kind": "heatmap"}), ("v", table), ("after", curve)]
    convert(tmp_path / "run.h5", tmp_path / "good", good)
    for _ in range(2):  # and again, where the others are complete
        with pytest.raises(ConversionError) as caught:
            convert(tmp_path / "run.h5", tmp_path / "tb", [*good, ("v", {"kind": "raster"})])
        [problem] = caught.value.report.problems
        assert "run/v: raster (image): a raster needs spikes, 0 and 1; this holds values such as" in problem
        expected, found = accumulated(tmp_path / "good" / "run"), accumulated(tmp_path / "tb" / "run")
        assert found.Tags()["images"] == ["run/v"]
        for tag in expected.Tags()["scalars"]:
            assert [(p.step, p.value) for p in found.Scalars(tag)] == [(p.step, p.value) for p in expected.Scalars(tag)]
        assert read_hparams(tmp_path / "tb" / "run") == read_hparams(tmp_path / "good" / "run")
        assert "9 series of 3 traces" in caught.value.report.runs[0].written


def test_event_files_that_were_cut_off_since_are_mended(convert: Any, source: Path, tmp_path: Path) -> None:
    convert(source, tmp_path / "tb", PLOTS)
    whole = tree_bytes(tmp_path / "tb")
    for path in (tmp_path / "tb").rglob("*.hdf2tb.*s"):
        for length in (path.stat().st_size - 100, 10, 0):
            os.truncate(path, length)
            convert(source, tmp_path / "tb", PLOTS)
            assert tree_bytes(tmp_path / "tb") == whole


def test_two_conversions_into_one_directory_are_refused(convert: Any, source: Path, tmp_path: Path) -> None:
    with locked(tmp_path / "tb"), pytest.raises(OutputError, match="another conversion"):
        convert(source, tmp_path / "tb", PLOTS)
    convert(source, tmp_path / "tb", PLOTS)


def test_arrays_in_memory_are_always_done_anew(convert: Any, tmp_path: Path) -> None:
    import xarray as xr

    logdir = tmp_path / "tb"
    plots = [{"v": {"kind": "trace", "format": "scalar"}}]
    found = []
    for value in (1.0, 2.0):
        dataset = xr.Dataset({"v": (("time", "unit"), np.full((5, 2), value))})
        convert(xr.DataTree.from_dict({"/C": dataset}, name="m"), logdir, plots)
        found.append(tree_bytes(logdir))
    assert found[0] != found[1]


def interrupted(source: Path, out: Path, part: float, **where: Any) -> Interrupted:
    """Convert, press the stop button when a part is done, and return what is said."""

    def stop(progress: pipeline.Progress) -> None:
        if progress.part >= part:
            raise KeyboardInterrupt

    with pytest.raises(Interrupted) as caught:
        pipeline.convert(source, out, PLOTS, memory=Budget(block=2000), progress=stop, **where)
    return caught.value


@pytest.mark.parametrize(("part", "workers"), [(0.1, 2), (0.4, None)], ids=["early, workers", "in process"])
def test_an_interrupt_keeps_what_is_done_and_says_how_much_that_is(
    part: float, workers: int | None, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline.convert(source, tmp_path / "whole", PLOTS, memory=Budget(block=2000))
    monkeypatch.setattr(run_output, "_CHECKPOINT_SECONDS", 1e9)  # none but what the interrupt itself makes
    stopped = interrupted(source, tmp_path / "tb", part, workers=workers)
    assert stopped.part is not None
    assert part <= stopped.part < part + 0.1
    assert str(stopped) == f"stopped at {int(100 * stopped.part)} %; the same call goes on from here"
    assert stopped._render_traceback_() == [
        f"stopped at {int(100 * stopped.part)} %; run the cell again, it goes on",
    ]
    report = pipeline.convert(source, tmp_path / "tb", PLOTS, memory=Budget(block=2000), workers=workers)
    assert report.runs[0].reused / report.runs[0].blocks > 0.6 * part
    assert report.runs[0].state == f"continued at {100 * report.runs[0].reused // report.runs[0].blocks} %"
    assert tree_bytes(tmp_path / "tb") == tree_bytes(tmp_path / "whole")


def test_an_interrupt_before_anything_is_done_is_a_line_too(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr("pipeline.running.convert._within", stop)
    with pytest.raises(Interrupted, match="stopped before it began; the same call goes on from here"):
        pipeline.convert(source, tmp_path / "tb", PLOTS)
