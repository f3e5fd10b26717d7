"""The protocol of executors. The passes are written once against `submit`, which takes values and earlier results."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

__all__ = ["Executor"]


class Executor(Protocol):
    """Runs functions; what `submit` returns can be an argument of a later `submit`."""

    @property
    def workers(self) -> int:
        """The number of processes or threads that do the work."""

    @property
    def window(self) -> int:
        """The number of results that may be under way at once."""

    @property
    def outlasts_interrupts(self) -> bool:
        """Whether results can still be fetched after an interrupt (Ctrl-C, the stop button of a notebook)."""

    def submit(self, function: Callable[..., Any], *args: Any) -> Any:
        """Begin ``function(*args)`` and return a handle of its result."""

    def result(self, handle: Any) -> Any:
        """Wait for a result."""

    def settle(self, handle: Any) -> Any:
        """Wait for a result without fetching it; return it if it is a `Failure`, else None."""

    def detach(self, handle: Any) -> Any:
        """Replace a handle by its value, so that a scheduler can forget what led to it; `submit` takes either."""
