"""A stage imports only stages to its left: errors < patch, rulebook < syntax < flow < detect < … < cli."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent / "linter"
RANK = {
    "errors": 0,
    "record": 0,
    "pattern": 0,
    "memory": 0,
    "patch": 1,
    "rulebook": 1,
    "syntax": 2,
    "flow": 3,
    "detect": 4,
    "review": 5,
    "render": 6,
    "deliver": 7,
    "audit": 8,
    "cli": 9,
}
FILES = sorted(ROOT.rglob("*.py"))


def imported(path: Path) -> set[str]:
    """Modules of linter that a file imports, inside functions as well."""
    found = set()
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            if node.module == "linter":
                found |= {f"linter.{alias.name}" for alias in node.names}
            elif node.module:
                found.add(node.module)
    return {name for name in found if name == "linter" or name.startswith("linter.")}


def stage(name: str) -> str | None:
    parts = name.split(".")
    return parts[1] if len(parts) > 1 and parts[1] in RANK else None


def violations(path: Path, own: str, names: set[str]) -> list[str]:
    bad = []
    for name in sorted(names):
        other = stage(name)
        if other is not None and other != own and RANK[other] >= RANK[own]:
            bad.append(f"{path.name} ({own}) imports {name}")
    return bad


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_only_to_the_left(path: Path) -> None:
    parts = path.relative_to(ROOT).parts
    own = parts[0].removesuffix(".py")
    if own not in RANK:
        return
    assert violations(path, own, imported(path)) == []


def test_every_folder_is_a_stage() -> None:
    folders = {path.name for path in ROOT.iterdir() if path.is_dir() and (path / "__init__.py").exists()}
    assert folders == set(RANK) - {"errors", "record", "pattern", "memory"}


def test_a_violation_is_seen() -> None:
    assert violations(Path("x.py"), "patch", {"linter.syntax.parse"})
    assert violations(Path("x.py"), "patch", {"linter.rulebook.model"})
    assert not violations(Path("x.py"), "review", {"linter.detect.model", "linter.errors", "linter"})


def cycles(graph: dict[str, set[str]]) -> list[str]:
    """Modules that reach themselves."""
    found = []
    for start in graph:
        seen: set[str] = set()
        todo = list(graph[start])
        while todo:
            name = todo.pop()
            if name == start:
                found.append(start)
                break
            if name not in seen:
                seen.add(name)
                todo += graph.get(name, ())
    return found


def test_no_import_cycles() -> None:
    graph = {}
    for path in FILES:
        parts = path.relative_to(ROOT.parent).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        graph[name] = imported(path) - {name}
    assert cycles(graph) == []
    assert cycles({"a": {"b"}, "b": {"a"}}) == ["a", "b"]
