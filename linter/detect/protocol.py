"""The engine `protocol`: what may not happen while one value is in a certain state, along every path.

    protocol:
      transitions:
        - {calls: [fd_install], handle: 1, to: installed, label: user space can use it from here on}
        - {calls: [close_fd], handle: 1, from: [installed], to: done}
      violations:
        - {state: installed, at: error-return, message: "an error is returned after `$HANDLE` was installed"}

A transition without `from` starts to follow a value; `done` ends it. `handle` is the number of an argument (from 1),
`result`, or `none` for a call that is about no value in particular. `table: locks` takes the transitions of a table's
families: `held` from the acquisition to the release. A call that is expected to have failed on a path (its result is
negative, zero for `fails: zero`, …) starts nothing there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from linter.detect.calls import touched_functions
from linter.detect.model import Context, Finding, Label, Scope, finding
from linter.detect.protocol_block import DONE, Block, Event, Violation, compile_block
from linter.detect.questions import fill
from linter.flow.build import build_cfg
from linter.flow.facts import ANY, ERROR, NEGATIVE, NONZERO, POSITIVE, ZERO, Facts, join, same
from linter.flow.known import known_steps
from linter.flow.limits import TOO_MANY_STARTS, UNSETTLED, note_limit
from linter.flow.model import Cfg, Expr, Kind, Step, StepKind
from linter.flow.solve import Unsettled, solve
from linter.record import field, record
from linter.rulebook.model import Rule, Tables
from linter.syntax.model import Function, Unit

_SUCCESS = {"negative": ZERO | POSITIVE, "zero": NONZERO, "nonzero": ZERO, "never": ANY, "errptr": ANY & ~ERROR}
MAX_STARTS = 64
"""Values followed in one function; a function with more of them is generated, or a test."""

Node = tuple[int, str]
"""A block and the state in which it is entered."""


@record(frozen=False)
class State:
    """Where a path stands: what is known, and the conditions that led here, the last one first."""

    facts: Facts
    trail: Any = None


@record(eq=False)
class Start:
    """A call that starts to be followed."""

    event: Event
    call: Expr
    block: int
    index: int
    value: str  # the handle's value; "" where the call is about none
    shown: str  # the handle as the source writes it
    facts: Facts  # what is known behind the call


@record(frozen=False)
class Walk:
    """One value followed through one function for one rule."""

    cfg: Cfg
    block: Block
    start: Start
    keys: frozenset[str]
    found: dict[int, tuple[Violation, Step, State]] = field(default_factory=dict)

    def run(self) -> None:
        """Collect the steps that are violations."""
        facts = self.start.facts
        if not facts.refine(f"<{self.start.call.start}>", _SUCCESS[self.start.event.fails]):
            return
        seeds = self._block((self.start.block, self.start.event.to), State(facts), self.start.index + 1)
        order = self.cfg.order()
        try:
            solve(seeds, lambda node, state: self._block(node, state, 0), _join, _same, lambda node: order[node[0]])
        except Unsettled:
            note_limit(self.cfg.function, UNSETTLED)
            self.found.clear()

    def _block(self, node: Node, state: State, first: int) -> list[tuple[Node, State]]:
        index, held = node
        if not first:
            state = State(state.facts.copy(), state.trail)
        for step in self.cfg.blocks[index].steps[first:]:
            if step.kind is StepKind.GAP:
                return []
            if step.kind is StepKind.RETURN:
                self._returned(step, held, state)
                return []
            if step.kind is StepKind.CALL and step.expr is not None:
                held = self._called(step, step.expr, held, state)
            elif self._replaces(step):
                return []  # the variable holds something else from here on
            if held == DONE:
                return []
            state.facts.run(step)
        return list(self._edges(index, held, state))

    def _edges(self, index: int, held: str, state: State) -> Iterator[tuple[Node, State]]:
        edges = self.cfg.blocks[index].edges
        for edge in edges:
            if edge.back and edge.target <= self.start.block:
                continue  # the next round starts afresh
            facts = state.facts.copy() if len(edges) > 1 else state.facts
            trail = state.trail
            if edge.assume is not None:
                if not facts.assume(*edge.assume):
                    continue
                trail = (trail, *edge.assume)
            yield (edge.target, held), State(facts, trail)

    def _replaces(self, step: Step) -> bool:
        if step.target is None or step.target.key not in self.keys:
            return False
        return step.expr is None or step.expr.start != self.start.call.start

    def is_handle(self, expr: Expr, facts: Facts) -> bool:
        """Whether an argument is the value that is followed."""
        return (self.start.event.result and expr.key in self.keys) or facts.value(expr) == self.start.value

    def _called(self, step: Step, call: Expr, held: str, state: State) -> str:
        """The state after a call."""
        if call.start == self.start.call.start:
            return DONE
        for violation in self.block.violations:
            if violation.state == held and violation.at == "call" and self._breaks(violation, call, state):
                self.found.setdefault(step.start, (violation, step, state))
        for event in self.block.events:
            if held in event.source and event.family == self.start.event.family and call.text in event.calls:
                argument = event.argument
                if argument is None or not self.start.value:
                    return event.to
                if argument < len(call.args) and self.is_handle(call.args[argument], state.facts):
                    return event.to
        if self.start.value and call.text not in self.block.harmless:
            given = any(self.is_handle(arg, state.facts) for arg in call.args)
            if given and self.block.escapes and call.text not in self.block.names:
                return DONE  # a callee that is given the value may do what it likes with it
        return held

    def _breaks(self, violation: Violation, call: Expr, state: State) -> bool:
        if violation.calls is not None and call.text not in violation.calls:
            return False
        if violation.same_handle:
            argument = violation.argument or 0
            return argument < len(call.args) and self.is_handle(call.args[argument], state.facts)
        if violation.given is not None:
            return call.text not in self.block.harmless and any(arg.key in violation.given for arg in call.args)
        return violation.calls is not None

    def _returned(self, step: Step, held: str, state: State) -> None:
        for violation in self.block.violations:
            if violation.state != held or not violation.at.endswith("return"):
                continue
            error = step.expr is not None and not state.facts.mask(step.expr) & ~(NEGATIVE | ERROR)
            if violation.at == "return" or (violation.at == "error-return") == error:
                self.found.setdefault(step.start, (violation, step, state))


def _join(node: Node, one: State, two: State) -> State:
    return State(join(node[0], one.facts, two.facts), one.trail)


def _same(one: State, two: State) -> bool:
    return same(one.facts, two.facts)


def starts(cfg: Cfg, block: Block) -> Iterator[Start]:
    """The calls of a function that start to be followed."""
    for basic, index, step, facts in known_steps(cfg):
        if step.kind is StepKind.CALL and step.expr is not None and step.expr.text in block.beginnings:
            event = block.beginnings[step.expr.text]
            value, shown = _handle(event, step, facts)
            if value is not None:
                after = facts.copy()
                after.run(step)
                yield Start(event, step.expr, basic.index, index, value, shown, after)


def _handle(event: Event, step: Step, facts: Facts) -> tuple[str | None, str]:
    """The value that a starting call is about, and how the source writes it; no value for a call that lacks it."""
    call = step.expr
    assert call is not None
    if event.result:
        return f"<{call.start}>", step.target.key if step.target else ""
    if event.argument is None:
        return "", ""
    if event.argument >= len(call.args):
        return None, ""
    handle = call.args[event.argument]
    return facts.value(handle), handle.key


class _Runner:
    def __init__(self, rules: Sequence[Rule], tables: Tables) -> None:
        self.rules = {rule.id: rule for rule in rules}
        self.tables = tables
        self.blocks: dict[str, Block] = {}

    def run(self, target: Unit, context: Context, enabled: frozenset[str]) -> Iterator[Finding]:
        """Findings in the functions that the patch touched."""
        blocks = [(self.rules[name], self._block(name)) for name in sorted(enabled)]
        for function in touched_functions(target):
            text = target.source[function.span.start : function.span.end]
            for rule, block in blocks:
                if any(name in text for name in block.triggers):
                    yield from _check(rule, block, function)

    def _block(self, name: str) -> Block:
        block = self.blocks.get(name)
        if block is None:
            block = self.blocks[name] = compile_block(self.rules[name].block, self.tables, "protocol")
        return block


def _check(rule: Rule, block: Block, function: Function) -> Iterator[Finding]:
    cfg = build_cfg(function)
    told: set[int] = set()
    for number, start in enumerate(starts(cfg, block)):
        if number >= MAX_STARTS:
            note_limit(function, TOO_MANY_STARTS)
            return
        keys = {start.shown} if start.shown else set()
        walk = Walk(cfg, block, start, frozenset(keys))
        walk.run()
        for offset in sorted(walk.found):
            if offset not in told:
                told.add(offset)
                yield _report(rule, function, start, *walk.found[offset])
                break  # one remark about one value; the reader finds its sisters


def _report(rule: Rule, function: Function, start: Start, violation: Violation, step: Step, state: State) -> Finding:
    unit = function.unit
    handle = start.shown or start.call.text
    callee = step.expr.text if step.expr is not None and step.expr.kind is Kind.CALL else ""
    names = {"HANDLE": handle.removeprefix("&"), "CALLEE": callee, "START": start.call.text}
    message = fill(violation.message, names)
    labels = [Label(unit.location(start.call.start, start.call.end), fill(start.event.label, names))]
    if state.trail is not None:
        _, condition, held = state.trail
        if condition.start > start.call.start:
            words = unit.source[condition.start : condition.end].decode("utf-8", "replace")
            text = " ".join(words.split())
            labels.append(
                Label(
                    unit.location(condition.start, condition.end),
                    f"where `{text}`" if held else f"where `{text}` does not hold",
                )
            )
    place = step.expr if step.kind is StepKind.CALL and step.expr is not None else step
    labels.append(Label(unit.location(place.start, place.end), message, primary=True))
    help_text = fill(rule.help, names)
    return finding(rule, message, labels, function=function.name or None, key=handle, help=help_text)


class ProtocolEngine:
    """See the module's docstring."""

    name = "protocol"
    scope = Scope.FUNCTION
    schema: Mapping[str, Any] = {
        "type": "object",
        "additionalProperties": False,
        "required": ["violations"],
        "properties": {
            "table": {"enum": ["locks"]},
            "contexts": {"type": "array", "items": {"type": "string"}},
            "transitions": {"type": "array"},
            "violations": {"type": "array", "minItems": 1},
            "escapes": {"type": "boolean"},
            "harmless-words": {"type": "string"},
        },
    }

    def check(self, rule: Rule, tables: Tables) -> frozenset[str] | None:
        """Check a rule's block; its triggers are the calls that start something."""
        block = compile_block(rule.block, tables, self.name)
        return frozenset(name.decode() for name in block.triggers)

    def prepare(self, rules: Sequence[Rule], tables: Tables) -> _Runner:
        """Blocks are compiled when a trigger stands in the code."""
        return _Runner(rules, tables)


ENGINE = ProtocolEngine()
