"""The layout of CUSTOM SCALARS, read as its plugin reads it."""

from __future__ import annotations

import re

import pytest
from tensorboard.plugins.custom_scalar import layout_pb2

from pipeline.model.chart import Chart, united
from pipeline.writing.layouts import LAYOUT_TAG, layout_charts, layout_content, layout_event
from tests.writing.reference import unframed

CHARTS = [
    Chart("GC", "GC/voltage", ("GC/N0/voltage", "GC/N1.5/voltage", "GC/N(+)*/voltage")),
    Chart("MC", "MC/voltage", ("MC/mean", "MC/lowest", "MC/highest"), band=True),
    Chart("GC", "µ", ("a|b",)),
]


def test_lines_are_expressions_that_match_their_tags_alone() -> None:
    layout = layout_pb2.Layout.FromString(layout_content(CHARTS))
    assert [pane.title for pane in layout.category] == ["GC", "MC"]
    lines, other = layout.category[0].chart
    for tag, expression in zip(CHARTS[0].tags, lines.multiline.tag, strict=True):
        assert re.match(expression, tag)
        assert not re.match(expression, f"{tag}/scalar")
        assert not re.match(expression, tag.replace("/", "x"))
    assert re.match(other.multiline.tag[0], "a|b")
    assert not re.match(other.multiline.tag[0], "a")


def test_a_band_has_its_three_series() -> None:
    (chart,) = layout_pb2.Layout.FromString(layout_content(CHARTS)).category[1].chart
    (series,) = chart.margin.series
    assert (series.value, series.lower, series.upper) == CHARTS[1].tags


def test_it_is_one_string_under_the_tag_that_tensorboard_looks_for() -> None:
    (event,) = unframed(layout_event(CHARTS))
    (value,) = event.summary.value
    assert value.tag == LAYOUT_TAG
    assert value.metadata.plugin_data.plugin_name == "custom_scalars"
    assert list(value.tensor.string_val) == [layout_content(CHARTS)]
    assert not value.tensor.tensor_shape.dim


@pytest.mark.parametrize("charts", [[], CHARTS, CHARTS[1:2]])
def test_what_was_written_is_read(charts: list[Chart]) -> None:
    assert sorted(layout_charts(layout_event(charts)), key=str) == sorted(charts, key=str)


def test_charts_of_one_name_are_one() -> None:
    again = Chart("GC", "GC/voltage", ("GC/N9/voltage", "GC/N0/voltage"))
    first, *others = united([*CHARTS, again])
    assert first.tags == (*CHARTS[0].tags, "GC/N9/voltage")
    assert others == CHARTS[1:]
