"""What an assignment or a return does to an obligation: another name for the handle, a new owner, or none."""

from __future__ import annotations

from linter.detect.typestate_handle import Handle
from linter.detect.typestate_model import OWED, State
from linter.flow.model import Expr, Kind, Step


class Stores(Handle):
    """The assignments and returns of a path."""

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
            if target.key in owed.keys and any(self._is_handle(arg, facts) for arg in value.args):
                return -1  # `p = change(p)`: what is left of it where that fails is for the callee to say
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
            return OWED if known or self.is_init or not self.cfg.function.head_known else -1
        base = target
        if target.kind is Kind.INDEX and self.cfg.blocks[self.owed.block].in_loop:
            return -1  # a loop fills a table: another one empties it
        while base.kind is Kind.FIELD and not base.arrow:
            base = base.args[0]
        if base.kind is Kind.NAME and base.text in self.cfg.locals:
            state.containers |= {"." + base.text}
            return OWED
        if base.kind is Kind.NAME:
            return self._keep(state)
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
        if step.expr is None:
            return False
        if self.counted:  # prev = dma_fence_get_rcu(prev); return prev
            pointer = self.cfg.returns.endswith("*") or step.expr.key in self.owed.keys
            return pointer and state.facts.value(step.expr) == self.owed.result
        if step.expr.kind is Kind.CALL and step.expr.text in ("PTR_ERR", "PTR_ERR_OR_ZERO", "IS_ERR", "ERR_CAST"):
            return False
        if step.expr.kind is Kind.CALL:
            return any(self.mentions(arg, state.facts) for arg in step.expr.args) and (
                self.knowledge.is_taker(step.expr.text)
                or bool({"ptr", "pointer"} & set(self.knowledge.words(step.expr.text)))
                or self.cfg.returns.endswith("*")
            )
        return self.mentions(step.expr, state.facts) or self._contains(step.expr, state)
