"""Which files a path means: named ones whatever their ending, those of a folder, those of a run folder's subfolder."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.errors import SourceError
from pipeline.opening import open_run
from pipeline.opening.discover import SUFFIXES, passed_over, run_files, run_name
from pipeline.planning.match import plan_run
from tests.common import write_hdf5


def touch(folder: Path, *names: str) -> Path:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return folder


def names(files: list[Path]) -> list[str]:
    return [file.name for file in files]


def test_a_named_file_may_have_any_ending(tmp_path: Path) -> None:
    path = touch(tmp_path, "run.dat") / "run.dat"
    assert run_files(path) == [path]
    assert run_files(str(path)) == [path]


@pytest.mark.parametrize("suffix", [*SUFFIXES, ".H5"])
def test_every_known_ending_is_found_in_a_folder(tmp_path: Path, suffix: str) -> None:
    assert names(run_files(touch(tmp_path, f"a{suffix}", "notes.txt"))) == [f"a{suffix}"]


@pytest.mark.parametrize("at", [0, 512, 2048])
def test_hdf5_by_its_first_bytes_that_is_not_named_so_is_told(tmp_path: Path, at: int) -> None:
    touch(tmp_path, "data/a.h5", "data/empty.dat", "data/notes.txt", "other.dat")
    for name in ("data/b.dat", "data/.hidden", "c.dat"):
        (tmp_path / name).write_bytes(bytes(at) + b"\x89HDF\r\n\x1a\n and more")
    assert passed_over(tmp_path) == ["b.dat"]
    assert passed_over(tmp_path / "data" / "a.h5") == []


def test_it_is_a_note_of_the_run(tmp_path: Path) -> None:
    for name in ("a.h5", "b.dat"):
        write_hdf5(tmp_path / name, v=1.0)
    plan = plan_run(open_run(tmp_path))
    assert plan.notes == [f"{tmp_path}: passed over: b.dat, HDF5 by the first bytes; name such a file itself"]


def test_files_are_sorted_by_name(tmp_path: Path) -> None:
    assert names(run_files(touch(tmp_path, "b.h5", "a.h5", "c.hdf5"))) == ["a.h5", "b.h5", "c.hdf5"]


def test_data_in_a_subfolder(tmp_path: Path) -> None:
    assert names(run_files(touch(tmp_path, "data/a.h5", "figures/a.png", "run.yaml"))) == ["a.h5"]


def test_a_folder_s_own_files_come_before_those_below(tmp_path: Path) -> None:
    assert names(run_files(touch(tmp_path, "a.h5", "old/b.h5"))) == ["a.h5"]


def test_hidden_files_and_folders_are_passed_over(tmp_path: Path) -> None:
    assert names(run_files(touch(tmp_path, "data/a.h5", "data/._a.h5", ".cache/b.h5"))) == ["a.h5"]


def test_a_folder_with_an_ending_is_no_file(tmp_path: Path) -> None:
    assert names(run_files(touch(tmp_path, "a.h5", "b.h5/part"))) == ["a.h5"]


def test_a_link_that_leads_nowhere_is_not_passed_over_in_silence(tmp_path: Path) -> None:
    (tmp_path / "a.h5").symlink_to(tmp_path / "moved.h5")
    assert names(run_files(tmp_path)) == ["a.h5"]


def test_a_folder_of_several_runs_names_them(tmp_path: Path) -> None:
    touch(tmp_path, *(f"run{number}/a.h5" for number in range(6)))
    with pytest.raises(SourceError, match=r"holds 6 runs \(run0, run1, run2, run3 .*/\*/"):
        run_files(tmp_path)


def test_two_runs_are_several(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="holds 2 runs"):
        run_files(touch(tmp_path, "a/x.h5", "b/x.h5"))


def test_a_folder_without_hdf5(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=rf"{tmp_path}: no HDF5 file .*\.h5, \.hdf5"):
        run_files(touch(tmp_path, "notes.txt", "below/more.txt"))


def test_two_folders_down_is_too_far(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no HDF5 file"):
        run_files(touch(tmp_path, "sweep/run/a.h5"))


@pytest.mark.parametrize("name", ["nowhere", "a.h5/below"])
def test_no_such_path(tmp_path: Path, name: str) -> None:
    touch(tmp_path, "a.h5")
    with pytest.raises(SourceError, match=f"{name}: no such file or folder"):
        run_files(tmp_path / name)


def test_a_folder_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "iterdir", refuse)
    with pytest.raises(SourceError, match="may not be read"):
        run_files(tmp_path)


@pytest.mark.parametrize(
    ("path", "name"), [("runs/a.b", "a.b"), ("runs/a.b/GC.old.h5", "GC.old"), ("runs/../runs/a.b/", "a.b")]
)
def test_a_run_is_named_by_its_folder_or_file(tmp_path: Path, path: str, name: str) -> None:
    touch(tmp_path, "runs/a.b/GC.old.h5")
    assert run_name(f"{tmp_path}/{path}") == name


def test_the_current_folder_has_a_name_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert run_name(".") == tmp_path.name
