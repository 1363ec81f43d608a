"""The block of a `match` rule to drivers (where to look) and tests (does it fit). Checked here, key by key.

pattern: C text        the node has this shape                     context: how to read it
kind: node kind        and bind: {NAME: field}
names: [..] | table    a name in a role (as: call, type, field, name, include)
any, all               alternatives; the first member of `all` says where to look
inside, has, parent, function    a node around, within, just around; the whole function
not                    the opposite of a test
where                  a list of conditions (match_where) or tests
of: $X                 the tests of this mapping look at what $X is bound to
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from tree_sitter import Node

from linter.detect.match_context import CONDITIONS
from linter.detect.match_find import Site, is_field, is_kind, nodes_within
from linter.detect.match_pattern import CONTEXTS, Pattern, PatternError, compile_pattern
from linter.detect.match_tree import match_node
from linter.detect.match_where import Env, KeyPath, Test, limited_regex, variable
from linter.detect.model import Context
from linter.rulebook.errors import BlockError
from linter.rulebook.model import Tables

STRUCTURE = (
    "pattern",
    "context",
    "kind",
    "bind",
    "any",
    "all",
    "inside",
    "has",
    "parent",
    "function",
    "not",
    "where",
    "of",
)


def read_pattern(data: Mapping[str, Any], at: KeyPath) -> Pattern:
    """The compiled pattern of a mapping with `pattern:` and perhaps `context:`."""
    context = data.get("context")
    if context is not None and context not in CONTEXTS:
        raise BlockError((*at, "context"), f"unknown context `{context}`", "one of " + ", ".join(CONTEXTS))
    text = data["pattern"]
    if not isinstance(text, str):
        raise BlockError((*at, "pattern"), "no pattern", "C text with metavariables")
    try:
        return compile_pattern(text, context)
    except PatternError as error:
        raise BlockError((*at, "pattern"), str(error), "C with $X, ... and $...ARGS") from error


def compile_test(data: Any, at: KeyPath, tables: Tables) -> Test:
    """A test of one node: all keys of the mapping must hold."""
    if not isinstance(data, Mapping) or not data:
        raise BlockError(at, "no test", "a mapping such as `pattern: kmap($X)`")
    for key, condition in CONDITIONS.items():
        if key in data:
            extra = set(data) - condition.keys - {key}
            if extra:
                raise BlockError(
                    (*at, sorted(extra)[0]), f"unknown key beside `{key}`", ", ".join(sorted(condition.keys))
                )
            return condition.compile(data, at, tables)
    unknown = [key for key in data if key not in STRUCTURE]
    if unknown:
        raise BlockError((*at, unknown[0]), "unknown key", "one of " + ", ".join([*STRUCTURE, *CONDITIONS]))
    tests = list(structure_tests(data, at, tables))
    if not tests:
        raise BlockError(at, "nothing to test", "`pattern:`, `kind:`, `has:`, …")
    test = conjunction(tests)
    return _of(variable(data["of"], (*at, "of")), test) if "of" in data else test


def structure_tests(data: Mapping[str, Any], at: KeyPath, tables: Tables) -> Iterable[Test]:
    """The tests of a mapping, cheap ones first."""
    if "kind" in data:
        yield _kind_test(data, at)
    if "pattern" in data:
        yield _pattern_test(read_pattern(data, at))
    for key in ("any", "all"):
        if key in data:
            tests = [compile_test(one, (*at, key, n), tables) for n, one in enumerate(members(data, key, at))]
            yield conjunction(tests) if key == "all" else disjunction(tests)
    for key, combine in (("parent", _parent), ("inside", _inside), ("has", _has), ("function", _function)):
        if key in data:
            yield combine(_inner(data[key], (*at, key), tables))
    if "not" in data:
        yield _not(compile_test(data["not"], (*at, "not"), tables))
    if "where" in data:
        yield conjunction(
            [compile_test(one, (*at, "where", n), tables) for n, one in enumerate(members(data, "where", at))]
        )


def members(data: Mapping[str, Any], key: str, at: KeyPath) -> list[Any]:
    """The list under `any`, `all` or `where`."""
    value = data[key]
    if not isinstance(value, list) or not value:
        raise BlockError((*at, key), "no list", "a list of tests")
    return value


def _inner(data: Any, at: KeyPath, tables: Tables) -> Test:
    """A test, or the regular expression of a function's name under `function: {name: ...}`."""
    if isinstance(data, Mapping) and set(data) == {"name"} and at[-1] == "function":
        pattern = limited_regex(data["name"], (*at, "name"))

        def named(site: Site, env: Env, context: Context) -> Env | None:
            return env if site.function and pattern.search(site.function.name) else None

        return named
    return compile_test(data, at, tables)


