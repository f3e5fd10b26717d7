"""What the page is answered is what numpy finds in the file, at every zoom; bad questions get an answer too."""

from __future__ import annotations

import http.client
import json
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import h5py
import numpy as np
import pytest

from pipeline.planning.config import parse_plots
from pipeline.planning.sources import plan_sources
from pipeline.running.store import Store
from pipeline.serving.app import App
from pipeline.serving.live import Live
from pipeline.serving.page.plugin import Page
from pipeline.serving.provider import Provider
from tests.common import tree_bytes, write_component

RNG = np.random.default_rng(6)
STEPS = 20_000
VOLTAGE = RNG.normal(-60, 5, (STEPS, 5)).astype("f4")
VOLTAGE[40:60, 1] = np.nan
SPIKED = (RNG.random((STEPS, 30)) < 0.02).astype("f4")
WEIGHTS = RNG.normal(size=(300, 6, 4)).astype("f4")
TIMES = np.cumsum(RNG.random(3000)) * 0.01
UNEVEN = RNG.normal(size=(3000, 2))
SPIKES = RNG.random(4000) * 5000  # ms, in no order
IDS = RNG.integers(0, 9, 4000)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("page") / "sim"
    write_component(folder / "GC.h5", "GC", {"voltage": VOLTAGE, "spiked": SPIKED, "weights": WEIGHTS})
    with h5py.File(folder / "spikes.h5", "w") as file:
        file["spikes/timestamps"], file["spikes/node_ids"] = SPIKES, IDS
    with h5py.File(folder / "uneven.nc", "w") as file:
        file["time"], file["force"] = TIMES, UNEVEN
        file["time"].make_scale("time")
        file["time"].attrs["units"] = "s"
        file["force"].dims[0].attach_scale(file["time"])
    return folder


class Asked:
    """The server, asked as the page asks it."""

    def __init__(self, app: App) -> None:
        self._where = urlsplit(app.url)

    def raw(self, path: str, **query: Any) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection(self._where.hostname or "", self._where.port or 0)
        connection.request("GET", f"/data/plugin/hdf2tb/{path}?{urlencode(query)}")
        answer = connection.getresponse()
        return answer.status, answer.read()

    def variables(self) -> dict[str, dict[str, Any]]:
        status, content = self.raw("variables")
        assert status == 200
        return {one["name"]: one for one in json.loads(content)["variables"]}

    def view(self, name: str, **query: Any) -> dict[str, Any]:
        status, content = self.raw("view", id=self.variables()[name]["id"], **query)
        assert status == 200, content
        about, at = framed(content)
        columns, rows = about["columns"], about["rows"]
        about["edges"] = np.frombuffer(content, "<f8", columns + 1, at)
        dtype = np.dtype("<" + about["dtype"])
        at += 8 * (columns + 1)
        about["lows"] = np.frombuffer(content, dtype, columns * rows, at).reshape(columns, rows)
        about["highs"] = np.frombuffer(content, dtype, columns * rows, at + about["lows"].nbytes).reshape(columns, rows)
        return about

    def matrix(self, name: str, **query: Any) -> dict[str, Any]:
        status, content = self.raw("matrix", id=self.variables()[name]["id"], **query)
        assert status == 200, content
        about, at = framed(content)
        values = np.frombuffer(content, "<f4", -1, at).reshape(about["rows"], about["columns"])
        return {**about, "values": values}


def framed(content: bytes) -> tuple[dict[str, Any], int]:
    (length,) = struct.unpack("<I", content[:4])
    return json.loads(content[4 : 4 + length]), 4 + length


def serving_of(path: Path, plots: list[dict[str, Any]], kept: Path) -> App:
    planned = lambda: plan_sources(path, parse_plots(plots))[0]  # noqa: E731
    live = Live(planned(), planned)
    app = App(Provider(live, "here"), Page(live, Store(kept)), port=0)
    app.start()
    return app


def started(run: Path, store: Store) -> App:
    plots = parse_plots([{"voltage": {"kind": "trace"}}, {"spiked": {"kind": "raster", "events": [100, 200]}},
                         {"weights": {"kind": "heatmap"}}, {"spikes": {"kind": "raster"}},
                         {"force": {"kind": "trace"}}])  # fmt: skip
    planned = lambda: plan_sources(run, plots, ["voltage=1 ms", "spiked=1 ms", "weights=1 ms"])[0]  # noqa: E731
    live = Live(planned(), planned)
    app = App(Provider(live, "here"), Page(live, store), port=0)
    app.start()
    return app


@pytest.fixture(scope="module")
def page(run: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asked]:
    before = tree_bytes(run)
    app = started(run, Store(tmp_path_factory.mktemp("kept")))
    yield Asked(app)
    app.stop()
    assert tree_bytes(run) == before


