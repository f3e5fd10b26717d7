"""TensorBoard on HDF5 files themselves, in this process: its pages, our data."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from typing import Any
from urllib.parse import urlsplit

from tensorboard import default, program
from tensorboard.backend import application

from pipeline.errors import OutputError, SettingError
from pipeline.planning.plan import Plan
from pipeline.serving.live import Live
from pipeline.serving.page.plugin import Page
from pipeline.serving.process import deep_link
from pipeline.serving.provider import Provider

__all__ = ["App", "serving"]

#: Where TensorBoard serves pictures; their addresses change with what they show.
_PICTURES = "/data/plugin/images/individualImage"


class App:
    """A TensorBoard that serves a provider.

    Parameters
    ----------
    provider : Provider
    page : Page, optional
        The page of our own.
    port : int, optional
        None: 6006, or the next free one. 0: any free one.
    host : str, optional
        This machine only where it is not given.

    Attributes
    ----------
    url : str

    Raises
    ------
    SettingError
        If there is no such port.
    OutputError
        If it is taken.
    """

    def __init__(
        self, provider: Provider, page: Page | None = None, *, port: int | None = None, host: str | None = None
    ) -> None:
        if port is not None and not 0 <= port <= 65535:
            raise SettingError(f"port={port}: accepted is 0 to 65535")
        self.host = host or "127.0.0.1"
        board = program.TensorBoard(plugins=[*default.get_plugins(), *([] if page is None else [page])])
        self._page = page
        self._best = "timeseries" if provider.has_series else "hparams"
        flags = ["tensorboard", "--logdir=hdf2tb", f"--host={self.host}"]
        board.configure([*flags, *([] if port is None else [f"--port={port}"])])
        whole = application.TensorBoardWSGIApp(board.flags, board.plugin_loaders, provider, board.assets_zip_provider)
        allowed = None if host else {"127.0.0.1", "localhost", "::1"}
        try:
            self._server = board.server_class(_Guarded(whole, allowed), board.flags)
        except program.TensorBoardServerException as error:
            raise OutputError(f"port {port} is taken; without one a free one is found ({error})") from error

    @property
    def url(self) -> str:
        """Where it is."""
        port = urlsplit(self._server.get_url()).port
        reached = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)
        return f"http://{f'[{reached}]' if ':' in reached else reached}:{port}/"

    @property
    def link(self) -> str:
        """The address of the page that shows most."""
        return deep_link(self.url, self._best)

    def serve(self) -> None:
        """Answer until `stop` or Ctrl-C."""
        self._server.serve_forever()

    def start(self) -> threading.Thread:
        """Answer in a thread behind."""
        thread = threading.Thread(target=self.serve, daemon=True)
        thread.start()
        return thread

    def stop(self) -> None:
        """End it, from another thread."""
        if self._page is not None:
            self._page.closing.set()
        self._server.shutdown()
        self._server.server_close()


def serving(
    plans: Sequence[Plan],
    plan: Callable[[], Sequence[Plan]],
    place: str,
    *,
    points: int = 1000,
    frames: int = 1000,
    metrics: Sequence[str] = (),
    port: int | None = None,
    host: str | None = None,
) -> App:
    """Return a TensorBoard of runs themselves, with the page of our own.

    Parameters
    ----------
    plans : sequence of Plan
        What there is at first.
    plan : callable
        Opens and plans the runs anew, when a file has changed.
    place : str
        Shown as where the data is.
    points, frames : int
        Points of a series, about; pictures of a slider at most.
    metrics : sequence of str
        Tags that are shown beside the hyperparameters.
    port, host
        As `App` takes them.
    """
    live = Live(plans, plan, points=points, metrics=metrics)
    return App(Provider(live, place, frames=frames), Page(live), port=port, host=host)


class _Guarded:
    """Refuses requests that name another host, and lets pictures be kept by the browser.

    A page from elsewhere could make a browser ask this machine under a name of its own (DNS rebinding).
    """

    def __init__(self, app: Any, hosts: set[str] | None) -> None:
        self._app, self._hosts = app, hosts

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        name = urlsplit(f"//{environ.get('HTTP_HOST', '')}").hostname
        if self._hosts is not None and name not in self._hosts:
            start_response("403 Forbidden", [("Content-Type", "text/plain")])
            return [b"hdf2tb serve answers to the name of this machine only"]
        if not environ.get("PATH_INFO", "").endswith(_PICTURES):
            return self._app(environ, start_response)  # type: ignore[no-any-return]

        def kept(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
            if status.startswith("200"):
                headers = [pair for pair in headers if pair[0].lower() not in ("cache-control", "expires")]
                headers.append(("Cache-Control", "private, max-age=31536000, immutable"))
            return start_response(status, headers, *more)

        return self._app(environ, kept)  # type: ignore[no-any-return]
