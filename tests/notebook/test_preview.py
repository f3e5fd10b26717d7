"""A preview is what will be written, byte for byte, and only what is looked at is read."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import h5py
import numpy as np
import pytest
import xarray as xr

import pipeline
from pipeline.errors import SettingError, SourceError
from pipeline.notebook.gallery import Gallery, Preview
from pipeline.running.cache import CACHE
from pipeline.writing.eventfiles import read_hparams
from tests.common import accumulated, pixels, write_component, write_hdf5
from tests.conftest import PLOTS, STEPS, Read, stored

pytestmark = pytest.mark.slow

SIZE = (4, 3)

#: Every way in which a picture depends on others: not at all, on its window, on all that are shown, on every step.
PICTURES: dict[str, tuple[str, dict[str, Any]]] = {
    "frames": ("GC--MC/weights", {"kind": "heatmap", "step": 90}),
    "frames of all steps": ("GC--MC/weights", {"kind": "heatmap", "step": 90, "limits": "all"}),
    "frames alone": ("GC--MC/weights", {"kind": "heatmap", "step": 90, "limits": "frame"}),
    "frames between limits": ("GC--MC/weights", {"kind": "heatmap", "step": 90, "limits": (-9, 9), "cmap": "PiYG"}),
    "a matrix": ("GC/voltage", {"kind": "heatmap"}),
    "a raster": ("GC/spiked", {"kind": "raster", "events": [600.0], "event_colors": ["green"]}),
    "windows": ("GC/spiked", {"kind": "raster", "window": "700 ms"}),
    "traces": ("MC/voltage", {"kind": "trace", "step": 3}),
    "some traces": ("MC/voltage", {"kind": "trace", "units": [2, 0]}),
}


@pytest.fixture(autouse=True)
def _nothing_is_cached() -> None:
    CACHE.clear()


def steps_of(reads: list[Read]) -> list[int]:
    return [step for read in reads for step in read.steps]


@pytest.mark.parametrize(("name", "settings"), PICTURES.values(), ids=PICTURES)
def test_pictures_are_those_that_are_written(
    name: str, settings: dict[str, Any], network: Path, tmp_path: Path
) -> None:
    settings = settings | {"size": SIZE}
    run = pipeline.open_run(network, dt="2 ms")
    pipeline.convert(run, tmp_path, [{name: settings}])
    events = accumulated(tmp_path / "calm")
    written = [image for tag in events.Tags()["images"] for image in events.Images(tag)]
    preview = run[name].hdf2tb.preview(**settings)
    assert len(preview) == len(preview.labels) == len(written)
    order = [len(preview) - 1, *range(len(preview))]  # none depends on those that were looked at before
    assert [preview.png(number) for number in order] == [written[number].encoded_image_string for number in order]
    assert pipeline.plan(run, [{name: settings}]).preview(name)[0].png(-1) == written[-1].encoded_image_string


def test_the_automatic_plan_is_previewed_as_it_is_written(network: Path, tmp_path: Path) -> None:
    gallery = pipeline.preview(network)
    pipeline.convert(network, tmp_path)
    events = accumulated(tmp_path / "calm")
    assert isinstance(gallery, Gallery)
    shown = {item.png(0) for item in gallery if "image" in item.title}
    assert shown == {events.Images(tag)[0].encoded_image_string for tag in events.Tags()["images"]}


@pytest.mark.parametrize("name", ["voltage", "spiked"])
def test_hyperparameters_are_a_table_of_what_is_written(name: str, network: Path, tmp_path: Path) -> None:
    run = pipeline.open_run(network)
    preview = pipeline.preview(run["GC"][name], kind="hparam")
    pipeline.convert(run, tmp_path, [{f"GC/{name}": {"kind": "hparam"}}])
    assert dict(preview.rows()) == read_hparams(tmp_path / "calm")
    assert len(preview) == 0
    assert preview._repr_png_() is None
    assert preview.widget() is None
    html = preview._repr_html_()
    assert html is not None
    assert f"GC/{name}/mean" in html
    assert "a table" in repr(preview)


def test_a_long_table_is_cut() -> None:
    array = xr.DataArray(np.arange(30.0), dims="unit", name="gains")
    preview = pipeline.preview(array, kind="hparam", format="scalar")
    assert [value for _, value in preview.rows()] == list(range(30))
    html = preview._repr_html_()
    assert html is not None
    assert "and 10 more" in html


def test_series_are_drawn_and_said_to_be_points_in_tensorboard(network: Path) -> None:
    voltage = pipeline.open_run(network)["GC"].voltage
    preview = pipeline.preview(voltage, kind="trace", format="scalar", units=[1, 3], points=100)
    assert preview.labels == ["GC/N1/voltage", "GC/N3/voltage"]
    assert preview.png(1) == pipeline.preview(voltage, kind="trace", units=[1, 3]).png(1)
    assert "TensorBoard gets the numbers" in repr(preview)
    assert preview.rows() == []


def test_only_the_frame_that_is_looked_at_is_read(network: Path, reads: list[Read]) -> None:
    weights = pipeline.open_run(network)["GC--MC"].weights
    preview = pipeline.preview(weights, kind="heatmap", step=10, limits="frame", size=SIZE)
    assert len(preview) == STEPS // 10
    assert "120 pictures" in repr(preview)
    assert reads == []
    preview.png(60)
    assert steps_of(reads) == [600]
    preview.png(60)
    assert steps_of(reads) == [600]
    preview.png(-1)
    assert steps_of(reads) == [600, 1190]


def test_limits_are_found_once_for_all_previews_of_the_data(network: Path, reads: list[Read]) -> None:
    weights = pipeline.open_run(network)["GC--MC"].weights
    pipeline.preview(weights, kind="heatmap", step=100, size=SIZE).png(3)
    assert len(steps_of(reads)) == STEPS // 100 + 1
    reads.clear()
    other = pipeline.preview(weights, kind="heatmap", step=100, size=SIZE, cmap="magma")
    other.png(5)
    assert steps_of(reads) == [500]


def test_a_window_reads_itself_alone(network: Path, reads: list[Read]) -> None:
    spiked = pipeline.open_run(network)["GC"].spiked
    pipeline.preview(spiked, kind="raster", window=100, size=SIZE).png(7)
    assert sorted(steps_of(reads)) == list(range(700, 800))


def test_there_is_no_frame_past_the_last(network: Path) -> None:
    preview = pipeline.preview(pipeline.open_run(network)["GC--MC"].weights, kind="heatmap")
    with pytest.raises(IndexError):
        preview.png(12)
    with pytest.raises(IndexError):
        preview.png(-13)


def test_arrays_in_memory_are_previewed_too() -> None:
    values = np.zeros((40, 3))
    values[7, 1] = 1
    array = xr.DataArray(values, dims=("time", "unit"), name="spiked")
    preview = pipeline.preview(array)
    assert preview.title == "array/spiked: raster (image)"
    assert "1 spike" not in preview.labels
    assert pixels(preview.png()).shape == (1000, 1500, 3)
    assert pipeline.preview(array * 1, kind="raster").png() == preview.png()


def test_settings_change_the_kind_that_is_chosen(network: Path) -> None:
    spiked = pipeline.open_run(network, dt="2 ms")["GC"].spiked
    assert len(pipeline.preview(spiked, window=600)) == 2
    assert pipeline.preview(spiked, window=600).labels == ["0 ms (step 0)", "1200 ms (step 600)"]


def test_a_run_shows_every_variable_that_a_kind_fits(network: Path) -> None:
    found = pipeline.preview(pipeline.open_run(network), kind="heatmap", size=SIZE)
    assert [item.title for item in found] == [
        "GC--MC/weights: heatmap (image)",
        "GC/spiked: heatmap (image)",
        "GC/voltage: heatmap (image)",
        "MC/spiked: heatmap (image)",
        "MC/voltage: heatmap (image)",
    ]
    assert found["MC/volt"].title == found[4].title == found[-1].title
    with pytest.raises(KeyError, match=r"no plot 'MC/w'"):
        found["MC/w"]
    assert found._repr_png_() == found[0].png()
    assert repr(found).splitlines()[0] == "<5 previews>"
    assert len(repr(found).splitlines()) == 6


ERRORS: dict[str, tuple[dict[str, Any], str]] = {
    "kind": ({"kind": "rastr"}, r"kind='rastr': accepted is .*raster"),
    "setting": ({"kind": "raster", "windw": 5}, r"no setting 'windw': .*did you mean 'window'"),
    "value": ({"kind": "raster", "window": 0}, r"window=0: accepted"),
    "shape": ({"kind": "heatmap", "time_axis": 7}, r"time_axis=7: accepted"),
}


@pytest.mark.parametrize(("settings", "message"), ERRORS.values(), ids=ERRORS)
def test_what_is_not_accepted_is_said(settings: dict[str, Any], message: str, network: Path) -> None:
    with pytest.raises(SettingError, match=message):
        pipeline.preview(pipeline.open_run(network)["GC"].spiked, **settings)


def test_settings_of_a_whole_run_need_a_kind(network: Path) -> None:
    with pytest.raises(SettingError, match="preview: window: name the kind"):
        pipeline.preview(network, window=5)
    with pytest.raises(SettingError, match="a raster needs"):
        pipeline.preview(pipeline.open_run(network)["GC--MC"].weights, kind="raster")
    with pytest.raises(SettingError, match="nothing can be drawn of it"):
        pipeline.preview(xr.DataArray(np.array(["a", "b"]), dims="x", name="words"))
    with pytest.raises(SettingError, match="a single value"):
        pipeline.preview(xr.DataArray(3.0, name="one"), kind="hparam")


def test_a_name_that_no_plot_has_is_said(network: Path) -> None:
    with pytest.raises(SettingError, match=r"nothing is drawn of 'GC/volt'.*did you mean 'GC/voltage'"):
        pipeline.plan(network).preview("GC/volt")


def test_what_cannot_be_read_is_an_error(damaged: Path) -> None:
    run = pipeline.open_run(damaged / "spoilt.h5")
    preview = pipeline.preview(run["spoilt"].voltage, kind="trace", size=SIZE)
    with pytest.raises(SourceError, match="cannot be read"):
        preview.png()


@pytest.fixture
def displayed(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What a notebook is given to display."""
    found: list[Any] = []
    monkeypatch.setattr("IPython.get_ipython", lambda: SimpleNamespace(kernel=object()))
    monkeypatch.setattr("IPython.display.display", lambda what, raw=False: found.append(what))
    return found


