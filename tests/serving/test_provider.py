"""What the running server answers is what is in the HDF5 file, and its pictures are those that a conversion writes."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import h5py
import numpy as np
import pytest
from tensorboard.plugin_util import markdown_to_safe_html
from tensorboard.plugins.custom_scalar import layout_pb2
from tensorboard.util.tensor_util import make_ndarray

import pipeline
from pipeline.planning.config import parse_plots
from pipeline.planning.sources import plan_sources
from pipeline.serving.app import App
from pipeline.serving.live import Live
from pipeline.serving.provider import Provider
from pipeline.slicing.read import Slice
from pipeline.writing.layouts import LAYOUT_TAG
from tests.common import accumulated, tree_bytes, write_component

RNG = np.random.default_rng(4)
VOLTAGE = RNG.normal(-60, 5, (5000, 5)).astype("f4")
SPIKES = (RNG.random((5000, 5)) < 0.02).astype("f4")
WEIGHTS = RNG.normal(size=(5000, 6, 4)).astype("f4")
PLOTS = [
    {"voltage": {"kind": "trace", "format": "scalar"}},
    {"spiked": {"kind": "raster", "window": 1000}},
    {"weights": {"kind": "heatmap", "step": 500}},
    {"spikes": {"kind": "rate", "bin": "100 ms"}},
    {"tau": {"kind": "hparam"}},
    {"threshold": {"kind": "hparam"}},
]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run") / "sim"
    values = {"voltage": VOLTAGE, "spiked": SPIKES, "weights": WEIGHTS, "threshold": np.array([-50.0])}
    write_component(folder / "GC.h5", "GC", values, tau=20.0)
    with h5py.File(folder / "spikes.h5", "w") as file:
        file["spikes/timestamps"], file["spikes/node_ids"] = np.sort(RNG.random(900) * 5000), RNG.integers(0, 9, 900)
    return folder


class Page:
    """The server, asked as the page asks it."""

    def __init__(self, app: App) -> None:
        self._where = urlsplit(app.url)

    def get(self, path: str, host: str | None = None) -> http.client.HTTPResponse:
        connection = http.client.HTTPConnection(self._where.hostname or "", self._where.port or 0)
        connection.request("GET", path, headers={} if host is None else {"Host": host})
        return connection.getresponse()

    def json(self, path: str) -> Any:
        answer = self.get(path)
        assert answer.status == 200, answer.read()
        return json.loads(answer.read())

    def pictures(self, run: str, tag: str) -> list[dict[str, Any]]:
        return self.json(f"/data/plugin/images/images?run={quote(run)}&tag={quote(tag)}&sample=0")  # type: ignore[no-any-return]


def started(paths: Any, plots: Any = None, **settings: Any) -> tuple[App, Page]:
    asked = None if plots is None else parse_plots(plots)
    frames = settings.pop("frames", 1000)
    planned = lambda: plan_sources(paths, asked, "1 ms")[0]  # noqa: E731
    app = App(Provider(Live(planned(), planned, **settings), "here", frames=frames), port=0)
    app.start()
    return app, Page(app)


@pytest.fixture(scope="module")
def page(run: Path) -> Iterator[Page]:
    app, found = started(run, PLOTS, metrics=["GC/N0/voltage"])
    yield found
    app.stop()


def test_nothing_is_read_to_list_what_there_is(run: Path, page: Page) -> None:
    assert page.json("/data/runs") == ["sim"]
    tags = page.json("/data/plugin/scalars/tags")["sim"]
    assert sorted(tags) == [*(f"GC/N{unit}/voltage" for unit in range(5)), "spikes/spikes/rate"]
    images = page.json("/data/plugin/images/tags")["sim"]
    assert {tag: about["samples"] for tag, about in images.items()} == {"GC/raster": 1, "GC/weights": 1}
    plugins = page.json("/data/plugins_listing")
    assert {name for name, about in plugins.items() if about["enabled"]} >= {
        "scalars",
        "images",
        "hparams",
        "timeseries",
    }


@pytest.mark.parametrize("unit", range(5))
def test_series_have_the_true_values_with_every_peak_and_both_ends(page: Page, unit: int) -> None:
    found = page.json(f"/data/plugin/scalars/scalars?run=sim&tag={quote(f'GC/N{unit}/voltage')}")
    times, steps, values = (np.array(column) for column in zip(*found, strict=True))
    assert len(steps) <= 1000
    np.testing.assert_array_equal(values.astype("f4"), VOLTAGE[steps.astype(int), unit])
    np.testing.assert_allclose(times, steps * 1e-3, atol=1e-9)
    assert (steps[0], steps[-1]) == (0, 4999)
    assert values.max() == VOLTAGE[:, unit].max()
    assert values.min() == VOLTAGE[:, unit].min()


def test_pictures_are_the_bytes_that_a_conversion_writes(run: Path, page: Page, tmp_path: Path) -> None:
    before = tree_bytes(run)
    pipeline.convert(run, tmp_path / "tb", PLOTS, dt="1 ms")
    written = accumulated(tmp_path / "tb" / "sim")
    for tag in ("GC/raster", "GC/weights"):
        expected = {image.step: (image.wall_time, image.encoded_image_string) for image in written.Images(tag)}
        shown = page.pictures("sim", tag)
        assert [one["step"] for one in shown] == list(expected)
        for one in shown:
            answer = page.get(f"/data/plugin/images/individualImage?{one['query']}")
            assert answer.read() == expected[one["step"]][1]
            assert "immutable" in (answer.getheader("Cache-Control") or "")
            assert one["wall_time"] == pytest.approx(expected[one["step"]][0])
    points = [point.value for point in written.Scalars("spikes/spikes/rate")]
    served = page.json("/data/plugin/scalars/scalars?run=sim&tag=spikes/spikes/rate")
    assert [value for *_, value in served] == points
    assert tree_bytes(run) == before


def test_histograms_charts_and_notes_are_those_that_a_conversion_writes(run: Path, tmp_path: Path) -> None:
    plots = [
        {"weights": {"kind": "histogram", "step": 700, "limits": "(1 %, 99 %)"}},
        {"voltage": {"kind": "band", "points": 50}},
        {"voltage": {"kind": "trace", "format": "scalar", "units": [0, 2], "together": True}},
    ]
    app, page = started(run, plots)
    plugins = page.json("/data/plugins_listing")
    shown = {name for name in ("histograms", "distributions", "custom_scalars", "text") if plugins[name]["enabled"]}
    assert shown == {"histograms", "distributions", "custom_scalars", "text"}
    told = page.json("/data/plugin/histograms/tags")["sim"]["GC/weights/histogram"]["description"]
    served = page.json("/data/plugin/histograms/histograms?run=sim&tag=GC/weights/histogram")
    layout = page.json("/data/plugin/custom_scalars/layout")
    band = page.json("/data/plugin/custom_scalars/scalars?run=sim&tag=GC/voltage/lowest")["tag_to_events"]
    (text,) = page.json("/data/plugin/text/text?run=sim&tag=notes")
    app.stop()
    pipeline.convert(run, tmp_path / "tb", plots, dt="1 ms")
    written = accumulated(tmp_path / "tb" / "sim")
    histograms = written.Tensors("GC/weights/histogram")
    assert [step for _, step, _ in served] == [one.step for one in histograms] == list(range(0, 5000, 700))
    for (wall_time, _, bins), one in zip(served, histograms, strict=True):
        np.testing.assert_array_equal(bins, make_ndarray(one.tensor_proto))
        assert wall_time == one.wall_time
    assert "weights of GC, dataset /weights, every 700 steps of 1 ms." in told
    expected = layout_pb2.Layout.FromString(written.Tensors(LAYOUT_TAG)[0].tensor_proto.string_val[0])
    assert [chart["title"] for chart in layout["category"][0]["chart"]] == ["GC/voltage, band", "GC/voltage"]
    assert len(expected.category[0].chart) == 2
    lowest = [value for _, step, value in band["GC/voltage/lowest"]]
    assert min(lowest) == VOLTAGE.min()
    points = {point.step: point.value for point in written.Scalars("GC/voltage/lowest")}
    assert {step: value for _, step, value in band["GC/voltage/lowest"] if step in points} == points
    assert text["text"] == markdown_to_safe_html(written.Tensors("notes")[0].tensor_proto.string_val[0])


def test_hyperparameters_and_the_metric(page: Page) -> None:
    body = json.dumps({"experimentName": ""})
    connection = http.client.HTTPConnection(page._where.hostname or "", page._where.port or 0)
    connection.request("POST", "/data/plugin/hparams/experiment", body, {"Content-Type": "application/json"})
    experiment = json.loads(connection.getresponse().read())
    assert {info["name"] for info in experiment["hparamInfos"]} == {"GC/tau", "GC/threshold"}
    assert [info["name"]["tag"] for info in experiment["metricInfos"]] == ["GC/N0/voltage"]
    asked = json.dumps({"experimentName": "", "allowedStatuses": ["STATUS_SUCCESS", "STATUS_UNKNOWN"], "colParams": [],
                        "startIndex": 0, "sliceSize": 10})  # fmt: skip
    connection.request("POST", "/data/plugin/hparams/session_groups", asked, {"Content-Type": "application/json"})
    (group,) = json.loads(connection.getresponse().read())["sessionGroups"]
    assert group["hparams"] == {"GC/tau": 20.0, "GC/threshold": -50.0}
    assert group["metricValues"][0]["value"] == pytest.approx(float(VOLTAGE[-1, 0]))


def test_sliders_have_a_limit_and_the_last_frame(run: Path) -> None:
    app, page = started(run, [{"weights": {"kind": "heatmap", "step": 1, "limits": (-3, 3)}}], frames=100)
    shown = page.pictures("sim", "GC/weights")
    app.stop()
    assert len(shown) == 100
    assert (shown[0]["step"], shown[-1]["step"]) == (0, 4999)


@pytest.mark.parametrize(
    "path",
    [
        "/data/plugin/scalars/scalars?run=nowhere&tag=x",
        "/data/plugin/scalars/scalars?run=sim&tag=x",
        "/data/plugin/images/images?run=sim&tag=x&sample=0",
        "/data/plugin/images/individualImage?blob_key=forged",
        "/data/plugin/images/individualImage?blob_key=../../../etc/passwd",
        "/data/plugin/images/individualImage?blob_key=" + "a" * 5000,
    ],
)
def test_what_there_is_not_is_an_error_and_the_server_goes_on(page: Page, path: str) -> None:
    assert 400 <= page.get(path).status < 500
    assert page.json("/data/runs") == ["sim"]


def test_a_step_that_there_is_not_and_a_forged_part(page: Page) -> None:
    query = page.pictures("sim", "GC/weights")[0]["query"]
    for forged in (query.replace(".0.p", ".1.p"), query.replace(".p", ".x"), query.replace(".0.p", f".{'9' * 30}.p")):
        assert page.get(f"/data/plugin/images/individualImage?{forged}").status == 404


@pytest.mark.parametrize(
    ("host", "status"), [("evil.example", 403), ("127.0.0.1:80", 200), ("localhost", 200), ("", 403)]
)
def test_only_the_names_of_this_machine_are_answered_to(page: Page, host: str, status: int) -> None:
    assert page.get("/data/runs", host).status == status


def test_the_automatic_plan_of_several_runs(run: Path, tmp_path: Path) -> None:
    write_component(tmp_path / "other" / "GC.h5", "GC", {"voltage": VOLTAGE[:100] * 2}, tau=30.0)
    app, page = started([run, tmp_path / "other"])
    assert sorted(page.json("/data/runs")) == ["other", "sim"]
    found = page.json("/data/plugin/scalars/scalars?run=other&tag=GC/N2/voltage")
    app.stop()
    assert [value for *_, value in found] == (VOLTAGE[:100, 2] * 2).astype(float).tolist()


def test_a_file_that_is_gone_is_told_and_takes_nothing_else_down(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_component(tmp_path / "run" / f"{name}.h5", name, {"voltage": VOLTAGE[:50]})
    app, page = started(tmp_path / "run")
    (tmp_path / "run" / "a.h5").unlink()
    assert page.get("/data/plugin/scalars/scalars?run=run&tag=a/N0/voltage").status in (400, 404)
    assert len(page.json("/data/plugin/scalars/scalars?run=run&tag=b/N0/voltage")) == 50
    app.stop()


def test_a_run_that_grows_shows_its_new_steps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.serving.live._PAUSE", 0.0)
    path = write_component(tmp_path / "run" / "GC.h5", "GC", {"voltage": VOLTAGE[:50], "weights": WEIGHTS[:50]})
    plots = [PLOTS[0], {"weights": {"kind": "heatmap", "step": 10}}]
    app, page = started(tmp_path / "run", plots)
    series = "/data/plugin/scalars/scalars?run=run&tag=GC/N1/voltage"
    assert [value for *_, value in page.json(series)] == VOLTAGE[:50, 1].astype(float).tolist()
    shown = page.pictures("run", "GC/weights")
    with h5py.File(path, "a") as file:
        for name, values in (("voltage", VOLTAGE), ("weights", WEIGHTS)):
            file[name].resize(120, axis=0)
            file[name][50:] = values[50:120]
    assert [value for *_, value in page.json(series)] == VOLTAGE[:120, 1].astype(float).tolist()
    assert [one["step"] for one in page.pictures("run", "GC/weights")] == list(range(0, 120, 10))
    still = page.get(f"/data/plugin/images/individualImage?{shown[-1]['query']}")  # the page has not asked again yet
    assert still.status == 200
    app.stop()


def test_the_first_picture_of_many_reads_a_sample_of_them(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.serving.catalogue._READ_FOR_A_PICTURE", 1000)
    read: list[int] = []
    before = Slice.read
    monkeypatch.setattr(Slice, "read", lambda self, **how: read.append(len(self.block)) or before(self, **how))
    app, page = started(run, [{"weights": {"kind": "heatmap", "step": 1}}])
    shown = page.pictures("sim", "GC/weights")
    assert page.get(f"/data/plugin/images/individualImage?{shown[0]['query']}").status == 200
    app.stop()
    assert sum(read) <= 40  # of 5,000
