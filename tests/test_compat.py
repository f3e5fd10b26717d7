"""The original interface, as its users call it."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import dask.array
import h5py
import numpy as np
import pytest
import xarray as xr

import pipeline
from pipeline import HDFData, TensorboardWriter
from pipeline.writing.eventfiles import read_hparams
from tests.common import accumulated, pixels, write_component
from tests.conftest import PLOTS, STEPS, Read, drawn, events, stored

VOLTAGE = np.random.default_rng(0).normal(size=(50, 3)).astype(np.float32)
SERIES = {"kind": "trace", "format": "scalar"}


class TensorLike:
    """What is used of a torch tensor."""

    def __init__(self, values: np.ndarray, place: str = "graph") -> None:
        self.values, self.place = values, place
        self.dtype, self.ndim, self.shape = "float32", values.ndim, values.shape

    def detach(self) -> TensorLike:
        return TensorLike(self.values, "gpu")

    def cpu(self) -> TensorLike:
        assert self.place == "gpu", "a tensor that is part of a graph cannot be moved"
        return TensorLike(self.values, "cpu")

    def numpy(self) -> np.ndarray:
        assert self.place == "cpu", "a tensor elsewhere cannot be read"
        return self.values

    def __array__(self, *args: Any, **options: Any) -> np.ndarray:
        raise TypeError("can't convert a tensor that requires grad; use tensor.detach().numpy()")


def test_data_are_read_when_they_are_used(reads: list[Read], network: Path) -> None:
    path = network / "data" / "GC.h5"
    data = HDFData(path)
    voltage = data.buffer["voltage"]
    assert (voltage.shape, voltage.dtype, len(voltage)) == ((STEPS, 5), np.float32, STEPS)
    assert reads == []

    expected = stored(path, "voltage")
    np.testing.assert_array_equal(np.asarray(voltage), expected)
    np.testing.assert_array_equal(voltage[10:20, 2], expected[10:20, 2])
    np.testing.assert_array_equal(voltage[-1], expected[-1])
    assert float(voltage.max()) == expected.max()
    assert {read.dataset for read in reads} == {"GC/voltage"}


def test_the_buffer_holds_settings_and_datasets(network: Path) -> None:
    buffer = HDFData(network / "data" / "GC.h5").buffer

    assert buffer["identifier"] == "GC"
    assert buffer["class"] == "Ensemble"
    assert (buffer["seed"], buffer["drive"], buffer["plastic"], buffer["rule"]) == (1, 1.5, True, "rule-1")
    assert {"voltage", "spiked"} <= buffer.keys()


def test_a_key_selects_one_dataset(network: Path) -> None:
    assert set(HDFData(network / "data" / "GC.h5", "voltage").buffer) == {"identifier", "class", "voltage"}
    assert set(HDFData(str(network / "data" / "GC.h5"), key="nowhere").buffer) == {"identifier", "class"}


def test_a_buffer_is_added_to(network: Path) -> None:
    given = {"alpha": 0.5}
    data = HDFData(network / "data" / "GC.h5", buffer=given)

    assert data.buffer is given
    assert {"alpha", "voltage", "identifier"} <= given.keys()


def test_without_a_path_there_is_only_the_buffer() -> None:
    data = HDFData()
    data.read()
    assert data.buffer == {}
    assert HDFData(buffer={"a": 1}).buffer == {"a": 1}


def test_data_can_be_read_later(network: Path) -> None:
    data = HDFData()
    data.path = network / "data" / "MC.h5"
    data.read()

    assert data.buffer["voltage"].shape == (STEPS, 3)


def test_buffers_of_two_objects_are_apart(network: Path) -> None:
    first, second = HDFData(), HDFData()
    first.buffer["a"] = 1
    assert second.buffer == {}


def test_groups_and_a_missing_identifier(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "grouped.h5", "w") as file:
        file.create_dataset("voltage", data=VOLTAGE, maxshape=(None, 3))
        file.create_dataset("deep/er/voltage", data=2 * VOLTAGE, maxshape=(None, 3))
        file["deep"].attrs["rate"] = 4.5
    data = HDFData(tmp_path / "grouped.h5")

    assert data.buffer["identifier"] == "grouped"
    assert data.buffer["class"] == "NA"
    assert data.buffer["deep/rate"] == 4.5
    np.testing.assert_array_equal(data.buffer["deep/er/voltage"], 2 * VOLTAGE)
    writer = TensorboardWriter(tmp_path / "tb")
    writer.write(data, "voltage", **SERIES)
    writer.write(data, "deep/er/voltage", **SERIES)
    tags = accumulated(tmp_path / "tb").Tags()["scalars"]
    assert set(tags) == {f"grouped/N{unit}/{name}" for unit in range(3) for name in ("voltage", "deep/er/voltage")}


@pytest.mark.parametrize("name", ["nowhere.h5", "text.h5"])
def test_a_file_that_cannot_be_opened(name: str, tmp_path: Path) -> None:
    (tmp_path / "text.h5").write_text("no HDF5")
    with pytest.raises(pipeline.SourceError, match=name):
        HDFData(tmp_path / name)


ARRAYS = {
    "numpy": VOLTAGE,
    "numpy double": VOLTAGE.astype(np.float64),
    "not contiguous": np.asfortranarray(VOLTAGE),
    "xarray": xr.DataArray(VOLTAGE, dims=("time", "unit")),
    "variable": xr.Variable(("time", "unit"), VOLTAGE),
    "dask": dask.array.from_array(VOLTAGE, chunks=(7, 2)),
    "tensor": TensorLike(VOLTAGE),
    "list": VOLTAGE.tolist(),
}
if find_spec("torch"):  # never needed, welcome where it is
    import torch

    ARRAYS["torch"] = torch.tensor(VOLTAGE, requires_grad=True)


@pytest.mark.parametrize("name", ARRAYS)
def test_every_sort_of_array_is_taken(name: str, tmp_path: Path) -> None:
    for place, array in (("reference", VOLTAGE), (name, ARRAYS[name])):
        writer = TensorboardWriter(tmp_path / place / "run")
        writer.trace("GC", "voltage", array, {"format": "scalar"})
        writer.trace("GC", "current", array, {"size": (4, 3)})
        writer.hparam("GC", "voltage", array, {})
        writer.close()

    assert events(tmp_path / name) == events(tmp_path / "reference")
    found = accumulated(tmp_path / name / "run")
    for unit in range(3):
        values = np.array([p.value for p in found.Scalars(f"GC/N{unit}/voltage")], np.float32)
        np.testing.assert_array_equal(values, VOLTAGE[:, unit])


def test_an_array_of_a_strange_type_is_refused(tmp_path: Path) -> None:
    class Strange:
        ndim, dtype, shape = 2, np.dtype("f4"), (2, 2)

    with pytest.raises(pipeline.SettingError, match="Strange"):
        TensorboardWriter(tmp_path).trace("GC", "voltage", Strange(), {})


def test_each_method_has_its_tags(tmp_path: Path) -> None:
    writer = TensorboardWriter(tmp_path)
    weights = np.random.default_rng(0).normal(size=(300, 4, 5))
    writer.heatmap("S", "weights", weights, {})
    writer.heatmap("S", "connections", weights[0] > 0, {})
    writer.raster("GC", VOLTAGE > 1, {"events": [10, 20]})
    writer.trace("GC", "voltage", VOLTAGE[:, :2], {})
    writer.trace("GC", "rate", VOLTAGE[:, 0], {"format": "scalar"})
    writer.hparam("GC", "delay", np.arange(3.0), {"format": "scalar"})

    found = accumulated(tmp_path)
    steps = {tag: [image.step for image in found.Images(tag)] for tag in found.Tags()["images"]}
    assert steps == {
        "S/weights": [0, 100, 200],  # every 100th step, as ever
        "S/connections": [0],
        "GC/raster": [0],
        "GC/N0/voltage": [0],
        "GC/N1/voltage": [0],
    }
    sizes = {tag: pixels(found.Images(tag)[0].encoded_image_string).shape[:2] for tag in steps}
    assert sizes["S/weights"] == sizes["GC/raster"] == (1000, 1500)
    assert sizes["GC/N0/voltage"] == (500, 1000)
    assert {tag: [(p.step, p.value) for p in found.Scalars(tag)] for tag in found.Tags()["scalars"]} == {
        "GC/rate": [(step, value) for step, value in enumerate(VOLTAGE[:, 0].tolist())],
        "GC/N0/delay": [(0, 0.0)],
        "GC/N1/delay": [(0, 1.0)],
        "GC/N2/delay": [(0, 2.0)],
    }


@pytest.mark.parametrize("axis", [1, -1])
def test_time_may_be_another_axis(axis: int, tmp_path: Path) -> None:
    TensorboardWriter(tmp_path / "0" / "run").trace("GC", "v", VOLTAGE, {**SERIES, "time_axis": 0})
    TensorboardWriter(tmp_path / "1" / "run").trace("GC", "v", VOLTAGE.T, {**SERIES, "time_axis": axis})

    assert events(tmp_path / "1") == events(tmp_path / "0")


def test_hyperparameters_one_after_another_with_no_metric(tmp_path: Path) -> None:
    writer = TensorboardWriter(tmp_path)
    values = {"flag": True, "count": 7, "rate": 0.25, "rule": "stdp", "one": np.array([4.5]), "none": None}
    for name, value in values.items():
        writer.hparam("GC", name, value, {})
    writer.hparam("MC", "count", np.int64(9), {})
    writer.hparam("MC", "delay", TensorLike(np.array([1.0, 3.0])), {})
    writer.hparam("MC", "words", ["a", "b"], {})
    writer.hparam("MC", "uneven", [[1], [2, 3]], {})

    assert read_hparams(tmp_path) == {
        "GC/flag": True,
        "GC/count": 7.0,
        "GC/rate": 0.25,
        "GC/rule": "stdp",
        "GC/one": 4.5,
        "GC/none": "None",
        "MC/count": 9.0,
        "MC/delay/mean": 2.0,
        "MC/delay/std": 1.0,
        "MC/delay/min": 1.0,
        "MC/delay/max": 3.0,
        "MC/words": "['a', 'b']",
        "MC/uneven": "[[1], [2, 3]]",
    }
    assert read_hparams(tmp_path)["GC/flag"] is True
    assert not accumulated(tmp_path).Tags()["scalars"]


def test_a_hyperparameter_written_again_is_the_last_one(tmp_path: Path) -> None:
    writer = TensorboardWriter(tmp_path)
    for value in (1, 2, 3):
        writer.hparam("GC", "rate", value, {})

    assert read_hparams(tmp_path) == {"GC/rate": 3.0}


def test_settings_of_a_file_and_of_a_buffer_are_written_alike(network: Path, tmp_path: Path) -> None:
    writer = TensorboardWriter(tmp_path)
    data = HDFData(network / "data" / "GC.h5", buffer={"alpha": 0.5})
    for key in ("seed", "rule", "alpha"):
        writer.write(data, key, kind="hparam")

    assert read_hparams(tmp_path) == {"GC/seed": 1.0, "GC/rule": "rule-1", "GC/alpha": 0.5}


def test_a_key_the_data_does_not_hold_does_nothing(network: Path, tmp_path: Path) -> None:
    TensorboardWriter(tmp_path / "tb").write(HDFData(network / "data" / "GC.h5"), "weights", kind="heatmap")

    assert not (tmp_path / "tb").exists() or not list((tmp_path / "tb").iterdir())


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (
            {"kind": "traces"},
            "accepted is heatmap, raster, trace, hparam, frames, rate, histogram, band; did you mean 'trace'",
        ),
        ({"kind": "trace", "format": "scalars"}, "did you mean 'scalar'"),
        ({"kind": "trace", "stp": 2}, "did you mean 'step'"),
        ({"kind": "trace", "step": -1}, "step=-1: accepted is"),
        ({}, "no kind is given"),
    ],
)
@pytest.mark.parametrize("key", ["voltage", "nowhere"])
def test_a_misspelt_setting_is_an_error(
    settings: dict[str, Any], said: str, key: str, network: Path, tmp_path: Path
) -> None:
    with pytest.raises(pipeline.SettingError, match=said):
        TensorboardWriter(tmp_path).write(HDFData(network / "data" / "GC.h5"), key, **settings)


def test_trials_of_one_component_follow_each_other(tmp_path: Path) -> None:
    """As in the original: a script's loop over files writes each one's points under the same tags."""
    writer = TensorboardWriter(tmp_path / "tb")
    for trial in range(3):
        path = write_component(tmp_path / f"{trial}.h5", "GC", {"voltage": np.full((10, 2), float(trial))})
        for form in ("scalar", "image"):
            writer.write(HDFData(path), "voltage", kind="trace", format=form)
    found = accumulated(tmp_path / "tb")
    assert found.Tags()["scalars"] == ["GC/N0/voltage", "GC/N1/voltage"]
    points = found.Scalars("GC/N1/voltage")
    assert [(point.step, point.value) for point in points] == [(s, float(t)) for t in range(3) for s in range(10)]
    assert found.Tags()["images"] == ["GC/N0/voltage/image", "GC/N1/voltage/image"]
    assert len(found.Images("GC/N0/voltage/image")) == 3


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda w: w.heatmap("S", "w", np.ones(5), {}), "a heatmap needs two dimensions"),
        (lambda w: w.raster("S", np.ones((3, 3, 3)), {}), "a raster needs"),
        (lambda w: w.trace("S", "w", np.ones((3, 3, 3)), {}), "a trace needs"),
        (lambda w: w.trace("S", "w", np.ones((0, 3)), {}), "holds no data"),
        (lambda w: w.trace("S", "w", "words", {}), "a trace needs numbers"),
        (lambda w: w.trace("S", "w", np.array([["a"]]), {}), "cannot be drawn"),
        (lambda w: w.trace("S", "w", VOLTAGE, {"time_axis": 2}), "time_axis=2"),
        (lambda w: w.heatmap("S", "w", VOLTAGE, {"kind": "raster", "line_size": 2}), "no setting 'line_size'"),
    ],
)
def test_what_cannot_be_drawn_is_an_error(call: Any, said: str, tmp_path: Path) -> None:
    with pytest.raises(pipeline.SettingError, match=said):
        call(TensorboardWriter(tmp_path))


def test_a_dataset_that_cannot_be_read_is_an_error(damaged: Path, tmp_path: Path) -> None:
    writer = TensorboardWriter(tmp_path)
    data = HDFData(damaged / "spoilt.h5")
    with pytest.raises(pipeline.PipelineError, match="spoilt.h5"):
        writer.write(data, "voltage", **SERIES)
    writer.write(data, "spiked", kind="raster")

    assert accumulated(tmp_path).Tags()["images"] == ["spoilt/raster"]


def test_a_directory_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(pipeline.OutputError, match="cannot be written"):
        TensorboardWriter(tmp_path / "file" / "tb").trace("GC", "v", VOLTAGE, {"format": "scalar"})


def test_two_writers_on_one_directory_lose_nothing(tmp_path: Path) -> None:
    first, second = TensorboardWriter(tmp_path), TensorboardWriter(tmp_path)
    for number in range(3):
        for name, writer in (("a", first), ("b", second)):
            writer.trace(name, f"v{number}", VOLTAGE, {"format": "scalar"})
            writer.hparam(name, f"h{number}", number, {})
    first.close()
    first.trace("a", "late", VOLTAGE, {"format": "scalar"})
    third = TensorboardWriter(tmp_path)
    third.trace("c", "v", VOLTAGE, {"format": "scalar"})
    third.hparam("c", "h", 1, {})

    found = accumulated(tmp_path)
    tags = {f"{name}/N{unit}/v{n}" for name in "ab" for n in range(3) for unit in range(3)}
    tags |= {f"{rest[0]}/N{unit}/{rest[1]}" for rest in (("a", "late"), ("c", "v")) for unit in range(3)}
    assert set(found.Tags()["scalars"]) == tags
    assert all(len(found.Scalars(tag)) == len(VOLTAGE) for tag in tags)
    assert read_hparams(tmp_path).keys() == {"c/h", *(f"{name}/h{n}" for name in "ab" for n in range(3))}


def test_a_writer_gives_the_same_records_as_a_conversion(network: Path, tmp_path: Path) -> None:
    path = network / "data" / "GC--MC.h5"
    plots = [{"weights": {"kind": "heatmap", "step": 100, "size": (6, 4)}}]
    pipeline.convert(path, tmp_path / "converted", plots)
    TensorboardWriter(tmp_path / "written").write(HDFData(path), "weights", **plots[0]["weights"])

    assert drawn(tmp_path / "converted" / "GC--MC") == events(tmp_path / "written")


_SCRIPT = """
import os, sys
from glob import glob
{imported}

