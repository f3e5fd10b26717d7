"""An opened run: an `xarray.DataTree` that says what it holds where somebody asks for something else."""

from __future__ import annotations

from typing import Any

import xarray as xr

from pipeline.errors import nearest
from pipeline.units import listed

__all__ = ["ORIGIN", "Run"]

#: The attribute of a variable that says whose it is. Unlike `encoding` it goes with arrays that are worked out from it,
#: and of two with different ones it is dropped.
ORIGIN = "origin"

_NAMED = 12  # of what a node holds, in an error
_LINES = 6  # of headings, dimensions and the time coordinate of a node, at most


class Run(xr.DataTree):
    """A run, or a part of one. What xarray makes of it is an `xarray.DataTree`."""

    __slots__ = ()

    def __getitem__(self, key: str) -> xr.DataTree | xr.DataArray:
        """Return a component, a group or a variable by its name or path.

        Raises
        ------
        KeyError
            If there is none; it lists what there is.
        """
        try:
            return super().__getitem__(key)
        except KeyError:
            raise KeyError(self._missing(key)) from None

    def _missing(self, path: str) -> str:
        """Return what is said of a path that leads nowhere: how far it leads, and what is there."""
        node: Any = self
        names = [name for name in path.split("/") if name]
        while names and names[0] in node.children:
            node = node.children[names.pop(0)]
        held = [*map(str, node.children), *map(str, node.data_vars)]
        name = names[0] if names else path
        where = node.path.strip("/") or node.name or "the run"
        return f"{where} holds no '{name}': it holds {listed(held, _NAMED) or 'nothing'}{nearest(name, held)}"

    def __repr__(self) -> str:  # type: ignore[override]
        return _titled(super().__repr__())

    def _repr_html_(self) -> str:
        """Return the tree for a notebook, open to the first level whatever its length, with its settings folded."""
        known: dict[str, Any] = xr.get_options()  # type: ignore[no-untyped-call]
        shown = [self, *self.children.values()]
        lines = sum(len(node.variables) + len(node.attrs) + len(node.children) + _LINES for node in shown)
        options: dict[str, Any] = {}
        if "display_max_items" in known:  # else a version of xarray that folds no groups
            options["display_max_items"] = max(known["display_max_items"], lines)
        if known["display_expand_attrs"] == "default":
            options["display_expand_attrs"] = False
        with xr.set_options(**options):  # type: ignore[no-untyped-call]
            return _titled(super()._repr_html_())  # type: ignore[no-untyped-call]


def _titled(shown: str) -> str:
    """Return what is shown of a run with its name in place of the class's, which is none of xarray's."""
    return shown.replace(f"xarray.{Run.__name__}", "xarray.DataTree", 1)
