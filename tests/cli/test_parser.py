"""The command as a person uses it: what it prints, how it ends, and that it never shows a traceback."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from pipeline.cli.parser import main, parser
from tests.common import accumulated, write_component

COMMANDS = ["convert", "inspect", "view", "demo"]
README = Path(__file__).parents[2] / "README.md"


def said(capsys: pytest.CaptureFixture[str], *words: Any) -> tuple[int, str, str]:
    """Run the command in this process; return its exit code and what it printed."""
    code = main([str(word) for word in words])
    out, err = capsys.readouterr()
    assert "Traceback" not in out + err
    return code, out, err


@pytest.fixture
def run(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    data = {
        "voltage": rng.normal(size=(50, 4)).astype(np.float32),
        "weights": rng.normal(size=(50, 3, 4)).astype(np.float32),
        "line": rng.normal(size=50).astype(np.float32),
    }
    write_component(tmp_path / "run" / "GC.h5", "GC", data, tau=2.5)
    return tmp_path / "run"


def test_convert_says_what_was_written_and_how_to_look_at_it(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = said(capsys, "convert", run, "--out", tmp_path / "tb", "--plot", "voltage:kind=trace,format=scalar")
    assert code == 0
    assert re.search(r"run  converted  \d.*B  4 series of 1 trace", out)
    assert f"hdf2tb view {tmp_path}/tb" in out
    assert len(accumulated(tmp_path / "tb" / "run").Tags()["scalars"]) == 4


def test_the_dry_run_writes_nothing(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = said(capsys, "convert", run, "--out", tmp_path / "tb", "--dry-run")
    assert code == 0
    assert re.search(r"GC/weights +time=50, target=3, source=4 +heatmap \(image\) +\d+ pictures?", out)
    assert not (tmp_path / "tb").exists()


def test_inspect_shows_what_is_there(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = said(capsys, "inspect", run, "--dt", "0.5ms")
    assert code == 0
    for found in ("GC", "voltage", "time=50, unit=4", "float32", "1x4", "lzf", "tau: 2.5", "25 ms"):
        assert found in out


WRONG: dict[str, tuple[list[str], str]] = {
    "kind": (["--plot", "voltage:kind=trac"], "kind='trac': accepted is .*did you mean 'trace'"),
    "no kind": (["--plot", "voltage:step=2"], "no kind is given"),
    "format": (["--plot", "voltage:kind=trace,format=scaler"], "format='scaler': accepted is .*'scalar'"),
    "setting": (["--plot", "voltage:kind=trace,stepp=2"], "no setting 'stepp': accepted is .*'step'"),
    "another kind's setting": (["--plot", "voltage:kind=trace,limits=all"], "limits.*which is for heatmap"),
    "step 0": (["--plot", "voltage:kind=trace,step=0"], "step=0: accepted is a whole number of at least 1"),
    "step negative": (["--plot", "voltage:kind=trace,step=-3"], "step=-3: accepted"),
    "step a word": (["--plot", "voltage:kind=trace,step=fast"], "step='fast': accepted"),
    "plot": (["--plot", "voltage"], "accepted is NAME:kind=KIND"),
    "dt": (["--dt", "fast"], "dt='fast': accepted"),
    "config": (["--config", "missing.yaml"], "missing.yaml: cannot be read"),
    "workers": (["--workers", "0"], "workers=0: accepted"),
}


@pytest.mark.parametrize(("words", "expected"), WRONG.values(), ids=WRONG)
def test_a_wrong_setting_is_a_line_that_says_what_is_accepted(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], expected: str
) -> None:
    code, out, err = said(capsys, "convert", run, "--out", tmp_path / "tb", *words)
    assert code == 2
    assert re.search(expected, err)
    assert len(err.splitlines()) == 1
    assert not list((tmp_path / "tb").rglob("*tfevents*"))


DOES_NOT_FIT = {
    "time_axis": ("voltage:kind=trace,format=scalar,time_axis=5", r"GC/voltage: time_axis=5: accepted is -2 to 1"),
    "time_axis name": ("voltage:kind=trace,time_axis=tiem", r"GC/voltage: time_axis='tiem': accepted is .*time, unit"),
    "1-D heatmap": ("line:kind=heatmap", r"GC/line: a heatmap needs two dimensions"),
    "3-D trace": ("weights:kind=trace", r"GC/weights: a trace needs"),
    "3-D raster": ("weights:kind=raster", r"GC/weights: a raster needs"),
    "units": ("voltage:kind=trace,units=[1,9]", r"units=\[9\]: accepted is 0 to 3"),
    "variable": ("volage:kind=trace", r"no variable or setting 'volage'; did you mean 'voltage'"),
}


@pytest.mark.parametrize(("plot", "expected"), DOES_NOT_FIT.values(), ids=DOES_NOT_FIT)
def test_a_plot_that_does_not_fit_stops_no_other(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], plot: str, expected: str
) -> None:
    other = "voltage:kind=heatmap,size=4x3"
    code, _, err = said(capsys, "convert", run, "--out", tmp_path / "tb", "--plot", plot, "--plot", other)
    assert code == 1
    assert re.search(expected, err)
    assert len([line for line in err.splitlines() if "error" in line]) == 1
    assert accumulated(tmp_path / "tb" / "run").Tags()["images"] == ["GC/voltage"]


def test_sources_that_cannot_be_read_stop_no_other(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (run / "text.h5").write_text("no HDF5")
    whole = (run / "GC.h5").read_bytes()
    (run / "cut.h5").write_bytes(whole[: len(whole) - 3000])
    with h5py.File(run / "empty.h5", "w") as file:
        file.create_dataset("nothing", (0, 5), "f4", maxshape=(None, 5))
    (tmp_path / "hollow").mkdir()
    sources = [run, tmp_path / "hollow", tmp_path / "missing"]
    plots = ["--plot", "voltage:kind=trace,format=scalar", "--plot", "nothing:kind=trace"]
    code, out, err = said(capsys, "convert", *sources, "--out", tmp_path / "tb", *plots)
    assert code == 1
    for expected in (
        r"text\.h5: not an HDF5 file",
        r"cut\.h5: a truncated HDF5 file",
        r"hollow: no HDF5 file in this folder",
        r"missing: no such file or folder",
        r"empty/nothing: holds no data \(shape \(0, 5\)\)",
    ):
        assert len(re.findall(expected, err)) == 1
    assert len(accumulated(tmp_path / "tb" / "run").Tags()["scalars"]) == 4


@pytest.mark.parametrize("command", ["inspect", "convert"])
def test_no_source_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str) -> None:
    words = ["--out", tmp_path / "tb"] if command == "convert" else []
    code, _, err = said(capsys, command, tmp_path / "missing", *words)
    assert code == 1
    assert err == f"hdf2tb: error: {tmp_path}/missing: no such file or folder\n"


def test_values_that_are_not_finite_are_gaps(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    values = np.full((60, 3), np.nan, np.float32)
    cube = np.full((60, 3, 4), np.inf, np.float32)
    write_component(tmp_path / "run" / "GC.h5", "GC", {"voltage": values, "weights": cube})
    plots = ["voltage:kind=trace", "voltage:kind=raster", "weights:kind=heatmap", "weights:kind=hparam"]
    words = [word for plot in plots for word in ("--plot", plot)]
    code, _, err = said(capsys, "convert", tmp_path / "run", "--out", tmp_path / "tb", *words)
    assert code == 0
    assert re.fullmatch(r".* of values in .*\n", err)
    assert len(accumulated(tmp_path / "tb" / "run").Tags()["images"]) == 5


def test_a_log_directory_that_cannot_be_written(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("in the way")
    code, _, err = said(capsys, "convert", run, "--out", tmp_path / "file" / "tb")
    assert code == 1
    assert re.search(r"file/tb: cannot be written", err)


def test_sources_are_as_they_were(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = (run / "GC.h5").read_bytes(), (run / "GC.h5").stat().st_mtime_ns
    said(capsys, "convert", run, "--out", tmp_path / "tb")
    said(capsys, "inspect", run)
    assert ((run / "GC.h5").read_bytes(), (run / "GC.h5").stat().st_mtime_ns) == before


def test_view_of_nothing_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = said(capsys, "view", tmp_path / "missing")
    assert code == 1
    assert "no such directory" in err


def test_no_command_shows_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = said(capsys)
    assert code == 2
    assert all(command in out for command in COMMANDS)


@pytest.mark.parametrize("command", [[], *([command] for command in COMMANDS)])
def test_help_is_instant_and_shows_an_example(command: list[str]) -> None:
    heavy = "numpy h5py xarray dask distributed matplotlib tensorboard yaml"
    program = (
        "import sys; from pipeline.cli.parser import main\n"
        "try: main(sys.argv[1:])\n"
        f"finally: sys.exit(1 if set(sys.modules) & set('{heavy}'.split()) else 0)"
    )
    done = subprocess.run([sys.executable, "-c", program, *command, "--help"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert f"example:\n  hdf2tb {' '.join(command)}".rstrip() in done.stdout


def test_the_module_is_the_command(run: Path, tmp_path: Path) -> None:
    words = ["convert", str(run), "--out", str(tmp_path / "tb"), "--plot", "voltage:kind=nothing"]
    script = Path(sys.executable).with_name("hdf2tb")
    environment = os.environ | {"PYTHONWARNINGS": ""}
    found = [
        subprocess.run([*start, *words], capture_output=True, text=True, env=environment)
        for start in ([sys.executable, "-m", "pipeline"], [str(script)])
    ]
    assert [done.returncode for done in found] == [2, 2]
    assert found[0].stderr == found[1].stderr
    assert found[0].stderr.startswith("hdf2tb: error: ")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_option_is_in_the_readme(command: str) -> None:
    text = README.read_text()
    assert f"hdf2tb {command}" in text
    subparsers = next(action for action in parser()._actions if isinstance(action.choices, dict))
    assert subparsers.choices is not None
    options = [word for action in subparsers.choices[command]._actions for word in action.option_strings]  # type: ignore[index]
    for option in options:
        assert option in ("-h", "--help") or f"`{option}`" in text or f"{option} " in text, option


def test_ci_runs_what_the_readme_says() -> None:
    line = next(line for line in README.read_text().splitlines() if "-m pytest" in line)
    assert line in (README.parent / ".ci" / "run").read_text()


COMMANDS = {
    "inspect": ["inspect"],
    "convert": ["convert", "--dry-run", "--out", "tb"],
    "version": ["--version"],
    "help": ["inspect", "--help"],
}
BUFFERED = os.environ | {"PYTHONUNBUFFERED": ""}  # what is printed leaves when Python ends


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Files of little, and of more than a pipe holds of words."""
    found = {}
    for name, datasets in (("little", 1), ("much", 600)):
        found[name] = tmp_path_factory.mktemp(name) / "a.h5"
        with h5py.File(found[name], "w") as file:
            for number in range(datasets):
                file[f"v{number:04}"] = np.zeros((4, 3))
    return found


