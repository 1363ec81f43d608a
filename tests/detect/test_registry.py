"""Engines are found by being there, and imported when they are needed."""

from __future__ import annotations

import subprocess
import sys
import types
from pathlib import Path
from typing import Any

import pytest

from linter.detect import registry
from linter.detect.model import Scope
from linter.detect.registry import check_rule, engine_of, engines, schemas
from linter.rulebook.errors import BlockError
from linter.rulebook.model import Confidence, Rule, Severity, Status, Tables

FOLDER = Path(registry.__file__).parent


def rule(engine: str, block: dict[str, Any]) -> Rule:
    return Rule("x", "x", "error", Severity.ERROR, Confidence.HIGH, Status.STABLE, "0.1.0", "", "", engine, block)


def test_every_module_with_an_engine_is_listed() -> None:
    names = list(engines())
    assert "match" in names and names == sorted(names)
    for path in FOLDER.glob("*.py"):
        has = any(line.startswith(("ENGINE =", "ENGINE:")) for line in path.read_text("utf-8").split("\n"))
        assert (path.stem.replace("_", "-") in names) is has, path.stem


@pytest.mark.parametrize("name", list(engines()))
def test_each_engine_keeps_the_contract(name: str) -> None:
    engine = engine_of(name)
    assert engine.name == name
    assert isinstance(engine.scope, Scope)
    assert callable(engine.check) and callable(engine.prepare)
    assert engine_of(name) is engine
    schema = schemas()[name]
    assert schema is None or schema.get("type") == "object"


@pytest.mark.parametrize("name", list(engines()))
def test_an_empty_block_is_refused_in_words(name: str) -> None:
    with pytest.raises(BlockError) as caught:
        engine_of(name).check(rule(name, {}), Tables({}))
    assert caught.value.path[0] == name
    assert caught.value.problem


@pytest.mark.parametrize("name", ["model", "registry", "match_tree", "mtach", "", "../cli/main", "a b", "match\0"])
def test_what_is_no_engine(name: str) -> None:
    with pytest.raises(KeyError):
        engine_of(name)
    assert name not in engines()


def test_an_engine_that_goes_by_another_name(monkeypatch: pytest.MonkeyPatch) -> None:
    module = types.ModuleType("linter.detect.model")
    module.ENGINE = types.SimpleNamespace(name="other")  # type: ignore[attr-defined]  # a module of the test's own
    monkeypatch.setitem(sys.modules, "linter.detect.model", module)
    with pytest.raises(ValueError, match=r"model\.py calls its engine `other`, not `model`"):
        engine_of("model")


def test_the_error_names_the_nearest() -> None:
    with pytest.raises(BlockError) as caught:
        check_rule(rule("mtach", {}), Tables({}))
    assert caught.value.path == ("engine",)
    assert caught.value.problem == "no engine is named `mtach`; did you mean `match`?"
    assert caught.value.expected.startswith("one of ") and "match" in caught.value.expected


def test_listing_imports_no_engine() -> None:
    code = (
        "import sys; from linter.detect.registry import engines; list(engines()); 'match' in engines(); "
        "sys.exit('linter.detect.match' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
