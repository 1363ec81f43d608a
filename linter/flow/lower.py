"""Expressions to steps in evaluation order, and conditions to edges: the lower half of the graph builder."""

from __future__ import annotations

from collections.abc import Callable

from linter.flow.expr import DEEP, STATEMENTS, integer
from linter.flow.limits import TOO_DEEP, note_limit
from linter.flow.model import BasicBlock, Edge, Expr, Kind, Step, StepKind
from linter.flow.noreturn import never_return
from linter.flow.words import ASSERTS, GUARDS, INVERTED_ASSERTS, NO_RETURN, UNEVALUATED
from linter.syntax.model import GAP, Function

GAP_NAME = GAP.decode()
_LEAVES = frozenset({Kind.NAME, Kind.CONST, Kind.STRING})
_READS = frozenset({Kind.CALL, Kind.ASSIGN, Kind.DEREF, Kind.INDEX})


class Lowering:
    """Blocks under construction, and the block that steps go to now."""

    def __init__(self, function: Function) -> None:
        self.function = function
        self.blocks: list[BasicBlock] = []
        self.loops: list[int] = []
        self.loop_count = 0
        self.has_gap = False
        self.guards: list[list[Expr]] = [[]]  # what ends with each open scope
        self.statement_expression: Callable[[Expr], None] | None = None
        self.ends = never_return(function.unit)
        self.current = self.new_block()

    def new_block(self) -> BasicBlock:
        """A fresh block without edges."""
        block = BasicBlock(len(self.blocks), loop=self.loops[-1] if self.loops else 0)
        self.blocks.append(block)
        return block

    def jump(self, target: BasicBlock, *, back: bool = False) -> None:
        """Lead from the current block to another one without a condition."""
        self.current.edges.append(Edge(target.index, None, back))

    def step(
        self, kind: StepKind, at: Expr, expr: Expr | None = None, target: Expr | None = None, op: str = ""
    ) -> None:
        """Add a step to the current block."""
        self.current.steps.append(Step(kind, at.start, at.end, expr, target, op))

    def gap(self, start: int, end: int) -> None:
        """Add unknown code."""
        self.has_gap = True
        self.current.steps.append(Step(StepKind.GAP, start, end))

    def stop(self) -> None:
        """End the path: what follows is reached by labels only."""
        self.current = self.new_block()

    def emit(self, expr: Expr, target: Expr | None = None) -> None:
        """Add the steps of an expression; `target` takes its value directly."""
        kind = expr.kind
        if kind in _LEAVES:
            return
        if kind is Kind.CALL:
            self._emit_call(expr, target)
        elif kind is Kind.FIELD:
            self.emit(expr.args[0])
            if expr.arrow:
                self.step(StepKind.USE, expr, expr.args[0])
        elif kind is Kind.INDEX or kind is Kind.DEREF:
            for arg in expr.args:
                self.emit(arg)
            self.step(StepKind.USE, expr, expr.args[0])
        elif kind is Kind.ADDRESS:
            for arg in expr.args[0].args:  # taking an address reads nothing through the last base
                self.emit(arg)
        elif kind is Kind.ASSIGN:
            self.assign(expr)
        elif kind is Kind.CONDITIONAL or (kind is Kind.BINARY and expr.text in ("&&", "||")):
            self._emit_branching(expr)
        elif kind is Kind.OTHER and expr.text == DEEP:
            note_limit(self.function, TOO_DEEP)
        elif kind is Kind.OTHER and expr.text == STATEMENTS:
            if self.statement_expression is not None:
                self.statement_expression(expr)
        else:
            for arg in expr.args:
                self.emit(arg)

    def _emit_call(self, expr: Expr, target: Expr | None) -> None:
        name = expr.text
        if name == GAP_NAME:
            self.gap(expr.start, expr.end)
            return
        if name in ASSERTS and len(expr.args) == 1:
            alive, dead = self.new_block(), self.new_block()
            first, second = (alive, dead) if name in INVERTED_ASSERTS else (dead, alive)
            self.condition(expr.args[0], first, second)
            self.current = alive
            return
        if name in UNEVALUATED:
            return
        for arg in expr.args:
            self.emit(arg)
        self.step(StepKind.CALL, expr, expr, target)
        if name in GUARDS:
            self.guards[-1].append(expr)
        elif name in NO_RETURN or name in self.ends:
            self.stop()

    def _emit_branching(self, expr: Expr) -> None:
        """Branch only where what is read depends on the condition."""
        branches = expr.args[1:]
        if not any(reads(branch) for branch in branches):
            self.emit(expr.args[0])
            return
        join = self.new_block()
        if expr.kind is Kind.CONDITIONAL:
            then, other = self.new_block(), self.new_block()
            self.condition(expr.args[0], then, other)
            for block, branch in ((then, expr.args[1]), (other, expr.args[2])):
                self.current = block
                if branch is not expr.args[0]:
                    self.emit(branch)
                self.jump(join)
        else:
            right = self.new_block()
            first, second = (right, join) if expr.text == "&&" else (join, right)
            self.condition(expr.args[0], first, second)
            self.current = right
            self.emit(expr.args[1])
            self.jump(join)
        self.current = join

    def assign(self, expr: Expr) -> None:
        """Add an assignment; `x = c ? a : b` becomes a branch with an assignment in each arm."""
        target, value = expr.args
        if expr.text == "=" and value.kind is Kind.CONDITIONAL:
            self.choose(value, lambda arm: self._store(expr, target, arm))
        else:
            self._store(expr, target, value)

    def _store(self, at: Expr, target: Expr, value: Expr) -> None:
        if at.text in ("++", "--"):
            self.emit(target)
            self.step(StepKind.ASSIGN, at, None, target, at.text)
            return
        self.emit(value, target if at.text == "=" else None)
        self._emit_target(target)
        self.step(StepKind.ASSIGN, at, result_of(value), target, at.text)

    def _emit_target(self, target: Expr) -> None:
        """Add what is read to find where to store."""
        for arg in target.args:
            self.emit(arg)
        if target.kind in (Kind.DEREF, Kind.INDEX) or target.arrow:
            self.step(StepKind.USE, target, target.args[0])

    def choose(self, value: Expr, each: Callable[[Expr], None]) -> None:
        """Branch on a conditional expression and do `each` with either arm."""
        then, other, join = self.new_block(), self.new_block(), self.new_block()
        self.condition(value.args[0], then, other)
        for block, arm in ((then, value.args[1]), (other, value.args[2])):
            self.current = block
            each(arm)
            self.jump(join)
        self.current = join

    def condition(self, expr: Expr, then: BasicBlock, other: BasicBlock) -> None:
        """Lead from the current block to `then` where an expression is true and to `other` where it is not."""
        while expr.kind is Kind.UNARY and expr.text == "!":
            expr, then, other = expr.args[0], other, then
        if expr.kind is Kind.BINARY and expr.text in ("&&", "||"):
            right = self.new_block()
            first, second = (right, other) if expr.text == "&&" else (then, right)
            self.condition(expr.args[0], first, second)
            self.current = right
            self.condition(expr.args[1], then, other)
            return
        if expr.kind is Kind.CONDITIONAL:
            yes, no = self.new_block(), self.new_block()
            self.condition(expr.args[0], yes, no)
            self.current = yes
            self.condition(expr.args[1], then, other)
            self.current = no
            self.condition(expr.args[2], then, other)
            return
        if expr.kind is Kind.OTHER and expr.text == "comma_expression" and expr.args:
            for arg in expr.args[:-1]:
                self.emit(arg)
            self.condition(expr.args[-1], then, other)
            return
        value = integer(expr)
        if value is not None:
            self.jump(then if value else other)
            return
        self.emit(expr)
        known = result_of(expr)
        unknown = known.kind is Kind.CALL and known.text == GAP_NAME
        self.current.edges.append(Edge(then.index, None if unknown else (known, True)))
        self.current.edges.append(Edge(other.index, None if unknown else (known, False)))


def result_of(expr: Expr) -> Expr:
    """The expression that holds the value of `expr` once it was evaluated: `p` for `p = f()`."""
    while expr.kind is Kind.ASSIGN:
        expr = expr.args[0]
    if expr.kind is Kind.OTHER and expr.text == "comma_expression" and expr.args:
        return result_of(expr.args[-1])
    return expr


def reads(expr: Expr) -> bool:
    """Whether evaluating an expression calls, stores or reads through a pointer."""
    stack = [expr]
    while stack:
        top = stack.pop()
        if top.kind in _READS or top.arrow or top.text == STATEMENTS:
            return True
        stack.extend(top.args)
    return False
