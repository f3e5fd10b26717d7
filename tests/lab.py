"""A real JupyterLab, driven by a real browser."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from nbformat.v4 import new_code_cell, new_notebook

from tests.conftest import eventually

__all__ = ["Lab", "Notebook", "running_lab"]

_FLAGS = [
    "--no-browser",
    "--allow-root",
    "--ServerApp.port=0",
    "--IdentityProvider.token=",
    "--LabApp.expose_app_in_browser=True",  # commands are given by their names, whatever menus look like
    "--LabApp.news_url=",
    "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
]


@dataclass
class Lab:
    """A running JupyterLab, and the folder that it shows."""

    url: str
    folder: Path
    process: subprocess.Popen[bytes]

    def write(self, name: str, *cells: str) -> str:
        """Write a notebook of some cells of code, and return its name."""
        spec = {"name": "python3", "display_name": "Python 3", "language": "python"}
        notebook = new_notebook(cells=[new_code_cell(cell) for cell in cells], metadata={"kernelspec": spec})
        nbformat.write(notebook, self.folder / name)
        return name


@contextmanager
def running_lab(folder: Path, home: Path) -> Iterator[Lab]:
    """Run JupyterLab for a folder, with settings of its own, until the block ends."""
    names = ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR")
    environment = os.environ | {name: str(home / name.lower()) for name in names} | {"NO_PROXY": "*"}
    settings = home / "jupyter_config_dir" / "lab" / "user-settings" / "@jupyterlab" / "apputils-extension"
    settings.mkdir(parents=True)
    (settings / "notification.jupyterlab-settings").write_text('{"fetchNews": "false"}')
    command = [sys.executable, "-m", "jupyterlab", *_FLAGS, f"--ServerApp.root_dir={folder}"]
    with (home / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env=environment, cwd=folder)
    try:
        runtime = home / "jupyter_runtime_dir"
        [told] = eventually(process, lambda: list(runtime.glob("jpserver-*.json")))
        yield Lab(json.loads(told.read_text())["url"], folder, process)
    finally:
        process.terminate()
        process.wait()


class Notebook:
    """A notebook that is open in a page.

    Parameters
    ----------
    page : playwright.sync_api.Page
    lab : Lab
    name : str
    """

    def __init__(self, page: Any, lab: Lab, name: str) -> None:
        self.page, self.lab, self.name = page, lab, name
        self.open()

    def open(self) -> None:
        """Open it, or open it again."""
        self.page.goto(f"{self.lab.url}lab/tree/{self.name}?reset")
        self.page.locator(".jp-Notebook .jp-Cell").first.wait_for()
        self.page.wait_for_function(f"jupyterapp.shell.currentWidget?.context?.path == {self.name!r}")
        self.page.evaluate("jupyterapp.shell.currentWidget.context.ready")

    def command(self, name: str) -> None:
        """Give a command of JupyterLab, without waiting for its end."""
        self.page.evaluate("name => { jupyterapp.commands.execute(name) }", name)

    def run_all(self) -> None:
        """Run all cells, and wait until they have run."""
        self.kernel_is("idle")
        self.page.evaluate("jupyterapp.commands.execute('notebook:run-all-cells')")

    def kernel_is(self, status: str) -> None:
        """Wait until the kernel has a status, such as ``idle``."""
        self.page.wait_for_function(f"{_KERNEL}?.status == '{status}'")

    def interrupt(self) -> None:
        """Press the stop button."""
        self.page.evaluate(f"{_KERNEL}.interrupt()")

    def save(self) -> None:
        """Save it."""
        self.page.evaluate("jupyterapp.shell.currentWidget.context.save()")

    def shut_down(self) -> None:
        """End its kernel."""
        self.page.evaluate("jupyterapp.shell.currentWidget.sessionContext.shutdown()")

    def outputs(self, cell: int) -> Any:
        """Return the place of a cell's outputs."""
        return self.page.locator(".jp-Notebook .jp-Cell").nth(cell).locator(".jp-OutputArea-child")

    def until(self, expression: str, argument: Any = None) -> None:
        """Wait until an expression of JavaScript is true."""
        self.page.wait_for_function(expression, arg=argument)


_KERNEL = "jupyterapp.shell.currentWidget.sessionContext.session?.kernel"
