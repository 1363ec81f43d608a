"""Questions about variables that are released at the end of their scope: what they hold there, and who else has it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from tree_sitter import Node

from linter.detect.questions import Answer, Query
from linter.detect.release_words import root
from linter.detect.returns import conventions
from linter.detect.typestate_exit import SUCCESS, classify
from linter.detect.verdicts import sources
from linter.flow.expr import integer
from linter.flow.facts import ERROR, POSITIVE, Facts, join, same
from linter.flow.known import known_steps, leave
from linter.flow.limits import UNSETTLED, note_limit
from linter.flow.model import BasicBlock, Expr, Kind, Step, StepKind
from linter.flow.solve import Unsettled, solve
from linter.pattern import compiled, lazy
from linter.record import record
from linter.rulebook.model import Severity

_TAKES = frozenset({"no_free_ptr", "return_ptr", "retain_and_null_ptr", "take_fd"})
"""Macros that take a value out of its variable, so that the end of the scope finds nothing."""
_BORROWS = lazy(r"drvdata|priv$|container_of|^to_|_to_|clientdata")
"""Callees whose result lives on when the function is over."""


@record(eq=False)
class Scoped:
    """A variable that is released where its scope ends."""

    name: str
    helper: str
    block: int
    index: int
    step: Step  # its declaration


def scoped(query: Query) -> list[Scoped]:
    """The variables of a function that are declared with __free()."""
    cache, key = query.unit.cache, ("cleanup.scoped", query.function.span.start)
    if key not in cache:
        span = query.function.span
        cache[key] = [] if not _has_notes(query, span.start, span.end) else [
            Scoped(step.target.text, step.cleanup, block.index, index, step)
            for block in query.cfg.blocks
            for index, step in enumerate(block.steps)
            if step.kind is StepKind.DECLARE and step.cleanup and step.target is not None
        ]  # fmt: skip
    found: list[Scoped] = cache[key]
    return found


def _has_notes(query: Query, start: int, end: int) -> bool:
    return any(note.name == "__free" and start <= note.span.start < end for note in query.unit.annotations)


class Way:
    """Follows a scoped variable from a step on, to the ends of its scope where it is still what it was."""

    def __init__(self, query: Query, name: str, ends: Callable[[Step], bool] = lambda step: False) -> None:
        self.cfg = query.cfg
        self.name = name
        self.ends = ends
        self.found: dict[int, tuple[Step, Facts]] = {}

    def run(self, block: int, index: int, facts: Facts) -> dict[int, tuple[Step, Facts]]:
        """The returns and ends of the scope that are reached, by offset."""
        order = self.cfg.order()
        try:
            solve(
                self._block(self.cfg.blocks[block], facts, index + 1),
                lambda node, state: self._block(self.cfg.blocks[node], state.copy(), 0),
                join,
                same,
                lambda node: order[node],
            )
        except Unsettled:
            note_limit(self.cfg.function, UNSETTLED)
            self.found.clear()
        return self.found

    def _block(self, block: BasicBlock, facts: Facts, first: int) -> list[tuple[int, Facts]]:
        for step in block.steps[first:]:
            if step.kind is StepKind.GAP or self._changes(step) or self.ends(step):
                return []
            end = step.kind is StepKind.SCOPE_END and step.expr is not None and step.expr.key == self.name
            if step.kind is StepKind.RETURN or end:
                self.found.setdefault(step.start, (step, facts))
                return []
            facts.run(step)
        return leave(block, facts)

    def _changes(self, step: Step) -> bool:
        """Whether a step gives the variable another value, or takes its value out."""
        if step.target is not None and step.target.key == self.name:
            return True
        return step.expr is not None and takes(step.expr, self.name)


def takes(expr: Expr, name: str) -> bool:
    """Whether an expression takes the value out of a variable, or is given its address."""
    if expr.kind is Kind.ADDRESS:
        return expr.args[0].key == name
    if expr.kind is Kind.CALL and expr.text in _TAKES:
        return any(arg.key == name for arg in expr.args)
    return any(takes(arg, name) for arg in expr.args)


def error_kept(query: Query) -> Iterator[Answer]:
    """An error pointer that is left in a variable whose helper only knows NULL."""
    known = conventions(query.tables)
    for variable in scoped(query):
        if _takes_errors(query, variable.helper) is not False:
            continue
        for block in query.cfg.blocks:
            for index, step in enumerate(block.steps):
                call = step.expr
                if step.target is None or step.target.key != variable.name or call is None:
                    continue
                if call.kind is not Kind.CALL or call.text not in known.errptr or call.text in known.ignored:
                    continue
                if step.kind not in (StepKind.DECLARE, StepKind.ASSIGN):
                    continue
                facts = Facts()
                facts.run(step)
                if not facts.refine(facts.value(step.target), ERROR):
                    continue
                exits = Way(query, variable.name).run(block.index, index, facts)
                if exits:
                    end = exits[min(exits)][0]
                    names = {"VALUE": variable.name, "CALLEE": call.text, "HELPER": variable.helper}
                    label = ((end.start, end.end), "left here with the error pointer in it")
                    yield Answer((call.start, call.end), names, [label], key=variable.name)


def _takes_errors(query: Query, helper: str) -> bool | None:
    """Whether a helper leaves error pointers alone, as the file itself or the table says; None where neither does."""
    here = _definition(helper).search(query.unit.source)
    if here is not None:
        return b"IS_ERR" in here[1]
    row: dict[str, Any] = query.tables["cleanup"]["free"].get(helper, {})
    found: bool | None = row.get("errors")
    return found


def _definition(helper: str) -> re.Pattern[bytes]:
    return compiled(rb"\bDEFINE_FREE\(\s*" + re.escape(helper.encode()) + rb"\s*,([^;{}]{0,300})")


def raw_return(query: Query) -> Iterator[Answer]:
    """A scoped variable that is returned or stored as it is, and then released."""
    variables = scoped(query)
    for variable in variables:
        scope = compound(query, variable.step.start)
        for block, index, step, facts in known_steps(query.cfg) if scope is not None else ():
            inside = scope is not None and variable.step.start < step.start < scope.end_byte
            if inside and step.expr is not None and step.expr.key == variable.name:
                yield from _handed_out(query, variable, block.index, index, facts)


def _handed_out(query: Query, variable: Scoped, block: int, index: int, facts: Facts) -> Iterator[Answer]:
    step = query.cfg.blocks[block].steps[index]
    value = step.expr
    if value is None or value.kind is not Kind.NAME or not facts.mask(value) & POSITIVE:
        return
    names = {"VALUE": variable.name, "HELPER": variable.helper, "WHAT": "returned"}
    label = ((variable.step.start, variable.step.end), "released at the end of the scope")
    if step.kind is StepKind.RETURN:
        if query.cfg.returns[-1:] in ("*", ""):
            yield Answer((step.start, step.end), names, [label], key=variable.name)
        return
    target = step.target
    if step.kind is not StepKind.ASSIGN or target is None or not _outlives(query, target):
        return
    way = Way(query, variable.name, lambda other: other.target is not None and other.target.key == target.key)
    after = facts.copy()
    after.run(step)
    exits = way.run(block, index, after)
    if any(end.kind is StepKind.RETURN and classify(query.cfg, end, seen) == SUCCESS for end, seen in exits.values()):
        names["WHAT"] = "stored"
        yield Answer((step.start, step.end), names, [label], key=variable.name)


def _outlives(query: Query, target: Expr) -> bool:
    """Whether what is stored there is found by somebody else when the function is over."""
    cfg, base = query.cfg, root(target)
    if base is None or not (target.kind is Kind.DEREF or (target.kind is Kind.FIELD and target.arrow)):
        return False
    if base in cfg.parameters:
        return True
    made = sources(cfg, base) if base in cfg.locals else set()
    return bool(made) and all(_BORROWS.search(name) for name in made or ())


def compound(query: Query, at: int) -> Node | None:
    """The block of statements around an offset."""
    node = query.unit.tree.root_node.descendant_for_byte_range(at, at + 1)
    while node is not None and node.type != "compound_statement":
        node = node.parent
    return node


def unset(query: Query) -> Iterator[Answer]:
    """A scoped variable that is declared without a value."""
    for variable in scoped(query):
        step = variable.step
        if step.expr is not None:
            continue
        exits = Way(query, variable.name).run(variable.block, variable.index, Facts())
        names = {"VALUE": variable.name, "HELPER": variable.helper, "WHY": "would release"}
        labels = []
        if exits:
            end = exits[min(exits)][0]
            labels = [((end.start, end.end), "released here")]
            names["WHY"] = "releases"
        severity = None if exits else Severity.WARNING
        yield Answer((step.start, step.end), names, labels, key=variable.name, severity=severity)


def late_init(query: Query) -> Iterator[Answer]:
    """A scoped variable that is NULL until a later statement of the same block sets it."""
    for variable in scoped(query):
        value = variable.step.expr
        if value is not None and (integer(value) == 0 or value.key == "NULL"):
            yield from _set_later(query, variable)


def _set_later(query: Query, variable: Scoped) -> Iterator[Answer]:
    steps = [step for block in query.cfg.blocks for step in block.steps]
    stores = [
        step
        for step in steps
        if step is not variable.step and step.target is not None and step.target.key == variable.name
        and step.kind is StepKind.ASSIGN
    ]  # fmt: skip
    if len(stores) != 1 or any(step.expr is not None and _address(step.expr, variable.name) for step in steps):
        return
    store, scope = stores[0], compound(query, variable.step.start)
    if scope is None or compound(query, store.start) != scope or not _is_statement(query, store, scope):
        return
    locked = any(
        variable.step.end < step.start < store.start and step.expr is not None and step.expr.text == "guard"
        for step in steps
    )
    names = {"VALUE": variable.name, "HELPER": variable.helper}
    names["WHY"] = "what is declared in between is released before it"
    if locked:
        names["WHY"] = "the lock that is taken in between is dropped before it is released"
    place = (variable.step.start, variable.step.end)
    yield Answer(place, names, [((store.start, store.end), "set here")], key=variable.name)


def _address(expr: Expr, name: str) -> bool:
    return (expr.kind is Kind.ADDRESS and expr.args[0].key == name) or any(_address(arg, name) for arg in expr.args)


def _is_statement(query: Query, store: Step, scope: Node) -> bool:
    """Whether a store is a statement of a block by itself, in no condition, branch or loop."""
    node = query.unit.tree.root_node.descendant_for_byte_range(store.start, store.end)
    while node is not None and node.type in ("assignment_expression", "identifier", "parenthesized_expression"):
        node = node.parent
    return node is not None and node.type == "expression_statement" and node.parent == scope
