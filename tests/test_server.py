"""What the running TensorBoard answers is what is in the HDF5 files, with the fast loader and without."""

from __future__ import annotations

import urllib.parse
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.common import pixels
from tests.conftest import STEPS, Server, stored


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
