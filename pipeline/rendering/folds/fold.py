"""The protocol of folds."""

from __future__ import annotations

from typing import Any, Protocol

__all__ = ["Fold"]


class Fold(Protocol):
    """A fold over blocks: immutable, hashable and small to pickle.

    Summaries are equal where rows and folds are; so previews of the same data in other colours share one.
    """

    @property
    def partial(self) -> Any:
        """The type of its partials: a named tuple of numbers and arrays, which a checkpoint can hold."""

    def of(self, block: Any) -> Any:
        """Return the partial of one block: a `DenseBlock`, and of a plot that takes lists of events an `EventBlock`."""

    def merge(self, a: Any, b: Any) -> Any:
        """Return the partial of two neighbouring stretches, the earlier one first. Associative, up to rounding."""
