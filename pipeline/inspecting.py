"""What a run holds, as text: nothing is read but attributes and shapes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import numpy as np
import xarray as xr

from pipeline.errors import PipelineError
from pipeline.opening import open_run
from pipeline.opening.stored import open_file
from pipeline.words import size_text, table

__all__ = ["describe"]


def describe(source: str | os.PathLike[str], dt: str | None, failed: list[str]) -> Iterator[str]:
    """Yield the lines that describe a run; add to `failed` a line for each file that cannot be opened."""
    try:
        run = open_run(source, dt=dt, on_error=lambda error: failed.append(str(error)))
    except PipelineError as error:
        failed.append(str(error))
        return
    yield f"run {run.name}  ({source})"
    for node in run.subtree:
        if node is not run:
            yield from _node(node)


def _node(node: xr.DataTree) -> Iterator[str]:
    indent = "  " * (node.level - 1)
    time = node.coords.get("time")
    yield ""
    yield f"{indent}{node.path.lstrip('/')}{'' if time is None else f'  {_span(time)}'}"
    if node.data_vars:
        rows: list[tuple[str, ...]] = [("variable", "shape", "type", "chunks", "compression", "size", "stored")]
        rows += [_variable(str(name), array) for name, array in node.data_vars.items()]
        yield "\n".join(indent + line for line in table(rows).splitlines())
    for name, why in node.encoding.get("left_out", {}).items():
        yield f"{indent}  {name}: {why}, not drawn"
    if node.attrs:
        yield f"{indent}  settings"
        for name, value in node.attrs.items():
            yield f"{indent}    {name}: {_setting(value)}"


def _span(time: xr.DataArray) -> str:
    unit = str(time.attrs.get("units", ""))
    count = time.sizes["time"]
    index = time.xindexes.get("time")
    if unit == "step" or index is None or not hasattr(index, "step"):
        return f"{count:,} steps" + ("" if unit == "step" else f", times in {unit}")
    return f"{count:,} steps of {index.step:g} {unit}, {index.step * count:g} {unit} in all"


def _variable(name: str, array: xr.DataArray) -> tuple[str, ...]:
    encoding = array.encoding
    shape = ", ".join(f"{dim}={size}" for dim, size in array.sizes.items()) or "one value"
    chunks = "x".join(map(str, encoding.get("chunksizes") or ())) or "-"
    with open_file(encoding["source"]) as file:
        stored = file[encoding["dataset"]].id.get_storage_size()
    compression = str(encoding.get("compression") or "-")
    return name, shape, str(array.dtype), chunks, compression, size_text(array.nbytes), size_text(stored)


def _setting(value: Any) -> str:
    if isinstance(value, np.ndarray):
        if value.dtype.kind in "iuf" and value.size > 4:
            finite = value[np.isfinite(value)].astype(np.float64)
            if not finite.size:
                return f"{value.size} values, none finite"
            return f"{value.size} values, {finite.min():.4g} to {finite.max():.4g}, mean {finite.mean():.4g}"
        return " ".join(str(value).split())
    text = " ".join(str(value).split())
    return text if len(text) <= 80 else f"{text[:77]}…"
