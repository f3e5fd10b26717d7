"""Charts: which series TensorBoard's CUSTOM SCALARS page draws together."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

__all__ = ["Chart", "united"]


@dataclass(frozen=True)
class Chart:
    """One chart of the CUSTOM SCALARS page.

    Attributes
    ----------
    group : str
        The pane it stands in.
    title : str
    tags : tuple of str
        Of series of points: a line each; or of a band its middle, its lower and its upper end.
    band : bool
    """

    group: str
    title: str
    tags: tuple[str, ...]
    band: bool = False


def united(charts: Iterable[Chart]) -> list[Chart]:
    """Return charts of which no two have one group and title: what has the same is one chart, with all lines.

    Examples
    --------
    >>> united([Chart("GC", "v", ("a",)), Chart("GC", "v", ("b", "a"))])
    [Chart(group='GC', title='v', tags=('a', 'b'), band=False)]
    """
    found: dict[tuple[str, str, bool], Chart] = {}
    for chart in charts:
        key = chart.group, chart.title, chart.band
        before = found.get(key)
        tags = chart.tags if before is None else tuple(dict.fromkeys(before.tags + chart.tags))
        found[key] = replace(chart, tags=tags)
    return list(found.values())
