"""Errors and warnings, as a tree.

::

    PipelineError               everything hdf2tb raises on purpose
    ├── SettingError            a plot setting, kind, format or variable that is not accepted
    ├── SourceError             a path, file or dataset that cannot be read
    ├── OutputError             a log directory that cannot be written
    └── ConversionError         a run of which some parts failed (the others were converted)

    Interrupted                 a conversion that somebody stopped (a KeyboardInterrupt)

    TimeAxisWarning             the time axis was taken by position, because nothing tells it
    LayoutWarning               a layout of another package that cannot be loaded
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable
from typing import Any

__all__ = [
    "ConversionError",
    "Interrupted",
    "LayoutWarning",
    "OutputError",
    "PipelineError",
    "SettingError",
    "SourceError",
    "TimeAxisWarning",
    "nearest",
    "unwritable",
]


class PipelineError(Exception):
    """Base of everything that is raised on purpose; its text is one line for a person."""


class SettingError(PipelineError, ValueError):
    """A setting, kind, format or variable name that is not accepted."""


class SourceError(PipelineError, OSError):
    """A path, HDF5 file or dataset that cannot be opened or read."""


class OutputError(PipelineError, OSError):
    """A log directory or event file that cannot be written."""


def unwritable(path: object, cause: OSError) -> OutputError:
    """Return the error for what a conversion cannot write: a full disk, a folder of someone else."""
    hint = "when that is mended, the same command goes on from here"
    return OutputError(f"{path}: cannot be written ({cause.strerror}); {hint}")


class ConversionError(PipelineError):
    """Some parts of a conversion failed; everything else was written.

    Attributes
    ----------
    report : pipeline.Report
        What was written, and one message for each problem.
    """

    def __init__(self, report: Any) -> None:
        super().__init__("; ".join(report.problems))
        self.report = report

    def __reduce__(self) -> tuple[type[ConversionError], tuple[Any]]:
        return type(self), (self.report,)


class Interrupted(KeyboardInterrupt):
    """A conversion that somebody stopped; it is a KeyboardInterrupt, and a line for a person.

    Parameters
    ----------
    part : float, optional
        The part that is done, from 0 to 1; None where nothing was begun.
    """

    def __init__(self, part: float | None = None) -> None:
        super().__init__(part)
        self.part = part

    def __str__(self) -> str:
        at = "before it began" if self.part is None else f"at {math.floor(100 * self.part)} %"
        return f"stopped {at}; the same call goes on from here"

    def _render_traceback_(self) -> list[str]:
        """Return what IPython shows in place of a traceback."""
        return [str(self).replace("the same call goes on from here", "run the cell again, it goes on")]


class TimeAxisWarning(UserWarning):
    """The time axis of a dataset was taken by position, because the file does not tell."""


class LayoutWarning(UserWarning):
    """A layout of another package cannot be loaded; files are opened without it."""


def nearest(word: str, known: Iterable[str]) -> str:
    """Return ``"; did you mean 'x'?"`` for the closest of `known`, or an empty string."""
    found = difflib.get_close_matches(word, list(known), n=1, cutoff=0.5)
    return f"; did you mean '{found[0]}'?" if found else ""
