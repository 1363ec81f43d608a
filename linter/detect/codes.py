"""Questions about the error code that a failing path returns: missing, swallowed, of the wrong sign, not -EFAULT."""

from __future__ import annotations

import re
from collections.abc import Iterator

from linter.detect.calls import branches, clean_text
from linter.detect.paths import mentions
from linter.detect.questions import Answer, Place, Query
from linter.detect.returns import Conventions, conventions
from linter.detect.verdicts import sources
from linter.flow.expr import integer, is_error_constant
from linter.flow.model import BasicBlock, Cfg, Edge, Expr, Kind, Step, StepKind
from linter.pattern import compiled, lazy

ERROR_NAME = lazy(r"^(?:ret|err|error|rc|retval|rv|status|result|res|r|rval|e|ierr|errno|ret_val|retv)\d?$")
ERROR_LOG = lazy(r"(?:^|_)(?:err|ERR|ERROR|error|crit|alert|emerg|warn|WARN)(?:_|$)|^DMERR|^printk$")
_ERROR_LABEL = lazy(r"err|fail|unwind|abort|bail|free|clean|release|undo|rollback|put|unmap|disable", re.I)
_RETURNED = lazy(r"\breturn\s+(\w+)\s*;")
_INT = lazy(r"^(?:static |inline |const )*(?:int|long|s32|s64|ssize_t|asmlinkage int)$")
OPTIONAL = lazy(r"optional|_find_|_get_prop|property|_lookup|_has_|supported|_parse_dt|parse_phandle", re.I)


def returns_int(cfg: Cfg) -> bool:
    """Whether the function returns a signed number, as far as its head can be seen."""
    return _INT.match(cfg.returns.strip()) is not None


def zero_blocks(cfg: Cfg, key: str) -> tuple[list[bool], list[bool]]:
    """For each block whether a local is known to be 0 at its start and at its end, on every path (must analysis)."""
    count = len(cfg.blocks)
    entry: list[bool | None] = [None] * count
    leave = [False] * count
    entry[cfg.entry] = False
    pending = [cfg.entry]
    while pending:  # what was True may become False once: this ends
        index = pending.pop()
        zero = bool(entry[index])
        for step in cfg.blocks[index].steps:
            zero = _zero_after(step, key, zero)
        leave[index] = zero
        for edge in cfg.blocks[index].edges:
            arrives = zero or _zero_on_edge(edge, key)
            if edge.assume is not None and edge.assume[1] and edge.assume[0].key == key:
                arrives = False
            before = entry[edge.target]
            after = arrives if before is None else before and arrives
            if after != before:
                entry[edge.target] = after
                pending.append(edge.target)
    return [bool(each) for each in entry], leave


def _zero_after(step: Step, key: str, zero: bool) -> bool:
    if step.kind in (StepKind.ASSIGN, StepKind.DECLARE) and step.target is not None and step.target.key == key:
        return step.op in ("", "=") and step.expr is not None and integer(step.expr) == 0
    if step.kind is StepKind.GAP:
        return False
    if step.kind is StepKind.CALL and step.expr is not None and mentions(step.expr, frozenset(["&" + key])):
        return False
    return zero


def _zero_on_edge(edge: Edge, key: str) -> bool:
    if edge.assume is None:
        return False
    condition, holds = edge.assume
    if condition.key == key:
        return not holds
    if condition.kind is Kind.BINARY and condition.args[0].key == key and integer(condition.args[1]) == 0:
        return holds if condition.text == "==" else not holds if condition.text == "!=" else False
    return False


