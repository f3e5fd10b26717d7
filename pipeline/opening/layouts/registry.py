"""All layouts. A new one is one file, one class and one line in `LAYOUTS`; or an entry point of another package."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from functools import cache
from importlib.metadata import entry_points

import h5py

from pipeline.errors import LayoutWarning
from pipeline.opening.layouts.generic import Generic
from pipeline.opening.layouts.matlab import Matlab
from pipeline.opening.layouts.nwb import Nwb
from pipeline.opening.layouts.protocol import Layout
from pipeline.opening.layouts.sapicore import Sapicore
from pipeline.opening.layouts.sonata import Sonata

__all__ = ["ENTRY_POINTS", "LAYOUTS", "layout_of"]

#: The group of entry points under which other packages name their layouts: a class, or what makes one.
ENTRY_POINTS = "hdf2tb.layouts"

#: Every layout of our own, the most particular first; the last one takes any file.
LAYOUTS: tuple[Layout, ...] = (Sapicore(), Sonata(), Nwb(), Matlab(), Generic())


def layout_of(file: h5py.File) -> Layout:
    """Return the first layout that recognises a file: our own, then those of other packages, then the generic one."""
    *particular, generic = LAYOUTS
    return next((layout for layout in (*particular, *_of_others()) if layout.recognises(file)), generic)


@cache
def _of_others() -> tuple[Layout, ...]:
    return tuple(_loaded())


def _loaded() -> Iterator[Layout]:
    """Yield the layouts of other packages; one that cannot be loaded is told in a line, and no other suffers by it."""
    for point in entry_points(group=ENTRY_POINTS):
        try:
            yield point.load()()
        except Exception as error:  # whatever another package does wrong
            package = point.dist.name if point.dist is not None else "a package"
            reason = f"{type(error).__name__}: {error}"
            warnings.warn(f"layout {point.name} of {package} cannot be loaded ({reason})", LayoutWarning, stacklevel=2)
