"""What there is to show is looked up when a file has changed, and only then."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.errors import SourceError
from pipeline.planning.sources import plan_sources
from pipeline.serving import live
from pipeline.serving.live import Live
from tests.common import write_component


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(live, "_PAUSE", 0.0)
    return write_component(tmp_path / "GC.h5", "GC", {"voltage": np.zeros((5, 2), "f4")})


def test_a_file_that_is_as_it_was_is_not_opened_again(path: Path) -> None:
    opened: list[Any] = []
    found = Live(plan_sources(path)[0], lambda: opened.append(1) or plan_sources(path)[0])
    first = found.catalogue()
    assert found.catalogue() is first
    assert opened == []
    write_component(path, "GC", {"voltage": np.zeros((9, 2), "f4")})
    assert found.catalogue() is not first
    assert found.catalogue().entries["GC"]["scalars", "GC/N0/voltage"].series.steps == range(9)


def test_a_file_that_cannot_be_opened_at_the_moment_is_as_it_was(path: Path) -> None:
    def planned() -> Any:
        raise SourceError("it is being written")

    found = Live(plan_sources(path)[0], planned)
    first = found.catalogue()
    write_component(path, "GC", {"voltage": np.zeros((9, 2), "f4")})
    assert found.catalogue() is first


def test_a_name_in_an_address_stays_as_long_as_what_it_shows(path: Path, tmp_path: Path) -> None:
    other = write_component(tmp_path / "B.h5", "B", {"voltage": np.zeros((5, 2), "f4")})
    found = Live(plan_sources([path, other])[0], lambda: plan_sources([path, other])[0])
    before = {(run, tag): entry.token for run, tags in found.catalogue().entries.items() for tag, entry in tags.items()}
    write_component(path, "GC", {"voltage": np.ones((5, 2), "f4")})
    after = {(run, tag): entry.token for run, tags in found.catalogue().entries.items() for tag, entry in tags.items()}
    assert before.keys() == after.keys()
    assert {run for (run, _), token in before.items() if after[run, _] == token} == {"B"}
    assert all(found.entry(token) is not None for token in before.values())
    assert found.entry("forged") is None
