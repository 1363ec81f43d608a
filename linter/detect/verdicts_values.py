"""Questions about tests of another value than the one just got, or of a sign or an outcome that it cannot have."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from tree_sitter import Node

from linter.detect.calls import clean_text
from linter.detect.paths import fate, result_taken
from linter.detect.questions import Answer, Query
from linter.detect.results import sites
from linter.detect.returns import conventions
from linter.detect.verdicts import conditions, sources, test_behind
from linter.flow.expr import integer
from linter.flow.model import Cfg, Expr, Kind, StepKind
from linter.pattern import lazy

_UNSIGNED = lazy(r"^(?:const |volatile )*(?:unsigned\b|u8\b|u16\b|u32\b|u64\b|uint\b|uint8_t|uint16_t|uint32_t|"
                       r"uint64_t|size_t\b|__u8\b|__u16\b|__u32\b|__u64\b|bool\b|dma_addr_t|phys_addr_t)")  # fmt: skip
_UNSIGNED_WORDS = rb"\b(?:unsigned|u8|u16|u32|u64|uint\w*|size_t|__u8|__u16|__u32|__u64|bool|dma_addr_t|phys_addr_t)\b"
_BELOW_ZERO = lazy(rb"\b(\w+)\s*(?:<|>=)\s*0\b")


def other_value_tested(query: Query) -> Iterator[Answer]:
    """`a = f(); if (!b)`: the test right behind the call looks at something that the call did not give."""
    known = conventions(query.tables)
    for site in sites(query):
        if site.target is None or site.use not in ("unread", "use", "dereference"):
            continue
        if site.name not in known.null and site.name not in known.errptr:
            continue
        condition = _next_condition(query, site.end)
        if condition is None:
            continue
        tested = _tested_value(condition)
        cfg = query.cfg
        taken = result_taken(cfg, site.start)
        if tested is None or taken is None or taken[2].target is None:
            continue
        key = taken[2].target.key
        if tested == key or tested in key or key in tested or not _same_family(cfg, site.start, site.name, key, tested):
            continue
        seen = fate(cfg, taken[0], taken[1], key, known.tests)
        if seen.tested or seen.returned:
            continue
        names = {"CALLEE": site.name, "VALUE": site.target, "TESTED": tested}
        place = (condition.start_byte, condition.end_byte)
        yield Answer(place, names, [((site.start, site.end), f"gives `{site.target}`")], key=key)


def _next_condition(query: Query, at: int) -> Node | None:
    """The condition of an `if` that is the next statement behind an offset."""
    node: Node | None = query.unit.tree.root_node.descendant_for_byte_range(at - 1, at)
    while node is not None and node.type not in ("expression_statement", "declaration", "function_definition"):
        node = node.parent
    following = node.next_named_sibling if node is not None and node.type != "function_definition" else None
    while following is not None and following.type == "comment":
        following = following.next_named_sibling
    if following is None or following.type != "if_statement":
        return None
    return following.child_by_field_name("condition")


_TESTED = lazy(r"^\(\s*(?:un)?(?:likely)?\(?\s*(?:!\s*|IS_ERR(?:_OR_NULL)?\s*\(\s*)([\w.>\-\[\]]+?)\s*\)*$")


def _tested_value(condition: Node) -> str | None:
    match = _TESTED.match(" ".join((condition.text or b"").decode("utf-8", "replace").split()))
    return match[1] if match else None


def _same_family(cfg: Cfg, start: int, name: str, key: str, tested: str) -> bool:
    """Whether the tested thing is an argument of the call, or the result of an earlier call, tested before."""
    earlier = False
    for block in cfg.blocks:
        for step in block.steps:
            if step.kind is StepKind.CALL and step.expr is not None and step.expr.start == start:
                stack = list(step.expr.args)
                while stack:
                    top = stack.pop()
                    if top.key == tested:
                        return True
                    stack.extend(top.args)
            elif step.kind in (StepKind.ASSIGN, StepKind.DECLARE) and step.target is not None and step.start < start:
                value = step.expr
                earlier = earlier or (step.target.key == tested and value is not None and value.kind is Kind.CALL)
    return (
        earlier
        and sum(1 for condition, _ in conditions(cfg) if condition.start < start and tested in condition.key) > 0
    )


def unsigned_negative(query: Query) -> Iterator[Answer]:
    """`x < 0` where x is an unsigned local or parameter."""
    text = clean_text(query.unit)[query.function.node.start_byte : query.function.body.end_byte]
    compared = {match[1] for match in _BELOW_ZERO.finditer(text)}
    if not any(re.search(_UNSIGNED_WORDS + rb"[^;(){}]*\b" + name + rb"\b", text) for name in compared):
        return
    cfg = query.cfg
    for condition, _ in conditions(cfg):
        if (
            condition.kind is not Kind.BINARY
            or condition.text not in ("<", "<=")
            or condition.args[0].kind is not Kind.NAME
        ):
            continue
        if integer(condition.args[1]) != 0 or condition.text == "<=":
            continue
        name = condition.args[0].text
        kind = cfg.locals.get(name) or cfg.types.get(name) or ""
        if not _UNSIGNED.match(kind) or "*" in kind or "[" in kind:
            continue
        if "(" in query.text((condition.start, condition.args[0].end)):
            continue  # a cast gives it another type
        origin = sources(cfg, name)
        names = {"VALUE": name, "TYPE": kind, "CALLEE": sorted(origin)[0] if origin else "it"}
        yield Answer((condition.start, condition.end), names, key=name)


def positive_success(query: Query) -> Iterator[Answer]:
    """`if (ret)` as a failure test of a call whose success may be a positive number."""
    known = conventions(query.tables)
    for site in sites(query):
        if site.use != "true" or site.target is None or site.name not in known.positive_success:
            continue
        cfg = query.cfg
        taken = result_taken(cfg, site.start)
        if taken is None or taken[2].target is None:
            continue
        key = taken[2].target.key
        test = test_behind(cfg, key, site.end)
        if test is None or test.key != key or _moves_nothing(taken[2].expr):
            continue
        if _leaves_on_truth(cfg, test, key):
            names = {"CALLEE": site.name, "VALUE": key}
            yield Answer(
                (test.start, test.end), names, [((site.start, site.end), "may be positive on success")], key=key
            )


def _moves_nothing(call: Expr | None) -> bool:
    """Whether a call is given no buffer, and 0 for its length: what it moved is 0 where it succeeds."""
    args = call.args if call is not None else ()
    return any(one.key == "NULL" and integer(two) == 0 for one, two in pairwise(args))


def _leaves_on_truth(cfg: Cfg, test: Expr, key: str) -> bool:
    """Whether the branch where the value is not 0 returns it, or goes to an error label."""
    for block in cfg.blocks:
        for edge in block.edges:
            if edge.assume is None or edge.assume[0].start != test.start or not edge.assume[1]:
                continue
            target = cfg.blocks[edge.target]
            for step in target.steps:
                if step.kind is StepKind.RETURN:
                    return step.expr is not None and (step.expr.key == key or key in step.expr.key)
            if len(target.edges) == 1 and cfg.blocks[target.edges[0].target].label:
                return True
    return False
