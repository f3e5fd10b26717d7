"""The wait for workers of a Dask client: it is told every few seconds, can be interrupted, and has an end."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from pipeline.errors import PipelineError
from pipeline.units import duration_text

__all__ = ["Patience"]

#: Seconds between words to whoever waits.
TELL_SECONDS = 5.0


class Patience:
    """Waits for workers of a client.

    Parameters
    ----------
    client : distributed.Client
    tell : callable
        Called with a line every few seconds while there is no worker.
    seconds : float
        How long to wait for the first one.
    """

    def __init__(self, client: Any, tell: Callable[[str], None], seconds: float) -> None:
        self._client, self._tell, self._seconds = client, tell, seconds
        self._since: float | None = None  # when it was first seen that there is none

    def workers(self) -> None:
        """Wait until there is a worker.

        Raises
        ------
        PipelineError
            If there is none in time.
        """
        while not self._client.nthreads():
            self.check()
            try:
                self._client.wait_for_workers(1, timeout=TELL_SECONDS)
            except TimeoutError:
                continue
        self._since = None

    def check(self) -> None:
        """Tell that there is no worker, if there is none.

        Raises
        ------
        PipelineError
            If there has been none for too long.
        """
        if self._client.nthreads():
            self._since = None
            return
        now = time.monotonic()
        if self._since is None:
            self._since = now
        waited = now - self._since
        address = self._client.scheduler.address
        if waited >= self._seconds:
            raise PipelineError(
                f"the Dask client at {address} had no worker for {duration_text(waited)} (wait says how long to wait); "
                "when it has one, the same call goes on from here"
            )
        after = f", after {duration_text(waited)}" if waited >= 1 else ""
        self._tell(
            f"no worker is there yet{after}; this starts one: dask worker {address}  (an interrupt ends those of a "
            f"LocalCluster: a new one and its Client have some; dashboard: {self._client.dashboard_link})"
        )
