"""The question about calls that try to take a lock: which of their answers means that it was taken."""

from __future__ import annotations

from collections.abc import Iterator

from linter.detect.calls import named_calls
from linter.detect.questions import Answer, Query
from linter.detect.typestate_tables import Family, knowledge
from linter.detect.verdicts import sources
from linter.flow.expr import integer, is_error_constant
from linter.flow.model import Cfg, Edge, Expr, Kind, Step, StepKind


def inverted_trylock(query: Query) -> Iterator[Answer]:
    """A branch that gives up because the lock was busy, taken where it was got."""
    known = knowledge(query.tables)
    tried = {name for name, _, _ in named_calls(query.function) if _is_try(known.acquire.get(name))}
    if not tried or query.cfg.has_gap:
        return
    for block in query.cfg.blocks:
        for edge in block.edges:
            found = _answer(query.cfg, edge, tried)
            if found is None:
                continue
            call, nonzero, condition = found
            family = known.acquire[call]
            got = nonzero is (family.fails == "zero")
            busy = _gives_up(query.cfg, edge.target, family) if got else None
            other = next(each.target for each in block.edges if each is not edge)
            if busy is None or not _releases(query.cfg, other, family):
                continue
            names = {"CALLEE": call, "GOT": "not 0" if family.fails == "zero" else "0"}
            label = ((busy.start, busy.end), "gives up with the lock held")
            yield Answer((condition.start, condition.end), names, [label], key=call)


def _is_try(family: Family | None) -> bool:
    return family is not None and family.lock and family.fails in ("zero", "nonzero")


def _answer(cfg: Cfg, edge: Edge, tried: set[str]) -> tuple[str, bool, Expr] | None:
    """The call that a condition asks, whether it answered with other than 0 where the edge is taken, the condition."""
    if edge.assume is None:
        return None
    condition, holds = edge.assume
    value, nonzero = condition, holds
    if condition.kind is Kind.BINARY and condition.text in ("==", "!=") and integer(condition.args[1]) == 0:
        value, nonzero = condition.args[0], holds is (condition.text == "!=")
    if value.kind is Kind.CALL and value.text in tried:
        return value.text, nonzero, condition
    origin = sources(cfg, value.key) if value.kind is Kind.NAME else None
    if origin and len(origin) == 1 and not origin.isdisjoint(tried):
        return next(iter(origin)), nonzero, condition
    return None


def _gives_up(cfg: Cfg, target: int, family: Family) -> Step | None:
    """The return of an error that a branch leads straight to, without a release on the way."""
    seen: set[int] = set()
    while target not in seen:
        seen.add(target)
        block = cfg.blocks[target]
        for step in block.steps:
            if step.kind is StepKind.CALL and step.expr is not None and step.expr.text in family.release:
                return None
            if step.kind is StepKind.RETURN:
                value = step.expr
                return step if value is not None and (is_error_constant(value) or value.key == "false") else None
        if len(block.edges) != 1:
            return None
        target = block.edges[0].target
    return None


def _releases(cfg: Cfg, target: int, family: Family) -> bool:
    """Whether what is done otherwise comes to a release of the lock."""
    seen: set[int] = set()
    pending = [target]
    while pending and len(seen) < 200:
        at = pending.pop()
        if at in seen:
            continue
        seen.add(at)
        for step in cfg.blocks[at].steps:
            if step.kind is StepKind.CALL and step.expr is not None and step.expr.text in family.release:
                return True
        pending += [edge.target for edge in cfg.blocks[at].edges]
    return False
