"""The engine `match`: C patterns with metavariables, node kinds and names from tables, with conditions.

    match:
      pattern: kmap($PAGE)
      not: {inside: {kind: preproc_if}}
      message: "`$PAGE` is mapped with a global lock"

A rule's block is compiled when the unit at hand holds one of its names, not before. Code of user space is left alone
unless the block says `userspace: true`. What the keys mean: `match_tests` (structure), `match_where`,
`match_context` (conditions), `match_names` (tables), `match_pattern` (pattern text). `show: layout` gives a finding the
offsets, sizes and holes of the structure that it stands in, for outputs with room for a table.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tree_sitter import Node

from linter.detect.match_changed import changed_text, wish
from linter.detect.match_drivers import REPORT_KEYS, Driver, bound_names, compile_driver
from linter.detect.match_find import Site
from linter.detect.match_where import Env, KeyPath, limited_regex, text_of, variable
from linter.detect.model import Context, Finding, Grid, Label, Scope, finding
from linter.patch.model import Location
from linter.pattern import compiled, lazy
from linter.record import field, record
from linter.rulebook.errors import BlockError
from linter.rulebook.model import Confidence, Rule, Severity, Tables
from linter.syntax.model import Unit

_VARIABLE = lazy(r"\$(?:([A-Z_][A-Z0-9_]*)|\{([A-Z_][A-Z0-9_]*)\})")
_FREE = frozenset({"FILE", "FUNCTION", "MATCH"})
_SHOWN = 60


@record(frozen=False)
class _Runner:
    """The rules of a run; a rule's driver is made when it is first needed."""

    rules: dict[str, Rule]
    tables: Tables
    drivers: dict[str, Driver] = field(default_factory=dict)
    looks: dict[str, re.Pattern[bytes]] = field(default_factory=dict)

    def run(self, target: Any, context: Context, enabled: frozenset[str]) -> Iterator[Finding]:
        unit: Unit = target
        if not self.drivers:
            self._announce()
        for id in sorted(enabled):
            rule = self.rules.get(id)
            if rule is None or (context.userspace and not rule.block.get("userspace")):
                continue
            if not self._is_promising(rule, unit):
                continue
            for site, env in self._driver(rule).find(unit, context):
                yield _report(rule, site, env)

    def _is_promising(self, rule: Rule, unit: Unit) -> bool:
        """Whether `look`, a cheap regular expression, finds anything on the changed lines."""
        if "look" not in rule.block:
            return True
        look = self.looks.get(rule.id)
        if look is None:
            look = self.looks[rule.id] = compiled(rule.block["look"].encode(), re.MULTILINE)
        return look.search(changed_text(unit)) is not None

    def _driver(self, rule: Rule) -> Driver:
        driver = self.drivers.get(rule.id)
        if driver is None:
            driver = self.drivers[rule.id] = compile_driver(rule.block, ("match",), self.tables)
        return driver

    def _announce(self) -> None:
        """Let one query find the nodes for all rules that look at every file."""
        for rule in self.rules.values():
            if rule.triggers is None and not rule.applies_to.paths and "look" not in rule.block:
                wish(self._driver(rule).facts().wishes)


def _report(rule: Rule, site: Site, env: Env) -> Finding:
    block = {**rule.block, **{key: env[f"@{key}"] for key in REPORT_KEYS if f"@{key}" in env}}
    place = _place(block.get("at"), site, env)
    message = fill(block["message"], site, env)
    labels = [Label(_place(one["at"], site, env), fill(one["text"], site, env)) for one in block.get("labels", ())]
    labels.append(Label(place, message, primary=True))
    key = fill(block["key"], site, env) if "key" in block else _first_bound(env)
    return finding(
        rule,
        message,
        labels,
        function=site.function.name or None if site.function else None,
        help=fill(block.get("help", rule.help), site, env),
        severity=_severity(block.get("severity"), env),
        confidence=_confidence(block.get("confidence"), env),
        key=key,
        grids=_grids(block.get("show"), site, place),
    )


def _grids(show: Any, site: Site, place: Location) -> tuple[Grid, ...]:
    """What `show: layout` asks for, of a structure that the patch touches."""
    if show is None or not place.changed:
        return ()
    from linter.detect.uapi_grid import layout_around

    return layout_around(site.unit, site.node)


def _first_bound(env: Env) -> str:
    """What a finding is about where the rule does not say: its name, else what was bound first."""
    named = env.get("NAME")
    if named is None:
        named = next((value for name, value in env.items() if not name.startswith("@")), None)
    return text_of(named)[:80]


