"""What may be given is shown where it is asked for: in signatures, in help, and by the tab key."""

from __future__ import annotations

import inspect
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

import pipeline
from pipeline.notebook.plan import RunPlan
from pipeline.rendering.registry import PLOTS

NAMES = {field.name for cls in PLOTS for field in fields(cls)} | {"kind", "format"}


def paragraphs(function: Any) -> dict[str, str]:
    """Return what the help says of each setting, by its name."""
    _, _, section = inspect.getdoc(function).partition("Settings\n--------\n")
    found: dict[str, str] = {}
    for line in section.splitlines():
        if not line.startswith(" "):
            name = line.partition(" :")[0]
        found[name] = f"{found.get(name, '')} {line.strip()}".strip()
    return found


def test_every_setting_of_every_kind_is_in_the_signature_with_its_default_and_meaning() -> None:
    parameters = inspect.signature(pipeline.preview).parameters
    assert set(parameters) == NAMES | {"source"}
    told = paragraphs(pipeline.preview)
    assert set(told) == NAMES
    for cls in PLOTS:
        for field in fields(cls):
            shown = parameters[field.name]
            assert str(field.type) in told[field.name] or " | " in str(shown.annotation)
            assert shown.default == field.default or repr(shown.default) == "<by kind>"
            assert repr(field.default) in told[field.name]
            assert len(told[field.name].split(f"default {field.default!r}")[-1]) > 20, f"{field.name} is not explained"


def test_what_differs_by_kind_says_so() -> None:
    told = paragraphs(pipeline.preview)
    assert told["step"].startswith(
        "step : int, default 1, 100 (heatmap, histogram) Every `step`-th time step is used, from 0."
    )
    assert "raster: Without effect" in told["step"]
    assert told["size"].startswith(
        "size : tuple[float, float], default (15.0, 10.0), (10.0, 5.0) (trace, histogram, band)"
    )
    assert told["points"].startswith("points : int | None, default None band: At most so many")
    assert "trace (scalar): At most so many" in told["points"]
    assert "of trace image or scalar" in told["format"]


def test_methods_have_the_same_help_without_what_they_are_called_on(network: Path) -> None:
    run = pipeline.open_run(network)
    method = run["GC"].voltage.hdf2tb.preview
    assert set(inspect.signature(method).parameters) == NAMES
    assert inspect.getdoc(method) == inspect.getdoc(pipeline.preview)
    assert list(inspect.signature(run.hdf2tb.plan).parameters) == ["plots", "dt"]
    assert set(inspect.signature(RunPlan.with_settings).parameters) == NAMES | {"self", "name"}


def test_plans_are_converted_with_the_settings_of_convert() -> None:
    own = inspect.signature(RunPlan.convert).parameters
    others = inspect.signature(pipeline.convert).parameters
    assert set(own) - {"self"} == {"logdir", "progress", "workers", "scheduler", "memory", "metrics", "restart", "wait"}
    assert {name: own[name].default for name in own if name not in ("self", "progress")} == {
        name: others[name].default for name in own if name not in ("self", "progress")
    }


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("array.hdf2tb.", "preview"),
        ("run.hdf2tb.", "plan"),
        ("array.hdf2tb.preview(lim", "limits="),
        ("plan.with_settings('voltage', po", "points="),
        ('run["', "GC"),
    ],
)
def test_the_tab_key_offers_it(typed: str, offered: str, network: Path) -> None:
    from IPython.core.completer import IPCompleter, provisionalcompleter

    run = pipeline.open_run(network)
    plan = pipeline.plan(run)
    completer = IPCompleter(namespace={"run": run, "array": run["GC"].voltage, "plan": plan}, global_namespace={})
    with provisionalcompleter():
        assert offered in [found.text for found in completer.completions(typed, len(typed))]
