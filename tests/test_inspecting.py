"""What `inspect` prints of a run: every variable, what is left out and why, every setting; nothing is read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from pipeline.inspecting import describe
from tests.common import forbid_reads, write_component, write_hdf5


def lines(source: Path, dt: str | None = None) -> list[str]:
    """Return what is printed, where nothing fails."""
    failed: list[str] = []
    found = list(describe(source, dt, failed))
    assert failed == []
    return "\n".join(found).splitlines()


def row(source: Path, name: str) -> list[str]:
    """Return the cells of a variable's row."""
    return next(line for line in lines(source) if line.split()[:1] == [name]).split("  ")[1:]


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run of one component with settings of all kinds."""
    path = write_component(tmp_path / "run" / "GC.h5", "GC", {"voltage": np.zeros((1000, 64), np.float32)})
    with h5py.File(path, "a") as file:
        file["net/weights"] = np.zeros((3, 4))
        file["net/note"] = "hello"
        file["dead"] = h5py.SoftLink("/nowhere")
        file["net"].attrs["gain"] = 2.0
        file.attrs.update({"few": [1.0, 2.0], "many": np.arange(5.0), "holes": np.array([np.nan] * 4 + [np.inf])})
        file.attrs.update({"text": "a\nb" * 100, "mixed": np.array([np.nan, 1, 2, 3, 4, np.inf])})
    return path.parent


def test_variables_have_a_row_each(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    forbid_reads(monkeypatch)
    found = lines(run)
    assert found[0] == f"run run  ({run})"
    heads = [line.split() for line in found if "chunks" in line]
    assert heads == [["variable", "shape", "type", "chunks", "compression", "size", "stored"]] * 2
    [voltage] = [line.split() for line in found if "voltage" in line]
    assert voltage[:7] == ["voltage", "time=1000,", "unit=64", "float32", "1x64", "lzf", "256"]
    [weights] = [line.split() for line in found if "weights" in line]
    assert weights[:6] == ["weights", "row=3,", "column=4", "float64", "-", "-"]


def test_what_is_left_out_is_said_with_its_reason(run: Path) -> None:
    found = [line.strip() for line in lines(run)]
    assert "/net/note: strings, not drawn" in found
    assert "/dead: a link that leads nowhere, not drawn" in found


def test_settings_have_a_line_each(run: Path) -> None:
    found = [line.strip() for line in lines(run)]
    assert "gain: 2.0" in found
    assert "few: [1. 2.]" in found
    assert "many: 5 values, 0 to 4, mean 2" in found
    assert "holes: 5 values, none finite" in found
    assert "mixed: 6 values, 1 to 4, mean 2.5" in found
    [text] = [line for line in found if line.startswith("text:")]
    assert text.startswith("text: a ba ba b")
    assert text.endswith("…")
    assert len(text) < 100


@pytest.mark.parametrize(
    ("dt", "span"), [(None, "1,000 steps"), ("0.5 ms", "1,000 steps of 0.5 ms, 500 ms in all"), ("2", "2 ms, 2000 ms")]
)
def test_the_time_span(tmp_path: Path, dt: str | None, span: str) -> None:
    path = write_component(tmp_path / "a.h5", "GC", {"x": np.zeros((1000, 2))})
    [head] = [line for line in lines(path, dt) if line.startswith("GC ")]
    assert span in head


def test_stored_times_are_named_unread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with h5py.File(write_hdf5(tmp_path / "a.h5", x=np.zeros((5, 2)), time=np.arange(5.0)), "a") as file:
        file["time"].attrs["units"] = "ms"
    forbid_reads(monkeypatch)
    assert "a  5 steps, times in ms" in lines(tmp_path / "a.h5")


@pytest.mark.parametrize(
    ("value", "cells"),
    [(2.5, ["one value", "float64"]), (True, ["one value", "bool"]), (np.zeros((0, 3)), ["time=0, unit=3", "float64"])],
)
@pytest.mark.filterwarnings("ignore::pipeline.errors.TimeAxisWarning")
def test_single_values_and_empty_datasets(tmp_path: Path, value: Any, cells: list[str]) -> None:
    found = [cell.strip() for cell in row(write_hdf5(tmp_path / "a.h5", x=value), "x") if cell.strip()]
    assert found[1:3] == cells


def test_chunks_that_were_never_written_take_no_room(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("x", (100_000, 360, 360), "f4", chunks=(1, 360, 360), maxshape=(None, 360, 360))
    assert [cell.strip() for cell in row(tmp_path / "a.h5", "x") if cell.strip()][-2:] == ["51.8 GB", "0 B"]


def test_a_broken_file_does_not_hide_the_others(run: Path) -> None:
    (run / "broken.h5").write_text("not a file")
    failed: list[str] = []
    found = list(describe(run, None, failed))
    assert failed == [f"{run}/broken.h5: not an HDF5 file"]
    assert any("voltage" in line for line in found)


@pytest.mark.parametrize(("name", "dt", "message"), [("nowhere", None, "no such file"), ("run", "soon", "dt='soon'")])
def test_what_cannot_be_opened_is_a_line(run: Path, name: str, dt: str | None, message: str) -> None:
    failed: list[str] = []
    assert list(describe(run.parent / name, dt, failed)) == []
    assert len(failed) == 1
    assert message in failed[0]
