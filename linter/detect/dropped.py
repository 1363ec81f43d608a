"""Questions about a failure at hand that the function answers with success."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tree_sitter import Node

from linter.detect.calls import branches, clean_text
from linter.detect.codes import ERROR_LOG, ERROR_NAME, OPTIONAL, failed_value, last_call, returns_int, words_of
from linter.detect.paths import mentions
from linter.detect.questions import Answer, Place, Query
from linter.detect.returns import conventions
from linter.detect.verdicts import sources
from linter.flow.expr import is_error_constant
from linter.flow.model import BasicBlock, Cfg, Expr, Kind, Step, StepKind
from linter.pattern import compiled, lazy

_LEAVES = lazy(rb"\b(?:return|goto)\b")
_COMMENT = lazy(rb"/\*|//")
_GOES_WITHOUT = lazy(
    rb"\"[^\"\n]*\b(?:disabl\w*|ignor\w*|skip\w*|without|continu\w*|optional|unavailable|not available)\b",
    re.I,
)
_ASKS_ALL = lazy(r"(?:^|_)(?:for_each|foreach|walk|iterate)(?:_|$)")
"""Words of callees that call back: what comes back is what the callback said to stop, which need not be a failure."""


def success_returned(query: Query) -> Iterator[Answer]:
    """`if (ret) return 0;` and `if (ret) goto out;` with `out: return 0;`: the failure at hand is not reported."""
    yield from _pointer_dropped(query)
    if not _may_drop(query):
        return
    cfg = query.cfg
    if not returns_int(cfg) or cfg.has_gap:
        return
    known = conventions(query.tables)
    reports = any(_reports(step) for block in cfg.blocks for step in block.steps)
    told: set[Place] = set()
    for block in cfg.blocks:
        for edge in block.edges:
            value = failed_value(edge)
            if value is None or value.kind is not Kind.NAME or value.key not in cfg.locals:
                continue
            origin = sources(cfg, value.key)
            assigned = last_call(cfg, block, value.key)
            if not ERROR_NAME.match(value.key) or assigned is None or assigned.text not in known.fallible:
                continue
            if OPTIONAL.search(assigned.text) or _ASKS_ALL.search(assigned.text) or origin == set():
                continue
            found = _returns_constant_zero(cfg, cfg.blocks[edge.target], value.key, reports)
            if found is not None and edge.assume is not None and found not in told:
                told.add(found)
                condition = edge.assume[0]
                if _answers_all_alike(query, condition, value.key) or _is_meant(query, condition.start):
                    continue
                names = {"VALUE": value.key, "CALLEE": assigned.text}
                labels = [((assigned.start, assigned.end), "fails"), ((condition.start, condition.end), "noticed here")]
                yield Answer(found, names, labels, key=value.key)


def _answers_all_alike(query: Query, condition: Expr, key: str) -> bool:
    """Whether an `else if` tells the results apart further and returns 0 there, too: what is returned is no result."""
    node: Node | None = query.unit.tree.root_node.descendant_for_byte_range(condition.start, condition.end)
    while node is not None and node.type != "if_statement":
        node = node.parent
    other = node.child_by_field_name("alternative") if node is not None else None
    text = (other.text or b"") if other is not None else b""
    return re.match(rb"else\s+if\s*\([^;{]*\b" + key.encode() + rb"\b", text) is not None and b"return 0;" in text


def _is_meant(query: Query, start: int) -> bool:
    """Whether a comment at the branch, or what it logs, says that it is well to go without."""
    text = query.unit.text
    above = text.rfind(b"\n", 0, text.rfind(b"\n", 0, text.rfind(b"\n", 0, start)))
    leaves = _LEAVES.search(text, start)
    branch = text[max(above, 0) : leaves.start() if leaves is not None else start]
    return _COMMENT.search(branch) is not None or _GOES_WITHOUT.search(branch) is not None


def _may_drop(query: Query) -> bool:
    """Whether some branch that tests an error variable returns 0, or goes to a label behind which 0 is returned."""
    body = clean_text(query.unit)[query.function.body.start_byte : query.function.body.end_byte].decode(
        "utf-8", "replace"
    )
    if "return 0;" not in body:
        return False
    for condition, branch in branches(query.function):
        if not any(ERROR_NAME.match(word) for word in words_of(condition)):
            continue
        if "return 0;" in branch:
            return True
        jump = compiled(r"\bgoto\s+(\w+)").search(branch)
        if jump is not None:
            label = re.search(rf"\n\s*{jump[1]}\s*:", body)
            behind = compiled(r"\breturn\b[^;]*;").search(body[label.end() :]) if label is not None else None
            if behind is not None and behind[0] == "return 0;":
                return True
    return False


def _reports(step: Step) -> bool:
    """Whether a step returns an error code, or what may be one."""
    if step.kind is not StepKind.RETURN or step.expr is None:
        return False
    return is_error_constant(step.expr) or ERROR_NAME.match(step.expr.key) is not None


def _returns_constant_zero(cfg: Cfg, block: BasicBlock, key: str, reports: bool) -> Place | None:
    """Where a branch that goes straight on, or to a label, returns 0 without another look at `key`."""
    jumped = False
    seen: set[int] = set()
    while block.index not in seen:
        seen.add(block.index)
        for step in block.steps:
            if step.kind is StepKind.RETURN:
                zero = step.expr is not None and step.expr.kind is Kind.CONST and step.expr.text == "0"
                return (step.start, step.end) if zero and (reports or jumped) else None
            if mentions(step.expr, frozenset([key])) or (step.target is not None and step.target.key == key):
                return None
            if step.kind is StepKind.CALL and step.expr is not None and not is_quiet(step.expr.text):
                return None
            if (
                not jumped
                and step.kind is StepKind.ASSIGN
                and step.target is not None
                and step.target.kind is Kind.FIELD
            ):
                return None  # who asks later finds there that it did not work
        if len(block.edges) != 1:
            return None
        following = cfg.blocks[block.edges[0].target]
        if following.label is None and not jumped:
            return None
        jumped = jumped or following.label is not None
        block = following
    return None


_QUIET = lazy(
    r"unlock|put|free|release|exit|end|cache|relse|disable|err|warn|print|log|clear|close|destroy|unmap|drop", re.I
)


def is_quiet(name: str) -> bool:
    """Whether a call on the way out only undoes or reports something."""
    return _QUIET.search(name) is not None


_POINTER = lazy(
    rb"\bif\s*\(\s*(?:unlikely\s*\(\s*)?IS_ERR\s*\(\s*([\w.>\-]+)\s*\)\s*\)?\s*\)\s*"
    rb"\{([^{}]*?)\b(return 0;)\s*\}"
)
_LOGS = lazy(rb"\b(?!IS_ERR|PTR_ERR|ERR_)(\w+)\s*\(")


def _pointer_dropped(query: Query) -> Iterator[Answer]:
    """`if (IS_ERR(p)) { pr_err("..."); return 0; }`: an error for the log, and a success for the caller."""
    text, start, end = clean_text(query.unit), query.function.body.start_byte, query.function.body.end_byte
    if b"IS_ERR" not in text[start:end] or b"return 0;" not in text[start:end]:
        return
    for match in _POINTER.finditer(text, start, end):
        calls = [name.decode() for name in _LOGS.findall(match[2])]
        if b"if " in match[2] or not any(ERROR_LOG.search(name) for name in calls) or not returns_int(query.cfg):
            continue
        value = match[1].decode("utf-8", "replace")
        if _is_meant(query, match.start()):
            continue
        taken = [
            step.expr.text
            for block in query.cfg.blocks
            for step in block.steps
            if step.target is not None and step.target.key == value and step.expr is not None
            and step.expr.kind is Kind.CALL
        ]  # fmt: skip
        reports = any(_reports(step) for block in query.cfg.blocks for step in block.steps)
        if taken and reports and not OPTIONAL.search(taken[0]):
            label = ((match.start(), match.start(2)), "noticed here")
            yield Answer((match.start(3), match.end(3)), {"VALUE": value, "CALLEE": taken[0]}, [label], key=value)
