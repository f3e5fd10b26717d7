"""AnnData, the files of single cells: their axes are cells and genes, and nothing runs in time.

Source: anndata's "On-disk format" (``encoding-type`` is ``anndata`` at the root).
"""

from __future__ import annotations

from typing import ClassVar

import h5py

from pipeline.opening.hdf5.attributes import attribute
from pipeline.opening.layouts.contents import datasets, member, settings_of
from pipeline.opening.layouts.protocol import Component, Stored

__all__ = ["AnnData"]


class AnnData:
    """Recognised by the root's ``encoding-type``, or in older files by ``X`` beside ``obs`` and ``var``."""

    name: ClassVar[str] = "AnnData"

    def recognises(self, file: h5py.File) -> bool:
        """Whether the root says so, or has the three."""
        told = str(attribute(file.attrs.get("encoding-type", "")))
        return told == "anndata" or all(member(file, key) is not None for key in ("X", "obs", "var"))

    def read(self, file: h5py.File) -> Component:
        """Return the matrix of cells and genes, where it is dense; the rest describes them."""
        found, left_out = datasets(file)
        stored = []
        for name, item in found.items():
            if name == "/X" and item.ndim == 2:
                stored.append(Stored(name, ("cell", "gene")))
            else:
                left_out[name] = "of cells and genes, which do not run in time"
        return Component(None, settings_of(file), stored, left_out)