def missing_code(query: Query) -> Iterator[Answer]:
    """A failing branch that returns, or jumps to the code that returns, a variable that is still 0."""
    if not _may_miss(query):
        return
    cfg = query.cfg
    if not returns_int(cfg) or cfg.has_gap:
        return
    returned = {
        step.expr.key
        for block in cfg.blocks
        for step in block.steps
        if step.kind is StepKind.RETURN and step.expr is not None and step.expr.kind is Kind.NAME
    }
    known = conventions(query.tables)
    for key in sorted(returned):
        if key not in cfg.locals or not ERROR_NAME.match(key) or "unsigned" in cfg.locals[key]:
            continue
        entry, _ = zero_blocks(cfg, key)
        for block, condition in _failing_branches(cfg, known):
            if not entry[block.index]:
                continue
            place = _returns_zero(cfg, block, key)
            if place is not None and place[1] == 0:
                place = _goto_behind(query, condition)
            if place is not None:
                names = {"VALUE": key, "TEST": query.text((condition.start, condition.end))}
                yield Answer(place, names, [((condition.start, condition.end), "fails here")], key=key)


def _may_miss(query: Query) -> bool:
    """Whether some branch leaves with a variable, or by a goto, that it neither tests nor sets."""
    body = clean_text(query.unit)[query.function.body.start_byte : query.function.body.end_byte].decode(
        "utf-8", "replace"
    )
    returned = {match[1] for match in _RETURNED.finditer(body) if ERROR_NAME.match(match[1])}
    for condition, branch in branches(query.function) if returned else ():
        jumps = "goto" in branch or branch == "{"
        for name in returned:
            if name in words_of(condition) or re.search(rf"\b{name}\s*=[^=]", branch):
                continue
            if jumps or re.search(rf"\breturn\s+{name}\s*;", branch):
                return True
    return False


def words_of(text: str) -> set[str]:
    """The identifiers and numbers in a text."""
    return set(compiled(r"\w+").findall(text))


def _goto_behind(query: Query, condition: Expr) -> Place | None:
    text = clean_text(query.unit)
    match = re.compile(rb"\bgoto\s+\w+\s*;").search(text, condition.end, query.function.body.end_byte)
    return (match.start(), match.end()) if match is not None else None


def _failing_branches(cfg: Cfg, known: Conventions) -> Iterator[tuple[BasicBlock, Expr]]:
    """Blocks that are entered because something failed: an allocation, an ERR_PTR; or that log an error."""
    for block in cfg.blocks:
        for edge in block.edges:
            if edge.assume is None:
                continue
            condition, holds = edge.assume
            target = cfg.blocks[edge.target]
            if _is_failure(cfg, condition, holds, known) or (holds and _logs_error(target)):
                yield target, condition


def _is_failure(cfg: Cfg, condition: Expr, holds: bool, known: Conventions) -> bool:
    if condition.kind is Kind.CALL and condition.text in ("IS_ERR", "IS_ERR_OR_NULL"):
        return holds
    if condition.kind in (Kind.NAME, Kind.FIELD, Kind.INDEX) and not holds:
        origin = sources(cfg, condition.key)
        return bool(origin) and all(name in known.allocations and not OPTIONAL.search(name) for name in origin or ())
    return False


def _logs_error(block: BasicBlock) -> bool:
    return any(
        step.kind is StepKind.CALL and step.expr is not None and ERROR_LOG.search(step.expr.text) is not None
        for step in block.steps
    )


def _returns_zero(cfg: Cfg, block: BasicBlock, key: str) -> Place | None:
    """Where a branch returns `key`, itself or behind the label that it goes to, without giving it a value."""
    place: Place | None = None
    first = True
    seen: set[int] = set()
    while block.index not in seen:
        seen.add(block.index)
        for step in block.steps:
            assigned = step.kind in (StepKind.ASSIGN, StepKind.DECLARE) and step.target is not None
            if assigned and step.target is not None and step.target.key == key:
                return None
            if step.kind is StepKind.CALL and step.expr is not None and "&" + key in step.expr.key:
                return None
            if step.kind is StepKind.RETURN:
                if step.expr is None or step.expr.key != key:
                    return None
                return place or (step.start, step.end)
        if len(block.edges) != 1 or (first and block.edges[0].assume is not None):
            return None
        following = cfg.blocks[block.edges[0].target]
        if following.label is not None and place is None:
            if not _ERROR_LABEL.search(following.label):
                return None
            place = (0, 0)  # a goto has no step
        elif following.label is None and place is None:
            return None  # the branch ends and the function goes on
        block, first = following, False
    return None


