"""The work in processes of this machine, which Dask starts and replaces."""

from __future__ import annotations

import importlib.util
import logging
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cached_property
from typing import Any

from pipeline.errors import PipelineError
from pipeline.running.executors.cluster import OnCluster

__all__ = ["LocalProcesses"]

#: Seconds between looks at which workers are there.
_LOOK_SECONDS = 2.0


class LocalProcesses:
    """Runs functions in processes of this machine, which are started when there is something to do.

    An interrupt does not reach them: they end when this process is done with what they have done.

    Parameters
    ----------
    workers : int
    began : callable
        Called with a line when they have started: where the dashboard is, or how to have one.
    """

    outlasts_interrupts = True

    def __init__(self, workers: int, began: Callable[[str], None]) -> None:
        self.workers, self.window, self._began = workers, 4 * workers, began
        self._ending = ExitStack()

    @cached_property
    def _cluster(self) -> OnCluster:
        from distributed import Client

        cluster = self._ending.enter_context(_started(self.workers))
        self._ending.enter_context(_kept_up(cluster, self.workers))
        client = self._ending.enter_context(Client(cluster, set_as_default=False))
        if _has_dashboard():
            self._began(f"dashboard: {client.dashboard_link}")
        else:
            self._began(f"{self.workers} workers; pip install 'hdf2tb[dashboard]' draws what they do")
        return OnCluster(client, self._began)

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


def _has_dashboard() -> bool:
    """Whether there is what draws Dask's dashboard."""
    return importlib.util.find_spec("bokeh") is not None


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
                dashboard_address="127.0.0.1:0",  # any free port: None would be Dask's own, which may be taken
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
    """Replace workers that die as they start; Dask's nannies replace the others."""
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
    """Start processes that a terminal's Ctrl-C does not end; this one ends them when it has closed its files."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
