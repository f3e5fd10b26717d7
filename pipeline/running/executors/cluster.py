"""The work on a Dask cluster that is there already."""

from __future__ import annotations

import math
import socket
import time
from collections.abc import Callable
from functools import cached_property
from typing import Any
from uuid import uuid4

from pipeline.errors import PipelineError
from pipeline.running.executors.patience import TELL_SECONDS, Patience
from pipeline.running.tasks import Failure, Outcome, guarded

__all__ = ["WAIT_SECONDS", "OnCluster"]

#: Seconds between looks at which workers are there.
_LOOK_SECONDS = 2.0
#: Seconds that there may be no worker.
WAIT_SECONDS = 600.0
_LOST = "the Dask scheduler was lost; the same command goes on from here"


class OnCluster:
    """Runs functions on the workers of a ``distributed.Client``.

    Parameters
    ----------
    client : distributed.Client
    tell : callable
        Called with lines for people while there is no worker.
    wait : float
        Seconds that there may be none.
    """

    def __init__(self, client: Any, tell: Callable[[str], None] = print, wait: float = WAIT_SECONDS) -> None:
        self.client, self._workers, self._counted = client, 1, -math.inf
        self._patience = Patience(client, tell, wait)
        self._patience.workers()

    @property
    def outlasts_interrupts(self) -> bool:
        """False: an interrupt may have ended the workers too."""
        return False

    @property
    def workers(self) -> int:
        """The number of threads that do the work, counted now and then because workers come and go."""
        if time.monotonic() > self._counted + _LOOK_SECONDS:
            try:
                self._workers = max(1, sum(self.client.nthreads().values()))
            except Exception as cause:
                self._check(cause)
            self._counted = time.monotonic()
        return self._workers

    @property
    def window(self) -> int:
        """Four results a thread, so that no worker waits for its next task."""
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
        """Send a task; the first one sent is the first one begun."""
        named = args[0] if function is guarded else function  # what the dashboard shows
        key = f"{named.__name__}-{uuid4().hex}"
        try:
            return self.client.submit(function, *args, key=key, pure=False, fifo_timeout="0s")
        except Exception as cause:
            self._check(cause)
            raise

    def result(self, handle: Any) -> Any:
        """Fetch a result, or a `Failure` if the cluster could not compute it."""
        if isinstance(handle, Outcome | Failure):  # what was detached, or kept by an earlier conversion
            return handle
        failed = self.settle(handle)  # waits, and can be interrupted there
        try:
            return failed or self.client.gather(handle, direct=self._direct)
        except Exception as cause:
            return self._given_up(handle, cause)

    def settle(self, handle: Any) -> Any:
        """Wait for a result without fetching it; return a `Failure` if the cluster could not compute it."""
        try:
            error = self._waited(handle)  # tasks themselves do not raise: a worker that keeps dying does
        except PipelineError:
            raise
        except Exception as cause:
            error = cause
        return None if error is None else self._given_up(handle, error)

    def _waited(self, handle: Any) -> Any:
        """Wait for a task, and return its error; tell where it takes long because there is no worker."""
        while True:
            try:
                return handle.exception(timeout=TELL_SECONDS)
            except TimeoutError:
                self._patience.check()

    def _given_up(self, handle: Any, error: Exception) -> Failure:
        """Return a task's error as a failure; raise where the scheduler was lost."""
        if handle.status != "error":
            raise PipelineError(_LOST) from error
        return Failure(f"the Dask cluster gave up on it ({type(error).__name__}: {error})")

    def _check(self, cause: Exception) -> None:
        """Raise if the scheduler is gone."""
        if self.client.status != "running":
            raise PipelineError(_LOST) from cause

    detach = result
