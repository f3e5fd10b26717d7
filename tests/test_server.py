"""What the running TensorBoard answers is what is in the HDF5 files, with the fast loader and without."""

from __future__ import annotations

import os
import urllib.parse
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import pipeline
from tests.common import pixels, write_component
from tests.conftest import STEPS, Server, eventually, serving, stored

pytestmark = pytest.mark.slow


def quoted(**words: Any) -> str:
    return urllib.parse.urlencode(words)


@pytest.mark.parametrize("name", ["calm", "driven"])
def test_every_point_is_there(server: Server, sweep: dict[str, Path], name: str) -> None:
    for component, units in (("GC", 5), ("MC", 3)):
        voltage = stored(sweep[name] / "data" / f"{component}.h5", "voltage")
        for unit in range(units):
            found = server.json("/data/plugin/scalars/scalars?" + quoted(run=name, tag=f"{component}/N{unit}/voltage"))
            times, steps, values = np.array(found).T
            np.testing.assert_array_equal(steps, np.arange(STEPS))
            np.testing.assert_array_equal(values.astype(np.float32), voltage[:, unit])
            np.testing.assert_allclose(times, np.arange(STEPS) * 2e-3, atol=1e-9)


def test_no_other_tag_is_there(server: Server) -> None:
    found = server.json("/data/plugin/scalars/tags")
    expected = {f"GC/N{unit}/voltage" for unit in range(5)} | {f"MC/N{unit}/voltage" for unit in range(3)}
    assert {run: set(tags) for run, tags in found.items() if tags} == {"calm": expected, "driven": expected}
    images = server.json("/data/plugin/images/tags")
    expected = {"GC/raster", "MC/raster", "GC--MC/weights"}
    assert {run: set(tags) for run, tags in images.items() if tags} == {"calm": expected, "driven": expected}


def test_every_frame_is_there(server: Server) -> None:
    found = server.json("/data/plugin/images/images?" + quoted(run="calm", tag="GC--MC/weights", sample=0))
    assert [frame["step"] for frame in found] == list(range(0, STEPS, 100))
    pictures = [server.get("/data/plugin/images/individualImage?" + frame["query"]) for frame in found]
    assert all(pixels(picture).shape == (1000, 1500, 3) for picture in pictures)
    assert len(set(pictures)) == len(pictures)


def test_settings_are_a_typed_row_a_run(server: Server) -> None:
    experiment = server.json("/data/plugin/hparams/experiment", {"experimentName": "", "hparamsLimit": 0})
    types = {info["name"]: info["type"] for info in experiment["hparamInfos"]}
    assert types["GC/seed"] == types["MC/drive"] == "DATA_TYPE_FLOAT64"
    assert types["GC/plastic"] == "DATA_TYPE_BOOL"
    assert types["GC/rule"] == "DATA_TYPE_STRING"
    assert not experiment.get("metricInfos")
    names = [name for component in ("GC", "MC") for name in (f"{component}/seed", f"{component}/rule")]
    columns = [
        {"hparam": name, "order": "ORDER_UNSPECIFIED", "includeInResult": True} for name in [*names, "GC/plastic"]
    ]
    request = {
        "experimentName": "",
        "allowedStatuses": ["STATUS_SUCCESS"],
        "colParams": columns,
        "startIndex": 0,
        "sliceSize": 10,
    }
    rows = server.json("/data/plugin/hparams/session_groups", request)["sessionGroups"]
    found = {row["name"]: row["hparams"] for row in rows}
    assert set(found) == {"calm", "driven"}
    for seed, name in enumerate(("calm", "driven"), start=1):
        assert found[name]["GC/seed"] == seed
        assert found[name]["MC/rule"] == f"rule-{seed}"
        assert found[name]["GC/plastic"] is (seed == 1)


def test_a_sweep_of_300_runs_is_300_rows_with_one_metric(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    voltage = rng.normal(size=(300, 20, 2)).astype(np.float32)
    for seed in range(300):
        write_component(tmp_path / "sweep" / f"run-{seed}" / "GC.h5", "GC", {"voltage": voltage[seed]}, seed=seed)
    before, most = len(os.listdir("/proc/self/fd")), []
    plots = [{"voltage": {"kind": "trace", "format": "scalar"}}, {"seed": {"kind": "hparam"}}]
    runs = sorted((tmp_path / "sweep").iterdir())
    pipeline.convert(
        runs,
        tmp_path / "tb",
        plots,
        metrics=["GC/N1/voltage"],
        progress=lambda _: most.append(len(os.listdir("/proc/self/fd"))),
    )
    assert max(most) - before < 10
    with serving(tmp_path / "tb", tmp_path / "log") as server:
        request = {
            "experimentName": "",
            "allowedStatuses": ["STATUS_SUCCESS"],
            "colParams": [
                {"hparam": "GC/seed", "order": "ORDER_UNSPECIFIED", "includeInResult": True},
                {"metric": {"group": "", "tag": "GC/N1/voltage"}, "order": "ORDER_UNSPECIFIED"},
            ],
            "startIndex": 0,
            "sliceSize": 1000,
        }

        def loaded() -> Any:
            rows = server.json("/data/plugin/hparams/session_groups", request).get("sessionGroups", [])
            return rows if sum(bool(row.get("metricValues")) for row in rows) == 300 else None

        rows = eventually(server.process, loaded)
        experiment = server.json("/data/plugin/hparams/experiment", {"experimentName": "", "hparamsLimit": 0})
    assert [info["name"]["tag"] for info in experiment["metricInfos"]] == ["GC/N1/voltage"]
    found = {row["name"]: (row["hparams"]["GC/seed"], row["metricValues"][0]["value"]) for row in rows}
    assert found == {f"run-{seed}": (seed, pytest.approx(voltage[seed, -1, 1])) for seed in range(300)}
