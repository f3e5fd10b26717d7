"""Where the work runs: in this process, in local processes, on a Dask cluster, or not yet (as a Dask graph).

The recipe in `pipeline.run` is written once against `submit`, which takes values and earlier results alike. Only this
module knows Dask's schedulers.
"""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from pipeline.errors import SettingError
from pipeline.tasks import Failure

__all__ = ["Executor", "GraphBuilder", "InProcess", "OnCluster", "executor", "in_order"]


class Executor(Protocol):
    """Runs functions; what `submit` returns can be an argument of a later `submit`."""

    #: How many results may be under way at once.
    window: int

    def submit(self, function: Callable[..., Any], *args: Any) -> Any:
        """Begin ``function(*args)`` and return a handle of its result."""

    def result(self, handle: Any) -> Any:
        """Wait for a result."""


class InProcess:
    """Runs each function at once, one after the other: the reference that the others must equal."""

    window = 1

    def submit(self, function: Callable[..., Any], *args: Any) -> Any:
        """Run it."""
        return function(*args)

    def result(self, handle: Any) -> Any:
        """Return what was computed."""
        return handle


class OnCluster:
    """Runs functions on the workers of a ``distributed.Client``."""

    def __init__(self, client: Any) -> None:
        self.client = client
        self.window = 4 * max(1, sum(client.nthreads().values()))

    def submit(self, function: Callable[..., Any], *args: Any) -> Any:
        """Send it."""
        return self.client.submit(function, *args, pure=False)

    def result(self, handle: Any) -> Any:
        """Fetch a result, a `Failure` if the cluster could not compute it; it is forgotten once no handle is left."""
        try:
            return handle.result()
        except Exception as error:  # a worker that keeps dying, a lost connection: tasks themselves do not raise
            return Failure(f"the Dask cluster gave up on it ({type(error).__name__}: {error})")


class GraphBuilder:
    """Runs nothing: `submit` returns a ``dask.delayed.Delayed``."""

    window = 1

    def submit(self, function: Callable[..., Any], *args: Any) -> Any:
        """Add a task to the graph."""
        from dask.delayed import delayed

        return delayed(function, pure=False)(*args)

    def result(self, handle: Any) -> Any:
        """Nothing is computed here."""
        raise TypeError("a graph has no results until it is computed")


def in_order(executor: Executor, handles: Iterable[tuple[Any, Any]]) -> Iterator[tuple[Any, Any]]:
    """Yield (label, result) in order, at most ``executor.window`` of them begun before; None stays None."""
    waiting: deque[tuple[Any, Any]] = deque()
    for labelled in handles:
        waiting.append(labelled)
        del labelled
        if len(waiting) >= executor.window:
            label, handle = waiting.popleft()
            yield label, None if handle is None else executor.result(handle)
            del handle
    while waiting:
        label, handle = waiting.popleft()
        yield label, None if handle is None else executor.result(handle)


@contextmanager
def executor(workers: int | None = None, scheduler: str | None = None) -> Iterator[Executor]:
    """Choose where to run, and end afterwards what was started here.

    Parameters
    ----------
    workers : int, optional
        So many local processes; they are started for this.
    scheduler : str, optional
        The address of a running Dask scheduler.

    Notes
    -----
    With neither, the active ``distributed.Client`` is used if there is one, else this process: small work costs no
    start-up, and ``distributed`` is not even imported.
    """
    if workers is not None and scheduler is not None:
        raise SettingError("workers and scheduler: accepted is one of them")
    if workers is not None and workers < 1:
        raise SettingError(f"workers={workers}: accepted is a whole number of at least 1")
    if scheduler is not None:
        from distributed import Client
        from distributed.comm import resolve_address

        try:
            resolve_address(scheduler)  # a client that was given no address is slow to give up
            client = Client(scheduler, timeout="10s", set_as_default=False)
        except (OSError, ValueError, TimeoutError) as cause:
            raise SettingError(f"scheduler={scheduler!r}: no Dask scheduler answers there ({cause})") from cause
        with client:
            yield OnCluster(client)
    elif workers is not None:
        from distributed import Client, LocalCluster

        cluster = LocalCluster(n_workers=workers, threads_per_worker=1, dashboard_address=":0", memory_limit=0)
        with cluster, Client(cluster, set_as_default=False) as client:
            yield OnCluster(client)
    elif (client := _active_client()) is not None:
        yield OnCluster(client)
    else:
        yield InProcess()


def _active_client() -> Any:
    """Return the active Dask client, without importing Dask for it."""
    if "distributed" not in sys.modules:
        return None
    from distributed import default_client

    try:
        return default_client()
    except ValueError:
        return None