@pytest.fixture
def weights(network: Path) -> Preview:
    """Four frames, of the steps 0, 300, 600 and 900 of 2 ms."""
    array = pipeline.open_run(network, dt="2 ms")["GC--MC"].weights
    return array.hdf2tb.preview(kind="heatmap", step=300, limits="frame", size=SIZE)


def controls(box: Any) -> dict[str, Any]:
    """Return the parts of a slider's box by what they are."""
    title, row, problem, picture = box.children
    play, place, label, *field = row.children
    return {"title": title, "problem": problem, "picture": picture, "play": play, "place": place, "label": label} | (
        {"field": field[0]} if field else {}
    )


def test_a_notebook_gets_the_first_frame_a_word_and_a_slider(weights: Preview, displayed: list[Any]) -> None:
    weights._ipython_display_()
    picture, word, box = displayed
    assert picture == {"text/plain": repr(weights), "image/png": weights.png(0)}
    assert word["text/plain"] == "the first of 4 pictures; run this cell for the slider"
    assert "hdf2tb-slider" in word["text/html"]  # which it is hidden by
    assert "hdf2tb-slider" in box._dom_classes


def test_a_slider_shows_the_frame_that_it_stands_at(weights: Preview) -> None:
    box = controls(weights.widget())
    assert "GC--MC/weights" in box["title"].value
    assert (box["place"].min, box["place"].max, box["label"].value) == (0, 3, "0 ms (step 0)")
    assert box["play"].max == 3
    assert box["picture"].value == weights.png(0)
    box["place"].value = 2
    assert box["label"].value == "1200 ms (step 600)"
    assert box["picture"].value == weights.png(2) != weights.png(0)
    box["field"].value = "0.61 s"
    assert box["place"].value == 1
    assert box["picture"].value == weights.png(1)
    box["field"].value = "soon"
    assert box["place"].value == 1
    assert "accepted is a step such as 300" in box["problem"].value
    box["field"].value = "900"
    assert (box["place"].value, box["problem"].value) == (3, "")


