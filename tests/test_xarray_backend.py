"""xarray opens runs by itself, lazily, with the same result as `open_run`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import xarray as xr

import pipeline
from pipeline.errors import SourceError
from pipeline.xarray_backend import Backend
from tests.common import forbid_reads, write_component, write_hdf5
from tests.conftest import STEPS, Read, stored

ENGINE: Any = "hdf2tb"


def test_xarray_knows_the_engine() -> None:
    assert isinstance(xr.backends.list_engines()["hdf2tb"], Backend)


def test_a_tree_is_that_of_open_run_and_nothing_is_read(network: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        forbid_reads(patch)
        found = xr.open_datatree(network, engine=ENGINE, dt="2 ms")
        expected = pipeline.open_run(network, dt="2 ms")
        assert set(found.children) == set(expected.children) == {"GC", "MC", "GC--MC"}
        assert found["GC"].attrs["drive"] == 1.5
        html = found._repr_html_()
        assert "voltage" in repr(found)
    assert all(word in html for word in ("GC--MC", "weights", "voltage", "time", "float32"))
    xr.testing.assert_identical(found.load(), xr.DataTree.from_dict(expected.load().to_dict(), name=expected.name))


def test_values_are_those_of_the_file_and_only_what_is_asked_for_is_read(network: Path, reads: list[Read]) -> None:
    run = xr.open_datatree(network, engine=ENGINE, dt="2 ms")
    part = run["GC"].voltage.sel(time=slice("100 ms", "200 ms"), unit=slice(1, 3))
    assert reads == []
    np.testing.assert_array_equal(part.values, stored(network / "data" / "GC.h5", "voltage")[50:101, 1:3])
    np.testing.assert_allclose(part.time.values, np.arange(100, 201, 2))
    assert part.time.attrs["units"] == "ms"
    [read] = reads
    assert read.dataset == "GC/voltage"
    assert [(part.start, part.stop) for part in read.key] == [(50, 101), (1, 3)]


def test_units_stay_attributes(tmp_path: Path) -> None:
    path = write_component(tmp_path / "GC.h5", "GC", {"voltage": np.ones((5, 2))})
    with h5py.File(path, "a") as file:
        file["voltage"].attrs["units"] = "mV"
    found = xr.open_dataset(path, engine=ENGINE, dt="1 ms")
    assert found.voltage.attrs == {"units": "mV", "origin": "GC/voltage"}
    assert found.voltage.isel(time=slice(1, 3)).attrs["units"] == "mV"
    assert found.time.attrs["units"] == "ms"


def test_a_file_of_one_component_is_a_dataset(network: Path) -> None:
    with xr.open_dataset(network / "data" / "GC.h5", engine=ENGINE) as found:
        assert set(found.data_vars) == {"voltage", "spiked"}
        assert found.sizes == {"time": STEPS, "unit": 5}
        np.testing.assert_array_equal(found.spiked.values, stored(network / "data" / "GC.h5", "spiked"))


@pytest.mark.parametrize("group", ["GC", "/GC", "GC/"])
def test_a_group_names_the_component(network: Path, group: str) -> None:
    found = xr.open_dataset(network, engine=ENGINE, group=group, dt="2 ms")
    assert set(found.data_vars) == {"voltage", "spiked"}
    assert found.time.values[-1] == 2 * (STEPS - 1)
    tree = xr.open_datatree(network, engine=ENGINE, group=group, dt="2 ms")
    assert tree.path == "/"
    assert set(tree.data_vars) == {"voltage", "spiked"}


@pytest.mark.filterwarnings("ignore::pipeline.errors.TimeAxisWarning")
def test_a_group_inside_a_component_has_its_time(tmp_path: Path) -> None:
    path = write_hdf5(tmp_path / "a.h5", x=np.zeros((6, 2)), net__w=np.ones((6, 3)))
    inner = xr.open_dataset(path, engine=ENGINE, group="a/net", dt="2 ms")
    assert inner.w.dims[0] == "time"
    assert inner.time.values.tolist() == [0, 2, 4, 6, 8, 10]
    groups = xr.open_groups(path, engine=ENGINE)
    assert set(groups) == {"/", "/a", "/a/net"}


def test_no_such_group_is_an_error_that_says_which_there_are(network: Path) -> None:
    for opener in (xr.open_dataset, xr.open_datatree):
        with pytest.raises(SourceError, match=r"no group 'GCC': it holds GC--MC, GC, MC; did you mean 'GC'"):
            opener(network, engine=ENGINE, group="GCC")
    with pytest.raises(SourceError, match="no group 'GC/voltage'"):
        xr.open_dataset(network, engine=ENGINE, group="GC/voltage")


def test_a_dataset_of_several_components_must_be_named(network: Path) -> None:
    with pytest.raises(SourceError, match=r"holds GC--MC, GC, MC; name one as group"):
        xr.open_dataset(network, engine=ENGINE)


def test_what_cannot_be_opened_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "text.h5").write_text("no HDF5")
    with pytest.raises(SourceError, match="not an HDF5 file"):
        xr.open_datatree(tmp_path / "text.h5", engine=ENGINE)


@pytest.mark.parametrize("unwanted", ["spiked", ["spiked", "not there"]])
def test_variables_can_be_left_out(network: Path, unwanted: Any) -> None:
    tree = xr.open_datatree(network, engine=ENGINE, drop_variables=unwanted, dt="2 ms")
    assert [set(tree[name].data_vars) for name in ("GC", "MC", "GC--MC")] == [{"voltage"}, {"voltage"}, {"weights"}]
    assert tree["GC"].voltage.sel(time="100 ms").shape == (5,)
    assert tree.name == "calm"
    assert set(xr.open_dataset(network, engine=ENGINE, group="GC", drop_variables=unwanted).data_vars) == {"voltage"}


def test_dask_arrays_are_blocks_of_whole_storage_chunks(tmp_path: Path) -> None:
    values = np.arange(60_000 * 100, dtype=np.float32).reshape(60_000, 100)
    with h5py.File(tmp_path / "a.h5", "w") as file:
        dataset = file.create_dataset("x", data=values, chunks=(700, 100), maxshape=(None, 100))
        dataset.dims[0].label = "time"
    found = xr.open_dataset(tmp_path / "a.h5", engine=ENGINE, chunks={}, dt="1 ms")
    blocks = found.x.chunks
    assert blocks is not None
    assert len(blocks[0]) > 1
    assert all(size % 700 == 0 for size in blocks[0][:-1])
    assert blocks[1] == (100,)
    assert float(found.x.sel(time=slice("1 s", "1.001 s")).sum()) == values[1000:1002].sum()


def test_dask_arrays_are_not_read_to_be_opened(network: Path, reads: list[Read]) -> None:
    tree = xr.open_datatree(network, engine=ENGINE, chunks={}, dt="2 ms")
    voltage = tree["GC"].voltage
    assert voltage.chunks is not None
    assert reads == []
    np.testing.assert_allclose(voltage.mean("time").values, stored(network / "data" / "GC.h5", "voltage").mean(0), 1e-5)


def test_it_is_recognised_without_being_named(network: Path, tmp_path: Path) -> None:
    backend = Backend()
    assert backend.guess_can_open(network)
    assert backend.guess_can_open(str(network / "data" / "GC.h5"))
    (tmp_path / "text.h5").write_text("no HDF5")
    write_hdf5(tmp_path / "net.nc", x=np.zeros(3))
    with h5py.File(tmp_path / "net.nc", "a") as file:
        file.attrs["_NCProperties"] = "version=2"
    for other in (tmp_path / "text.h5", tmp_path / "net.nc", tmp_path / "nowhere", 5, b"bytes"):
        assert not backend.guess_can_open(other)
    assert set(xr.open_datatree(network).children) == {"GC", "MC", "GC--MC"}


def test_an_opened_run_is_converted_as_its_path_is(network: Path, tmp_path: Path) -> None:
    plots = [{"voltage": {"kind": "trace", "format": "scalar"}}]
    pipeline.convert(xr.open_datatree(network, engine=ENGINE, dt="2 ms"), tmp_path / "a", plots)
    pipeline.convert(network, tmp_path / "b", plots, dt="2 ms")
    for one in sorted((tmp_path / "a").rglob("*tfevents*")):
        assert one.read_bytes() == (tmp_path / "b" / one.relative_to(tmp_path / "a")).read_bytes()
