"""A dataset on disk as a lazy array: it keeps the path and the name, opens the file for each read, and closes it.

So it can be pickled, costs nothing until it is read, and never keeps a simulator from writing its file.
"""

from __future__ import annotations

import hashlib
import operator
import os
from contextlib import suppress
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt
import xarray as xr
from xarray.backends.common import BackendArray
from xarray.core import indexing

from pipeline.errors import SourceError
from pipeline.opening.hdf5.chunks import read_chunks
from pipeline.opening.hdf5.file import open_file
from pipeline.opening.hdf5.remote import is_remote, state
from pipeline.opening.hdf5.scaling import Meaning
from pipeline.opening.hdf5.sources import Sources

__all__ = ["FromFiles", "StoredArray", "compression", "field_type", "stored_identity"]

#: The filters of HDF5 itself (deflate, shuffle, checksum, szip, n-bit, scale and offset), and LZF, which h5py brings;
#: `hdf5plugin` brings most of the others.
_BROUGHT = {1, 2, 3, 4, 5, 6, 32000}

#: Bytes at either end of a file that are looked at to tell whether it changed.
_ENDS = 4096


class FromFiles(BackendArray):
    """A lazy array whose values come from files; indexing it with integers and slices reads just that."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]

    def __getitem__(self, key: indexing.ExplicitIndexer) -> Any:
        return indexing.explicit_indexing_adapter(key, self.shape, indexing.IndexingSupport.BASIC, self.read)

    def read(self, key: tuple[int | slice, ...]) -> npt.NDArray[Any]:
        """Read the values at `key`, one integer or slice an axis."""
        raise NotImplementedError

    @property
    def paths(self) -> tuple[str, ...]:
        """The HDF5 files that its values are in."""
        raise NotImplementedError

    def identity(self) -> tuple[Any, ...]:
        """Return what its values depend on besides these files."""
        raise NotImplementedError


class StoredArray(FromFiles):
    """One HDF5 dataset.

    Parameters
    ----------
    path : str
        The HDF5 file.
    name : str
        The dataset's full name in it.
    shape : tuple of int
    stored : numpy.dtype
        Of the stored numbers, in native byte order.
    scaling : Meaning, optional
        What they mean; `dtype` is that of the values.
    sources : Sources, optional
        Other files that they are in.
    field : str
        The column of a table that it is, a column in another one after ``/``; empty for the whole dataset.
    """

    def __init__(
        self,
        path: str,
        name: str,
        shape: tuple[int, ...],
        stored: np.dtype[Any],
        scaling: Meaning | None = None,
        sources: Sources | None = None,
        field: str = "",
    ) -> None:
        self.path, self.name, self.shape, self.field = path, name, shape, field
        self.stored, self.scaling, self.sources = stored, scaling, sources or Sources()
        self.dtype = stored if scaling is None else scaling.dtype(stored)

    @property
    def paths(self) -> tuple[str, ...]:
        """The file that it is in."""
        return (self.path,)

    def identity(self) -> tuple[Any, ...]:
        """Return its name, its shape, its type, what its numbers mean, and the state of other files they are in."""
        parts = (self.name, self.shape, str(self.dtype), self.scaling, self.sources.identity())
        return (*parts, self.field) if self.field else parts

    def read(self, key: tuple[int | slice, ...]) -> npt.NDArray[Any]:
        """Read the values at `key`, one integer or slice an axis.

        Raises
        ------
        SourceError
            If the file or the dataset cannot be read, naming both.
        """
        with open_file(self.path) as file:
            try:
                dataset = file[self.name]
                outer = self.shape[: dataset.ndim] if self.field else self.shape
                if dataset.ndim != len(outer) or any(map(operator.lt, dataset.shape, outer)):
                    raise OSError(f"its shape was {self.shape} when it was opened, and is {dataset.shape} now")
                _register_filters(dataset)
                key = tuple(map(_within, key, self.shape))
                values = _column(dataset, key, self.field) if self.field else _read(dataset, key)
                values = values.astype(self.stored, copy=False)
                if self.scaling is not None:
                    values = self.scaling.values(values, key)
                return self.sources.fill(values, key, self.shape)
            except (OSError, KeyError, RuntimeError, ValueError) as cause:
                raise SourceError(f"{self.path}: {self.name}: cannot be read ({cause})") from cause


def stored_identity(variable: xr.Variable) -> str:
    """Return what a lazy variable's values depend on, or an empty string if they are not simply those of a file.

    Names, shapes and types of datasets, the slice, and each file's size, time of change, and a digest of its first and
    last bytes.
    """
    lazy = getattr(variable, "_data", None)
    while isinstance(lazy, indexing.CopyOnWriteArray | indexing.MemoryCachedArray):  # as xarray's own functions open it
        lazy = lazy.array
    stored = getattr(lazy, "array", None)
    if not isinstance(lazy, indexing.LazilyIndexedArray) or not isinstance(stored, FromFiles):
        return ""
    return f"{stored.identity()} {lazy.key} {[_state_of(path) for path in stored.paths]}"


def _state_of(path: str) -> tuple[Any, ...]:
    """Return a file's size, its time of change, and a digest of its first and last bytes."""
    if is_remote(path):
        return state(path)
    status = os.stat(path)
    with open(path, "rb") as file:
        digest = hashlib.sha256(file.read(_ENDS))
        file.seek(max(0, status.st_size - _ENDS))
        digest.update(file.read(_ENDS))
    return status.st_size, status.st_mtime_ns, digest.hexdigest()


