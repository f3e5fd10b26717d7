"""The page as TensorBoard's plug-in: its files, and the answers to what it asks."""

from __future__ import annotations

import json
import math
import threading
from collections.abc import Callable
from importlib.resources import files
from typing import Any

from tensorboard.plugins import base_plugin
from werkzeug import Request, Response

from pipeline.errors import PipelineError, SettingError
from pipeline.running.store import Store
from pipeline.serving.catalogue import Catalogue
from pipeline.serving.live import Live
from pipeline.serving.page.matrices import Matrices
from pipeline.serving.page.variables import Variable, listed
from pipeline.serving.page.view import Look, units_of

__all__ = ["Explore", "Page"]

_FILES = ("index.js", "api.js", "draw.js", "panel.js", "state.js")
#: Traces that are drawn at a time.
_TRACES = 64
#: Columns and rows of a canvas, at most.
_PIXELS = 4096


class Page(base_plugin.TBLoader):  # type: ignore[misc]
    """Makes the plug-in.

    Parameters
    ----------
    live : Live
    store : Store, optional
        Where what took long is kept.

    Attributes
    ----------
    closing : threading.Event
        Set when nothing more shall be read.
    """

    def __init__(self, live: Live, store: Store | None = None) -> None:
        self._live, self._store, self.closing = live, store or Store(), threading.Event()

    def load(self, context: Any) -> Explore:
        """Return the plug-in."""
        return Explore(context, self._live, self._store, self.closing)


class Explore(base_plugin.TBPlugin):  # type: ignore[misc]
    """The page's answers."""

    plugin_name = "hdf2tb"

    def __init__(self, context: Any, live: Live, store: Store, closing: threading.Event) -> None:
        super().__init__(context)
        self._live, self._store, self._closing = live, store, closing
        self._lock = threading.Lock()
        self._catalogue: Catalogue | None = None
        self._variables: dict[str, Variable] = {}
        self._version = 0

    def get_plugin_apps(self) -> dict[str, Callable[..., Any]]:
        """Return the answers by path."""
        asked = {"/variables": self._list, "/view": self._view, "/matrix": self._matrix, "/colours": self._colours}
        static = {f"/{name}": _file(name) for name in _FILES}
        return static | {path: _answering(answer) for path, answer in asked.items()}

    def is_active(self) -> bool:
        """Return whether there is something to show."""
        return bool(self._known())

    def frontend_metadata(self) -> Any:
        """Return the page's module and its name among the tabs."""
        return base_plugin.FrontendMetadata(es_module_path="/index.js", tab_name="HDF5", disable_reload=True)

    def _known(self) -> dict[str, Variable]:
        """Return the variables as they are now."""
        found = self._live.catalogue()
        with self._lock:
            if found is not self._catalogue:
                self._variables = listed(found.jobs, self._store, self._closing, self._variables)
                self._catalogue, self._version = found, self._version + 1
            return self._variables

    def _list(self, request: Request) -> Response:
        found = self._known()
        if request.args.get("known") == str(self._version):
            return _json({"version": self._version})
        return _json({"version": self._version, "variables": [variable.about() for variable in found.values()]})

    def _view(self, request: Request) -> Response:
        variable = self._asked(request)
        opened = variable.opened
        if isinstance(opened, Matrices):
            raise SettingError("a matrix has no view: ask for it at a step")
        units = request.args.get("units")
        look = Look(
            _number(request, "start"),
            _number(request, "stop"),
            _whole(request, "columns", 1, _PIXELS, 1000),
            None if not units else units_of(units, opened.unit_count, _TRACES),
            _whole(request, "rows", 1, _PIXELS, 512),
            request.args.get("axis") == "step",
        )
        return _bytes(opened.view(look).wire())

    def _matrix(self, request: Request) -> Response:
        opened = self._asked(request).opened
        if not isinstance(opened, Matrices):
            raise SettingError("no matrix: ask for a view of it")
        step = None if "step" not in request.args else _whole(request, "step", 0, 1 << 60, 0)
        return _bytes(opened.wire(_number(request, "time"), step, request.args.get("axis") == "step"))

    def _colours(self, request: Request) -> Response:
        """Return the 256 colours of a map, as three bytes each."""
        import matplotlib

        name = request.args.get("name", "viridis")
        if name not in ("viridis", "RdBu_r"):
            raise SettingError("accepted are viridis and RdBu_r")
        return _bytes((matplotlib.colormaps[name](range(256))[:, :3] * 255).round().astype("u1").tobytes())

    def _asked(self, request: Request) -> Variable:
        variable = self._known().get(request.args.get("id", ""))
        if variable is None:
            raise KeyError("id")
        return variable


def _answering(answer: Callable[[Request], Response]) -> Callable[..., Any]:
    """Return an app that answers errors in the data and in what is asked as such."""

    @Request.application
    def app(request: Request) -> Response:
        try:
            return answer(request)
        except KeyError:
            return _json({"error": "there is no such variable"}, 404)
        except SettingError as error:
            return _json({"error": str(error)}, 400)
        except PipelineError as error:
            return _json({"error": str(error)}, 422)

    return app


def _file(name: str) -> Callable[..., Any]:
    @Request.application
    def app(request: Request) -> Response:
        content = files("pipeline.serving.page").joinpath("static", name).read_bytes()
        return _plain(Response(content, content_type="text/javascript; charset=utf-8"))

    return app


def _number(request: Request, name: str) -> float | None:
    text = request.args.get(name)
    if text is None:
        return None
    try:
        found = float(text)
    except ValueError:
        found = math.nan
    if not math.isfinite(found):
        raise SettingError(f"{name}: accepted is a number")
    return found


def _whole(request: Request, name: str, least: int, most: int, default: int) -> int:
    text = request.args.get(name, str(default))
    if not (text.isascii() and text.isdecimal() and len(text) < 20 and least <= int(text) <= most):
        raise SettingError(f"{name}: accepted is a whole number from {least} to {most}")
    return int(text)


def _json(content: Any, status: int = 200) -> Response:
    return _plain(Response(json.dumps(content, allow_nan=False), status, content_type="application/json"))


def _bytes(content: bytes) -> Response:
    return _plain(Response(content, content_type="application/octet-stream"))


def _plain(response: Response) -> Response:
    """Return a response that is always asked for anew, and is taken for nothing else than it says."""
    response.headers["Cache-Control"] = "no-cache"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