source, log_dir, ending = sys.argv[1:]
plots = {plots!r}
tensorboard = TensorboardWriter(log_dir=log_dir)
for path in sorted(glob(os.path.join(source, "data", "*.h5"))):
    for entry in plots:
        for attr, settings in entry.items():
            tensorboard.write(HDFData(path), attr, **settings)
tensorboard.write(HDFData(buffer={{"identifier": "run", "trials": 3}}), "trials", kind="hparam")
if ending == "abrupt":
    os._exit(0)
"""


@pytest.mark.parametrize("ending", ["quiet", "abrupt"])
def test_a_script_of_the_original_runs_with_only_its_import_changed(ending: str, network: Path, tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(_SCRIPT.format(imported="from pipeline import HDFData, TensorboardWriter", plots=PLOTS))
    done = subprocess.run([sys.executable, "-W", "error", script, network, tmp_path / "tb", ending], check=True)
    assert done.returncode == 0

    found = accumulated(tmp_path / "tb")
    for component, units in (("GC", 5), ("MC", 3)):
        voltage = stored(network / "data" / f"{component}.h5", "voltage")
        for unit in range(units):
            points = found.Scalars(f"{component}/N{unit}/voltage")
            assert [p.value for p in points] == voltage[:, unit].tolist()
    assert len(found.Images("GC--MC/weights")) == 12
    assert set(found.Tags()["images"]) == {"GC/raster", "MC/raster", "GC--MC/weights"}
    hparams = read_hparams(tmp_path / "tb")
    assert hparams["run/trials"] == 3
    assert hparams["GC/rule"] == "rule-1"
