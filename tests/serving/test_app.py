"""The command ends at once, and the page in a notebook is that of the run itself."""

from __future__ import annotations

import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import numpy as np
import pytest

import pipeline
from pipeline.cli.parser import main
from pipeline.errors import SettingError, SourceError
from tests.common import write_component


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return write_component(tmp_path / "GC.h5", "GC", {"voltage": np.arange(20.0).reshape(10, 2)}, tau=2.0)


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_the_command_says_where_it_is_and_ends_when_it_is_told(path: Path, how: signal.Signals) -> None:
    words = [sys.executable, "-m", "pipeline", "serve", str(path), "--port", "0", "--no-browser"]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    line = process.stdout.readline()
    url, _, rest = line.split()[3].partition("?")
    assert rest == "smoothing=0#timeseries&_smoothingWeight=0"
    with urllib.request.urlopen(f"{url}data/runs") as answer:
        assert answer.read() == b'["GC"]'
    process.send_signal(how)
    _, said = process.communicate(timeout=10)
    assert process.returncode == 0
    assert "Traceback" not in said


def test_what_cannot_be_shown_is_told(tmp_path: Path, path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", str(tmp_path / "nowhere.h5")]) == 1
    assert "no such file or folder" in capsys.readouterr().err
    assert main(["serve", str(path), "--points", "1"]) == 2
    assert main(["serve", str(path), "--metric", "GC/N9/voltage"]) == 2
    assert main(["serve", str(path), "--port", "99999"]) == 2


def test_in_a_notebook(path: Path) -> None:
    served = pipeline.serve(path, [{"voltage": {"kind": "trace", "format": "scalar"}}], dt="1 ms")
    with urllib.request.urlopen(f"{served.url}data/plugin/scalars/scalars?run=GC&tag=GC/N1/voltage") as answer:
        assert answer.read().endswith(b", 9, 19.0]]")
    assert served.url in served._repr_html_()
    again = pipeline.serve(path)  # the one before ends
    with pytest.raises(OSError, match="refused"), urllib.request.urlopen(served.url):
        pass
    again.stop()
    opened = pipeline.serve(pipeline.open_run(path))
    with urllib.request.urlopen(f"{opened.url}data/runs") as answer:
        assert answer.read() == b'["GC"]'
    opened.stop()


def test_wrong_wishes_in_a_notebook(tmp_path: Path, path: Path) -> None:
    with pytest.raises(SourceError, match="no such file"):
        pipeline.serve(tmp_path / "nowhere.h5")
    with pytest.raises(SettingError, match="metric"):
        pipeline.serve(path, metrics=["nothing"])
