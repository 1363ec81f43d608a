"""Questions about pointers that are tested for NULL at one place and read through at another."""

from __future__ import annotations

import re
from collections.abc import Iterator

from linter.detect.calls import branches, changed_words, clean_text
from linter.detect.order_words import order_words
from linter.detect.paths import dominating_tests, is_part, overwrites
from linter.detect.questions import Answer, Query
from linter.detect.results import on_error_path
from linter.flow.expr import integer
from linter.flow.facts import ZERO
from linter.flow.known import facts_before
from linter.flow.model import Cfg, Expr, Kind, Step, StepKind
from linter.pattern import lazy

_INSIDE = frozenset(bytes([c]) for c in b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.>")
_TEST = lazy(rb"[(!&|]\s*(\w+(?:(?:->|\.)\w+)*)\s*(?:\)|&&|\|\||[!=]=\s*NULL)")
_NULL_TEST = lazy(r"!\s*[A-Za-z_]|==\s*NULL|!=\s*NULL|(?:^|&&|\|\||\()\s*[\w>.\-]+\s*(?:$|&&|\|\||\))")
_LEAVES = lazy(r"\b(?:return|goto|break|continue)\b")
_PARTS = frozenset(["subscript_expression", "field_expression", "parenthesized_expression"])
_TESTED_KINDS = frozenset([Kind.NAME, Kind.FIELD])


def null_tests(cfg: Cfg) -> Iterator[tuple[int, Expr, bool, int]]:
    """Edges on which a pointer is known to be NULL or not: block, the pointer, whether it is NULL, target block."""
    for block in cfg.blocks:
        for edge in block.edges:
            if edge.assume is None:
                continue
            condition, holds = edge.assume
            if condition.kind in _TESTED_KINDS:
                yield block.index, condition, not holds, edge.target
            elif condition.kind is Kind.BINARY and condition.args[0].kind in _TESTED_KINDS:
                other = condition.args[1]
                if other.text == "NULL" and condition.text in ("==", "!="):
                    yield block.index, condition.args[0], (condition.text == "==") is holds, edge.target
                    # NOTE: a comparison with 0 is about a number


def changes(step: Step, key: str) -> bool:
    """Whether a step may give the pointer another value."""
    if overwrites(step, key) or step.kind in (StepKind.GAP, StepKind.ASM):
        return True
    if step.kind is StepKind.ITERATE and step.expr is not None:
        return any(arg.key == key or is_part(key, arg.key) for arg in step.expr.args[:2])
    if step.kind is StepKind.CALL and step.expr is not None:
        return any(arg.kind is Kind.ADDRESS and (arg.args[0].key == key) for arg in step.expr.args)
    return False


def _is_use(step: Step, key: str) -> bool:
    return step.kind is StepKind.USE and step.expr is not None and step.expr.key == key


def _is_doubtful(query: Query, step: Step) -> bool:
    """Whether a use may be none: it computes an address alone, or its condition is not all in sight."""
    return _is_address(query, step) or _is_cut(query, step)


def _is_cut(query: Query, step: Step) -> bool:
    """Whether a step stands in a condition that began above the hunk, and may have tested anything before."""
    node = query.unit.tree.root_node.descendant_for_byte_range(step.start, step.end)
    while node is not None and not node.type.endswith(("statement", "declaration")):
        node = node.parent
    return node is not None and node.type != "compound_statement" and query.unit.rows[node.start_point[0]] is None


def _is_address(query: Query, step: Step) -> bool:
    """Whether a use may only compute an address: `&p->table[i]` reads nothing where the table is part of `*p`."""
    node, indexed = query.unit.tree.root_node.descendant_for_byte_range(step.start, step.end), False
    while node is not None and node.parent is not None:
        parent = node.parent
        if parent.type == "pointer_expression":
            return indexed and parent.children[0].type == "&"
        is_part = parent.type in _PARTS and parent.named_child(0) == node
        if not is_part or any(child.type == "->" for child in parent.children):
            return False
        node, indexed = parent, indexed or parent.type == "subscript_expression"
    return False


def tested_after_use(query: Query) -> Iterator[Answer]:
    """A pointer that is read through on every path to the place where it is tested for NULL."""
    if not any(use < test for use, test in _places(query)):
        return
    cfg = query.cfg
    told: set[str] = set()
    for block, pointer, _, _ in null_tests(cfg):
        key = pointer.key
        if key in told or not _used_somewhere(cfg, key) or on_error_path(query.function, pointer.start):
            continue  # code that cleans up asks once more, to be safe
        if _is_given_address(cfg, key):
            continue
        use = _use_before(query, block, key)
        if use is not None and use.end <= pointer.start and not _in_macro(query, pointer):
            told.add(key)
            if _is_tested(query, use):
                continue  # the later test asks once more: nothing to say about the use
            names = {"VALUE": query.text((pointer.start, pointer.end))}
            label = ((pointer.start, pointer.end), "tested here, too late")
            yield Answer((use.start, use.end), names, [label], key=key)


def _places(query: Query) -> list[tuple[int, int]]:
    """For each pointer that is tested and read through: where the first use and the last test stand in the text."""
    cache, key = query.unit.cache, ("pointers.places", query.function.span.start)
    if key not in cache:
        text, start, end = clean_text(query.unit), query.function.body.start_byte, query.function.body.end_byte
        tests = {match[1]: match.start() for match in _TEST.finditer(text, start, end)}
        uses: dict[bytes, int] = {}
        for name in tests:
            at = text.find(name + b"->", start, end)
            while at > 0 and text[at - 1 : at] in _INSIDE:
                at = text.find(name + b"->", at + 1, end)
            if at >= 0:
                uses[name] = at
        changed = changed_words(query.function) if uses else None
        cache[key] = [
            (use, tests[name])
            for name, use in uses.items()
            if changed is None or not changed.isdisjoint(re.findall(rb"\w+", name))
        ]
    found: list[tuple[int, int]] = cache[key]
    return found


def _may_go_on(query: Query) -> bool:
    """Whether some test of a pointer that is read through has a branch that need not leave the function."""
    if not _places(query):
        return False
    for condition, branch in branches(query.function):
        if _NULL_TEST.search(condition) and not _LEAVES.search(branch):
            return True
        if "->" in condition and _NULL_TEST.search(condition):
            return True
    return False


def _is_given_address(cfg: Cfg, key: str) -> bool:
    """Whether the function lets a pointer start with the address of something: it is never NULL by itself."""
    return any(
        step.target is not None and step.target.key == key and step.expr is not None and step.expr.kind is Kind.ADDRESS
        for block in cfg.blocks
        for step in block.steps
    )


def _used_somewhere(cfg: Cfg, key: str) -> bool:
    return any(_is_use(step, key) for block in cfg.blocks for step in block.steps)


def _is_tested(query: Query, use: Step) -> bool:
    """Whether a pointer is known not to be NULL where it is read through."""
    for block in query.cfg.blocks if use.expr is not None else ():
        if use in block.steps:
            facts = facts_before(query.cfg, block, block.steps.index(use))
            return facts is not None and use.expr is not None and not facts.mask(use.expr) & ZERO
    return False


def _in_macro(query: Query, pointer: Expr) -> bool:
    return query.text((pointer.start, pointer.end)).replace(" ", "") != pointer.key.replace(" ", "")


def _use_before(query: Query, block: int, key: str) -> Step | None:
    """A use that stands on every path to the end of a block, with no change in between; None where one has none."""
    cfg = query.cfg
    predecessors = cfg.predecessors()
    found: Step | None = None
    seen: set[int] = set()
    pending = [block]
    while pending:
        at = pending.pop()
        if at in seen:
            continue
        seen.add(at)
        if len(seen) > 60:
            return None
        stopped = False
        for step in reversed(cfg.blocks[at].steps):
            if _is_use(step, key) and not _is_doubtful(query, step):
                found = step if found is None or step.start < found.start else found
                stopped = True
                break
            if changes(step, key):
                return None
        if stopped:
            continue
        if at == cfg.entry or cfg.blocks[at].in_loop or (cfg.has_gap and cfg.blocks[at].label is not None):
            return None  # code out of sight may jump to a label
        pending += predecessors[at]  # a block without any is out of reach
    return found


def used_where_null(query: Query) -> Iterator[Answer]:
    """A pointer that was found to be NULL, and is read through on that path."""
    if not _may_go_on(query):
        return
    cfg, ends_all = query.cfg, order_words(query.tables).ends_all
    told: set[str] = set()
    for block, pointer, null, target in null_tests(cfg):
        key = pointer.key
        if not null or key in told or not _used_somewhere(cfg, key):
            continue
        if any(_says_valid(assume, key) for assume in dominating_tests(cfg, block)):
            continue
        use = _use_behind(query, target, key, ends_all)
        if use is not None and not _in_macro(query, pointer) and not _is_idle(query, block, pointer):
            told.add(key)
            names = {"VALUE": query.text((pointer.start, pointer.end))}
            label = ((pointer.start, pointer.end), "may be NULL, says this test")
            yield Answer((use.start, use.end), names, [label], key=key)


def _is_idle(query: Query, block: int, pointer: Expr) -> bool:
    """Whether a test says little: the pointer was read through before it, or it only picks what a call is given."""
    if _use_before(query, block, pointer.key) is not None:
        return True
    node = query.unit.tree.root_node.descendant_for_byte_range(pointer.start, pointer.end)
    chosen = False
    while node is not None and not node.type.endswith(("statement", "declaration")):
        chosen = chosen or node.type == "conditional_expression"
        if chosen and node.type == "argument_list":
            return True
        node = node.parent
    return False


def _says_valid(assume: tuple[Expr, bool], key: str) -> bool:
    condition, holds = assume
    return condition.key == key and holds


def _use_behind(query: Query, target: int, key: str, ends_all: frozenset[str]) -> Step | None:
    """A use on a straight way from an edge where the pointer is NULL: every branch on the way leads to it.

    A call with one of `ends_all` in its name may stop the machine instead of coming back.
    """
    cfg, at = query.cfg, target
    seen: set[int] = set()
    while at not in seen:
        seen.add(at)
        for step in cfg.blocks[at].steps:
            if _is_use(step, key) and not _is_doubtful(query, step):
                return step
            if changes(step, key) or step.kind is StepKind.RETURN:
                return None
            words = step.expr.text.lower().split("_") if step.kind is StepKind.CALL and step.expr is not None else ()
            if not ends_all.isdisjoint(words):
                return None
        ways = [edge for edge in cfg.blocks[at].edges if not _contradicts(edge.assume, key)]
        if len({edge.target for edge in ways}) != 1:
            return None
        at = ways[0].target
    return None


def _contradicts(assume: tuple[Expr, bool] | None, key: str) -> bool:
    """Whether an edge is taken only where the pointer is not NULL."""
    if assume is None:
        return False
    condition, holds = assume
    if condition.key == key:
        return holds
    if condition.kind is Kind.BINARY and condition.args[0].key == key and integer(condition.args[1]) == 0:
        return (condition.text == "!=") is holds
    return False