def conjunction(tests: list[Test]) -> Test:
    """All tests, each with the bindings of those before it."""
    if len(tests) == 1:
        return tests[0]

    def test(site: Site, env: Env, context: Context) -> Env | None:
        found: Env | None = env
        for one in tests:
            if found is None:
                return None
            found = one(site, found, context)
        return found

    return test


def disjunction(tests: list[Test]) -> Test:
    """The first test that holds."""

    def test(site: Site, env: Env, context: Context) -> Env | None:
        for one in tests:
            found = one(site, env, context)
            if found is not None:
                return found
        return None

    return test


def _kind_test(data: Mapping[str, Any], at: KeyPath) -> Test:
    kinds = read_kinds(data, at)
    fields = read_fields(data, at)

    def test(site: Site, env: Env, context: Context) -> Env | None:
        return bind_fields(site.node, fields, env) if site.node.type in kinds else None

    return test


def read_kinds(data: Mapping[str, Any], at: KeyPath) -> frozenset[str]:
    """The node kinds under `kind:`."""
    value = data["kind"]
    kinds = value if isinstance(value, list) else [value]
    for kind in kinds:
        if not isinstance(kind, str) or not is_kind(kind):
            raise BlockError((*at, "kind"), f"the C grammar has no node `{kind}`", "a named node kind of tree-sitter-c")
    return frozenset(kinds)


def read_fields(data: Mapping[str, Any], at: KeyPath) -> tuple[tuple[str, str], ...]:
    """Name and field of each entry under `bind:`."""
    fields = data.get("bind", {})
    for name, field in fields.items():
        variable(f"${name}", (*at, "bind", name))
        if not isinstance(field, str) or not is_field(field):
            raise BlockError((*at, "bind", name), f"the C grammar has no field `{field}`", "a field such as `name`")
    return tuple(fields.items())


def bind_fields(node: Node, fields: tuple[tuple[str, str], ...], env: Env) -> Env | None:
    """The bindings with the node's fields added; None where a field is not there."""
    if not fields:
        return env
    found = dict(env)
    for name, field in fields:
        child = node.child_by_field_name(field)
        if child is None:
            return None
        found[name] = child
    return found


def _pattern_test(pattern: Pattern) -> Test:
    def test(site: Site, env: Env, context: Context) -> Env | None:
        return fit(pattern, site.node, env)

    return test


def fit(pattern: Pattern, node: Node, env: Env) -> Env | None:
    """The bindings with those of the pattern added; texts of a table row take no part."""
    if pattern.kinds and node.type not in pattern.kinds and node.type != "parenthesized_expression":
        return None
    bound = {name: value for name, value in env.items() if not isinstance(value, str)}
    found = match_node(pattern, node, bound)
    return None if found is None else {**env, **found}


def _parent(inner: Test) -> Test:
    def test(site: Site, env: Env, context: Context) -> Env | None:
        for levels in range(1, len(site.path)):
            if site.path[-1 - levels].type != "parenthesized_expression":
                return inner(site.up(levels), env, context)
        return None

    return test


def _inside(inner: Test) -> Test:
    def test(site: Site, env: Env, context: Context) -> Env | None:
        for levels in range(1, len(site.path)):
            found = inner(site.up(levels), env, context)
            if found is not None:
                return found
        return None

    return test


def _has(inner: Test) -> Test:
    def test(site: Site, env: Env, context: Context) -> Env | None:
        for node in nodes_within(site.node):
            found = inner(Site(site.unit, (*site.path, node)), env, context)
            if found is not None:
                return found
        return None

    return test


def _function(inner: Test) -> Test:
    """The test on the whole function around the node."""

    def test(site: Site, env: Env, context: Context) -> Env | None:
        function = site.function
        return None if function is None else inner(Site(site.unit, (function.node,)), env, context)

    return test


def _not(inner: Test) -> Test:
    def test(site: Site, env: Env, context: Context) -> Env | None:
        return env if inner(site, env, context) is None else None

    return test


def _of(name: str, inner: Test) -> Test:
    def test(site: Site, env: Env, context: Context) -> Env | None:
        value = env.get(name)
        return inner(Site(site.unit, (*site.path, value)), env, context) if isinstance(value, Node) else None

    return test
