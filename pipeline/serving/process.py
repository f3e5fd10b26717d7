"""The process of TensorBoard, which ends with whoever started it."""

from __future__ import annotations

import atexit
import html
import os
import re
import selectors
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import quote, urlsplit
from uuid import uuid4

from pipeline.errors import OutputError, SettingError

__all__ = ["OUTLIERS", "Server", "best_link", "deep_link", "open_page", "page", "shown_best", "tensorboard_flags"]

#: Points, pictures and histograms of a tag that are shown; TensorBoard keeps some of each if it is not told.
_ALL = 1_000_000_000

#: Runs TensorBoard until the pipe from whoever started it closes, however that one ends. TensorBoard finds the port by
#: itself and says which, because one that is found before it starts may be another program's by then.
_UNTIL_ORPHANED = """
import os, sys, threading
threading.Thread(target=lambda: (os.read(0, 1), os._exit(0)), daemon=True).start()
from tensorboard.program import TensorBoard, TensorBoardServerException
board = TensorBoard()
board.configure(["tensorboard", *sys.argv[1:]])
try:
    print(board.launch(), flush=True)
except TensorBoardServerException as error:
    sys.exit(str(error))
threading.Event().wait()
"""


def tensorboard_flags(logdir: str | os.PathLike[str], *, port: int | None = None, host: str | None = None) -> list[str]:
    """Return the flags by which TensorBoard shows every point and picture of a log directory."""
    samples = ",".join(f"{plugin}={_ALL}" for plugin in ("images", "scalars", "histograms"))
    flags = [f"--logdir={os.fspath(logdir)}", f"--samples_per_plugin={samples}", "--reload_multifile=true"]
    if port is not None:
        flags.append(f"--port={port}")
    if host is not None:
        flags.append(f"--host={host}")
    return flags


#: What no link can set.
OUTLIERS = "Charts leave out outliers until 'Ignore outliers in chart scaling' is unticked beside them."


def deep_link(url: str, page: str, runs: str = "") -> str:
    """Return the address of one of TensorBoard's pages, with curves that are not smoothed and the runs of a pattern.

    TIME SERIES takes that from before the page's name, and SCALARS and CUSTOM SCALARS take it from behind.
    """
    chosen = f"&runFilter={quote(runs)}" if runs else ""
    return f"{url}?smoothing=0{chosen}#{page}&_smoothingWeight=0"


def shown_best(logdir: Path) -> str:
    """Return the page that shows most of a log directory: TIME SERIES has points, pictures and distributions."""
    small = tuple(f".hdf2tb.{kind}" for kind in ("hparams", "experiment", "text", "layout"))
    files = [path.name for path in logdir.rglob("*tfevents*")]
    return "hparams" if files and all(name.endswith(small) for name in files) else "timeseries"


def best_link(url: str, logdir: Path) -> str:
    """Return the address of the page that shows most of a log directory.

    The directory itself is a run, named ``.``, which is left out where it has but the columns of HPARAMS.
    """
    files = [path.name for path in logdir.glob("*tfevents*")]
    empty = bool(files) and all(name.endswith(".hdf2tb.experiment") for name in files)
    return deep_link(url, shown_best(logdir), runs="[^.]" if empty else "")


