"""What every layout must do, and what layouts share: which datasets a file has, and its settings."""

from __future__ import annotations

import importlib
import inspect
import pickle
import pkgutil
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import h5py
import numpy as np
import pytest

import pipeline.opening
from pipeline.errors import LayoutWarning
from pipeline.opening import open_run
from pipeline.opening.layouts import registry
from pipeline.opening.layouts.contents import attributes, datasets, member, settings_of
from pipeline.opening.layouts.protocol import Component, Layout, Stored
from pipeline.opening.layouts.registry import LAYOUTS
from pipeline.opening.variables import shape_of
from tests.common import forbid_reads, write_component, write_hdf5


def sapicore_file(path: Path) -> Path:
    voltage, weights = np.ones((6, 3), np.float32), np.ones((6, 3, 2), np.float32)
    return write_component(path, "GC", {"voltage": voltage, "weights": weights}, tau=2.0)


def generic_file(path: Path) -> Path:
    return write_hdf5(path, sim__voltage=np.ones((6, 3)), sim__time=np.arange(6.0), weights=np.ones((3, 2)), count=7)


def sonata_file(path: Path) -> Path:
    ids = np.arange(3, dtype="u8")
    return write_hdf5(
        path, report__exc__data=np.ones((20, 3), "f4"), report__exc__mapping__node_ids=ids,
        report__exc__mapping__time=np.array([0.0, 2.0, 0.1]),
    )  # fmt: skip


def nwb_file(path: Path) -> Path:
    with h5py.File(path, "w") as file:
        file.attrs["nwb_version"] = "2.7.0"
        file["acquisition/Vm/data"] = np.ones((20, 3), "i2")
        file["acquisition/Vm/timestamps"] = np.arange(20.0)
    return path


def matlab_file(path: Path) -> Path:
    with h5py.File(write_hdf5(path, t=np.arange(20.0)[None], Vm=np.ones((3, 20))), "a") as file:
        for name in ("t", "Vm"):
            file[name].attrs["MATLAB_class"] = np.bytes_("double")
    return path


def nix_file(path: Path) -> Path:
    with h5py.File(path, "w") as file:
        file.attrs["format"] = "nix"
        array = file.create_group("data/block/data_arrays/Vm")
        array.attrs.update({"name": "Vm", "entity_id": "1", "unit": "mV"})
        array["data"] = np.ones((20, 3))
        array.create_group("dimensions/1").attrs.update(
            {"dimension_type": "sample", "sampling_interval": 0.1, "unit": "ms"}
        )
        array.create_group("dimensions/2").attrs["dimension_type"] = "set"
    return path


def sapicore_log_file(path: Path) -> Path:
    with h5py.File(path, "w") as file:
        file.attrs["format"] = "nix"
        parts = {"log": np.arange(12.0), "counter": np.arange(4), "shape_len": np.ones(4, "i1"), "shape": np.full(4, 3)}
        for part, values in parts.items():
            array = file.create_group(f"data/run_data_{part}/data_arrays/GC:voltage")
            array.attrs["name"] = "GC:voltage"
            array["data"] = values
    return path


def h5md_file(path: Path) -> Path:
    with h5py.File(path, "w") as file:
        file.create_group("h5md").attrs["version"] = [1, 1]
        file["observables/energy/value"] = np.ones(20)
        file["observables/energy/step"] = np.arange(20)
        file["observables/energy/time"] = np.arange(20) * 0.5
    return path


def nexus_file(path: Path) -> Path:
    with h5py.File(path, "w") as file:
        file.create_group("entry").attrs["NX_class"] = "NXentry"
        log = file.create_group("entry/temperature")
        log.attrs["NX_class"] = "NXlog"
        log["value"], log["time"] = np.ones(20), np.arange(20.0)
    return path


