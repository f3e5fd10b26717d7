"""Bounds: links of a file lead no further than the folder that the user named, unless that is allowed.

A file from elsewhere could show what is none of its business: an external link, a virtual dataset and external raw data
name any file of the machine.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

from pipeline.opening.hdf5.remote import is_remote

__all__ = ["beyond", "within"]

#: The folder that links may lead into; None where they may lead anywhere.
_FOLDER: ContextVar[str | None] = ContextVar("folder", default=None)


@contextmanager
def within(path: str | os.PathLike[str], *, anywhere: bool = False) -> Iterator[None]:
    """Let links lead into a folder, or into that of a file, and what is below."""
    place = Path(os.path.abspath(path))
    folder = os.path.dirname(str(path)) if is_remote(path) else str(place if place.is_dir() else place.parent)
    token = _FOLDER.set(None if anywhere else folder)
    try:
        yield
    finally:
        _FOLDER.reset(token)


def beyond(target: str, beside: str = "") -> str:
    """Return why a link is not followed; empty if it is.

    Parameters
    ----------
    target : str
        The file that it names.
    beside : str
        The file that names it, from whose folder a relative name counts.
    """
    folder = _FOLDER.get()
    if folder is None:
        return ""
    place = os.path.join(os.path.dirname(beside), target)
    place = place if is_remote(place) else os.path.abspath(place)
    if place.startswith(os.path.join(folder, "")):
        return ""
    return f"in {place}, which is outside of {folder}; --follow-links allows it"
