"""Blocks are taken in once, at once where they are few, else behind; what goes wrong there is told."""

from __future__ import annotations

import threading

import pytest

from pipeline.errors import SourceError
from pipeline.serving.page.filling import Filling
from pipeline.slicing.blocks import Block

BLOCKS = [Block(start, start + 10) for start in range(0, 100, 10)]
FEW, MANY = 1, 1 << 40  # bytes


def test_few_blocks_are_there_when_it_returns_and_all_are_taken_once() -> None:
    taken: list[Block] = []
    done = threading.Event()
    filling = Filling(BLOCKS, taken.append, done.set, threading.Event())
    filling.wanted(BLOCKS[3:5], FEW)
    assert set(BLOCKS[3:5]) <= set(taken)
    assert done.wait(60)
    filling.wanted(BLOCKS, FEW)
    assert sorted(taken, key=lambda block: block.start) == BLOCKS


def test_many_blocks_are_not_waited_for() -> None:
    go, done = threading.Event(), threading.Event()
    filling = Filling(BLOCKS, lambda block: go.wait(60) and None, done.set, threading.Event())
    filling.wanted(BLOCKS, MANY)  # would not return
    go.set()
    assert done.wait(60)


def test_what_goes_wrong_behind_is_raised_where_it_is_asked_for() -> None:
    tried = threading.Event()

    def take(block: Block) -> None:
        tried.set()
        raise SourceError("damaged")

    filling = Filling(BLOCKS, take, lambda: None, threading.Event())
    filling.behind()
    assert tried.wait(60)
    assert filling._behind is not None
    filling._behind.join(60)
    with pytest.raises(SourceError, match="damaged"):
        filling.wanted(BLOCKS, MANY)


def test_nothing_is_read_once_it_is_to_end() -> None:
    closing, taken = threading.Event(), []
    closing.set()
    filling = Filling(BLOCKS, taken.append, lambda: None, closing)
    filling.behind()
    assert filling._behind is not None
    filling._behind.join(60)
    assert taken == []
