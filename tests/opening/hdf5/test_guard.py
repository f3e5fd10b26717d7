"""A crash of HDF5 is the child's, and is told as that file's error; the next file is listed by a new child."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest

import pipeline
from pipeline.errors import SourceError
from pipeline.opening.hdf5 import guard, listing
from tests.common import write_hdf5
from tests.hostile import good_files, mutations

#: In place of looking at a file: it crashes, hangs or takes too much by the name of the file.
LISTING = """
import importlib.util, os, signal, sys
spec = importlib.util.spec_from_file_location("listing", {real!r})
listing = importlib.util.module_from_spec(spec)
spec.loader.exec_module(listing)
def look(path):
    path = os.path.basename(path)
    if "crash" in path:
        os.kill(os.getpid(), signal.SIGSEGV)
    if "hang" in path:
        signal.pause()
    if "much" in path:
        raise MemoryError
listing._list = look
listing.main()
"""


def written(folder: Path) -> Path:
    script = folder / "listing.py"
    script.write_text(LISTING.format(real=listing.__file__))
    return script


@pytest.fixture
def child(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> guard._Guard:
    monkeypatch.setattr(guard, "_LISTING", written(tmp_path))
    monkeypatch.setattr(guard, "_SECONDS", 0.5)
    fresh = guard._Guard()
    monkeypatch.setattr(guard, "_guard", lambda process: fresh)
    return fresh


def test_a_crash_is_that_file_s_error_and_the_next_is_opened(tmp_path: Path, child: guard._Guard) -> None:
    for name in ("crash", "good"):
        write_hdf5(tmp_path / f"{name}.h5", v=np.zeros((5, 2)), time=np.arange(5.0))
    for _ in range(2):  # it is known by then, and no child dies of it
        with pytest.raises(SourceError, match=r"crash.h5: HDF5 itself crashes on it \(SIGSEGV\); it is damaged"):
            pipeline.open_run(tmp_path / "crash.h5")
    assert pipeline.open_run(tmp_path / "good.h5")["good"].v.shape == (5, 2)


def test_a_file_that_holds_up_its_reader_is_given_up(tmp_path: Path, child: guard._Guard) -> None:
    path = write_hdf5(tmp_path / "hang.h5", v=np.zeros(5))
    with pytest.raises(SourceError, match="listing it takes more than"):
        pipeline.open_run(path)
    assert guard.check(write_hdf5(tmp_path / "good.h5", v=np.zeros(5))) == ""


def test_what_the_child_says_is_the_error(tmp_path: Path, child: guard._Guard) -> None:
    assert "more memory" in guard.check(write_hdf5(tmp_path / "much.h5", v=np.zeros(5)))


def test_a_child_that_ended_is_told_and_replaced(tmp_path: Path, child: guard._Guard) -> None:
    path = write_hdf5(tmp_path / "a.h5", v=np.zeros(5))
    child.begin()
    assert child._child is not None
    child._child.kill()
    child._child.wait()
    assert guard.check(path) == ""  # a new one was started


def test_an_unchanged_file_is_listed_once_and_a_changed_one_again(
    tmp_path: Path, child: guard._Guard, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(child, "asked", lambda path, seconds: asked.append(path) or "")
    path = write_hdf5(tmp_path / "a.h5", v=np.zeros(5))
    for _ in range(3):
        guard.check(path)
    write_hdf5(path, v=np.zeros(500))
    guard.check(path)
    assert asked == [str(path)] * 2
    assert guard.check(tmp_path / "nowhere.h5") == ""


def test_the_other_files_of_a_command_are_converted(tmp_path: Path) -> None:
    for name in ("crash", "good"):
        write_hdf5(tmp_path / f"{name}.h5", v=np.zeros((5, 2)), time=np.arange(5.0))
    listing_ = written(tmp_path)
    script = (
        "import sys; from pathlib import Path; from pipeline.opening.hdf5 import guard; "
        "guard._LISTING = Path(sys.argv[1]); from pipeline.cli.parser import main; sys.exit(main(sys.argv[2:]))"
    )
    words = ["convert", str(tmp_path / "crash.h5"), str(tmp_path / "good.h5"), "--out", str(tmp_path / "tb")]
    done = subprocess.run([sys.executable, "-c", script, listing_, *words], capture_output=True, text=True)
    assert done.returncode == 1
    assert [line for line in done.stderr.splitlines() if "error" in line] == [
        f"hdf2tb: error: {tmp_path}/crash.h5: HDF5 itself crashes on it (SIGSEGV); it is damaged, or made to do so"
    ]
    assert list((tmp_path / "tb" / "good").glob("*tfevents*"))


def test_the_child_ends_with_its_parent(tmp_path: Path) -> None:
    script = (
        "from pipeline.opening.hdf5 import guard; import os, sys; guard.begin(); guard.check(sys.argv[1]); "
        "print(guard._guard(os.getpid())._child.pid)"
    )
    path = write_hdf5(tmp_path / "a.h5", v=np.zeros(5))
    done = subprocess.run([sys.executable, "-c", script, path], capture_output=True, text=True, check=True)
    with pytest.raises(ProcessLookupError):
        os.kill(int(done.stdout), 0)


def test_listing_goes_through_all_of_a_file_and_says_nothing_of_a_good_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []
    whole = h5py.Dataset.__getitem__
    monkeypatch.setattr(h5py.Dataset, "__getitem__", lambda d, key: (read.append(d.name), whole(d, key))[1])
    for path in good_files(tmp_path):
        listing._list(str(path))
    assert {"/voltage", "/report/exc/data", "/units/spike_times", "/t2m", "/table", "/deep/er/still/y"} <= set(read)


def test_large_datasets_are_not_read_by_the_child(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_hdf5(tmp_path / "a.h5", large=np.zeros(1 << 18), small=np.zeros(3))
    read: list[str] = []
    monkeypatch.setattr(h5py.Dataset, "__getitem__", lambda d, key: read.append(d.name))
    listing._list(str(path))
    assert read == ["/small"]


@pytest.mark.slow
def test_damaged_files_are_opened_or_refused_in_a_line(tmp_path: Path) -> None:
    each = int(os.environ.get("HDF2TB_MUTATIONS", "200")) // 5
    words = [sys.executable, "-m", "tests.hostile", str(tmp_path), str(each), "5"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=None, cwd=Path(__file__).parents[3])
    assert done.returncode == 0, done.stderr
    outcomes = json.loads(done.stdout)
    assert min(outcomes["opened"], outcomes["refused"]) > each


def test_damage_is_the_same_each_time_and_changes_something() -> None:
    data = bytes(range(256)) * 40
    assert list(mutations(data, 5, 3)) == list(mutations(data, 5, 3))
    assert all(changed != data for changed in mutations(data, 50, 3))
