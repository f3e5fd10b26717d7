"""Hyperparameters as TensorBoard's HPARAMS page reads them: one session a run, one experiment over all runs.

Source: ``tensorboard/plugins/hparams/plugin_data.proto`` and ``api.proto``. Without an experiment record the page makes
a metric of every scalar tag; with several it uses any one of them. So there is one, at the root.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from pipeline.writing.wire import events, frame

__all__ = [
    "HparamValue",
    "experiment_content",
    "experiment_events",
    "session_contents",
    "session_events",
    "session_values",
]

HparamValue = bool | float | str


def session_events(values: Mapping[str, HparamValue], group: str) -> bytes:
    """Return the framed events of one finished session.

    Parameters
    ----------
    values : mapping of str to bool, float or str
        One a column; a number that is not finite is shown as text.
    group : str
        The row's name; runs that share it are shown as repeats of one another.
    """
    return b"".join(_event(tag, content) for tag, content in session_contents(values, group).items())


def session_contents(values: Mapping[str, HparamValue], group: str) -> dict[str, bytes]:
    """Return what the page reads of one finished session, by tag."""
    from tensorboard.plugins.hparams import api_pb2, metadata, plugin_data_pb2

    start = plugin_data_pb2.SessionStartInfo(group_name=group, start_time_secs=0.0)
    for name in sorted(values):
        value = values[name]
        if isinstance(value, float) and not math.isfinite(value):  # the page's JSON has none, and fails whole
            start.hparams[name].string_value = str(value)
        elif isinstance(value, bool):
            start.hparams[name].bool_value = value
        elif isinstance(value, str):
            start.hparams[name].string_value = value
        else:
            start.hparams[name].number_value = float(value)
    end = plugin_data_pb2.SessionEndInfo(status=api_pb2.STATUS_SUCCESS, end_time_secs=0.0)
    return {
        metadata.SESSION_START_INFO_TAG: _content(plugin_data_pb2.HParamsPluginData(session_start_info=start)),
        metadata.SESSION_END_INFO_TAG: _content(plugin_data_pb2.HParamsPluginData(session_end_info=end)),
    }


def experiment_events(sessions: Sequence[Mapping[str, HparamValue]], metrics: Sequence[str]) -> bytes:
    """Return the framed event that lists the columns: the union of all sessions' hyperparameters, and `metrics` (tags).

    Notes
    -----
    A column's type is that of its values; where runs disagree, or only some have it, all are shown as they are.
    """
    from tensorboard.plugins.hparams import metadata

    return _event(metadata.EXPERIMENT_TAG, experiment_content(sessions, metrics))


def experiment_content(sessions: Sequence[Mapping[str, HparamValue]], metrics: Sequence[str]) -> bytes:
    """Return what the page reads of the columns of all sessions."""
    from tensorboard.plugins.hparams import api_pb2, plugin_data_pb2

    types = {bool: api_pb2.DATA_TYPE_BOOL, str: api_pb2.DATA_TYPE_STRING, float: api_pb2.DATA_TYPE_FLOAT64}
    experiment = api_pb2.Experiment(time_created_secs=0.0)
    for name in sorted({name for session in sessions for name in session}):
        kinds = {types[type(session[name])] for session in sessions if name in session}
        kind = kinds.pop() if len(kinds) == 1 else api_pb2.DATA_TYPE_UNSET
        experiment.hparam_infos.add(name=name, type=kind)
    for tag in metrics:
        experiment.metric_infos.add(name=api_pb2.MetricName(tag=tag))
    return _content(plugin_data_pb2.HParamsPluginData(experiment=experiment))


def session_values(data: bytes) -> dict[str, HparamValue]:
    """Return the hyperparameters in the bytes of an event file that `session_events` made, or an empty dict."""
    from tensorboard.plugins.hparams import metadata

    values: dict[str, HparamValue] = {}
    for event in events(data):
        for value in event.summary.value:
            if value.tag == metadata.SESSION_START_INFO_TAG:
                info = metadata.parse_session_start_info_plugin_data(value.metadata.plugin_data.content)
                values |= {name: getattr(item, item.WhichOneof("kind")) for name, item in info.hparams.items()}
    return values


def _content(data: object) -> bytes:
    from tensorboard.plugins.hparams import metadata, plugin_data_pb2

    whole = plugin_data_pb2.HParamsPluginData.FromString(metadata.create_summary_metadata(data).plugin_data.content)
    # A map has no order of its own, and gets another one in each process if it is not asked for.
    return bytes(whole.SerializeToString(deterministic=True))


def _event(tag: str, content: bytes) -> bytes:
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.proto.tensor_pb2 import TensorProto
    from tensorboard.compat.proto.types_pb2 import DT_FLOAT
    from tensorboard.plugins.hparams import metadata, plugin_data_pb2

    event = Event(wall_time=0.0, step=0)
    value = event.summary.value.add(
        tag=tag, metadata=metadata.create_summary_metadata(plugin_data_pb2.HParamsPluginData())
    )
    value.metadata.plugin_data.content = content
    value.tensor.CopyFrom(TensorProto(dtype=DT_FLOAT, float_val=[0.0]))
    return frame(event.SerializeToString(deterministic=True))
