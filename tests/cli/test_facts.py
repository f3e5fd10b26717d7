"""What `inspect` prints of a run: every variable, what is left out and why, every setting; nothing is read."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from pipeline.cli.describe import tree
from pipeline.cli.facts import as_json, facts
from pipeline.cli.parser import main
from pipeline.tables import text_of
from tests.common import forbid_reads, write_component, write_hdf5

BRANCHES = "│├└─ "


def described(source: Path, dt: str | None = None, failed: list[str] | None = None) -> str:
    """Return what is printed of a run, without colours."""
    run = facts(source, dt, [] if failed is None else failed)
    return "" if run is None else text_of(tree(run))


def lines(source: Path, dt: str | None = None) -> list[str]:
    """Return what is printed, where nothing fails, without the branches."""
    failed: list[str] = []
    found = [line.lstrip(BRANCHES) for line in described(source, dt, failed).splitlines()]
    assert failed == []
    return found


def cells(line: str) -> list[str]:
    return [cell for cell in re.split(r"  +", line) if cell]


def row(source: Path, name: str) -> list[str]:
    """Return the cells of a variable's row."""
    return next(cells(line) for line in lines(source) if line.split()[:1] == [name])


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
        file.attrs["same"] = np.full((2, 3), -60.0)
    return path.parent


HEAD = ["variable", "shape", "type", "size", "stored", "ratio", "chunks", "compression", "drawn unless you choose"]


