"""Runs that are still being written: what there is to show is looked up anew when a file has changed."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from pipeline.errors import PipelineError
from pipeline.planning.plan import Plan
from pipeline.serving.catalogue import Catalogue, Entry

__all__ = ["Live"]

#: Seconds in which files are not looked at again.
_PAUSE = 0.5


class Live:
    """The catalogue of some runs as they are now.

    Parameters
    ----------
    plans : sequence of Plan
        What there is at first.
    plan : callable
        Opens and plans the runs anew.
    points : int
        Points of a series, about.
    metrics : sequence of str
        Tags that are shown beside the hyperparameters.
    """

    def __init__(
        self,
        plans: Sequence[Plan],
        plan: Callable[[], Sequence[Plan]],
        *,
        points: int = 1000,
        metrics: Sequence[str] = (),
    ) -> None:
        self._plan, self._points, self._metrics = plan, points, metrics
        self._lock = threading.Lock()
        self._before: dict[str, Entry] = {}
        self._again = 0.0
        self._found = self._listed(plans, None)

    def catalogue(self) -> Catalogue:
        """Return what there is now; a file that cannot be opened at the moment is as it was."""
        with self._lock:
            if time.monotonic() >= self._again and _states(self._files) != self._seen:
                before = self._found.by_token
                try:
                    self._found = self._listed(self._plan(), self._found)
                    self._before = before
                except PipelineError:
                    self._again = time.monotonic() + _PAUSE
            return self._found

    def entry(self, token: str) -> Entry | None:
        """Return what a token names, also where the page has not asked again since the file changed."""
        return self.catalogue().by_token.get(token) or self._before.get(token)

    def _listed(self, plans: Sequence[Plan], before: Catalogue | None) -> Catalogue:
        self._files = sorted({str(job.variable.encoding.get("source", "")) for plan in plans for job in plan.jobs})
        self._seen = _states(self._files)
        self._again = time.monotonic() + _PAUSE
        return Catalogue(plans, points=self._points, metrics=self._metrics, before=before)


def _states(files: Sequence[str]) -> list[Any]:
    found: list[Any] = []
    for file in files:
        try:
            status = os.stat(file)
        except OSError:
            found.append(None)
        else:
            found.append((status.st_size, status.st_mtime_ns))
    return found
