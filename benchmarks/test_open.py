"""Open a run: lazily, against reading it."""

from __future__ import annotations

import pytest

from benchmarks import ours, peers
from benchmarks.conftest import need
from benchmarks.data import SIZE


@pytest.mark.parametrize("work", [ours.open_run, peers.sapicore_open], ids=lambda work: work.__name__)
def test_open(work, measure, store):
    if work is peers.sapicore_open:
        need("sapicore")
    measure("open a run", work, store.run(SIZE.run), warm=store.run(101))
