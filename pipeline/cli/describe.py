"""The facts of a run as a tree for people: colours and branches where the terminal has them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from pipeline.cli.facts import ComponentFacts, RunFacts, TimeFacts, VariableFacts
from pipeline.units import size_text

__all__ = ["Style", "tree"]

_HEAD = ("variable", "shape", "type", "size", "stored", "ratio", "chunks", "compression", "drawn unless you choose")


class Style:
    """Colours and branches, where the output is a terminal that has them.

    Parameters
    ----------
    stream : file, optional
        Colours need a terminal, and the variable ``NO_COLOR`` unset or empty (no-color.org). None: plain.
    """

    def __init__(self, stream: Any = None) -> None:
        wanted = not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
        self.colours = bool(stream is not None and stream.isatty() and wanted)
        try:
            "├─└│".encode(getattr(stream, "encoding", None) or "utf-8")
            self.branches = "├─ ", "└─ ", "│  "
        except UnicodeEncodeError:
            self.branches = "|- ", "`- ", "|  "

    def paint(self, text: str, code: str) -> str:
        """Return text in a colour, by its ANSI code."""
        return f"\x1b[{code}m{text}\x1b[0m" if code and self.colours else text

    def bold(self, text: str) -> str:
        """Return a name."""
        return self.paint(text, "1")

    def faint(self, text: str) -> str:
        """Return what matters less."""
        return self.paint(text, "2")


#: ANSI codes of a table's columns: name, what is drawn; the ways of storage faint.
_COLUMNS = ("36", "", "", "", "", "", "2", "2", "32")


def tree(run: RunFacts, style: Style) -> Iterator[str]:
    """Yield the lines that describe a run."""
    yield f"run {style.bold(run.name)}  {style.faint(f'({run.source})')}"
    ratio = f" ({_ratio(run.bytes, run.stored_bytes)})" if run.stored_bytes else ""
    yield f"{size_text(run.bytes)} of values, {size_text(run.stored_bytes)} stored{ratio}"
    names = [component.name for component in run.components]
    for component in run.components:
        inner = _prefix(component.name, names, style)
        yield inner + style.branches[2].rstrip()
        tee = style.branches[1 if _is_last(component.name, names) else 0]
        span = "" if component.time is None else f"  {_span(component.time)}"
        yield f"{inner}{tee}{style.bold(component.name)}{span}"
        below = inner + ("   " if _is_last(component.name, names) else style.branches[2])
        has_groups = any(name.startswith(f"{component.name}/") for name in names)
        below += style.branches[2] if has_groups else "   "
        yield from ((below + line).rstrip() for line in _body(component, style))


def _prefix(name: str, names: Sequence[str], style: Style) -> str:
    """Return the branches that pass by a component: one for each that it is in, where others follow that one."""
    parts = name.split("/")
    around = ["/".join(parts[:depth]) for depth in range(1, len(parts))]
    return "".join("   " if _is_last(outer, names) else style.branches[2] for outer in around)


def _is_last(name: str, names: Sequence[str]) -> bool:
    parent = name.rpartition("/")[0]
    return [other for other in names if other.rpartition("/")[0] == parent][-1] == name


def _body(component: ComponentFacts, style: Style) -> Iterator[str]:
    if component.variables:
        yield from _table([_HEAD, *map(_row, component.variables)], style)
    for name, why in component.left_out.items():
        yield f"{name}: {why}, not drawn"
    if component.settings:
        yield style.faint("settings")
        yield from (f"  {name}: {_setting(value)}" for name, value in component.settings.items())


def _row(variable: VariableFacts) -> tuple[str, ...]:
    return (
        f"{variable.name} ({variable.unit})" if variable.unit else variable.name,
        ", ".join(f"{d}={n}" for d, n in zip(variable.dims, variable.shape, strict=True)) or "one value",
        variable.dtype,
        size_text(variable.bytes),
        size_text(variable.stored_bytes),
        _ratio(variable.bytes, variable.stored_bytes) if variable.compression and variable.stored_bytes else "-",
        "x".join(map(str, variable.chunks or ())) or "-",
        variable.compression or "-",
        "; ".join(f"{plot.kind}: {plot.count:,} {plot.what}" for plot in variable.plots) or "-",
    )


def _table(rows: Sequence[tuple[str, ...]], style: Style) -> Iterator[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for number, row in enumerate(rows):
        codes = _COLUMNS if number else ("2",) * len(row)
        cells = zip(row, widths, codes, strict=True)
        yield "  ".join(style.paint(cell, code) + " " * (width - len(cell)) for cell, width, code in cells)


def _ratio(size: int, stored: int) -> str:
    return f"{size / stored:.3g}x"


def _span(time: TimeFacts) -> str:
    if time.unit == "step" or time.step is None:
        return f"{time.steps:,} steps" + ("" if time.unit == "step" else f", times in {time.unit}")
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
