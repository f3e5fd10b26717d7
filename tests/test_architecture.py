"""The house stays as it was planned: which module may know which, how large one may be, and that none is a maze."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import pipeline

ROOT = Path(pipeline.__file__).parent
MODULES = {".".join(("pipeline", *path.relative_to(ROOT).with_suffix("").parts)): path for path in ROOT.rglob("*.py")}

#: What each part may import, besides itself. Data goes forward only.
GROUND = {"errors", "units", "tables", "version"}
ARROWS: dict[str, set[str]] = {
    "errors": set(),
    "tables": set(),
    "version": set(),
    "units": {"errors"},
    "model": GROUND,
    "opening": GROUND | {"model"},
    "slicing": GROUND | {"model"},
    "rendering": GROUND | {"model"},
    "writing": GROUND | {"model"},
    "planning": GROUND | {"model", "opening", "slicing", "rendering"},
    "running": GROUND | {"model", "opening", "slicing", "rendering", "planning", "writing"},
}
BELOW = GROUND | {*ARROWS}
ARROWS |= {
    "serving": BELOW,
    "notebook": BELOW | {"serving"},
    "compat": BELOW,
    "demo": GROUND,
    "xarray_backend": BELOW | {"notebook"},
    "testing": BELOW,
    "cli": BELOW | {"serving", "notebook", "demo", ""},
    "__init__": BELOW | {"serving", "notebook", "compat", "demo", "testing"},
    "__main__": {"cli"},
}


def part_of(module: str) -> str:
    """Return the part of the house that a module is in."""
    return (module.split(".") + [""])[1]


def imports(module: str) -> Iterator[tuple[str, ast.AST]]:
    """Yield the modules of the project that one imports, anywhere: also inside functions, and for types alone."""
    for node in ast.walk(ast.parse(MODULES[module].read_text())):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: a relative import"
            base = node.module or ""
            names = [f"{base}.{alias.name}" if f"{base}.{alias.name}" in MODULES else base for alias in node.names]
        for name in names:
            if name == "pipeline" or name.startswith("pipeline."):
                yield name, node


def test_few_modules_stand_flat() -> None:
    assert len([name for name in MODULES if name.count(".") == 1 and not name.endswith("__main__")]) <= 10


@pytest.mark.parametrize("module", MODULES)
def test_a_module_knows_only_what_comes_before_it(module: str) -> None:
    part = part_of(module)
    for name, node in imports(module):
        known = part_of(name)
        assert known == part or known in ARROWS[part], f"{module}, line {node.lineno}: {name}"


def test_only_planning_knows_both_opening_and_rendering_and_only_running_rendering_and_writing() -> None:
    assert {part for part in ("model", "opening", "slicing", "rendering", "writing", "planning", "running")
            if {"opening", "rendering"} <= ARROWS[part]} == {"planning", "running"}  # fmt: skip
    assert [
        part for part in ("opening", "slicing", "rendering", "writing", "planning") if "writing" in ARROWS[part]
    ] == []


def test_there_is_no_circle() -> None:
    graph = {module: {name for name, _ in imports(module) if name in MODULES} - {module} for module in MODULES}
    while free := [module for module, known in graph.items() if not known & graph.keys()]:
        for module in free:
            del graph[module]
    assert not graph, f"modules that import each other in a circle, or what does: {sorted(graph)}"


def test_modules_and_functions_fit_on_a_page_or_two() -> None:
    for module, path in MODULES.items():
        text = path.read_text()
        assert text.count("\n") <= 300, module
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                assert length(node) <= 60, f"{module}.{node.name}"


def length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Return the lines of a function without its docstring: a long list of parameters is no maze."""
    first = function.body[0]
    told = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str)
    docstring = first.end_lineno - first.lineno + 1 if told and first.end_lineno else 0
    return (function.end_lineno or 0) - function.lineno + 1 - docstring


def test_a_test_stands_where_its_module_does() -> None:
    tests = Path(__file__).parent
    named = [path.relative_to(tests) for path in tests.rglob("test_*.py")]
    of_no_module = {
        "architecture",
        "browser",
        "examples",
        "faults",
        "growth",
        "hdf5_properties",
        "hostile_names",
        "libraries",
        "notebooks",
        "server",
        "cases",
    }
    missing = []
    for path in named:
        name = path.stem.removeprefix("test_")
        if path.parent == Path(".") and name in of_no_module:
            continue
        home = ROOT / path.parent
        if not (home / f"{name}.py").exists() and not (home / name).is_dir():
            missing.append(str(path))
    assert not missing
