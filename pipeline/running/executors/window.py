"""Results in order, of which only so many are under way as there is room for."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from pipeline.running.executors.protocol import Executor

__all__ = ["in_order"]


def in_order(
    executor: Executor,
    handles: Iterable[tuple[Any, Any]],
    *,
    most: int = 0,
    weigh: Callable[[Any], int] = lambda label: 0,
    fetched: Callable[[Any], bool] = lambda label: True,
) -> Iterator[tuple[Any, Any]]:
    """Yield (label, result) in order.

    Parameters
    ----------
    executor : Executor
        At most ``executor.window`` results are under way.
    handles : iterable of (label, handle)
        Taken, and so begun, as there is room. A handle of None is yielded as None.
    most : int
        Bytes in flight a worker: when the results under way weigh more, no other is begun; 0 for any.
    weigh : callable
        From a label to its weight.
    fetched : callable
        Whether the result is wanted; otherwise it is waited for, and only a `Failure` is told.
    """
    waiting: deque[tuple[Any, Any]] = deque()
    weight = 0

    def oldest() -> tuple[Any, Any]:
        nonlocal weight
        label, handle = waiting.popleft()
        weight -= weigh(label)
        if handle is None:
            return label, None
        return label, executor.result(handle) if fetched(label) else executor.settle(handle)

    for labelled in handles:
        waiting.append(labelled)
        weight += weigh(labelled[0])
        del labelled
        while waiting and (len(waiting) >= executor.window or weight > most * executor.workers > 0):
            yield oldest()
    while waiting:
        yield oldest()
