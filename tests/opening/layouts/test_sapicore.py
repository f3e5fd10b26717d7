"""The original's layout: one file a component, time first."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from pipeline.opening.layouts.sapicore import Sapicore
from tests.common import write_component


@pytest.fixture
def component(tmp_path: Path) -> Path:
    data = {
        "spiked": np.zeros((5, 3), bool),
        "weights": np.zeros((5, 3, 2)),
        "loss": np.zeros(5),
        "tensor": np.zeros((5, 2, 3, 4)),
    }
    path = write_component(tmp_path / "x.h5", "MC--GC", data, tau=20.0)
    with h5py.File(path, "a") as file:
        file["seed"] = 3
    return path


def test_time_is_axis_0_of_every_dataset(component: Path) -> None:
    with h5py.File(component) as file:
        found = {item.name: (item.dims, item.times, item.guessed) for item in Sapicore().read(file).stored}
    assert found == {
        "/spiked": (("time", "unit"), None, False),
        "/weights": (("time", "target", "source"), None, False),
        "/loss": (("time",), None, False),
        "/tensor": (("time", "axis_1", "axis_2", "axis_3"), None, False),
        "/seed": ((), None, False),
    }


def test_name_and_settings(component: Path) -> None:
    with h5py.File(component) as file:
        read = Sapicore().read(file)
    assert read.name == "MC--GC"
    assert read.settings == {"identifier": "MC--GC", "class": "Ensemble", "version": "0.4.1", "tau": 20.0}


@pytest.mark.parametrize(
    ("attrs", "groups", "recognised"),
    [
        ({"identifier": "GC", "class": "X"}, ["configuration"], True),
        ({"identifier": "GC", "class": "X"}, [], True),
        ({"identifier": "GC"}, ["configuration"], False),
        ({"class": "X"}, ["configuration"], False),
        ({}, [], False),
        ({"identifier": "GC", "class": "X"}, ["configuration", "data"], False),
    ],
)
def test_recognised_by_attributes_and_the_lack_of_groups(
    tmp_path: Path, attrs: dict[str, Any], groups: list[str], recognised: bool
) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.attrs.update(attrs)
        for group in groups:
            file.create_group(group)
        assert Sapicore().recognises(file) is recognised


def test_a_dead_link_does_not_stop_it(component: Path) -> None:
    with h5py.File(component, "a") as file:
        file["dead"] = h5py.ExternalLink("gone.h5", "/x")
        assert Sapicore().recognises(file)
        assert Sapicore().read(file).left_out == {"/dead": "a link that leads nowhere"}
