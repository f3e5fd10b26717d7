"""An opened run says what it holds, and shows itself open."""

from __future__ import annotations

import pickle
import re
from pathlib import Path

import h5py
import numpy as np
import pytest
import xarray as xr

import pipeline
from pipeline.opening.run import Run

MISSING = {
    "component": ("GX", "calm holds no 'GX': it holds GC--MC, GC, MC; did you mean 'GC'?"),
    "variable": ("GC/volt", "GC holds no 'volt': it holds spiked, voltage; did you mean 'voltage'?"),
    "below": ("nothing/there", "calm holds no 'nothing': it holds GC--MC, GC, MC"),
}


@pytest.mark.parametrize(("path", "message"), MISSING.values(), ids=MISSING)
def test_what_is_not_there_is_an_error_that_lists_what_is(network: Path, path: str, message: str) -> None:
    run = pipeline.open_run(network)
    with pytest.raises(KeyError) as caught:
        run[path]
    assert caught.value.args == (message,)


def test_a_part_of_a_run_lists_its_own(network: Path) -> None:
    with pytest.raises(KeyError, match="MC holds no 'weights': it holds spiked, voltage"):
        pipeline.open_run(network)["MC"]["weights"]


def test_it_stays_one_when_it_is_pickled_or_selected(network: Path) -> None:
    run = pipeline.open_run(network, dt="2 ms")
    for other in (pickle.loads(pickle.dumps(run)), run.copy(), run.isel(time=slice(10))):
        assert isinstance(other, xr.DataTree)
        assert list(other.children) == list(run.children)
    assert type(pickle.loads(pickle.dumps(run))) is Run


def test_a_notebook_shows_it_open_to_the_first_level(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        for part in range(6):
            for name in range(6):
                file[f"part{part}/inner/v{name}"] = np.zeros((10, 2))
                file[f"part{part}/v{name}"] = np.zeros((10, 2))
    with pytest.warns(pipeline.TimeAxisWarning):
        run = pipeline.open_run(tmp_path / "a.h5")
    html = run["a"]._repr_html_()
    groups = re.findall(r"<input id='group-[^']*' type='checkbox'( checked)? />.*?/a/([^<]*)<", html, re.DOTALL)
    folded = {name: bool(checked) for checked, name in groups}
    assert [folded[f"part{part}"] for part in range(6)] == [False] * 6
    assert folded["part5/inner"]
    assert "xarray.DataTree" in html
    assert repr(run).startswith("<xarray.DataTree 'a'>")


def test_options_of_the_user_go_before(network: Path) -> None:
    run = pipeline.open_run(network)
    with xr.set_options(display_style="text"):
        assert run._repr_html_().startswith("<pre>&lt;xarray.DataTree")
    with xr.set_options(display_expand_attrs=True):
        assert run._repr_html_() != (shown := run._repr_html_())
        opened = shown.count("checked")
    assert run._repr_html_().count("checked") < opened


def test_what_is_worked_out_from_an_array_knows_whose_it_is(network: Path) -> None:
    run = pipeline.open_run(network)
    weights = run["GC--MC"].weights
    assert weights.attrs["origin"] == "GC--MC/weights"
    assert abs(weights).mean("time").attrs["origin"] == "GC--MC/weights"
    both = run["GC"].voltage.isel(unit=0) - run["MC"].voltage.isel(unit=0)
    assert "origin" not in both.attrs
