"""Values are worked out once, however many ask; all together they stay below a number of bytes."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from pipeline.running.cache import Cache


def test_a_value_is_worked_out_once() -> None:
    cache, made = Cache(100), []
    for _ in range(3):
        assert cache.get("a", lambda: made.append(1) or "value", len) == "value"
    assert made == [1]
    assert cache.size == 5


def test_those_not_asked_for_longest_go_first() -> None:
    cache = Cache(10)
    made: list[str] = []

    def ask(key: str) -> None:
        cache.get(key, lambda: made.append(key) or "four", len)

    for key in "aba":
        ask(key)
    ask("c")  # there is room for two: `b` goes, because `a` was asked for since
    ask("a")
    assert made == ["a", "b", "c"]
    ask("b")
    assert made == ["a", "b", "c", "b"]
    assert cache.size <= 10


def test_a_value_that_is_too_large_is_handed_out_and_not_held() -> None:
    cache = Cache(3)
    assert cache.get("a", lambda: "four", len) == "four"
    assert cache.size == 0


def test_a_cleared_cache_is_empty() -> None:
    cache = Cache(10)
    cache.get("a", lambda: "four", len)
    cache.clear()
    assert cache.size == 0
    assert cache.get("a", lambda: "anew", len) == "anew"


def test_threads_that_ask_together_wait_for_one() -> None:
    cache, made = Cache(100), []
    together, asked = threading.Barrier(8), threading.Event()

    def make() -> str:
        assert asked.wait(60)
        made.append(1)
        return "value"

    def ask(number: int) -> str:
        if together.wait(60) == 0:
            asked.set()
        return str(cache.get("a", make, len))

    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(ask, range(8))) == ["value"] * 8
    assert made == [1]


def test_an_error_reaches_all_that_wait_and_is_tried_again() -> None:
    cache = Cache(100)
    begun, go_on = threading.Event(), threading.Event()

    def fail() -> str:
        begun.set()
        assert go_on.wait(60)
        raise ValueError("cannot be read")

    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(cache.get, "a", fail, len)
        assert begun.wait(60)
        second = threads.submit(cache.get, "a", fail, len)
        go_on.set()
        for asked in (first, second):
            with pytest.raises(ValueError, match="cannot be read"):
                asked.result()
    assert cache.get("a", lambda: "now", len) == "now"


def test_a_value_may_need_another() -> None:
    cache = Cache(100)
    inner = "summary"
    assert cache.get("picture", lambda: cache.get("limits", lambda: inner, len) + "!", len) == "summary!"
    assert cache.size == 15
