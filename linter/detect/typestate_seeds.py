"""The obligations of a function: where each arises, what its handle is, and what is known just behind its call."""

from __future__ import annotations

from collections.abc import Iterator

from linter.detect.typestate_candidates import Candidate, Candidates
from linter.detect.typestate_handle import ROOT
from linter.detect.typestate_model import Obligation, handle_of
from linter.detect.typestate_tables import ADDRESS, ARGUMENT, OUT, RETURN, Family
from linter.flow.facts import ANY, NEGATIVE, POSITIVE, Facts
from linter.flow.model import Expr, Kind, Step

_LOOKS = frozenset({"find", "lookup", "search", "query"})


class Seeds(Candidates):
    """Finds where obligations arise in one function."""

    def obligations(self, facts: dict[int, Facts]) -> Iterator[tuple[Obligation, Facts]]:
        """Each obligation with what is known just behind its call."""
        candidates, unwinding = self.candidates(), self.unwinding()
        texts: dict[object, dict[int, frozenset[str]]] = {}
        for candidate in candidates:
            step, call, family = candidate.step, candidate.call, candidate.family
            keys = {arg.key for arg in call.args if arg.kind not in (Kind.CONST, Kind.STRING)}
            if step.target is not None:
                keys.add(step.target.key)
            texts.setdefault(family.release if family else call.text, {})[call.start] = frozenset(keys)
        for candidate in candidates:
            call, family = candidate.call, candidate.family
            before = facts.get(candidate.block)
            if before is None:
                continue
            known = before.copy()
            for earlier in self.cfg.blocks[candidate.block].steps[: candidate.position + 1]:
                known.run(earlier)
            owed = self._obligation(candidate, known)
            if owed is not None:
                rivals = texts[family.release if family else call.text]
                own = rivals[call.start]
                owed.others = frozenset(k for at, keys in rivals.items() if at != call.start for k in keys - own)
                owed.unwinding = unwinding
                if self._unwound_by_loop(owed):
                    continue
                yield owed, known

    def _obligation(self, candidate: Candidate, facts: Facts) -> Obligation | None:
        block, position, step, call = candidate.block, candidate.position, candidate.step, candidate.call
        family, release = candidate.family, candidate.release
        target = step.target
        if family is not None:
            got = handle_of(call, family, facts, target)
            if got is None:
                return None
            handle, keys = got
            where, held, kind = family.where, family.held, family.kind
        else:
            got_names = self._by_names(step, call, release, facts) if candidate.evidence == "names" else None
            if candidate.evidence == "given" and target is not None:
                got_names = RETURN, f"<{call.start}>", [target.key]
            if got_names is None:
                got_names = self._by_harvest(step, call, facts)
            if got_names is None:
                return None
            where, handle, keys = got_names
            held, kind = None, "registration" if where == ARGUMENT else "object"
        if (
            family is None
            and where == ARGUMENT
            and target is None
            and not _LOOKS.isdisjoint(self.knowledge.words(call.text))
        ):
            return None  # only asked for, not kept
        if where == ARGUMENT and target is not None and target.kind is Kind.NAME and held != ANY:
            held = _held_as(self.cfg.locals.get(target.text, ""), held)
        if where == RETURN and target is None and kind != "registration":
            return None  # used at once: who owns it cannot be seen
        if where == RETURN and target is not None and (target.text in self.cleanups or target.kind is Kind.INDEX):
            return None
        if any("[" in key for key in keys):
            return None
        place = _place(call, where, family, target)
        local, managed = self._home(place, facts)
        shown = place.key if place is not None else call.text
        if family is not None and family.member:
            shown = keys[0]
        return Obligation(
            call=call, block=block, index=position, name=call.text, kind=kind, release=release, held=held,
            handle=handle, keys=frozenset(keys), result=f"<{call.start}>",
            evidence=candidate.evidence, family=family, local=local, managed_base=managed,
            shown=shown, allocated=self.allocated, place=place if where == RETURN else None,
        )  # fmt: skip

    def _unwound_by_loop(self, owed: Obligation) -> bool:
        """Whether another loop releases what this loop acquires, round by round."""
        loop = self.cfg.blocks[owed.block].loop
        if not loop:
            return False
        if owed.evidence == "names":
            return True
        named, tables = self._in_local(owed), self._tables(owed, loop)
        return any(
            (self._empties(owed, call, self.cfg.blocks[block].loop) if named else call.text in owed.release)
            or (self.knowledge.is_teardown(call.text) and any(_table(arg) in tables for arg in call.args))
            for block, _, step, call in self.calls
            if self.cfg.blocks[block].loop not in (0, loop) and step.start > owed.call.start
        )

    def _tables(self, owed: Obligation, loop: int) -> set[str]:
        """The tables whose element the owner of what is owed is: `p = foo->tab[i]`, and then something of `p`."""
        root = ROOT.match(owed.shown)
        return {
            _table(step.expr)
            for block in self.cfg.blocks
            if block.loop == loop and root is not None
            for step in block.steps
            if step.expr is not None and step.target is not None and step.target.key == root[1]
        } - {""}

    def _empties(self, owed: Obligation, call: Expr, loop: int) -> bool:
        """Whether a call tears down what its loop reads into the variable from a table that was filled."""
        if not self.knowledge.is_teardown(call.text) or not any(arg.key in owed.keys for arg in call.args):
            return False
        return any(
            step.target is not None and step.target.key in owed.keys and step.expr.kind is Kind.INDEX
            for block in self.cfg.blocks
            if block.loop == loop
            for step in block.steps
            if step.expr is not None
        )

    def _in_local(self, owed: Obligation) -> bool:
        return owed.shown in self.cfg.locals

    def _by_harvest(self, step: Step, call: Expr, facts: Facts) -> tuple[str, str, list[str]] | None:
        """The handle as most functions of the harvested tree use it."""
        modes = self.knowledge.pairs.get(call.text, {})
        mode = next(iter(modes.values()), "")
        where, _, number = mode.partition(" ")
        if where == RETURN:
            return (RETURN, f"<{call.start}>", [step.target.key]) if step.target is not None else None
        if where == "none":
            return ARGUMENT, "", []
        index = int(number or where or 99)
        if index >= len(call.args):
            return None
        argument = call.args[index]
        if number:
            if argument.kind is not Kind.ADDRESS:
                return None
            return OUT, f"<{call.start}&{index}>", [argument.args[0].key]
        inner = [argument.args[0].key] if argument.kind is Kind.ADDRESS else []
        return ARGUMENT, facts.value(argument), [argument.key, *inner]

    def _by_names(
        self, step: Step, call: Expr, release: frozenset[str], facts: Facts
    ) -> tuple[str, str, list[str]] | None:
        for _, _, other_step, other in self.calls:
            if other.text not in release or other_step.start < step.start:
                continue
            found = self._shared_handle(step, call, {arg.key for arg in other.args}, facts)
            if found is not None:
                return found
            if not call.args and not other.args:
                return ARGUMENT, "", []
        return None

    def _shared_handle(self, step: Step, call: Expr, keys: set[str], facts: Facts) -> tuple[str, str, list[str]] | None:
        """The handle: what the call returns or fills, else the last argument that both calls are given."""
        target = step.target
        if target is not None and self._is_pointer(target):
            for key in (target.key, "&" + target.key):
                if key in keys:
                    return RETURN, f"<{call.start}>", [target.key, key]
        for index, arg in enumerate(call.args):
            if arg.kind is Kind.ADDRESS and arg.args[0].key in keys:
                return OUT, f"<{call.start}&{index}>", [arg.args[0].key]
        shared = [
            arg
            for arg in call.args
            if arg.key in keys and arg.kind not in (Kind.CONST, Kind.STRING) and not arg.key.isupper()
        ]
        if not shared:
            return None
        addresses = [arg for arg in shared if arg.kind is Kind.ADDRESS]
        arg = (addresses or shared)[-1]
        return ARGUMENT, facts.value(arg), [arg.key]

    def _is_pointer(self, target: Expr) -> bool:
        """Whether a result may be an object: no local variable of another type."""
        if target.kind is not Kind.NAME or target.text not in self.cfg.locals:
            return True
        return "*" in self.cfg.locals[target.text]

    def _home(self, place: Expr | None, facts: Facts) -> tuple[bool, bool]:
        """Whether a handle lives in a local variable, and whether in a structure that the device frees."""
        if place is None:
            return True, False
        base = place
        while base.kind is Kind.FIELD and not base.arrow:
            base = base.args[0]
        if base.kind is Kind.ADDRESS:
            base = base.args[0]
        if base.kind is Kind.NAME:
            known = base.text in self.cfg.locals or not self.cfg.function.head_known
            known = known or ("__init" in self.cfg.function.annotations and base.text not in self.cfg.parameters)
            return known and not base.text.isupper(), False
        while base.kind is Kind.FIELD:
            value = facts.value(base.args[0]) if base.arrow else ""
            if value in self.allocated:
                return True, int(value[1:-1]) in self.managed
            base = base.args[0]
        return False, False


def _table(expr: Expr) -> str:
    """The table that an element is taken from; empty for what is no element."""
    return expr.args[0].key if expr.kind is Kind.INDEX and expr.args else ""


def _held_as(kind: str, held: int | None) -> int | None:
    """What the result may be where the call did acquire, by the type of the variable that it goes to."""
    if "*" in kind:
        return POSITIVE | NEGATIVE
    return POSITIVE if kind == "bool" else held


def _place(call: Expr, where: str, family: Family | None, target: Expr | None) -> Expr | None:
    if where == RETURN:
        return target
    if family is not None and 0 <= family.argument < len(call.args):
        argument = call.args[family.argument]
        return argument.args[0] if where in (OUT, ADDRESS) and argument.args else argument
    return call.args[0] if call.args else None
