"""Values that are worked out once, bounded in bytes, safe for threads."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from typing import Any

__all__ = ["CACHE", "Cache"]


class Cache:
    """Values by key; those not asked for longest go first.

    Parameters
    ----------
    most : int
        Bytes that all values may have together. A value of more is handed out and not held.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self._lock = threading.Lock()
        self._values: OrderedDict[Hashable, tuple[Any, int]] = OrderedDict()
        self._under_way: dict[Hashable, Future[Any]] = {}
        self._size = 0

    @property
    def size(self) -> int:
        """The bytes of all values."""
        return self._size

    def clear(self) -> None:
        """Let go of all values."""
        with self._lock:
            self._values.clear()
            self._size = 0

    def get(self, key: Hashable, make: Callable[[], Any], measure: Callable[[Any], int]) -> Any:
        """Return the value of a key; threads that ask for one at the same time wait for the first of them.

        Parameters
        ----------
        key : hashable
        make : callable
            Works the value out. What it raises reaches all that wait, and is not held.
        measure : callable
            From the value to its bytes.
        """
        with self._lock:
            if key in self._values:
                self._values.move_to_end(key)
                return self._values[key][0]
            first = key not in self._under_way
            future = self._under_way.setdefault(key, Future())
        if not first:
            return future.result()
        try:
            value = make()
        except BaseException as error:
            with self._lock:
                del self._under_way[key]
            future.set_exception(error)
            raise
        with self._lock:
            del self._under_way[key]
            self._hold(key, value, measure(value))
        future.set_result(value)
        return value

    def _hold(self, key: Hashable, value: Any, size: int) -> None:
        if size > self.most:
            return
        self._values[key] = value, size
        self._size += size
        while self._size > self.most:
            _, (_, freed) = self._values.popitem(last=False)
            self._size -= freed


#: The one cache of a process, because previews of the same data share summaries.
CACHE = Cache(256 << 20)
