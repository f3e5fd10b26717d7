"""The notebooks run from top to bottom in a real kernel, and show what their saved outputs show.

``python -m tests.test_notebooks`` runs them and saves their outputs.
"""

from __future__ import annotations

import ast
import base64
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
import pytest
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient

import pipeline
from tests.common import accumulated, pixels

pytestmark = pytest.mark.slow

FOLDER = Path(__file__).parents[1] / "notebooks"
NAMES = ("a_sweep_compared", "convert_a_large_run", "explore_a_run")
WIDGET = "application/vnd.jupyter.widget-view+json"


def read(name: str) -> Any:
    return nbformat.read(FOLDER / f"{name}.ipynb", 4)


def run(notebook: Any) -> Any:
    """Run a notebook in a kernel of this Python, whichever others are installed."""
    specs = KernelSpecManager(kernel_dirs=[], ensure_native_kernel=True)
    kernel = AsyncKernelManager(kernel_name="python3", kernel_spec_manager=specs)
    NotebookClient(
        notebook, km=kernel, timeout=240, store_widget_state=False, record_timing=False, coalesce_streams=True
    ).execute(cleanup_kc=True)  # the kernel, too, ends with it
    return notebook


def outputs(notebook: Any) -> Iterator[Any]:
    for cell in notebook.cells:
        yield from cell.get("outputs", [])


def pictures(notebook: Any) -> list[bytes]:
    return [base64.b64decode(out.data["image/png"]) for out in outputs(notebook) if "image/png" in out.get("data", {})]


def kinds(notebook: Any) -> list[list[tuple[str, ...]]]:
    """Return, for each cell, what its outputs are made of; a saved widget would be an error message."""
    return [
        [(out.output_type, *sorted({*out.get("data", {})} - {WIDGET})) for out in cell.get("outputs", [])]
        for cell in notebook.cells
    ]


def text(notebook: Any) -> str:
    """Return all text that is shown, pictures left out."""
    found = [cell.source for cell in notebook.cells]
    for out in outputs(notebook):
        found += [out.get("text", ""), *(str(v) for key, v in out.get("data", {}).items() if key != "image/png")]
    return "\n".join(found)


@pytest.fixture(scope="module", params=NAMES)
def pair(request: pytest.FixtureRequest) -> tuple[str, Any, Any]:
    """A notebook's name, as it is saved, and as it is when it was just run."""
    return request.param, read(request.param), run(read(request.param))


def test_these_are_all() -> None:
    assert sorted(path.stem for path in FOLDER.iterdir() if path.suffix == ".ipynb") == sorted(NAMES)


def test_it_runs_and_shows_what_is_saved(pair: tuple[str, Any, Any]) -> None:
    _, saved, fresh = pair
    assert not [out for out in outputs(fresh) if out.output_type == "error" or out.get("name") == "stderr"]
    assert kinds(fresh) == kinds(saved)
    assert [cell.execution_count for cell in saved.cells if cell.cell_type == "code"] == list(
        range(1, 1 + sum(cell.cell_type == "code" for cell in saved.cells))
    )


@pytest.mark.parametrize("which", [1, 2], ids=["saved", "fresh"])
def test_its_pictures_show_something(pair: tuple[str, Any, Any], which: int) -> None:
    found = [pixels(png) for png in pictures(pair[which])]
    assert len(found) >= {"a_sweep_compared": 4, "convert_a_large_run": 1, "explore_a_run": 3}[pair[0]]
    for picture in found:
        assert min(picture.shape[:2]) >= 300
        assert 0.005 < (picture < 200).any(axis=2).mean() < 0.95
        assert len(np.unique(picture.reshape(-1, 3), axis=0)) >= 5


def test_what_is_saved_names_no_machine_and_is_small(pair: tuple[str, Any, Any]) -> None:
    name, saved, fresh = pair
    for notebook in (saved, fresh):
        assert not re.search(r"/(home|root|tmp|Users|var|private|work)/", text(notebook))
        assert tempfile.gettempdir() + "/" not in text(notebook)
    assert not any(WIDGET in out.get("data", {}) for out in outputs(saved))
    assert (FOLDER / f"{name}.ipynb").stat().st_size < 600_000


def test_it_uses_public_names_only(pair: tuple[str, Any, Any]) -> None:
    code = "\n".join(cell.source.replace(";", "") for cell in pair[1].cells if cell.cell_type == "code")
    used = {
        node.attr
        for node in ast.walk(ast.parse(code))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "pipeline"
    }
    assert used
    assert used <= set(pipeline.__all__)
    assert "from pipeline" not in code


def test_it_says_what_a_reader_is_to_see(pair: tuple[str, Any, Any]) -> None:
    name, _, fresh = pair
    expected = {
        "a_sweep_compared": ["E/drive", "15.0", "drive-15: 15 pictures of 1 heatmap", "<iframe"],
        "convert_a_large_run": [
            "dashboard: http://127.0.0.1:",
            "interrupted",
            "night [########################################] 100 %",
            "11 of 11 blocks were complete already",
            "images the same bytes",
            "scalars the same bytes",
        ],
        "explore_a_run": ["<table>", "30 frames, the same as in the preview: True", "kind: raster", "<iframe"],
    }
    for words in expected[name]:
        assert words in text(fresh), words


def test_an_interrupted_conversion_keeps_what_was_done(pair: tuple[str, Any, Any]) -> None:
    name, _, fresh = pair
    if name != "convert_a_large_run":
        return
    found = re.search(r"(\d+) of 11 blocks were complete already", text(fresh))
    assert found is not None
    assert 3 <= int(found[1]) < 11  # two of three variables, and what was done of the third


def test_what_it_previews_is_what_is_written(pair: tuple[str, Any, Any], tmp_path: Path) -> None:
    name, _, fresh = pair
    if name != "explore_a_run":
        return
    shown = pictures(fresh)[1:]  # the first is matplotlib's
    pipeline.simulate(tmp_path / "network", steps=3000, seed=1)
    [cell] = [cell.source for cell in fresh.cells if 'preview(kind="raster", **events)' in cell.source]
    raster = {"kind": "raster", **ast.literal_eval(cell[cell.index("{") : cell.index("}") + 1])}
    plots = [{"E/spiked": raster}, {"weights": {"kind": "heatmap", "step": 100}}]
    pipeline.convert(tmp_path / "network", tmp_path / "tb", plots, dt="1 ms")
    written = accumulated(tmp_path / "tb" / "network")
    assert shown[0] == written.Images("E/raster")[0].encoded_image_string
    assert shown[1] == written.Images("E--E/weights")[-1].encoded_image_string


def _save() -> None:
    for name in NAMES:
        notebook = run(read(name))
        notebook.metadata = {key: notebook.metadata[key] for key in ("kernelspec",)} | {
            "language_info": {"name": "python"}
        }
        for out in outputs(notebook):
            out.get("data", {}).pop(WIDGET, None)
        nbformat.write(notebook, FOLDER / f"{name}.ipynb")


if __name__ == "__main__":
    _save()
