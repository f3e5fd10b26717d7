"""Notes of a run: what it is from and how to make it again; no name in it is taken for Markdown or HTML."""

from __future__ import annotations

import html
import os
import re
import shlex
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from tensorboard.plugin_util import markdown_to_safe_html

import pipeline
from pipeline.cli.parser import parser
from pipeline.planning.config import parse_plot, parse_plots
from pipeline.planning.notes import command_line, notes_page
from pipeline.planning.plan import Plan
from pipeline.planning.sources import plan_sources
from pipeline.serving.catalogue import Catalogue
from pipeline.tables import markdown
from pipeline.units import size_text
from tests.common import accumulated, tree_bytes, write_component

SETTINGS: list[dict[str, Any]] = [
    {"kind": "trace", "format": "scalar", "units": [0, 2], "together": "cell 0", "points": 10},
    {"kind": "trace", "size": (4.5, 3), "time_axis": "time"},
    {"kind": "raster", "events": [1.5, 2], "event_colors": ["red", "#00ff00"], "event_labels": ["on", "off"]},
    {"kind": "raster", "window": "200 ms"},
    {"kind": "heatmap", "limits": (-1.5, 2), "cmap": "magma", "symmetric": False},
    {"kind": "histogram", "limits": "(1 %, 99 %)", "bins": 7},
    {"kind": "band", "between": "(5 %, 95 %)", "step": 3},
    {"kind": "rate", "bin": "10 ms", "by_unit": True},
]


@pytest.fixture
def run(tmp_path: Path) -> Path:
    data = {"voltage": np.random.default_rng(0).normal(size=(60, 4)).astype("f4")}
    path = write_component(tmp_path / "a run" / "GC.h5", "GC", data, tau=2.0, rule="<b>a|b</b> *_x_*")
    os.utime(path, (0, 86_400 * 365))
    return path.parent


@pytest.mark.parametrize("settings", SETTINGS, ids=lambda settings: settings["kind"])
def test_the_command_asks_for_the_same_plots(settings: dict[str, Any]) -> None:
    plots = parse_plots([{"GC/voltage": settings}])
    words = shlex.split(command_line("a run", plots, {"GC/voltage": "0.1 ms"}, "1", True))
    given = parser().parse_args(words[1:])
    assert [pair for text in given.plot for pair in parse_plots([parse_plot(text)])] == plots
    assert (given.sources, given.dt, given.time_axis) == (["a run"], ["GC/voltage=0.1 ms"], ["1"])
    assert given.follow_links


def written(run_dir: Path) -> str:
    (event,) = accumulated(run_dir).Tensors("notes")
    return event.tensor_proto.string_val[0].decode()  # type: ignore[no-any-return]


def test_they_tell_sources_plots_and_settings(run: Path, tmp_path: Path) -> None:
    plots = [{"voltage": {"kind": "trace", "format": "scalar", "points": 10}}, {"nothing": {"kind": "trace"}}]
    with pytest.raises(pipeline.ConversionError):
        pipeline.convert(run, tmp_path / "tb", [*plots, {"voltage": {"kind": "raster"}}, {"tau": {"kind": "hparam"}}])
    page = markdown_to_safe_html(written(tmp_path / "tb" / "a run"))
    rows = [re.findall("<td>(.*?)</td>", row) for row in re.findall("<tr>(.*?)</tr>", page, re.DOTALL)]
    size = size_text((run / "GC.h5").stat().st_size)
    assert ["GC.h5", size, "1971-01-01 00:00:00"] in rows
    assert ["GC/voltage", "time=60, unit=4", "trace (scalar)", "points=10", "4 series"] in rows
    assert ["GC/tau", "2.0"] in rows
    assert "<li>GC/voltage: raster (image): a raster needs spikes" in page
    assert "<code>hdf2tb convert 'a run' --out LOGDIR --plot voltage:kind=trace" in page.replace("&#39;", "'")


HOSTILE = "<script>alert(1)</script> *a* _b_ `c` [d](http://e) | # f\n\n# g &amp; \\ ![h](i) ~~j~~ 1. k"


def test_what_is_told_is_shown_letter_by_letter() -> None:
    plan = Plan(HOSTILE, notes=[HOSTILE], problems=[HOSTILE], command=f"x {HOSTILE}")
    page = markdown_to_safe_html(notes_page(plan, {HOSTILE: HOSTILE}))
    assert not re.search(r"<(script|em|strong|a|img|del)\b", page)
    assert page.count("<h1>") == 1
    assert page.count("<td>") == 2
    assert page.count("<code>") == 1
    for cell in re.findall(r"<(?:h1|td|li)>(.*?)</(?:h1|td|li)>", page):
        assert " ".join(html.unescape(cell).split()) == " ".join(HOSTILE.split())


@pytest.mark.parametrize("line", ["1. first", "- second", "12. third", "-", "    code", "> said"])
def test_a_line_is_no_list_in_the_list(line: str) -> None:
    page = markdown_to_safe_html(notes_page(Plan("a", notes=[line]), {}))
    assert page.count("<li>") == 1
    assert not re.search("<(ol|code|blockquote|hr)", page)


@pytest.mark.parametrize("text", ["plain words, (and) more: 5 % of it/that", "µ – ü", "a_b"])
def test_letters_that_mean_nothing_stay(text: str) -> None:
    assert markdown(text) == text.replace("_", "&#95;")


def test_they_do_not_depend_on_how_the_work_is_done(run: Path, tmp_path: Path) -> None:
    for name, where in (("a", {}), ("b", {"memory": "100MB"}), ("c", {"restart": True})):
        pipeline.convert(run, tmp_path / name, dt="1 ms", **where)  # type: ignore[call-overload]
    first = written(tmp_path / "a" / "a run")
    assert written(tmp_path / "b" / "a run") == written(tmp_path / "c" / "a run") == first
    before = tree_bytes(tmp_path / "a")
    pipeline.convert(run, tmp_path / "a", dt="1 ms")
    assert tree_bytes(tmp_path / "a") == before
    plans, _ = plan_sources(run, dt="1 ms")
    assert Catalogue(plans).notes("a run") == first


def test_a_run_without_a_file_has_notes_too(run: Path, tmp_path: Path) -> None:
    tree = pipeline.open_run(run)
    del tree.encoding["source"]
    pipeline.convert(tree, tmp_path / "tb")
    page = written(tmp_path / "tb" / "a run")
    assert "## Drawn" in page
    assert "## Sources" not in page
    assert "convert" not in page


def test_what_was_left_out_is_told_with_its_reason(run: Path, tmp_path: Path) -> None:
    with h5py.File(run / "GC.h5", "a") as file:
        file["texts"] = ["a", "b"]
    pipeline.convert(run, tmp_path / "tb")
    assert "* not drawn: GC/texts (strings)" in written(tmp_path / "tb" / "a run")
