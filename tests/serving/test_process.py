"""A TensorBoard that is started for somebody: it says where it is, opens a page where there is one, and ends."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import urllib.request
import webbrowser
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import numpy as np
import pytest

import pipeline
from pipeline.cli.parser import main
from pipeline.errors import OutputError, SourceError
from pipeline.serving.process import Server, best_link, open_page, shown_best, tensorboard_flags
from pipeline.writing.eventfiles import event_file
from tests.common import accumulated

pytestmark = pytest.mark.slow


@pytest.fixture
def taken() -> Iterator[int]:
    """A port at which something listens."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield other.getsockname()[1]


@pytest.fixture(scope="module")
def logdir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tb")
    writer = pipeline.TensorboardWriter(folder / "run")
    writer.heatmap("GC", "weights", np.zeros((301, 2, 2)), {"step": 1, "size": (1, 1)})
    assert accumulated(folder / "run").Tags()["images"] == ["GC/weights"]
    return folder


def answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1.0):
            return True
    except OSError:
        return False


@pytest.mark.parametrize(
    ("kinds", "page"),
    [
        ([], "timeseries"),
        (["hparams", "text"], "hparams"),
        (["hparams", "text", "images"], "timeseries"),
        (["layout", "scalars"], "timeseries"),
    ],
)
def test_the_page_that_shows_most(tmp_path: Path, kinds: list[str], page: str) -> None:
    for kind in kinds:
        event_file(tmp_path / "run", kind).parent.mkdir(exist_ok=True)
        event_file(tmp_path / "run", kind).touch()
    assert shown_best(tmp_path) == page
    (tmp_path / "events.out.tfevents.123.host").touch()  # of another program
    assert shown_best(tmp_path) == "timeseries"


def test_the_run_that_has_nothing_to_look_at_is_left_out(logdir: Path, tmp_path: Path) -> None:
    assert best_link("http://a/", logdir) == "http://a/?smoothing=0#timeseries&_smoothingWeight=0"
    pipeline.convert(pipeline.simulate(tmp_path / "network", steps=50), tmp_path / "tb")
    link = best_link("http://a/", tmp_path / "tb")
    pattern = re.fullmatch(r"http://a/\?smoothing=0&runFilter=(.*)#timeseries&_smoothingWeight=0", link)
    assert pattern
    assert not re.search(unquote(pattern[1]), ".")
    assert re.search(unquote(pattern[1]), "network")
    (tmp_path / "tb" / "events.out.tfevents.123.host").touch()  # of another program: something may be in it
    assert "runFilter" not in best_link("http://a/", tmp_path / "tb")


def get(url: str) -> bytes:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(url, timeout=60) as answer:
        return answer.read()


def test_view_says_where_it_is_when_it_answers_and_ctrl_c_ends_it(logdir: Path) -> None:
    command = [sys.executable, "-m", "pipeline", "view", str(logdir), "--port", "0"]
    environment = os.environ | {"PYTHONWARNINGS": ""}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment, start_new_session=True
    ) as process:
        try:
            assert process.stdout is not None
            first, second = process.stdout.readline(), process.stdout.readline()
            assert first.split() == ["$", "tensorboard", *tensorboard_flags(logdir, port=0, host="127.0.0.1")]
            found = re.match(r"TensorBoard is at (http://127\.0\.0\.1:(\d+)/)\?smoothing=0#timeseries&_smoo", second)
            assert found, second
            assert b"TensorBoard" in get(found[1])
            os.killpg(process.pid, signal.SIGINT)  # what a terminal sends
            assert process.wait(timeout=60) == 0
            assert process.stderr is not None
            said = process.stderr.read()
        finally:
            process.kill()
    assert said == ""
    assert not answers(int(found[2]))


