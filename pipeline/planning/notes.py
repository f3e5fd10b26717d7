"""The notes of a run: what TensorBoard's TEXT page tells of where it comes from, what is drawn of it, and what is not.

All of it follows from the sources and from what was asked for, not from how, when or where the work was done: so the
same conversion gives the same text.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pipeline.errors import PipelineError
from pipeline.model.series import in_words
from pipeline.opening.discover import run_files
from pipeline.opening.hdf5.remote import is_remote
from pipeline.planning.config import Plots
from pipeline.planning.plan import Plan
from pipeline.tables import markdown, markdown_table, plain
from pipeline.units import Axes, Durations, size_text
from pipeline.version import __version__

__all__ = ["command_line", "notes_page"]

_MOST_ROWS = 500
_MOST_LETTERS = 200  # of a setting's value


def notes_page(plan: Plan, hparams: Mapping[str, Any], failures: Sequence[str] = ()) -> str:
    """Return the notes of a run as Markdown.

    Parameters
    ----------
    plan : Plan
    hparams : mapping
        All hyperparameters of the run.
    failures : sequence of str
        What could not be drawn, beside what the plan knows, a line each.
    """
    parts = [f"# {markdown(plan.name)}", f"Made by hdf2tb {__version__}"]
    parts += [f"    {plain(plan.command)}"] if plan.command else []  # four blanks: as it stands
    if sources := list(_sources(plan)):
        parts.append(_section("Sources", ("file", "size", "changed (UTC)"), sources))
    if drawn := list(_drawn(plan)):
        parts.append(_section("Drawn", ("variable", "shape", "plot", "settings", "gives"), drawn))
    left = [*plan.problems, *failures, *plan.notes]
    if left:
        parts.append("\n".join(["## Left out, and what to know", "", *(f"* {markdown(line)}" for line in left)]))
    if hparams:
        rows = [(name, str(value)[:_MOST_LETTERS]) for name, value in sorted(hparams.items())]
        parts.append(_section("Settings", ("name", "value"), rows))
    return ("\n\n".join(parts) + "\n").encode("utf-8", "replace").decode()  # a file's name may be no text


def _section(title: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    more = f"\n\nand {len(rows) - _MOST_ROWS:,} more" if len(rows) > _MOST_ROWS else ""
    return f"## {title}\n\n{markdown_table(head, rows[:_MOST_ROWS])}{more}"


def _sources(plan: Plan) -> Iterator[tuple[str, str, str]]:
    """Yield the name, the size and the time of change of each file; of one elsewhere the name alone."""
    if not plan.source:
        return
    if is_remote(plan.source):
        yield Path(plan.source.partition("?")[0]).name, "", ""
        return
    try:
        files = run_files(plan.source)
        for file in files:
            status = os.stat(str(file))
            changed = datetime.fromtimestamp(status.st_mtime, UTC)
            yield Path(str(file)).name, size_text(status.st_size), f"{changed:%Y-%m-%d %H:%M:%S}"
    except (PipelineError, OSError):  # it is gone by now
        return


def _drawn(plan: Plan) -> Iterator[tuple[str, ...]]:
    for job in plan.jobs:
        for drawing in job.drawings:
            signal = drawing.signal
            shape = ", ".join(f"{dim}={size}" for dim, size in zip(signal.dims, signal.shape, strict=True))
            shape = shape if signal.events is None else f"event={signal.events}"
            settings = ", ".join(f"{name}={_word(value)}" for name, value in _settings(drawing.plot.chosen()))
            yield signal.name, shape, drawing.title, settings, in_words(drawing.series)


def _settings(chosen: Mapping[str, Any]) -> list[tuple[str, Any]]:
    return [(name, value) for name, value in chosen.items() if name not in ("kind", "format")]


def command_line(source: str, plots: Plots | None, dt: Durations, time_axis: Axes, follow_links: bool) -> str:
    """Return the command that converts a run as it is converted here, without what changes none of its bytes."""
    words = ["hdf2tb", "convert", source, "--out", "LOGDIR"]
    for name, plot in plots or ():
        chosen = plot.chosen()
        settings = [f"{key}={_word(value)}" for key, value in chosen.items()]
        words += ["--plot", f"{name}:{','.join(settings)}"]
    words += [word for value in _named(dt) for word in ("--dt", value)]
    words += [word for value in _named(time_axis) for word in ("--time-axis", value)]
    words += ["--follow-links"] if follow_links else []
    return shlex.join(words)


def _named(value: Durations | Axes) -> list[str]:
    """Return what is said of all variables, or by name, as words."""
    if value is None:
        return []
    if isinstance(value, Mapping):
        return [f"{name}={one}" for name, one in value.items()]
    return [str(value)] if isinstance(value, str | int | float) else list(map(str, value))


def _word(value: Any) -> str:
    """Return the value of a setting as the command line takes it."""
    if isinstance(value, tuple):
        words = [f"'{one}'" if isinstance(one, str) else _word(one) for one in value]  # on, and #, mean more in YAML
        return f"[{','.join(words)}]"
    return f"{value:.15g}" if isinstance(value, float) else str(value)
