"""TensorBoard in a notebook: of a log directory, and of a run itself."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pipeline.errors import SourceError
from pipeline.planning.config import parse_plots
from pipeline.planning.metrics import add_metrics
from pipeline.planning.plan import Plan
from pipeline.planning.sources import Source, plan_sources
from pipeline.serving.app import App, serving
from pipeline.serving.process import Server, page
from pipeline.units import Axes, Durations

__all__ = ["Served", "serve", "tensorboard"]

_servers: dict[Path, Server] = {}
_served: dict[str, Served] = {}


class Served:
    """A run that is shown by TensorBoard from this process; shows itself in a notebook. It ends with `stop`.

    Attributes
    ----------
    url, link : str
        Where it is, and the page that shows most.
    height : int
        Of the page in a notebook, in pixels.
    """

    def __init__(self, app: App, name: str, height: int) -> None:
        self._app, self._name, self.url, self.link, self.height = app, name, app.url, app.link, height
        app.start()

    def stop(self) -> None:
        """End it."""
        self._app.stop()
        _served.pop(self._name, None)

    def __repr__(self) -> str:
        return f"<TensorBoard on {self._name} at {self.url}>"

    def _repr_html_(self) -> str:
        return page(self.link, self.height)


def serve(
    run: Source | Sequence[Source],
    plots: Any = None,
    *,
    dt: Durations = None,
    time_axis: Axes = None,
    points: int = 1000,
    frames: int = 1000,
    metrics: Sequence[str] = (),
    height: int = 800,
) -> Served:
    """Show runs in TensorBoard as they are: nothing is converted, and what somebody looks at is drawn.

    Parameters
    ----------
    run : path, opened run, or sequence of them
    plots : list of {name: settings}, optional
        As the YAML holds it. None: chosen automatically.
    dt, time_axis
        As `open_run` takes them, for paths.
    points, frames : int
        Points of a series, about, with every peak and both ends; pictures of a slider at most.
    metrics : sequence of str
        Tags that are shown beside the hyperparameters, as `pipeline.convert` takes them.
    height : int
        Of the page shown, in pixels.

    Returns
    -------
    Served
        At a free port of this machine; ends with this process. What was served of the same run before ends.

    Raises
    ------
    SettingError, SourceError

    Examples
    --------
    >>> from pipeline import serve, simulate
    >>> served = serve(simulate("network", steps=200))
    >>> served.stop()
    """
    asked = None if plots is None else parse_plots(plots)

    def planned() -> Sequence[Plan]:
        plans, failed = plan_sources(run, asked, dt, time_axis)
        if not any(plan.jobs or plan.hparams for plan in plans):
            raise SourceError(failed[0] if failed else "there is nothing to show")
        add_metrics(metrics, plans)
        return plans

    first = planned()
    name = ", ".join(plan.name for plan in first)
    if name in _served:
        _served[name].stop()
    app = serving(first, planned, name, points=points, frames=frames, metrics=metrics, port=0)
    _served[name] = Served(app, name, height)
    return _served[name]


def tensorboard(logdir: str | os.PathLike[str], *, height: int = 800) -> Server:
    """Start TensorBoard so that it shows every point and picture, and show it in the notebook.

    Parameters
    ----------
    logdir : path
    height : int
        Of the page shown, in pixels.

    Returns
    -------
    Server
        At a free port of this machine; ends with the kernel. The one that runs for `logdir` already is shown again.

    Raises
    ------
    SourceError
        If there is no such directory.

    Examples
    --------
    >>> from pipeline import tensorboard
    >>> tensorboard("tb")  # doctest: +SKIP
    <TensorBoard of tb at http://127.0.0.1:6006/>
    """
    place = Path(logdir).resolve()
    if not place.is_dir():
        raise SourceError(f"{logdir}: no such directory")
    running = _servers.get(place)
    if running is not None and running.running:
        running.height = height
        return running
    _servers[place] = Server(place, height=height)
    _servers[place].wait()
    return _servers[place]
