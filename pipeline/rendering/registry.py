"""All kinds of plots. A new one is one file, one class and one line in `PLOTS`."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from pipeline.errors import SettingError, nearest
from pipeline.rendering.band import Band, BandImage
from pipeline.rendering.frames import Frames
from pipeline.rendering.heatmap import Heatmap
from pipeline.rendering.histogram import Histogram, HistogramImage
from pipeline.rendering.hparam import Hparam, HparamScalar
from pipeline.rendering.plot import Plot
from pipeline.rendering.raster import Raster
from pipeline.rendering.rate import Rate
from pipeline.rendering.settings import as_mapping
from pipeline.rendering.trace_image import TraceImage
from pipeline.rendering.trace_scalar import TraceScalar

__all__ = ["PLOTS", "make_plot"]

#: Every kind of plot; where two share a `kind`, the first is its default format.
PLOTS: tuple[type[Plot], ...] = (
    Heatmap,
    Raster,
    TraceImage,
    TraceScalar,
    Hparam,
    HparamScalar,
    Frames,
    Rate,
    Histogram,
    HistogramImage,
    Band,
    BandImage,
)


def make_plot(settings: Any, what: str = "plot") -> Plot:
    """Return the plot that a mapping of settings asks for.

    Parameters
    ----------
    settings : mapping
        ``kind`` and, where the kind has several, ``format``; then the kind's own settings.
    what : str
        Named in errors.

    Raises
    ------
    SettingError
        Naming the setting, what was found and what is accepted.
    """
    given = dict(as_mapping(settings, what))
    name, form = given.pop("kind", None), given.pop("format", None)
    kinds = list(dict.fromkeys(cls.kind for cls in PLOTS))
    if name not in kinds:
        found = "no kind is given" if name is None else f"kind={name!r}"
        raise SettingError(f"{what}: {found}: accepted is {', '.join(kinds)}{nearest(str(name), kinds)}")
    classes = {cls.format: cls for cls in PLOTS if cls.kind == name}
    if name == "hparam" and form == "image":  # the original takes any format but scalar for the default one
        form = None
    if form is not None and form not in classes:
        accepted = ", ".join(classes)
        raise SettingError(f"{what}: {name}: format={form!r}: accepted is {accepted}{nearest(str(form), classes)}")
    chosen = classes[form] if form is not None else next(iter(classes.values()))
    known = [field.name for field in fields(chosen)]
    for key in given:
        if key not in known:
            raise SettingError(_unknown(what, chosen, key, known))
    try:
        return chosen(**given)
    except SettingError as error:
        raise SettingError(f"{what}: {error}") from error


def _unknown(what: str, chosen: Any, key: str, known: list[str]) -> str:
    others = [cls for cls in PLOTS if key in {field.name for field in fields(cls)}]
    label = f"{what}: {chosen.kind} ({chosen.format}) has no setting '{key}'"
    if others:
        has = " and ".join(dict.fromkeys(f"{cls.kind} ({cls.format})" for cls in others))
        return f"{label}, which is for {has}: accepted is {', '.join(known)}"
    return f"{label}: accepted is {', '.join(known)}{nearest(key, [*known, 'kind', 'format'])}"
