"""Draw each kind of picture and write it to an event file."""

from __future__ import annotations

import struct
import zlib

import pytest

from benchmarks import ours, peers
from benchmarks.conftest import need
from benchmarks.data import NAME, SIZE, UNITS, voltage, weights, written
from pipeline.model.block import DenseBlock
from pipeline.model.clock import Clock
from pipeline.model.signal import Signal
from pipeline.rendering.heatmap import Heatmap

FRAMES = len(range(0, SIZE.weights, 100))


def works(*functions):
    return pytest.mark.parametrize("work", functions, ids=lambda work: f"{work.__module__[11:]}.{work.__name__}")


def skip_without(work):
    if work.__name__.startswith("sapicore"):
        need("sapicore")


@works(ours.heatmap, peers.sapicore_heatmap)
def test_heatmap(work, measure):
    skip_without(work)
    out = measure("heatmap 64 by 64", work, weights(SIZE.weights), count=FRAMES, warm=weights(1))
    assert written(out) == {"1500x1000": FRAMES}


@works(ours.every_heatmap, peers.savefig_heatmap)
def test_large_heatmap(work, measure):
    count = SIZE.large if work is ours.every_heatmap else SIZE.few_large
    out = measure("heatmap 1000 by 1000", work, weights(count, 1000), count=count, warm=weights(1))
    assert written(out) == ({"1500x1000": count} if work is ours.every_heatmap else {"pictures": count})


@works(ours.histograms, peers.numpy_histogram)
def test_histogram(work, measure):
    values = weights(SIZE.large, 1000 if NAME != "tiny" else 30)
    out = measure("histogram 1000 by 1000", work, values, count=SIZE.large, warm=weights(1))
    if work is ours.histograms:
        assert written(out) == {"distributions": SIZE.large}


@pytest.mark.parametrize("units", [10_000, 1_000])
def test_band(units, measure):
    steps = SIZE.band * 10_000 // units
    who = "ours" if units == 10_000 else f"ours, {units:,} units"
    out = measure("band", ours.band, voltage(steps, units), who=who, count=steps * units, warm=voltage(2, 10))
    assert written(out) == {"points": 3 * steps}


def test_band_of_torch(measure):
    need("torch")
    values = voltage(SIZE.few_band, 10_000)
    out = measure("band", peers.torch_band, values, count=values.size, warm=voltage(2, 10))
    assert written(out) == {"points": 3 * SIZE.few_band}  # its histograms are of the older form


@works(ours.trace_images, peers.sapicore_trace_images, peers.savefig_traces)
def test_trace_image(work, measure):
    skip_without(work)
    out = measure("trace images", work, voltage(SIZE.images), count=UNITS, warm=voltage(10, 1))
    assert written(out) == ({"pictures": UNITS} if work is peers.savefig_traces else {"1000x500": UNITS})


@works(ours.raster, peers.sapicore_raster, peers.eventplot_raster)
def test_raster(work, measure, store):
    skip_without(work)
    source, warm = store.file("spiked", *SIZE.raster), store.file("spiked", 100, 10)
    out = measure("raster", work, source, warm=warm, rounds=0 if work is ours.raster else 1)
    assert written(out) == ({"pictures": 1} if work is peers.eventplot_raster else {"1500x1000": 1})


@works(ours.listed_raster, peers.eventplot_list)
def test_listed_raster(work, measure, store):
    source, warm = store.events(SIZE.events), store.events(100)
    out = measure("listed raster", work, source, warm=warm, rounds=0 if work is ours.listed_raster else 1)
    assert written(out) == ({"pictures": 1} if work is peers.eventplot_list else {"1500x1000": 1})


@pytest.mark.parametrize("side", [64, 1000])
def test_deflate(side, measure):
    """Compressing the same pictures, which nothing that writes them can do without."""
    count = FRAMES if side == 64 else SIZE.large
    values = weights(1, side)
    signal = Signal("GC", "weights", ("time", "row", "column"), values.shape, "float32", "", Clock(1))
    block = DenseBlock(values, *[range(1)] * 2)
    plot = Heatmap(step=1)
    image = plot.draw(signal, plot.series(signal)[0], 0, block, (float(values.min()), float(values.max())))
    lines = zlib.decompress(image_data(image.png))
    assert len(lines) == 1000 * 1501
    measure(f"heatmap {side} by {side}", peers.deflate, [lines] * count, count=count, memory=False)


def image_data(png: bytes) -> bytes:
    """Return the data of a PNG's first IDAT chunk."""
    at = png.index(b"IDAT")
    return png[at + 4 : at + 4 + struct.unpack(">I", png[at - 4 : at])[0]]
