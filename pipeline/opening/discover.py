"""Discovery: the HDF5 files that a path means."""

from __future__ import annotations

import os
from pathlib import Path

from pipeline.errors import SourceError

__all__ = ["SUFFIXES", "readable_name", "run_files", "run_name"]

#: Endings by which HDF5 files are found in a folder; a file that is named itself may have any.
SUFFIXES = (".h5", ".hdf5", ".hdf", ".he5", ".nwb", ".nix", ".nc", ".mat")


def run_files(path: str | os.PathLike[str]) -> list[Path]:
    """Return the HDF5 files of the run at `path`, sorted by name.

    Parameters
    ----------
    path : path
        One file, a folder of them, or a run folder that holds them in one subfolder.

    Raises
    ------
    SourceError
        If the path does not exist, or no HDF5 file or more than one run is found there.
    """
    place = Path(path)
    try:
        if not place.exists():
            raise SourceError(f"{place}: no such file or folder")
        if not place.is_dir():
            return [place]
        if found := _inside(place):
            return found
        below = {folder: files for folder in _folders(place) if (files := _inside(folder))}
    except PermissionError as cause:
        raise SourceError(f"{place}: may not be read ({cause.strerror})") from cause
    if not below:
        raise SourceError(f"{place}: no HDF5 file in this folder or one below (looked for {', '.join(SUFFIXES)})")
    if len(below) > 1:
        names = ", ".join(folder.name for folder in list(below)[:4])
        raise SourceError(f"{place}: holds {len(below)} runs ({names} …); name one, or all of them as {place}/*/")
    return next(iter(below.values()))


def run_name(path: str | os.PathLike[str]) -> str:
    """Return the name of the run at `path`: the folder's name, or the file's without its ending."""
    place = Path(path).resolve()
    return readable_name(place.name if place.is_dir() else place.stem)


def readable_name(name: str) -> str:
    """Return the name of a file as text; an old disk's names need not be UTF-8, tags must be."""
    return os.fsencode(name).decode("utf-8", "replace")


def _inside(folder: Path) -> list[Path]:
    found = (f for f in folder.iterdir() if f.suffix.lower() in SUFFIXES and not f.name.startswith("."))
    return sorted(f for f in found if not f.is_dir())


def _folders(place: Path) -> list[Path]:
    return sorted(f for f in place.iterdir() if f.is_dir() and not f.name.startswith("."))
