"""The choice of where the work runs."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from pipeline.errors import SettingError
from pipeline.running.executors.cluster import WAIT_SECONDS, OnCluster
from pipeline.running.executors.in_process import InProcess
from pipeline.running.executors.local import LocalProcesses
from pipeline.running.executors.protocol import Executor

__all__ = ["executor"]


@contextmanager
def executor(
    workers: int | None = None,
    scheduler: str | None = None,
    began: Callable[[str], None] | None = None,
    wait: float = WAIT_SECONDS,
) -> Iterator[Executor]:
    """Choose where to run, and end afterwards what was started here.

    Parameters
    ----------
    workers : int, optional
        So many local processes; they are started when there is something to do.
    scheduler : str, optional
        The address of a running Dask scheduler.
    began : callable, optional
        Called with lines for people: the dashboard of what was started or connected to; that workers are waited for,
        which is printed where it is not given.
    wait : float
        Seconds to wait for a cluster's workers.

    Notes
    -----
    With neither, the active ``distributed.Client`` is used if there is one, else this process: small work costs no
    start-up, and ``distributed`` is not even imported.
    """
    if workers is not None and scheduler is not None:
        raise SettingError("workers and scheduler: accepted is one of them")
    if workers is not None and workers < 1:
        raise SettingError(f"workers={workers}: accepted is a whole number of at least 1")
    waits = began or partial(print, flush=True)
    if scheduler is not None:
        with _connected(scheduler, began or _nobody) as client:
            yield OnCluster(client, waits, wait)
    elif workers is not None:
        processes = LocalProcesses(workers, began or _nobody)
        try:
            yield processes
        finally:
            processes.close()
    elif (client := _active_client()) is not None:
        yield OnCluster(client, waits, wait)
    else:
        yield InProcess()


@contextmanager
def _connected(scheduler: str, began: Callable[[str], None]) -> Iterator[Any]:
    """Yield a client of a running Dask scheduler."""
    from distributed import Client
    from distributed.comm import resolve_address

    try:
        resolve_address(scheduler)  # a client that was given no address is slow to give up
        client = Client(scheduler, timeout="10s", set_as_default=False)
    except (OSError, ValueError, TimeoutError) as cause:
        raise SettingError(f"scheduler={scheduler!r}: no Dask scheduler answers there ({cause})") from cause
    with _quiet("distributed", "distributed.client"), client:  # of a lost scheduler one line is told here
        began(f"dashboard: {client.dashboard_link}")
        yield client


def _nobody(line: str) -> None:
    """Tell it to nobody."""


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