def _severity(name: Any, env: Env) -> Severity | None:
    text = name or env.get("SEVERITY")
    return Severity[text.upper()] if isinstance(text, str) else None


def _confidence(name: Any, env: Env) -> Confidence | None:
    text = name or env.get("CONFIDENCE")
    return Confidence[text.upper()] if isinstance(text, str) else None


def _place(name: Any, site: Site, env: Env) -> Location:
    """Where a label stands: what `$X` is bound to, else the match."""
    bound = env.get(str(name).removeprefix("$")) if name else None
    nodes: Sequence[Node] = bound if isinstance(bound, tuple) else (bound,) if isinstance(bound, Node) else ()
    if not nodes:
        nodes = (site.node,)
    return site.unit.location(nodes[0].start_byte, nodes[-1].end_byte)


def fill(template: str, site: Site, env: Env) -> str:
    """A message with its `$X` replaced by the code that they are bound to."""

    def one(match: re.Match[str]) -> str:
        name = match[1] or match[2]
        if name == "FILE":
            return site.unit.image.path or "the file"
        if name == "FUNCTION":
            return f"{site.function.name}()" if site.function and site.function.name else "the function"
        text = (
            " ".join(site.unit.snippet(site.node).decode("utf-8", "replace").split())
            if name == "MATCH"
            else text_of(env.get(name))
        )
        return text if len(text) <= _SHOWN or isinstance(env.get(name), str) else text[: _SHOWN - 1] + "…"

    return _VARIABLE.sub(one, template)


def _check_report(data: Mapping[str, Any], at: KeyPath, binds: frozenset[str], needs_message: bool) -> None:
    """The messages and places of a block name only what is bound."""
    if needs_message and "message" not in data:
        raise BlockError(at, "the key `message` is missing", "`message:`")
    for key in ("message", "help", "key"):
        if key in data:
            _check_template(data[key], (*at, key), binds)
    if "at" in data:
        _check_bound(variable(data["at"], (*at, "at")), (*at, "at"), binds)
    for number, label in enumerate(data.get("labels", ())):
        here = (*at, "labels", number)
        if not isinstance(label, Mapping) or set(label) != {"at", "text"}:
            raise BlockError(here, "no label", "`at: $X` and `text:`")
        _check_bound(variable(label["at"], (*here, "at")), (*here, "at"), binds)
        _check_template(label["text"], (*here, "text"), binds)
    if data.get("show", "layout") != "layout":
        raise BlockError((*at, "show"), f"unknown value `{data['show']}`", "`layout`")
    for key, kinds in (("severity", Severity), ("confidence", Confidence)):
        if key in data and str(data[key]).upper() not in kinds.__members__:
            raise BlockError(
                (*at, key), f"unknown value `{data[key]}`", "one of " + ", ".join(kinds.__members__).lower()
            )


def _check_template(text: Any, at: KeyPath, binds: frozenset[str]) -> None:
    if not isinstance(text, str) or not text.strip():
        raise BlockError(at, "no text", "a message")
    for match in _VARIABLE.finditer(text):
        _check_bound(match[1] or match[2], at, binds)


def _check_bound(name: str, at: KeyPath, binds: frozenset[str]) -> None:
    if name not in binds | _FREE:
        raise BlockError(
            at, f"`${name}` is bound nowhere", "one of " + ", ".join(f"${each}" for each in sorted(binds | _FREE))
        )


class MatchEngine:
    """Code of a certain shape."""

    name = "match"
    scope = Scope.UNIT

    def check(self, rule: Rule, tables: Tables) -> frozenset[str] | None:
        at: KeyPath = (self.name,)
        driver = compile_driver(rule.block, at, tables)
        if "look" in rule.block:
            limited_regex(rule.block["look"], (*at, "look"), back=True)
        facts = driver.facts()
        binds = facts.binds | bound_names(rule.block)
        own = [one for one in rule.block.get("any", ()) if isinstance(one, Mapping)]
        _check_report(rule.block, at, binds, not (own and all("message" in one for one in own)))
        for number, one in enumerate(own):
            _check_report(one, (*at, "any", number), binds, False)
        return facts.triggers

    def prepare(self, rules: Sequence[Rule], tables: Tables) -> _Runner:
        return _Runner({rule.id: rule for rule in rules}, tables)


ENGINE = MatchEngine()
