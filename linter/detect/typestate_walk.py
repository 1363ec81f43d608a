"""Follow one obligation from where it arises along every path: released, handed on, or still owed at an exit."""

from __future__ import annotations

from linter.detect.typestate_calls import Calls
from linter.detect.typestate_handle import ROOT
from linter.detect.typestate_model import KEPT, OWED, RELEASED, Exit, Node, Obligation, Outcome, State, gives_pointer
from linter.detect.typestate_stores import Stores
from linter.detect.typestate_tables import Knowledge
from linter.flow.facts import ERROR, NEGATIVE, POSITIVE, ZERO, Facts, join, same
from linter.flow.limits import TOO_MANY_PATHS, UNSETTLED, note_limit
from linter.flow.model import Cfg, Edge, Expr, Kind, Step, StepKind
from linter.flow.solve import Unsettled, solve
from linter.flow.words import cursors
from linter.pattern import compiled

MOST_VISITS = 15_000
"""Blocks that a function may cost; generated code and hostile input stop here."""


class Walk(Calls, Stores):
    """One obligation, one function."""

    def __init__(self, cfg: Cfg, knowledge: Knowledge, owed: Obligation, returned: str | None) -> None:
        super().__init__(cfg, knowledge, owed)
        self.returned = returned
        self.visits = 0
        self._exits: dict[tuple[Node, int], Exit] = {}
        self._pointers: dict[int, bool] = {}

    def run(self, facts: Facts) -> Outcome:
        """Follow it from just behind the acquiring call."""
        owed = self.owed
        start = State(facts.copy(), containers=self._holders(facts))
        if owed.held is not None and not self.counted and not start.facts.refine(owed.result, owed.held):
            return self.outcome
        node: Node = (owed.block, OWED, -1, 2)
        try:
            seeds = self._run_block(node, start, owed.index + 1)
            order = self.cfg.order()
            solve(seeds, lambda at, state: self._run_block(at, state, 0), self._join, _same, lambda at: order[at[0]])
        except Unsettled:
            self.outcome.settled = False
            note_limit(self.cfg.function, TOO_MANY_PATHS if self.visits > MOST_VISITS else UNSETTLED)
        for found in self._exits.values():
            (self.outcome.owed if found.status == OWED else self.outcome.released).append(found)
        return self.outcome

    def _holders(self, facts: Facts) -> frozenset[str]:
        """Who can already reach the structure that the handle is a member of: their teardown finds it there."""
        target = self.owed.place
        if target is None or target.kind is not Kind.FIELD:
            return frozenset()
        base = facts.value(target.args[0])
        places = [place for place, held in facts.values.items() if held == base and not place.isidentifier()]
        found = {match[1] for place in places if (match := ROOT.match(place)) is not None}
        return frozenset("^" + name for name in found)

    def _join(self, node: Node, one: State, two: State) -> State:
        return State(
            join(node[0], one.facts, two.facts),
            one.lent | two.lent,
            one.stored or two.stored,
            one.trail,
            one.containers | two.containers,
            one.undone & two.undone,
            one.freed if one.freed == two.freed else -1,
            (one.back | two.back) - (one.lent - one.back) - (two.lent - two.back),
        )

    def _run_block(self, node: Node, state: State, first: int) -> list[tuple[Node, State]]:
        index, status, leave, _ = node
        block = self.cfg.blocks[index]
        self.visits += 1
        if self.visits > MOST_VISITS:
            raise Unsettled
        if not first:
            state = state.moved(state.facts.copy(), state.trail, state.back)
        steps = block.steps
        for position in range(first, len(steps)):
            step = steps[position]
            if step.kind is StepKind.RETURN:
                if status == RELEASED or not self._leaves_with(step, state):
                    self._exits[node, step.start] = Exit(step, state, leave, status, index)
                elif state.facts.value_mask(self.owed.handle) & POSITIVE:
                    self.outcome.given.append(step)
                return []
            following = self._step(step, status, state)
            if following < 0:
                return []
            if following != status and following == RELEASED:
                leave = -1
            status = following
            state.facts.run(step)
        return self._edges(index, status, leave, state)

    def _edges(self, index: int, status: int, leave: int, state: State) -> list[tuple[Node, State]]:
        found: list[tuple[Node, State]] = []
        edges = self.cfg.blocks[index].edges
        for edge in edges:
            if status == OWED and len(edges) == 2 and self._skips_release(edge, edges):
                continue
            facts, trail, back = state.facts, state.trail, state.back
            if len(edges) > 1:
                facts = facts.copy()
            if edge.assume is not None:
                expr, held = edge.assume
                if not held and self.owed.kind == "iterator" and expr.start == self.owed.call.start:
                    continue  # the loop ran to its end, and its cursor is NULL
                if not facts.assume(expr, held):
                    continue
                trail = (trail, expr, held)
                if self._is_other(expr, held, facts) or self._tells_failure(expr, held, facts):
                    continue
                if self._is_kept(state, facts):
                    continue
                if state.lent:
                    back = back | {start for start in state.lent if self._failed(start, facts)}
            if edge.back and edge.target <= self.owed.block and self.cfg.blocks[self.owed.block].in_loop:
                continue  # the next round owes something else
            left = edge.goto if edge.goto >= 0 and status == OWED else leave
            partition = 2
            if self.returned is not None:
                mask = facts.value_mask(facts.values.get(self.returned, self.returned))
                partition = 0 if mask == ZERO else 1 if mask and not mask & ~(NEGATIVE) else 2
            node = (edge.target, status, left, partition)
            found.append((node, state.moved(facts, trail, back)))
        return found

    def _is_kept(self, state: State, facts: Facts) -> bool:
        """Whether an object that was made of a description of the handle is known to be there: it has the handle."""
        made = [int(each[1:]) for each in state.containers if each[0] == ":"]
        return any(
            not facts.value_mask(f"<{start}>") & (ZERO | ERROR)
            if gives_pointer(self.cfg, start)
            else facts.value_mask(f"<{start}>") == ZERO
            for start in made
        )

    def _failed(self, start: int, facts: Facts) -> bool:
        """Whether a callee that was lent the handle is known to have failed: a release then says nothing of it."""
        if start == KEPT:
            return False
        mask = facts.value_mask(f"<{start}>")
        pointer = self._pointers.get(start)
        if pointer is None:
            pointer = self._pointers[start] = gives_pointer(self.cfg, start)
        if pointer:
            return not mask & (POSITIVE | NEGATIVE)
        return not mask & ZERO and bool(mask & NEGATIVE)

    def _skips_release(self, taken: Edge, edges: list[Edge]) -> bool:
        """Whether an edge only goes around `if (flag) release(x);`: the flag tells what the facts cannot.

        What a local variable says of an object, the facts know.
        """
        if not self.counted and (taken.assume is None or not self._speaks_of_it(_tested(taken.assume[0]))):
            return False
        other = edges[0] if taken is edges[1] else edges[1]
        arm, around = self.cfg.blocks[other.target], self.cfg.blocks[taken.target]
        if around.steps or len(around.edges) != 1 or len(arm.edges) != 1:
            return False
        if arm.edges[0].target != around.edges[0].target or arm.edges[0].goto >= 0:
            return False
        for step in arm.steps:
            if step.kind is StepKind.CALL and step.expr is not None and step.expr.text in self.owed.release:
                keys = {arg.key for arg in step.expr.args}
                if (
                    not self.owed.handle
                    or self.owed.keys & keys
                    or (self.counted and self.owed.others.isdisjoint(keys))
                ):
                    return True
        return False

    def _speaks_of_it(self, flag: Expr) -> bool:
        """Whether a member that is tested has to do with the handle: keeps it, belongs to it, or shares a word."""
        if flag.kind is not Kind.FIELD:
            return False
        keys = self.owed.keys
        if flag.key in keys or flag.args[0].key in keys:
            return True
        words = {word for key in keys for word in _words(key)}
        if any(word in words for word in _words(flag.key)):
            return True
        steps = (step for block in self.cfg.blocks for step in block.steps if step.target is not None)
        return any(
            step.expr is not None and step.expr.key in keys and step.target is not None and step.target.key == flag.key
            for step in steps
        )

    def _step(self, step: Step, status: int, state: State) -> int:
        """The status after a step; -1 where there is nothing left to follow."""
        kind = step.kind
        if kind is StepKind.CALL and step.expr is not None:
            return self._call(step, step.expr, status, state)
        if kind is StepKind.GAP:
            return -1
        if status == RELEASED:
            return self._after_release(step, state)
        if kind in (StepKind.ASSIGN, StepKind.DECLARE) and step.target is not None:
            return self._assigned(step, step.target, state)
        if kind is StepKind.SCOPE_END and step.expr is not None and self._is_handle(step.expr, state.facts):
            return RELEASED
        if kind is StepKind.ITERATE and step.expr is not None:
            if step.expr.start == self.owed.call.start:
                return -1
            for arg in step.expr.args[cursors(step.expr.text)]:
                if arg.key in self.owed.keys:
                    return -1
        return status

    def _after_release(self, step: Step, state: State) -> int:
        if step.kind is StepKind.USE and state.freed >= 0 and self._same([step.expr], state.facts):
            self.outcome.used.setdefault(step.start, (step, state.freed))
        if step.target is not None and step.kind is not StepKind.CALL and step.target.key in self.owed.keys:
            return -1
        return RELEASED


def _same(one: State, two: State) -> bool:
    return (
        one.lent == two.lent
        and one.stored == two.stored
        and one.containers == two.containers
        and one.undone == two.undone
        and one.freed == two.freed
        and one.back == two.back
        and same(one.facts, two.facts)
    )


def _tested(condition: Expr) -> Expr:
    """What a condition asks about."""
    while condition.kind in (Kind.UNARY, Kind.BINARY):
        condition = condition.args[0]
    return condition


def _words(key: str) -> list[str]:
    """The words of the last name of an lvalue."""
    names = compiled(r"[A-Za-z]\w*").findall(key)
    return [word for word in names[-1].lower().split("_") if len(word) > 2] if names else []
