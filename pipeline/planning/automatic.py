"""The automatic plan: useful without a manual, light enough for TensorBoard to open at once.

It is chosen from names, types and shapes alone, so that nothing is read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import xarray as xr

from pipeline.rendering.plot import Plot
from pipeline.rendering.registry import make_plot
from pipeline.rendering.windows import round_steps
from pipeline.slicing.blocks import spread

__all__ = ["automatic_plots", "event_plots"]

#: Series, points a series, and frames a slider that TensorBoard shows without effort.
SERIES, POINTS, FRAMES = 16, 1000, 20
_SPIKES = re.compile(r"spik(e|ed|es|ing)|fir(ed|ing)$|bursts?(ing)?$", re.IGNORECASE)
#: Words of what is told of spikes and is none: lists of their times, what they must exceed, how many there were.
_ABOUT_SPIKES = re.compile(r"time|thresh|count|rate|index|indices|ids?(_|$)|amplitude|width|phase|interval|prob", re.I)
_LONGEST_TEXT = 80


def automatic_plots(variables: Mapping[str, xr.Variable], settings: Mapping[str, Any]) -> Iterator[tuple[str, Plot]]:
    """Yield a name and a plot for each plot of a component.

    ================  ======================================================
    (time, unit)      of spikes: a raster; else up to 16 units as series of
                      at most 1000 points, and all units as one heatmap and,
                      where they are more, as a band
    (time,)           a series of at most 1000 points
    (time, …, …)      a heatmap of about 20 frames, and as many histograms
    (time, …, …, 3)   of uint8, or with 4: about 20 frames in their colours
    two dimensions    a heatmap
    one value         a hyperparameter
    settings          hyperparameters, but for long text
    ================  ======================================================
    """
    for name, array in variables.items():
        yield from ((name, make_plot(plot, name)) for plot in _plots(name, array))
    for name, value in settings.items():
        if not (isinstance(value, str) and len(value) > _LONGEST_TEXT):
            yield name, make_plot({"kind": "hparam"}, name)


def event_plots(*, units: bool = True) -> Iterator[tuple[str, Plot]]:
    """Yield a name and a plot for each plot of a list of events: all as a raster, and their rate.

    Of a list that does not say whose they are, which would be a raster of one row, the rate alone.
    """
    for kind in ("raster", "rate") if units else ("rate",):
        yield "spikes", make_plot({"kind": kind}, "spikes")


def _plots(name: str, array: xr.Variable) -> Iterator[dict[str, Any]]:
    if not array.size or array.dtype.kind not in "biuf":
        return
    if array.size == 1:
        yield {"kind": "hparam"}
    elif "time" not in array.dims:
        yield {"kind": "heatmap"} if array.ndim == 2 else {"kind": "hparam"}
    elif array.ndim == 1 or array.ndim == 2 and min(array.shape) > 0:
        steps = array.sizes["time"]
        units = array.size // steps
        if array.dtype == bool or _SPIKES.search(name) and not _ABOUT_SPIKES.search(name):
            yield {"kind": "raster"}
            return
        shown = None if units <= SERIES else spread(units, SERIES)
        yield {"kind": "trace", "format": "scalar", "points": POINTS, "units": shown}
        if units > SERIES:
            yield {"kind": "band", "points": POINTS}
        if units > 1:
            yield {"kind": "heatmap"}
    elif array.ndim == 4 and array.dtype == np.uint8 and array.dims[0] == "time" and array.shape[3] in (3, 4):
        yield {"kind": "frames", "step": round_steps(array.sizes["time"] / FRAMES)}
    elif array.ndim == 3:
        step = round_steps(array.sizes["time"] / FRAMES)
        yield {"kind": "heatmap", "step": step}
        if array.dtype != bool:
            yield {"kind": "histogram", "step": step}
