"""hdf2tb as an xarray backend: ``xr.open_datatree(path, engine="hdf2tb")``, by the same code as `open_run`.

xarray finds it by the entry point in ``pyproject.toml``; nothing needs to be imported for it.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any, ClassVar

import h5py
import xarray as xr
from xarray.backends import BackendEntrypoint

from pipeline.errors import PipelineError, SourceError, nearest
from pipeline.notebook.accessor import register
from pipeline.opening.discover import run_files
from pipeline.opening.tree import open_run
from pipeline.units import Axes, Durations, listed

__all__ = ["Backend"]


class Backend(BackendEntrypoint):
    """Opens one HDF5 file, a folder of them, or a run folder, without reading any dataset.

    Both methods take ``dt``, the duration of a step, and ``time_axis``, as `open_run` does. With ``chunks={}``
    variables are Dask arrays in blocks of whole storage chunks. Times that a file stores are read when it is opened,
    since xarray makes labels of them, unless ``create_default_indexes=False`` is given; evenly spaced ones are three
    numbers and cost nothing.
    """

    description: ClassVar[str] = "HDF5 time series of simulation runs, one node a component, lazily"
    open_dataset_parameters: ClassVar[tuple[str, ...]] = (
        "filename_or_obj",
        "drop_variables",
        "group",
        "dt",
        "time_axis",
    )
    supports_groups: ClassVar[bool] = True

    def guess_can_open(self, filename_or_obj: Any) -> bool:
        """Whether it is a folder of HDF5 files, or an HDF5 file but not netCDF, which has backends of its own."""
        if not isinstance(filename_or_obj, str | os.PathLike):
            return False
        try:
            files = run_files(filename_or_obj)
            if not h5py.is_hdf5(files[0]):
                return False
            with h5py.File(files[0], "r", locking=False) as file:
                return "_NCProperties" not in file.attrs
        except (PipelineError, OSError):
            return False

    def open_datatree(
        self,
        filename_or_obj: Any,
        *,
        drop_variables: str | Iterable[str] | None = None,
        group: str | None = None,
        dt: Durations = None,
        time_axis: Axes = None,
    ) -> xr.DataTree:
        """Return the run, or the part of it that `group` names, such as ``GC``."""
        register()
        run = open_run(filename_or_obj, dt=dt, time_axis=time_axis)
        node = _node(run, group)
        if group:
            node = node.copy()
            node.orphan()
        if drop_variables is not None:
            unwanted = {drop_variables} if isinstance(drop_variables, str) else set(drop_variables)
            node = xr.DataTree.from_dict(
                {part.path: part.to_dataset().drop_vars(unwanted, errors="ignore") for part in node.subtree},
                name=node.name,
            )
        return node

    def open_groups_as_dict(self, filename_or_obj: Any, **settings: Any) -> dict[str, xr.Dataset]:
        """Return each node's dataset by its path."""
        return {node.path: node.to_dataset() for node in self.open_datatree(filename_or_obj, **settings).subtree}

    def open_dataset(
        self,
        filename_or_obj: Any,
        *,
        drop_variables: str | Iterable[str] | None = None,
        group: str | None = None,
        dt: Durations = None,
        time_axis: Axes = None,
    ) -> xr.Dataset:
        """Return one component; `group` names it where the run has several."""
        run = self.open_datatree(filename_or_obj, drop_variables=drop_variables, dt=dt, time_axis=time_axis)
        if group is None and len(run.children) != 1:
            raise SourceError(f"{filename_or_obj}: holds {_names(run)}; name one as group")
        return _node(run, group or next(iter(run.children))).to_dataset(inherit=True)


def _node(run: xr.DataTree, group: str | None) -> xr.DataTree:
    try:
        found = run[group.strip("/")] if group and group.strip("/") else run
    except KeyError:
        found = None
    if not isinstance(found, xr.DataTree):
        hint = nearest(str(group), run.children)
        raise SourceError(f"{run.encoding.get('source')}: no group '{group}': it holds {_names(run)}{hint}")
    return found


def _names(run: xr.DataTree) -> str:
    return listed(list(run.children), 6) or "nothing"
