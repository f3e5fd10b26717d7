"""Configuration: plots in YAML, and as words on the command line."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from pipeline.errors import SettingError
from pipeline.rendering.plot import Plot
from pipeline.rendering.registry import make_plot
from pipeline.rendering.settings import as_mapping

__all__ = ["Plots", "parse_plot", "parse_plots", "read_config"]

#: Plots as they are asked for: a name and a plot each, in order.
Plots = Sequence[tuple[str, Plot]]


class _Loader(yaml.SafeLoader):
    """YAML 1.1 without its numbers to base 60 and 8 (``units: 1:10`` is a range, not seventy), nor repeated keys."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        names = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
        for name in names:
            if names.count(name) > 1:
                raise yaml.MarkedYAMLError(problem=f"{name!r} stands here twice", problem_mark=node.start_mark)
        return super().construct_mapping(node, deep)


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in pairs if not tag.endswith((":int", ":float", ":timestamp"))]
    for first, pairs in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_DIGITS = list("-+.0123456789")
_Loader.add_implicit_resolver("tag:yaml.org,2002:int", re.compile(r"[-+]?(?:0|[1-9]\d*)$"), _DIGITS)
_NUMBER = re.compile(r"[-+]?(?:\d+\.\d*|\.\d+|\d+(?=[eE]))(?:[eE][-+]?\d+)?$|[-+]?\.inf$|\.nan$")
_Loader.add_implicit_resolver("tag:yaml.org,2002:float", _NUMBER, _DIGITS)


def read_config(path: str | os.PathLike[str]) -> list[dict[str, Any]]:
    """Return the plots in a YAML file.

    Parameters
    ----------
    path : path
        A sapicore run configuration (the list at ``simulation.tensorboard``), or the list alone, each entry
        ``{name: {kind: …, setting: …}}``.

    Raises
    ------
    SettingError
        If there is no such file, it is not YAML, or holds no such list.
    """
    try:
        found = yaml.load(Path(path).read_bytes(), Loader=_Loader)  # noqa: S506  (a safe loader)
    except OSError as cause:
        raise SettingError(f"{path}: cannot be read ({cause.strerror})") from cause
    except yaml.YAMLError as cause:
        raise SettingError(f"{path}: not YAML ({' '.join(str(cause).split())})") from cause
    for key in ("simulation", "tensorboard"):
        if isinstance(found, dict) and key in found:
            found = found[key]
    if not isinstance(found, list) or not all(isinstance(entry, dict) for entry in found):
        accepted = "a list of {name: {kind: …}} at simulation.tensorboard, or alone"
        raise SettingError(f"{path}: holds no plots: accepted is {accepted}")
    return found


def parse_plots(plots: Any) -> list[tuple[str, Plot]]:
    """Read plots in their YAML form: a list of ``{name: settings}``, or one mapping of them.

    Raises
    ------
    SettingError
        If a name, kind, format or setting is not accepted.
    """
    if isinstance(plots, Mapping):
        plots = [plots]
    if not isinstance(plots, Iterable) or isinstance(plots, str):
        raise SettingError(f"plots: accepted is a list such as [{{voltage: {{kind: trace}}}}], not {plots!r}")
    found: list[tuple[str, Plot]] = []
    for entry in plots:
        pair = isinstance(entry, tuple) and len(entry) == 2
        if pair and isinstance(entry[1], Plot):  # one that is made already
            found.append((str(entry[0]), entry[1]))
            continue
        pairs = [entry] if pair else as_mapping(entry, "plots").items()
        found += [(str(name), make_plot(settings, str(name))) for name, settings in pairs]
    return found


def parse_plot(text: str) -> dict[str, dict[str, Any]]:
    """Return a plot given on the command line, such as ``voltage:kind=trace,format=scalar,step=10``.

    Lists stand in brackets: ``spiked:kind=raster,events=[100,250]``.

    Raises
    ------
    SettingError
        If it does not have that form.
    """
    name, _, rest = text.partition(":")
    pairs = [part.partition("=") for part in re.split(r",(?![^(\[]*[)\]])", rest)]
    keys = [key.strip() for key, _, value in pairs if key.strip() and value.strip()]
    if not name.strip() or len(keys) < len(pairs):
        raise SettingError(
            f"--plot {text!r}: accepted is NAME:kind=KIND,setting=value,… such as voltage:kind=trace,step=10"
        )
    if len(set(keys)) < len(keys):
        raise SettingError(f"--plot {text!r}: accepted is each setting once")
    return {name.strip(): {key: _value(value.strip()) for key, (_, _, value) in zip(keys, pairs, strict=True)}}


def _value(text: str) -> Any:
    if text.startswith("#"):  # a colour, not a comment
        return text
    if text[0] + text[-1] == "()":
        text = f"[{text[1:-1]}]"
    try:
        return yaml.load(text, Loader=_Loader)  # noqa: S506
    except yaml.YAMLError:
        return text
