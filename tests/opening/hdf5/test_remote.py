"""Files on a server are opened lazily and with few requests, and drawn as a copy here is."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import h5py
import numpy as np
import pytest

import pipeline
from pipeline.cli.parser import main
from pipeline.errors import SourceError
from pipeline.opening.hdf5 import remote
from pipeline.opening.hdf5.lazy_array import stored_identity
from tests.conftest import drawn

RNG = np.random.default_rng(2)


class Server(ThreadingHTTPServer):
    """Serves a folder, in parts, and notes what was asked for."""

    daemon_threads = True
    block_on_close = False  # a connection that is kept open is no reason to wait

    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.folder = folder
        self.asked: list[tuple[str, int]] = []
        self.url = f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_GET(self) -> None:
        self._answer(body=True)

    def _answer(self, *, body: bool) -> None:
        path = self.server.folder / self.path.lstrip("/")
        data = path.read_bytes() if path.is_file() else b""
        part = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        first, last = (int(part[1]), int(part[2] or len(data) - 1)) if part else (0, len(data) - 1)
        found = data[first : last + 1]
        self.send_response(404 if not path.is_file() else 206 if part else 200)
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("ETag", str(path.stat().st_mtime_ns) if path.is_file() else "none")
        self.send_header("Content-Length", str(len(found)))
        if part:
            self.send_header("Content-Range", f"bytes {first}-{first + len(found) - 1}/{len(data)}")
        self.end_headers()
        if body:
            self.server.asked.append((self.path, len(found)))
            self.wfile.write(found)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    (tmp_path / "served").mkdir()
    found = Server(tmp_path / "served")
    thread = threading.Thread(target=found.serve_forever)
    thread.start()
    remote._file.cache_clear()
    yield found
    found.shutdown()
    found.server_close()
    thread.join()


@pytest.fixture
def large(server: Server) -> Path:
    """Write 16 MB of one-megabyte chunks, and some spikes."""
    path = server.folder / "large.h5"
    with h5py.File(path, "w") as file:
        file.create_dataset("v", data=RNG.normal(size=(16_384, 128)), chunks=(1024, 128), maxshape=(None, 128))
        file["spikes/timestamps"], file["spikes/node_ids"] = np.sort(RNG.random(100)), RNG.integers(0, 9, 100)
    return path


def test_opening_asks_for_little_and_reading_for_what_it_needs(server: Server, large: Path) -> None:
    run = pipeline.open_run(f"{server.url}/large.h5")
    assert run["large"].v.shape == (16_384, 128)
    assert len(server.asked) <= 4
    assert sum(size for _, size in server.asked) < 5 << 20
    server.asked.clear()
    part = run["large"].v[8192:8200, 3]
    with h5py.File(large) as file:
        np.testing.assert_array_equal(part, file["v"][8192:8200, 3])
    assert len(server.asked) <= 4
    assert sum(size for _, size in server.asked) <= 4 << 20
    server.asked.clear()
    run["large"].v[8200:8300].load()
    assert server.asked == []  # it is here


def test_the_same_is_written_as_of_a_copy_here(server: Server, large: Path, tmp_path: Path) -> None:
    url = f"{server.url}/large.h5"
    assert main(["convert", url, "--out", str(tmp_path / "there"), "--plot", "v:kind=heatmap"]) == 0
    assert main(["convert", str(large), "--out", str(tmp_path / "here"), "--plot", "v:kind=heatmap"]) == 0
    there, here = (drawn(tmp_path / out) for out in ("there", "here"))
    assert list(there) == list(here)
    assert next(iter(there)).startswith("large/")
    assert there == here
    report = pipeline.convert(url, tmp_path / "there", [{"v": {"kind": "heatmap"}}])
    assert report.runs[0].state == "was complete"


def test_a_change_at_the_server_is_seen(server: Server, large: Path) -> None:
    url = f"{server.url}/large.h5"
    before = stored_identity(pipeline.open_run(url)["large"].v.variable)
    assert before == stored_identity(pipeline.open_run(url)["large"].v.variable)
    with h5py.File(large, "a") as file:
        file["v"][0] = 0
    remote._file.cache_clear()  # as another process sees it
    assert stored_identity(pipeline.open_run(url)["large"].v.variable) != before


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("ftp://somewhere/a.h5", "accepted is a path, or an address of http://, https://, s3://"),
        ("file:///tmp/a.h5", "accepted is a path, or an address of"),
        ("{url}/nowhere.h5", "no such file"),
        ("{url}/text.h5", "not an HDF5 file"),
        ("http://127.0.0.1:1/a.h5", "no such file|cannot be read"),
    ],
)
def test_what_cannot_be_read_is_told_in_a_line(server: Server, address: str, why: str) -> None:
    (server.folder / "text.h5").write_text("text")
    url = address.format(url=server.url)
    with pytest.raises(SourceError, match=rf"^{re.escape(url)}: [^\n]*(?:{why})[^\n]*$"):
        pipeline.open_run(url)


def test_links_of_a_remote_file_lead_nowhere_here(server: Server, tmp_path: Path) -> None:
    with h5py.File(tmp_path / "secret.h5", "w") as file:
        file["x"] = np.ones(3)
    with h5py.File(server.folder / "a.h5", "w") as file:
        file["v"] = 1.0
        file["x"] = h5py.ExternalLink(str(tmp_path / "secret.h5"), "/x")
    left_out = pipeline.open_run(f"{server.url}/a.h5")["a"].encoding["left_out"]
    assert "--follow-links allows it" in left_out["/x"]
