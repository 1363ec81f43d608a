"""Protocols written out in a rule: the states of one value, what moves it between them, where a state is a defect.

    typestate:
      track: $FD
      states: {none: start, installed: visible to user space}       # the first one is where every value starts
      transitions:
        - {event: "fd_install($FD, ...)", from: none, to: installed, label: installed here}
        - {assume: "$FD < 0", from: installed, to: none}
      violations:
        - {state: installed, at: error-return, message: "error returned after `$FD` was installed"}

An event is a call, with or without the variable that takes its result; `...` stands for any further arguments. An
assumption is a test of the tracked value. `at` is function-exit, error-return, success-return, or an event.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from linter.detect.model import Finding, Label, finding
from linter.detect.typestate_exit import FAILURE, SUCCESS, classify, returned_variable
from linter.flow.build import build_cfg
from linter.flow.facts import ERROR, NEGATIVE, NONZERO, POSITIVE, ZERO, Facts, join, same
from linter.flow.known import known_steps
from linter.flow.limits import UNSETTLED, note_limit
from linter.flow.model import Cfg, Expr, Kind, Step, StepKind
from linter.flow.solve import Unsettled, solve
from linter.pattern import compiled, lazy
from linter.record import record
from linter.rulebook.errors import BlockError
from linter.rulebook.model import Rule
from linter.syntax.model import Function

EXITS = ("function-exit", "error-return", "success-return")
_EVENT = lazy(r"^\s*(?:(\$\w+)\s*=\s*)?([A-Za-z_]\w*)\((.*)\)\s*$")
_TESTS = {
    "{} < 0": NEGATIVE, "{} <= 0": NEGATIVE | ZERO, "{} > 0": POSITIVE, "{} >= 0": POSITIVE | ZERO, "{} == 0": ZERO,
    "{} == NULL": ZERO, "{} != NULL": NONZERO, "!{}": ZERO, "{}": NONZERO, "IS_ERR({})": ERROR,
    "IS_ERR_OR_NULL({})": ERROR | ZERO,
}  # fmt: skip


@record(eq=False)
class Event:
    """A call, and where the tracked value is in it: its result (-1), an argument, or one whose address is given."""

    name: str
    index: int  # -1: the result
    address: bool = False

    def value(self, call: Expr, facts: Facts) -> str | None:
        """The tracked value that a call would be about; None where the call does not fit."""
        if call.text != self.name:
            return None
        if self.index < 0:
            return f"<{call.start}>"
        if self.index >= len(call.args):
            return None
        argument = call.args[self.index]
        if self.address:
            return f"<{call.start}&{self.index}>" if argument.kind is Kind.ADDRESS else None
        return facts.value(argument)


@record(eq=False)
class Transition:
    """What moves a value from one state to another: an event or, with a mask, a test."""

    source: str
    target: str
    label: str
    event: Event | None
    mask: int = 0


@record(eq=False)
class Violation:
    """A state that must not be met at an exit or an event."""

    state: str
    at: str
    event: Event | None
    message: str


@record(eq=False)
class Protocol:
    """A rule's block, compiled."""

    rule: Rule
    variable: str
    start: str
    transitions: tuple[Transition, ...]
    violations: tuple[Violation, ...]

    @property
    def names(self) -> frozenset[str]:
        """The calls that can begin it."""
        return frozenset(t.event.name for t in self.transitions if t.event is not None and t.source == self.start)


def compile_protocol(rule: Rule) -> Protocol:
    """A rule's block; BlockError where it cannot be understood."""
    block = rule.block
    variable, states = block.get("track"), block.get("states")
    if not isinstance(variable, str) or not compiled(r"\$[A-Z]\w*").fullmatch(variable):
        raise BlockError(("typestate", "track"), "no metavariable", "a name such as $FD")
    if not isinstance(states, dict) or len(states) < 2:
        raise BlockError(("typestate", "states"), "too few states", "a mapping of at least two states")
    transitions = tuple(
        _transition(row, variable, states, index) for index, row in enumerate(block.get("transitions") or ())
    )
    violations = tuple(
        _violation(row, variable, states, index) for index, row in enumerate(block.get("violations") or ())
    )
    if not transitions or not violations:
        raise BlockError(("typestate",), "nothing can happen", "transitions and violations")
    return Protocol(rule, variable, next(iter(states)), transitions, violations)


