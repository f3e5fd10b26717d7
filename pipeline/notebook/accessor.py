"""What users of xarray look for on the object itself: ``run["GC"].voltage.hdf2tb.preview(kind="trace")``.

xarray learns the name when a run is opened, by `open_run` or by the backend: importing registers nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import xarray as xr

if TYPE_CHECKING:
    from pipeline.notebook.plan import RunPlan
    from pipeline.notebook.preview import Gallery, Preview

__all__ = ["ArrayAccessor", "TreeAccessor", "register"]

NAME = "hdf2tb"


class ArrayAccessor:
    """``array.hdf2tb``, of any array; its functions are those of the module, called with the array."""

    def __init__(self, array: xr.DataArray) -> None:
        self._array = array

    def preview(self, kind: str | None = None, **settings: Any) -> Preview | Gallery:
        """Show what a conversion will write of it; see `pipeline.preview`."""
        from pipeline.notebook.preview import preview

        return preview(self._array, kind, **settings)


class TreeAccessor:
    """``run.hdf2tb``, of a run or a part of one."""

    def __init__(self, tree: xr.DataTree) -> None:
        self._tree = tree

    def preview(self, kind: str | None = None, **settings: Any) -> Preview | Gallery:
        """Show what a conversion will write of it; see `pipeline.preview`."""
        from pipeline.notebook.preview import preview

        return preview(self._tree, kind, **settings)

    def plan(self, plots: Any = None) -> RunPlan:
        """Say what a conversion will write of it; see `pipeline.plan`."""
        from pipeline.notebook.plan import plan

        return plan(self._tree, plots)


def register() -> None:
    """Make xarray know the name, once."""
    if not hasattr(xr.DataArray, NAME):
        xr.register_dataarray_accessor(NAME)(ArrayAccessor)  # type: ignore[no-untyped-call]
        xr.register_datatree_accessor(NAME)(TreeAccessor)  # type: ignore[no-untyped-call]
