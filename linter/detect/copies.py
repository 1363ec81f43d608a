"""Questions about copies between kernel and user space: what a failed one returns."""

from __future__ import annotations

import re
from collections.abc import Iterator

from linter.detect.calls import clean_text, named_calls
from linter.detect.codes import failed_value, last_call, returns_int
from linter.detect.questions import Answer, Place, Query
from linter.detect.returns import Conventions, conventions
from linter.flow.model import BasicBlock, Kind, StepKind
from linter.pattern import compiled, lazy


class _Copies:
    def __init__(self, known: Conventions) -> None:
        self.known = known

    def __contains__(self, name: str, /) -> bool:
        return name in self.known.left or name in self.known.user_errno


_COPY_FAILED = lazy(
    r"^\{?\s*(?:[\w ]*(?:pr_|dev_|err|warn|dbg|log|print)\w*\s*\([^;]*\)\s*;\s*)*"
    r"(?:return|(\w+)\s*=)\s*-(E[A-Z0-9]+)\s*;",
    re.S,
)


def copy_errno(query: Query) -> Iterator[Answer]:
    """A failed copy from or to user space that is reported with anything but -EFAULT."""
    if not any(word in query.unit.identifiers for word in _COPY_WORDS):
        return
    known = conventions(query.tables)
    names = _Copies(known)
    text = clean_text(query.unit)
    end = query.function.body.end_byte
    for match in compiled(rb"\bif\s*\(").finditer(text[:end]):
        if match.start() < query.function.body.start_byte:
            continue
        node = query.unit.tree.root_node.descendant_for_byte_range(match.start(), match.start() + 1)
        statement = node.parent if node is not None else None
        if statement is None or statement.type != "if_statement":
            continue
        condition = statement.child_by_field_name("condition")
        branch = statement.child_by_field_name("consequence")
        if condition is None or branch is None:
            continue
        head = text[condition.start_byte : condition.end_byte].decode("utf-8", "replace")
        called = compiled(r"^\(\s*(?:unlikely\s*\(\s*)?(?:\w+\s*=\s*)?(\w+)\s*\(").match(head)
        if called is None or called[1] not in names or "||" in head or "&&" in head:
            continue
        body = text[branch.start_byte : branch.end_byte].decode("utf-8", "replace")
        failed = _COPY_FAILED.match(body)
        if failed is None or failed[2] == "EFAULT":
            continue
        at = branch.start_byte + failed.start(2) - 1
        yield Answer((at, at + 1 + len(failed[2])), {"CALLEE": called[1], "CODE": "-" + failed[2]}, key=called[1])


_COPY_WORDS = (b"copy_from_user", b"copy_to_user", b"get_user", b"put_user", b"__copy_from_user", b"__copy_to_user")


def copy_left_returned(query: Query) -> Iterator[Answer]:
    """The number of bytes that could not be copied, returned as if it were an errno."""
    if not any(word in query.unit.identifiers for word in _COPY_WORDS):
        return
    known = conventions(query.tables)
    if not any(name in known.left for name, _, _ in named_calls(query.function)):
        return
    if not returns_int(query.cfg) or query.cfg.returns.strip().endswith("ssize_t"):
        return
    for block in query.cfg.blocks:
        for step in block.steps:
            if step.kind is StepKind.RETURN and step.expr is not None:
                value = step.expr
                if value.kind is Kind.CALL and value.text in known.left:
                    yield Answer((step.start, step.end), {"CALLEE": value.text}, key=value.text)
        for edge in block.edges:
            value_tested = failed_value(edge)
            if value_tested is None or _collects(query, value_tested.key):
                continue
            call = last_call(query.cfg, block, value_tested.key)
            if call is None or call.text not in known.left:
                continue
            place = _returned_as_is(query.cfg.blocks[edge.target], value_tested.key)
            if place is not None:
                yield Answer(place, {"CALLEE": call.text}, [((call.start, call.end), "bytes left")], key=call.text)


def _collects(query: Query, key: str) -> bool:
    """Whether failures are gathered in a variable with `|=`, as signal frames do: no errno, its callers ask for 0."""
    return any(
        step.op == "|=" and step.target is not None and step.target.key == key
        for block in query.cfg.blocks
        for step in block.steps
    )


def _returned_as_is(block: BasicBlock, key: str) -> Place | None:
    for step in block.steps:
        if step.target is not None and step.target.key == key:
            return None
        if step.kind is StepKind.RETURN:
            return (step.start, step.end) if step.expr is not None and step.expr.key == key else None
    return None
