"""The engine `uapi`: what a header promises to user space, checked from the declaration and the patch alone.

    uapi:
      check: padding            a question of `uapi_struct`, `uapi_command` or `uapi_change`
      message: "..."            with what the check tells: $NAME, $STRUCT, ...

Runs on every C file; a rule's `applies-to` says which.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from linter.detect.model import Context, Finding, Label, Scope, finding
from linter.detect.uapi_change import CHANGES
from linter.detect.uapi_command import COMMANDS
from linter.detect.uapi_struct import STRUCTS, Found
from linter.pattern import lazy
from linter.record import record
from linter.rulebook.errors import BlockError
from linter.rulebook.model import Confidence, Rule, Severity, Tables
from linter.syntax.model import Unit

CHECKS = {**STRUCTS, **COMMANDS, **CHANGES}
_KEYS = ("check", "message", "userspace")
_COMMANDS = frozenset({"~_IO", "~DRM_IO"})
_NAME = lazy(r"\$([A-Z]+)")


@record(frozen=False)
class _Runner:
    """The interface rules of a run."""

    rules: dict[str, Rule]

    def run(self, target: Any, context: Context, enabled: frozenset[str]) -> Iterator[Finding]:
        unit: Unit = target
        if context.userspace:
            return
        for id in sorted(enabled):
            rule = self.rules.get(id)
            if rule is not None:
                for found in CHECKS[rule.block["check"]](unit, context):
                    yield _report(rule, unit, found)


def _report(rule: Rule, unit: Unit, found: Found) -> Finding:
    message = _NAME.sub(lambda match: found.texts.get(match[1], ""), rule.block["message"])
    labels = [Label(unit.location(start, end), text) for start, end, text in found.others]
    labels.append(Label(unit.location(found.start, found.end), message, primary=True))
    severity = Severity[found.severity.upper()] if found.severity else None
    confidence = Confidence[found.confidence.upper()] if found.confidence else None
    return finding(rule, message, labels, severity=severity, confidence=confidence, key=found.key, grids=found.grids)


class UapiEngine:
    """Interfaces that cannot be taken back."""

    name = "uapi"
    scope = Scope.UNIT

    def check(self, rule: Rule, tables: Tables) -> frozenset[str] | None:
        for key in rule.block:
            if key not in _KEYS:
                raise BlockError((self.name, key), "unknown key", "one of " + ", ".join(_KEYS))
        if rule.block.get("check") not in CHECKS:
            name = rule.block.get("check")
            raise BlockError((self.name, "check"), f"unknown check `{name}`", "one of " + ", ".join(sorted(CHECKS)))
        if not isinstance(rule.block.get("message"), str):
            raise BlockError((self.name,), "the key `message` is missing", "`message:`")
        return _COMMANDS if rule.block["check"] in ("sizeof-argument", "io-with-argument") else None

    def prepare(self, rules: Sequence[Rule], tables: Tables) -> _Runner:
        return _Runner({rule.id: rule for rule in rules})


ENGINE = UapiEngine()
