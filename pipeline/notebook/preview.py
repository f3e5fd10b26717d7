"""`preview`: what a conversion will write of an array, a run or a plan, before it is converted."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import xarray as xr

from pipeline.errors import SettingError
from pipeline.notebook.gallery import Gallery, Preview, gallery
from pipeline.notebook.plan import RunPlan, plan
from pipeline.notebook.signatures import taking_settings
from pipeline.opening.run import ORIGIN
from pipeline.planning.automatic import automatic_plots
from pipeline.planning.match import plan_array
from pipeline.planning.plan import Plan
from pipeline.rendering.registry import make_plot

__all__ = ["Gallery", "Preview", "preview"]


@taking_settings
def preview(source: Any, kind: str | None = None, **settings: Any) -> Preview | Gallery:
    """Show, in a notebook, the pictures that a conversion will write.

    Parameters
    ----------
    source : xarray.DataArray, opened run (or a part of it), plan, or path
        A run as `open_run` gives it shows what the automatic plan draws.
    kind : str, optional
        raster, trace, heatmap or hparam; of a run, every variable that it fits. None: chosen automatically.
    **settings
        ``format`` and the kind's own settings, as they are listed at the end.

    Returns
    -------
    Preview or Gallery
        Its `png` is the event file's picture. In a notebook it has a slider, if ipywidgets is installed; a terminal
        prints a line of text.

    Raises
    ------
    SettingError
        If a setting is not accepted, or the kind does not fit.

    Examples
    --------
    >>> from pipeline import open_run, preview, simulate
    >>> preview(open_run(simulate("network", steps=200))["E"].spiked, kind="raster", window=50)
    <preview of E/spiked: raster (image) of (time=200, unit=80): 4 pictures>
    """
    given = settings | ({} if kind is None else {"kind": kind})
    if isinstance(source, xr.DataArray):
        return _of_array(source, given)
    runplan = source if isinstance(source, RunPlan) else plan(source)
    if given:
        if kind is None:
            raise SettingError(f"preview: {', '.join(settings)}: name the kind that this is for, or preview one array")
        chosen = make_plot(given, "preview")
        names = dict.fromkeys(str(n) for node in runplan.run.subtree for n in node.data_vars)
        runplan = replace(runplan, plots=tuple((name, chosen) for name in names))
    return gallery(runplan.planned)


def _of_array(array: xr.DataArray, given: dict[str, Any]) -> Preview | Gallery:
    """Return the preview of one array; its component is known if it was opened from a file, or worked out from one."""
    component, attr = _names(array)
    if "time" in array.coords and array.coords["time"].ndim == 0 and "time" not in array.dims:
        array = array.expand_dims("time")  # what is of one time is drawn as all times are, with that time
    plots = [plot for _, plot in automatic_plots({attr: array.variable}, {})]
    if array.sizes.get("time") == 1 and len(plots) > 1:
        plots = [plot for plot in plots if plot.kind != "trace"]  # which would be a point
    if "kind" in given:
        plots = [make_plot(given, attr)]
    if not plots:
        raise SettingError(f"{attr}: nothing can be drawn of it; name a kind")
    if given and "kind" not in given:
        plots = [make_plot(plots[0].chosen() | given, attr)]
    tags: dict[str, tuple[str, str]] = {}
    time = array.coords.get("time")
    found = [_single(plan_array(component, attr, array.variable, plot, tags, time=time)) for plot in plots]
    return found[0] if len(found) == 1 else Gallery(found)


def _names(array: xr.DataArray) -> tuple[str, str]:
    """Return the component of an array and what it is, which is told where it is not as it is stored."""
    name, component = str(array.name or "values"), array.encoding.get("component")
    if component is not None:
        return str(component), name
    origin, _, _ = str(array.attrs.get(ORIGIN, "")).rpartition("/")
    return (origin, f"{name} (derived)") if origin else ("array", name)


def _single(planned: Plan) -> Preview:
    if not planned.jobs:
        raise SettingError(f"{planned.name}: a single value: accepted is an array")
    return Preview(planned.jobs[0], planned.jobs[0].drawings[0])
