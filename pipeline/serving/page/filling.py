"""Reading behind: the blocks of a variable are taken in one after the other while somebody looks at what is there."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future

from pipeline.slicing.blocks import Block

__all__ = ["Filling"]

#: Bytes that are read while somebody waits; of more, what is there is shown at once.
_AT_ONCE = 64 << 20
#: Variables that are read at once, all of them together; more only takes turns.
_READERS = threading.Semaphore(2)


class Filling:
    """The blocks of a variable, each taken in once.

    Parameters
    ----------
    blocks : sequence of Block
        What is to be taken in.
    take : callable
        Reads a block and takes it in.
    done : callable
        Called when all were taken in.
    closing : threading.Event
        Set when nothing more shall be read.
    """

    def __init__(
        self, blocks: Sequence[Block], take: Callable[[Block], None], done: Callable[[], None], closing: threading.Event
    ) -> None:
        self._take, self._done, self._closing = take, done, closing
        self._lock = threading.Lock()
        self._taken: dict[Block, Future[None]] = {}
        self._blocks = [blocks[at] for at in _scattered(len(blocks))]
        self._left = len(blocks)
        self._behind: threading.Thread | None = None

    def now(self, blocks: Iterable[Block]) -> None:
        """Take blocks in, or wait until they are.

        Raises
        ------
        PipelineError
            If one cannot be read.
        """
        for block in blocks:
            self._one(block)

    def behind(self) -> None:
        """Take in all that is left, in a thread; what goes wrong there is raised where a block is asked for."""
        with self._lock:
            if self._behind is None and self._left:
                self._behind = threading.Thread(target=self._all, daemon=True)
                self._behind.start()

    def wanted(self, blocks: Sequence[Block], size: int) -> None:
        """Take blocks of so many bytes in, at once where they are few, and all that is left behind.

        Raises
        ------
        PipelineError
            If a block cannot be read.
        """
        if size <= _AT_ONCE:
            self.now(blocks)
        elif (error := self._failure()) is not None:
            raise error
        self.behind()

    def _failure(self) -> BaseException | None:
        """Return what kept a block from being read, if one was."""
        with self._lock:
            failed = (future.exception() for future in self._taken.values() if future.done())
            return next((error for error in failed if error is not None), None)

    def _all(self) -> None:
        for block in self._blocks:
            with _READERS:
                if self._closing.is_set():
                    return
                try:
                    self._one(block)
                except Exception:  # held by its future
                    return

    def _one(self, block: Block) -> None:
        with self._lock:
            mine = block not in self._taken
            future = self._taken.setdefault(block, Future())
        if not mine:
            future.result()
            return
        try:
            self._take(block)
        except BaseException as error:
            future.set_exception(error)
            raise
        with self._lock:
            self._left -= 1
            last = not self._left
        if last:
            self._done()
        future.set_result(None)


def _scattered(count: int) -> list[int]:
    """Return the numbers below `count` so that each next lies far from those before: what is seen early is everywhere.

    Examples
    --------
    >>> _scattered(5)
    [0, 4, 2, 1, 3]
    """
    bits = max(1, (count - 1).bit_length())
    reversed_bits = (int(f"{number:0{bits}b}"[::-1], 2) for number in range(1 << bits))
    return [number for number in reversed_bits if number < count]