def test_an_error_of_a_frame_stands_under_the_slider_and_no_other_frame_does(network: Path, tmp_path: Path) -> None:
    shutil.copytree(network, tmp_path / "calm")
    array = pipeline.open_run(tmp_path / "calm", dt="2 ms")["GC--MC"].weights
    preview = array.hdf2tb.preview(kind="heatmap", step=300, limits="frame", size=SIZE)
    box = controls(preview.widget())
    (tmp_path / "calm" / "data" / "GC--MC.h5").rename(tmp_path / "elsewhere.h5")
    box["place"].value = 1
    assert box["label"].value == "600 ms (step 300)"
    assert "GC--MC.h5" in box["problem"].value
    assert box["picture"].layout.display == "none"
    (tmp_path / "elsewhere.h5").rename(tmp_path / "calm" / "data" / "GC--MC.h5")
    box["place"].value = 2
    assert box["problem"].value == ""
    assert box["picture"].layout.display == ""
    assert box["picture"].value == preview.png(2)


def test_an_error_that_nobody_reckoned_with_is_shown_too(weights: Preview, monkeypatch: pytest.MonkeyPatch) -> None:
    box = controls(weights.widget())
    monkeypatch.setattr(weights, "label", lambda number: 1 / 0)
    box["place"].value = 1
    assert "ZeroDivisionError: division by zero" in box["problem"].value