def _transition(row: Mapping[str, Any], variable: str, states: Mapping[str, Any], index: int) -> Transition:
    path = ("typestate", "transitions", index)
    unknown = set(row) - {"event", "assume", "from", "to", "label"}
    if unknown:
        raise BlockError((*path, min(unknown)), "unknown key", "event, assume, from, to, label")
    for key in ("from", "to"):
        if row.get(key) not in states:
            raise BlockError((*path, key), f"`{row.get(key)}` is no state", ", ".join(states))
    label = str(row.get("label", ""))
    if "event" in row:
        return Transition(row["from"], row["to"], label, _event(row["event"], variable, (*path, "event")))
    tests = {form.format(variable): mask for form, mask in _TESTS.items()}
    mask = tests.get(" ".join(str(row.get("assume", "")).split()))
    if mask is None:
        raise BlockError((*path, "assume"), "not a test that is understood", ", ".join(tests))
    return Transition(row["from"], row["to"], label, None, mask)


def _violation(row: Mapping[str, Any], variable: str, states: Mapping[str, Any], index: int) -> Violation:
    path = ("typestate", "violations", index)
    unknown = set(row) - {"state", "at", "message"}
    if unknown:
        raise BlockError((*path, min(unknown)), "unknown key", "state, at, message")
    if row.get("state") not in states:
        raise BlockError((*path, "state"), f"`{row.get('state')}` is no state", ", ".join(states))
    if not isinstance(row.get("message"), str):
        raise BlockError((*path, "message"), "no message", "what is wrong, in one sentence")
    at = str(row.get("at", ""))
    event = None if at in EXITS else _event(at, variable, (*path, "at"))
    return Violation(row["state"], at if at in EXITS else "", event, row["message"])


def _event(text: str, variable: str, path: tuple[str | int, ...]) -> Event:
    found = _EVENT.match(str(text))
    if found is None:
        raise BlockError(path, f"`{text}` is no call", "`$X = name(...)` or `name($X, ...)`")
    if found[1] == variable:
        return Event(found[2], -1)
    arguments = [argument.strip() for argument in found[3].split(",")]
    for form, address in ((variable, False), ("&" + variable, True)):
        if form in arguments:
            return Event(found[2], arguments.index(form), address)
    raise BlockError(path, f"`{variable}` is not in it", f"{variable} as the result or an argument")


@record(frozen=False)
class _State:
    facts: Facts
    trail: tuple[tuple[int, int, str], ...] = ()  # transitions so far: start, end, label


_Node = tuple[int, str, int]  # block, state, sign of the returned variable


def run_protocol(protocol: Protocol, function: Function, cfg: Cfg) -> Iterator[Finding]:
    """Findings of one protocol in one function."""
    for block, position, step, known in known_steps(cfg):
        if step.kind is not StepKind.CALL or step.expr is None:
            continue
        for move in protocol.transitions:
            if move.event is None or move.source != protocol.start:
                continue
            value = move.event.value(step.expr, known)
            if value is not None:
                follow = _Follow(protocol, function, cfg, value, step, returned_variable(cfg))
                yield from follow.run(block.index, position, move, known)


