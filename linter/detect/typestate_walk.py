"""Follow one obligation from where it arises along every path: released, handed on, or still owed at an exit."""

from __future__ import annotations

from collections.abc import Iterable

from linter.detect.typestate_model import (
    COUNTED,
    KEPT,
    OWED,
    RELEASED,
    Exit,
    Node,
    Obligation,
    Outcome,
    State,
    gives_pointer,
)
from linter.detect.typestate_tables import Knowledge
from linter.flow.expr import integer
from linter.flow.facts import NEGATIVE, POSITIVE, ZERO, Facts, join, same
from linter.flow.limits import TOO_LARGE, TOO_MANY_PATHS, UNSETTLED, note_limit
from linter.flow.model import Cfg, Edge, Expr, Kind, Step, StepKind
from linter.flow.solve import Unsettled, solve
from linter.flow.words import cursors
from linter.pattern import lazy

MOST_VISITS = 15_000
"""Blocks that a function may cost; generated code and hostile input stop here, and nothing is said about them."""
MOST_BLOCKS = 4_000
_SWITCHES = frozenset({"enable", "lock", "section", "mapping"})
"""Kinds whose release leaves the object that it is about in place."""
_SETUP = frozenset({"init", "register", "add", "create", "setup", "initialize"})
_ACTIONS = frozenset(
    {"devm_add_action", "devm_add_action_or_reset", "drmm_add_action", "drmm_add_action_or_reset", "__devm_add_action"}
)
"""Calls that leave the release to the device; what their callback releases is out of sight."""
_ROOT = lazy(r"[&*(]*([A-Za-z_]\w*)")
_NESTING = frozenset({Kind.CALL, Kind.CONDITIONAL, Kind.OTHER})


