"""Serve a run: frames that nobody has seen, points and views, against drawing and reading alone."""

from __future__ import annotations

import json
import shutil
import urllib.request
from urllib.parse import urlsplit

import numpy as np
import pytest

from benchmarks import ours, peers
from benchmarks.data import NAME, SIZE, UNITS
from pipeline.planning.config import parse_plots
from pipeline.planning.sources import plan_sources
from pipeline.running.on_demand import OnDemand
from pipeline.serving.app import App
from pipeline.serving.live import Live
from pipeline.serving.page.plugin import Page
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


def test_the_first_points_of_a_variable(measure, store):
    path = store.file("voltage", SIZE.single, 8)
    warm = store.file("voltage", 100, 8)
    measure("served points", ours.served_points, path, count=8 * SIZE.single, warm=warm)
    found = ours.served_points(path, store.folder)
    for number, tag in enumerate(sorted(found, key=lambda tag: int(tag.split("/")[1][1:]))):
        values = peers.h5py_read_direct(path, store.folder)[:, number]
        shown = {datum.step: datum.value for datum in found[tag]}
        assert all(values[step] == value for step, value in shown.items())
        assert {values.min(), values.max()} <= {*shown.values()}
        assert {0, SIZE.single - 1} <= shown.keys()


@pytest.mark.parametrize("group", ["served points", "page view"])
def test_the_whole_variable_read(measure, store, group):
    path, warm = store.file("voltage", SIZE.single, 8), store.file("voltage", 100, 8)
    measure(group, peers.h5py_read_direct, path, count=8 * SIZE.single if group == "served points" else 1, warm=warm)


def test_views_of_the_page(measure, store):
    path = store.file("voltage", SIZE.single, 8)
    plots = parse_plots([{"voltage": {"kind": "trace", "format": "scalar"}}])
    live = Live(plan_sources(path, plots)[0], lambda: plan_sources(path, plots)[0])
    app = App(Provider(live, "here"), Page(live), port=0)
    app.start()
    with urllib.request.urlopen(f"{app.url}data/plugin/hdf2tb/variables") as answer:
        (variable,) = json.loads(answer.read())["variables"]
    rng = np.random.default_rng(0)
    lengths = SIZE.single * 10.0 ** -rng.uniform(0, 4, 60)
    starts = rng.random(60) * (SIZE.single - lengths)
    source = urlsplit(app.url).port, variable["id"], [*zip(starts, starts + lengths, strict=True)]
    measure("page view", ours.page_views, source, count=60, who="over HTTP", warm=source, memory=False)
    assert all(view[4:5] == b"{" for view in ours.page_views(source, store.folder))
    app.stop()
