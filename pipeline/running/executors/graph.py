"""The work as a Dask graph, done when somebody computes it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

__all__ = ["GraphBuilder"]


class GraphBuilder:
    """Runs nothing: `submit` returns a ``dask.delayed.Delayed``."""

    workers = window = 1
    outlasts_interrupts = False

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
