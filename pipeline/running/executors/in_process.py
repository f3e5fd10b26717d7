"""The work in this process, at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pipeline.running.tasks import Failure

__all__ = ["InProcess"]


class InProcess:
    """Runs each function at once, one after the other: the reference that the others must equal."""

    workers = window = 1
    outlasts_interrupts = True

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
