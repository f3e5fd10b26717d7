"""A data provider behind TensorBoard's own protocol between processes, here on loopback.

Source: ``tensorboard/data/proto/data_provider.proto`` of TensorBoard 2.21, and `GrpcDataProvider`, which asks.
"""

from __future__ import annotations

import atexit
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
from tensorboard import errors
from tensorboard.compat.proto import summary_pb2
from tensorboard.data import provider as base
from tensorboard.data.proto import data_provider_pb2 as messages
from tensorboard.data.proto import data_provider_pb2_grpc as service
from tensorboard.util import tensor_util

__all__ = ["started"]

#: Requests that are answered at once, and bytes of a picture that go in one message.
_THREADS, _PART = 8, 1 << 20


def started(provider: base.DataProvider) -> str:
    """Answer for a provider in threads behind, until the process ends, and return the address."""
    server = grpc.server(ThreadPoolExecutor(_THREADS), options=[("grpc.so_reuseport", 0)])
    service.add_TensorBoardDataProviderServicer_to_server(_Answers(provider), server)
    port = server.add_insecure_port("localhost:0")
    server.start()
    atexit.register(server.stop, None)
    return f"localhost:{port}"


class _Answers(service.TensorBoardDataProviderServicer):  # type: ignore[misc]
    """Each call of the protocol as one of the provider, and its result as a message."""

    def __init__(self, provider: base.DataProvider) -> None:
        self._provider = provider

    def GetExperiment(self, request: Any, context: Any) -> Any:
        """Return where the data is."""
        found = self._provider.experiment_metadata(experiment_id=request.experiment_id)
        return messages.GetExperimentResponse(data_location=found.data_location)

    def ListPlugins(self, request: Any, context: Any) -> Any:
        """Return the plugins that have something."""
        names = self._provider.list_plugins(experiment_id=request.experiment_id)
        return messages.ListPluginsResponse(plugins=[messages.Plugin(name=name) for name in names])

    def ListRuns(self, request: Any, context: Any) -> Any:
        """Return the runs."""
        found = self._provider.list_runs(experiment_id=request.experiment_id)
        runs = [messages.Run(name=run.run_name, start_time=run.start_time or 0.0) for run in found]
        return messages.ListRunsResponse(runs=runs)

    def ListScalars(self, request: Any, context: Any) -> Any:
        """Return what is known of series."""
        return _filled(messages.ListScalarsResponse(), self._provider.list_scalars(**_asked(request)), _told)

    def ListTensors(self, request: Any, context: Any) -> Any:
        """Return what is known of tensors."""
        return _filled(messages.ListTensorsResponse(), self._provider.list_tensors(**_asked(request)), _told)

    def ListBlobSequences(self, request: Any, context: Any) -> Any:
        """Return what is known of pictures."""
        found = self._provider.list_blob_sequences(**_asked(request))
        return _filled(messages.ListBlobSequencesResponse(), found, _told)

    def ReadScalars(self, request: Any, context: Any) -> Any:
        """Return the points of series."""

        def points(entry: Any, data: Any) -> None:
            _timed(entry.data, data)
            entry.data.value.extend(point.value for point in data)

        found = self._provider.read_scalars(**_asked(request), downsample=request.downsample.num_points)
        return _filled(messages.ReadScalarsResponse(), found, points)

    def ReadTensors(self, request: Any, context: Any) -> Any:
        """Return tensors."""

        def tensors(entry: Any, data: Any) -> None:
            _timed(entry.data, data)
            entry.data.value.extend(tensor_util.make_tensor_proto(datum.numpy) for datum in data)

        found = self._provider.read_tensors(**_asked(request), downsample=request.downsample.num_points)
        return _filled(messages.ReadTensorsResponse(), found, tensors)

    def ReadBlobSequences(self, request: Any, context: Any) -> Any:
        """Return the addresses of pictures."""

        def addresses(entry: Any, data: Any) -> None:
            _timed(entry.data, data)
            for datum in data:
                refs = [messages.BlobReference(blob_key=ref.blob_key) for ref in datum.values]
                entry.data.values.append(messages.BlobReferenceSequence(blob_refs=refs))

        found = self._provider.read_blob_sequences(**_asked(request), downsample=request.downsample.num_points)
        return _filled(messages.ReadBlobSequencesResponse(), found, addresses)

    def ReadBlob(self, request: Any, context: Any) -> Iterator[Any]:
        """Yield a picture in parts."""
        try:
            blob = self._provider.read_blob(blob_key=request.blob_key)
        except errors.NotFoundError as error:
            context.abort(grpc.StatusCode.NOT_FOUND, str(error))
        for start in range(0, len(blob), _PART):
            yield messages.ReadBlobResponse(data=blob[start : start + _PART])


def _asked(request: Any) -> dict[str, Any]:
    """Return what most calls name: the plugin, and which runs and tags."""
    wanted = request.run_tag_filter
    runs = set(wanted.runs.names) if wanted.HasField("runs") else None
    tags = set(wanted.tags.names) if wanted.HasField("tags") else None
    return {
        "experiment_id": request.experiment_id,
        "plugin_name": request.plugin_filter.plugin_name,
        "run_tag_filter": base.RunTagFilter(runs, tags),
    }


def _filled(response: Any, found: Any, fill: Callable[[Any, Any], None]) -> Any:
    """Return a response with an entry a run and tag."""
    for run, tags in found.items():
        entry = response.runs.add(run_name=run)
        for tag, value in tags.items():
            fill(entry.tags.add(tag_name=tag), value)
    return response


def _told(entry: Any, series: Any) -> None:
    """Put what is known of a series into its entry."""
    about = entry.metadata
    about.max_step, about.max_wall_time = series.max_step, series.max_wall_time
    if hasattr(series, "max_length"):
        about.max_length = series.max_length
    told = summary_pb2.SummaryMetadata(display_name=series.display_name, summary_description=series.description)
    told.plugin_data.content = series.plugin_content
    about.summary_metadata.CopyFrom(told)


def _timed(data: Any, points: Any) -> None:
    data.step.extend(point.step for point in points)
    data.wall_time.extend(point.wall_time for point in points)
