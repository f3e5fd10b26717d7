"""Opening: HDF5 as lazy xarray trees; it knows nothing of figures or event files, or of what is drawn.

``discover`` says which files a path means, a layout what is in them, ``hdf5`` reads slices, ``tree`` puts it together.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pipeline.opening.discover import run_files, run_name
    from pipeline.opening.tree import open_run

__all__ = ["open_run", "run_files", "run_name"]

_HOMES = {"open_run": "tree", "run_files": "discover", "run_name": "discover"}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'pipeline.opening' has no attribute '{name}'")
    return getattr(importlib.import_module(f"pipeline.opening.{_HOMES[name]}"), name)