def test_variables_have_a_row_each(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    forbid_reads(monkeypatch)
    found = lines(run)
    assert found[0] == f"run run  ({run})"
    assert found[1].startswith("256 KB of values, ")
    assert [cells(line) for line in found if "chunks" in line] == [HEAD] * 2
    voltage = row(run, "voltage")
    assert voltage[:4] == ["voltage", "time=1000, unit=64", "float32", "256 KB"]
    assert voltage[6:] == ["1x64", "lzf", "trace: 16 series; band: 3 series; heatmap: 1 picture"]
    assert row(run, "weights")[1:4] == ["row=3, column=4", "float64", "96 B"]
    assert row(run, "weights")[5:] == ["-", "-", "-", "heatmap: 1 picture"]


def test_the_ratio_is_that_of_what_is_on_disk(run: Path) -> None:
    with h5py.File(run / "GC.h5", "r") as file:
        stored = file["voltage"].id.get_storage_size()
    found = facts(run, None, [])
    assert found is not None
    [voltage] = [v for component in found.components for v in component.variables if v.name == "voltage"]
    assert (voltage.bytes, voltage.stored_bytes) == (256_000, stored)
    assert row(run, "voltage")[5] == f"{256_000 / stored:.3g}x"
    assert found.stored_bytes == stored + 96


def test_units_are_named_and_what_cannot_be_drawn_is_not(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["x"] = np.zeros((10, 2))
        file["x"].dims[0].label = "time"
        file["x"].attrs["units"] = "mV"
        file["deep"] = np.zeros((10, 2, 2, 2))
        file["deep"].dims[0].label = "time"
    assert any(line.startswith("x (mV)  ") for line in lines(tmp_path / "a.h5"))
    assert row(tmp_path / "a.h5", "deep")[-1] == "-"


def test_components_and_groups_are_a_tree(run: Path) -> None:
    write_component(run / "MC.h5", "MC", {"voltage": np.zeros((10, 2), np.float32)})
    with h5py.File(run / "GC.h5", "a") as file:
        file["other/weights"] = np.zeros((2, 2))
    branches = [line for line in described(run).splitlines() if re.search("[├└]── ", line)]
    assert [re.sub(r"  \d.*", "", line) for line in branches] == [
        "├── GC",
        "│   ├── GC/net",
        "│   └── GC/other",
        "└── MC",
    ]
    [weights, _] = [line for line in described(run).splitlines() if "weights" in line]
    assert weights.startswith("│   │   weights")


def test_branches_are_plain_where_the_output_cannot_have_others(run: Path) -> None:
    found = facts(run, None, [])
    assert found is not None
    narrow = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    text = text_of(tree(found), narrow)
    assert "`-- GC" in text
    assert not set("│├└─") & set(text)


def test_json_says_the_same(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (run / "broken.h5").write_text("not a file")
    assert main(["inspect", str(run), "--dt", "0.5 ms", "--json"]) == 1
    out, err = capsys.readouterr()
    found = json.loads(out)
    assert found["errors"] == [f"{run}/broken.h5: not an HDF5 file"]
    assert err == f"hdf2tb: error: {found['errors'][0]}\n"
    [one] = found["runs"]
    assert {key: one[key] for key in ("name", "source", "bytes")} == {
        "name": "run",
        "source": str(run),
        "bytes": 256_096,
    }
    gc, net = one["components"]
    assert (gc["name"], net["name"]) == ("GC", "GC/net")
    assert gc["time"] == {"steps": 1000, "start": 0.0, "step": 0.5, "unit": "ms"}
    assert gc["left_out"] == {"/net/note": "strings", "/dead": "a link that leads nowhere"}
    assert gc["settings"]["many"] == [0, 1, 2, 3, 4]
    assert gc["settings"]["holes"] == [None] * 5
    assert net["settings"]["gain"] == 2.0
    [voltage] = gc["variables"]
    plots = voltage.pop("plots")
    assert voltage | {"stored_bytes": 0} == {
        "name": "voltage",
        "dims": ["time", "unit"],
        "shape": [1000, 64],
        "dtype": "float32",
        "unit": "",
        "chunks": [1, 64],
        "compression": "lzf",
        "bytes": 256_000,
        "stored_bytes": 0,
        "file": str(run / "GC.h5"),
        "dataset": "/voltage",
        "why": "axis 0 grows",
    }
    assert [[plot[key] for key in ("kind", "format", "plugin", "count", "writes")] for plot in plots] == [
        ["trace", "scalar", "scalars", 16, "16 series"],
        ["band", "scalar", "scalars", 3, "3 series"],
        ["heatmap", "image", "images", 1, "1 picture"],
    ]
    assert all(plot["bytes"] > 0 for plot in plots)


def test_json_of_several_runs_is_one_document(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    missing = run.parent / "nowhere"
    assert main(["inspect", str(run), str(missing), str(run / "GC.h5"), "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert [one["name"] for one in found["runs"]] == ["run", "GC"]
    assert len(found["errors"]) == 1
    assert as_json([], ["x"]) == {"runs": [], "errors": ["x"]}


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
    assert "same: 6 values, all -60" in found
    [text] = [line for line in found if line.startswith("text:")]
    assert text.startswith("text: a ba ba b")
    assert text.endswith("…")
    assert len(text) < 100


@pytest.mark.parametrize(
    ("dt", "span"), [(None, "1,000 steps"), ("0.5 ms", "1,000 steps of 0.5 ms, 500 ms in all"), ("2", "2 ms, 2000 ms")]
)
def test_the_time_span(tmp_path: Path, dt: str | None, span: str) -> None:
    path = write_component(tmp_path / "a.h5", "GC", {"x": np.zeros((1000, 2))})
    [head] = [line for line in lines(path, dt) if line.startswith("GC ") and "steps" in line]
    assert span in head


def test_stored_times_are_named_unread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with h5py.File(write_hdf5(tmp_path / "a.h5", x=np.zeros((5, 2)), time=np.arange(5.0)), "a") as file:
        file["time"].attrs["units"] = "ms"
    forbid_reads(monkeypatch)
    found = lines(tmp_path / "a.h5")
    assert "a  5 steps, times in ms  (generic HDF5)" in found
    assert "time of x: time beside it has its length" in found


@pytest.mark.parametrize(
    ("value", "expected"),
    [(2.5, ["one value", "float64"]), (True, ["one value", "bool"]), (np.zeros((0, 3)), ["time=0, unit=3", "float64"])],
)
@pytest.mark.filterwarnings("ignore::pipeline.errors.TimeAxisWarning")
def test_single_values_and_empty_datasets(tmp_path: Path, value: Any, expected: list[str]) -> None:
    assert row(write_hdf5(tmp_path / "a.h5", x=value), "x")[1:3] == expected


def test_chunks_that_were_never_written_take_no_room(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("x", (100_000, 360, 360), "f4", chunks=(1, 360, 360), maxshape=(None, 360, 360))
    assert row(tmp_path / "a.h5", "x")[3:7] == ["51.8 GB", "0 B", "-", "1x360x360"]


def test_a_broken_file_does_not_hide_the_others(run: Path) -> None:
    (run / "broken.h5").write_text("not a file")
    failed: list[str] = []
    found = described(run, None, failed)
    assert failed == [f"{run}/broken.h5: not an HDF5 file"]
    assert "voltage" in found


@pytest.mark.parametrize(("name", "dt", "message"), [("nowhere", None, "no such file"), ("run", "soon", "dt='soon'")])
def test_what_cannot_be_opened_is_a_line(run: Path, name: str, dt: str | None, message: str) -> None:
    failed: list[str] = []
    assert described(run.parent / name, dt, failed) == ""
    assert len(failed) == 1
    assert message in failed[0]
