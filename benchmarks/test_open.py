"""Open a run: lazily, against reading it."""

from __future__ import annotations

import pytest

from benchmarks import ours, peers
from benchmarks.conftest import need
from benchmarks.data import SIZE
from tests.opening.layouts.test_registry import EXAMPLES


@pytest.mark.parametrize("work", [ours.open_run, peers.sapicore_open], ids=lambda work: work.__name__)
def test_open(work, measure, store):
    if work is peers.sapicore_open:
        need("sapicore")
    measure("open a run", work, store.run(SIZE.run), warm=store.run(101))


@pytest.mark.parametrize("work", [ours.open_run, peers.h5py_visit], ids=lambda work: work.__name__)
@pytest.mark.parametrize("layout", EXAMPLES)
def test_open_a_file(work, measure, tmp_path, layout):
    """A file of each layout, known to the child that lists files first; and h5py's own visit to all of it."""
    path = EXAMPLES[layout](tmp_path / "a.h5")
    measure(f"open {layout}", work, path, warm=path, memory=False, rounds=20)


@pytest.mark.parametrize("work", [ours.open_run, peers.h5py_visit], ids=lambda work: work.__name__)
def test_open_many(work, measure, store):
    path = store.many(SIZE.datasets[0])
    measure("open many", work, path, warm=path, memory=False)