def open_page(url: str) -> bool:
    """Open a page in the browser of whoever sits at the terminal; return whether there is one.

    Without a display what is left is a browser of text, which would take the terminal.
    """
    import webbrowser

    if not sys.stdout.isatty():
        return False
    if sys.platform == "linux" and not any(map(os.environ.get, ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"))):
        return False
    try:
        return webbrowser.open(url)
    except webbrowser.Error:
        return False


#: Where a page of Jupyter's is on another machine than its kernel (a hub, ssh), an address of the kernel's machine
#: leads nowhere. jupyter-server-proxy has the same beside the page, if it is there, which only the page can find out.
_PROXIED = """<script>
(async () => {
  const config = document.getElementById("jupyter-config-data");
  const place = document.getElementById("%(name)s");
  if (!config || !place) return;
  const near = `${location.origin}${JSON.parse(config.textContent).baseUrl}proxy/%(port)s/`;
  const answer = await fetch(near, {method: "HEAD"}).catch(() => null);
  if (!answer || !answer.ok) return;
  const address = new URL(place.querySelector("a").href);
  place.querySelector("iframe").src = place.querySelector("a").href = near + address.search + address.hash;
  place.querySelector("small").remove();
})();
</script>"""


def page(url: str, height: int) -> str:
    """Return the HTML that shows a page in a notebook, by its own address or by jupyter-server-proxy's."""
    name, port, address = f"hdf2tb-{uuid4().hex}", urlsplit(url).port, html.escape(url)
    return (
        f'<div id="{name}"><iframe src="{address}" width="100%" height="{height}" frameborder="0"></iframe>'
        f'<p><a href="{address}" target="_blank">in a page of its own</a>; {OUTLIERS}</p>'
        "<small>Is it empty, since the kernel is on another machine? jupyter-server-proxy, beside JupyterLab, "
        f"brings it here, as does <code>ssh -L {port}:127.0.0.1:{port} MACHINE</code>; VS Code has a panel of ports."
        "</small></div>" + _PROXIED % {"name": name, "port": port}
    )


class Server:
    """A running TensorBoard; shows itself in a notebook. It ends with `stop`, or with the process that started it.

    Parameters
    ----------
    logdir : Path
    height : int
        Of the page in a notebook, in pixels.
    port : int, optional
        None: 6006, or the next free one where that is taken. 0: any free one.
    host : str, optional
        This machine only where it is not given.

    Attributes
    ----------
    port : int
        0 until it answers (`wait`).

    Raises
    ------
    SettingError
        If there is no such port.
    """

    def __init__(self, logdir: Path, *, height: int = 800, port: int | None = None, host: str | None = None) -> None:
        self.logdir, self.height, self.port, self._wanted = logdir, height, 0, port
        if port is not None and not 0 <= port <= 65535:
            raise SettingError(f"port={port}: accepted is 0 to 65535")
        host = host or "127.0.0.1"
        self._reached = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
        self.flags = tensorboard_flags(logdir, port=port, host=host)
        self._said = tempfile.TemporaryFile()
        self._process = subprocess.Popen(
            [sys.executable, "-c", _UNTIL_ORPHANED, *self.flags],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._said,
            start_new_session=True,  # Ctrl-C, and a notebook's stop button, are for whoever started it
        )
        atexit.register(self.stop)

    @property
    def url(self) -> str:
        """Where it is."""
        host = f"[{self._reached}]" if ":" in self._reached else self._reached
        return f"http://{host}:{self.port}/"

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self._process.poll() is None

    def wait(self, seconds: float = 60.0) -> None:
        """Wait until it answers.

        Raises
        ------
        OutputError
            If it ended, or does not answer in time, with the last that it said.
        """
        if found := re.search(r":(\d+)/", self._first_line(seconds)):
            self.port = int(found[1])
            return
        self._said.seek(0)
        said = self._said.read().decode("utf-8", "replace").strip().splitlines()
        self.stop()
        if said and "already in use" in said[-1]:
            raise OutputError(f"port {self._wanted} is taken; without one a free one is found")
        raise OutputError(f"{self.logdir}: TensorBoard did not start" + (f" ({said[-1].strip()})" if said else ""))

    def _first_line(self, seconds: float) -> str:
        """Return the line in which TensorBoard says where it is; empty if it does not say so in time."""
        assert self._process.stdout is not None
        past, line = time.monotonic() + seconds, b""
        with selectors.DefaultSelector() as ready:
            ready.register(self._process.stdout, selectors.EVENT_READ)
            while not line.endswith(b"\n") and (left := past - time.monotonic()) > 0:
                if ready.select(left):
                    part = os.read(self._process.stdout.fileno(), 4096)
                    line += part
                    if not part:
                        break
        return line.decode("utf-8", "replace")

    def join(self) -> int:
        """Wait until it ends, and return its exit code."""
        return self._process.wait()

    def stop(self) -> None:
        """End it."""
        atexit.unregister(self.stop)
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._process.terminate()
        self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._said.close()

    def __repr__(self) -> str:
        return f"<TensorBoard of {self.logdir.name} at {self.url}>" if self.running else "<TensorBoard, ended>"

    def _repr_html_(self) -> str:
        if not self.running:
            return "<p>TensorBoard has ended; call tensorboard() again.</p>"
        return page(best_link(self.url, self.logdir), self.height)
