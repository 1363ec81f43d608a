"""Where a `match` rule looks: the places in a unit where its pattern, node kind or names can stand.

A driver with names in it goes from the places of a name outwards; one without goes through all nodes of its kinds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from tree_sitter import Node

from linter.detect.match_changed import Wish, changed_sites, wishes_of
from linter.detect.match_find import Site, sites_of, sites_of_kinds
from linter.detect.match_names import NamesDriver, read_names
from linter.detect.match_pattern import SKIPPED, Pattern, compile_pattern, metavariables, pattern_names
from linter.detect.match_tests import (
    bind_fields,
    compile_test,
    conjunction,
    fit,
    members,
    read_fields,
    read_kinds,
    read_pattern,
    structure_tests,
)
from linter.detect.match_tree import match_sequence
from linter.detect.match_where import Env, KeyPath, Test
from linter.detect.model import Context
from linter.record import record
from linter.rulebook.errors import BlockError
from linter.rulebook.model import Tables
from linter.syntax.model import Unit

Found = tuple[Site, Env]
_BLOCKS = frozenset({"compound_statement", "case_statement", "translation_unit"})
_OTHER = ("context", "bind", "triggers", "look", "userspace")
_DRIVERS = ("pattern", "kind", "names", "any", "all")
REPORT_KEYS = ("message", "at", "key", "labels", "help", "severity", "confidence", "show")
"""Keys of a block, or of an alternative under `any`, that say how a match is reported."""


@record
class Facts:
    """What is to be known of a driver before a unit is at hand."""

    triggers: frozenset[str] | None  # names of which one must stand in the unit; None: look everywhere
    binds: frozenset[str]
    wishes: tuple[Wish, ...] = ()  # what it looks for on changed lines


@record
class Driver:
    """Where to look, and what must hold there. A run asks few drivers for their facts: patterns are compiled late."""

    find: Callable[[Unit, Context], Iterator[Found]]
    facts: Callable[[], Facts]  # raises BlockError where a pattern is none


def find_pattern(unit: Unit, pattern: Pattern) -> Iterator[Found]:
    """Every match of a pattern in a unit, with its bindings; of a pattern without a name, those on changed lines.

    Matches in damaged code are left out.
    """
    if not all(anchor in unit.identifiers for anchor in pattern.anchors):
        return
    seen: set[tuple[int, int, str]] = set()
    for site in _candidates(unit, pattern):
        node = site.node
        key = (node.start_byte, node.end_byte, node.type)
        if key in seen:
            continue
        seen.add(key)
        if pattern.is_sequence:
            yield from _sequences(pattern, site)
        elif not node.has_error:
            env = fit(pattern, node, {})
            if env is not None and site.is_code:
                yield site, env


def _candidates(unit: Unit, pattern: Pattern) -> Iterator[Site]:
    kinds = _BLOCKS if pattern.is_sequence else pattern.kinds
    if not pattern.anchors:
        if pattern.is_sequence:
            yield from sites_of_kinds(unit, kinds)
        elif all(word in unit.text for word in pattern.tokens):
            yield from changed_sites(unit, wishes_of(pattern))
        return
    for site in sites_of(unit, pattern.anchors[0]):
        for levels in range(len(site.path)):
            if site.path[-1 - levels].type in kinds:
                yield site.up(levels)


def _sequences(pattern: Pattern, site: Site) -> Iterator[Found]:
    siblings = [node for node in site.node.children if node.type not in SKIPPED]
    if len(siblings) > 5000:
        return
    for start, first in enumerate(siblings):
        found = match_sequence(pattern, siblings, start)
        if found is not None and not any(node.has_error for node in siblings[start : found[1]]):
            yield Site(site.unit, (*site.path, first)), dict(found[0])


def compile_driver(data: Any, at: KeyPath, tables: Tables, top: bool = True) -> Driver:
    """Check a mapping and make its driver."""
    if not isinstance(data, Mapping):
        raise BlockError(at, "no mapping", "`pattern:`, `kind:`, `names:`, `any:` or `all:`")
    chosen = [key for key in _DRIVERS if key in data]
    if len(chosen) != 1:
        what = " and ".join(f"`{key}`" for key in chosen) or "nothing"
        raise BlockError(at, f"{what} says where to look", "one of " + ", ".join(_DRIVERS))
    rest = {key: value for key, value in data.items() if key not in (*chosen, *REPORT_KEYS, *_OTHER)}
    tests = [compile_test(rest, at, tables)] if rest else []
    inner = _MAKERS[chosen[0]](data, at, tables)
    driver = _filtered(inner, tests)
    reports = {key: data[key] for key in REPORT_KEYS if key in data} if not top else {}

    def facts() -> Facts:
        found = driver.facts()
        triggers = found.triggers if "triggers" not in data else frozenset(map(str, data["triggers"]))
        return Facts(triggers, found.binds | bound_names(rest), found.wishes)

    return Driver(_reporting(driver.find, reports), facts)


def bound_names(data: Any) -> frozenset[str]:
    """Every name that some part of a block can bind."""
    found: set[str] = set()
    stack = [data]
    while stack:
        value = stack.pop()
        if isinstance(value, Mapping):
            found.update(value.get("bind", {}))
            if "pattern" in value:
                found |= metavariables(str(value["pattern"]))
            if "word-of" in value:
                found.add(str(value.get("as", "$WORD")).removeprefix("$"))
            stack.extend(value.values())
        elif isinstance(value, list):
            stack.extend(value)
    return frozenset(found)


def _filtered(driver: Driver, tests: list[Test]) -> Driver:
    if not tests:
        return driver
    test = conjunction(tests)

    def find(unit: Unit, context: Context) -> Iterator[Found]:
        for site, env in driver.find(unit, context):
            found = test(site, env, context)
            if found is not None:
                yield site, found

    return Driver(find, driver.facts)


def _reporting(
    find: Callable[[Unit, Context], Iterator[Found]], reports: Mapping[str, Any]
) -> Callable[[Unit, Context], Iterator[Found]]:
    """Put an alternative's own message and places among the bindings, under names that no pattern can bind."""
    texts = {f"@{key}": value for key, value in reports.items()}
    if not texts:
        return find

    def with_reports(unit: Unit, context: Context) -> Iterator[Found]:
        for site, env in find(unit, context):
            yield site, {**texts, **env}

    return with_reports


