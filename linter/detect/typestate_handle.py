"""Where one obligation shows: which expressions are its handle, name it, or hold it."""

from __future__ import annotations

from collections.abc import Iterable

from linter.detect.typestate_model import COUNTED, Obligation, Outcome, State
from linter.detect.typestate_tables import RETURN, Knowledge
from linter.flow.expr import integer
from linter.flow.facts import Facts
from linter.flow.model import Cfg, Expr, Kind
from linter.pattern import lazy

ROOT = lazy(r"[&*(]*([A-Za-z_]\w*)")
"""The variable that an lvalue starts from."""
GOOD = lazy(r"(?:^|_)(?:OK|OKAY|SUCCESS|SUCCESSFUL|NOERR|NO_ERR|NO_ERROR)$")
"""Constants that say by their name that a call went well, whatever they are."""
_FEWER = {"!=": True, "<": True, "==": False, ">=": False}
"""Comparisons of a result with what was wanted: whether it is another, or less, where they hold."""


class Handle:
    """One obligation, one function."""

    def __init__(self, cfg: Cfg, knowledge: Knowledge, owed: Obligation) -> None:
        self.cfg = cfg
        self.knowledge = knowledge
        self.owed = owed
        self.outcome = Outcome()
        self.root = (ROOT.match(owed.handle) or ROOT.match(next(iter(owed.keys), "")) or [None, None])[1]
        self.counted = owed.kind in COUNTED
        loop = cfg.blocks[owed.block].loop
        inside = [step.end for block in cfg.blocks if loop and block.loop == loop for step in block.steps]
        self.loop_end = max(inside, default=0)  # of the loop whose rounds acquire
        self.is_init = "__init" in cfg.function.annotations

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

    def _same(self, args: Iterable[Expr | None], facts: Facts) -> bool:
        """Whether the very value that was acquired is among these."""
        return any(arg is not None and facts.value(arg) == self.owed.handle for arg in args)

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
        if family is not None and family.fails == "never" and family.where == RETURN:
            return self._is_empty(expr, held)
        if expr.kind is not Kind.BINARY or expr.text not in _FEWER or facts.value(expr.args[0]) != self.owed.result:
            return False
        right = expr.args[1]
        if family is not None and family.fails == "zero":
            count = integer(right)
            return count is not None and count > 0 and held == _FEWER[expr.text]
        if expr.text in ("!=", "==") and right.kind is Kind.NAME and GOOD.search(right.text) is not None:
            return held == _FEWER[expr.text]
        least = family.least if family is not None else -1
        if not 0 <= least < len(self.owed.call.args):
            return False
        return right.key == self.owed.call.args[least].key and held == _FEWER[expr.text]

    def _is_empty(self, expr: Expr, held: bool) -> bool:
        """Whether a test says that a structure that came back by value holds nothing: `!f.file`, `fd_empty(f)`."""
        if expr.kind is Kind.FIELD:
            return not held and any(expr.key.startswith(key + ".") for key in self.owed.keys)
        if expr.kind is Kind.CALL and expr.text == "fd_file" and len(expr.args) == 1:
            return not held and expr.args[0].key in self.owed.keys
        asked = expr.kind is Kind.CALL and expr.text.endswith("_empty") and len(expr.args) == 1
        return held and asked and expr.args[0].key in self.owed.keys
