"""Plain ``tensorboard --logdir RUN``: a folder of HDF5 runs and no event files is shown as `hdf2tb serve` shows it.

TensorBoard finds it by the entry point ``tensorboard_plugins``, and asks it at every start, so it looks at the names of
files alone, and imports nothing, until there is something to do.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tensorboard.plugins import base_plugin

if TYPE_CHECKING:
    from pipeline.serving.live import Live

__all__ = ["Loader", "runs_in"]

#: Names of files that are looked at for event files.
_MOST_NAMES = 20_000


class Loader(base_plugin.TBLoader):  # type: ignore[misc]
    """Gives TensorBoard the runs in its log directory, where these are HDF5, and the page of our own."""

    def __init__(self) -> None:
        self._live: Live | None = None

    def fix_flags(self, flags: Any) -> None:
        """Start a data server for the log directory, if it holds HDF5 runs and no event files, and name it in `flags`.

        Parameters
        ----------
        flags : argparse.Namespace
            TensorBoard's own.
        """
        place = getattr(flags, "logdir", "")
        others = ("grpc_data_provider", "logdir_spec", "db", "inspect", "version_tb")
        if not place or "://" in place or any(getattr(flags, name, None) for name in others):
            return
        runs = runs_in(Path(place).expanduser())
        if runs:
            self._serve(runs, place, flags)

    def _serve(self, runs: list[Path], place: str, flags: Any) -> None:
        from pipeline.errors import PipelineError
        from pipeline.planning.sources import plan_sources
        from pipeline.serving.live import Live
        from pipeline.serving.provider import Provider
        from pipeline.serving.remote_provider import started

        try:
            plans, failed = plan_sources(runs)
        except PipelineError as error:
            plans, failed = [], [str(error)]
        for line in failed:
            print(f"hdf2tb: error: {line}", file=sys.stderr)
        if not any(plan.jobs or plan.hparams for plan in plans):
            return
        self._live = Live(plans, lambda: plan_sources(runs)[0])
        flags.grpc_data_provider = started(Provider(self._live, place))
        print("hdf2tb: HDF5 files are shown as they are; hdf2tb serve has settings for it", file=sys.stderr)

    def load(self, context: Any) -> Any:
        """Return the page of our own; None where TensorBoard shows event files, or another part of hdf2tb serves."""
        if self._live is None:
            return None
        from pipeline.serving.page.plugin import Page

        return Page(self._live).load(context)


def runs_in(place: Path) -> list[Path]:
    """Return the HDF5 runs in a folder: itself, or folders in it; none if there is an event file anywhere in it."""
    if not place.is_dir():
        return []
    try:
        found = [place] if _is_run(place) else [folder for folder in sorted(place.iterdir()) if _is_run(folder)]
    except OSError:
        return []
    return [] if not found or _holds_event_files(place) else found


def _is_run(folder: Path) -> bool:
    from pipeline.errors import SourceError
    from pipeline.opening.discover import run_files

    try:
        return folder.is_dir() and bool(run_files(folder))
    except SourceError:
        return False


def _holds_event_files(place: Path) -> bool:
    """Return whether there may be an event file in a folder or below it."""
    seen = 0
    for _, _, names in os.walk(place):
        seen += len(names)
        if seen > _MOST_NAMES or any("tfevents" in name for name in names):
            return True
    return False
