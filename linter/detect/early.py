"""Questions about what was made public too early: before its locks, its data or what its handler works with were there.

What an interrupt's handler works with is looked up in the unit: where it is seen whole and names nothing of what
comes late, nothing came too late.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from linter.detect.calls import clean_text, named_calls
from linter.detect.handlers import Handler, handler_names
from linter.detect.order_words import OrderWords, order_words
from linter.detect.questions import Answer, Query
from linter.detect.sequences import base_name, has, published, steps_behind
from linter.flow.expr import integer
from linter.flow.model import Expr, Kind, Step, StepKind
from linter.pattern import lazy

_BASES = frozenset([Kind.ADDRESS, Kind.FIELD, Kind.INDEX, Kind.DEREF])
_ACQUIRES = lazy(r"ioremap|_get$|_get_|_register|_alloc|alloc_|kzalloc|kmalloc|kcalloc|create")
_NUMBERS = lazy(r"irq|property|count|_rate")
_TAKES = lazy(rb"(\w+)\s*=\s*$")
_LEAVES = lazy(r"_(?:remove|exit|shutdown|suspend|resume|disconnect|unbind)\w{0,8}$")
_ASKS_DATA = lazy(rb"\b(?:dev|platform|pci|i2c|spi|usb|amba|sdio|snd_soc_\w+)_get_(?:drvdata|clientdata|intfdata)\s*\(")


def _publishes(query: Query, words: OrderWords) -> bool:
    return any(words.publishes(each[0]) for each in named_calls(query.function))


def published_before_init(query: Query) -> Iterator[Answer]:
    """A lock, list, work or completion that is set up after others can already use it."""
    words = order_words(query.tables)
    if not has(query, words.initialise) or not _publishes(query, words):
        return
    told: set[int] = set()
    for block, index, step, bases in published(query, words, None):
        call = step.expr
        if call is None:
            continue
        wanted, public = words.sure_of(call.text), _public(words, call, bases)
        for later, made in _calls_behind(query, block, index, call):
            if made.text not in wanted or not made.args or later.start < step.start:
                continue
            if public.isdisjoint(_holders(made.args[0])) or not _may_be_used(query, words, call, made):
                continue
            if later.start in told:
                break
            told.add(later.start)
            subject = query.text((made.args[0].start, made.args[0].end)).lstrip("&")
            names = {"CALLEE": call.text, "INIT": made.text, "VALUE": subject}
            yield Answer((later.start, later.end), names, [((step.start, step.end), "others can use it from here on")],
                         key=subject)  # fmt: skip
            break


def _holders(expr: Expr) -> set[str]:
    """The objects that a place is in, each by the pointer that leads to it: `a` and `a->b` for `&a->b->c`."""
    found = set()
    while expr.args and expr.kind in _BASES:
        is_member = expr.kind is not Kind.FIELD or expr.arrow
        expr = expr.args[0]
        if is_member:
            found.add(expr.key)
    return found | ({expr.key} if expr.kind is Kind.NAME else set())


def _public(words: OrderWords, call: Expr, bases: set[str]) -> set[str]:
    """The objects that a call makes public: the one that its row names, else every one that it is given."""
    row = words.public.rows.get(call.text)
    thing = row.published(call) if row is not None else None
    if thing is None:
        return bases
    while thing.args and (thing.kind is Kind.ADDRESS or (thing.kind is Kind.FIELD and not thing.arrow)):
        inner = thing.args[0]
        if thing.kind is Kind.ADDRESS and inner.kind is Kind.FIELD and inner.arrow:
            return {inner.args[0].key}
        thing = inner
    return {thing.key}


def _calls_behind(query: Query, block: int, index: int, call: Expr) -> Iterator[tuple[Step, Expr]]:
    """The calls behind one that lets others in, until its interrupt is turned off; none where it starts turned off."""
    if any("NO_AUTOEN" in arg.key for arg in call.args):
        return
    for later in steps_behind(query.cfg, block, index):
        if later.kind is StepKind.CALL and later.expr is not None:
            if _is_masked(call, later.expr):
                return
            yield later, later.expr


def _is_masked(call: Expr, later: Expr) -> bool:
    """Whether a step turns off the interrupt that was requested."""
    return later.text.startswith("disable_irq") and any(
        arg.key == other.key for arg in later.args for other in call.args
    )


def _may_be_used(query: Query, words: OrderWords, call: Expr, made: Expr) -> bool:
    """Whether those whom a call lets in can be after what is made later; of interrupts the handler knows."""
    if call.text not in words.irq:
        return True
    place = _member_of(made.args[0])
    used = handler_names(query, call, _named(place.text)) if place is not None else None
    sleeps = made.text in ("mutex_init", "init_rwsem") and "thread" not in call.text and "any_" not in call.text
    return used is not False and (used is True or not sleeps)


def _member_of(expr: Expr) -> Expr | None:
    """The member of the object behind the last pointer that a place is in: `a->queue` for `&a->queue.locks[i]`."""
    while expr.args and expr.kind in _BASES and not (expr.kind is Kind.FIELD and expr.arrow):
        expr = expr.args[0]
    return expr if expr.kind is Kind.FIELD else None


def _named(member: str) -> Callable[[Handler], object]:
    """Looks for a member, of whatever object."""
    pattern = re.compile(rb"(?:->|\.)\s*" + re.escape(member.encode()) + rb"\b")
    return lambda handler: pattern.search(handler.body)


def _used(member: str) -> Callable[[Handler], object]:
    """Looks for a member of the object that the handler was called for, or of one that is found from there."""
    pattern = re.compile(rb"(->\s*|\.\s*)?(\w+)\s*->\s*" + re.escape(member.encode()) + rb"\b")
    return lambda handler: any(match[1] or match[2] in handler.own for match in pattern.finditer(handler.body))


def _tested(member: str) -> Callable[[Handler], object]:
    """Looks for a test of whether a member is there."""
    own = rb"(?:\w+(?:->|\.)){1,9}" + re.escape(member.encode())
    pattern = re.compile(
        rb"(?:\bif\s*\(|!|&&|\|\|)\s*" + own + rb"\s*(?:\)|&&|\|\||[!=]=|\?)|IS_ERR\w*\(" + own + rb"\)"
    )
    return lambda handler: pattern.search(handler.body)


def drvdata_after_register(query: Query) -> Iterator[Answer]:
    """A driver's data that are attached to the device after callbacks can already ask for them."""
    words = order_words(query.tables)
    if not has(query, words.drvdata) or not _publishes(query, words):
        return
    for block, index, step, bases in published(query, words, None):
        call = step.expr
        if call is None:
            continue
        for later, made in _calls_behind(query, block, index, call):
            if made.text not in words.drvdata or len(made.args) < 2 or integer(made.args[1]) == 0:
                continue
            if later.start < step.start or not _may_ask(query, words, call, made, bases):
                continue
            if _was_attached(query, words, step.start, made.args[1].key):
                return
            names = {"CALLEE": call.text, "INIT": made.text}
            label = ((step.start, step.end), "callbacks may run from here on")
            yield Answer((later.start, later.end), names, [label], key=made.text)
            return


