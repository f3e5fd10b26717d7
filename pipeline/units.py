"""Sizes, durations and tables as text for a person."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["duration_text", "size_text", "table"]


def size_text(size: float) -> str:
    """Return a number of bytes in words, of three digits."""
    for unit in ("B", "KB", "MB", "GB"):
        if size < 999.5:
            return f"{size:.3g} {unit}"
        size /= 1000
    return f"{size:.3g} TB" if size < 999.5 else f"{size:,.0f} TB"


def duration_text(seconds: float) -> str:
    """Return a duration in words, such as ``2 min 5 s``."""
    if seconds < 59.5:
        return f"{seconds:.0f} s" if seconds >= 9.95 else f"{seconds:.1f} s"
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