def failed_value(edge: Edge) -> Expr | None:
    """The value that an edge assumes to hold an errno."""
    if edge.assume is None:
        return None
    condition, holds = edge.assume
    if condition.kind is Kind.NAME:
        return condition if holds else None
    if condition.kind is Kind.BINARY and integer(condition.args[1]) == 0:
        wanted = condition.text in ("<", "!=") if holds else condition.text in (">=", "==")
        return condition.args[0] if wanted else None
    return None


def last_call(cfg: Cfg, block: BasicBlock, key: str) -> Expr | None:
    """The call that gave `key` its value in this block."""
    for step in reversed(block.steps):
        if step.kind in (StepKind.ASSIGN, StepKind.DECLARE) and step.target is not None and step.target.key == key:
            return step.expr if step.expr is not None and step.expr.kind is Kind.CALL else None
    return None


def swallowed_code(query: Query) -> Iterator[Answer]:
    """An errno in hand, and another one returned."""
    if not any(
        "-E" in branch and ("IS_ERR" in condition or any(ERROR_NAME.match(word) for word in words_of(condition)))
        for condition, branch in branches(query.function)
    ):
        return
    cfg = query.cfg
    known = conventions(query.tables)
    for block in cfg.blocks:
        for edge in block.edges:
            found = _errno_in_hand(cfg, block, edge, known)
            if found is None:
                continue
            call, value = found
            place = _constant_returned(cfg.blocks[edge.target], value)
            if place is not None:
                names = {"CALLEE": call.text, "VALUE": value, "CODE": query.text(place[1])}
                yield Answer(place[0], names, [((call.start, call.end), "says what went wrong")], key=value)


def _errno_in_hand(cfg: Cfg, block: BasicBlock, edge: Edge, known: Conventions) -> tuple[Expr, str] | None:
    if edge.assume is None:
        return None
    condition, holds = edge.assume
    if condition.kind is Kind.CALL and condition.text == "IS_ERR" and holds and condition.args:
        call = last_call(cfg, block, condition.args[0].key)
        return (call, condition.args[0].key) if call is not None else None
    value = failed_value(edge)
    if value is None or value.kind is not Kind.NAME:
        return None
    call = last_call(cfg, block, value.key)
    if call is None:
        return _any_call(cfg, value.key)
    if (call.text not in known.must and "->" not in call.text) or call.text in known.left:
        return None
    return call, value.key


def _any_call(cfg: Cfg, key: str) -> tuple[Expr, str] | None:
    """A call of an operation that gives `key` its value, where nothing but such calls do."""
    if not ERROR_NAME.match(key) or key not in cfg.locals:
        return None
    found = [
        step.expr
        for block in cfg.blocks
        for step in block.steps
        if step.kind in (StepKind.ASSIGN, StepKind.DECLARE) and step.target is not None and step.target.key == key
    ]
    calls = [expr for expr in found if expr is not None and expr.kind is Kind.CALL and "->" in expr.text]
    return (calls[-1], key) if calls and len(calls) == sum(1 for expr in found if expr is not None) else None


def _constant_returned(block: BasicBlock, key: str) -> tuple[Place, Place] | None:
    for step in block.steps:
        printed = step.kind is StepKind.CALL and step.target is None
        if not printed and mentions(step.expr, frozenset([key])):
            return None
        if step.kind is StepKind.RETURN:
            if step.expr is not None and step.expr.kind is Kind.UNARY and is_error_constant(step.expr):
                return (step.start, step.end), (step.expr.start, step.expr.end)
            return None
        stored = step.kind is StepKind.ASSIGN and step.target is not None and step.target.key == key
        if stored and step.expr is not None and step.expr.kind is Kind.UNARY and is_error_constant(step.expr):
            return (step.start, step.end), (step.expr.start, step.expr.end)
    return None
