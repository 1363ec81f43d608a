"""What the way out of a function says: to its caller, and of a call that made the function owe something."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

from linter.detect.typestate_model import Exit, Obligation
from linter.detect.typestate_tables import ADDRESS, ARGUMENT, RETURN, Knowledge
from linter.flow.facts import ANY, NEGATIVE, POSITIVE, ZERO, Facts
from linter.flow.model import Cfg, Expr, Kind, Step, StepKind
from linter.pattern import lazy

FAILURE, SUCCESS, UNSURE, VOID = "failure", "success", "unsure", "void"


_FAILURES = frozenset({"ERR_PTR", "ERR_CAST", "PTR_ERR", "dev_err_probe"})
_SIGNED = frozenset({"int", "long", "ssize_t", "s32", "s64", "loff_t", "long long", "signed int", "s16", "acpi_status"})
_POINTERS = frozenset({"no_free_ptr", "return_ptr", "container_of", "to_of_node"})
_TAILS = frozenset(
    {"devm_add_action", "devm_add_action_or_reset", "drmm_add_action", "drmm_add_action_or_reset"}
    | {"nonseekable_open", "stream_open", "simple_open"}
)
"""Calls at the end of a function that undo everything where they fail, or never do."""
_GETS = lazy(r"(?:^|_)get(?:_|$)")
_PER_REQUEST = frozenset({"memory", "object", "mapping", "skb", "buffer", "reference"})
"""Kinds of what a request takes with it until it is done."""
SENDS = frozenset({"send", "submit", "queue", "enqueue", "xmit", "transmit", "request", "req", "issue", "post"})
"""Words of functions that start what is finished later, in another place."""
_NEAR, _PARTS = 40, 12
"""Bytes between a call and the condition of the `if` behind it, and between the parts of that."""
_MOST_TRAIL = 12
_COMMENTED = 400
_GONE = lazy(rb"/[/*][^/]*\b(?:freed|frees|released|releases|consumed|consumes|owns|owned)\b")


def returned_variable(cfg: Cfg) -> str | None:
    """The local variable that is returned most often."""
    count: dict[str, int] = {}
    for block in cfg.blocks:
        for step in block.steps:
            if step.kind is StepKind.RETURN and step.expr is not None and step.expr.kind is Kind.NAME:
                name = step.expr.text
                if name in cfg.locals or not cfg.function.head_known:
                    count[name] = count.get(name, 0) + 1
    return max(count, key=lambda name: count[name]) if count else None


def classify(cfg: Cfg, step: Step, facts: Facts) -> str:
    """What a return tells its caller."""
    if step.expr is None:
        return VOID
    mask = facts.mask(step.expr)
    call = step.expr.kind is Kind.CALL
    if cfg.returns.endswith("*"):
        if not mask & POSITIVE or (call and step.expr.text in ("ERR_PTR", "ERR_CAST")):
            return FAILURE
        return UNSURE if call and step.expr.text not in _POINTERS else SUCCESS
    if call and step.expr.text in _TAILS:
        return SUCCESS
    if not mask & (ZERO | POSITIVE):
        return FAILURE
    if cfg.returns == "bool":
        return FAILURE if mask == ZERO else SUCCESS if not mask & ZERO else UNSURE
    if mask == ZERO or mask in (POSITIVE, ZERO | POSITIVE):
        return SUCCESS
    if call:
        return FAILURE if step.expr.text in _FAILURES else UNSURE
    value = facts.value(step.expr)
    if mask != ANY:
        signed = cfg.locals.get(step.expr.key, "int") in _SIGNED
        made = value[:1] == "<" or value.startswith("=-")
        return FAILURE if not mask & ZERO and mask & NEGATIVE and made and signed else SUCCESS
    return UNSURE if value[:1] == "<" and value[1:-1].isdigit() else SUCCESS


def _failed_by_test(cfg: Cfg, owed: Obligation, exit: Exit, facts: Facts) -> bool:
    """Whether the path came through a test that says that nothing was acquired, whatever the tables say of the call."""
    pointer = any("*" in cfg.locals.get(key, "") for key in owed.keys)
    if owed.handle and not facts.value_mask(owed.handle) & (POSITIVE | NEGATIVE | (0 if pointer else ZERO)):
        return True  # the handle is an ERR_PTR, or NULL
    family, mask, trail = owed.family, facts.value_mask(owed.result), exit.state.trail
    handed = exit.step.expr is not None and exit.step.expr.start == owed.call.start
    if handed and family is not None and family.raised and _GETS.search(cfg.function.name):
        return True  # foo_pm_get() { return pm_runtime_get_sync(foo->dev); }: as with the call itself
    if family is not None and family.where == RETURN:
        if family.fails == "never":
            return mask == ZERO  # whoever asks all the same means that
        return family.fails == "negative" and not mask & POSITIVE  # 0 is a failure to who asked for numbers above it
    if trail is None or mask != ZERO or (family is not None and family.where != ARGUMENT):
        return False
    tested = trail[1]
    if tested.kind is Kind.BINARY:
        return tested.text == "==" and trail[2] and facts.value(tested.args[0]) == owed.result
    return not trail[2] and facts.value(tested) == owed.result and _is_then(cfg, tested)


def _is_then(cfg: Cfg, tested: Expr) -> bool:
    """Whether a test is `if (!x)`: what it guards runs where `x` is 0."""
    targets = {
        edge.assume[1]: edge.target
        for block in cfg.blocks
        for edge in block.edges
        if edge.assume is not None and edge.assume[0] is tested
    }
    return len(targets) == 2 and targets[False] < targets[True]


def _judged_by_helper(owed: Obligation, exit: Exit) -> bool:
    """Whether a helper judges what the call said, if that is no object: in the last test, or as an ACPI failure."""
    trail, facts = exit.state.trail, exit.state.facts
    if trail is None or owed.handle == owed.result:
        return False
    for test in (trail, trail[0]) if trail[0] is not None else (trail,):
        asked = test[1]
        while asked.kind is Kind.UNARY:
            asked = asked.args[0]
        if asked.kind is Kind.CALL and any(facts.value(arg) == owed.result for arg in asked.args):
            failed = test[2] and asked is test[1] and asked.text == "ACPI_FAILURE"
            return failed or (test is trail and facts.value_mask(owed.result) == ANY)
    return False


def _told_by_filled(cfg: Cfg, owed: Obligation, exit: Exit) -> bool:
    """Whether the `if` behind the call tests its result, and then what it filled for an answer: `ret || arg.ret`."""
    trail, call = exit.state.trail, owed.call
    filled = [arg.args[0].key for arg in call.args if arg.kind is Kind.ADDRESS]
    filled = [key for key in filled if not any(own == key or own.startswith(key + ".") for own in owed.keys)]
    if trail is not None and owed.family is not None and 0 <= owed.family.filled < len(call.args):
        place = call.args[owed.family.filled]
        if not trail[2] and place.kind is Kind.ADDRESS and trail[1].key == place.args[0].key:
            return True
    if trail is None or not filled or trail[1].start - call.end > 2 * _NEAR:
        return False
    tests = sorted(
        {edge.assume[0] for block in cfg.blocks for edge in block.edges if edge.assume is not None},
        key=lambda test: test.start,
    )
    for first, last in pairwise(test for test in tests if test.start > call.end):
        return (
            first.start - call.end < _NEAR
            and last.start - first.end < _PARTS
            and trail[1] in (first, last)
            and any(last.key.startswith(key + ".") for key in filled)
        )
    return False


def _cleared_by_rounds(cfg: Cfg, owed: Obligation, exit: Exit, releases: Iterable[Step]) -> bool:
    """Whether the path goes around a loop behind the call that releases: it says that there are no rounds."""
    found = set(releases)
    loops = {block.loop for block in cfg.blocks if block.loop and not found.isdisjoint(block.steps)}
    loops.discard(cfg.blocks[owed.block].loop)
    trail = exit.state.trail
    for _ in range(_MOST_TRAIL if loops else 0):
        if trail is None or trail[1].start < owed.call.start:
            break
        condition, held = trail[1], trail[2]
        for block in cfg.blocks:
            if block.loop in loops and any(
                edge.assume is not None
                and edge.assume[0] is condition
                and edge.assume[1] == held
                and cfg.blocks[edge.target].loop != block.loop
                for edge in block.edges
            ):
                return True
        trail = trail[0]
    return False


def is_empty_answer(cfg: Cfg, exit: Exit) -> bool:
    """Whether NULL is returned where failures are error pointers: there is no result yet, and no failure."""
    value = exit.step.expr
    if value is None or value.key != "NULL":
        return False
    steps = (step for block in cfg.blocks for step in block.steps if step.kind is StepKind.RETURN)
    return any(step.expr is not None and step.expr.text in ("ERR_PTR", "ERR_CAST") for step in steps)


def _explained_away(cfg: Cfg, exit: Exit) -> bool:
    """Whether a comment between the last condition and the way out says that it is gone already."""
    trail, step = exit.state.trail, exit.step
    if trail is None or not 0 < step.start - trail[1].end < _COMMENTED:
        return False
    return _GONE.search(cfg.function.unit.source[trail[1].end : step.end]) is not None


def _is_empty_buffer(owed: Obligation, exit: Exit) -> bool:
    """Whether the pointer in a structure that the call filled is known to be NULL."""
    if owed.family is None or owed.family.where != ADDRESS:
        return False
    facts = exit.state.facts
    return any(facts.value_mask(facts.values.get(key, key)) == ZERO for key in owed.keys if key.endswith(".pointer"))


def is_excused(cfg: Cfg, owed: Obligation, exit: Exit, facts: Facts, releases: Iterable[Step]) -> bool:
    """Whether the way to an exit tells that nothing was acquired, or that it is gone."""
    return (
        _failed_by_test(cfg, owed, exit, facts)
        or _judged_by_helper(owed, exit)
        or _is_empty_buffer(owed, exit)
        or _told_by_filled(cfg, owed, exit)
        or _explained_away(cfg, exit)
        or _cleared_by_rounds(cfg, owed, exit, releases)
    )


def is_sent(cfg: Cfg, knowledge: Knowledge, owed: Obligation, step: Step) -> bool:
    """Whether a function that passes a request on ends in a call that does: what was set up for it stays."""
    if owed.kind not in _PER_REQUEST or step.expr is None or step.expr.kind is not Kind.CALL:
        return False
    return not SENDS.isdisjoint((*knowledge.words(cfg.function.name), *knowledge.words(step.expr.text)))
