"""Any address, in any order and from many threads, is the record that a conversion writes there."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

import pipeline
from pipeline.errors import SourceError
from pipeline.model.record import Hparams, Image, Record, Scalars
from pipeline.model.series import Series
from pipeline.planning.config import parse_plots
from pipeline.planning.match import plan_run
from pipeline.running.cache import Cache
from pipeline.running.on_demand import OnDemand
from pipeline.slicing.budget import Budget
from pipeline.writing.eventfiles import read_hparams
from tests.common import accumulated, write_component
from tests.conftest import Read

pytestmark = pytest.mark.slow

SIZE = (2, 1.5)
BLOCKS = Budget(block=3000)  # so that there is something to merge

#: All kinds of plots, and every way in which a picture depends on others.
PLOTS: list[dict[str, Any]] = [
    {"weights": {"kind": "heatmap", "step": 7, "size": SIZE}},
    {"gains": {"kind": "heatmap", "step": 9, "limits": "all", "size": SIZE}},
    {"delays": {"kind": "heatmap", "step": 5, "limits": "frame", "size": SIZE}},
    {"voltage": {"kind": "heatmap", "size": SIZE}},
    {"voltage": {"kind": "trace", "format": "scalar"}},
    {"voltage": {"kind": "trace", "format": "image", "size": SIZE}},
    {"voltage": {"kind": "hparam"}},
    {"current": {"kind": "trace", "format": "scalar", "points": 20}},
    {"current": {"kind": "hparam", "format": "scalar"}},
    {"spiked": {"kind": "raster", "window": "30 ms", "size": SIZE}},
]


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rng = np.random.default_rng(0)
    path = tmp_path_factory.mktemp("run") / "GC.h5"
    data = {
        "weights": rng.normal(size=(120, 4, 5)),
        "gains": rng.normal(size=(120, 3, 3)),
        "delays": rng.normal(size=(120, 3, 3)),
        "voltage": rng.normal(size=(120, 3)).astype(np.float32),
        "spiked": (rng.random((120, 9)) < 0.1).astype(np.float32),
    }
    write_component(path, "GC", data)
    with h5py.File(path, "a") as file:
        file["current"] = rng.normal(size=(120, 2))
    return path


def engine(source: Path, plots: Any = PLOTS, cache: Cache | None = None) -> OnDemand:
    plan = plan_run(pipeline.open_run(source, dt="0.5 ms"), parse_plots(plots))
    assert plan.problems == []
    return OnDemand([job.within(BLOCKS) for job in plan.jobs], Cache(1 << 24) if cache is None else cache)


def addresses(engine: OnDemand) -> list[tuple[Series, int]]:
    return [(one, step) for one in engine.series.values() for step in one.steps]


def content(record: Record | None) -> Any:
    match record:
        case Image():
            return record.tag, record.step, record.wall_time, record.png
        case Scalars():
            return record.tags, record.steps.tolist(), record.wall_times.tolist(), record.values.tobytes()
        case Hparams():
            return record.values
    return None


def drawn(engine: OnDemand, address: tuple[Series, int]) -> Any:
    try:
        return content(engine.record(*address))
    except KeyError:  # a thinned series has no point there
        return None


def test_every_address_is_what_a_conversion_writes(source: Path, tmp_path: Path) -> None:
    pipeline.convert(source, tmp_path, PLOTS, dt="0.5 ms", memory=BLOCKS)
    written = accumulated(tmp_path / "GC")
    expected: dict[tuple[str, str, int], Any] = {}
    for tag in written.Tags()["images"]:
        for image in written.Images(tag):
            expected["images", tag, image.step] = (tag, image.step, image.wall_time, image.encoded_image_string)
    for tag in written.Tags()["scalars"]:
        for point in written.Scalars(tag):
            value = np.float32(point.value).tobytes()
            expected["scalars", tag, point.step] = ((tag,), [point.step], [point.wall_time], value)
    hparams = read_hparams(tmp_path / "GC")
    expected |= {("hparams", name, 0): {name: value} for name, value in hparams.items()}

    on_demand = engine(source)
    found = {(one.plugin, one.tag, step): drawn(on_demand, (one, step)) for one, step in addresses(on_demand)}
    assert {address: record for address, record in found.items() if record is not None} == expected
    assert {plugin for plugin, *_ in found} == {"images", "scalars", "hparams"}
    thinned = [address for address, record in found.items() if record is None]
    assert thinned
    assert all(tag.endswith("/current") for _, tag, _ in thinned)


@pytest.mark.parametrize("room", [1 << 24, 20_000, 0], ids=["all is held", "little is held", "nothing is held"])
def test_eight_threads_draw_what_one_draws(source: Path, room: int) -> None:
    alone = engine(source)
    every = addresses(alone)
    expected = {address: drawn(alone, address) for address in every}
    together = engine(source, cache=Cache(room))

    def draw(seed: int) -> int:
        chosen = random.Random(seed).choices(every, k=1000 if room > 20_000 else 50)
        return sum(drawn(together, address) != expected[address] for address in chosen)

    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(draw, range(8))) == [0] * 8
    assert together._cache.size <= room


def test_drawings_with_equal_folds_share_a_summary(source: Path, reads: list[Read]) -> None:
    cache = Cache(1 << 24)
    for number, cmap in enumerate(("viridis", "magma")):
        on_demand = engine(source, [{"weights": {"kind": "heatmap", "step": 7, "cmap": cmap, "size": SIZE}}], cache)
        ((one, *_),) = [list(on_demand.series.values())]
        reads.clear()
        on_demand.record(one, 7 * number)
        assert len(reads) == (1 if number else 1 + len(on_demand._sources[0].job.first_blocks))


def test_what_is_not_an_address_is_a_key_error(source: Path) -> None:
    on_demand = engine(source, PLOTS[:1])
    (one,) = on_demand.series.values()
    with pytest.raises(KeyError):
        on_demand.record(one, 3)
    with pytest.raises(KeyError):
        on_demand.record(Series("GC/other", "images", range(3), 3, 1), 0)


def test_what_cannot_be_read_is_an_error_of_that_address(damaged: Path) -> None:
    on_demand = engine(damaged / "spoilt.h5", [{"voltage": {"kind": "trace", "size": SIZE}}])
    for one in on_demand.series.values():
        with pytest.raises(SourceError, match=r"spoilt\.h5.*voltage"):
            on_demand.record(one, 0)