def compression(dataset: h5py.Dataset) -> str | None:
    """Return the name of the filter that compresses a dataset, also where h5py does not know it; None if none does."""
    return next(iter(_foreign_filters(dataset).values()), dataset.compression)


def _foreign_filters(dataset: h5py.Dataset) -> dict[int, str]:
    """Return the filters of a dataset that HDF5 and h5py do not bring: number to name."""
    plist = dataset.id.get_create_plist()
    filters = [plist.get_filter(number) for number in range(plist.get_nfilters())]
    names = {code: name.decode("utf-8", "replace").partition(";")[0] for code, _, _, name in filters}
    return {code: name or f"filter {code}" for code, name in names.items() if code not in _BROUGHT}


def _register_filters(dataset: h5py.Dataset) -> None:
    """Make HDF5 know the filters of a dataset.

    Raises
    ------
    OSError
        If there is none of that number; it says what to install.
    """
    filters = _foreign_filters(dataset)
    if not all(map(h5py.h5z.filter_avail, filters)):
        with suppress(ImportError):
            import hdf5plugin  # noqa: F401  (importing it registers the filters)
    for code, name in filters.items():
        if not h5py.h5z.filter_avail(code):
            raise OSError(f"its filter {name} ({code}) is not there; pip install 'hdf2tb[filters]' brings most")


def _read(dataset: h5py.Dataset, key: tuple[int | slice, ...]) -> npt.NDArray[Any]:
    """Read `key`, in the way that costs least.

    A stride that skips whole chunks is read one index at a time, since HDF5 takes several times as long for it in one
    call. A stride shorter than a chunk reads the whole chunk.
    """
    for axis, part in enumerate(key):
        if not isinstance(part, slice):
            continue
        wanted = range(*part.indices(dataset.shape[axis]))
        if len(wanted) < 2 or wanted.step < 1:
            continue
        if wanted.step > 1 and wanted.step < (dataset.chunks[axis] if dataset.chunks else 1):
            whole = (*key[:axis], slice(wanted[0], wanted[-1] + 1), *key[axis + 1 :])
            inner = sum(isinstance(before, slice) for before in key[:axis])
            return _read(dataset, whole)[(slice(None),) * inner + (slice(None, None, wanted.step),)].copy()
        if (
            axis == 0
            and not is_remote(dataset.file.filename)
            and all(_is_whole(other, size) for other, size in zip(key[1:], dataset.shape[1:], strict=True))
        ):
            found = read_chunks(dataset, wanted)
            if found is not None:
                return found
        if wanted.step > 1:
            rows = [_read(dataset, (*key[:axis], index, *key[axis + 1 :])) for index in wanted]
            return np.stack(rows, axis=sum(isinstance(before, slice) for before in key[:axis]))
    return np.asarray(dataset[key])


def field_type(dataset: h5py.Dataset, field: str) -> tuple[np.dtype[Any], tuple[int, ...]]:
    """Return the type and the shape of a column of a table; of the whole dataset if no column is named.

    Other columns may be of types that h5py does not know.
    """
    if not field:
        return dataset.dtype, dataset.shape
    kind, shape = dataset.id.get_type(), dataset.shape
    for name in field.split("/"):
        kind = kind.get_member_type(kind.get_member_index(name.encode()))
    dtype = kind.dtype
    if dtype.subdtype is not None:
        dtype, more = dtype.subdtype
        shape = (*shape, *more)
    return dtype, shape


def _column(dataset: h5py.Dataset, key: tuple[int | slice, ...], field: str) -> npt.NDArray[Any]:
    """Read a column of a table, alone: HDF5 picks it by name."""
    dtype, shape = field_type(dataset, field)
    outer, inner = key[: dataset.ndim], key[dataset.ndim :]
    wanted = [
        range(*part.indices(size)) if isinstance(part, slice) else range(part, part + 1)
        for part, size in zip(outer, dataset.shape, strict=True)
    ]
    kind = h5py.h5t.py_create(np.dtype((dtype, shape[dataset.ndim :])))
    for name in reversed(field.split("/")):
        table = h5py.h5t.create(h5py.h5t.COMPOUND, kind.get_size())
        table.insert(name.encode(), 0, kind)
        kind = table
    values = np.empty((*map(len, wanted), *shape[dataset.ndim :]), dtype)
    if values.size:
        space = dataset.id.get_space()
        space.select_hyperslab(
            tuple(one.start for one in wanted), values.shape[: dataset.ndim], tuple(one.step for one in wanted)
        )
        dataset.id.read(h5py.h5s.create_simple(values.shape[: dataset.ndim]), space, values, kind)
    return values[(*(slice(None) if isinstance(part, slice) else 0 for part in outer), *inner)]


def _within(part: int | slice, size: int) -> int | slice:
    """Return an index of an axis that was of `size` when the file was opened, and may have grown since."""
    if isinstance(part, slice):
        return slice(*part.indices(size))
    return part + size if part < 0 else part


def _is_whole(part: int | slice, size: int) -> bool:
    return isinstance(part, slice) and part.indices(size) == (0, size, 1)
