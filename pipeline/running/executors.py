"""Where the work runs: in this process, in local processes, on a Dask cluster, or not yet (as a Dask graph).

The recipe in `pipeline.running.passes` is written once against `submit`, which takes values and earlier results alike.
Only this module knows Dask's schedulers.
"""

from __future__ import annotations

import logging
import math
import signal
import socket
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cached_property
from typing import Any, Protocol
from uuid import uuid4

from pipeline.errors import PipelineError, SettingError
from pipeline.running.tasks import Failure, Outcome, guarded

__all__ = ["Executor", "GraphBuilder", "InProcess", "LocalProcesses", "OnCluster", "executor", "in_order"]

#: Seconds between looks at which workers are there.
_LOOK_SECONDS = 2.0
_LOST = "the Dask scheduler was lost; the same command goes on from here"


class Executor(Protocol):
    """Runs functions; what `submit` returns can be an argument of a later `submit`."""

    @property
    def workers(self) -> int:
        """How many processes or threads do the work."""

    @property
    def window(self) -> int:
        """How many results may be under way at once."""

    def submit(self, function: Callable[..., Any], *args: Any) -> Any:
        """Begin ``function(*args)`` and return a handle of its result."""

    def result(self, handle: Any) -> Any:
        """Wait for a result."""

    def settle(self, handle: Any) -> Any:
        """Wait until a result is there, and leave it there; a `Failure` is returned where it is seen."""

    def detach(self, handle: Any) -> Any:
        """Return what `submit` takes in place of a handle, without all that led to it, which a scheduler remembers."""


class InProcess:
    """Runs each function at once, one after the other: the reference that the others must equal."""

    workers = window = 1

    def submit(self, function: Callable[..., Any], *args: Any) -> Any:
        """Run it."""
        return function(*args)

    def result(self, handle: Any) -> Any:
        """Return what was computed."""
        return handle

    def settle(self, handle: Any) -> Any:
        """Return a `Failure`, or None."""
        return handle if isinstance(handle, Failure) else None

    detach = result


class OnCluster:
    """Runs functions on the workers of a ``distributed.Client``."""

    def __init__(self, client: Any) -> None:
        self.client, self._workers, self._counted = client, 1, -math.inf
        client.wait_for_workers(1)

    @property
    def workers(self) -> int:
        """How many threads do the work; they come and go, so they are counted now and then."""
        if time.monotonic() > self._counted + _LOOK_SECONDS:
            try:
                self._workers = max(1, sum(self.client.nthreads().values()))
            except Exception as cause:
                self._check(cause)
            self._counted = time.monotonic()
        return self._workers

    @property
    def window(self) -> int:
        """Enough that no worker waits for the next."""
        return 4 * self.workers

    @cached_property
    def _direct(self) -> bool:
        """Whether results can be fetched from the workers; behind a gateway they come by way of the scheduler."""
        from distributed.comm import get_address_host_port

        try:
            socket.create_connection(get_address_host_port(next(iter(self.client.nthreads()))), timeout=2.0).close()
        except (OSError, ValueError, StopIteration):
            return False
        return True

    def submit(self, function: Callable[..., Any], *args: Any) -> Any:
        """Send it; what was sent first is begun first."""
        named = args[0] if function is guarded else function  # what the dashboard shows
        key = f"{named.__name__}-{uuid4().hex}"
        try:
            return self.client.submit(function, *args, key=key, pure=False, fifo_timeout="0s")
        except Exception as cause:
            self._check(cause)
            raise

    def result(self, handle: Any) -> Any:
        """Fetch a result, a `Failure` if the cluster could not compute it; it is forgotten once no handle is left."""
        if isinstance(handle, Outcome | Failure):  # what was detached, or kept by an earlier conversion
            return handle
        failed = self.settle(handle)  # waits, and can be interrupted there
        try:
            return failed or self.client.gather(handle, direct=self._direct)
        except Exception as cause:
            return self._given_up(handle, cause)

    def settle(self, handle: Any) -> Any:
        """Wait for a result, and say if the cluster could not compute it."""
        try:
            error = handle.exception()  # which waits; tasks themselves do not raise: a worker that keeps dying does
        except Exception as cause:
            error = cause
        return None if error is None else self._given_up(handle, error)

    def _given_up(self, handle: Any, error: Exception) -> Failure:
        """Return why a task failed; if it is not the scheduler that says so, nothing is known of its variable."""
        if handle.status != "error":
            raise PipelineError(_LOST) from error
        return Failure(f"the Dask cluster gave up on it ({type(error).__name__}: {error})")

    def _check(self, cause: Exception) -> None:
        """Raise if the scheduler is gone."""
        if self.client.status != "running":
            raise PipelineError(_LOST) from cause

    detach = result


class LocalProcesses:
    """Runs functions in processes of this machine, which are started when there is something to do.

    Parameters
    ----------
    workers : int
    began : callable
        Called with a line that names the dashboard when they have started.
    """

    def __init__(self, workers: int, began: Callable[[str], None]) -> None:
        self.workers, self.window, self._began = workers, 4 * workers, began
        self._ending = ExitStack()

    @cached_property
    def _cluster(self) -> OnCluster:
        from distributed import Client

        cluster = self._ending.enter_context(_started(self.workers))
        self._ending.enter_context(_kept_up(cluster, self.workers))
        client = self._ending.enter_context(Client(cluster, set_as_default=False))
        self._began(f"dashboard: {client.dashboard_link}")
        return OnCluster(client)

    def submit(self, function: Callable[..., Any], *args: Any) -> Any:
        """Send it."""
        return self._cluster.submit(function, *args)

    def result(self, handle: Any) -> Any:
        """Fetch a result."""
        return self._cluster.result(handle)

    def settle(self, handle: Any) -> Any:
        """Wait for a result."""
        return self._cluster.settle(handle)

    detach = result

    def close(self) -> None:
        """End the processes."""
        self._ending.close()


