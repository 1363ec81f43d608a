"""Follow one variable from its declaration for as long as nothing is stored in it, to where it is read."""

from __future__ import annotations

from collections.abc import Mapping

from linter.detect.paths import mentions
from linter.detect.questions import Place, Query
from linter.detect.uninit_loops import counted, is_counted_down, starts_above
from linter.flow.expr import integer
from linter.flow.facts import ZERO, Facts, join, same
from linter.flow.limits import UNSETTLED, note_limit
from linter.flow.model import BasicBlock, Expr, Kind, Step, StepKind
from linter.flow.solve import Unsettled, solve
from linter.pattern import compiled, lazy
from linter.record import record

_UNSET, _PENDING = 0, 1
_CONSTANT = lazy(r"^[A-Z][A-Z0-9_]*$|^(?:ARRAY_SIZE|sizeof|BIT|nr_cpu_ids)")


@record(frozen=False)
class State:
    """What is known where nothing was stored yet."""

    facts: Facts
    call: int = -1  # offset of the call that was to fill it and may have failed
    skipped: int = -1  # offset of the condition of a loop that was passed over


@record
class Found:
    """A place that reads the variable."""

    place: Place
    state: State
    how: str  # returned, tested, changed, read


class Unset:
    """Follows one variable from its declaration for as long as nothing was stored in it."""

    def __init__(self, query: Query, step: Step, fills: Mapping[str, int]) -> None:
        self.cfg = query.cfg
        self.patience = compiled(query.tables["uninit"]["patience"])
        self.declared = step
        self.name = step.target.text if step.target is not None else ""
        self.own = frozenset({self.name})
        self.fills = fills
        self.loops = {
            block.loop for block in self.cfg.blocks if any(self._stores(each) for each in block.steps)
        }  # fmt: skip
        self.found: dict[int, Found] = {}

    def find(self) -> Found | None:
        """The first place that reads it: offsets, what is known there, and how it is read."""
        places = ((block, index) for block in self.cfg.blocks for index, _ in enumerate(block.steps))
        start = next(((block, index) for block, index in places if block.steps[index] is self.declared), None)
        if start is None or not self._may_be_met(start[0], start[1] + 1):
            return None
        order = self.cfg.order()
        seeds = self._run(start[0], _UNSET, State(Facts()), start[1] + 1)
        try:
            solve(
                seeds,
                lambda node, state: self._run(self.cfg.blocks[node[0]], node[1], state, 0),
                lambda node, one, two: State(
                    join(node[0], one.facts, two.facts), max(one.call, two.call), max(one.skipped, two.skipped)
                ),
                lambda one, two: one.call == two.call and one.skipped == two.skipped and same(one.facts, two.facts),
                lambda node: order[node[0]],
            )
        except Unsettled:
            note_limit(self.cfg.function, UNSETTLED)
            return None
        return self.found[min(self.found)] if self.found else None

    def _may_be_met(self, block: BasicBlock, first: int) -> bool:
        """Whether some path, possible or not, meets the variable before a store: without one, facts say nothing."""
        seen: set[int] = set()
        pending = [(block, first)]
        while pending:
            block, first = pending.pop()
            for step in block.steps[first:]:
                said = self._role(step)
                if said and said != "set":
                    return True
                if said or step.kind is StepKind.RETURN:
                    break
            else:
                for edge in block.edges:
                    if edge.assume is not None and mentions(edge.assume[0], self.own):
                        return True
                    if edge.target not in seen:
                        seen.add(edge.target)
                        pending.append((self.cfg.blocks[edge.target], 0))
        return False

    def _stores(self, step: Step) -> bool:
        target = step.target
        return step.kind is StepKind.ASSIGN and target is not None and target.key == self.name

    def _run(self, block: BasicBlock, status: int, state: State, first: int) -> list[tuple[tuple[int, int], State]]:
        facts = state.facts.copy()
        state = State(facts, state.call, state.skipped)
        for step in block.steps[first:]:
            said = self._role(step)
            if said == "set":
                return []
            if said == "fill" and step.expr is not None:
                facts.run(step)
                status, state = _PENDING, State(facts, step.expr.start, state.skipped)
                if step.target is None and not self._is_tested(block, step.expr):
                    status = _UNSET
                continue
            if said and status == _UNSET:
                self.found[step.start] = Found((step.start, step.end), state, said)
                return []
            if said:
                return []
            if status == _PENDING and self._consumed(step, state):
                return []
            if step.kind is StepKind.RETURN:
                return []
            facts.run(step)
        return self._leave(block, status, state)

    def _leave(self, block: BasicBlock, status: int, state: State) -> list[tuple[tuple[int, int], State]]:
        found = []
        is_switch = len(block.edges) > 1 and any(edge.assume is None for edge in block.edges)
        for edge in block.edges:
            if edge.assume is None:
                if not is_switch:
                    found.append(((edge.target, status), state))
                continue
            condition, held = edge.assume
            if not held and condition.text.endswith("_scoped") and "each" not in condition.text:
                continue  # the body of a scope always runs
            facts = state.facts.copy()
            if not facts.assume(condition, held) or contradicts(condition, held, state.facts):
                continue
            if self.name in condition.key and mentions(condition, self.own):
                if status == _UNSET and not _takes_address(condition, self.name) and condition.kind is not Kind.CALL:
                    self.found[condition.start] = Found((condition.start, condition.end), state, "tested")
                continue
            after = status
            if status == _PENDING:
                mask = facts.value_mask(f"<{state.call}>")
                if mask and not mask & ZERO:
                    after = _UNSET
                elif mask == ZERO:
                    continue
            skipped = state.skipped
            if not held and self._skips(block, edge.target):
                if self._always_runs(block, condition):
                    continue
                skipped = condition.start
            found.append(((edge.target, after), State(facts, state.call, skipped)))
        return found

    def _skips(self, block: BasicBlock, target: int) -> bool:
        return block.loop in self.loops and self.cfg.blocks[target].loop != block.loop

    def _always_runs(self, block: BasicBlock, condition: Expr) -> bool:
        """Whether a loop counts down from something above 0 or up to a time limit, and every round stores."""
        names = counted(condition)
        if names is None or not self._starts(*names):
            return False
        pending = [edge.target for edge in block.edges if edge.assume is not None and edge.assume[1]]
        seen: set[int] = set()
        while pending:
            index = pending.pop()
            if index == block.index:
                return False
            if index not in seen:
                seen.add(index)
                if not any(self._role(step) == "set" for step in self.cfg.blocks[index].steps):
                    pending.extend(edge.target for edge in self.cfg.blocks[index].edges)
        return True

    def _starts(self, counter: str, bound: str) -> bool:
        """Whether the count does not stand at its end at once."""
        if bound:
            return self.patience.search(bound) is not None
        if not is_counted_down(self.cfg, counter):
            return False
        return self.patience.search(counter) is not None or starts_above(self.cfg, counter)

    def _is_tested(self, block: BasicBlock, call: Expr) -> bool:
        """Whether the result of a call is looked at where it stands."""
        if any(
            edge.assume is not None and edge.assume[0].start <= call.start < edge.assume[0].end for edge in block.edges
        ):
            return True
        return any(
            step.expr is not None and step.expr is not call and step.expr.start <= call.start < step.expr.end
            for step in block.steps
        )

    def _consumed(self, step: Step, state: State) -> bool:
        """Whether the result of the filling call goes somewhere else: it may be tested there."""
        value = f"<{state.call}>"
        if step.kind is StepKind.CALL and step.expr is not None:
            return any(state.facts.value(arg) == value for arg in step.expr.args)
        if step.kind is StepKind.ASSIGN and step.target is not None:
            if step.op not in ("", "="):
                return state.facts.value(step.target) == value
            return (
                step.expr is not None and step.expr.start != state.call and _uses_value(step.expr, value, state.facts)
            )
        return False

    def _role(self, step: Step) -> str | None:
        """What a step does with the variable: set, fill, or a word for how it is read."""
        kind = step.kind
        if kind in (StepKind.GAP, StepKind.ASM):
            return "set"
        expr, target = step.expr, step.target
        if kind is StepKind.CALL and expr is not None:
            if not any(self.name in arg.key for arg in expr.args) or not any(
                mentions(arg, self.own) for arg in expr.args
            ):
                return None
            if self.fills and is_filled_by(expr, self.name, self.fills):
                return "fill"
            return "set"
        if kind is StepKind.ITERATE:
            return "set" if expr is not None and mentions(expr, self.own) else None
        if kind is StepKind.RETURN:
            if expr is None or expr.kind is Kind.CALL or not mentions(expr, self.own):
                return None
            return "set" if _takes_address(expr, self.name) else "returned"
        if kind in (StepKind.ASSIGN, StepKind.DECLARE) and target is not None:
            if expr is not None and expr.kind is not Kind.CALL and mentions(expr, self.own):
                return "set" if _takes_address(expr, self.name) or expr.kind is Kind.OTHER else "read"
            if target.key == self.name:
                return "set" if step.op in ("", "=") else "changed"
            if target.kind is not Kind.NAME and mentions(target, self.own):
                return "set"
        return None


