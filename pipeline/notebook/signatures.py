"""The settings of plots as parameters of a function, so that ``preview?`` and the tab key show what may be given.

They are made from the fields of the kinds of plots, and what they mean from the docstrings of these.
"""

from __future__ import annotations

import inspect
import re
import textwrap
from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields
from functools import cache
from typing import Any, TypeVar

from pipeline.rendering.plot import Plot
from pipeline.rendering.registry import PLOTS

__all__ = ["taking_settings"]

_Function = TypeVar("_Function", bound=Callable[..., Any])


class _ByKind:
    """Stands for a default that is not the same for all kinds."""

    def __repr__(self) -> str:
        return "<by kind>"


def taking_settings(function: _Function) -> _Function:
    """Show the ``**settings`` of a function as those of plots: their names, types, defaults, and what they mean."""
    signature = inspect.signature(function)
    own = [one for one in signature.parameters.values() if one.kind is not one.VAR_KEYWORD]
    taken = {one.name for one in own}
    shown = [_named("kind", "str | None", None), _named("format", "str", _ByKind()), *map(_parameter, _settings())]
    shown = [one for one in shown if one.name not in taken]
    setattr(function, "__signature__", signature.replace(parameters=[*own, *shown]))  # noqa: B010 mypy knows it not
    if function.__doc__:  # there is none with python -OO
        meanings = "\n".join([*_kinds(), *map(_told, _settings())])
        function.__doc__ = f"{inspect.cleandoc(function.__doc__)}\n\nSettings\n--------\n{meanings}\n"
    return function


@cache
def _settings() -> dict[str, list[type[Plot]]]:
    """Return all settings by name, each with the classes that have it."""
    found: dict[str, list[type[Plot]]] = {}
    for cls in PLOTS:
        for field in fields(cls):
            found.setdefault(field.name, []).append(cls)
    return found


def _named(name: str, annotation: str, default: Any) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=annotation, default=default)


def _parameter(name: str) -> inspect.Parameter:
    found = [
        (str(field.type), field.default) for cls in _settings()[name] for field in fields(cls) if field.name == name
    ]
    types = dict.fromkeys(part for kind, _ in found for part in kind.split(" | "))
    defaults = [default for _, default in found]
    return _named(name, " | ".join(types), defaults[0] if all(one == defaults[0] for one in defaults) else _ByKind())


def _kinds() -> Iterator[str]:
    """Yield the paragraphs of ``kind`` and ``format``."""
    forms: dict[str, list[str]] = {}
    for cls in PLOTS:
        forms.setdefault(cls.kind, []).append(cls.format)
    yield f"kind : str\n    {', '.join(forms)}."
    several = [f"of {kind} {' or '.join(known)}" for kind, known in forms.items() if len(known) > 1]
    yield f"format : str\n    Where a kind has several; the first is its default: {', '.join(several)}."


def _told(name: str) -> str:
    """Return the paragraph of a setting: its type, its defaults, what it means, and of which kinds it is."""
    classes = _settings()[name]
    defaults: dict[str, list[type[Plot]]] = {}
    meanings: dict[str, list[type[Plot]]] = {}
    for cls in classes:
        default = next(field.default for field in fields(cls) if field.name == name)
        defaults.setdefault(repr(default), []).append(cls)
        meanings.setdefault(_meaning(cls, name), []).append(cls)
    values = [value + (f" ({_titles(of)})" if number else "") for number, (value, of) in enumerate(_usual(defaults))]
    lines = [f"{name} : {_parameter(name).annotation}, default {', '.join(values)}"]
    for number, (meaning, of) in enumerate(_usual(meanings)):
        whose = "" if len(classes) == len(PLOTS) and not number else f"{_titles(of)}: "
        lines += textwrap.wrap(whose + meaning, 112, initial_indent="    ", subsequent_indent="    ")
    return "\n".join(lines)


def _usual(found: dict[str, list[type[Plot]]]) -> list[tuple[str, list[type[Plot]]]]:
    """Return what was found, that of most kinds first."""
    return sorted(found.items(), key=lambda item: -len(item[1]))


def _titles(classes: Sequence[type[Plot]]) -> str:
    """Return the kinds that some classes are, with the format where it is not all of a kind."""
    found = [
        cls.kind if all(other in classes for other in PLOTS if other.kind == cls.kind) else f"{cls.kind} ({cls.format})"
        for cls in classes
    ]
    return ", ".join(dict.fromkeys(found))


def _meaning(cls: type[Plot], name: str) -> str:
    """Return what the docstring of a kind, or of one that it is made from, says of a setting."""
    for base in cls.__mro__:
        text = inspect.cleandoc(base.__doc__ or "")
        if found := re.search(rf"^{name} : .*\n((?:    .*\n?)+)", text, re.MULTILINE):
            return " ".join(found[1].split())
    return ""
