"""Partials stay in order, few of them wait, and a scheduler need not remember what led to them."""

from __future__ import annotations

from pipeline.running.merge_tree import MergeTree


def test_a_tree_keeps_the_order_and_few_levels() -> None:
    tree = MergeTree(lambda *parts: sum(parts, ()))
    for number in range(1000):
        tree.add((number,))
        assert len(tree.levels) <= 7 * 4  # at most seven of each of four levels
    assert tree.merged() == tuple(range(1000))
    tree.add((1000,))
    assert tree.merged() == tuple(range(1001))


def test_what_a_scheduler_remembers_of_a_tree_does_not_grow_with_it() -> None:
    """A handle is here the number of tasks that led to it."""
    tree = MergeTree(lambda *parts: 1 + sum(parts), lambda part: 0)
    for _ in range(30_000):
        tree.add(1)
        assert sum(handle for _, handle in tree.levels) < 6_000
    assert tree.merged() < 6_000
