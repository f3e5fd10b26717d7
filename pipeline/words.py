"""Sizes, durations and tables as text for a person."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["duration_text", "size_text", "table"]


def size_text(size: float) -> str:
    """Return a number of bytes in words."""
    for unit in ("B", "KB", "MB", "GB"):
        if size < 1000:
            return f"{size:.3g} {unit}" if size < 100 or unit == "B" else f"{size:.0f} {unit}"
        size /= 1000
    return f"{size:.3g} TB"


def duration_text(seconds: float) -> str:
    """Return a duration in words, such as ``2 min 5 s``."""
    if seconds < 60:
        return f"{seconds:.0f} s" if seconds >= 10 else f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"


def table(rows: Sequence[tuple[str, ...]]) -> str:
    """Return rows with aligned columns; the first is the head."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "  " + "  ".join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )
