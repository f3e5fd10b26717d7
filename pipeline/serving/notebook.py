"""TensorBoard in a notebook."""

from __future__ import annotations

import os
from pathlib import Path

from pipeline.errors import SourceError
from pipeline.serving.process import Server

__all__ = ["tensorboard"]

_servers: dict[Path, Server] = {}


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