def test_variables_say_what_they_are(page: Asked) -> None:
    found = page.variables()
    assert {name: one["kind"] for name, one in found.items()} == {
        "GC/voltage": "traces",
        "GC/spiked": "raster",
        "GC/weights": "matrix",
        "spikes/spikes/spikes": "raster",
        "uneven/force": "traces",
    }
    assert found["GC/spiked"]["bars"] == [{"at": 0.1, "label": ""}, {"at": 0.2, "label": ""}]
    assert found["spikes/spikes/spikes"]["shape"] == [4000]


def expected_of(values: np.ndarray, first: int, each: int, column: int, unit: int) -> tuple[float, float]:
    part = values[first + column * each : first + (column + 1) * each, unit]
    part = part[~np.isnan(part)]
    return (float(part.min()), float(part.max())) if len(part) else (np.nan, np.nan)


@pytest.mark.parametrize(
    ("start", "stop", "columns"), [(None, None, 100), (0.0, 20.0, 600), (3.0, 9.5, 1000), (0.03, 0.08, 1500), (7, 7, 9)]
)
def test_columns_of_a_dense_variable(page: Asked, start: float | None, stop: float | None, columns: int) -> None:
    asked = {} if start is None else {"start": start, "stop": stop}
    found = page.view("GC/voltage", columns=columns, units="1,3", **asked)
    first, each = found["first"], found["each"]
    assert found["units"] == [1, 3]
    assert found["ready"] == 1
    assert found["extent"] == pytest.approx([0, 20])
    np.testing.assert_allclose(found["edges"], np.minimum(first + each * np.arange(found["columns"] + 1), STEPS) * 1e-3)
    assert found["edges"][0] <= (start or 0) < found["edges"][1]
    assert found["edges"][-1] >= min(20.0, (20 if stop is None else stop)) - 1e-9
    for column in range(found["columns"]):
        for row, unit in enumerate(found["units"]):
            extremes = found["lows"][column, row], found["highs"][column, row]
            np.testing.assert_equal(extremes, expected_of(VOLTAGE, first, each, column, unit))


def test_the_axis_can_count_steps(page: Asked) -> None:
    found = page.view("GC/voltage", columns=10, axis="step", start=100, stop=109)
    assert (found["first"], found["each"], found["unit"]) == (100, 1, "step")
    np.testing.assert_array_equal(found["lows"][:, 0], VOLTAGE[100:110, 0])
    assert found["edges"].tolist() == list(range(100, 111))


@pytest.mark.parametrize(("columns", "rows"), [(50, 512), (700, 10)])
def test_spikes_are_counted_not_lost(page: Asked, columns: int, rows: int) -> None:
    found = page.view("GC/spiked", columns=columns, rows=rows)
    assert found["highs"].sum() == SPIKED.sum()
    assert found["rows"] == min(rows, 30)
    each, group = found["each"], 30 // found["rows"]
    assert found["highs"][3, 2] == SPIKED[3 * each : 4 * each, 2 * group : 3 * group].sum()


@pytest.mark.parametrize(("start", "stop"), [(0.0, 6.0), (1.0, 1.5), (2.0, 2.001)])
def test_columns_of_a_list_of_events(page: Asked, start: float, stop: float) -> None:
    found = page.view("spikes/spikes/spikes", columns=64, start=start, stop=stop)
    edges = found["edges"] * 1e3
    for row, unit in enumerate(found["units"]):
        mine = np.sort(SPIKES[unit == IDS])
        inside = np.searchsorted(mine, edges[1:] - 1e-6) - np.searchsorted(mine, edges[:-1] - 1e-6)
        np.testing.assert_array_equal(found["highs"][:, row], inside)


def test_uneven_times_are_where_they_are(page: Asked) -> None:
    start, stop = float(TIMES[500]), float(TIMES[520])
    found = page.view("uneven/force", columns=200, start=start, stop=stop)
    assert (found["first"], found["each"], found["unit"]) == (500, 1, "s")
    np.testing.assert_allclose(found["edges"][:-1], TIMES[500:521])
    np.testing.assert_array_equal(found["highs"], UNEVEN[500:521])


@pytest.mark.parametrize("step", [0, 123, 299])
def test_a_matrix_at_any_step(page: Asked, step: int) -> None:
    found = page.matrix("GC/weights", step=step)
    np.testing.assert_array_equal(found["values"], WEIGHTS[step])
    assert (found["step"], found["steps"], found["sample"]) == (step, 300, 16)
    assert found["limits"][0] <= WEIGHTS[step].min() < WEIGHTS[step].max() <= found["limits"][1]
    assert page.matrix("GC/weights", time=(step + 0.5) * 1e-3)["step"] == step


