"""The engine `typestate`: what is acquired must be released, and what is released must not be used.

    typestate:
      table: resources              # or locks
      violation: leak               # see VIOLATIONS
      kinds: [memory, object]       # only these kinds of the table's rows
      shape: [return]               # return: leaves directly where others go to a label; goto: to a label that does
                                    # not release; exit: any other way out
      message: "$WHAT is not released on this path"       # also $HANDLE, $CALL, $RELEASE

or a protocol written out: see typestate_protocol. All rules of the first form share one pass over a function; a leak
belongs to the rule with the most filters that fit.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from linter.detect.model import Context, Finding, Runner, Scope
from linter.detect.typestate_dropped import dropped
from linter.detect.typestate_explained import is_explained
from linter.detect.typestate_tables import LATE, Knowledge, knowledge
from linter.patch.model import Change, Line, LineKind, Side
from linter.rulebook.errors import BlockError
from linter.rulebook.model import Rule, Tables
from linter.syntax.model import Function, Unit

if TYPE_CHECKING:
    from linter.detect.typestate_owed import Owners
    from linter.detect.typestate_protocol import Protocol

DROPPED = {"dropped-release": "release", "dropped-unlock": "unlock", "dropped-goto": "goto", "dropped-null": "null"}
"""Violations that the lines of a hunk show: what the patch takes away in front of an exit."""
VIOLATIONS = ("leak", *LATE, *DROPPED)
_KEYS = {"table": str, "violation": str, "kinds": list, "shape": list, "raised": bool, "calls": list, "message": str}
_PROTOCOL_KEYS = {"track", "states", "transitions", "violations"}
_SHAPES = ("return", "goto", "exit")


class Typestate:
    """See the module's docstring."""

    name = "typestate"
    scope = Scope.UNIT
    schema: Mapping[str, Any] = {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "track": {"type": "string"},
            "states": {"type": "object"},
            "transitions": {"type": "array"},
            "violations": {"type": "array"},
            "table": {"enum": ["resources", "locks"]},
            "violation": {"enum": list(VIOLATIONS)},
            "kinds": {"type": "array", "items": {"type": "string"}},
            "shape": {"type": "array", "items": {"enum": list(_SHAPES)}},
            "raised": {"type": "boolean"},
            "calls": {"type": "array", "items": {"type": "string"}},
            "message": {"type": "string"},
        },
    }

    def check(self, rule: Rule, tables: Tables) -> frozenset[str] | None:
        """Check a rule's block."""
        block = rule.block
        if "track" in block:
            unknown = set(block) - _PROTOCOL_KEYS
            if unknown:
                raise BlockError((self.name, min(unknown)), "unknown key", ", ".join(sorted(_PROTOCOL_KEYS)))
            from linter.detect.typestate_protocol import compile_protocol

            return compile_protocol(rule).names
        for key, value in block.items():
            wanted = _KEYS.get(key)
            if wanted is None:
                raise BlockError((self.name, key), f"unknown key `{key}`", ", ".join(_KEYS))
            if not isinstance(value, wanted):
                raise BlockError((self.name, key), "wrong type", wanted.__name__)
        for key in ("table", "violation", "message"):
            if key not in block:
                raise BlockError((self.name,), f"`{key}` is missing", "table, violation, message")
        if block["table"] not in ("resources", "locks"):
            raise BlockError((self.name, "table"), f"no table `{block['table']}`", "resources or locks")
        if block["violation"] not in VIOLATIONS:
            raise BlockError((self.name, "violation"), f"unknown `{block['violation']}`", ", ".join(VIOLATIONS))
        for index, shape in enumerate(block.get("shape", ())):
            if shape not in _SHAPES:
                raise BlockError((self.name, "shape", index), f"unknown shape `{shape}`", ", ".join(_SHAPES))
        return None

    def prepare(self, rules: Sequence[Rule], tables: Tables) -> Runner:
        """Sort the rules by how particular they are."""
        return _Runner(rules, tables)


class _Runner:
    """The rules of a run. Most patches owe nothing: what follows obligations along paths is imported for the others."""

    def __init__(self, rules: Sequence[Rule], tables: Tables) -> None:
        self.tables = tables
        self.protocol_rules = [rule for rule in rules if "track" in rule.block]
        self.protocols: dict[str, Protocol] = {}  # compiled when they are first called for
        self.rules = [rule for rule in rules if "track" not in rule.block]
        self.dropped_rules = {
            DROPPED[rule.block["violation"]]: rule for rule in self.rules if rule.block["violation"] in DROPPED
        }
        self._owners: Owners | None = None

    def run(self, target: Unit, context: Context, enabled: frozenset[str]) -> Iterable[Finding]:
        """Findings on one image."""
        if context.userspace:
            return
        yield from self._protocols(target, enabled)
        known = knowledge(self.tables)
        told: set[str] = set()
        if known.speaks_of(target.identifiers):
            for function in target.functions:
                if is_touched(function) and known.may_owe(target.source[function.span.start : function.span.end]):
                    for found in self.owners.judge(function, known, enabled):
                        told.add(found.function or "")
                        yield found
        file = context.file
        if not self.dropped_rules or file is None or target.image.side is not Side.POST:
            return
        if file.change is Change.MODIFY:
            yield from self._dropped(target, context, known, enabled, told)

    def _protocols(self, target: Unit, enabled: frozenset[str]) -> Iterator[Finding]:
        wanted = [rule for rule in self.protocol_rules if rule.id in enabled]
        if not wanted:
            return
        from linter.detect.typestate_protocol import compile_protocol, run_protocols

        for rule in wanted:
            if rule.id not in self.protocols:
                self.protocols[rule.id] = compile_protocol(rule)
        for function in filter(is_touched, target.functions):
            yield from run_protocols([self.protocols[rule.id] for rule in wanted], function)

    @property
    def owners(self) -> Owners:
        """The rules about obligations."""
        if self._owners is None:
            from linter.detect.typestate_owed import Owners

            self._owners = Owners(self.rules)
        return self._owners

    def _dropped(
        self, target: Unit, context: Context, known: Knowledge, enabled: frozenset[str], told: set[str]
    ) -> Iterator[Finding]:
        file = context.file
        for item in dropped(file, known, context.patch) if file is not None else ():
            rule = self.dropped_rules.get(item.kind)
            if rule is None or rule.id not in enabled:
                continue
            if is_explained(context.patch):
                return
            function = function_at(target, item.exit)
            if file is not None and function not in told:
                from linter.detect.typestate_report import report_dropped

                yield report_dropped(rule, item, file, function)


def function_at(unit: Unit, line: Line) -> str:
    """The name of the function that a line of the patch stands in; empty where it stands in none."""
    for function in unit.functions:
        for row in range(function.node.start_point[0], function.node.end_point[0] + 1):
            if unit.line_of(row) is line:
                return function.name
    return ""


def is_touched(function: Function) -> bool:
    """Whether the patch changes a line of the function: nothing else can introduce a defect in it."""
    unit = function.unit
    first = function.node.start_point[0]
    last = function.node.end_point[0]
    shift: int | None = None
    for row in range(max(first, 0), min(last + 1, len(unit.rows))):
        line = unit.line_of(row)
        if line is None:
            continue
        if line.kind is not LineKind.CONTEXT or line.pre_lineno is None or line.post_lineno is None:
            return True
        if shift is not None and line.pre_lineno - line.post_lineno != shift:
            return True
        shift = line.pre_lineno - line.post_lineno
    return False


ENGINE = Typestate()
