"""What a call does to an obligation: releases it, takes it over, is lent its handle, or nothing."""

from __future__ import annotations

import re

from linter.detect.typestate_exit import SENDS
from linter.detect.typestate_handle import Handle
from linter.detect.typestate_model import KEPT, RELEASED, State
from linter.flow.facts import Facts
from linter.flow.model import Expr, Kind, Step
from linter.pattern import compiled, lazy
from linter.syntax.model import Unit

_SWITCHES = frozenset({"enable", "lock", "section", "mapping"})
"""Kinds whose release leaves the object that it is about in place."""
_LISTED = frozenset({"registration", "weak-registration", "handler"})
"""Kinds that are made known to an owner, which can find them again."""
_OWNS = frozenset({"export", "register", "create", "alloc", "new"})
"""Words of callees whose result keeps what a description of it holds."""
_DROPS = frozenset({"put", "unref"})
_SETUP = frozenset({"init", "register", "add", "create", "setup", "initialize"})
_ACTIONS = frozenset(
    {"devm_add_action", "devm_add_action_or_reset", "drmm_add_action", "drmm_add_action_or_reset", "__devm_add_action"}
)
"""Calls that leave the release to the device; what their callback releases is out of sight."""
CALL = lazy(rb"\b([A-Za-z_]\w*)\s*\((?=([^;{}]{0,300})\)\s*;)")


def bodies(unit: Unit) -> dict[str, bytes]:
    """The bodies of the functions of a unit that are in sight from end to end, by name."""
    found: dict[str, bytes] | None = unit.cache.get("bodies")
    if found is None:
        found = unit.cache["bodies"] = {
            each.name: unit.text[each.body.start_byte : each.body.end_byte] for each in unit.functions if each.whole
        }
    return found


class Calls(Handle):
    """The calls of a path."""

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
            if (given and self._ends(name)) or self._ends_member(call, facts):
                return self._release(step, status, state)
            if self._ends_owner(call, state):
                return self._release(step, status, state)
            if self._ends_rounds(call):
                return -1
        if name in _ACTIONS or self._undoes_function(name) or self._helps(name):
            return -1
        if given and not self.counted:
            if name.endswith(("set_drvdata", "set_clientdata", "set_intfdata", "set_adapdata")):
                state.lent |= {KEPT}  # found again by the driver's own teardown, not by a failing probe
                return status
            if knowledge.is_taker(name) or self._embeds(name, given, facts) or self._sends(name):
                return -1
            if not knowledge.is_borrower(name):
                state.lent |= {call.start}
        elif self._is_embedded_in(call, state):
            return -1
        elif self._is_described(call, state):
            state.containers |= {f":{call.start}"}
        elif not self.counted and any(self._contains(arg, state) for arg in call.args):
            if knowledge.is_taker(name) and not owed.managed_base:
                return -1
            if not knowledge.is_borrower(name) and not knowledge.is_memory_release(name) and not owed.managed_base:
                state.lent |= {call.start}
        return status

    def _is_described(self, call: Expr, state: State) -> bool:
        """Whether a call makes an object of a local description that holds the handle: `export(&info)`."""
        if self.counted or _OWNS.isdisjoint(self.knowledge.words(call.text)):
            return False
        given = [arg.args[0] for arg in call.args if arg.kind is Kind.ADDRESS and arg.args[0].key in self.cfg.locals]
        known = state.containers
        return any("." + place.key in known or "^" + state.facts.value(place) in known for place in given)

    def _undoes_function(self, name: str) -> bool:
        """Whether a callee is the counterpart of this very function: a failing suspend calls resume."""
        return self.knowledge.reverses(self.cfg.function.name, name)

    def _helps(self, name: str) -> bool:
        """Whether a function of the same file, in sight, gives back what is owed and does not take it itself."""
        body = bodies(self.cfg.function.unit).get(name) if self.owed.handle else None
        if body is None or name == self.cfg.function.name or (not self.counted and self.root in self.cfg.locals):
            return False  # what only a local variable names is out of reach
        last = compiled(r"\w+").findall(next(iter(self.owed.keys), ""))
        word = re.compile(rb"\b" + last[-1].encode() + rb"\b") if last else None
        taken = re.compile(rb"\b" + re.escape(self.owed.name.encode()) + rb"\s*\(")
        given = [each[2] for each in CALL.finditer(body) if each[1].decode("latin-1") in self.owed.release]
        return word is not None and any(word.search(args) for args in given) and not taken.search(body)

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
            if owed.family is not None and owed.family.elsewhere:
                return True
            return given or not owed.handle or (self.counted and owed.others.isdisjoint(a.key for a in call.args))
        return (given or not owed.handle) and self.knowledge.is_counterpart(owed.name, name)

    def _embeds(self, name: str, given: list[Expr], facts: Facts) -> bool:
        """Whether a call sets up an object inside the handle: from then on its own count decides."""
        if not _SETUP.intersection(self.knowledge.words(name)):
            return False
        return any(arg.kind is Kind.ADDRESS and not self._is_handle(arg, facts) for arg in given)

    def _sends(self, name: str) -> bool:
        """Whether a call sends a packet: who sends it frees it, whether it went out or not."""
        return self.owed.kind == "skb" and not SENDS.isdisjoint(self.knowledge.words(name))

    def _ends(self, name: str) -> bool:
        """Whether a teardown that is no counterpart by table or name may end the obligation all the same."""
        if not self.counted:
            families = self.knowledge.release.get(name, ())
            return not families or any(family.kind not in _SWITCHES for family in families)
        if name in self.knowledge.release:
            return False
        return self.owed.evidence == "table" or self.knowledge.covers(self.owed.name, name)

    def _ends_member(self, call: Expr, facts: Facts) -> bool:
        """Whether a call releases what an acquisition, known by its name, left in a structure on the stack."""
        owed = self.owed
        if owed.evidence == "table" or owed.handle[:1] != "&" or not owed.handle[1:].isidentifier():
            return False
        return any(facts.value(arg).startswith(owed.handle[1:] + ".") for arg in call.args)

    def _ends_rounds(self, call: Expr) -> bool:
        """Whether a teardown of everything stands behind the loop whose rounds acquire: it knows what they left."""
        if call.args or self.owed.kind not in _LISTED or call.text in self.knowledge.release:
            return False
        return 0 < self.loop_end < call.start

    def _is_inside_owner(self, arg: Expr, facts: Facts) -> bool:
        """Whether a count that is dropped is that of the structure that the handle is a member, or a part, of."""
        if self.root is None:
            return False
        owner, place, value = facts.values.get(self.root, self.root), self.owed.handle, facts.value(arg)
        if arg.kind is Kind.ADDRESS and value.startswith(f"&{owner}->"):
            return not self.counted and place != value and self.root not in self.owed.keys
        return value == owner and place.startswith(f"&{owner}->")

    def _ends_owner(self, call: Expr, state: State) -> bool:
        """Whether a call tears down the structure that the handle is a member of."""
        name, knowledge = call.text, self.knowledge
        if knowledge.is_memory_release(name):
            return False
        for arg in call.args:
            value = state.facts.value(arg)
            if value in state.containers or "^" + value in state.containers:
                return True
            drops = not _DROPS.isdisjoint(knowledge.words(name))
            if drops and self._is_inside_owner(arg, state.facts):
                return True
            if value == self.root or arg.key == self.root:
                if self.owed.evidence == "names":
                    return knowledge.covers(self.owed.name, name)
                return name not in knowledge.release
        return False