def test_a_server_ends_with_who_started_it(logdir: Path) -> None:
    program = (
        "import os, signal, sys, pipeline\n"
        "server = pipeline.tensorboard(sys.argv[1])\n"
        "print(server._process.pid, server.port, flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run([sys.executable, "-c", program, str(logdir)], stdout=subprocess.PIPE, text=True)
    assert done.returncode == -signal.SIGKILL
    pid, port = map(int, done.stdout.split())
    if hasattr(os, "pidfd_open"):  # it is nobody's child any more, so that nobody else can wait for it
        import select

        try:
            ended = os.pidfd_open(pid)
        except ProcessLookupError:
            ended = None
        if ended is not None:
            assert select.select([ended], [], [], 60)[0]
            os.close(ended)
        assert not answers(port)


def test_in_a_notebook_it_is_a_frame_and_one_for_all_that_ask(logdir: Path, tmp_path: Path) -> None:
    first = pipeline.tensorboard(logdir, height=300)
    try:
        assert pipeline.tensorboard(logdir, height=400) is first
        link = f"{first.url}?smoothing=0#timeseries&amp;_smoothingWeight=0"
        shown = first._repr_html_()
        assert f'<iframe src="{link}" width="100%" height="400"' in shown
        assert f"ssh -L {first.port}:127.0.0.1:{first.port} MACHINE" in shown
        assert repr(first) == f"<TensorBoard of {logdir.name} at {first.url}>"
        assert b"TensorBoard" in get(first.url)
        (tmp_path / "other").mkdir()
        other = pipeline.tensorboard(tmp_path / "other")
        assert other.port != first.port
        other.stop()
    finally:
        first.stop()
    assert not first.running
    assert "ended" in repr(first)
    assert "iframe" not in first._repr_html_()
    again = pipeline.tensorboard(logdir)
    again.stop()
    assert again is not first


def test_no_directory_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no such directory"):
        pipeline.tensorboard(tmp_path / "nowhere")


def test_a_port_that_is_taken_is_an_error(logdir: Path, taken: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["view", str(logdir), "--port", str(taken)]) == 1
    assert capsys.readouterr().err == f"hdf2tb: error: port {taken} is taken; without one a free one is found\n"
    assert main(["view", str(logdir), "--port", "70000"]) == 2
    assert capsys.readouterr().err == "hdf2tb: error: port=70000: accepted is 0 to 65535\n"


def test_why_it_did_not_start_is_said(logdir: Path) -> None:
    server = Server(logdir, host="no such host")
    with pytest.raises(OutputError, match=r"tb\d*: TensorBoard did not start \(.+\)$"):
        server.wait()
    assert not server.running


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The pages that were opened, in a terminal with a display unless a test says otherwise."""
    pages: list[str] = []
    monkeypatch.setattr(webbrowser, "open", lambda url: pages.append(url) is None)
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    monkeypatch.setattr("sys.platform", "linux")
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"):
        monkeypatch.delenv(name, raising=False)
    return pages


@pytest.mark.parametrize("name", ["DISPLAY", "WAYLAND_DISPLAY", "BROWSER"])
def test_a_page_is_opened_where_there_is_a_browser(
    opened: list[str], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not open_page("http://a/")
    monkeypatch.setenv(name, "something")
    assert open_page("http://b/")
    assert opened == ["http://b/"]


def test_no_page_is_opened_where_the_output_is_no_terminal(opened: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setattr("sys.stdout.isatty", lambda: False, raising=False)
    assert not open_page("http://a/")
    assert opened == []


def test_other_systems_have_a_display(opened: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "darwin")
    assert open_page("http://a/")
    assert opened == ["http://a/"]


def test_a_browser_that_fails_is_no_error(opened: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(url: str) -> Any:
        raise webbrowser.Error(url)

    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setattr(webbrowser, "open", fail)
    assert not open_page("http://a/")


class Stub:
    """A server that answers at once, and ends when it is waited for."""

    url, flags = "http://stub/", ["--logdir=x"]

    def __init__(self, *_: Any, **__: Any) -> None:
        self.stopped = 0

    def wait(self) -> None:
        pass

    def join(self) -> int:
        raise KeyboardInterrupt

    def stop(self) -> None:
        self.stopped += 1


@pytest.mark.parametrize(
    ("words", "pages"), [([], ["http://stub/?smoothing=0#timeseries&_smoothingWeight=0"]), (["--no-browser"], [])]
)
def test_view_opens_a_page_unless_told_not_to(
    logdir: Path, opened: list[str], words: list[str], pages: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setattr("pipeline.serving.process.Server", Stub)
    assert main(["view", str(logdir), *words]) == 0
    assert opened == pages


def test_tensorboard_is_told_to_show_all(tmp_path: Path) -> None:
    """A slider and a chart hold as many points as there are: more than TensorBoard's own ten and 1000."""
    flags = tensorboard_flags(tmp_path / "tb")
    assert flags[0] == f"--logdir={tmp_path / 'tb'}"
    most = dict(part.split("=") for part in flags[1].removeprefix("--samples_per_plugin=").split(","))
    assert set(most) == {"images", "scalars", "histograms"}
    assert min(map(int, most.values())) >= 10**9
    assert tensorboard_flags("tb", port=0, host="::1")[-2:] == ["--port=0", "--host=::1"]
