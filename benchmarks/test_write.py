"""Write an array in memory to an event file, as scalar points."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks import ours, peers
from benchmarks.conftest import need
from benchmarks.data import NAME, SIZE, UNITS, voltage, written

PEERS = {
    peers.torch_scalars: "torch",
    peers.tensorboardx_scalars: "tensorboardX",
    peers.tensorboard_scalars: "tensorboard",
}


@pytest.mark.parametrize("units", [UNITS, 1])
@pytest.mark.parametrize("work", [ours.scalars, *PEERS], ids=lambda work: f"{work.__module__[11:]}.{work.__name__}")
def test_scalars(work, units, measure):
    if work in PEERS:
        need(PEERS[work])
    steps = (
        (SIZE.points if units > 1 else SIZE.single) if work is ours.scalars else SIZE.few_points[-1] * UNITS // units
    )
    out = measure(f"scalars of {units}", work, voltage(steps, units), count=steps * units, warm=voltage(10, units))
    if NAME == "tiny" and work is not peers.tensorboard_scalars:  # which writes tensors
        assert written(out) == {"points": steps * units}


@pytest.mark.parametrize("units", [UNITS, 1])
@pytest.mark.parametrize("work", [peers.memcpy, peers.file_write], ids=lambda work: work.__name__)
def test_limit(work, units, measure, tmp_path):
    """Copying, or writing to a file, as many bytes."""
    steps = SIZE.points if units > 1 else SIZE.single
    ours.scalars(voltage(steps, units), tmp_path / "same")
    data = np.fromfile(next((tmp_path / "same").glob("*.scalars")), np.uint8)
    measure(f"scalars of {units}", work, data, count=steps * units, memory=False, rounds=SIZE.rounds)
