"""Discovery: the HDF5 files that a path means."""

from __future__ import annotations

import os
from pathlib import Path

from pipeline.errors import SourceError
from pipeline.opening.hdf5.remote import RemoteFile, is_remote

__all__ = ["SUFFIXES", "passed_over", "readable_name", "run_files", "run_name"]

#: Endings by which HDF5 files are found in a folder; a file that is named itself may have any.
SUFFIXES = (
    *(".h5", ".hdf5", ".hdf", ".he5", ".hd5", ".nwb", ".nix", ".nc", ".nc4", ".cdf", ".mat", ".nxs", ".nx5", ".nexus"),
    *(".h5md", ".h5ad", ".h5oina", ".loom", ".set", ".snirf", ".cxi", ".emd", ".hspy"),
)
#: The first bytes of HDF5, at the begin of a file or behind a block of the user's.
_SIGNATURE, _PLACES = b"\x89HDF\r\n\x1a\n", (0, 512, 1024, 2048)


def run_files(path: str | os.PathLike[str]) -> list[Path | RemoteFile]:
    """Return the HDF5 files of the run at `path`, sorted by name.

    Parameters
    ----------
    path : path
        One file, a folder of them, or a run folder that holds them in one subfolder; or the address of a file.

    Raises
    ------
    SourceError
        If the path does not exist, or no HDF5 file or more than one run is found there.
    """
    if is_remote(path):
        return [RemoteFile(str(path))]
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
    if is_remote(path):
        return RemoteFile(str(path)).stem
    place = Path(path).resolve()
    return readable_name(place.name if place.is_dir() else place.stem)


def readable_name(name: str) -> str:
    """Return the name of a file as text; an old disk's names need not be UTF-8, tags must be."""
    return os.fsencode(name).decode("utf-8", "replace")


def passed_over(path: str | os.PathLike[str]) -> list[str]:
    """Return the names of the files of a run's folder that are HDF5 but are not named so."""
    place = Path(path)
    if is_remote(path) or not place.is_dir():
        return []
    folders = {file.parent for file in run_files(path) if isinstance(file, Path)}
    files = (f for folder in folders for f in folder.iterdir() if f.suffix.lower() not in SUFFIXES and f.is_file())
    return sorted(file.name for file in files if not file.name.startswith(".") and _is_hdf5(file))


def _is_hdf5(file: Path) -> bool:
    try:
        with file.open("rb") as opened:
            head = opened.read(_PLACES[-1] + len(_SIGNATURE))
    except OSError:
        return False
    return any(head[at : at + len(_SIGNATURE)] == _SIGNATURE for at in _PLACES)


def _inside(folder: Path) -> list[Path | RemoteFile]:
    found = (f for f in folder.iterdir() if f.suffix.lower() in SUFFIXES and not f.name.startswith("."))
    return [*sorted(f for f in found if not f.is_dir())]


def _folders(place: Path) -> list[Path]:
    return sorted(f for f in place.iterdir() if f.is_dir() and not f.name.startswith("."))
