"""The plan as an object: looked at, changed by variable, written down, converted."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from distributed import Client, LocalCluster

import pipeline
from pipeline.cli.parser import main
from pipeline.errors import ConversionError, OutputError, SettingError
from pipeline.notebook.plan import RunPlan
from pipeline.planning.config import read_config
from pipeline.running import display as displays
from pipeline.running.progress import Progress
from pipeline.slicing.budget import Budget
from tests.common import accumulated, forbid_reads, write_component
from tests.conftest import PLOTS, STEPS, events

SMALL = [{"voltage": {"kind": "trace", "format": "scalar"}}, {"weights": {"kind": "heatmap", "size": (4, 3)}}]


@pytest.fixture
def plan(network: Path) -> RunPlan:
    return pipeline.plan(network, dt="2 ms")


def rows(plan: RunPlan) -> list[tuple[str, str, str]]:
    """Return (variable, kind, what is written) of each plot."""
    return [(name, kind, what) for name, _, kind, what, _ in plan.planned.rows()]


def settings(plan: RunPlan) -> list[tuple[str, dict[str, Any]]]:
    return [(name, kind.chosen()) for name, kind in plan.plots]  # type: ignore[attr-defined]


def test_without_plots_it_is_the_automatic_one(plan: RunPlan) -> None:
    assert rows(plan) == [
        ("GC--MC/weights", "heatmap (image)", "12 pictures"),
        ("GC--MC/weights", "histogram (histogram)", "12 distributions"),
        ("GC/spiked", "raster (image)", "1 picture"),
        ("GC/voltage", "trace (scalar)", "5 series"),
        ("GC/voltage", "heatmap (image)", "1 picture"),
        ("MC/spiked", "raster (image)", "1 picture"),
        ("MC/voltage", "trace (scalar)", "3 series"),
        ("MC/voltage", "heatmap (image)", "1 picture"),
        ("settings", "hparam", "17 hyperparameters"),
    ]
    assert plan.problems == []


def test_planning_reads_nothing(network: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    forbid_reads(monkeypatch)
    plan = pipeline.plan(network).with_settings("voltage", step=2).without("spiked")
    assert plan._repr_html_()
    assert plan.to_yaml()
    assert repr(plan)


def test_a_terminal_gets_a_table(plan: RunPlan) -> None:
    lines = repr(plan).splitlines()
    assert lines[0] == "plan of calm"
    assert lines[1].split() == ["variable", "shape", "kind", "writes", "about"]
    assert lines[2].split()[:2] == ["GC--MC/weights", "time=1200,"]
    assert lines[-1].startswith("in all about ")
    assert lines[-1].endswith("from up to 192 KB of values")


def test_a_notebook_gets_a_table_with_what_is_wrong(network: Path) -> None:
    plan = pipeline.plan(network, [*SMALL, {"spikd<b>": {"kind": "raster"}}, {"weights": {"kind": "trace"}}])
    found = plan._repr_html_()
    assert found.count("<tr>") == 1 + len(rows(plan))
    assert "<td" in found
    assert ">GC/voltage</td>" in found
    assert "spikd&lt;b&gt;" in found
    assert "<b>plan of calm</b>" in found
    assert len(plan.problems) == 2
    assert "error: GC--MC/weights: a trace needs" in repr(plan)


def test_settings_are_changed_in_every_component(plan: RunPlan) -> None:
    changed = plan.with_settings("spiked", events=[100], window=600)
    assert [row for row in rows(changed) if "raster" in row[1]] == [
        ("GC/spiked", "raster (image)", "2 pictures"),
        ("MC/spiked", "raster (image)", "2 pictures"),
    ]
    assert rows(plan) != rows(changed)  # the one that was changed is as it was
    assert ("spiked", {"kind": "raster", "format": "image", "events": (100.0,), "window": 600}) in settings(changed)


def test_settings_are_changed_in_one_component_alone(plan: RunPlan) -> None:
    changed = plan.with_settings("GC/spiked", window=300)
    assert [row for row in rows(changed) if "raster" in row[1]] == [
        ("GC/spiked", "raster (image)", "4 pictures"),
        ("MC/spiked", "raster (image)", "1 picture"),
    ]
    again = changed.with_settings("spiked", window=600)
    assert [row[2] for row in rows(again) if "raster" in row[1]] == ["2 pictures", "2 pictures"]


def test_every_plot_that_has_the_setting_is_changed(plan: RunPlan) -> None:
    changed = plan.with_settings("MC/voltage", step=4)
    assert [found["step"] for name, found in settings(changed) if name == "MC/voltage"] == [4, 4]
    of_one = plan.with_settings("MC/voltage", kind="trace", format="scalar", step=4)
    assert [found.get("step") for name, found in settings(of_one) if name == "MC/voltage"] == [4, None]


def test_a_kind_that_is_not_there_is_added(plan: RunPlan) -> None:
    changed = plan.with_settings("MC/voltage", kind="trace", format="image", units=[0])
    assert ("MC/voltage", "trace (image)", "1 picture") in rows(changed)
    assert len(rows(changed)) == len(rows(plan)) + 1
    assert changed.with_settings("MC/voltage", kind="trace", format="image", units=[0, 1]).planned.problems == []


WRONG: dict[str, tuple[str, dict[str, Any], str]] = {
    "name": ("voltag", {"step": 2}, r"no variable or setting 'voltag'; did you mean 'voltage'"),
    "setting": (
        "spiked",
        {"limits": "all"},
        r"spiked: limits: no plot of it has this \(raster \(image\)\); name",
    ),
    "value": ("spiked", {"window": 0}, r"window=0: accepted is"),
    "kind": ("spiked", {"kind": "rastr"}, r"kind='rastr': accepted"),
}


@pytest.mark.parametrize(("name", "given", "message"), WRONG.values(), ids=WRONG)
def test_a_change_that_cannot_be_is_an_error(plan: RunPlan, name: str, given: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingError, match=message):
        plan.with_settings(name, **given)


def test_plots_are_taken_out(plan: RunPlan) -> None:
    assert {name for name, _, _ in rows(plan.without("voltage"))} == {
        "GC--MC/weights",
        "GC/spiked",
        "MC/spiked",
        "settings",
    }
    kinds = [kind for name, kind, _ in rows(plan.without("GC/voltage", kind="heatmap")) if "voltage" in name]
    assert kinds == ["trace (scalar)", "trace (scalar)", "heatmap (image)"]
    assert rows(plan.without("MC/voltage", "raster")) == rows(plan)


def test_the_yaml_is_the_plan(plan: RunPlan, network: Path, tmp_path: Path) -> None:
    changed = (
        plan.with_settings("weights", step=200, limits=(-3, 3), size=(4, 3), cmap="magma")
        .with_settings("spiked", events=[100, 250.5], event_colors=["green", "tab:red"], window="200 ms")
        .with_settings("GC/voltage", kind="trace", format="image", units="0:4", size=(5, 2))
        .without("MC/voltage", kind="heatmap")
    )
    text = changed.to_yaml(tmp_path / "run.yaml")
    assert (tmp_path / "run.yaml").read_text() == text
    again = pipeline.plan(network, read_config(tmp_path / "run.yaml"), dt="2 ms")
    assert again.plots == changed.plots
    assert repr(again) == repr(changed)
    assert again.to_yaml() == text


def test_the_command_takes_the_yaml(plan: RunPlan, network: Path, tmp_path: Path) -> None:
    changed = plan.with_settings("weights", step=300, size=(4, 3)).without("GC/voltage")
    changed.to_yaml(tmp_path / "run.yaml")
    changed.convert(tmp_path / "here", progress=False)
    words = ["--out", tmp_path / "there", "--config", tmp_path / "run.yaml", "--dt", "2 ms"]
    assert main([str(word) for word in ("convert", network, *words)]) == 0
    assert events(tmp_path / "here") == events(tmp_path / "there") != {}


def test_a_yaml_that_cannot_be_written_is_an_error(plan: RunPlan, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="cannot be written"):
        plan.to_yaml(tmp_path / "no" / "such" / "run.yaml")


def test_components_that_differ_are_named_one_by_one(tmp_path: Path) -> None:
    write_component(tmp_path / "run" / "A.h5", "A", {"voltage": np.zeros((30, 4))})
    write_component(tmp_path / "run" / "B.h5", "B", {"voltage": np.zeros((30, 40))})
    plan = pipeline.plan(tmp_path / "run")
    assert [name for name, _ in plan.plots if "voltage" in name] == ["A/voltage"] * 2 + ["B/voltage"] * 3
    assert len([name for name, _ in plan.plots if name == "identifier"]) == 1
    assert [row[2] for row in rows(plan)][:5] == ["4 series", "1 picture", "16 series", "3 series", "1 picture"]


def test_it_previews_its_own_settings(plan: RunPlan) -> None:
    changed = plan.with_settings("weights", step=400)
    assert [len(item) for item in changed.preview("weights")] == [3, 3]
    assert len(changed.preview()) == 8


def test_it_is_converted_with_its_settings(plan: RunPlan, network: Path, tmp_path: Path) -> None:
    report = pipeline.plan(network, SMALL, dt="2 ms").convert(tmp_path / "a")
    assert report.problems == ()
    pipeline.convert(network, tmp_path / "b", SMALL, dt="2 ms")
    assert events(tmp_path / "a") == events(tmp_path / "b")
    found = accumulated(tmp_path / "a" / "calm")
    assert len(found.Images("GC--MC/weights")) == STEPS // 100
    assert len(found.Scalars("GC/N4/voltage")) == STEPS


def test_what_is_wrong_is_an_error_of_the_conversion(network: Path, tmp_path: Path) -> None:
    plan = pipeline.plan(network, [*SMALL, {"nothing": {"kind": "raster"}}])
    with pytest.raises(ConversionError, match="no variable or setting 'nothing'"):
        plan.convert(tmp_path, progress=False)
    assert accumulated(tmp_path / "calm").Tags()["images"] == ["GC--MC/weights"]


def test_progress_is_a_line_in_a_log(network: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plan = pipeline.plan(network, SMALL)
    plan.convert(tmp_path / "a", progress=False)
    assert capsys.readouterr() == ("", "")
    plan.convert(tmp_path / "b")
    out, err = capsys.readouterr()
    assert out == ""
    assert re.fullmatch(r"[\d.]+ KB of values in .*\n", err)


class Page:
    """What a notebook's page shows."""

    def __init__(self) -> None:
        self.shown: list[dict[str, str]] = []

    def display(self, bundle: dict[str, str], *, raw: bool, display_id: bool) -> Page:
        assert raw
        assert display_id
        self.shown.append(bundle)
        return self

    def update(self, bundle: dict[str, str], *, raw: bool) -> None:
        assert raw
        self.shown.append(bundle)