def test_nothing_is_read_again_by_the_next_server(run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = []
    for _ in range(2):
        app = started(run, Store(tmp_path))
        answers.append(Asked(app).view("GC/voltage", columns=20))
        app.stop()
        monkeypatch.setattr("pipeline.serving.page.dense.Dense._read", None)  # the second has no way to
    np.testing.assert_array_equal(answers[0]["highs"], answers[1]["highs"])


@pytest.mark.parametrize(
    ("path", "query", "status"),
    [
        ("view", {}, 404),
        ("view", {"id": "../../etc/passwd"}, 404),
        ("matrix", {"id": "0" * 24}, 404),
        ("view", {"id": "GC/voltage", "columns": "0"}, 400),
        ("view", {"id": "GC/voltage", "columns": "1e9"}, 400),
        ("view", {"id": "GC/voltage", "columns": "²"}, 400),
        ("view", {"id": "GC/voltage", "start": "nan"}, 400),
        ("view", {"id": "GC/voltage", "stop": "tomorrow"}, 400),
        ("view", {"id": "GC/voltage", "units": "0-99999999"}, 400),
        ("view", {"id": "GC/voltage", "units": "all<script>"}, 400),
        ("view", {"id": "GC/weights"}, 400),
        ("matrix", {"id": "GC/voltage"}, 400),
        ("colours", {"name": "__class__"}, 400),
    ],
)
def test_a_bad_question_gets_an_answer(page: Asked, path: str, query: dict[str, str], status: int) -> None:
    known = page.variables()
    if query.get("id") in known:
        query = {**query, "id": known[query["id"]]["id"]}
    found, content = page.raw(path, **query)
    assert found == status
    assert json.loads(content)["error"]


def test_times_beyond_the_ends_show_the_ends(page: Asked) -> None:
    assert page.view("GC/voltage", start=-1e300, stop=1e300, columns=10)["edges"][-1] == pytest.approx(20)
    assert page.view("GC/voltage", start=1e9, stop=2e9, columns=10)["first"] == STEPS - 1
    assert page.view("spikes/spikes/spikes", start=5e8, stop=1e9, columns=10)["highs"].sum() == 0


def test_one_that_cannot_be_read_says_so_and_others_go_on(run: Path, tmp_path: Path) -> None:
    folder = tmp_path / "sim"
    with h5py.File(write_component(folder / "GC.h5", "GC", {}), "r+") as file:
        file.create_dataset("voltage", data=VOLTAGE, chunks=(1000, 5), maxshape=(None, 5), compression="gzip")
    write_component(folder / "MC.h5", "MC", {"voltage": VOLTAGE[:100]})
    with h5py.File(folder / "GC.h5") as file:
        offset = file["voltage"].id.get_chunk_info(0).byte_offset
    with (folder / "GC.h5").open("r+b") as raw:
        raw.seek(offset)
        raw.write(b"\xff" * 64)
    planned = lambda: plan_sources(folder)[0]  # noqa: E731
    live = Live(planned(), planned)
    app = App(Provider(live, "here"), Page(live, Store(tmp_path / "kept")), port=0)
    app.start()
    page = Asked(app)
    status, content = page.raw("view", id=page.variables()["GC/voltage"]["id"])
    assert status == 422
    assert "GC.h5" in json.loads(content)["error"]
    assert page.view("MC/voltage")["columns"] == 100
    app.stop()


def test_a_large_matrix_is_the_means_of_finite_neighbours(tmp_path: Path) -> None:
    values = np.arange(2 * 1600 * 3, dtype="f4").reshape(2, 1600, 3)
    values[1, 4, 0] = np.nan
    write_component(tmp_path / "S.h5", "S", {"weights": values})
    app = serving_of(tmp_path / "S.h5", [{"weights": {"kind": "heatmap"}}], tmp_path / "kept")
    found = Asked(app).matrix("S/weights", step=1)["values"]
    app.stop()
    np.testing.assert_array_equal(found, np.nanmean(values[1].reshape(800, 2, 3), axis=1))


def test_what_is_no_spike_is_told_and_not_counted(tmp_path: Path) -> None:
    write_component(tmp_path / "S.h5", "S", {"spiked": np.full((50, 3), 0.5, "f4")})
    app = serving_of(tmp_path / "S.h5", [{"spiked": {"kind": "raster"}}], tmp_path / "kept")
    page = Asked(app)
    status, content = page.raw("view", id=page.variables()["S/spiked"]["id"])
    app.stop()
    assert status == 400
    assert "this holds values such as 0.5" in json.loads(content)["error"]