def _was_attached(query: Query, words: OrderWords, before: int, data: str) -> bool:
    """Whether data were attached before already, or are those that had been there."""
    if any(start < before and name in words.drvdata for name, start, _ in named_calls(query.function)):
        return True
    return any(
        step.target is not None and step.target.key == data and step.expr is not None and step.expr.kind is Kind.CALL
        and _ASKS_DATA.match(f"{step.expr.text}(".encode())
        for block in query.cfg.blocks for step in block.steps
    )  # fmt: skip


def _asks(handler: Handler) -> bool:
    """Whether a handler asks for the data, and believes that it gets them."""
    for match in _ASKS_DATA.finditer(handler.body):
        taken = _TAKES.search(handler.body[max(match.start() - 80, 0) : match.start()])
        name = taken[1] if taken is not None else b"?"
        tested = rb"!\s*" + name + rb"\b|\b" + name + rb"\s*==\s*NULL|\bif\s*\(\s*" + name + rb"\s*\)"
        if taken is None or not re.search(tested, handler.body):
            return True
    return False


def _may_ask(query: Query, words: OrderWords, call: Expr, made: Expr, bases: set[str]) -> bool:
    """Whether those whom a call lets in ask for a device's data: the handler does, or one who serves the device."""
    if call.text in words.irq:
        return handler_names(query, call, _asks) is True
    if _public(words, call, bases).isdisjoint(_holders(made.args[0])):
        return False
    text = clean_text(query.unit)
    return any(
        function is not query.function
        and not _LEAVES.search(function.name)
        and _ASKS_DATA.search(text, function.body.start_byte, function.body.end_byte) is not None
        for function in query.unit.functions
    )


def irq_early(query: Query) -> Iterator[Answer]:
    """An interrupt that is requested before what its handler works with is there."""
    words = order_words(query.tables)
    if not has(query, words.irq):
        return
    for block, index, step, _ in published(query, words, words.irq):
        call = step.expr
        if call is None or not call.args or any("NO_AUTOEN" in arg.key for arg in call.args):
            continue
        data = base_name(call.args[-1])
        for later in steps_behind(query.cfg, block, index) if data is not None else ():
            if later.expr is not None and later.kind is StepKind.CALL and _is_masked(call, later.expr):
                break
            target, value = later.target, later.expr
            if later.kind is not StepKind.ASSIGN or target is None or value is None or later.start < step.start:
                continue
            if value.kind is not Kind.CALL or not _ACQUIRES.search(value.text) or _NUMBERS.search(value.text):
                continue
            if target.kind is not Kind.FIELD or not target.arrow or target.args[0].key != data:
                continue
            if handler_names(query, call, _tested(target.text)) is True:
                continue
            if handler_names(query, call, _used(target.text)) is True:
                names = {"CALLEE": call.text, "VALUE": query.text((target.start, target.end))}
                label = ((step.start, step.end), "the handler may run from here on")
                yield Answer((later.start, later.end), names, [label], key=target.key)
                break