def _started(workers: int, tries: int = 3) -> Any:
    """Return a cluster of so many processes; if one dies as it starts, all are tried again."""
    import dask
    from distributed import LocalCluster

    # A worker that dies is replaced, and what it did is done again.
    with _interrupts_ignored(), dask.config.set({"distributed.scheduler.allowed-failures": 10}):
        try:
            return LocalCluster(
                n_workers=workers,
                threads_per_worker=1,
                dashboard_address="127.0.0.1:0",
                memory_limit=0,
                silence_logs=logging.CRITICAL,
            )
        except RuntimeError as cause:
            if tries > 1:
                return _started(workers, tries - 1)
            raise PipelineError(
                f"worker processes end as they start ({cause}). Is there memory for {workers}? "
                'In a script, is the call below `if __name__ == "__main__":`?'
            ) from cause


@contextmanager
def _kept_up(cluster: Any, workers: int) -> Iterator[None]:
    """See that so many workers are there: Dask's nannies replace one that dies, but not one that dies as it starts."""
    from distributed.core import Status

    ended = threading.Event()

    def keep_up() -> None:
        while not ended.wait(_LOOK_SECONDS):
            given_up = [worker.status in (Status.closed, Status.failed) for worker in list(cluster.workers.values())]
            if given_up.count(False) < workers:
                cluster.scale(workers + sum(given_up))

    thread = threading.Thread(target=keep_up, name="workers kept up", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


@contextmanager
def _interrupts_ignored() -> Iterator[None]:
    """Start processes that a terminal's Ctrl-C does not end: this one ends them, when it has closed its files."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


class GraphBuilder:
    """Runs nothing: `submit` returns a ``dask.delayed.Delayed``."""

    workers = window = 1

    def submit(self, function: Callable[..., Any], *args: Any) -> Any:
        """Add a task to the graph."""
        from dask.delayed import delayed

        return delayed(function, pure=False)(*args)

    def result(self, handle: Any) -> Any:
        """Nothing is computed here."""
        raise TypeError("a graph has no results until it is computed")

    settle = result

    def detach(self, handle: Any) -> Any:
        """Return it: a graph is all that leads to its results."""
        return handle


def in_order(
    executor: Executor,
    handles: Iterable[tuple[Any, Any]],
    *,
    most: int = 0,
    weigh: Callable[[Any], int] = lambda label: 0,
    fetched: Callable[[Any], bool] = lambda label: True,
) -> Iterator[tuple[Any, Any]]:
    """Yield (label, result) in order.

    Parameters
    ----------
    executor : Executor
        At most ``executor.window`` results are under way.
    handles : iterable of (label, handle)
        Taken, and so begun, as there is room. A handle of None is yielded as None.
    most : int
        What the labels that are under way may weigh together, for each worker; when they weigh more, no other is begun.
    weigh : callable
        From a label to its weight.
    fetched : callable
        Whether the result is wanted; otherwise it is waited for, and only a `Failure` is told.
    """
    waiting: deque[tuple[Any, Any]] = deque()
    weight = 0

    def oldest() -> tuple[Any, Any]:
        nonlocal weight
        label, handle = waiting.popleft()
        weight -= weigh(label)
        if handle is None:
            return label, None
        return label, executor.result(handle) if fetched(label) else executor.settle(handle)

    for labelled in handles:
        waiting.append(labelled)
        weight += weigh(labelled[0])
        del labelled
        while waiting and (len(waiting) >= executor.window or weight > most * executor.workers > 0):
            yield oldest()
    while waiting:
        yield oldest()


@contextmanager
def executor(
    workers: int | None = None, scheduler: str | None = None, began: Callable[[str], None] = lambda line: None
) -> Iterator[Executor]:
    """Choose where to run, and end afterwards what was started here.

    Parameters
    ----------
    workers : int, optional
        So many local processes; they are started when there is something to do.
    scheduler : str, optional
        The address of a running Dask scheduler.
    began : callable, optional
        Called with lines for people: the dashboard of what was started or connected to; that workers are waited for.

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
        with _quiet("distributed", "distributed.client"), client:  # of a lost scheduler one line is told here
            began(f"dashboard: {client.dashboard_link}")
            if not client.nthreads():
                began(f"no worker is there yet; this starts one: dask worker {scheduler}")
            yield OnCluster(client)
    elif workers is not None:
        processes = LocalProcesses(workers, began)
        try:
            yield processes
        finally:
            processes.close()
    elif (client := _active_client()) is not None:
        yield OnCluster(client)
    else:
        yield InProcess()


@contextmanager
def _quiet(*names: str) -> Iterator[None]:
    """Keep loggers from printing."""
    loggers = [logging.getLogger(name) for name in names]
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)


def _active_client() -> Any:
    """Return the active Dask client, without importing Dask for it."""
    if "distributed" not in sys.modules:
        return None
    from distributed import default_client

    try:
        client = default_client()
    except ValueError:
        return None
    return client if client.status == "running" else None  # one that was closed may still be named
