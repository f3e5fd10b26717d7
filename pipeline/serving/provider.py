"""TensorBoard's own interface to data, answered from HDF5: nothing is converted, and nothing is written.

Source: ``tensorboard.data.provider.DataProvider`` of TensorBoard 2.21: ``{}`` where there is nothing; of the parts of a
picture the first two are width and height; a datum of the last step is always there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from tensorboard import errors
from tensorboard.data import provider as base
from tensorboard.plugins.custom_scalar import metadata as layout_metadata
from tensorboard.plugins.histogram import metadata as histogram_metadata
from tensorboard.plugins.hparams import metadata as hparams_metadata
from tensorboard.plugins.image import metadata as image_metadata
from tensorboard.plugins.scalar import metadata as scalar_metadata
from tensorboard.plugins.text import metadata as text_metadata

from pipeline.errors import PipelineError
from pipeline.serving.catalogue import Catalogue, Entry, Points
from pipeline.serving.live import Live
from pipeline.slicing.blocks import spread
from pipeline.tables import plain
from pipeline.writing.hparams import experiment_content, session_contents
from pipeline.writing.layouts import LAYOUT_TAG, layout_content
from pipeline.writing.texts import NOTES_TAG

__all__ = ["Provider"]

#: The run that the list of all hyperparameters belongs to, as in a log directory.
_ROOT = "."


class Provider(base.DataProvider):  # type: ignore[misc]
    """Answers TensorBoard from a catalogue.

    Parameters
    ----------
    live : Live
        Gives the catalogue as it is now.
    place : str
        Shown as where the data is.
    frames : int
        Pictures of a slider, at most.
    """

    def __init__(self, live: Live, place: str, *, frames: int = 1000) -> None:
        self._live, self._place, self._frames = live, place, frames

    @property
    def _catalogue(self) -> Catalogue:
        return self._live.catalogue()

    @property
    def has_series(self) -> bool:
        """Whether there is anything but hyperparameters."""
        return any(self._catalogue.entries.values())

    def experiment_metadata(self, ctx: Any = None, *, experiment_id: str) -> Any:
        """Return where the data is."""
        return base.ExperimentMetadata(data_location=self._place)

    def list_plugins(self, ctx: Any = None, *, experiment_id: str) -> list[str]:
        """Return the plugins that have something, whose pages are shown."""
        shown = [name for name in ("scalars", "images", "histograms") if self._catalogue.of(name)]
        shown += [layout_metadata.PLUGIN_NAME] if self._whole(layout_metadata.PLUGIN_NAME) else []
        return [*shown, text_metadata.PLUGIN_NAME, hparams_metadata.PLUGIN_NAME]

    def list_runs(self, ctx: Any = None, *, experiment_id: str) -> list[Any]:
        """Return the runs, by name."""
        return [base.Run(run_id=name, run_name=name, start_time=0.0) for name in self._catalogue.runs]

    def list_scalars(
        self, ctx: Any = None, *, experiment_id: str, plugin_name: str, run_tag_filter: Any = None
    ) -> dict[str, dict[str, Any]]:
        """Return what is known of series; nothing is read."""
        if plugin_name != scalar_metadata.PLUGIN_NAME:
            return {}
        content = scalar_metadata.create_summary_metadata("", "").plugin_data.content

        def about(entry: Entry) -> Any:
            return base.ScalarTimeSeries(
                max_step=entry.series.steps[-1],
                max_wall_time=entry.seconds,
                plugin_content=content,
                description=entry.description,
                display_name=entry.series.tag,
            )

        return self._of(plugin_name, run_tag_filter, about)

    def read_scalars(
        self,
        ctx: Any = None,
        *,
        experiment_id: str,
        plugin_name: str,
        downsample: Any = None,
        run_tag_filter: Any = None,
    ) -> dict[str, dict[str, list[Any]]]:
        """Return the points of series."""
        most = downsample or 0

        def data(entry: Entry) -> list[Any]:
            points = _few(entry.points(), most)
            rows = zip(points.steps.tolist(), points.wall_times.tolist(), points.values.tolist(), strict=True)
            return [base.ScalarDatum(step=step, wall_time=time, value=value) for step, time, value in rows]

        return self._of(plugin_name, run_tag_filter, data)

    def read_last_scalars(
        self, ctx: Any = None, *, experiment_id: str, plugin_name: str, run_tag_filter: Any = None
    ) -> dict[str, dict[str, Any]]:
        """Return the last point of series."""
        found = self.read_scalars(
            experiment_id=experiment_id, plugin_name=plugin_name, downsample=1, run_tag_filter=run_tag_filter
        )
        return {run: {tag: data[-1] for tag, data in tags.items() if data} for run, tags in found.items()}

    def list_blob_sequences(
        self, ctx: Any = None, *, experiment_id: str, plugin_name: str, run_tag_filter: Any = None
    ) -> dict[str, dict[str, Any]]:
        """Return what is known of pictures; nothing is read."""
        if plugin_name != image_metadata.PLUGIN_NAME:
            return {}
        content = image_metadata.create_summary_metadata("", "").plugin_data.content

        def about(entry: Entry) -> Any:
            return base.BlobSequenceTimeSeries(
                max_step=entry.series.steps[-1],
                max_wall_time=entry.seconds,
                max_length=3,
                plugin_content=content,
                description=entry.description,
                display_name=entry.series.tag,
            )

        return self._of(plugin_name, run_tag_filter, about)

    def read_blob_sequences(
        self,
        ctx: Any = None,
        *,
        experiment_id: str,
        plugin_name: str,
        downsample: Any = None,
        run_tag_filter: Any = None,
    ) -> dict[str, dict[str, list[Any]]]:
        """Return the addresses of pictures, which are not drawn by it."""

        def datum(entry: Entry, step: int, time: float) -> Any:
            address = entry.address(step)
            parts = [base.BlobReference(f"{entry.token}.{step}.{part}.{address}") for part in ("w", "h", "p")]
            return base.BlobSequenceDatum(step=step, wall_time=time, values=parts)

        def data(entry: Entry) -> list[Any]:
            return [datum(entry, step, time) for step, time in entry.steps(self._frames)]

        return self._of(plugin_name, run_tag_filter, data) if plugin_name == image_metadata.PLUGIN_NAME else {}

    def read_blob(self, ctx: Any = None, *, blob_key: str) -> bytes:
        """Return a picture, or its width or height as text."""
        token, step, part, *_ = f"{blob_key}...".split(".")  # what follows changes with what is shown
        entry = self._live.entry(token)
        if entry is None or not step.isdecimal() or len(step) > 18 or part not in ("w", "h", "p"):
            raise errors.NotFoundError("no such picture")
        if part != "p":
            return str(entry.size()["wh".index(part)]).encode()
        try:
            return entry.png(int(step))
        except KeyError:
            raise errors.NotFoundError("no such step") from None
        except PipelineError as error:
            raise errors.NotFoundError(str(error)) from None

    def list_tensors(
        self, ctx: Any = None, *, experiment_id: str, plugin_name: str, run_tag_filter: Any = None
    ) -> dict[str, dict[str, Any]]:
        """Return what is known of histograms; and the hyperparameters, which are kept in what is told of a series."""
        if plugin_name == histogram_metadata.PLUGIN_NAME:
            return self._of(plugin_name, run_tag_filter, _histograms_told)
        if plugin_name == hparams_metadata.PLUGIN_NAME:
            found = self._hparams()
        else:
            found = {run: dict.fromkeys(tags, b"") for run, tags in self._whole(plugin_name).items()}
        return {
            run: {tag: _told(content) for tag, content in tags.items() if _wanted(run_tag_filter, run, tag)}
            for run, tags in found.items()
        }

    def _hparams(self) -> dict[str, dict[str, bytes]]:
        """Return what HPARAMS reads by run and tag; the columns of all runs are of the root."""
        now = self._catalogue
        sessions = {run: now.hparams(run) for run in now.runs}
        found = {run: session_contents(values, run) for run, values in sessions.items() if values}
        if found:
            whole = experiment_content(list(sessions.values()), now.metrics)
            found[_ROOT] = {hparams_metadata.EXPERIMENT_TAG: whole}
        return found

    def _whole(self, plugin: str) -> dict[str, dict[str, Any]]:
        """Return the one array of each tag that a plugin reads once a run, by run and tag."""
        now = self._catalogue
        if plugin == layout_metadata.PLUGIN_NAME:
            charts = {run: now.charts(run) for run in now.runs}
            return {run: {LAYOUT_TAG: layout_content(found)} for run, found in charts.items() if found}
        if plugin == text_metadata.PLUGIN_NAME:
            return {run: {NOTES_TAG: now.notes(run).encode()} for run in now.runs}
        return {}

    def read_tensors(
        self,
        ctx: Any = None,
        *,
        experiment_id: str,
        plugin_name: str,
        downsample: Any = None,
        run_tag_filter: Any = None,
    ) -> dict[str, dict[str, list[Any]]]:
        """Return histograms, each of shape (bin, 3), and what there is one of a run; hyperparameters have no values."""

        def data(entry: Entry) -> list[Any]:
            found = entry.histograms(downsample or self._frames)
            return [base.TensorDatum(step=one.step, wall_time=one.wall_time, numpy=one.bins) for one in found]

        if plugin_name == histogram_metadata.PLUGIN_NAME:
            return self._of(plugin_name, run_tag_filter, data)
        return {
            run: {
                tag: [base.TensorDatum(step=0, wall_time=0.0, numpy=np.array(value, object))]
                for tag, value in tags.items()
                if _wanted(run_tag_filter, run, tag)
            }
            for run, tags in self._whole(plugin_name).items()
        }

    def _of(self, plugin: str, wanted: Any, what: Callable[[Entry], Any]) -> dict[str, dict[str, Any]]:
        """Return something of each series that is asked for; one that cannot be read is left out."""
        return {run: dict(found) for run, found in self._each(plugin, wanted, what)}

    def _each(
        self, plugin: str, wanted: Any, what: Callable[[Entry], Any]
    ) -> Iterator[tuple[str, list[tuple[str, Any]]]]:
        for run, tags in self._catalogue.of(plugin).items():
            found = []
            for tag, entry in tags.items():
                if _wanted(wanted, run, tag):
                    try:
                        found.append((tag, what(entry)))
                    except PipelineError as error:
                        print(plain(f"hdf2tb: error: {run}: {tag}: {error}"), flush=True)
            if found:
                yield run, found


def _wanted(wanted: Any, run: str, tag: str) -> bool:
    return wanted is None or (
        (wanted.runs is None or run in wanted.runs) and (wanted.tags is None or tag in wanted.tags)
    )


def _histograms_told(entry: Entry) -> Any:
    return base.TensorTimeSeries(
        max_step=entry.series.steps[-1],
        max_wall_time=entry.seconds,
        plugin_content=histogram_metadata.create_summary_metadata("", "").plugin_data.content,
        description=entry.description,
        display_name=entry.series.tag,
    )


def _told(content: bytes) -> Any:
    return base.TensorTimeSeries(max_step=0, max_wall_time=0.0, plugin_content=content, description="", display_name="")


def _few(points: Points, most: int) -> Points:
    """Return so many points at most, evenly spread and with the last."""
    if not most or len(points.steps) <= most:
        return points
    kept = spread(len(points.steps), most)
    return Points(points.steps[kept], points.wall_times[kept], points.values[kept])
