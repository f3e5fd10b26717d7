"""Attribute values: what simulators wrote as text, read back as numbers, booleans and arrays."""

from __future__ import annotations

import ast
import re
from typing import Any

import numpy as np

__all__ = ["attribute", "number", "parse_repr", "told"]

_ARRAY = re.compile(r"(?:Parameter containing:\s*)?(?:tensor|array)\((.*)\)\s*", re.DOTALL)
_DTYPE = re.compile(r"dtype=(?:torch\.)?(\w+)")
_NUMBERS = {"nan": float("nan"), "inf": float("inf")}


def attribute(value: Any) -> Any:
    """Return an HDF5 attribute as a plain value: text as str, a single number as bool, int or float, else an array."""
    if isinstance(value, bytes | np.bytes_):
        return value.decode("utf-8", "replace")
    if isinstance(value, str):  # h5py keeps bytes that are no UTF-8 as halves of characters, which nothing can print
        return value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    if isinstance(value, np.ndarray) and value.dtype.kind in "OS":
        texts = [attribute(item) for item in value.ravel().tolist()]
        if any(isinstance(item, np.ndarray) for item in texts):  # lists of several lengths have no shape
            return ", ".join(str(item.tolist() if isinstance(item, np.ndarray) else item) for item in texts)
        return texts[0] if len(texts) == 1 else texts
    if isinstance(value, np.ndarray) and value.size == 1 and value.dtype.kind in "biuf":
        value = value.reshape(())[()]
    return value.item() if isinstance(value, np.generic) and value.dtype.kind in "biufU" else value


def told(node: Any, key: str) -> Any:
    """Return the attribute of a group or a dataset as a plain value; None if there is none that h5py knows."""
    try:
        return attribute(node.attrs[key]) if key in node.attrs else None
    except Exception:  # a type that h5py does not know
        return None


def number(node: Any, key: str) -> float | None:
    """Return an attribute that is one finite number; None if it is none."""
    value = told(node, key)
    usable = isinstance(value, int | float) and not isinstance(value, bool) and np.isfinite(value)
    return float(value) if usable else None


def parse_repr(text: Any, *, literals: bool = True) -> Any:
    """Return the value of a ``repr`` string; text that is none, or an elided array, is returned as it is.

    Parameters
    ----------
    text : Any
        Anything but a string is returned unchanged.
    literals : bool
        Also read Python numbers, booleans and quoted strings, not only ``tensor(...)`` and ``array(...)``.

    Notes
    -----
    The forms are those of ``torch.Tensor.__repr__`` (docs of ``torch.set_printoptions``: long ones are elided with
    ``...``) and ``numpy.ndarray.__repr__``. A tensor of floats that names no dtype is float32, an array float64.
    """
    if not isinstance(text, str):
        return text
    if found := _ARRAY.fullmatch(text.strip()):
        parsed = _array(found[1], np.float32 if "tensor(" in text[:40] else np.float64)
        return text if parsed is None else parsed
    if literals:
        try:
            value = _literal(ast.parse(text.strip(), mode="eval").body)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return text
        return value if isinstance(value, bool | int | float | str) else text
    return text


def _array(inside: str, default: type) -> Any:
    """Return the array in ``[[1., 2.], ...], dtype=…``, or None where it is elided or not understood."""
    if "..." in inside:
        return None
    dtype = _DTYPE.search(inside)
    try:
        call = ast.parse(f"f({inside})", mode="eval").body
        if not isinstance(call, ast.Call):
            return None
        values = np.asarray(_literal(call.args[0]))
        if dtype is not None:
            values = values.astype({"bfloat16": "float32", "bool_": "bool"}.get(dtype[1], dtype[1]))
    except (SyntaxError, ValueError, IndexError, TypeError, OverflowError, RecursionError, MemoryError):
        return None
    if values.dtype.kind not in "biuf":
        return None
    if values.dtype.kind == "f" and dtype is None:
        values = values.astype(default)
    return values.item() if values.ndim == 0 else values


def _literal(node: ast.expr) -> Any:
    """Evaluate numbers, strings, booleans, ``nan``, ``inf``, a sign before them, and lists of them."""
    if isinstance(node, ast.List | ast.Tuple):
        return [_literal(item) for item in node.elts]
    if isinstance(node, ast.Name) and node.id in _NUMBERS:
        return _NUMBERS[node.id]
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.UAdd):
        value = _literal(node.operand)
        if not isinstance(value, int | float):
            raise ValueError(ast.dump(node))
        return -value if isinstance(node.op, ast.USub) else value
    if isinstance(node, ast.Constant) and isinstance(node.value, bool | int | float | str):
        return node.value
    raise ValueError(ast.dump(node))
