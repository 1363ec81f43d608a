"""Questions about structures of the stack that are handed on with members that nothing ever set."""

from __future__ import annotations

from collections.abc import Iterator

from linter.detect.calls import clean_text, named_calls
from linter.detect.questions import Answer, Query
from linter.flow.model import Expr, Kind, Step, StepKind
from linter.pattern import lazy
from linter.record import record
from linter.rulebook.model import Tables

_BARE = lazy(rb"[;{}]\s*struct\s+(\w+)\s+(\w+)(?:,[^;={}()]*)?;")
_FILLS = lazy(
    r"(?:^|_|>)(?:get|read|query|fill|init|fetch|parse|copy|load|recv|receive|show|dump|gather|collect)(?:_|$)"
)
"""Words of callees that fill what they are given."""
_PARTS = frozenset({Kind.FIELD, Kind.INDEX})
_CLEARS = frozenset({"memset", "memzero_explicit", "memcpy"})


@record
class _Words:
    whole: frozenset[str]  # types of structures whose reader looks at every member
    pushes: dict[str, int]  # callee -> argument that user space gets to see


def _words(tables: Tables) -> _Words:
    return tables.derived("uninit.words", _build)


def _build(tables: Tables) -> _Words:
    table = tables["uninit"]
    pushes = {name: int(index) for index, names in table["pushes"].items() for name in names.split()}
    return _Words(frozenset(table["read-whole"].split()), pushes)


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
        use = _handed_on(query, name)
        if use is not None:
            kind = words_of[1]
            labels = [((step.start, step.end), "declared without a value")]
            yield Answer((use.start, use.end), {"VALUE": name, "TYPE": kind}, labels, key=name)


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
            return step if stored and not _FILLS.search(step.expr.text) else None
        elif step.kind is StepKind.CALL and step.expr is not None and any(arg.key == name for arg in step.expr.args):
            return None  # a macro may set it
    return None