def _uses_value(expr: Expr, value: str, facts: Facts) -> bool:
    stack = [expr]
    while stack:
        top = stack.pop()
        if top.kind in (Kind.NAME, Kind.FIELD) and facts.value(top) == value:
            return True
        stack.extend(top.args)
    return False


def _takes_address(expr: Expr, name: str) -> bool:
    stack = [expr]
    while stack:
        top = stack.pop()
        if top.kind is Kind.ADDRESS and top.args[0].key.startswith(name):
            return True
        if (top.kind is Kind.CALL and top.text[:1].isupper()) or top.kind is Kind.OTHER:
            return True
        stack.extend(top.args)
    return False


def contradicts(condition: Expr, held: bool, facts: Facts) -> bool:
    """Whether a loop's condition cannot fail in the first round: `i` is 0 and the bound is a constant."""
    if condition.kind is not Kind.BINARY or held:
        return False
    left, right = condition.args
    value = facts.value(left)
    number = integer(right)
    if value[:1] == "=" and value[1:].lstrip("-").isdigit():
        start = int(value[1:])
        if number is not None:
            return {"<": start < number, "<=": start <= number, ">": start > number, ">=": start >= number,
                    "!=": start != number}.get(condition.text, False)  # fmt: skip
        if condition.text in ("<", "<=", "!="):
            return start <= 1 and _CONSTANT.match(right.key) is not None
        return False
    return condition.text in (">", ">=") and number is not None and number <= 1 and _CONSTANT.match(value) is not None


def is_filled_by(call: Expr, name: str, fills: Mapping[str, int]) -> bool:
    """Whether a call is to store in a variable through the argument that its table names."""
    index = fills.get(call.text)
    if index is None or index >= len(call.args):
        return False
    arg = call.args[index]
    return arg.kind is Kind.ADDRESS and arg.args[0].kind is Kind.NAME and arg.args[0].text == name
