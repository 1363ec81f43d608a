"""Questions about tests that are there, but are the wrong ones."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tree_sitter import Node

from linter.detect.calls import clean_text
from linter.detect.paths import result_taken
from linter.detect.questions import Answer, Query
from linter.detect.results import sites
from linter.detect.returns import conventions
from linter.flow.dominators import reachable, successors
from linter.flow.expr import integer
from linter.flow.model import Cfg, Expr, Kind, StepKind
from linter.pattern import compiled, lazy

_IS_ERR = frozenset(["IS_ERR", "PTR_ERR_OR_ZERO"])
_EITHER = "IS_ERR_OR_NULL"


def conditions(cfg: Cfg) -> Iterator[tuple[Expr, int]]:
    """Every condition of a graph once, with the block that it ends."""
    for block in cfg.blocks:
        seen: set[int] = set()
        for edge in block.edges:
            if edge.assume is not None and edge.assume[0].start not in seen:
                seen.add(edge.assume[0].start)
                yield edge.assume[0], block.index


def sources(cfg: Cfg, key: str) -> set[str] | None:
    """The callees whose results a function stores in `key`; None where something else is stored there too."""
    found: set[str] = set()
    for block in cfg.blocks:
        for step in block.steps:
            if step.kind not in (StepKind.ASSIGN, StepKind.DECLARE) or step.target is None or step.target.key != key:
                continue
            value = step.expr
            if value is None or (value.kind is Kind.CONST and integer(value) == 0):
                continue
            if value.kind is not Kind.CALL:
                return None
            found.add(value.text)
    return found


_NUMBERS = frozenset({"int", "long", "unsigned int", "unsigned long", "ssize_t", "bool", "u32", "s32"})
"""Types of variables that hold no pointer."""


def null_test_of_errptr(query: Query) -> Iterator[Answer]:
    """`!p` for the result of a function that returns an ERR_PTR, where nothing else tests it."""
    known = conventions(query.tables)
    for site in sites(query):
        if site.use not in ("not", "true") or site.name not in known.errptr or site.target is None:
            continue
        if site.name in known.ignored:
            continue
        body = clean_text(query.unit)[site.end : query.function.body.end_byte].decode("utf-8", "replace")
        if re.search(r"(?:IS_ERR\w*|PTR_ERR\w*|ERR_CAST)\s*\(\s*" + re.escape(site.target) + r"\s*\)", body):
            continue
        taken = result_taken(query.cfg, site.start)
        if taken is None or taken[2].target is None or query.cfg.locals.get(taken[2].target.key) in _NUMBERS:
            continue  # an older function of that name gives a number
        key = taken[2].target.key
        test = test_behind(query.cfg, key, site.end)
        if test is None:
            continue
        names = {"CALLEE": site.name, "VALUE": site.target}
        yield Answer(
            (test.start, test.end), names, [((site.start, site.end), "returns an ERR_PTR on failure")], key=key
        )


def test_behind(cfg: Cfg, key: str, at: int) -> Expr | None:
    """The first condition behind an offset that is the value itself or compares it with NULL."""
    best: Expr | None = None
    for condition, _ in conditions(cfg):
        if condition.start < at or (best is not None and condition.start > best.start):
            continue
        bare = condition.key == key
        compared = condition.kind is Kind.BINARY and condition.text in ("==", "!=") and condition.args[0].key == key
        if bare or (compared and integer(condition.args[1]) == 0):
            best = condition
    return best


def errptr_test_of_null(query: Query) -> Iterator[Answer]:
    """IS_ERR() of the result of a function that returns NULL on failure."""
    yield from _error_tests(query, _IS_ERR, wants_null=True)


def either_test(query: Query) -> Iterator[Answer]:
    """IS_ERR_OR_NULL() of a result that can be one of the two only."""
    yield from _error_tests(query, frozenset([_EITHER]), wants_null=False)


def _error_tests(query: Query, testers: frozenset[str], wants_null: bool) -> Iterator[Answer]:
    if not any(tester.encode() in query.unit.identifiers for tester in testers):
        return
    text = clean_text(query.unit)[query.function.body.start_byte : query.function.body.end_byte]
    if not any(tester.encode() in text for tester in testers):
        return
    known = conventions(query.tables)
    cfg = query.cfg
    for block in cfg.blocks:
        for step in block.steps:
            call = step.expr
            if step.kind is not StepKind.CALL or call is None or call.text not in testers or len(call.args) != 1:
                continue
            value = call.args[0]
            origin = {value.text} if value.kind is Kind.CALL else sources(cfg, value.key)
            if not origin:
                continue
            if wants_null:
                wrong = all(
                    (name in known.null or name in known.never_errptr) and name not in known.stub_null
                    for name in origin
                )
            else:
                wrong = all(
                    (name in known.errptr_sure or name in known.allocations) and name not in known.stub_null
                    for name in origin
                ) and (len(origin) > 1 or value.kind is Kind.CALL or _is_always_set(cfg, value.key, block.index))
            if wrong:
                name = sorted(origin)[0]
                kind = "NULL" if name in known.null else "an ERR_PTR"
                names = {
                    "CALLEE": name,
                    "VALUE": query.text((value.start, value.end)),
                    "FAILURE": kind,
                    "TEST": call.text,
                }
                yield Answer((call.start, call.end), names, key=value.key)


def _is_always_set(cfg: Cfg, key: str, block: int) -> bool:
    """Whether a value is set on every way to a block: what stood there before, perhaps NULL, does not reach it."""
    stores = (StepKind.ASSIGN, StepKind.DECLARE)
    sets = {
        each.index
        for each in cfg.blocks
        for step in each.steps
        if step.kind in stores and step.target is not None and step.target.key == key
        if step.expr is not None and step.expr.kind is Kind.CALL
    }
    graph = [[] if index in sets else targets for index, targets in enumerate(successors(cfg))]
    return block in sets or block not in reachable(graph, cfg.entry)


def either_judged_by_null(query: Query) -> Iterator[Answer]:
    """A result that is NULL where there is none and an ERR_PTR on failure, tested for NULL only."""
    known = conventions(query.tables)
    for site in sites(query):
        if site.use not in ("not", "true") or site.name not in known.either or site.target is None:
            continue
        body = clean_text(query.unit)[site.end : query.function.body.end_byte].decode("utf-8", "replace")
        if re.search(r"(?:IS_ERR\w*|PTR_ERR\w*|ERR_CAST)\s*\(\s*" + re.escape(site.target) + r"\s*\)", body):
            continue
        taken = result_taken(query.cfg, site.start)
        test = test_behind(query.cfg, taken[2].target.key, site.end) if taken and taken[2].target else None
        if test is not None:
            names = {"CALLEE": site.name, "VALUE": site.target}
            label = ((site.start, site.end), "NULL: there is none; ERR_PTR: it failed")
            yield Answer((test.start, test.end), names, [label], key=site.target)


_FAILS = lazy(
    r"^\{?[^{}]*?(?:return\s+-(?:E[A-Z]+|1)\b|return\s+ERR_PTR\s*\(\s*-|return\s+1\s*;|goto\s+\w*(?:err|fail)\w*\s*;)",
    re.S,
)


def inverted_test(query: Query) -> Iterator[Answer]:
    """`if (!ret) { complain; return -EINVAL; }` after a call that returns 0 on success."""
    known = conventions(query.tables)
    for site in sites(query):
        if site.use != "not" or site.target is None or site.name not in known.must or site.name in known.null:
            continue
        if site.name not in known.negative and site.name not in known.forgotten:
            continue
        taken = result_taken(query.cfg, site.start)
        if taken is None or taken[2].target is None:
            continue
        test = test_behind(query.cfg, taken[2].target.key, site.end)
        if test is None:
            continue
        branch = _branch_of(query, test)
        if branch is not None and _FAILS.match(branch):
            names = {"CALLEE": site.name, "VALUE": site.target}
            yield Answer((test.start, test.end), names, [((site.start, site.end), "0 is a success")], key=site.target)


def _branch_of(query: Query, test: Expr) -> str | None:
    """The text of the branch that is taken where `!test` holds, of an if without else."""
    node: Node | None = query.unit.tree.root_node.descendant_for_byte_range(test.start, test.end)
    while node is not None and node.type != "if_statement":
        node = node.parent
    if node is None or node.child_by_field_name("alternative") is not None:
        return None
    condition, branch = node.child_by_field_name("condition"), node.child_by_field_name("consequence")
    if condition is None or branch is None or not compiled(rb"\(\s*!\s*[\w>.\-]+\s*\)$").match(condition.text or b""):
        return None
    return clean_text(query.unit)[branch.start_byte : branch.end_byte].decode("utf-8", "replace")
