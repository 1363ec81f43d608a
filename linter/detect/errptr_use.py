"""Questions about error pointers that are none: made of 0, read from NULL, or mixed with NULL."""

from __future__ import annotations

import re
from collections.abc import Iterator

from linter.detect.calls import branches, clean_text
from linter.detect.pointers import null_tests
from linter.detect.questions import Answer, Query
from linter.detect.release_words import release_words
from linter.detect.returns import Conventions, conventions
from linter.detect.verdicts import sources
from linter.flow.facts import POSITIVE, ZERO, Facts
from linter.flow.known import facts_before, known_steps, run_block, settle
from linter.flow.model import BasicBlock, Cfg, Edge, Expr, Kind, Step, StepKind
from linter.pattern import lazy

_READERS = ("PTR_ERR", "ERR_CAST")
_MAKES = lazy(rb"\breturn\s+ERR_PTR\s*\(\s*(\w+)\s*\)")
_CODE = lazy(r"^(?:ret|err|error|rc|retval|rv|status|res|r|rval|e|ierr|errno|ret_val|retv)\d?$")
_FAILS = lazy(rb"\bERR_(?:PTR|CAST)\s*\(")
_NULL_TEST = lazy(r"^\s*(?:(?:un)?likely\s*\()?\s*(?:!\s*([\w.>-]+)|([\w.>-]+)\s*==\s*NULL)\s*\)*\s*$")


def null_error_read(query: Query) -> Iterator[Answer]:
    """PTR_ERR() of a pointer that is NULL here, as far as the tests on the way say: it gives 0."""
    if not _may_read(query):
        return
    cfg, known = query.cfg, conventions(query.tables)
    for _, _, step, facts in known_steps(cfg) if not cfg.has_gap else ():
        call = _given_on(step)
        if call is None:
            continue
        value = call.args[0]
        mask = facts.mask(value)
        origin = sources(cfg, value.key)
        if mask & ZERO and not mask & POSITIVE and _may_be_null(mask, origin, known):
            names = {"VALUE": query.text((value.start, value.end)), "READ": call.text}
            names["CALLEE"] = f"{sorted(origin)[0]}()" if origin else "the call"
            yield Answer((call.start, call.end), names, key=value.key)


def _may_read(query: Query) -> bool:
    """Whether the error of a pointer is read that is tested for NULL in the same function."""
    text = clean_text(query.unit)
    start, end = query.function.body.start_byte, query.function.body.end_byte
    if all(text.find(word.encode(), start, end) < 0 for word in _READERS):
        return False
    if text.find(b"IS_ERR_OR_NULL", start, end) >= 0:
        return True
    for condition, branch in branches(query.function):
        tested = _NULL_TEST.match(condition)
        name = (tested[1] or tested[2]) if tested is not None else None
        if name is not None and (branch == "{" or any(f"{word}({name})" in branch for word in _READERS)):
            return True
    return False


def _given_on(step: Step) -> Expr | None:
    """The reading of an error whose result a step returns or keeps as the result of the function."""
    expr = step.expr
    if step.kind is StepKind.RETURN and expr is not None:
        if expr.kind is Kind.CALL and expr.text == "dev_err_probe" and len(expr.args) > 1:
            expr = expr.args[1]
    elif step.kind is not StepKind.ASSIGN or step.target is None or not _CODE.match(step.target.key):
        return None
    return expr if expr is not None and expr.kind is Kind.CALL and expr.text in _READERS and expr.args else None


def _may_be_null(mask: int, origin: set[str] | None, known: Conventions) -> bool:
    """Whether NULL is all that is left, or all that the call gives on failure."""
    if mask == ZERO:
        return True
    return bool(origin) and all(name in known.null or name in known.never_errptr for name in origin or ())


def zero_to_errptr(query: Query) -> Iterator[Answer]:
    """ERR_PTR() of a number that is 0 on a path on which something failed: NULL is returned for an error."""
    text = clean_text(query.unit)
    made = {match[1] for match in _MAKES.finditer(text, query.function.body.start_byte, query.function.body.end_byte)}
    if not any(name == b"0" or _CODE.match(name.decode("utf-8", "replace")) for name in made):
        return
    cfg = query.cfg
    known = conventions(query.tables)
    told: set[int] = set()
    for block in cfg.blocks:
        for edge in block.edges:
            condition = _failure(cfg, edge, known)
            if condition is None or edge.assume is None:
                continue
            state = _state(query, block, edge)
            if state is None:
                continue
            for place, step in _zero_returns(cfg, edge.target, state):
                if place not in told and step.expr is not None:
                    told.add(place)
                    value = step.expr.args[0]
                    names = {"VALUE": query.text((value.start, value.end))}
                    label = ((condition.start, condition.end), "fails here")
                    yield Answer((step.start, step.end), names, [label], key=value.key)


