"""An engine small enough to see through: it reports lines that hold a word, unless they hold another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from linter.detect.model import Context, Finding, Label, Scope, finding
from linter.patch.model import Location, Patch
from linter.rulebook.errors import BlockError
from linter.rulebook.model import Rule, Tables
from linter.syntax.model import Unit


class ToyRunner:
    def __init__(self, rules: Sequence[Rule], scope: Scope) -> None:
        self.rules = rules
        self.scope = scope

    def run(self, target: Any, context: Context, enabled: frozenset[str]) -> Iterator[Finding]:
        for rule in self.rules:
            if rule.id in enabled:
                yield from _mail(rule, target) if self.scope is Scope.PATCH else _unit(rule, target)


def _wanted(rule: Rule, line: bytes) -> bool:
    if any(word.encode() not in line for word in rule.block["all"]):
        return False
    return not any(word.encode() in line for word in rule.block.get("none", ()))


def _unit(rule: Rule, unit: Unit) -> Iterator[Finding]:
    for start, line in zip(unit.line_starts, unit.text.split(b"\n"), strict=False):
        if _wanted(rule, line):
            place = unit.location(start, start + len(line))
            yield finding(rule, rule.block["message"], [Label(place, "here", primary=True)])


def _mail(rule: Rule, patch: Patch) -> Iterator[Finding]:
    for number, line in enumerate(patch.raw.split(b"\n"), 1):
        if _wanted(rule, line):
            place = Location(None, None, None, None, number)
            yield finding(rule, rule.block["message"], [Label(place, "here", primary=True)])


class ToyEngine:
    """The engine `toy`: `all` words, `none` words, a message."""

    def __init__(self, scope: Scope = Scope.UNIT) -> None:
        self.name = "toy"
        self.scope = scope

    def check(self, rule: Rule, tables: Tables) -> frozenset[str] | None:
        block: Mapping[str, Any] = rule.block
        for key in ("all", "message"):
            if key not in block:
                raise BlockError(("toy",), f"the key `{key}` is missing", f"`{key}:`")
        for index, word in enumerate(block["all"]):
            if not isinstance(word, str):
                raise BlockError(("toy", "all", index), "no text", "a word")
        return None

    def prepare(self, rules: Sequence[Rule], tables: Tables) -> ToyRunner:
        return ToyRunner(rules, self.scope)
