"""MATLAB's version 7.3 files: matrices with dimensions reversed, text as numbers of letters, empty arrays as sizes.

Source: MATLAB's documentation of MAT-file versions; attributes as ``hdf5storage`` and ``mat73`` describe them
(``MATLAB_class``, ``MATLAB_empty``, ``MATLAB_int_decode``, ``MATLAB_sparse``; cells and the like lie in ``#refs#``).
"""

from __future__ import annotations

from typing import Any, ClassVar

import h5py
import numpy as np

from pipeline.opening.hdf5.attributes import attribute
from pipeline.opening.layouts.contents import attributes, datasets, member
from pipeline.opening.layouts.protocol import Component
from pipeline.opening.layouts.time_axis import arranged

__all__ = ["Matlab"]

_LONGEST_TEXT = 4096  # letters that are read as a setting
_HIDDEN = ("/#refs#/", "/#subsystem#/")


class Matlab:
    """Recognised by the attribute ``MATLAB_class`` of what lies at the root."""

    name: ClassVar[str] = "MATLAB 7.3"

    def recognises(self, file: h5py.File) -> bool:
        """Whether something at the root has a class of MATLAB's."""
        found = (member(file, key) for key in file)
        return any(item is not None and "MATLAB_class" in item.attrs for item in found)

    def read(self, file: h5py.File) -> Component:
        """Return the numbers, and text as settings."""
        found, left_out = datasets(file)
        settings: dict[str, Any] = {}
        for name, item in list(found.items()):
            kind = attribute(item.attrs["MATLAB_class"]) if "MATLAB_class" in item.attrs else ""
            if name.startswith(_HIDDEN):
                del found[name]
            elif "MATLAB_empty" in item.attrs and attribute(item.attrs["MATLAB_empty"]):
                left_out[name] = "holds no data"
                del found[name]
            elif kind == "char":
                del found[name]
                if 0 < item.size <= _LONGEST_TEXT:
                    settings[name[1:].replace("/", ".")] = _text(item)
                else:
                    left_out[name] = "strings"
            elif "MATLAB_sparse" in file[name.rpartition("/")[0] or "/"].attrs:
                left_out[name] = "parts of a sparse matrix"
                del found[name]
        left_out = {name: why for name, why in left_out.items() if not name.startswith(_HIDDEN)}
        result = arranged(file, found, left_out)
        return Component(None, settings | _root(file), result.stored, result.left_out, result.notes, result.events)


def _root(file: h5py.File) -> dict[str, Any]:
    return {key: value for key, value in attributes(file).items() if not key.startswith("MATLAB_")}


def _text(item: h5py.Dataset) -> str:
    """Return the lines of a matrix of letters, which are stored column by column."""
    letters = np.atleast_2d(item[()])
    lines = [letters[:, row].astype("<u2").tobytes().decode("utf-16-le", "replace") for row in range(letters.shape[1])]
    return "\n".join(line.rstrip() for line in lines)