def _failure(cfg: Cfg, edge: Edge, known: Conventions) -> Expr | None:
    """The condition of an edge that is taken where a call failed."""
    if edge.assume is None:
        return None
    condition, holds = edge.assume
    if condition.kind is Kind.CALL and condition.text == "IS_ERR":
        return condition if holds else None
    if condition.kind in (Kind.NAME, Kind.FIELD) and not holds:
        origin = sources(cfg, condition.key)
        return condition if origin and all(name in known.allocations for name in origin) else None
    return None


def _state(query: Query, block: BasicBlock, edge: Edge) -> Facts | None:
    """What is known where an edge is taken."""
    facts = facts_before(query.cfg, block, len(block.steps))
    return facts if facts is not None and edge.assume is not None and facts.assume(*edge.assume) else None


def _zero_returns(cfg: Cfg, target: int, facts: Facts) -> list[tuple[int, Step]]:
    """The returns of ERR_PTR(0) that are reached from an edge, whatever happens on the way."""
    found: dict[int, Step] = {}

    def ends(step: Step, state: Facts) -> bool:
        if step.kind is StepKind.RETURN:
            made = step.expr
            if made is not None and made.kind is Kind.CALL and made.text == "ERR_PTR" and made.args:
                if state.value_mask(state.value(made.args[0])) == ZERO:
                    found[step.start] = step
                else:
                    found.pop(step.start, None)
        return step.kind in (StepKind.GAP, StepKind.RETURN)

    if settle(cfg, [(target, facts)], lambda node, state: run_block(cfg, node, state, ends)) is None:
        return []
    return sorted(found.items())


def mixed_failure(query: Query) -> Iterator[Answer]:
    """NULL for a failed allocation in a function that returns error pointers for other failures."""
    text = clean_text(query.unit)
    start, end = query.function.body.start_byte, query.function.body.end_byte
    if not _FAILS.search(text, start, end) or not _returns_null(query):
        return
    cfg = query.cfg
    if not cfg.returns.endswith("*"):
        return
    errors = [
        step
        for block in cfg.blocks for step in block.steps
        if step.kind is StepKind.RETURN and step.expr is not None and step.expr.text in ("ERR_PTR", "ERR_CAST")
    ]  # fmt: skip
    if not errors or _told_apart(query, text):
        return
    plain = release_words(query.tables).allocates
    told: set[int] = set()
    for index, pointer, null, target in null_tests(cfg):
        origin = sources(cfg, pointer.key)
        if not null or not origin or not origin <= plain:
            continue
        place = _null_return(cfg, target)
        if place is not None and index != target and place.start not in told:
            told.add(place.start)
            names = {"CALLEE": sorted(origin)[0], "VALUE": query.text((pointer.start, pointer.end))}
            label = ((errors[0].start, errors[0].end), "an error pointer here")
            yield Answer((place.start, place.end), names, [label], key=pointer.key)


def _told_apart(query: Query, text: bytes) -> bool:
    """Whether a caller in sight takes both answers: it asks IS_ERR_OR_NULL() of the result."""
    if b"IS_ERR_OR_NULL" not in text:
        return False
    name = re.escape(query.function.name.encode())
    taken = rb"([\w.>-]+)\s*=\s*(?:\([^()]*\)\s*)?" + name + rb"\s*\("
    return any(
        re.search(rb"\bIS_ERR_OR_NULL\s*\(\s*" + re.escape(match[1]) + rb"\s*\)", text[match.end() :])
        for match in re.finditer(taken, text)
    )


def _returns_null(query: Query) -> bool:
    body = clean_text(query.unit)[query.function.body.start_byte : query.function.body.end_byte]
    return re.search(rb"\breturn\s+NULL\s*;", body) is not None


def _null_return(cfg: Cfg, target: int) -> Step | None:
    """The `return NULL` that a branch leads straight to."""
    seen: set[int] = set()
    while target not in seen:
        seen.add(target)
        block = cfg.blocks[target]
        for step in block.steps:
            if step.kind is StepKind.RETURN:
                return step if step.expr is not None and step.expr.key == "NULL" else None
            if step.kind is StepKind.GAP:
                return None
        if len(block.edges) != 1:
            return None
        target = block.edges[0].target
    return None
