"""What is shown as an example works when it is pasted: in docstrings, and in CONTRIBUTING."""

from __future__ import annotations

import doctest
import importlib
import inspect
import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import h5py
import numpy as np
import pytest

import pipeline
from pipeline.errors import SettingError
from pipeline.opening.layouts import registry as layouts
from pipeline.rendering import registry as plots
from pipeline.testing import check_layout, check_plot
from tests.common import accumulated
from tests.test_architecture import MODULES

CONTRIBUTING = Path(__file__).parents[1] / "CONTRIBUTING.md"


@pytest.mark.parametrize("name", [name for name in MODULES if not name.endswith("__main__")])
def test_examples_in_docstrings(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    failed, _ = doctest.testmod(importlib.import_module(name.removesuffix(".__init__")))
    assert not failed


def test_there_are_examples_of_what_people_call() -> None:
    missing = []
    for name in pipeline.__all__:
        found = getattr(pipeline, name)
        if inspect.isroutine(found) and "Examples\n--------" not in (inspect.getdoc(found) or ""):
            missing.append(name)
    assert not missing


def shown(after: str) -> dict[str, Any]:
    """Run the first block of Python below a heading of CONTRIBUTING, and return what it defines."""
    text = CONTRIBUTING.read_text().partition(after)[2]
    code = re.search(r"```python\n(.*?)```", text, re.DOTALL)
    assert code, after
    assert code[1].count("\n") <= 40
    module = sys.modules["shown"] = ModuleType("shown")  # where a pickle finds what it defines
    exec(code[1], module.__dict__)
    return module.__dict__


def test_the_plot_in_contributing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mean = shown("## A kind of plot")["Mean"]
    values = np.random.default_rng(0).normal(size=(40, 5)).astype(np.float32)
    check_plot(mean(step=3), values)
    with pytest.raises(SettingError, match=r"a mean needs the dimensions \(time, unit\)"):
        check_plot(mean(), values[:, 0])

    monkeypatch.setattr(plots, "PLOTS", (*plots.PLOTS, mean))
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["x"] = values
        file["x"].dims[0].label = "time"
    pipeline.convert(tmp_path / "a.h5", tmp_path / "tb", [{"x": {"kind": "mean", "step": 3}}])
    points = accumulated(tmp_path / "tb" / "a").Scalars("a/mean/x")
    assert [point.step for point in points] == list(range(0, 40, 3))
    np.testing.assert_allclose([point.value for point in points], values[::3].mean(axis=1), rtol=1e-5)


def test_the_layout_in_contributing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    camera = shown("## A layout")["Camera"]()
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.attrs["camera"] = "left"
        file["frames"] = np.zeros((6, 3, 4))
        file["stamps"] = np.arange(6) * 0.5
        file["stamps"].attrs["units"] = "s"
    check_layout(camera, tmp_path / "a.h5")
    monkeypatch.setattr(layouts, "LAYOUTS", (camera, *layouts.LAYOUTS))
    run = pipeline.open_run(tmp_path / "a.h5")
    assert run["left"].frames.dims == ("time", "row", "column")
    assert run["left"].frames.time.attrs["units"] == "s"


class Wrong:
    """Breaks one promise of a plot or of a layout at a time."""


def test_a_plot_that_breaks_a_promise_is_told() -> None:
    mean = shown("## A kind of plot")["Mean"]
    values = np.random.default_rng(0).normal(size=(40, 5)).astype(np.float32)

    def two_alike(self: Any, signal: Any) -> Any:
        return mean.series(self, signal) * 2

    def in_bulk(self: Any, signal: Any, series: Any, steps: range, block: Any, summary: Any) -> Any:
        yield mean.draw(self, signal, series[0], steps[0], block, summary)

    for name, function, said in (
        ("series", two_alike, "two series have one tag"),
        ("records", in_bulk, "another picture|not as in bulk"),
    ):
        wrong = type("Wrong", (mean,), {name: function, "__module__": __name__})
        globals()["Wrong"] = wrong
        with pytest.raises(AssertionError, match=said):
            check_plot(wrong(), values)


def test_a_layout_that_breaks_a_promise_is_told(tmp_path: Path) -> None:
    camera = shown("## A layout")["Camera"]()
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["frames"] = np.zeros((6, 3, 4))
    with pytest.raises(AssertionError, match="does not recognise"):
        check_layout(camera, tmp_path / "other.h5")
    with h5py.File(tmp_path / "flat.h5", "w") as file:
        file.attrs["camera"] = "left"
        file["frames"] = np.zeros((6, 3))
    with pytest.raises(AssertionError, match="3 dimensions, and it has 2"):
        check_layout(camera, tmp_path / "flat.h5")