PLACES = {
    "step": ("600", 2),
    "between": ("700", 2),
    "time": ("1.2 s", 2),
    "in ms": (" 1790ms ", 3),
    "past the end": ("1 h", 3),
    "before": ("-3 s", 0),
}


@pytest.mark.parametrize(("where", "number"), PLACES.values(), ids=PLACES)
def test_a_picture_is_found_by_step_or_time(where: str, number: int, weights: Preview) -> None:
    assert weights.find(where) == number


def test_a_window_is_found_by_what_is_in_it(network: Path) -> None:
    spiked = pipeline.open_run(network, dt="2 ms")["GC"].spiked
    preview = pipeline.preview(spiked, kind="raster", window=100, size=SIZE)
    assert [preview.find(where) for where in ("0", "99", "100", "199", "398 ms", "400 ms", "9 s")] == [
        0,
        0,
        1,
        1,
        1,
        2,
        11,
    ]


@pytest.mark.parametrize("where", ["", "soon", "1.2", "ms", "3 parsecs", "1e9999 s"])
def test_what_is_neither_is_an_error(where: str, weights: Preview) -> None:
    with pytest.raises(SettingError, match="accepted is a step such as 300, or a time"):
        weights.find(where)


def test_a_time_needs_the_duration_of_a_step(network: Path) -> None:
    preview = pipeline.preview(pipeline.open_run(network)["GC--MC"].weights, kind="heatmap", size=SIZE)
    assert preview.find("300") == 3
    with pytest.raises(SettingError, match="the duration of a step is not known"):
        preview.find("1 s")


