"""Files written by the libraries that people use: values, units, times and spikes are what that library reads back."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import h5py
import hdf5storage
import neo
import nixio
import numpy as np
import pynwb
import pytest
import quantities as pq
import xarray as xr

import pipeline
from pipeline.opening import open_run
from tests.common import accumulated
from tests.writers import written

RNG = np.random.default_rng(7)
pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
]


def layout_of(run: xr.DataTree) -> str:
    return next(str(node.encoding["layout"]) for node in run.subtree if "layout" in node.encoding)


def named(run: xr.DataTree, name: str) -> xr.DataArray:
    """Return a variable by its name, wherever its clock puts it."""
    return next(node[name] for node in run.subtree if name in node.data_vars)


def events(run: xr.DataTree, path: str) -> dict[int, list[float]]:
    """Return the times of each unit of a list of events."""
    node = run[path]
    units = node["unit"].values if "unit" in node else np.zeros(node.sizes["event"], int)
    return {int(unit): node["time"].values[units == unit].tolist() for unit in np.unique(units)}


# NIX and neo ----------------------------------------------------------------------------------------------------------


def test_nix_arrays(tmp_path: Path) -> None:
    path = tmp_path / "a.nix"
    values, ticks = RNG.normal(size=(100, 3)), np.cumsum(RNG.random(50))
    file = nixio.File.open(str(path), nixio.FileMode.Overwrite)
    block = file.create_block("session", "recording")
    sampled = block.create_data_array("Vm", "signal", data=values)
    sampled.unit = "mV"
    sampled.append_sampled_dimension(0.1, unit="ms", offset=5.0, label="time")
    sampled.append_set_dimension(labels=["soma", "dend", "axon"])
    uneven = block.create_data_array("force", "signal", data=RNG.normal(size=50))
    uneven.append_range_dimension(ticks, unit="s", label="time")
    uneven.polynom_coefficients, uneven.expansion_origin = (1.0, 2.0, 0.5), 0.25
    image = block.create_data_array("image", "picture", data=np.ones((4, 5)))
    image.append_sampled_dimension(0.5, unit="mm")
    image.append_sampled_dimension(0.5, unit="mm")
    expected = uneven[:]
    file.close()
    run = open_run(path)
    assert layout_of(run) == "NIX"
    found = run["a/session/Vm"]
    np.testing.assert_array_equal(found, values)
    np.testing.assert_allclose(found.time, 5.0 + np.arange(100) * 0.1)
    assert (found.attrs["units"], found.time.attrs["units"]) == ("mV", "ms")
    assert found.coords["unit"].values.tolist() == ["soma", "dend", "axon"]
    np.testing.assert_allclose(run["a@50/session/force"], expected)
    np.testing.assert_array_equal(run["a@50/session/force"].time, ticks)
    assert run["a/session/image"].dims == ("row", "column")


def test_neo_s_signals_and_spike_trains(tmp_path: Path) -> None:
    path = tmp_path / "neo.nix"
    segment = neo.Segment(name="s")
    signal = RNG.normal(size=(100, 2))
    segment.analogsignals.append(
        neo.AnalogSignal(
            signal * pq.mV, sampling_rate=1 * pq.kHz, t_start=3 * pq.s, name="Vm",
            array_annotations={"channel_names": np.array(["x", "y"])},
        )
    )  # fmt: skip
    trains = [np.sort(RNG.random(10 + number)) for number in range(3)]
    for number, train in enumerate(trains):
        segment.spiketrains.append(neo.SpikeTrain(train * pq.s, t_stop=2.0, name=f"u{number}"))
    block = neo.Block(name="b")
    block.segments.append(segment)
    io = neo.io.NixIO(str(path), "ow")
    io.write_block(block)
    io.close()
    run = open_run(path)
    np.testing.assert_allclose(run["neo/b/Vm"], signal)
    np.testing.assert_allclose(run["neo/b/Vm"].time, 3000 + np.arange(100))
    assert run["neo/b/Vm"].time.attrs["units"] == "ms"
    assert run["neo/b/Vm"].coords["unit"].values.tolist() == ["x", "y"]
    found = events(run, "neo@events/b/spikes")
    labels = run["neo@events/b/spikes"].encoding["events"]
    assert sorted(labels) == ["u0", "u1", "u2"]
    for number, label in enumerate(labels):
        assert found[number] == trains[int(label[1:])].tolist()
    pipeline.convert(path, tmp_path / "tb")
    read = accumulated(tmp_path / "tb" / "neo")
    points = [point.value for point in read.Scalars("neo/b/y/Vm")]
    np.testing.assert_allclose(points, signal[:, 1], rtol=1e-6)


# NWB ------------------------------------------------------------------------------------------------------------------


def test_nwb_series_and_units(tmp_path: Path) -> None:
    path = tmp_path / "a.nwb"
    start = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
    file = pynwb.NWBFile(session_description="a", identifier="id", session_start_time=start)
    raw, stamps = RNG.integers(-2000, 2000, (50, 2), "i2"), np.cumsum(RNG.random(50))
    rated = pynwb.TimeSeries(
        name="rated", data=raw, unit="V", rate=100.0, starting_time=2.0, conversion=1e-3, offset=0.5
    )
    stamped = pynwb.TimeSeries(name="stamped", data=RNG.normal(size=50), unit="A", timestamps=stamps)
    linked = pynwb.TimeSeries(name="linked", data=RNG.normal(size=50), unit="A", timestamps=stamped)
    for series in (rated, stamped, linked):
        file.add_acquisition(series)
    trains = [np.sort(RNG.random(count)) for count in (0, 5, 300)]
    for number, train in enumerate(trains):
        file.add_unit(spike_times=train, id=10 + number)
    file.add_trial(0.0, 1.0)
    with pynwb.NWBHDF5IO(str(path), "w") as io:
        io.write(file)
    run = open_run(path)
    with pynwb.NWBHDF5IO(str(path), "r") as io:
        read = io.read()
        series = read.acquisition["rated"]
        np.testing.assert_allclose(
            run["a/acquisition/rated/data"], series.data[:] * series.conversion + series.offset, rtol=1e-6
        )
        np.testing.assert_allclose(run["a/acquisition/rated/data"].time, series.get_timestamps())
        for name in ("stamped", "linked"):
            np.testing.assert_array_equal(run[f"a/acquisition/{name}/data"].time, stamps)
        found = events(run, "a@events/units")
        for number in range(3):
            assert found.get(number, []) == read.units.get_unit_spike_times(number).tolist()
    pipeline.convert(path, tmp_path / "tb", [{"spikes": {"kind": "rate", "bin": "100 ms", "by_unit": True}}])
    tags = accumulated(tmp_path / "tb" / "a").Tags()["scalars"]
    assert sorted(tags) == ["a/units/N10/rate", "a/units/N11/rate", "a/units/N12/rate", "a/units/rate"]


# pandas and PyTables --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["fixed", "table"])
@pytest.mark.parametrize("index", ["dates", "seconds", "numbers"])
def test_pandas_frames(tmp_path: Path, form: str, index: str) -> None:
    path = tmp_path / "a.h5"
    read = written(f"pandas_frame-{form}-{index}", path)
    run = open_run(path)
    assert layout_of(run) == "pandas"
    node = run["a/group/frame"]
    by_label = {
        str(label): array.isel({array.dims[1]: number})
        for array in node.data_vars.values()
        for number, label in enumerate(array.coords[array.dims[1]].values)
    }
    assert sorted(by_label) == ["count", "left", "right"]
    for label, array in by_label.items():
        np.testing.assert_array_equal(array, read[label])
    time = node["time"]
    if index == "dates":
        nanoseconds = {"ns": 1, "us": 1000, "ms": 1_000_000}[time.attrs["units"]]
        assert (time.values * nanoseconds).tolist() == read["time"].tolist()
    else:
        np.testing.assert_array_equal(time, read["time"])
        assert time.attrs["units"] == {"seconds": "", "numbers": "step"}[index]


def test_pandas_series_and_columns_of_data(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    read = written("pandas_columns", path)
    run = open_run(path)
    for name in ("s/x", "t/x", "t/y"):
        array = next(node[name[-1]] for node in run.subtree if node.path.endswith(f"/{name[0]}") and name[-1] in node)
        np.testing.assert_array_equal(array, read[name[-1]])
        np.testing.assert_array_equal(array.time, read["time"])


def test_pytables(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    read = written("pytables", path)
    run = open_run(path)
    assert layout_of(run) == "PyTables"
    for name, column in (("Vm", "Vm"), ("pos/x", "x")):
        np.testing.assert_array_equal(run[f"a/log/{name}"], read[column])
        np.testing.assert_array_equal(run[f"a/log/{name}"].time, read["time"])
    np.testing.assert_array_equal(run["a/log/Vm"][3:8:2, 1], read["Vm"][3:8:2, 1])
    assert run["a@7/grown"].dims == ("unit", "time")
    np.testing.assert_array_equal(run["a@7/grown"], read["grown"])
    assert not any("_i_" in node.path for node in run.subtree)
    pipeline.convert(path, tmp_path / "tb")
    points = accumulated(tmp_path / "tb" / "a").Scalars("a/log/N1/Vm")
    assert [point.value for point in points] == read["Vm"][:, 1].tolist()
    np.testing.assert_allclose([point.wall_time for point in points], read["time"])


# netCDF and MATLAB ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("engine", ["netCDF4", "h5netcdf"])
def test_netcdf(tmp_path: Path, engine: str) -> None:
    path = tmp_path / "a.nc"
    data = xr.Dataset(
        {
            "t2m": (("lat", "time"), RNG.normal(size=(3, 20)), {"units": "K"}),
            "quality": (("time",), np.arange(20) % 2 == 0),
            "area": (("lat", "lon"), np.ones((3, 4))),
            "time_bnds": (("time", "nv"), np.zeros((20, 2))),
        },
        {"time": ("time", np.arange(20.0) * 6, {"units": "hours since 1900-01-01", "bounds": "time_bnds"})},
    )
    data["t2m"].encoding = {"dtype": "i2", "scale_factor": 0.001, "_FillValue": -32768}
    data.t2m[1, 4] = np.nan
    data.to_netcdf(path, engine=engine.lower())
    run = open_run(path)
    assert layout_of(run) == "netCDF"
    with xr.open_dataset(path, engine=engine.lower(), decode_times=False) as read:
        np.testing.assert_allclose(run["a/t2m"], read["t2m"], rtol=1e-6)
        np.testing.assert_array_equal(run["a/t2m"].time, read["time"])
        np.testing.assert_array_equal(run["a/quality"], read["quality"])
    assert run["a/t2m"].dims == ("lat", "time")
    assert run["a/area"].dims == ("lat", "lon")
    assert run["a"].encoding["left_out"]["/time_bnds"] == "bounds of a coordinate"


def test_netcdf_groups_share_the_time_of_the_one_around_and_texts_name_units(tmp_path: Path) -> None:
    import netCDF4  # here, because its filters take the place of those that tests of filters need

    path = tmp_path / "a.nc"
    with netCDF4.Dataset(path, "w") as file:
        file.createDimension("time", None)
        file.createDimension("site", 2)
        time = file.createVariable("time", "f8", ("time",))
        time.units, time.axis = "s", "T"
        names = file.createVariable("site", str, ("site",))
        names[:] = np.array(["north", "south"], object)
        group = file.createGroup("forecast")
        wind = group.createVariable("wind", "f4", ("time", "site"))
        time[:], wind[:] = np.arange(6) * 0.25, np.arange(12).reshape(6, 2)
    found = open_run(path)["a/forecast/wind"]
    assert found.dims[0] == "time"
    np.testing.assert_array_equal(found.time, np.arange(6) * 0.25)
    assert found.coords[found.dims[1]].values.tolist() == ["north", "south"]
    pipeline.convert(path, tmp_path / "tb", [{"wind": {"kind": "trace", "format": "scalar"}}])
    read = accumulated(tmp_path / "tb" / "a")
    assert [point.value for point in read.Scalars("a/forecast/south/wind")] == [1, 3, 5, 7, 9, 11]


def test_matlab(tmp_path: Path) -> None:
    path = tmp_path / "a.mat"
    values, t = RNG.normal(size=(50, 3)), np.arange(50)[:, None] * 0.1
    hdf5storage.savemat(str(path), {"Vm": values, "t": t, "note": "a text"}, format="7.3")
    run = open_run(path)
    assert layout_of(run) == "MATLAB 7.3"
    found = run["a/Vm"]
    np.testing.assert_array_equal(found.transpose("time", ...), values)
    np.testing.assert_array_equal(found.time, t[:, 0])
    assert run["a"].attrs["note"] == "a text"


# By the specifications, where no small library writes them ------------------------------------------------------------


def test_h5md_elements(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        file.create_group("h5md").attrs["version"] = [1, 1]
        position = file.create_group("particles/all/position")
        position["value"] = RNG.normal(size=(20, 5, 3))
        position["value"].attrs["unit"] = "nm"
        position["step"], position["time"] = np.arange(20) * 10, np.arange(20) * 0.5
        position["time"].attrs["unit"] = "ps"
        velocity = file.create_group("particles/all/velocity")
        velocity["value"], velocity["step"] = RNG.normal(size=(20, 5, 3)), position["step"]
        velocity["time"] = position["time"]
        energy = file.create_group("observables/energy")
        energy["value"], energy["step"], energy["time"] = RNG.normal(size=40), 5, 0.25
        energy["time"].attrs.update({"offset": 1.0, "unit": "ps"})
        file["particles/all/id/value"], file["particles/all/id/step"] = np.ones((20, 5), int), np.arange(20)
        file["particles/all/mass"] = np.ones(5)
    run = open_run(path)
    np.testing.assert_array_equal(run["a@20/particles/all/position"].time, np.arange(20) * 0.5)
    assert run["a@20/particles/all/position"].attrs["unit"] == "nm"
    assert run["a@20/particles/all/position"].dims == ("time", "particle", "axis")
    np.testing.assert_array_equal(run["a@20-2/particles/all/velocity"].time, np.arange(20) * 0.5)
    np.testing.assert_array_equal(run["a/observables/energy"].time, 1 + np.arange(40) * 0.25)
    assert run["a/observables/energy"].time.attrs["units"] == "ps"
    assert run["a"].encoding["left_out"] == {"/particles/all/id/value": "ids of particles"}
    assert run["a/particles/all/mass"].dims == ("axis_0",)


def test_nexus_data_logs_and_events(tmp_path: Path) -> None:
    path = tmp_path / "a.nxs"
    with h5py.File(path, "w") as file:
        entry = file.create_group("entry")
        entry.attrs["NX_class"] = "NXentry"
        data = entry.create_group("data")
        data.attrs.update({"NX_class": "NXdata", "signal": "counts", "axes": ["x", "time"], "time_indices": 1})
        data["counts"], data["x"] = np.arange(15.0).reshape(3, 5), np.arange(3.0)
        data["time"] = np.arange(5.0) * 2
        data["time"].attrs["units"] = "ms"
        old = entry.create_group("old")
        old.attrs["NX_class"] = "NXdata"
        old["intensity"], old["tof"] = np.arange(4.0), np.arange(4.0)
        old["intensity"].attrs.update({"signal": 1, "axes": "tof"})
        old["tof"].attrs["units"] = "microseconds"
        histogram = entry.create_group("histogram")
        histogram.attrs.update({"NX_class": "NXdata", "signal": "counts", "axes": "tof"})
        histogram["counts"], histogram["tof"] = np.arange(4.0), np.arange(5.0)
        histogram["tof"].attrs["units"] = "us"
        log = entry.create_group("sample/temperature")
        log.attrs["NX_class"] = "NXlog"
        log["value"], log["time"] = np.arange(6.0), np.array([0, 1, 2, 4, 8, 16.0])
        log["time"].attrs.update({"units": "s", "start": "2020-01-01T00:00:00Z"})
        bank = entry.create_group("bank")
        bank.attrs["NX_class"] = "NXevent_data"
        bank["event_time_offset"] = np.array([100, 300, 50, 10, 20], "u4")
        bank["event_time_offset"].attrs["units"] = "us"
        bank["event_id"] = np.array([7, 3, 7, 1, 3])
        bank["event_index"], bank["event_time_zero"] = np.array([0, 2, 2, 3]), np.array([0.0, 0.1, 0.2, 0.3])
        bank["event_time_zero"].attrs["units"] = "s"
        entry["bank_pixels"] = np.arange(9)
    run = open_run(path)
    counts = run["a@5/entry/data/counts"] if "a@5" in run.children else run["a/entry/data/counts"]
    assert counts.dims == ("x", "time")
    np.testing.assert_array_equal(counts.time, np.arange(5.0) * 2)
    assert run["a@4/entry/old/intensity"].time.attrs["units"] == "microseconds"
    assert run["a/entry/histogram/counts"].dims == ("tof",)
    np.testing.assert_array_equal(run["a/entry/sample/temperature"].time, [0, 1, 2, 4, 8, 16])
    bank = run["a@events/entry/bank"]
    np.testing.assert_allclose(bank["time"], [100e-6, 300e-6, 0.2 + 50e-6, 0.3 + 10e-6, 0.3 + 20e-6])
    assert bank["time"].attrs["units"] == "s"
    assert bank["unit"].values.tolist() == [7, 3, 7, 1, 3]


def test_openpmd_iterations(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        file.attrs.update({"openPMD": "1.1.0", "basePath": "/data/%T/"})
        for number in (0, 50, 100, 1000):
            file.create_group(f"data/{number}").attrs.update({"time": number * 2.0, "timeUnitSI": 1e-15})
            file[f"data/{number}/meshes/E/x"] = np.full((4, 3), number, "f4")
            file[f"data/{number}/meshes/E/x"].attrs["unitSI"] = 10.0
            file[f"data/{number}/meshes/E"].attrs["unitDimension"] = [1.0, 1, -3, -1, 0, 0, 0]
    found = open_run(path)["a/meshes/E/x"]
    assert found.shape == (4, 4, 3)
    np.testing.assert_array_equal(found[:, 0, 0], [0, 500, 1000, 10000])
    np.testing.assert_allclose(found.time, np.array([0, 100, 200, 2000]) * 1e-15)
    assert found.attrs["units"] == "m kg s^-3 A^-1"
    np.testing.assert_array_equal(found[1:3, 2], np.full((2, 3), [[500], [1000]]))


def test_multi_channel_systems(tmp_path: Path) -> None:
    path, raw = tmp_path / "a.h5", RNG.integers(-5000, 5000, (3, 40), "i4")
    info = np.zeros(
        3, [("ChannelID", "i4"), ("Label", "S4"), ("Unit", "S4"), ("Exponent", "i4"), ("ADZero", "i4"), ("Tick", "i8"),
            ("ConversionFactor", "i8")],
    )  # fmt: skip
    info["Label"], info["Unit"], info["Exponent"] = [b"A1", b"A2", b"B1"], b"V", -9
    info["ADZero"], info["Tick"], info["ConversionFactor"] = 8, 50, [100, 200, 300]
    with h5py.File(path, "w") as file:
        file.attrs["McsHdf5ProtocolType"] = "RawData"
        stream = file.create_group("Data/Recording_0/AnalogStream/Stream_0")
        stream["ChannelData"], stream["InfoChannel"] = raw, info
        stream["ChannelDataTimeStamps"] = np.array([[1000, 0, 39]])
    found = open_run(path)["a/Data/Recording_0/AnalogStream/Stream_0/ChannelData"]
    np.testing.assert_allclose(found, (raw - 8) * np.array([[100], [200], [300]]) * 1e-9, rtol=1e-6)
    np.testing.assert_allclose(found.time, 1000 + np.arange(40) * 50)
    assert (found.time.attrs["units"], found.attrs["units"]) == ("us", "V")
    assert found.coords["unit"].values.tolist() == ["A1", "A2", "B1"]


def test_episodes(tmp_path: Path) -> None:
    path = tmp_path / "a.hdf5"
    with h5py.File(path, "w") as file:
        for number, steps in ((2, 7), (10, 9)):
            file[f"data/demo_{number}/actions"] = RNG.normal(size=(steps, 4))
            file[f"data/demo_{number}/obs/image"] = np.zeros((steps + 1, 6, 5, 3), np.uint8)
        file["data"].attrs["env_args"] = '{"env_name": "Lift", "env_kwargs": {"control_freq": 20}}'
    run = open_run(path)
    assert layout_of(run) == "episodes"
    actions = next(node for node in run.subtree if node.path.endswith("demo_2") and "actions" in node)["actions"]
    np.testing.assert_allclose(actions.time, np.arange(7) / 20)
    image = next(node for node in run.subtree if node.path.endswith("demo_10/obs") and "image" in node)["image"]
    assert image.sizes["time"] == 10
    pipeline.convert(path, tmp_path / "tb")
    tags = accumulated(tmp_path / "tb" / "a").Tags()
    assert "a/data/demo_2/N0/actions" in tags["scalars"]
    assert "a/data/demo_10/obs/image" in tags["images"]


@pytest.mark.parametrize(
    ("attrs", "start", "step", "unit"),
    [
        ({"x0": 100.0, "dx": 0.25, "xunit": "s", "unit": "m"}, 100.0, 0.25, "s"),
        ({"Xstart": 1126259446, "Xspacing": 1 / 4096, "Xunits": "second"}, 1126259446, 1 / 4096, "s"),
        ({"starttime": np.int64(1_388_534_400_000_000_000), "sampling_rate": 20.0}, 1_388_534_400, 0.05, "s"),
        ({"sampling_rate": 1000.0}, 0.0, 1e-3, "s"),
    ],
    ids=["GWpy", "GWOSC", "ASDF", "a rate"],
)
def test_attributes_of_sampling(tmp_path: Path, attrs: dict[str, Any], start: float, step: float, unit: str) -> None:
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        file.create_dataset("Waveforms/strain", data=np.arange(30.0)).attrs.update(attrs)
        file.create_dataset("spectrum", data=np.arange(30.0)).attrs.update({"x0": 0.0, "dx": 1.0, "xunit": "Hz"})
    found = named(open_run(path), "strain")
    np.testing.assert_allclose(found.time, start + np.arange(30) * step, rtol=1e-12)
    assert found.time.attrs["units"] == unit


def test_monitors_of_brian_and_recorders_of_nest(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        file["statemonitor/t"], file["statemonitor/v"] = np.arange(50) * 1e-4, RNG.normal(size=(3, 50))
        file["spikemonitor/t"], file["spikemonitor/i"] = np.sort(RNG.random(20)), RNG.integers(0, 9, 20)
        file["spike_recorder/times"], file["spike_recorder/senders"] = RNG.random(30), RNG.integers(1, 9, 30)
        file["neuron/soma_v"], file["neuron/t"] = RNG.normal(size=41), np.arange(41) * 0.025
        file["trains/spikes/n2"], file["trains/spikes/n10"] = np.arange(4.0), np.arange(7.0)
    run = open_run(path)
    assert run["a/statemonitor/v"].dims == ("unit", "time")
    assert run["a@41/neuron/soma_v"].sizes == {"time": 41}
    with h5py.File(path) as file:
        for name, ids in (("spikemonitor", "i"), ("spike_recorder", "senders")):
            times = file[f"{name}/t" if ids == "i" else f"{name}/times"][:]
            np.testing.assert_array_equal(run[f"a@events/{name}/time"], times)
            np.testing.assert_array_equal(run[f"a@events/{name}/unit"], file[f"{name}/{ids}"])
    assert events(run, "a@events/trains/spikes") == {0: [0, 1, 2, 3], 1: [0, 1, 2, 3, 4, 5, 6]}
    assert run["a@events/trains/spikes"].encoding["events"] == ("n2", "n10")


@pytest.mark.parametrize("order", ["time", "sender"])
def test_multimeters_of_nest_in_long_form(tmp_path: Path, order: str) -> None:
    path, voltage = tmp_path / "a.h5", RNG.normal(size=(50, 4))
    senders, times = np.array([3, 7, 8, 12]), 1.0 + np.arange(50) * 0.5
    with h5py.File(path, "w") as file:
        grid = np.meshgrid(times, senders, indexing="ij")
        flat = (lambda a: a.ravel()) if order == "time" else (lambda a: a.T.ravel())
        file["multimeter/times"], file["multimeter/senders"] = map(flat, grid)
        file["multimeter/V_m"], file["multimeter/g_ex"] = flat(voltage), flat(voltage * 2)
    run = open_run(path)
    for name, expected in (("V_m", voltage), ("g_ex", voltage * 2)):
        found = named(run, name)
        np.testing.assert_array_equal(found.transpose("time", ...), expected)
        np.testing.assert_allclose(found.time, times)
        assert found.coords[found.dims[1 if order == "time" else 0]].values.tolist() == ["3", "7", "8", "12"]


@pytest.mark.parametrize("form", ["each", "two numbers"])
def test_snirf(tmp_path: Path, form: str) -> None:
    path, values = tmp_path / "a.snirf", RNG.normal(size=(30, 4))
    with h5py.File(path, "w") as file:
        file["formatVersion"] = "1.1"
        file["nirs/data1/dataTimeSeries"] = values
        file["nirs/data1/time"] = 2.0 + np.arange(30) * 0.1 if form == "each" else [2.0, 0.1]
        file["nirs/data1/measurementList1/sourceIndex"] = 1
        file["nirs/aux1/dataTimeSeries"], file["nirs/aux1/time"] = np.arange(9.0), np.arange(9.0)
        file["nirs/probe/sourcePos3D"] = np.ones((2, 3))
        file["nirs/metaDataTags/TimeUnit"] = "s"
    run = open_run(path)
    assert layout_of(run) == "SNIRF"
    found = run["a/nirs/data1/dataTimeSeries"]
    np.testing.assert_array_equal(found, values)
    np.testing.assert_allclose(found.time, 2.0 + np.arange(30) * 0.1)
    assert found.time.attrs["units"] == "s"
    np.testing.assert_array_equal(run["a@9/nirs/aux1/dataTimeSeries"].time, np.arange(9))
    assert run["a"].encoding["left_out"]["/nirs/probe/sourcePos3D"] == "nothing tells that it runs in time"


def test_sapicore_s_log(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    voltage, gain = RNG.normal(size=(30, 4)).astype("f4"), RNG.normal(size=30)
    file = nixio.File.open(str(path), nixio.FileMode.Overwrite)
    section = file.create_section("config", "configuration")
    section["sapicore_version"] = "0.4.1"
    parts = ("data_shape_len", "data_shape", "data_log", "data_counter")
    blocks = {part: file.create_block(f"example_{part}", "data") for part in parts}
    for tag, values in (("GC:voltage", voltage), ("gain", gain)):
        arrays = {part: block.create_data_array(tag, "x", data=[], dtype=dtype) for (part, block), dtype in zip(
            blocks.items(), ("i1", "i4", values.dtype, "i8"), strict=True)}  # fmt: skip
        for number, row in enumerate(values):
            arrays["data_counter"].append(number * 10)
            arrays["data_shape_len"].append(row.ndim)
            if row.ndim:
                arrays["data_shape"].append(row.shape)
            arrays["data_log"].append(np.ravel(row))
    file.close()
    run = open_run(path)
    assert layout_of(run) == "sapicore log"
    found = named(run, "voltage")
    np.testing.assert_array_equal(found, voltage)
    np.testing.assert_array_equal(found[3:20:5, 1:3], voltage[3:20:5, 1:3])
    np.testing.assert_array_equal(found.time, np.arange(30) * 10)
    np.testing.assert_array_equal(named(run, "gain"), gain)
    assert run["a"].attrs["sapicore_version"] == "0.4.1"
