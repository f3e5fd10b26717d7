"""What users of xarray look for on the object itself: ``run["GC"].voltage.hdf2tb.preview(kind="trace")``.

xarray learns the name when a run is opened, by `open_run` or by the backend: importing registers nothing.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from importlib import import_module
from typing import Any

import xarray as xr

__all__ = ["ArrayAccessor", "TreeAccessor", "register"]

NAME = "hdf2tb"


class _Method:
    """A function of the module as a method: imported when it is asked for, with its own signature and help."""

    def __init__(self, module: str, name: str) -> None:
        self._module, self._name = module, name

    def __get__(self, accessor: Any, cls: type) -> Callable[..., Any]:
        function: Callable[..., Any] = getattr(import_module(self._module), self._name)
        if accessor is None:
            return function

        @wraps(function)
        def method(*args: Any, **settings: Any) -> Any:
            return function(accessor._held, *args, **settings)

        signature = inspect.signature(function)
        parameters = list(signature.parameters.values())[1:]
        setattr(method, "__signature__", signature.replace(parameters=parameters))  # noqa: B010 mypy knows it not
        return method


class ArrayAccessor:
    """``array.hdf2tb``, of any array; its functions are those of the module, called with the array."""

    preview = _Method("pipeline.notebook.preview", "preview")

    def __init__(self, array: xr.DataArray) -> None:
        self._held = array


class TreeAccessor:
    """``run.hdf2tb``, of a run or a part of one."""

    preview = _Method("pipeline.notebook.preview", "preview")
    plan = _Method("pipeline.notebook.plan", "plan")

    def __init__(self, tree: xr.DataTree) -> None:
        self._held = tree


def register() -> None:
    """Make xarray know the name, once."""
    if not hasattr(xr.DataArray, NAME):
        xr.register_dataarray_accessor(NAME)(ArrayAccessor)  # type: ignore[no-untyped-call]
        xr.register_datatree_accessor(NAME)(TreeAccessor)  # type: ignore[no-untyped-call]
