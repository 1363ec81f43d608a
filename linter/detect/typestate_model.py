"""The types of a walk: an obligation, where a path stands, what became of it; and where a call's handle is."""

from __future__ import annotations

from typing import Any

from linter.detect.typestate_tables import ADDRESS, ARGUMENT, NONE, OUT, RETURN, Family
from linter.flow.facts import Facts
from linter.flow.model import Cfg, Expr, Kind, Step
from linter.record import field, record

OWED, RELEASED = 0, 1
KEPT = -1
"""In `State.lent`: the handle was left where a later teardown finds it."""
COUNTED = frozenset({"enable", "registration", "count", "section", "lock", "weak-registration", "handler"})
"""Kinds that stay the caller's business whoever else is given the handle."""


@record(frozen=False, eq=False)
class Obligation:
    """What one call made its function owe."""

    call: Expr
    block: int
    index: int  # of the step after which it is owed
    name: str  # of the acquiring function
    kind: str
    release: frozenset[str]
    held: int | None  # what the result may be where it was acquired; None: unknown
    handle: str  # value
    keys: frozenset[str]  # texts that name the handle
    result: str  # value of the call
    evidence: str  # "table" or "names"
    family: Family | None = None
    local: bool = True  # the handle lives in a local variable
    managed_base: bool = False  # the handle is a member of a structure that the device frees
    allocated: frozenset[str] = frozenset()  # values that this function made: no one else knows them
    shown: str = ""  # the handle as the source writes it
    others: frozenset[str] = frozenset()  # texts of what else of this family the function acquires
    unwinding: dict[int, int] = field(default_factory=dict)  # see Seeds.unwinding
    place: Expr | None = None  # the lvalue or argument that holds it


Trail = tuple[Any, Expr, bool]
"""The conditions of a path, the last one first: (earlier trail or None, condition, held)."""


@record(frozen=False)
class State:
    """Where a path stands: facts, who was lent the handle, whether it was stored, how it came here."""

    facts: Facts
    lent: frozenset[int] = frozenset()
    stored: bool = False
    trail: Trail | None = None
    containers: frozenset[str] = frozenset()
    undone: frozenset[int] = frozenset()  # calls on every way here that undo something else
    freed: int = -1  # offset of the call that released it by table, the same on every way here
    back: frozenset[int] = frozenset()  # of `lent` those that are known to have failed

    def moved(self, facts: Facts, trail: Trail | None, back: frozenset[int]) -> State:
        """The same state further along the path."""
        return State(facts, self.lent, self.stored, trail, self.containers, self.undone, self.freed, back)


Node = tuple[int, int, int, int]  # block, status, goto taken last, class of the returned variable


@record(frozen=False)
class Exit:
    """A return that is reached while it is owed (or after it was released)."""

    step: Step
    state: State
    leave: int  # offset of the goto taken last, -1 for none
    status: int
    block: int


@record(frozen=False)
class Outcome:
    """What became of an obligation."""

    owed: list[Exit] = field(default_factory=list)
    released: list[Exit] = field(default_factory=list)
    releases: dict[int, tuple[Step, int, frozenset[int]]] = field(default_factory=dict)  # start -> step, result, lent
    again: dict[int, tuple[Step, int]] = field(default_factory=dict)  # released twice: step, offset of the first
    used: dict[int, tuple[Step, int]] = field(default_factory=dict)  # used after the release: step, offset of that
    kept: set[int] = field(default_factory=set)  # releases that found it stored where others see it
    given: list[Step] = field(default_factory=list)  # returns that hand it to the caller
    settled: bool = True


def handle_of(call: Expr, family: Family, facts: Facts, target: Expr | None) -> tuple[str, list[str]] | None:
    """The value that a call of a family makes the function owe, and texts that name it; None where it has none."""
    if family.where == RETURN:
        return f"<{call.start}>", [target.key] if target is not None else []
    if family.where == NONE:
        return "", []
    if family.argument >= len(call.args):
        return None
    argument = call.args[family.argument]
    if family.where == ARGUMENT:
        inner = [argument.args[0].key] if argument.kind is Kind.ADDRESS else []
        return facts.value(argument), [argument.key, *inner]
    if argument.kind is not Kind.ADDRESS:
        return None
    place = argument.args[0]
    if family.where == OUT and family.member:
        return f"{facts.location(place)}.{family.member}", [f"{place.key}.{family.member}"]
    if family.where == OUT:
        return f"<{call.start}&{family.argument}>", [place.key]
    if family.where == ADDRESS:
        return facts.value(argument), [argument.key, place.key, place.key + ".pointer"]
    return None


def gives_pointer(cfg: Cfg, start: int) -> bool:
    """Whether the result of the call at an offset is kept as a pointer."""
    for block in cfg.blocks:
        for step in block.steps:
            if step.expr is not None and step.expr.start == start and step.target is not None:
                kind = cfg.locals.get(step.target.key, "")
                return "*" in kind or step.target.kind is not Kind.NAME
    return False