@pytest.mark.slow
@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
@pytest.mark.parametrize("size", ["little", "much"])
def test_nobody_reading_on_is_no_error(many: dict[str, Path], command: list[str], size: str) -> None:
    words = [sys.executable, "-m", "pipeline", *command, *([] if command == ["--version"] else [str(many[size])])]
    read, write = os.pipe()
    os.close(read)  # as `head` does when it has seen enough
    try:
        done = subprocess.run(words, stdout=write, stderr=subprocess.PIPE, text=True, env=BUFFERED)
    finally:
        os.close(write)
    assert done.returncode == 0
    assert [line for line in done.stderr.splitlines() if not line.startswith("note: ")] == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no device that is always full")
def test_a_full_disk_behind_the_output_is_one_line(many: dict[str, Path]) -> None:
    with open("/dev/full", "w") as full:
        words = [sys.executable, "-m", "pipeline", "--version"]
        done = subprocess.run(words, stdout=full, stderr=subprocess.PIPE, text=True, env=BUFFERED)
    assert (done.returncode, done.stderr) == (
        1,
        "hdf2tb: error: standard output cannot be written (No space left on device)\n",
    )


def test_a_unit_that_the_terminal_cannot_show_is_no_error(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["v"] = np.zeros((4, 3))
        file["v"].attrs["units"] = "µV"
    words = [sys.executable, "-m", "pipeline", "inspect", str(tmp_path / "a.h5")]
    done = subprocess.run(words, capture_output=True, text=True, env=os.environ | {"PYTHONIOENCODING": "ascii"})
    assert done.returncode == 0
    assert "v (\\xb5V)" in done.stdout


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-"])
def test_streams_that_the_shell_closed_stop_nothing(many: dict[str, Path], tmp_path: Path, closed: str) -> None:
    words = [sys.executable, "-m", "pipeline", "convert", str(many["little"]), "--out", str(tmp_path / "tb")]
    assert subprocess.run(["sh", "-c", f'exec "$@" {closed}', "sh", *words], capture_output=True).returncode == 0
    assert list((tmp_path / "tb").rglob("*tfevents*"))


@pytest.mark.parametrize(
    ("words", "wrong"),
    [
        (["convert", "x"], "required: --out; see hdf2tb convert --help"),
        (["convert", "x", "--out", "tb", "--workers", "many"], "'many'; see hdf2tb convert --help"),
        (["conver"], "'conver'"),
    ],
    ids=["missing", "value", "command"],
)
def test_a_wrong_use_is_one_line(words: list[str], wrong: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(words)
    [line] = capsys.readouterr().err.splitlines()
    assert caught.value.code == 2
    assert line.startswith("hdf2tb: error: ")
    assert wrong in line
