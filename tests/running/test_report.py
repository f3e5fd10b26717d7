"""The report of a conversion, as a page shows it."""

from __future__ import annotations

from pathlib import Path

import pytest

import pipeline
from pipeline.running.report import Report, RunReport
from tests.conftest import PLOTS


def test_a_notebook_is_told_what_was_written_and_where_to_look(network: Path, tmp_path: Path) -> None:
    report = pipeline.convert(network, tmp_path / "tb", PLOTS)
    assert report.seconds > 0
    shown = report._repr_html_()
    assert "<b>1 run, " in shown
    assert ">calm</td>" in shown
    assert ">converted</td>" in shown
    assert "12 pictures of 1 heatmap" in shown
    assert f"pipeline.tensorboard({str(tmp_path / 'tb')!r})".replace("'", "&#x27;") in shown
    assert "alert" not in shown


def test_what_failed_and_why_is_in_it(damaged: Path, tmp_path: Path) -> None:
    with pytest.raises(pipeline.ConversionError) as caught:
        pipeline.convert(damaged, tmp_path / "tb")
    shown = caught.value.report._repr_html_()
    assert shown.count('<li role="alert">') == len(caught.value.report.problems) == 3
    assert "notes.h5" in shown
    assert "problem" in shown


def test_names_are_escaped_and_time_is_in_words() -> None:
    runs = (RunReport("<b>", "tb/<b>", {"x": 2_000_000}, notes=("<i>",), blocks=8, reused=3),)
    shown = Report("a b", runs, seconds=125)._repr_html_()
    assert "<b>1 run, 2 MB in 2 min 5 s</b>" in shown
    assert "&lt;b&gt;" in shown
    assert "<li>&lt;i&gt;</li>" in shown
    assert "hdf2tb view &#x27;a b&#x27;" in shown


@pytest.mark.parametrize(
    ("reused", "state"), [(0, "converted"), (3, "continued at 37 %"), (8, "was complete")], ids=["none", "some", "all"]
)
def test_what_is_reused_is_told_as_a_part_of_the_whole(reused: int, state: str) -> None:
    assert RunReport("a", "tb/a", blocks=8, reused=reused).state == state


def test_a_run_of_settings_alone_was_not_complete() -> None:
    assert RunReport("a", "tb/a").state == "converted"