def test_uneven_times_are_found_where_they_are(tmp_path: Path) -> None:
    times = np.array([0.0, 1.0, 2.0, 50.0, 51.0])
    write_hdf5(tmp_path / "a.h5", time=times, m=np.zeros((5, 2, 3)))
    with h5py.File(tmp_path / "a.h5", "a") as file:
        file["time"].attrs["units"] = "ms"
    preview = pipeline.preview(pipeline.open_run(tmp_path / "a.h5")["a"].m, kind="heatmap", step=1, size=SIZE)
    assert [preview.find(where) for where in ("1 ms", "10 ms", "40 ms", "51 ms")] == [1, 2, 3, 4]


def test_pictures_of_units_are_not_found_by_time(network: Path) -> None:
    preview = pipeline.preview(pipeline.open_run(network)["GC"].voltage, kind="trace", size=SIZE)
    assert len(preview) == 5
    assert "field" not in controls(preview.widget())


def test_one_picture_has_no_slider(network: Path, displayed: list[Any]) -> None:
    preview = pipeline.preview(pipeline.open_run(network)["GC"].spiked, kind="raster", size=SIZE)
    assert len(preview.widget().children) == 3
    with pytest.raises(NotImplementedError):  # so that it is shown as its picture
        preview._ipython_display_()
    assert displayed == []


def test_a_gallery_draws_the_plot_that_is_chosen(network: Path, displayed: list[Any]) -> None:
    gallery = pipeline.plan(network, [*PLOTS[:1], {"weights": {"kind": "heatmap", "size": SIZE}}]).preview()
    gallery._ipython_display_()
    assert displayed[0]["image/png"] == gallery[0].png()
    assert displayed[2].children[0].options == tuple((item.title, n) for n, item in enumerate(gallery))
    menu, shown = gallery.widget().children
    box = gallery.widget()
    menu = box.children[0]
    menu.value = 1
    assert box.children[1].children[-1].value == gallery[1].png()


