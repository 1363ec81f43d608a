"""Questions about structures of the stack that are handed on with members that nothing ever set."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from linter.detect.calls import clean_text, named_calls
from linter.detect.questions import Answer, Query
from linter.flow.model import Expr, Kind, Step, StepKind
from linter.pattern import lazy
from linter.record import record
from linter.rulebook.kernel import parse_version
from linter.rulebook.model import KernelVersion, Tables

_BARE = lazy(rb"[;{}]\s*struct\s+(\w+)\s+(\w+)(?:,[^;={}()]*)?;")
_FILLS = lazy(
    r"(?:^|_|>)(?:get|read|query|fill|init|fetch|parse|copy|load|recv|receive|show|dump|gather|collect)(?:_|$)"
)
"""Words of callees that fill what they are given."""
_MEMBER = lazy(rb"\s*(\w+)\s+(\w+)\s*(?:\[\s*(\d{1,3})\s*\])?\s*(?:__aligned\(8\))?\s*$")
_SIZES = {
    **dict.fromkeys((b"u8", b"s8", b"__u8", b"uint8_t", b"char"), 1),
    **dict.fromkeys((b"u16", b"s16", b"__le16", b"__be16", b"uint16_t", b"int16_t", b"short"), 2),
    **dict.fromkeys((b"u32", b"s32", b"__le32", b"__be32", b"uint32_t", b"int32_t", b"int"), 4),
    **dict.fromkeys((b"u64", b"s64", b"__le64", b"__be64", b"aligned_s64"), 8),
}
_MOST = 16
"""Elements of an array that are set one by one."""
_PARTS = frozenset({Kind.FIELD, Kind.INDEX})
_CLEARS = frozenset({"memset", "memzero_explicit", "memcpy"})


@record
class _Words:
    whole: frozenset[str]  # types of structures whose reader looks at every member
    pushes: dict[str, int]  # callee -> argument that user space gets to see
    first: Mapping[str, tuple[frozenset[str], KernelVersion | None]]  # type -> its first members, the kernel with more


def _words(tables: Tables) -> _Words:
    return tables.derived("uninit.words", _build)


def _build(tables: Tables) -> _Words:
    table = tables["uninit"]
    pushes = {name: int(index) for index, names in table["pushes"].items() for name in names.split()}
    first = {
        name: (frozenset(row["members"].split()), parse_version(row["grown"]) if "grown" in row else None)
        for name, row in table["first-members"].items()
    }
    return _Words(frozenset(table["read-whole"].split()), pushes, first)


def partly_set(query: Query) -> Iterator[Answer]:
    """A structure whose members are set one by one, and that a reader of all members is then given."""
    words = _words(query.tables)
    body = clean_text(query.unit)[query.function.body.start_byte : query.function.body.end_byte]
    kinds = {match[1].decode() for match in _BARE.finditer(body)}
    if words.whole.isdisjoint(kinds):
        return
    for step in _declared(query):
        name = step.target.text if step.target is not None else ""
        words_of = query.cfg.locals.get(name, "").split()
        if len(words_of) != 2 or words_of[0] != "struct" or words_of[1] not in words.whole:
            continue
        use, kind = _handed_on(query, name), words_of[1]
        if use is not None and not _is_complete(query, words, kind, name):
            labels = [((step.start, step.end), "declared without a value")]
            yield Answer((use.start, use.end), {"VALUE": name, "TYPE": kind}, labels, key=name)


def _is_complete(query: Query, words: _Words, kind: str, name: str) -> bool:
    """Whether everything is set that a structure had when the patch was written."""
    members, grown = words.first.get(kind, (None, None))
    if members is None or (grown is not None and (query.context.kernel is None or query.context.kernel >= grown)):
        return False
    return members <= _members_set(query, name)


def _members_set(query: Query, name: str) -> set[str]:
    """The members that something is stored in, wherever in the function."""
    return {
        step.target.text
        for block in query.cfg.blocks
        for step in block.steps
        if step.kind is StepKind.ASSIGN and step.target is not None
        and step.target.kind is Kind.FIELD and step.target.args[0].key == name
    }  # fmt: skip


def leaked_to_user(query: Query) -> Iterator[Answer]:
    """A buffer of the stack that user space is given with gaps that nothing was stored in."""
    words = _words(query.tables)
    if not any(name in words.pushes for name, _, _ in named_calls(query.function)):
        return
    declared = {step.target.text: step for step in _declared(query) if step.target is not None}
    if not declared:
        return
    calls = [step for block in query.cfg.blocks for step in block.steps if step.kind is StepKind.CALL]
    for call in calls:
        index = words.pushes.get(call.expr.text) if call.expr is not None else None
        if index is None or call.expr is None or index >= len(call.expr.args):
            continue
        name = _pushed(call.expr.args[index])
        step = declared.get(name or "")
        if step is None or name is None or "*" in query.cfg.locals.get(name, ""):
            continue
        if any(_is_cleared(other, name) for other in calls) or _assigned_whole(query, name):
            continue
        if _filled(query, name):
            continue
        labels = [((step.start, step.end), "declared without a value")]
        yield Answer((call.start, call.end), {"VALUE": name, "CALLEE": call.expr.text}, labels, key=name)


def _pushed(arg: Expr) -> str | None:
    if arg.kind is Kind.ADDRESS:
        arg = arg.args[0]
        while arg.kind in _PARTS and not arg.arrow:
            arg = arg.args[0]
    return arg.text if arg.kind is Kind.NAME else None


def _declared(query: Query) -> list[Step]:
    return [
        step
        for block in query.cfg.blocks
        for step in block.steps
        if step.kind is StepKind.DECLARE and step.expr is None and step.target is not None and not step.cleanup
        and b"static" not in query.unit.text[max(step.start - 60, 0) : step.start].rsplit(b";", 1)[-1]
    ]  # fmt: skip


def _is_cleared(step: Step, name: str) -> bool:
    if step.expr is None or step.expr.text not in _CLEARS or not step.expr.args:
        return False
    return _pushed(step.expr.args[0]) == name


def _assigned_whole(query: Query, name: str) -> bool:
    return any(
        step.kind is StepKind.ASSIGN and step.target is not None and step.target.key == name
        for block in query.cfg.blocks
        for step in block.steps
    )


def _filled(query: Query, name: str) -> bool:
    """Whether a structure declared on the spot has no gap before its time stamp, and each member is set by itself."""
    text = clean_text(query.unit)[query.function.body.start_byte : query.function.body.end_byte]
    declared = re.search(rb"\bstruct\s*\w*\s*\{([^{}]*)\}[^;={}]*\b" + re.escape(name.encode()) + rb"\s*;", text)
    members = [_MEMBER.match(each) for each in declared[1].split(b";") if each.strip()] if declared else []
    offset = 0
    for member in members[:-1]:
        if member is None or member[1] not in _SIZES:
            return False
        size, count = _SIZES[member[1]], int(member[3] or 1)
        place = re.escape(name.encode()) + rb"\s*\.\s*" + member[2]
        wanted = [rb"\s*\[\s*%d\s*\]" % index for index in range(count)] if member[3] else [rb""]
        if offset % size or count > _MOST or not all(re.search(place + at + rb"\s*=[^=]", text) for at in wanted):
            return False
        offset += size * count
    return len(members) > 1 and members[-1] is not None and offset % 8 == 0


def _base(expr: Expr) -> Expr:
    while expr.kind in _PARTS and expr.args and not expr.arrow:
        expr = expr.args[0]
    return expr


def _addresses(expr: Expr | None, name: str) -> bool:
    """Whether an expression holds the address of the variable itself."""
    stack = [expr] if expr is not None else []
    while stack:
        top = stack.pop()
        if top.kind is Kind.ADDRESS and top.args[0].key == name:
            return True
        stack.extend(top.args)
    return False


def _handed_on(query: Query, name: str) -> Step | None:
    """Where the address is handed on, if all that happened before is that members were set; None otherwise."""
    steps = sorted(
        (step for block in query.cfg.blocks for step in block.steps if step.kind is not StepKind.USE),
        key=lambda step: step.start,
    )
    stored = False
    for step in steps:
        if step.kind is StepKind.GAP:
            return None
        target = step.target
        if step.kind is StepKind.ASSIGN and target is not None:
            if target.key == name:
                return None
            base = _base(target)
            if base.key == name and target.kind is Kind.FIELD:
                stored = True
                continue
            if step.expr is not None and step.expr.kind is not Kind.CALL and _addresses(step.expr, name):
                return step if stored else None
        elif step.kind is StepKind.CALL and step.expr is not None and _addresses(step.expr, name):
            asks = (step.expr.text, *(arg.text for arg in step.expr.args if arg.kind is Kind.NAME))
            return step if stored and not any(_FILLS.search(each) for each in asks) else None
        elif step.kind is StepKind.CALL and step.expr is not None and any(arg.key == name for arg in step.expr.args):
            return None  # a macro may set it
    return None
