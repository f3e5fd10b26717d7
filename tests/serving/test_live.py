"""What there is to show is looked up when a file has changed, and only then."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.errors import SourceError
from pipeline.planning.config import parse_plots
from pipeline.planning.sources import plan_sources
from pipeline.running.store import Store
from pipeline.serving import live
from pipeline.serving.live import Live
from pipeline.serving.page.dense import Dense
from pipeline.serving.page.variables import listed
from pipeline.serving.page.view import Look
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


def weights(path: Path, values: np.ndarray) -> None:
    write_component(path, "GC", {"weights": values})


def addresses(found: Live) -> dict[int, str]:
    entry = found.catalogue().entries["GC"]["images", "GC/weights"]
    return {step: f"{entry.token}.{entry.address(step)}" for step, _ in entry.steps(1000)}


@pytest.mark.parametrize("limits", ["frame", (-1, 1), "shown"])
def test_pictures_of_old_steps_stay_when_a_file_grows(path: Path, limits: Any) -> None:
    plots = parse_plots([{"weights": {"kind": "heatmap", "step": 1, "limits": limits}}])
    values = np.random.default_rng(0).uniform(-1, 1, (9, 3, 3)).astype("f4")
    values[0, 0, :2] = -1, 1  # so that later steps change no limits
    weights(path, values[:5])
    found = Live(plan_sources(path, plots)[0], lambda: plan_sources(path, plots)[0])
    before = addresses(found)
    weights(path, values)
    after = addresses(found)
    assert list(after) == list(range(9))
    assert {step: after[step] for step in before} == before
    weights(path, np.concatenate([values, values[:1] * 7]))  # wider limits
    assert (addresses(found)[0] == before[0]) == (limits != "shown")
    weights(path, -values)  # another run in its place
    assert not set(addresses(found).values()) & set(after.values())


def test_a_window_that_was_not_full_is_another_picture_when_it_is(path: Path) -> None:
    plots = parse_plots([{"spiked": {"kind": "raster", "window": 4}}])
    values = (np.arange(40).reshape(10, 4) % 3 == 0).astype("f4")

    def shown() -> dict[int, str]:
        entry = found.catalogue().entries["GC"]["images", "GC/raster"]
        return {step: entry.address(step) for step, _ in entry.steps(10)}

    write_component(path, "GC", {"spiked": values[:6]})
    found = Live(plan_sources(path, plots)[0], lambda: plan_sources(path, plots)[0])
    before = shown()
    write_component(path, "GC", {"spiked": values})
    after = shown()
    assert after[0] == before[0]
    assert after[4] != before[4]


def test_a_page_that_grows_reads_the_new_steps_alone(path: Path, tmp_path: Path) -> None:
    values = np.random.default_rng(0).normal(size=(5000, 2)).astype("f4")
    write_component(path, "GC", {"voltage": values[:3000]})
    found = Live(plan_sources(path)[0], lambda: plan_sources(path)[0])
    closing, store = threading.Event(), Store(tmp_path / "kept")
    (first,) = listed(found.catalogue().jobs, store, closing, {}).values()
    assert first.opened.view(Look(columns=10)).extent[1] == 3000
    write_component(path, "GC", {"voltage": values})
    (second,) = listed(found.catalogue().jobs, store, closing, {first.id: first}).values()
    assert isinstance(second.opened, Dense)
    assert [*second.opened._pyramid.missing(0, 5000)] == [(2976, 5000)]
    view = second.opened.view(Look(columns=10))
    assert view.extent[1] == 5000
    np.testing.assert_array_equal(view.highs[0], values[: int(view.each)].max(axis=0))
    write_component(path, "GC", {"voltage": -values})
    (third,) = listed(found.catalogue().jobs, store, closing, {second.id: second}).values()
    assert isinstance(third.opened, Dense)
    assert [*third.opened._pyramid.missing(0, 5000)] == [(0, 5000)]


def test_what_was_read_is_kept_while_nobody_looks_at_a_file_that_grows(path: Path, tmp_path: Path) -> None:
    values = np.random.default_rng(0).normal(size=(5000, 2)).astype("f4")
    write_component(path, "GC", {"voltage": values[:3000]})
    found = Live(plan_sources(path)[0], lambda: plan_sources(path)[0])
    closing, store = threading.Event(), Store(tmp_path / "kept")
    known = listed(found.catalogue().jobs, store, closing, {})
    (variable,) = known.values()
    variable.opened.view(Look(columns=10))
    for length in (3500, 4000, 5000):
        write_component(path, "GC", {"voltage": values[:length]})
        known = listed(found.catalogue().jobs, store, closing, known)
    (variable,) = known.values()
    assert isinstance(variable.opened, Dense)
    assert [*variable.opened._pyramid.missing(0, 5000)] == [(2976, 5000)]
