"""The layout of the CUSTOM SCALARS page: one record a run, which says what its charts show.

Source: ``tensorboard/plugins/custom_scalar/layout.proto``. A line's tag is a regular expression, a band's is none.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from pipeline.model.chart import Chart
from pipeline.writing.wire import about, blob, event_head, events, frame, text

__all__ = ["LAYOUT_TAG", "layout_charts", "layout_content", "layout_event"]

#: The tag that TensorBoard looks for.
LAYOUT_TAG = "custom_scalars__config__"

_STRING = 7


def layout_content(charts: Sequence[Chart]) -> bytes:
    """Return what the page reads of some charts, each group in a pane."""
    from tensorboard.plugins.custom_scalar import layout_pb2

    layout, panes = layout_pb2.Layout(), {}
    for chart in charts:
        if chart.group not in panes:
            panes[chart.group] = layout.category.add(title=chart.group)
        one = panes[chart.group].chart.add(title=chart.title)
        if chart.band:
            value, lower, upper = chart.tags
            one.margin.series.add(value=value, lower=lower, upper=upper)
        else:
            one.multiline.tag.extend(f"^{re.escape(tag)}$" for tag in chart.tags)
    return bytes(layout.SerializeToString(deterministic=True))


def layout_event(charts: Sequence[Chart]) -> bytes:
    """Return the framed event of a layout.

    Notes
    -----
    ``TensorProto`` (tensor.proto): 1 dtype (7 is string), 2 tensor_shape, empty for a single one, 8 string_val.
    """
    tensor = b"\x08" + bytes([_STRING]) + blob(2, b"") + blob(8, layout_content(charts))
    value = text(1, LAYOUT_TAG) + blob(8, tensor) + about("custom_scalars")
    return frame(event_head(0.0, 0) + blob(5, blob(1, value)))


def layout_charts(data: bytes) -> list[Chart]:
    """Return the charts in the bytes of an event file that `layout_event` made."""
    from tensorboard.plugins.custom_scalar import layout_pb2

    found = []
    for event in events(data):
        for value in event.summary.value:
            for pane in layout_pb2.Layout.FromString(value.tensor.string_val[0]).category:
                for chart in pane.chart:
                    lines = tuple(re.sub(r"\\(.)", r"\1", tag[1:-1]) for tag in chart.multiline.tag)
                    bands = tuple(tag for one in chart.margin.series for tag in (one.value, one.lower, one.upper))
                    found.append(Chart(pane.title, chart.title, lines or bands, bool(bands)))
    return found
