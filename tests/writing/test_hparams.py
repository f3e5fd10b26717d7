from __future__ import annotations

import hashlib
import json
import math
import os
import subprocess
import sys
from typing import Any

import pytest
from google.protobuf import json_format
from tensorboard.plugins.hparams import api_pb2, metadata

from pipeline.writing.hparams import experiment_events, session_events, session_values
from pipeline.writing.wire import file_version
from tests.writing.reference import unframed

VALUES: dict[str, Any] = {"GC/tau": 2.5, "GC/on": True, "GC/rule": "STDP", "MC/n": 3.0, "MC/off": False}


def plugin_data(data: bytes) -> dict[str, Any]:
    return {value.tag: value.metadata.plugin_data.content for event in unframed(data) for value in event.summary.value}


def test_a_session_is_typed_and_finished() -> None:
    found = plugin_data(session_events(VALUES, "run 1"))
    start = metadata.parse_session_start_info_plugin_data(found[metadata.SESSION_START_INFO_TAG])
    assert start.group_name == "run 1"
    assert {name: item.WhichOneof("kind") for name, item in start.hparams.items()} == {
        "GC/tau": "number_value",
        "GC/on": "bool_value",
        "GC/rule": "string_value",
        "MC/n": "number_value",
        "MC/off": "bool_value",
    }
    end = metadata.parse_session_end_info_plugin_data(found[metadata.SESSION_END_INFO_TAG])
    assert end.status == api_pb2.STATUS_SUCCESS


_ANOTHER_PROCESS = """
import hashlib, json, sys
from pipeline.writing.hparams import experiment_events, session_events
values = dict(reversed(json.loads(sys.argv[1]).items()))
print(hashlib.sha256(session_events(values, "a") + experiment_events([values, {"z": 1.0}], ["m", "n"])).hexdigest())
"""


@pytest.mark.parametrize("seed", ["0", "1", "random"])
def test_the_same_values_are_the_same_bytes_in_any_order_and_process(seed: str) -> None:
    here = session_events(VALUES, "a") + experiment_events([VALUES, {"z": 1.0}], ["m", "n"])
    words = [sys.executable, "-c", _ANOTHER_PROCESS, json.dumps(VALUES)]
    environment = os.environ | {"PYTHONHASHSEED": seed}  # in which sets have another order
    there = subprocess.run(words, capture_output=True, text=True, check=True, env=environment).stdout.strip()
    assert hashlib.sha256(here).hexdigest() == there


def test_values_are_read_back() -> None:
    assert session_values(file_version() + session_events(VALUES, "a")) == VALUES
    assert session_values(b"") == {}
    assert session_values(file_version()) == {}


def test_numbers_that_are_not_finite_are_shown_as_text() -> None:
    given = {"a": math.nan, "b": math.inf, "c": -math.inf, "d": 1.0}
    data = session_events(given, "run")
    assert session_values(data) == {"a": "nan", "b": "inf", "c": "-inf", "d": 1.0}
    start = metadata.parse_session_start_info_plugin_data(plugin_data(data)[metadata.SESSION_START_INFO_TAG])
    json_format.MessageToJson(start)  # as the HPARAMS page asks for it; of an infinite number it fails


def test_an_experiment_lists_the_union_of_columns_and_the_metrics() -> None:
    (content,) = plugin_data(experiment_events([VALUES, {"GC/tau": "unknown", "only": 1.0}], ["GC/N0/v"])).values()
    experiment = metadata.parse_experiment_plugin_data(content)
    types = {info.name: info.type for info in experiment.hparam_infos}
    assert types == {
        "GC/tau": api_pb2.DATA_TYPE_UNSET,  # a number in one run, text in another
        "GC/on": api_pb2.DATA_TYPE_BOOL,
        "GC/rule": api_pb2.DATA_TYPE_STRING,
        "MC/n": api_pb2.DATA_TYPE_FLOAT64,
        "MC/off": api_pb2.DATA_TYPE_BOOL,
        "only": api_pb2.DATA_TYPE_FLOAT64,
    }
    assert [info.name.tag for info in experiment.metric_infos] == ["GC/N0/v"]