def _pattern(data: Mapping[str, Any], at: KeyPath, tables: Tables) -> Driver:
    source, context = data["pattern"], data.get("context")
    names = frozenset(map(str.encode, pattern_names(source))) if isinstance(source, str) else frozenset()

    def facts() -> Facts:
        pattern = read_pattern(data, at)
        if not pattern.anchors and not pattern.kinds and not pattern.is_sequence:
            raise BlockError((*at, "pattern"), "a metavariable alone matches everything", "C with some shape")
        wishes = () if pattern.anchors or pattern.is_sequence else wishes_of(pattern)
        return Facts(frozenset(name.decode() for name in pattern.anchors[:1]) or None, metavariables(source), wishes)

    def find(unit: Unit, _: Context) -> Iterator[Found]:
        return find_pattern(unit, compile_pattern(source, context)) if names <= unit.identifiers else iter(())

    return Driver(find, facts)


def _kind(data: Mapping[str, Any], at: KeyPath, tables: Tables) -> Driver:
    kinds, fields = read_kinds(data, at), read_fields(data, at)
    wishes = tuple((kind, "") for kind in sorted(kinds))

    def find(unit: Unit, _: Context) -> Iterator[Found]:
        for site in changed_sites(unit, wishes):
            env = bind_fields(site.node, fields, {})
            if env is not None and not site.node.has_error and site.is_code:
                yield site, env

    return Driver(find, lambda: Facts(None, frozenset(name for name, _ in fields), wishes))


def _names(data: Mapping[str, Any], at: KeyPath, tables: Tables) -> Driver:
    driver: NamesDriver = read_names(data["names"], (*at, "names"), tables)
    return Driver(driver.find, lambda: Facts(driver.triggers, driver.binds))


def _any(data: Mapping[str, Any], at: KeyPath, tables: Tables) -> Driver:
    drivers = [compile_driver(one, (*at, "any", n), tables, False) for n, one in enumerate(members(data, "any", at))]

    def find(unit: Unit, context: Context) -> Iterator[Found]:
        seen: set[tuple[int, int]] = set()
        for driver in drivers:
            for site, env in driver.find(unit, context):
                place = (site.node.start_byte, site.node.end_byte)
                if place not in seen:
                    seen.add(place)
                    yield site, env

    def facts() -> Facts:
        each = [driver.facts() for driver in drivers]
        every = [one.triggers for one in each]
        triggers = None if None in every else frozenset().union(*(names for names in every if names is not None))
        wishes = tuple(wish for one in each for wish in one.wishes)
        return Facts(triggers, frozenset().union(*(one.binds for one in each)), wishes)

    return Driver(find, facts)


def _all(data: Mapping[str, Any], at: KeyPath, tables: Tables) -> Driver:
    parts = members(data, "all", at)
    first = compile_driver(parts[0], (*at, "all", 0), tables, False)
    tests = [compile_test(one, (*at, "all", n), tables) for n, one in enumerate(parts) if n]
    return _filtered(first, tests)


_MAKERS: Mapping[str, Callable[[Mapping[str, Any], KeyPath, Tables], Driver]] = {
    "pattern": _pattern,
    "kind": _kind,
    "names": _names,
    "any": _any,
    "all": _all,
}

__all__ = ["REPORT_KEYS", "Driver", "Node", "compile_driver", "find_pattern", "pattern_names", "structure_tests"]
