"""Work and timers that a file lets run and never stops, though what holds them goes."""

from __future__ import annotations

from collections.abc import Iterator

from tree_sitter import Node

from linter.detect.calls import clean_text, named_calls
from linter.detect.questions import Answer, Query
from linter.flow.model import Expr, Kind, StepKind
from linter.pattern import compiled, lazy
from linter.record import record
from linter.rulebook.model import Tables
from linter.syntax.model import Unit

_PINS = lazy(rb"\b\w*(?:put|free|unref)(?:_\w+)?\s*\(")
_DRIVER = lazy(rb"\bmodule_(?:\w+_)?driver\s*\(|\bmodule_exit\s*\(")
_HELPERS = lazy(
    r"(?:^|_)(?:stop|cancel|teardown|cleanup|exit|deinit|remove|free|destroy|uninit|fini|release|down|flush)"
)
_ALLOCATED = lazy(rb"\b(\w+)\s*=\s*(?:\([^()]*\)\s*)?devm_k[a-z]*alloc\w*\s*\(")


@record
class StopWords:
    """The table `teardown`, ready for use."""

    sets_up: frozenset[str]
    starts: frozenset[str]
    neutral: frozenset[str]
    drains: frozenset[str]


def stop_words(tables: Tables) -> StopWords:
    """The words, read once a process."""
    return tables.derived("teardown.words", _build)


def _build(tables: Tables) -> StopWords:
    table = tables["teardown"]
    return StopWords(*(frozenset(table[name].split()) for name in ("sets-up", "starts", "neutral", "drains")))


def never_stopped(query: Query) -> Iterator[Answer]:
    """A work or timer in an object that goes, which nothing in the file cancels or waits for."""
    words = stop_words(query.tables)
    unit = query.unit
    if not unit.image.complete or not any(name in words.sets_up for name, _, _ in named_calls(query.function)):
        return
    if not all(function.whole for function in unit.functions):
        return
    for block in query.cfg.blocks:
        for step in block.steps:
            call = step.expr
            if step.kind is not StepKind.CALL or call is None or call.text not in words.sets_up or len(call.args) < 2:
                continue
            kept = _member(call.args[0])
            if kept is None:
                continue
            holder, member = kept
            start = _only_started(unit, member, words)
            gone = _goes(query, holder, call.args) if start is not None else None
            if start is None or gone is None or _helped(query):
                continue
            names = {"VALUE": call.args[0].key.removeprefix("&"), "START": start[0], "CALLEE": call.text}
            labels = [(start[1], "lets it run"), (gone, "what holds it goes here")]
            yield Answer((step.start, step.end), names, labels, key=member)


def _member(handle: Expr) -> tuple[str, str] | None:
    """The variable and the last member of `&priv->work`."""
    inner = handle.args[0] if handle.kind is Kind.ADDRESS else handle
    if inner.kind is not Kind.FIELD or "[" in inner.key:
        return None
    base = inner
    while base.kind is Kind.FIELD and not base.arrow:
        base = base.args[0]
    if base.kind is not Kind.FIELD or base.args[0].kind is not Kind.NAME:
        return None
    return base.args[0].text, inner.text


def _only_started(unit: Unit, member: str, words: StopWords) -> tuple[str, tuple[int, int]] | None:
    """The first call that lets a member run, where no other call of the file is given it; else None."""
    started: tuple[str, tuple[int, int]] | None = None
    text = clean_text(unit)
    for match in compiled(rb"(?:->|\.)\s*" + member.encode() + rb"\b").finditer(text):
        call = _call_around(unit, match.end() - 1)
        name = _callee(call)
        if call is None or name is None:
            if not _is_read(unit, match.end() - 1):
                return None
        elif name in words.starts:
            started = started or (name, (call.start_byte, call.end_byte))
        elif name not in words.sets_up and name not in words.neutral:
            return None
    if started is not None and any(word.encode() in unit.identifiers for word in words.drains):
        return None  # the queue that it is on may be the one that is waited for
    return started


def _call_around(unit: Unit, offset: int) -> Node | None:
    """The innermost call that a place is an argument of."""
    node = unit.tree.root_node.descendant_for_byte_range(offset, offset + 1)
    while node is not None and node.type not in ("call_expression", "compound_statement"):
        node = node.parent
    return node if node is not None and node.type == "call_expression" else None


def _callee(call: Node | None) -> str | None:
    function = call.child_by_field_name("function") if call is not None else None
    return (function.text or b"").decode("utf-8", "replace") if function is not None else None


def _is_read(unit: Unit, offset: int) -> bool:
    """Whether a member is only looked into (`priv->timer.expires`), not handed on by its address."""
    node = unit.tree.root_node.descendant_for_byte_range(offset, offset + 1)
    parent = node.parent if node is not None else None  # the field expression that names the member
    outer = parent.parent if parent is not None else None
    return outer is not None and outer.type == "field_expression"


def _goes(query: Query, holder: str, args: tuple[Expr, ...]) -> tuple[int, int] | None:
    """Where the object that holds it is freed: in the text of another function, or by the device that goes."""
    unit, text = query.unit, clean_text(query.unit)
    handlers = {arg.key.removeprefix("&") for arg in args[1:]}
    for function in unit.functions:
        if function.name in handlers and _PINS.search(text, function.body.start_byte, function.body.end_byte):
            return None  # it keeps a reference, or frees by itself
    for function in unit.functions:
        if function.name == query.function.name:
            continue
        if b"struct kref *" in unit.source[function.node.start_byte : function.body.start_byte]:
            continue  # whoever queued it may hold a reference
        place = function.body.start_byte, function.body.end_byte
        found = compiled(rb"\b(?:kfree|kvfree|kfree_rcu|free_netdev)\s*\(\s*" + holder.encode() + rb"\s*[,)]").search(
            text, *place
        )
        made = compiled(rb"\b" + holder.encode() + rb"\s*=[^;]*alloc").search(text, *place)
        if found is not None and made is None:
            return found.start(), found.end()
    own = _ALLOCATED.search(text, query.function.body.start_byte, query.function.body.end_byte)
    if own is not None and own[1].decode() == holder and _DRIVER.search(text):
        return own.start(), own.end()
    return None


def _helped(query: Query) -> bool:
    """Whether the file calls a function of the driver in another file that may do it."""
    own = {function.name for function in query.unit.functions}
    prefix = query.function.name.split("_")[0]
    return any(
        name.startswith(prefix) and name not in own and _HELPERS.search(name)
        for function in query.unit.functions
        for name, _, _ in named_calls(function)
    )
