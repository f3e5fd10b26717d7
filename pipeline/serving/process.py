"""A running TensorBoard: at which address, since when it answers, and that it ends with whoever started it."""

from __future__ import annotations

import atexit
import os
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from pipeline.errors import OutputError, SettingError

__all__ = ["Server", "answers", "free_port", "open_page", "tensorboard_command"]

_PORT = 6006  # where people look for TensorBoard

#: Runs TensorBoard until the pipe from whoever started it closes, however that one ends.
_UNTIL_ORPHANED = """
import os, threading
threading.Thread(target=lambda: (os.read(0, 1), os._exit(0)), daemon=True).start()
from tensorboard.main import run_main
run_main()
"""


def tensorboard_command(
    logdir: str | os.PathLike[str], samples: dict[str, int], *, port: int | None = None, host: str | None = None
) -> list[str]:
    """Return the command that starts TensorBoard in this Python."""
    command = [sys.executable, "-m", "tensorboard.main", f"--logdir={os.fspath(logdir)}"]
    command.append("--samples_per_plugin=" + ",".join(f"{plugin}={most}" for plugin, most in sorted(samples.items())))
    command.append("--reload_multifile=true")
    if port is not None:
        command.append(f"--port={port}")
    if host is not None:
        command.append(f"--host={host}")
    return command


def free_port(wanted: int | None = None) -> int:
    """Return `wanted` if nothing listens there, else a free port of this machine."""
    for port in (*(() if wanted is None else (wanted,)), 0):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise OutputError("no free port on this machine")


def answers(port: int, host: str = "127.0.0.1") -> bool:
    """Whether something listens at a port."""
    try:
        with socket.create_connection((host, port), timeout=1.0):
            return True
    except OSError:
        return False


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


class Server:
    """A running TensorBoard; shows itself in a notebook. It ends with `stop`, or with the process that started it.

    Parameters
    ----------
    logdir : Path
    flags : dict of str to int
        Samples by plugin.
    height : int
        Of the page in a notebook, in pixels.
    port : int, optional
        None or 0: 6006, or a free one where that is taken.
    host : str, optional
        This machine only where it is not given.

    Raises
    ------
    SettingError
        If there is no such port.
    OutputError
        If something else answers at it.
    """

    def __init__(
        self,
        logdir: Path,
        flags: dict[str, int],
        *,
        height: int = 800,
        port: int | None = None,
        host: str | None = None,
    ) -> None:
        self.logdir, self.flags, self.height = logdir, flags, height
        if port is not None and not 0 <= port <= 65535:
            raise SettingError(f"port={port}: accepted is 0 to 65535")
        host = host or "127.0.0.1"
        self._reached = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
        if port and answers(port, self._reached):
            raise OutputError(f"port {port} is taken; without one a free one is found")
        self.port = port or free_port(_PORT)
        self.command = tensorboard_command(logdir, flags, port=self.port, host=host)
        self._said = tempfile.TemporaryFile()
        self._process = subprocess.Popen(
            [sys.executable, "-c", _UNTIL_ORPHANED, *self.command[3:]],
            stdin=subprocess.PIPE,
            stdout=self._said,
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
        past = time.monotonic() + seconds
        while self.running and time.monotonic() < past:
            if answers(self.port, self._reached):
                return
            time.sleep(0.1)
        self._said.seek(0)
        said = self._said.read().decode("utf-8", "replace").strip().splitlines()
        self.stop()
        raise OutputError(f"{self.logdir}: TensorBoard did not start" + (f" ({said[-1].strip()})" if said else ""))

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
        self._said.close()

    def __repr__(self) -> str:
        return f"<TensorBoard of {self.logdir.name} at {self.url}>" if self.running else "<TensorBoard, ended>"

    def _repr_html_(self) -> str:
        if not self.running:
            return "<p>TensorBoard has ended; call tensorboard() again.</p>"
        frame = f'<iframe src="{self.url}" width="100%" height="{self.height}" frameborder="0"></iframe>'
        return f'{frame}<p><a href="{self.url}" target="_blank">in a page of its own</a></p>'
