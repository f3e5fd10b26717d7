"""All layouts. A new one is one file, one class and one line in `LAYOUTS`; or an entry point of another package."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from importlib.metadata import entry_points

import h5py

from pipeline.errors import LayoutWarning, PipelineError
from pipeline.opening.layouts.anndata import AnnData
from pipeline.opening.layouts.episodes import Episodes
from pipeline.opening.layouts.generic import Generic
from pipeline.opening.layouts.h5md import H5md
from pipeline.opening.layouts.matlab import Matlab
from pipeline.opening.layouts.multichannel import MultiChannel
from pipeline.opening.layouts.netcdf import NetCdf
from pipeline.opening.layouts.nexus import Nexus
from pipeline.opening.layouts.nix import Nix
from pipeline.opening.layouts.nwb import Nwb
from pipeline.opening.layouts.openpmd import OpenPmd
from pipeline.opening.layouts.pandas import Pandas
from pipeline.opening.layouts.protocol import Component, Layout
from pipeline.opening.layouts.pytables import PyTables
from pipeline.opening.layouts.sapicore import Sapicore
from pipeline.opening.layouts.sapicore_log import SapicoreLog
from pipeline.opening.layouts.snirf import Snirf
from pipeline.opening.layouts.sonata import Sonata

__all__ = ["ENTRY_POINTS", "LAYOUTS", "read"]

#: The group of entry points under which other packages name their layouts: a class, or what makes one.
ENTRY_POINTS = "hdf2tb.layouts"

#: Every layout of our own, the most particular first; the last one takes any file.
LAYOUTS: tuple[Layout, ...] = (
    Sapicore(),
    SapicoreLog(),
    Nix(),
    Sonata(),
    Nwb(),
    H5md(),
    Nexus(),
    OpenPmd(),
    MultiChannel(),
    Snirf(),
    Episodes(),
    AnnData(),
    NetCdf(),
    Pandas(),
    PyTables(),
    Matlab(),
    Generic(),
)


def read(file: h5py.File) -> tuple[str, Component]:
    """Return the name of the layout that a file is in, and what it holds.

    It is the first that recognises it: our own, then those of other packages, then the generic one. A file that only
    looks like one of a layout is read as any file, which is told.
    """
    *particular, generic = LAYOUTS
    notes: list[str] = []
    for layout in (*particular, *_of_others()):
        try:
            recognised = layout.recognises(file)
        except Exception:  # a name, a link or an attribute that h5py cannot make anything of
            continue
        if not recognised:
            continue
        try:
            return layout.name, layout.read(file)
        except PipelineError:
            raise
        except Exception as error:  # whatever a damaged file, or one by another writer, makes of its rules
            notes.append(f"it is not read as {layout.name}, since it is not quite so ({type(error).__name__}: {error})")
    component = generic.read(file)
    return generic.name, replace(component, notes=[*notes, *component.notes])


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
