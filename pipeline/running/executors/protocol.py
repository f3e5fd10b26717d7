"""What an executor is. The passes are written once against `submit`, which takes values and earlier results alike."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

__all__ = ["Executor"]


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
        """Replace a handle by its value, so that a scheduler can forget what led to it; `submit` takes either."""
