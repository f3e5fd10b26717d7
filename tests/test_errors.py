"""The tree of errors is the one that is drawn, and errors travel between processes."""

from __future__ import annotations

import pickle
import re

import pytest

from pipeline import errors
from pipeline.errors import ConversionError, OutputError, PipelineError, SettingError, SourceError, nearest
from pipeline.running.report import Report, RunReport


def test_the_tree_that_is_drawn_is_the_tree_there_is() -> None:
    drawn = set(re.findall(r"[├└]── (\w+)", errors.__doc__ or ""))
    assert drawn == {found.__name__ for found in PipelineError.__subclasses__()}
    assert set(errors.__all__) == drawn | {
        "Interrupted",
        "PipelineError",
        "LayoutWarning",
        "TimeAxisWarning",
        "nearest",
        "unwritable",
    }


@pytest.mark.parametrize(
    ("error", "base"),
    [(SettingError, ValueError), (SourceError, OSError), (OutputError, OSError), (ConversionError, PipelineError)],
)
def test_errors_are_also_python_s_own(error: type, base: type) -> None:
    assert issubclass(error, base)
    assert issubclass(error, PipelineError)


@pytest.mark.parametrize("error", [SettingError, SourceError, OutputError, PipelineError])
def test_errors_travel_between_processes(error: type) -> None:
    found = pickle.loads(pickle.dumps(error("a.h5: not an HDF5 file")))
    assert type(found) is error
    assert str(found) == "a.h5: not an HDF5 file"


def test_a_conversion_error_says_all_problems_and_keeps_the_report() -> None:
    report = Report("tb", (RunReport("a", "tb/a", problems=("a/x: empty",)),), ("b.h5: no such file",))
    error = ConversionError(report)
    assert str(error) == "b.h5: no such file; a/x: empty"
    found = pickle.loads(pickle.dumps(error))
    assert found.report == report
    assert str(found) == str(error)


@pytest.mark.parametrize(
    ("word", "hint"),
    [
        ("voltge", "; did you mean 'voltage'?"),
        ("weight", "; did you mean 'weights'?"),
        ("zzz", ""),
        ("", ""),
    ],
)
def test_the_nearest_name_is_suggested(word: str, hint: str) -> None:
    assert nearest(word, ["spiked", "voltage", "weights"]) == hint
    assert nearest(word, iter(())) == ""