class _Follow:
    """One tracked value."""

    def __init__(
        self, protocol: Protocol, function: Function, cfg: Cfg, value: str, origin: Step, returned: str | None
    ) -> None:
        self.returned = returned
        self.protocol = protocol
        self.function = function
        self.cfg = cfg
        self.value = value
        self.origin = origin
        target = origin.target
        self.shown = target.key if target is not None and value == f"<{origin.start}>" else ""
        for arg in origin.expr.args if origin.expr is not None and not self.shown else ():
            if arg.kind is Kind.ADDRESS and value.startswith(f"<{origin.start}&"):
                self.shown = arg.args[0].key
        self.found: dict[tuple[int, str], Finding] = {}

    def run(self, block: int, position: int, move: Transition, facts: Facts) -> list[Finding]:
        if not self.shown and self.origin.expr is not None and move.event is not None:
            self.shown = self.origin.expr.args[move.event.index].key
        start = _State(facts.copy(), ((self.origin.start, self.origin.end, move.label),))
        start.facts.run(self.origin)
        order = self.cfg.order()
        try:
            solve(
                self._steps((block, move.target, 0), start, position + 1),
                lambda node, state: self._steps(node, _State(state.facts.copy(), state.trail), 0),
                lambda node, one, two: _State(join(node[0], one.facts, two.facts), one.trail),
                lambda one, two: same(one.facts, two.facts),
                lambda node: order[node[0]],
            )
        except Unsettled:
            note_limit(self.cfg.function, UNSETTLED)
            return []
        return list(self.found.values())

    def _steps(self, node: _Node, state: _State, first: int) -> list[tuple[_Node, _State]]:
        index, at, _ = node
        for step in self.cfg.blocks[index].steps[first:]:
            if step.kind is StepKind.GAP or (step.kind is StepKind.CALL and step.start == self.origin.start):
                return []
            if step.kind is StepKind.RETURN:
                self._exit(step, at, state)
                return []
            if step.kind is StepKind.CALL and step.expr is not None:
                at = self._event(step, step.expr, at, state)
            state.facts.run(step)
        if at == self.protocol.start:
            return []
        return list(self._edges(index, at, state))

    def _event(self, step: Step, call: Expr, at: str, state: _State) -> str:
        for violation in self.protocol.violations:
            here = violation.event is not None and violation.state == at
            if here and violation.event is not None and violation.event.value(call, state.facts) == self.value:
                self._report(violation, step, state)
        for move in self.protocol.transitions:
            if move.event is not None and move.source == at and move.event.value(call, state.facts) == self.value:
                state.trail = (*state.trail, (step.start, step.end, move.label))
                return move.target
        return at

    def _edges(self, index: int, at: str, state: _State) -> Iterator[tuple[_Node, _State]]:
        for edge in self.cfg.blocks[index].edges:
            facts, now = state.facts.copy(), at
            if edge.assume is not None and not facts.assume(*edge.assume):
                continue
            mask = facts.value_mask(self.value)
            for move in self.protocol.transitions:
                if move.event is None and move.source == now and not mask & ~move.mask:
                    now = move.target
                    break
            result = facts.value_mask(facts.values.get(self.returned, self.returned)) if self.returned else 0
            sign = 1 if result == ZERO else 2 if result == NEGATIVE else 0
            yield (edge.target, now, sign), _State(facts, state.trail)

    def _exit(self, step: Step, at: str, state: _State) -> None:
        if at == self.protocol.start:
            return
        kind = classify(self.cfg, step, state.facts)
        wanted = {"function-exit": True, "error-return": kind == FAILURE, "success-return": kind == SUCCESS}
        for violation in self.protocol.violations:
            if violation.event is None and violation.state == at and wanted[violation.at]:
                self._report(violation, step, state)

    def _report(self, violation: Violation, step: Step, state: _State) -> None:
        unit = self.function.unit
        message = violation.message.replace(self.protocol.variable, self.shown)
        labels = [Label(unit.location(start, end), text) for start, end, text in state.trail if text]
        labels.append(Label(unit.location(step.start, step.end), message, primary=True))
        self.found[step.start, violation.state] = finding(
            self.protocol.rule, message, labels, function=self.function.name or None, key=self.shown
        )


def run_protocols(protocols: Sequence[Protocol], function: Function) -> Iterator[Finding]:
    """Findings of the protocols that some name in a function's text calls for."""
    text = function.unit.source[function.span.start : function.span.end]
    mine = [protocol for protocol in protocols if any(name.encode() in text for name in protocol.names)]
    if mine:
        cfg = build_cfg(function)
        for protocol in mine:
            yield from run_protocol(protocol, function, cfg)