def openpmd_file(path: Path) -> Path:
    with h5py.File(path, "w") as file:
        file.attrs.update({"openPMD": "1.1.0", "basePath": "/data/%T/"})
        for number in (0, 100, 200):
            file.create_group(f"data/{number}").attrs.update({"time": float(number), "timeUnitSI": 1e-15})
            file[f"data/{number}/meshes/rho"] = np.full((4, 3), number)
    return path


def multichannel_file(path: Path) -> Path:
    info = np.zeros(3, [("Label", "S4"), ("Unit", "S4"), ("Exponent", "i4"), ("ADZero", "i4"), ("Tick", "i8"),
                        ("ConversionFactor", "i8")])  # fmt: skip
    info["Tick"], info["ConversionFactor"] = 50, 7
    with h5py.File(path, "w") as file:
        stream = file.create_group("Data/Recording_0/AnalogStream/Stream_0")
        stream["ChannelData"], stream["InfoChannel"] = np.ones((3, 20), "i4"), info
    return path


def episodes_file(path: Path) -> Path:
    with h5py.File(path, "w") as file:
        for number in range(3):
            file[f"data/demo_{number}/actions"] = np.ones((20 + number, 7))
            file[f"data/demo_{number}/obs/eef_pos"] = np.ones((20 + number, 3))
    return path


def netcdf_file(path: Path) -> Path:
    with h5py.File(path, "w") as file:
        file.attrs["_NCProperties"] = "version=2,hdf5=1.14.0"
        file["time"], file["t2m"] = np.arange(20.0), np.ones((20, 3))
        file["time"].make_scale("time")
        file["time"].attrs["units"] = "hours since 2000-01-01"
        file["t2m"].dims[0].attach_scale(file["time"])
    return path


def pandas_file(path: Path) -> Path:
    with h5py.File(path, "w") as file:
        frame = file.create_group("frame")
        frame.attrs.update({"pandas_type": "frame", "nblocks": 1})
        frame["axis1"], frame["block0_values"] = np.arange(20), np.ones((20, 2))
        frame["block0_items"] = np.array([b"a", b"b"])
    return path


def pytables_file(path: Path) -> Path:
    with h5py.File(path, "w") as file:
        file.attrs["PYTABLES_FORMAT_VERSION"] = "2.1"
        file["log"] = np.zeros(20, [("t", "f8"), ("Vm", "f4")])
    return path


def snirf_file(path: Path) -> Path:
    with h5py.File(path, "w") as file:
        file["formatVersion"] = "1.1"
        file["nirs/data1/dataTimeSeries"], file["nirs/data1/time"] = np.ones((20, 3)), np.array([5.0, 0.25])
        file["nirs/metaDataTags/TimeUnit"] = "s"
    return path


def anndata_file(path: Path) -> Path:
    with h5py.File(path, "w") as file:
        file.attrs["encoding-type"] = "anndata"
        file["X"], file["obs/n"], file["var/n"] = np.ones((5, 4)), np.ones(5), np.ones(4)
    return path


#: For each layout a file of its own; a new layout needs a line here.
EXAMPLES: dict[str, Callable[[Path], Path]] = {
    "sapicore": sapicore_file,
    "SONATA": sonata_file,
    "NWB": nwb_file,
    "MATLAB 7.3": matlab_file,
    "sapicore log": sapicore_log_file,
    "NIX": nix_file,
    "SNIRF": snirf_file,
    "AnnData": anndata_file,
    "H5MD": h5md_file,
    "NeXus": nexus_file,
    "openPMD": openpmd_file,
    "Multi Channel Systems": multichannel_file,
    "episodes": episodes_file,
    "netCDF": netcdf_file,
    "pandas": pandas_file,
    "PyTables": pytables_file,
    "generic HDF5": generic_file,
}

