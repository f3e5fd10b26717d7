"""Other files that a dataset's values are in: virtual datasets and external raw data.

HDF5 reads zeros where such a file is missing. Here that is a gap, or an error for numbers that cannot say "none".
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt

from pipeline.errors import SourceError
from pipeline.opening.hdf5.bounds import beyond
from pipeline.opening.hdf5.file import open_file

__all__ = ["Gap", "Sources", "sources_of"]

#: First index, distance, count and length of the stretches of one axis.
Stretches = tuple[int, int, int, int]


@dataclass(frozen=True)
class Gap:
    """A part of a dataset whose file is missing: stretches of each axis, and why."""

    parts: tuple[Stretches, ...]
    why: str

    def inside(self, key: tuple[int | slice, ...], shape: tuple[int, ...]) -> tuple[npt.NDArray[np.bool_], ...]:
        """Return, an axis, which of the indices of `key` lie in it; one that is an integer keeps its axis."""
        found = []
        for part, size, (start, stride, count, block) in zip(key, shape, self.parts, strict=True):
            at = np.arange(*part.indices(size)) if isinstance(part, slice) else np.array([part])
            number, behind = np.divmod(at - start, stride)
            found.append((at >= start) & (number < count) & (behind < block))
        return tuple(found)


@dataclass(frozen=True)
class Sources:
    """The other files that a dataset's values are in.

    Attributes
    ----------
    paths : tuple of str
    gaps : tuple of Gap
        What is missing.
    """

    paths: tuple[str, ...] = ()
    gaps: tuple[Gap, ...] = ()

    def identity(self) -> tuple[Any, ...]:
        """Return what tells whether these files changed: sizes and times of change."""
        return tuple((path, *_status(path)) for path in self.paths)

    def fill(self, values: npt.NDArray[Any], key: tuple[int | slice, ...], shape: tuple[int, ...]) -> npt.NDArray[Any]:
        """Return values of the part `key` with gaps where files are missing.

        Raises
        ------
        OSError
            If the type of the values has nothing that says "none".
        """
        for gap in self.gaps:
            inside = gap.inside(key, shape)
            if not all(axis.any() for axis in inside):
                continue
            if values.dtype.kind != "f":
                raise OSError(f"{gap.why}, and {values.dtype} numbers cannot be gaps")
            values = values.copy() if not values.flags.writeable else values
            there = tuple(len(axis) for axis in inside)
            values.reshape(there)[np.ix_(*inside)] = np.nan
        return values


def _status(path: str) -> tuple[int, int]:
    try:
        status = os.stat(path)
    except OSError:
        return -1, -1
    return status.st_size, status.st_mtime_ns


def sources_of(dataset: h5py.Dataset) -> Sources:
    """Return the other files of a dataset, and what of them is missing; most datasets have none."""
    plist = dataset.id.get_create_plist()
    if plist.get_layout() == h5py.h5d.VIRTUAL:
        return _virtual(dataset)
    return _external(dataset, plist) if plist.get_external_count() else Sources()


def _virtual(dataset: h5py.Dataset) -> Sources:
    here = Path(dataset.file.filename).absolute()
    paths, gaps, missing = [], [], cache(_missing)  # many parts may be of one dataset
    for mapped in dataset.virtual_sources():
        if mapped.file_name == "." or "%" in mapped.file_name:  # in this file, or as many files as there are
            continue
        path = _found(mapped.file_name, here.parent)
        paths.append(str(path))
        if why := _outside(path) or missing(path, mapped.dset_name):
            gaps.append(Gap(_stretches(mapped.vspace), why))
    return Sources(tuple(dict.fromkeys(paths)), tuple(gaps))


def _outside(path: Path) -> str:
    """Return why values must not be read from a file; empty if they may."""
    why = beyond(str(path))
    return f"a part of it is {why}" if why else ""


def _found(name: str, folder: Path) -> Path:
    """Return the path of a source as HDF5 looks for it: beside the file, then as it is given."""
    beside = folder / name
    return beside if beside.exists() or not Path(name).exists() else Path(name).absolute()


def _missing(path: Path, name: str) -> str:
    """Return why a source cannot be read, or an empty string."""
    if not path.exists():
        return f"a part of it is in {path}, which is not there"
    try:
        with open_file(path) as file:
            return "" if name in file else f"a part of it is {name} in {path}, which has no such dataset"
    except SourceError as cause:
        return f"a part of it is in {cause}"


def _stretches(space: Any) -> tuple[Stretches, ...]:
    """Return the stretches of each axis that a selection has; its bounds where it is not regular."""
    if space.get_select_type() != h5py.h5s.SEL_HYPERSLABS:
        return tuple((0, size, 1, size) for size in space.shape)
    if space.is_regular_hyperslab():
        start, stride, count, block = space.get_regular_hyperslab()
        unlimited = h5py.h5s.UNLIMITED
        counts = [2**62 if int(number) == unlimited else int(number) for number in count]
        blocks = [2**62 if int(number) == unlimited else int(number) for number in block]
        apart = [max(int(step), size) for step, size in zip(stride, blocks, strict=True)]  # of one stretch it is any
        return tuple(zip(map(int, start), apart, counts, blocks, strict=True))
    sides = [(int(low), int(high - low + 1)) for low, high in zip(*space.get_select_bounds(), strict=True)]
    return tuple((low, size, 1, size) for low, size in sides)


def _external(dataset: h5py.Dataset, plist: Any) -> Sources:
    paths, gaps = [], []
    everything = tuple((0, size, 1, size) for size in dataset.shape)
    for number in range(plist.get_external_count()):
        raw, offset, size = plist.get_external(number)
        path = Path(os.fsdecode(raw)).absolute()
        paths.append(str(path))
        there = _status(str(path))[0]
        if why := _outside(path):
            gaps.append(Gap(everything, why))
        elif there < 0:
            gaps.append(Gap(everything, f"its values are in {path}, which is not there"))
        elif size != h5py.h5f.UNLIMITED and there < offset + size:
            gaps.append(Gap(everything, f"its values are in {path}, which has {there:,} of {offset + size:,} bytes"))
    return Sources(tuple(paths), tuple(gaps))
