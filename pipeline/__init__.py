"""hdf2tb: HDF5 time series in TensorBoard, lazily.

::

    run = open_run("run/")                 # opening: HDF5 datasets as lazy xarray arrays with a named time axis
    plan(run, plots)                       # what is drawn of it, before anything is read; change it, preview() it
    convert(run, "tb/", plots)             # slicing and rendering in parallel, one writer
    # tensorboard --logdir tb/             # or: hdf2tb view tb/
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from pipeline.version import __version__

if TYPE_CHECKING:
    from pipeline.compat import HDFData, TensorboardWriter
    from pipeline.demo import simulate
    from pipeline.errors import (
        ConversionError,
        LayoutWarning,
        OutputError,
        PipelineError,
        SettingError,
        SourceError,
        TimeAxisWarning,
    )
    from pipeline.notebook.gallery import Preview
    from pipeline.notebook.plan import plan
    from pipeline.notebook.preview import preview
    from pipeline.opening import open_run
    from pipeline.planning.match import plan_run
    from pipeline.planning.plan import Plan
    from pipeline.running.convert import convert
    from pipeline.running.progress import Progress
    from pipeline.running.report import Report
    from pipeline.serving.notebook import serve, tensorboard

__all__ = [
    "ConversionError",
    "HDFData",
    "LayoutWarning",
    "OutputError",
    "PipelineError",
    "Plan",
    "Preview",
    "Progress",
    "Report",
    "SettingError",
    "SourceError",
    "TensorboardWriter",
    "TimeAxisWarning",
    "__version__",
    "convert",
    "open_run",
    "plan",
    "plan_run",
    "preview",
    "serve",
    "simulate",
    "tensorboard",
]

_HOMES = {
    "HDFData": "compat",
    "Plan": "planning.plan",
    "Preview": "notebook.gallery",
    "Progress": "running.progress",
    "Report": "running.report",
    "TensorboardWriter": "compat",
    "convert": "running.convert",
    "open_run": "opening",
    "plan": "notebook.plan",
    "plan_run": "planning.match",
    "preview": "notebook.preview",
    "serve": "serving.notebook",
    "simulate": "demo",
    "tensorboard": "serving.notebook",
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'pipeline' has no attribute '{name}'")
    if name == "open_run":  # what it opens has `.hdf2tb`
        importlib.import_module("pipeline.notebook.accessor").register()
    return getattr(importlib.import_module(f"pipeline.{_HOMES.get(name, 'errors')}"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