@pytest.fixture
def page(monkeypatch: pytest.MonkeyPatch) -> Page:
    page = Page()
    monkeypatch.setattr("IPython.get_ipython", lambda: SimpleNamespace(kernel=object()))
    monkeypatch.setattr("IPython.display.display", page.display)
    return page


def test_progress_in_a_notebook_is_text_that_stays(
    page: Page, network: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pipeline.plan(network, SMALL).convert(tmp_path, memory=Budget(block=2000))
    assert len(page.shown) > 2
    assert re.fullmatch(rf"calm \[{'#' * 40}\] 100 %, [\d.]+ KB of values in .*s", page.shown[-1]["text/plain"])
    assert '<progress value="100" max="100"' in page.shown[-1]["text/html"]
    percents = [int(re.findall(r"(\d+) %", shown["text/plain"])[0]) for shown in page.shown]
    assert re.search(r"\d %, [\d.]+ [KM]B/s, [\d.]+ s left <small>", page.shown[-2]["text/html"])
    assert percents == sorted(set(percents))
    assert capsys.readouterr() == ("", "")


def test_little_is_sent_to_the_page(page: Page) -> None:
    bar = displays.NotebookBar()
    for done in range(100_001):
        bar.show(Progress("<run>", "GC/voltage", done, 100_000, 8 * done, 800_000, 0, 1))
    assert len(page.shown) == 101
    assert page.shown[50]["text/plain"].startswith(f"<run> [{'#' * 20}{'.' * 20}] 50 %")
    assert page.shown[0]["text/html"].startswith("&lt;run&gt; <progress")


def test_a_kernel_is_told_from_other_pythons(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not displays.in_notebook()
    monkeypatch.setattr("IPython.get_ipython", lambda: SimpleNamespace(kernel=object()))
    assert displays.in_notebook()
    monkeypatch.setattr("IPython.get_ipython", lambda: SimpleNamespace())  # IPython on a terminal
    assert not displays.in_notebook()
    monkeypatch.delitem(sys.modules, "IPython")
    assert not displays.in_notebook()


def test_the_active_client_does_the_work(network: Path, tmp_path: Path) -> None:
    plan = pipeline.plan(network, [*PLOTS[:3]], dt="2 ms")
    with (
        LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=":0", memory_limit=0) as cluster,
        Client(cluster) as client,
    ):
        plan.convert(tmp_path / "there", progress=False)
        loaded = client.run(lambda: "pipeline.running.tasks" in __import__("sys").modules)
    assert list(loaded.values()) == [True]
    plan.convert(tmp_path / "here", progress=False)
    assert events(tmp_path / "there") == events(tmp_path / "here")
