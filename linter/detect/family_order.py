"""The question about managed interrupts that outlive what their handler works on."""

from __future__ import annotations

import re
from collections.abc import Iterator

from linter.detect.calls import clean_text, named_calls
from linter.detect.family_words import family_words
from linter.detect.questions import Answer, Query
from linter.flow.build import build_cfg
from linter.flow.facts import ZERO, Facts
from linter.flow.known import known_steps, run_block, settle
from linter.flow.model import Cfg, Expr, Kind, Step, StepKind
from linter.pattern import lazy
from linter.syntax.model import Function

REQUESTS = frozenset({"devm_request_irq", "devm_request_threaded_irq", "devm_request_any_context_irq"})
_QUIETS = lazy(
    r"^(?:devm_)?free_irq$|disable_irq|synchronize_irq|^irq_set_affinity|_disable_int|_int_disable|_irq_disable"
)
_ENDS = lazy(r"_(?:remove|disconnect|detach|unbind|shutdown)\w{0,4}$")
_TYPE = r"\bstruct\s+(\w+)\s*\*\s*(?:const\s+)?{}\b"


def managed_outlives(query: Query) -> Iterator[Answer]:
    """Memory that is freed by hand while a managed interrupt may still call the handler that uses it."""
    names = {name for name, _, _ in named_calls(query.function)}
    frees = family_words(query.tables).frees
    if not names & frees:
        return
    if names & REQUESTS:
        yield from _on_failure(query, frees)
    elif _ENDS.search(query.function.name) and not any(_QUIETS.search(name) for name in names):
        yield from _on_removal(query, frees)


def _on_failure(query: Query, frees: frozenset[str]) -> Iterator[Answer]:
    """Frees in the function that requested the interrupt, where a later step fails."""
    told: set[int] = set()
    for block, index, step, facts in known_steps(query.cfg):
        request = step.expr
        if step.kind is not StepKind.CALL or request is None or request.text not in REQUESTS or not request.args:
            continue
        data = request.args[-1]
        after = facts.copy()
        after.run(step)
        if data.kind is not Kind.NAME or not after.refine(f"<{request.start}>", ZERO):
            continue
        for place in _frees(query.cfg, block.index, index, after, after.value(data), frees):
            if place.start not in told and not _quieted_in_loop(query, request.start, place.start):
                told.add(place.start)
                yield _answer(query, place, request)


def _quieted_in_loop(query: Query, first: int, last: int) -> bool:
    """Whether a loop between two places gives up interrupts: as many as there are."""
    for name, start, _ in named_calls(query.function):
        if first < start < last and _QUIETS.search(name):
            node = query.unit.tree.root_node.descendant_for_byte_range(start, start + 1)
            while node is not None and node.id != query.function.node.id:
                if node.type in ("for_statement", "while_statement", "do_statement"):
                    return True
                node = node.parent
    return False


def _frees(cfg: Cfg, block: int, index: int, facts: Facts, value: str, frees: frozenset[str]) -> list[Step]:
    """The calls that free a value on some way from a step on, before the interrupt is given up."""
    found: dict[int, Step] = {}

    def ends(step: Step, state: Facts) -> bool:
        if step.kind in (StepKind.GAP, StepKind.RETURN):
            return True
        if step.kind is not StepKind.CALL or step.expr is None:
            return False
        if _QUIETS.search(step.expr.text):
            return True
        if step.expr.text in frees and step.expr.args and state.value(step.expr.args[0]) == value:
            found[step.start] = step
            return True
        return False

    seeds = run_block(cfg, block, facts.copy(), ends, index + 1)
    if settle(cfg, seeds, lambda node, state: run_block(cfg, node, state, ends)) is None:
        return []
    return [found[at] for at in sorted(found)]


def _answer(query: Query, step: Step, request: Expr) -> Answer:
    value = step.expr.args[0] if step.expr is not None else request
    names = {"CALLEE": step.expr.text if step.expr is not None else "", "VALUE": value.key, "MAKER": request.text}
    label = ((request.start, request.end), "its handler is given this until the device is gone")
    return Answer((step.start, step.end), names, [label], key=value.key)


def _on_removal(query: Query, frees: frozenset[str]) -> Iterator[Answer]:
    """Frees in the function that removes the device, of what another one gave to the handler."""
    for function in query.unit.functions:
        if function is query.function or not any(name in REQUESTS for name, _, _ in named_calls(function)):
            continue
        for request, kind in _given(query, function):
            for block in query.cfg.blocks:
                for step in block.steps:
                    call = step.expr
                    if step.kind is not StepKind.CALL or call is None or call.text not in frees or not call.args:
                        continue
                    if call.args[0].kind is Kind.NAME and _struct(query.function, call.args[0].text) == kind:
                        yield _answer(query, step, request)


def _given(query: Query, function: Function) -> Iterator[tuple[Expr, str]]:
    """Requests of a function whose handler is given a structure that the function allocated by hand."""
    words = family_words(query.tables)
    made = {}
    for block in build_cfg(function).blocks:
        for step in block.steps:
            if step.target is not None and step.expr is not None and step.expr.kind is Kind.CALL:
                made[step.target.key] = step.expr.text
    for block in build_cfg(function).blocks:
        for step in block.steps:
            call = step.expr
            if step.kind is StepKind.CALL and call is not None and call.text in REQUESTS and call.args:
                data = call.args[-1]
                family = words.knowledge.acquire.get(made.get(data.key, ""))
                kind = _struct(function, data.key) if data.kind is Kind.NAME else ""
                if kind and family is not None and family.kind == "memory":
                    yield call, kind


def _struct(function: Function, name: str) -> str:
    text = clean_text(function.unit)[function.span.start : function.span.end].decode("utf-8", "replace")
    found = re.search(_TYPE.format(re.escape(name)), text)
    return found[1] if found is not None else ""
