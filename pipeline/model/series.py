"""Series: one tag of one plot, which TensorBoard lists. A series and a step are the address of what is shown."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

__all__ = ["Series", "counted", "in_words"]

#: What the series of each TensorBoard plugin are counted in: one, several, and whether every step of a series counts.
_NOUNS: dict[str, tuple[str, str, bool]] = {
    "images": ("picture", "pictures", True),
    "scalars": ("series", "series", False),
    "histograms": ("distribution", "distributions", True),
    "hparams": ("hyperparameter", "hyperparameters", False),
}


@dataclass(frozen=True)
class Series:
    """One tag of one plot, known before anything is read.

    Attributes
    ----------
    tag : str
    plugin : str
        TensorBoard's name of what shows it: ``images``, ``scalars``, ``histograms`` or ``hparams``.
    steps : range
        The steps at which it may have a value.
    count : int
        The number of steps at which it has one; fewer than `steps` where a series is thinned.
    size : int
        Estimated bytes in the event file, of all its steps.
    unit : int or None
        The unit it shows, or its number among the series of a plot of all units; None where it shows all of them.
    """

    tag: str
    plugin: str
    steps: range
    count: int
    size: int
    unit: int | None = None


def in_words(series: Iterable[Series]) -> str:
    """Return what some series are in all, such as ``12 pictures``.

    Examples
    --------
    >>> in_words([Series("GC/weights", "images", range(0, 300, 100), 3, 90_000)])
    '3 pictures'
    """
    return ", ".join(f"{count:,} {noun}" for count, noun in counted(series))


def counted(series: Iterable[Series]) -> list[tuple[int, str]]:
    """Return the number and the noun of what some series are, for each plugin."""
    counts: dict[str, int] = {}
    for one in series:
        each_step = _NOUNS[one.plugin][2]
        counts[one.plugin] = counts.get(one.plugin, 0) + (one.count if each_step else 1)
    return [(count, _NOUNS[plugin][0] if count == 1 else _NOUNS[plugin][1]) for plugin, count in counts.items()]