def test_without_ipywidgets_the_first_frame_is_left(
    network: Path, displayed: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ipywidgets", None)
    gallery = pipeline.preview(network)
    for item in (gallery, gallery[0]):
        with pytest.raises(NotImplementedError):
            item._ipython_display_()
        assert item.widget() is None
        assert item._repr_png_() == gallery[0].png()
    assert displayed == []


def test_ipython_on_a_terminal_gets_a_line(weights: Preview) -> None:
    with pytest.raises(NotImplementedError):
        weights._ipython_display_()


# A run of 48 GB, of which two frames were written

_LOOK = """
import json, sys
import h5py, pipeline
from pipeline.opening.hdf5.lazy_array import StoredArray

read, keys = StoredArray.read, []
StoredArray.read = lambda self, key: (keys.append(str(key)), read(self, key))[1]
got = h5py.Dataset.__getitem__
StoredArray.calls = 0
def counted(self, key, *more):
    StoredArray.calls += 1
    return got(self, key, *more)
h5py.Dataset.__getitem__ = counted

run = pipeline.open_run(sys.argv[1], dt="0.1 ms")
preview = run["large"].weights.hdf2tb.preview(kind="heatmap", step=1, **json.loads(sys.argv[2]))
png = preview.png(len(preview) // 2)
with open("/proc/self/status") as status:  # what getrusage says may be of the process that this one came from
    peak = next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM"))
open(sys.argv[3], "wb").write(png)
print(json.dumps({"frames": len(preview), "keys": keys, "calls": StoredArray.calls, "peak": peak}))
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the peak of memory is read from /proc")
@pytest.mark.parametrize("limits", ["frame", [-4, 4]])
def test_the_middle_of_a_run_of_48_gb_is_one_chunk_and_little_memory(tmp_path: Path, limits: Any) -> None:
    path, middle = tmp_path / "large.h5", np.random.default_rng(0).normal(size=(200, 200)).astype(np.float32)
    with h5py.File(path, "w") as file:
        weights = file.create_dataset("weights", (300_000, 200, 200), "f4", chunks=(1, 200, 200), compression="lzf")
        weights.dims[0].label = "time"
        weights[150_000], weights[299_999] = middle, -middle
        assert weights.nbytes == 48_000_000_000
    settings = json.dumps({"limits": limits, "size": SIZE})
    words = [sys.executable, "-c", _LOOK, str(path), settings, str(tmp_path / "middle.png")]
    done = subprocess.run(words, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["frames"] == 300_000
    assert found["peak"] < 300e6
    assert len(found["keys"]) == 1
    assert "slice(150000, 150001" in found["keys"][0]
    assert found["calls"] <= 1

    alone = write_component(tmp_path / "alone.h5", "large", {"weights": np.repeat(middle[None], 2, axis=0)})
    same = pipeline.open_run(alone)["large"].weights.hdf2tb.preview(kind="heatmap", step=1, limits=limits, size=SIZE)
    drawn, expected = pixels((tmp_path / "middle.png").read_bytes()), pixels(same.png())
    np.testing.assert_array_equal(drawn[60:200, 60:200], expected[60:200, 60:200])  # the captions are not the same


def test_any_kind_of_source_gives_the_same(network: Path) -> None:
    run = pipeline.open_run(network)
    by_path, by_run, by_plan = (pipeline.preview(source) for source in (network, run, pipeline.plan(run)))
    assert repr(by_path) == repr(by_run) == repr(by_plan)
    assert all(isinstance(item, Preview) for item in by_path)
    part = pipeline.preview(run["MC"])
    assert {item.title.partition(":")[0] for item in part} == {"MC/voltage", "MC/spiked"}
    spikes = pipeline.preview(run["MC"].spiked)
    assert spikes.png() == by_run["MC/spiked"].png()
    assert stored(network / "data" / "MC.h5", "spiked").sum() > 0


ONE_TIME: dict[str, tuple[str, dict[str, Any], str]] = {
    "a matrix": ("GC--MC/weights", {}, "heatmap (image) of (time=1, target=4, source=6): 1 picture"),
    "units": ("GC/voltage", {}, "heatmap (image) of (time=1, unit=5): 1 picture"),
    "spikes": ("GC/spiked", {}, "raster (image) of (time=1, unit=5): 1 picture"),
    "points": ("GC/voltage", {"kind": "trace", "units": [1]}, "trace (image) of (time=1, unit=5): 1 picture"),
}


@pytest.mark.parametrize(("name", "settings", "shown"), ONE_TIME.values(), ids=ONE_TIME)
def test_a_slice_at_one_time_is_a_picture_with_that_time(
    name: str, settings: dict[str, Any], shown: str, network: Path
) -> None:
    array = pipeline.open_run(network, dt="2 ms")[name]
    one = pipeline.preview(array.isel(time=300), size=SIZE, **settings)
    assert repr(one) == f"<preview of {name}: {shown}>"
    assert one.png() != pipeline.preview(array.isel(time=301), size=SIZE, **settings).png()
    if array.ndim == 3:  # whose axes have no time
        stretch = pipeline.preview(array.isel(time=slice(300, 301)), kind="heatmap", size=SIZE)
        assert one.png() == stretch.png()


def test_what_is_worked_out_has_a_title_that_says_so(network: Path) -> None:
    run = pipeline.open_run(network)
    voltage = run["GC"].voltage
    titles = [
        (voltage.isel(unit=slice(2)), "GC/voltage: trace"),
        (voltage + 70, "GC/voltage (derived): trace"),
        ((voltage - voltage.mean("unit")).rename("deviation"), "GC/deviation (derived): trace"),
        (voltage.isel(unit=0) - run["MC"].voltage.isel(unit=0), "array/voltage: trace"),
    ]
    for array, title in titles:
        assert pipeline.preview(array, kind="trace").title.startswith(title)
