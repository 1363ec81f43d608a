"""The engines: every module of this folder that has an `ENGINE`. The module's name is the engine's, with `_` for `-`.

An engine is imported when a rule of it is needed, not before: a hook that runs two engines pays for two.
"""

# NOTE: os.path instead of pathlib: a cold start needs this module, and pathlib costs milliseconds.

from __future__ import annotations

import importlib
import os
from collections.abc import Iterator, Mapping
from typing import Any

from linter.detect.model import Engine
from linter.rulebook.errors import BlockError
from linter.rulebook.model import Rule, Tables

_FOLDER = os.path.dirname(os.path.abspath(__file__))


class _Engines(Mapping[str, Engine]):
    """Engines by name, imported on access."""

    def __init__(self) -> None:
        self._loaded: dict[str, Engine] = {}

    def __getitem__(self, name: str) -> Engine:
        engine = self._loaded.get(name)
        if engine is None:
            stem = name.replace("-", "_")
            if "_" in name or not stem.isidentifier() or not os.path.isfile(os.path.join(_FOLDER, f"{stem}.py")):
                raise KeyError(name)
            module: Any = importlib.import_module(f"linter.detect.{stem}")
            if not hasattr(module, "ENGINE"):
                raise KeyError(name)
            engine = module.ENGINE
            if engine.name != name:
                raise ValueError(f"linter/detect/{stem}.py calls its engine `{engine.name}`, not `{name}`")
            self._loaded[name] = engine
        return engine

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name in list(self)

    def __iter__(self) -> Iterator[str]:
        for name in sorted(os.listdir(_FOLDER)):
            if name.endswith(".py") and _has_engine(os.path.join(_FOLDER, name)):
                yield name.removesuffix(".py").replace("_", "-")

    def __len__(self) -> int:
        return sum(1 for _ in self)


def _has_engine(file: str) -> bool:
    with open(file, encoding="utf-8") as stream:
        return any(line.startswith(("ENGINE =", "ENGINE:")) for line in stream)


_ENGINES = _Engines()


def engines() -> Mapping[str, Engine]:
    """Engines by name. Looking one up imports it; iterating only lists names."""
    return _ENGINES


def engine_of(name: str) -> Engine:
    """The engine of that name, imported now. KeyError where there is none."""
    return _ENGINES[name]


class _Checker:
    """Let a rule's engine check its block. For `load_rulebook(check=...)`."""

    def __call__(self, rule: Rule, tables: Tables) -> frozenset[str] | None:
        """The rule's triggers."""
        try:
            engine = _ENGINES[rule.engine]
        except KeyError:
            from linter.rulebook.validate import did_you_mean

            names = list(_ENGINES)
            hint = did_you_mean(rule.engine, names)
            problem = f"no engine is named `{rule.engine}`" + (f"; {hint}" if hint else "")
            raise BlockError(("engine",), problem, "one of " + ", ".join(names)) from None
        return engine.check(rule, tables)

    def scope_of(self, name: str) -> str:
        """What an engine is given at a time."""
        return _ENGINES[name].scope.value


check_rule = _Checker()


def schemas() -> dict[str, Mapping[str, Any] | None]:
    """The JSON Schema of each engine's block, None where an engine gives none."""
    return {name: getattr(_ENGINES[name], "schema", None) for name in _ENGINES}