ODDITIES: dict[str, Callable[[h5py.File], Any]] = {
    "empty": lambda file: None,
    "only text": lambda file: file.create_dataset("notes", data="none"),
    "dead soft link": lambda file: file.update({"x": h5py.SoftLink("/nowhere")}),
    "dead external link": lambda file: file.update({"x": h5py.ExternalLink("gone.h5", "/x")}),
    "dead configuration": lambda file: file.update({"configuration": h5py.SoftLink("/nowhere")}),
    "link to itself": lambda file: file.update({"a/root": h5py.SoftLink("/")}),
    "configuration is a dataset": lambda file: file.create_dataset("configuration", data=np.ones(3)),
    "named type": lambda file: file.update({"type": np.dtype("f8")}),
    "no extent": lambda file: file.create_dataset("x", data=h5py.Empty("f4")),
    "identifier is a number": lambda file: file.attrs.update({"identifier": 7, "class": 7}),
    "identifier is an array": lambda file: file.attrs.update({"identifier": [1.0, 2.0], "class": [1, 2]}),
    "identifier is empty": lambda file: file.attrs.update({"identifier": "", "class": h5py.Empty("f4")}),
}


@pytest.fixture(params=LAYOUTS, ids=lambda layout: layout.name)
def layout(request: pytest.FixtureRequest) -> Layout:
    return request.param


def check(component: Component, file: h5py.File) -> None:
    """Assert what the rest of the program relies on."""
    assert component.name is None or isinstance(component.name, str)
    assert all(isinstance(key, str) for key in component.settings)
    pickle.dumps(component)
    names = [item.path for item in component.stored]
    assert len(set(names)) == len(names)
    assert not set(names) & set(component.left_out)
    for item in component.stored:
        assert item.path.startswith("/")
        shape = shape_of(file[item.name], item)
        assert len(item.dims) == len(shape)
        assert len(set(item.dims)) == len(item.dims)
        assert not item.guessed or "time" in item.dims
        assert item.why or "time" not in item.dims
        assert not item.labels or len(item.labels) in shape
        if item.times is not None and item.times.dataset is not None:
            assert file[item.times.dataset].size == shape[item.dims.index("time")]
    for told in component.events:
        assert told.name.startswith("/")
        sizes = {file[name].size for name in (*told.times, told.units) if name}
        assert len(sizes) == 1 or len(told.times) > 1
    assert all(why for why in component.left_out.values())


def test_every_layout_has_an_example_and_a_name_of_its_own() -> None:
    assert sorted(EXAMPLES) == sorted(layout.name for layout in LAYOUTS)


