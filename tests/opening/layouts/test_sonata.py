"""Reports of SONATA: their own clock, however many cells there are; ids and pointers are no series."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest

from pipeline.opening import open_run
from pipeline.opening.layouts.protocol import Component, EventList, Stored, Times
from pipeline.opening.layouts.sonata import Sonata
from tests.common import write_hdf5


def report(path: Path, shape: tuple[int, int], unit: str = "", population: str = "report/exc") -> Path:
    with h5py.File(path, "w") as file:
        file[f"{population}/data"] = np.arange(np.prod(shape), dtype="f4").reshape(shape)
        file[f"{population}/mapping/node_ids"] = np.arange(3, dtype="u8")
        file[f"{population}/mapping/time"] = [100.0, 300.0, 0.1]
        if unit:
            file[f"{population}/mapping/time"].attrs["units"] = unit
    return path


def read(path: Path) -> Component:
    with h5py.File(path) as file:
        assert Sonata().recognises(file)
        return Sonata().read(file)


LABELS = {3: ("0", "1", "2")}


@pytest.mark.parametrize("cells", [1, 3, 20, 2000])
def test_the_mapping_is_the_clock(tmp_path: Path, cells: int) -> None:
    found = read(report(tmp_path / "a.h5", (2000, cells)))
    assert found.stored == [
        Stored("/report/exc/data", ("time", "unit"), Times(None, 100.0, 0.1, "ms"), labels=LABELS.get(cells, ()))
    ]
    assert found.left_out == dict.fromkeys(
        ("/report/exc/mapping/node_ids", "/report/exc/mapping/time"), "ids and pointers of a report"
    )


def test_the_unit_that_is_told_and_times_in_the_opened_run(tmp_path: Path) -> None:
    run = open_run(report(tmp_path / "a.h5", (2000, 3), "s"))
    time = run["a/report/exc/data"].time
    assert time.attrs["units"] == "s"
    np.testing.assert_allclose(time.values[[0, 1, -1]], [100, 100.1, 299.9])


def test_potentials_of_the_guide_are_turned(tmp_path: Path) -> None:
    assert read(report(tmp_path / "a.h5", (4, 2000))).stored[0].dims == ("unit", "time")


def test_a_report_without_population(tmp_path: Path) -> None:
    assert read(report(tmp_path / "a.h5", (2000, 3), population="report")).stored[0].name == "/report/data"


@pytest.mark.parametrize("ids", ["node_ids", "gids"])
@pytest.mark.parametrize("group", ["spikes", "spikes/exc"])
def test_spikes_are_a_list_of_events(tmp_path: Path, group: str, ids: str) -> None:
    place = group.replace("/", "__")
    given = {f"{place}__timestamps": np.arange(5.0), f"{place}__{ids}": np.arange(5, dtype="u8")}
    found = read(write_hdf5(tmp_path / "a.h5", **given))
    assert (found.stored, found.left_out) == ([], {})
    assert found.events == [EventList(f"/{group}", (f"/{group}/timestamps",), "ms", f"/{group}/{ids}")]


def test_other_files_are_not_recognised(tmp_path: Path) -> None:
    for number, given in enumerate(({"report": np.zeros(3)}, {"report__x": np.zeros(3)}, {"spikes": np.zeros(3)})):
        with h5py.File(write_hdf5(tmp_path / f"{number}.h5", **given)) as file:
            assert not Sonata().recognises(file)
