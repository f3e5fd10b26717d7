"""Partials, merged in order as a tree: the same sums whatever the executor, and few that wait.

Sums of floating-point numbers depend on the order in which they are added; so all that needs the bytes of a conversion
merges with this tree.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

__all__ = ["Level", "MergeTree"]

#: How many partials are merged at a time: few tasks, and few partials that wait.
_AT_ONCE = 8

#: The level from which partials are merged by value. A scheduler remembers every task that led to a result as long as
#: that is needed, and does them all again when the worker that holds it is lost: here some 500 blocks.
_DETACHED = 3

#: A level, and what was merged to it.
Level = tuple[int, Any]


class MergeTree:
    """Merges what is added, in order, `_AT_ONCE` of a level at a time.

    Parameters
    ----------
    merge : callable
        Takes neighbouring partials, or handles of them, and returns what they give.
    detach : callable
        Replaces a handle by its value, so that a scheduler can forget what led to it.
    levels : sequence of Level
        Where to go on.
    """

    def __init__(
        self,
        merge: Callable[..., Any],
        detach: Callable[[Any], Any] = lambda item: item,
        levels: Sequence[Level] = (),
    ) -> None:
        self.merge, self.detach = merge, detach
        self.levels = list(levels)

    def add(self, item: Any) -> None:
        """Add the next partial."""
        self.levels.append((0, item))
        while len(self.levels) >= _AT_ONCE and self.levels[-_AT_ONCE][0] == self.levels[-1][0]:
            self._merge_last(_AT_ONCE)

    def merged(self) -> Any:
        """Return what was added, merged."""
        while len(self.levels) > 1:
            self._merge_last(min(_AT_ONCE, len(self.levels)))
        return self.levels[0][1]

    def clear(self) -> None:
        """Begin anew."""
        self.levels.clear()

    def _merge_last(self, count: int) -> None:
        level = self.levels[-count][0]
        items = [self.detach(item) if at >= _DETACHED else item for at, item in self.levels[-count:]]
        self.levels[-count:] = [(level + 1, self.merge(*items))]
