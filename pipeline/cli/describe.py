"""The facts of a run as a tree for people."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from pipeline.cli.facts import ComponentFacts, RunFacts, TimeFacts, VariableFacts
from pipeline.tables import columns, plain
from pipeline.units import listed, size_text

__all__ = ["tree"]

_HEAD = ("variable", "shape", "type", "size", "stored", "ratio", "chunks", "compression", "drawn unless you choose")
#: Variables whose time is known in one way, by their names.
_NAMED = 8
#: Colours of the columns: name, and what is drawn; the ways of storage faint.
_STYLES = ("cyan", "", "", "", "", "", "dim", "dim", "green")


def tree(run: RunFacts) -> Any:
    """Return a `rich.tree.Tree` that describes a run: a branch a component, and in it a branch a group."""
    from rich.console import Group
    from rich.text import Text
    from rich.tree import Tree

    ratio = f" ({_ratio(run.bytes, run.stored_bytes)})" if run.stored_bytes else ""
    head = Text.assemble("run ", (plain(run.name), "bold"), "  ", (f"({run.source})", "dim"))
    size = Text(f"{size_text(run.bytes)} of values, {size_text(run.stored_bytes)} stored{ratio}")
    root = Tree(Group(head, size, *(Text(plain(f"note: {note}")) for note in run.notes)))
    branches = {"": root}
    for component in run.components:
        span = "" if component.time is None else f"  {_span(component.time)}"
        layout = f"  ({component.layout})" if component.layout else ""
        label = Group(Text.assemble((plain(component.name), "bold"), span, (layout, "dim")), *_body(component))
        branches[component.name] = branches.get(component.name.rpartition("/")[0], root).add(label)
    return root


def _body(component: ComponentFacts) -> Iterator[Any]:
    from rich.text import Text

    if component.variables:
        yield columns(_HEAD, map(_row, component.variables), _STYLES)
    for why in dict.fromkeys(variable.why for variable in component.variables if variable.why):
        names = [variable.name for variable in component.variables if variable.why == why]
        yield Text(plain(f"time of {listed(names, _NAMED)}: {why}"), "dim")
    for note in component.notes:
        yield Text(plain(f"note: {note}"))
    for name, why in component.left_out.items():
        yield Text(plain(f"{name}: {why}, not drawn"))
    if component.settings:
        yield Text("settings", "dim")
        for name, value in component.settings.items():
            yield Text(plain(f"  {name}: {_setting(value)}"))


def _row(variable: VariableFacts) -> tuple[str, ...]:
    return (
        f"{variable.name} ({variable.unit})" if variable.unit else variable.name,
        ", ".join(f"{dim}={size}" for dim, size in zip(variable.dims, variable.shape, strict=True)) or "one value",
        variable.dtype,
        size_text(variable.bytes),
        size_text(variable.stored_bytes),
        _ratio(variable.bytes, variable.stored_bytes) if variable.compression and variable.stored_bytes else "-",
        "x".join(map(str, variable.chunks or ())) or "-",
        variable.compression or "-",
        "; ".join(f"{plot.kind}: {plot.writes}" for plot in variable.plots) or "-",
    )


def _ratio(size: int, stored: int) -> str:
    return f"{size / stored:.3g}x"


def _span(time: TimeFacts) -> str:
    if time.unit == "step" or time.step is None:
        times = f", times in {time.unit}" if time.unit else ", times without a unit"
        return f"{time.steps:,} steps" + ("" if time.unit == "step" else times)
    start = f", from {time.start:g} {time.unit}" if time.start else ""
    return f"{time.steps:,} steps of {time.step:g} {time.unit}, {time.step * time.steps:g} {time.unit} in all{start}"


def _setting(value: Any) -> str:
    if isinstance(value, np.ndarray):
        if value.dtype.kind in "iuf" and value.size > 4:
            finite = value[np.isfinite(value)].astype(np.float64)
            if not finite.size:
                return f"{value.size} values, none finite"
            if finite.size == value.size and finite.min() == finite.max():
                return f"{value.size} values, all {finite[0]:.4g}"
            return f"{value.size} values, {finite.min():.4g} to {finite.max():.4g}, mean {finite.mean():.4g}"
        return " ".join(str(value).split())
    text = " ".join(str(value).split())
    return text if len(text) <= 80 else f"{text[:77]}…"