def test_a_layout_s_file_is_read_by_it(layout: Layout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = EXAMPLES[layout.name](tmp_path / "a.h5")
    forbid_reads(monkeypatch, most=256)
    with h5py.File(path) as file:
        assert next(each for each in LAYOUTS if each.recognises(file)) is layout
        component = layout.read(file)
        check(component, file)
        assert component.stored


@pytest.mark.parametrize("oddity", ODDITIES)
def test_odd_files_are_refused_or_read(
    layout: Layout, oddity: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        ODDITIES[oddity](file)
    forbid_reads(monkeypatch)
    with h5py.File(tmp_path / "a.h5") as file:
        if layout.recognises(file):
            check(layout.read(file), file)


@pytest.mark.parametrize("oddity", ODDITIES)
def test_the_last_layout_takes_every_file(oddity: str, tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        ODDITIES[oddity](file)
        assert LAYOUTS[-1].recognises(file)


def unregistered(modules: Iterable[ModuleType], registered: Iterable[Layout]) -> list[str]:
    """Return the layout classes of modules that are not registered."""
    known = {type(layout) for layout in registered}
    return [
        name
        for module in modules
        for name, found in inspect.getmembers(module, inspect.isclass)
        if found.__module__ == module.__name__ and {"recognises", "read"} <= set(vars(found))
        if found is not Layout and found not in known
    ]


def opening_modules() -> list[ModuleType]:
    found = pkgutil.walk_packages(pipeline.opening.__path__, "pipeline.opening.")
    return [importlib.import_module(module.name) for module in found]


def test_every_layout_is_registered() -> None:
    assert unregistered(opening_modules(), LAYOUTS) == []


def test_an_unregistered_layout_would_be_seen() -> None:
    assert unregistered(opening_modules(), LAYOUTS[1:]) == [type(LAYOUTS[0]).__name__]


LEFT_OUT = [
    ("text", "spiking", "strings"),
    ("texts", ["a", "b"], "strings"),
    ("fixed", np.array([b"ab", b"cd"]), "strings"),
    ("compound", np.zeros(3, [("t", "f8"), ("unit", "i4")]), "compound values"),
    ("opaque", np.array([b"abc"], "V3"), "compound values"),
    ("nothing", h5py.Empty("f4"), "holds no data"),
]


@pytest.mark.parametrize(("name", "values", "why"), LEFT_OUT, ids=[name for name, *_ in LEFT_OUT])
def test_what_holds_no_real_numbers_is_left_out_with_a_word(tmp_path: Path, name: str, values: Any, why: str) -> None:
    with h5py.File(write_hdf5(tmp_path / "a.h5", **{name: values, "voltage": np.ones(3)})) as file:
        numeric, left_out = datasets(file)
    assert list(numeric) == ["/voltage"]
    assert left_out == {f"/{name}": why}


def test_ragged_arrays_references_and_long_floats_are_left_out(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("ragged", (3,), h5py.vlen_dtype(np.float32))
        file["reference"] = file.ref
        if np.dtype(np.longdouble).itemsize > 8:
            file["long"] = np.zeros(2, np.longdouble)
        numeric, left_out = datasets(file)
    assert not numeric
    assert left_out["/ragged"] == left_out["/reference"] == "values of varying length or references"
    assert "float128" in left_out.get("/long", "float128")


@pytest.mark.parametrize("dtype", ["?", "i1", "u8", ">i4", "f2", "f4", ">f8", "f8"])
def test_real_numbers_of_any_kind_are_kept(tmp_path: Path, dtype: str) -> None:
    with h5py.File(write_hdf5(tmp_path / "a.h5", x=np.zeros(3, dtype), scalar=np.zeros((), dtype))) as file:
        numeric, left_out = datasets(file)
        assert {name: item.shape for name, item in numeric.items()} == {"/x": (3,), "/scalar": ()}
    assert not left_out


def test_nested_groups_are_walked(tmp_path: Path) -> None:
    path = write_hdf5(tmp_path / "a.h5", a__b__c__deep=np.ones(2), a__near=np.ones(3), top=np.ones(4))
    with h5py.File(path) as file:
        numeric, _ = datasets(file)
        assert {name: item.size for name, item in numeric.items()} == {"/a/b/c/deep": 2, "/a/near": 3, "/top": 4}


def test_links_that_lead_nowhere_are_left_out_with_a_word(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["soft"] = h5py.SoftLink("/nowhere")
        file["external"] = h5py.ExternalLink("gone.h5", "/x")
        file["near"] = np.ones(3)
        file["link"] = h5py.SoftLink("/near")
        numeric, left_out = datasets(file)
        assert sorted(numeric) == ["/link", "/near"]
    assert left_out == dict.fromkeys(["/soft", "/external"], "a link that leads nowhere")


def test_a_group_that_is_linked_again_is_walked_once(tmp_path: Path) -> None:
    with h5py.File(write_hdf5(tmp_path / "a.h5", a__x=np.ones(3)), "a") as file:
        file["a/up"] = h5py.SoftLink("/")
        file["b"] = file["a"]
        numeric, left_out = datasets(file)
        assert list(numeric) == ["/a/x"]
    assert not left_out


def test_datasets_of_other_files_have_the_name_of_the_link(tmp_path: Path) -> None:
    write_hdf5(tmp_path / "store.dat", deep__x=np.full(3, 7.0), x=np.zeros(5))
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["voltage"] = h5py.ExternalLink("store.dat", "/deep/x")
        file["group"] = h5py.ExternalLink("store.dat", "/deep")
        numeric, _ = datasets(file)
        assert {name: float(item[0]) for name, item in numeric.items()} == {"/voltage": 7.0, "/group/x": 7.0}


def test_a_member_that_is_not_there_is_none(tmp_path: Path) -> None:
    with h5py.File(write_hdf5(tmp_path / "a.h5", x=np.ones(3)), "a") as file:
        file["dead"] = h5py.SoftLink("/nowhere")
        assert member(file, "x") == file["x"]
        assert member(file, "dead") is None
        assert member(file, "y") is None


def test_settings_are_root_attributes_then_the_configuration_parsed(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.attrs.update({"version": "0.4", "gain": np.float32(0.5)})
        configuration = file.create_group("configuration")
        configuration.attrs.update({"tau": "tensor([1., 2.])", "dt": "0.1", "version": "'2'", "rule": "'STDP'"})
        settings = settings_of(file)
    np.testing.assert_array_equal(settings.pop("tau"), [1, 2])
    assert settings == {"version": "0.4", "gain": 0.5, "dt": 0.1, "rule": "STDP", "configuration.version": "2"}


def test_attributes_leave_out_references_and_what_is_empty(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["x"] = np.ones(3)
        file.attrs["one"] = file.ref
        file.attrs["several"] = np.array([file.ref, file["x"].ref], h5py.ref_dtype)
        file.attrs["region"] = file["x"].regionref[:2]
        file.attrs["empty"] = h5py.Empty("f4")
        file.attrs["names"] = ["a", "b"]
        assert attributes(file) == {"names": ["a", "b"]}


def test_an_attribute_that_h5py_cannot_read_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = h5py.AttributeManager.__getitem__

    def read(self: h5py.AttributeManager, name: str) -> Any:
        if name == "strange":
            raise TypeError("No NumPy equivalent for this type")
        return real(self, name)

    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.attrs.update({"strange": 1, "plain": 2})
        monkeypatch.setattr(h5py.AttributeManager, "__getitem__", read)
        assert attributes(file) == {"plain": 2}


class Point:
    """Stands for an entry point of another package."""

    name, dist = "odd", None

    def __init__(self, found: Any) -> None:
        self.found = found

    def load(self) -> Any:
        if isinstance(self.found, Exception):
            raise self.found
        return self.found


class Odd:
    name = "odd"

    def recognises(self, file: h5py.File) -> bool:
        return "odd" in file.attrs

    def read(self, file: h5py.File) -> Component:
        return Component("odd one", {}, [Stored("/x", ("row", "time"))])


@pytest.fixture
def others(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Point]]:
    """The entry points of other packages."""
    points: list[Point] = []
    monkeypatch.setattr(registry, "entry_points", lambda group: points if group == "hdf2tb.layouts" else [])
    registry._of_others.cache_clear()
    yield points
    registry._of_others.cache_clear()


def test_a_layout_of_another_package_is_asked_before_the_generic_one(tmp_path: Path, others: list[Point]) -> None:
    others.append(Point(Odd))
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.attrs["odd"] = 1
        file["x"] = np.zeros((3, 5))
    assert open_run(tmp_path / "a.h5")["odd one"].x.dims == ("row", "time")
    with h5py.File(tmp_path / "b.h5", "w") as file:
        file.attrs.update({"odd": 1, "identifier": "GC", "class": "x"})
        file["x"] = np.zeros((3, 5))
    assert open_run(tmp_path / "b.h5")["GC"].x.dims == ("time", "unit")  # one of our own is the first


@pytest.mark.parametrize("broken", [ImportError("no module named camera"), lambda: 1 / 0], ids=["loading", "making"])
def test_a_layout_that_cannot_be_loaded_is_told_and_harms_no_other(
    tmp_path: Path, others: list[Point], broken: Any
) -> None:
    others += [Point(broken), Point(Odd)]
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.attrs["odd"] = 1
        file["x"] = np.zeros((3, 5))
    with pytest.warns(
        LayoutWarning, match=r"^layout odd of a package cannot be loaded \((Import|ZeroDivision)Error: .*\)$"
    ):
        assert set(open_run(tmp_path / "a.h5").children) == {"odd one"}
