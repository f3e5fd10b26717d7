"""Names and attributes that were made to do harm: nothing leaves the log directory, and every line stays one."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest

from pipeline.cli.parser import main
from pipeline.opening import open_run
from tests.common import accumulated

NAMES = [
    "..",
    "<img src=x onerror=alert(1)>",
    "two\nlines",
    "\x07bell\x1b[2J",
    "x" * 300,
    "名前",
    "%s%n",
    "$(touch boo)",
    "-rf",
]


@pytest.fixture
def evil(tmp_path: Path) -> Path:
    path = tmp_path / "in" / "evil.h5"
    path.parent.mkdir()
    with h5py.File(path, "w") as file:
        for number, name in enumerate(NAMES):
            stored = file.create_dataset(name, data=np.full((5, 2), number, "f4"), maxshape=(None, 2))
            stored.attrs["units"] = "<b>mV</b>\n"
        file.attrs.update({"identifier": "../../etc/<img src=x>\n", "class": "x"})
        file.create_dataset("huge", (10**9, 10**6), "f8", chunks=(1000, 1000), maxshape=(None, 10**6))
        group = file
        for _ in range(300):
            group = group.create_group("d")
        group["v"] = np.zeros(5)
        file["around/again"] = h5py.SoftLink("/around")
        for number in range(200):
            file.attrs[f"a{number}"] = "y" * 200
    return path


def test_what_is_written_is_below_the_log_directory(
    evil: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    before = {path for path in tmp_path.rglob("*")}
    plots = [f"{name}:kind=trace,format=scalar" for name in NAMES if ":" not in name]
    assert main(["convert", str(evil), "--out", "tb", *(f"--plot={plot}" for plot in plots)]) == 0
    new = {path for path in tmp_path.rglob("*")} - before
    assert {path.relative_to(tmp_path).parts[0] for path in new} == {"tb"}
    found = accumulated(tmp_path / "tb" / "evil")
    for number, name in enumerate(NAMES):
        (tag,) = [tag for tag in found.Tags()["scalars"] if tag.endswith(f"/N1/{name}")]
        assert [point.value for point in found.Scalars(tag)] == [number] * 5
    out, err = capsys.readouterr()
    assert not {"\x07", "\x1b"} & set(out + err)
    assert all(
        line.startswith(("note: ", "hdf2tb: ")) or "bytes" in line or " in " in line for line in err.splitlines()
    )


def test_it_is_listed_and_planned(evil: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", str(evil)]) == 0
    assert main(["convert", str(evil), "--out", str(tmp_path / "tb"), "--dry-run"]) == 0
    out, _ = capsys.readouterr()
    assert "groups in more than 64 others" in out
    assert not {"\x07", "\x1b"} & set(out)
    assert not (tmp_path / "tb").exists()
    run = open_run(evil)
    assert any("huge" in node.data_vars for node in run.subtree)