class Walk:
    """One obligation, one function."""

    def __init__(self, cfg: Cfg, knowledge: Knowledge, owed: Obligation, returned: str | None) -> None:
        self.cfg = cfg
        self.knowledge = knowledge
        self.owed = owed
        self.returned = returned
        self.outcome = Outcome()
        self.root = (_ROOT.match(owed.handle) or _ROOT.match(next(iter(owed.keys), "")) or [None, None])[1]
        self.counted = owed.kind in COUNTED
        self._exits: dict[tuple[Node, int], Exit] = {}
        self._pointers: dict[int, bool] = {}
        self._is_init = "__init" in cfg.function.annotations
        self.visits = 0

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
        found = {match[1] for place in places if (match := _ROOT.match(place)) is not None}
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
            if status == OWED and self.counted and len(edges) == 2 and self._skips_release(edge, edges):
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
        """Whether an edge only goes around `if (flag) release(x);`: the flag tells what the facts cannot."""
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

    def _is_other(self, expr: Expr, held: bool, facts: Facts) -> bool:
        """Whether the path assumes that the handle is the same as something of another owner."""
        if expr.kind is not Kind.BINARY or expr.text not in ("==", "!=") or held != (expr.text == "=="):
            return False
        left, right = expr.args
        if Kind.CONST in (left.kind, right.kind) or self.counted:
            return False
        return self._is_handle(left, facts) or self._is_handle(right, facts)

    def _tells_failure(self, expr: Expr, held: bool, facts: Facts) -> bool:
        """Whether a test that the facts cannot read says that nothing was acquired: another number than wanted."""
        family = self.owed.family
        if family is None or family.fails != "zero" or expr.kind is not Kind.BINARY:
            return False
        left, right = expr.args
        count = integer(right)
        if count is None or count <= 0 or facts.value(left) != self.owed.result:
            return False
        return held == (expr.text in ("!=", "<")) and expr.text in ("!=", "==", "<", ">=")

    def _is_handle(self, expr: Expr, facts: Facts) -> bool:
        return expr.key in self.owed.keys or facts.value(expr) == self.owed.handle

    def mentions(self, expr: Expr, facts: Facts) -> bool:
        """Whether an argument gives away the handle, a member's address, or what an accessor makes of it."""
        stack = [expr]
        while stack:
            top = stack.pop()
            if top.kind in (Kind.CONST, Kind.STRING):
                continue
            if self._is_handle(top, facts):
                return True
            if self.owed.handle and facts.value(top).startswith("&" + self.owed.handle):
                return True  # a variable that holds the address of a member
            if top.kind is Kind.ADDRESS:
                inner = top.args[0]
                if inner.kind is Kind.NAME and self._is_handle(inner, facts):
                    return True
                while inner.kind in (Kind.FIELD, Kind.INDEX) and inner.args:
                    inner = inner.args[0]
                    if self._is_handle(inner, facts):
                        return True
            elif top.kind in (Kind.CALL, Kind.CONDITIONAL, Kind.OTHER) or (
                top.kind is Kind.BINARY and top.text in "+-|"
            ):
                stack.extend(top.args)
        return False

    def _contains(self, expr: Expr, state: State) -> bool:
        if not state.containers:
            return False
        value = state.facts.value(expr)
        return value in state.containers or any(
            value.startswith("&" + base) for base in state.containers if base[0] not in "^~"
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

    def _call(self, step: Step, call: Expr, status: int, state: State) -> int:
        owed, knowledge, facts, name = self.owed, self.knowledge, state.facts, call.text
        if call.start == owed.call.start:
            return -1
        given = [arg for arg in call.args if self.mentions(arg, facts)] if owed.handle else []
        if self._is_release(call, bool(given)):
            return self._release(step, status, state)
        if status == RELEASED:
            if state.freed >= 0 and self._same(call.args, facts):
                self.outcome.used.setdefault(step.start, (step, state.freed))
            return -1 if knowledge.acquire.get(name) is owed.family and given else status
        if call.start in self.owed.unwinding:
            state.undone |= {call.start}
        if knowledge.is_teardown(name) and name not in knowledge.borrow_calls:
            if given and self._ends(name):
                return self._release(step, status, state)
            if self._ends_owner(call, state):
                return self._release(step, status, state)
        if name in _ACTIONS or self._undoes_function(name):
            return -1
        if given and not self.counted:
            if name.endswith(("set_drvdata", "set_clientdata", "set_intfdata", "set_adapdata")):
                state.lent |= {KEPT}  # found again by the driver's own teardown, not by a failing probe
                return status
            if knowledge.is_taker(name) or self._embeds(name, given, facts):
                return -1
            if not knowledge.is_borrower(name):
                state.lent |= {call.start}
        elif self._is_embedded_in(call, state):
            return -1
        elif not self.counted and any(self._contains(arg, state) for arg in call.args):
            if knowledge.is_taker(name) and not owed.managed_base:
                return -1
            if not knowledge.is_borrower(name) and not knowledge.is_memory_release(name) and not owed.managed_base:
                state.lent |= {call.start}
        return status

    def _undoes_function(self, name: str) -> bool:
        """Whether a callee is the counterpart of this very function: a failing suspend calls resume."""
        return self.knowledge.reverses(self.cfg.function.name, name)

    def _is_embedded_in(self, call: Expr, state: State) -> bool:
        """Whether a call keeps a member of what an accessor made of the handle: `list_add(&bo->entry, ...)`."""
        if not self.knowledge.is_taker(call.text):
            return False
        derived = [base[1:] for base in state.containers if base[0] == "~"]
        return any(
            arg.kind is Kind.ADDRESS and state.facts.value(arg).startswith("&" + base)
            for base in derived
            for arg in call.args
        )

    def _release(self, step: Step, status: int, state: State) -> int:
        call = step.expr
        exact = call is not None and call.text in self.owed.release and not self.counted
        exact = exact and call is not None and self._same(call.args, state.facts)
        if status == RELEASED:
            if exact and state.freed >= 0:
                self.outcome.again.setdefault(step.start, (step, state.freed))
            return -1
        if exact:
            state.freed = step.start
        mask = state.facts.value_mask(self.owed.result)
        if state.stored:
            self.outcome.kept.add(step.start)
        old = self.outcome.releases.get(step.start)
        lent = state.lent - state.back if old is None else old[2] | (state.lent - state.back)
        self.outcome.releases[step.start] = (step, mask if old is None else mask | old[1], lent)
        return RELEASED

    def _is_release(self, call: Expr, given: bool) -> bool:
        """Whether a call is the counterpart of the acquisition, for this handle."""
        owed, name = self.owed, call.text
        if name in owed.release:
            # A counterpart whose argument cannot be told is taken for the release where there is but one to release.
            return given or not owed.handle or (self.counted and owed.others.isdisjoint(a.key for a in call.args))
        return (given or not owed.handle) and self.knowledge.related(owed.name, name) > 0

    def _embeds(self, name: str, given: list[Expr], facts: Facts) -> bool:
        """Whether a call sets up an object inside the handle: from then on its own count decides."""
        if not _SETUP.intersection(self.knowledge.words(name)):
            return False
        return any(arg.kind is Kind.ADDRESS and not self._is_handle(arg, facts) for arg in given)

    def _ends(self, name: str) -> bool:
        """Whether a teardown that is no counterpart by table or name may end the obligation all the same."""
        if not self.counted:
            families = self.knowledge.release.get(name, ())
            return not families or any(family.kind not in _SWITCHES for family in families)
        if name in self.knowledge.release:
            return False
        return self.owed.evidence == "table" or self.knowledge.covers(self.owed.name, name)

    def _same(self, args: Iterable[Expr | None], facts: Facts) -> bool:
        """Whether the very value that was acquired is among these."""
        return any(arg is not None and facts.value(arg) == self.owed.handle for arg in args)

    def _ends_owner(self, call: Expr, state: State) -> bool:
        """Whether a call tears down the structure that the handle is a member of."""
        name, knowledge = call.text, self.knowledge
        if knowledge.is_memory_release(name):
            return False
        for arg in call.args:
            value = state.facts.value(arg)
            if value in state.containers or "^" + value in state.containers:
                return True
            if value == self.root or arg.key == self.root:
                if self.owed.evidence == "names":
                    return knowledge.covers(self.owed.name, name)
                return name not in knowledge.release
        return False

    def _assigned(self, step: Step, target: Expr, state: State) -> int:
        facts, owed = state.facts, self.owed
        value = step.expr
        if value is not None and self._notes(target, value):
            return self._keep(state)
        if value is None or step.op not in ("", "="):
            return OWED
        if self.counted:
            return OWED
        if not self.mentions(value, facts):
            if facts.value(value) in state.containers and target.kind is not Kind.NAME:
                self._own(target, state)
            if target.key in owed.keys and owed.handle not in {
                held for place, held in facts.values.items() if place != facts.location(target)
            }:
                return -1  # nothing names it any more
            return OWED
        if value.kind is Kind.CALL and value.start != owed.call.start:
            state.containers |= {"~" + facts.value(value)}
        if value.start == owed.call.start or (value.kind is Kind.CALL and not self._is_handle(value, facts)):
            return OWED if value.start != owed.call.start else self._stored(target, state)
        return self._stored(target, state)

    def _notes(self, target: Expr, value: Expr) -> bool:
        """Whether a member is set that tells the owner's teardown of the acquisition: `foo->group_added = true`."""
        if target.kind is not Kind.FIELD or value.kind is not Kind.CONST or value.text not in ("true", "1"):
            return False
        said = set(self.knowledge.words(target.text)) & set(self.knowledge.words(self.owed.name))
        return not said.isdisjoint(self.knowledge.subject(self.owed.name))

    def _stored(self, target: Expr, state: State) -> int:
        """Storing the handle: a local is another name, a member of a local structure a container, else it is kept."""
        if target.kind is Kind.NAME:
            known = target.text in self.cfg.locals or target.text in self.cfg.parameters
            return OWED if known or self._is_init or not self.cfg.function.head_known else -1
        base = target
        if target.kind is Kind.INDEX and self.cfg.blocks[self.owed.block].in_loop:
            return -1  # a loop fills a table: another one empties it
        while base.kind is Kind.FIELD and not base.arrow:
            base = base.args[0]
        if base.kind is Kind.NAME:
            return OWED if base.text in self.cfg.locals else self._keep(state)
        if base.kind is Kind.FIELD:
            container = state.facts.value(base.args[0])
            if container in self.owed.allocated:
                state.containers |= {container}
                return OWED
        self._own(target, state)
        return self._keep(state)

    def _own(self, target: Expr, state: State) -> None:
        """Note who holds the handle from now on: a call that tears that down releases it."""
        base = target
        while base.args:
            base = base.args[0]
            state.containers |= {"^" + state.facts.value(base)}

    def _keep(self, state: State) -> int:
        state.stored = True
        return OWED

    def _leaves_with(self, step: Step, state: State) -> bool:
        """Whether a return hands the handle to the caller."""
        if step.expr is None or self.counted:
            return False
        if step.expr.kind is Kind.CALL and step.expr.text in ("PTR_ERR", "PTR_ERR_OR_ZERO", "IS_ERR", "ERR_CAST"):
            return False
        if step.expr.kind is Kind.CALL:
            return any(self.mentions(arg, state.facts) for arg in step.expr.args) and (
                self.knowledge.is_taker(step.expr.text)
                or bool({"ptr", "pointer"} & set(self.knowledge.words(step.expr.text)))
                or self.cfg.returns.endswith("*")
            )
        return self.mentions(step.expr, state.facts) or self._contains(step.expr, state)


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


def base_facts(cfg: Cfg) -> dict[int, Facts] | None:
    """What is known at the start of every block, whatever is tracked; None where it does not settle."""

    def flow(index: int, facts: Facts) -> list[tuple[int, Facts]]:
        facts = facts.copy()
        block = cfg.blocks[index]
        for step in block.steps:
            facts.run(step)
        found = []
        for edge in block.edges:
            after = facts.copy()
            if edge.assume is None or after.assume(*edge.assume):
                found.append((edge.target, after))
        return found

    try:
        if len(cfg.blocks) > MOST_BLOCKS:
            note_limit(cfg.function, TOO_LARGE)
            return None
        order = cfg.order()
        return solve([(cfg.entry, Facts())], flow, join, same, lambda index: order[index])
    except Unsettled:
        note_limit(cfg.function, UNSETTLED)
        return None
