"""Serve a run: a frame that nobody has seen over HTTP, against drawing it alone."""

from __future__ import annotations

import shutil
from urllib.parse import urlsplit

import numpy as np

from benchmarks import ours
from benchmarks.data import NAME, UNITS
from pipeline.planning.config import parse_plots
from pipeline.planning.sources import plan_sources
from pipeline.running.on_demand import OnDemand
from pipeline.serving.app import App
from pipeline.serving.live import Live
from pipeline.serving.provider import Provider


def frames(store, count):
    """Return a running server of large weights and the keys of some frames, and an engine and their steps."""
    steps = 40 if NAME == "tiny" else 300
    path = store.folder / "weights.h5"
    shutil.copy(store.file("weights", steps, UNITS if NAME == "tiny" else 200), path)
    plots = parse_plots([ours.FRAMES])
    provider = Provider(Live(plan_sources(path, plots)[0], lambda: plan_sources(path, plots)[0]), "here")
    app = App(provider, port=0)
    app.start()
    listed = provider.read_blob_sequences(experiment_id="", plugin_name="images")["weights"]["GC/weights"]
    some = np.random.default_rng(0).permutation(steps)[:count].tolist()
    keys = [listed[step].values[2].blob_key for step in some]
    return app, (urlsplit(app.url).port, keys), (OnDemand(plan_sources(path, plots)[0][0].jobs), some)


def test_a_frame_over_http(measure, store):
    app, (port, keys), alone = frames(store, 100)
    found = (port, keys)
    measure("served frame", ours.frames_over_http, found, count=len(keys), who="over HTTP", warm=found, memory=False)
    assert ours.frames_over_http((port, keys[:3]), store.folder) == ours.frames_alone(alone, store.folder)[:3]
    app.stop()


def test_a_frame_alone(measure, store):
    app, _, alone = frames(store, 100)
    app.stop()
    measure("served frame", ours.frames_alone, alone, count=len(alone[1]), who="alone", warm=alone, memory=False)
