"""The calls that may make a function owe something: by the tables, or by a counterpart that the function names."""

from __future__ import annotations

from linter.detect.typestate_calls import bodies
from linter.detect.typestate_tables import FREES, MAKES, MANAGED, RETURN, Family, Knowledge
from linter.flow.limits import TOO_MANY_ACQUIRED, TOO_MANY_CALLS, note_limit
from linter.flow.model import Cfg, Expr, Kind, Step, StepKind
from linter.pattern import lazy
from linter.record import record

MOST_CALLS = 700
"""In a function with more calls than this, only the tables say what belongs together: comparing all is quadratic."""
MOST_OBLIGATIONS = 100
"""Each obligation is followed through the whole function; generated code may have thousands."""
_GETS = frozenset({"get", "find", "lookup", "open", "import", "request", "map", "pin", "load"})
_PUTS = frozenset({"put", "unref", "release", "unpin", "fput"})
_ACCESSES = frozenset({"drvdata", "priv", "data", "driver", "container", "intfdata", "private"})
"""Words of callees that give what somebody else owns."""

_OWNED = lazy(r"\w_k[mzcv]+alloc")
_DECLARED = lazy(rb"[\s*]*(\w+)")


@record
class Candidate:
    """A call that may make its function owe something."""

    block: int
    position: int  # of its step in the block
    step: Step
    call: Expr
    family: Family | None
    release: frozenset[str]
    evidence: str  # table; names: the function itself names the counterpart; harvest: other functions do; given: made
    # by the call's name, and given to the caller by a return


class Candidates:
    """Finds the calls of one function that may make it owe something."""

    def __init__(self, cfg: Cfg, knowledge: Knowledge) -> None:
        self.cfg = cfg
        self.knowledge = knowledge
        self._candidates: list[Candidate] | None = None
        self.calls: list[tuple[int, int, Step, Expr]] = [
            (block.index, position, step, step.expr)
            for block in cfg.blocks
            for position, step in enumerate(block.steps)
            if step.kind is StepKind.CALL and step.expr is not None
        ]
        self.names = {call.text for _, _, _, call in self.calls}
        self.cleanups = {
            step.target.text
            for block in cfg.blocks
            for step in block.steps
            if step.kind is StepKind.DECLARE and step.cleanup and step.target is not None
        }
        self.managed = {
            step.expr.start
            for block in cfg.blocks
            for step in block.steps
            if step.expr is not None and step.expr.kind is Kind.CALL and step.expr.text.startswith(MANAGED)
        }

        self.returned = {
            step.expr.text
            for block in cfg.blocks
            for step in block.steps
            if step.kind is StepKind.RETURN and step.expr is not None and step.expr.kind is Kind.NAME
        }
        self.allocated = frozenset(f"<{call.start}>" for _, _, _, call in self.calls if self._allocates(call.text))

    def _allocates(self, name: str) -> bool:
        """Whether the result of a call is an object that nobody else knows yet."""
        family = self.knowledge.acquire.get(name)
        if family is not None:
            return family.where == RETURN and family.kind in ("memory", "object")
        return not MAKES.isdisjoint(self.knowledge.words(name))

    def candidates(self) -> list[Candidate]:
        """Calls that make the function owe something."""
        if self._candidates is None:
            self._candidates = self._find()
        return self._candidates

    def _find(self) -> list[Candidate]:
        known = self.knowledge
        teardowns = [
            (step.start, call)
            for _, _, step, call in self.calls
            if not known.undoing.isdisjoint(known.words(call.text))
        ]
        found = self._iterations()
        for block, position, step, call in self.calls:
            family = known.acquire.get(call.text)
            if family is not None:
                found.append(Candidate(block, position, step, call, family, family.release, "table"))
                failure = known.on_failure.get(call.text)
                begun = known.begun.get(call.text, self.names)
                if failure is not None and not begun.isdisjoint(self.names):
                    found.append(Candidate(block, position, step, call, failure, failure.release, "table"))
            elif self._may_pair(call.text):
                names = frozenset(
                    other.text
                    for start, other in teardowns
                    if start > step.start and other.text != call.text and self._pairs(step, call, other)
                )
                harvested = known.pairs.get(call.text, {})
                if names:
                    found.append(Candidate(block, position, step, call, None, names | harvested.keys(), "names"))
                elif harvested:
                    release = frozenset(harvested)
                    found.append(Candidate(block, position, step, call, None, release, "harvest"))
                elif self._is_given_on(step, call):
                    found.append(Candidate(block, position, step, call, None, frozenset(), "given"))
        if len(found) > MOST_OBLIGATIONS:
            note_limit(self.cfg.function, TOO_MANY_ACQUIRED)
        return found[:MOST_OBLIGATIONS]

    def _is_given_on(self, step: Step, call: Expr) -> bool:
        """Whether a call makes, by its name, what another way out of the function gives to its caller."""
        target = step.target
        if target is None or target.kind is not Kind.NAME or MAKES.isdisjoint(self.knowledge.words(call.text)):
            return False
        if "*" not in self.cfg.locals.get(target.text, "") or target.text not in self.returned:
            return False
        body = bodies(self.cfg.function.unit).get(call.text, b"")
        # foo_kzalloc(foo, ...), and what is made with devm_kzalloc() in sight, goes with an owner
        return _OWNED.search(call.text) is None and not any(prefix.encode() in body for prefix in MANAGED)

    def _iterations(self) -> list[Candidate]:
        """Loops whose cursor holds a reference."""
        found: list[Candidate] = []
        for block in self.cfg.blocks:
            for position, step in enumerate(block.steps):
                if step.kind is StepKind.ITERATE and step.expr is not None:
                    family = self.knowledge.acquire.get(step.expr.text)
                    if family is not None and family.kind == "iterator":
                        found.append(Candidate(block.index, position, step, step.expr, family, family.release, "table"))
        return found

    def _pairs(self, step: Step, call: Expr, other: Expr) -> bool:
        """Whether a later call undoes an earlier one: by their names, or because it frees the variable it filled."""
        if self.knowledge.related(call.text, other.text) == 2:
            return _shared(step, call, other) and not self._copies(call)
        words = self.knowledge.words(other.text)
        if FREES.isdisjoint(words) or other.text in self.knowledge.borrow_calls or self._is_taken(call, other):
            return False
        keys = {arg.key for arg in other.args if arg.kind is Kind.NAME and "*" in self.cfg.locals.get(arg.text, "")}
        if not keys:
            return False
        if step.target is not None and step.target.key in keys:
            made = self.knowledge.words(call.text)
            if not _ACCESSES.isdisjoint(made) or self._is_about_another(call, step.target, other):
                return False
            return not MAKES.isdisjoint(made) or not (_GETS.isdisjoint(made) or _PUTS.isdisjoint(words))
        if (_GETS | MAKES).isdisjoint(self.knowledge.words(call.text)):
            return False
        return any(arg.kind is Kind.ADDRESS and arg.args[0].key in keys for arg in call.args)

    def _is_about_another(self, call: Expr, made: Expr, other: Expr) -> bool:
        """Whether a release that is given more than the handle speaks of something else: foo_release_queue(foo, q)."""
        subject = self.knowledge.subject(other.text)
        about = {*self.knowledge.words(call.text), *self.knowledge.words(made.key)}
        return len(other.args) > 1 and bool(subject) and subject[-1] not in about

    def _copies(self, call: Expr) -> bool:
        """Whether a call is given memory of user space: get_foo(p, up) copies in what put_foo(p, up) copies out."""
        unit, given = self.cfg.function.unit, {arg.text.encode() for arg in call.args if arg.kind is Kind.NAME}
        starts = (note.span.end for note in unit.annotations if note.name == "__user")
        return any((found := _DECLARED.match(unit.text, at)) is not None and found[1] in given for at in starts)

    def _is_taken(self, call: Expr, other: Expr) -> bool:
        """Whether a release is by its name the counterpart of another call of the function."""
        return any(
            earlier.text != call.text and self.knowledge.related(earlier.text, other.text) == 2
            for _, _, _, earlier in self.calls
            if earlier.start < other.start
        )

    def unwinding(self) -> dict[int, int]:
        """For each call that undoes an earlier one, by its offset, the offset of the latest call that it undoes."""
        known = self.knowledge
        found: dict[int, int] = {}
        if len(self.calls) > MOST_CALLS:
            note_limit(self.cfg.function, TOO_MANY_CALLS)
            return found
        for _, _, step, call in self.calls:
            families = known.release.get(call.text, ())
            if not families and known.undoing.isdisjoint(known.words(call.text)):
                continue
            for _, _, earlier, acquire in self.calls:
                if earlier.start >= step.start or acquire.text == call.text:
                    continue
                family = known.acquire.get(acquire.text)
                by_table = family is not None and call.text in family.release
                if (by_table or known.related(acquire.text, call.text)) and _shared(earlier, acquire, call):
                    found[step.start] = max(found.get(step.start, -1), earlier.start)
        return found

    def _may_pair(self, name: str) -> bool:
        known = self.knowledge
        if name in known.not_pairs or name in known.release or name.startswith(MANAGED):
            return False
        return "->" not in name and "." not in name


def _shared(step: Step, call: Expr, other: Expr) -> bool:
    """Whether a release is given what an acquisition was given or made."""
    if not other.args:
        return not call.args
    keys = {arg.key for arg in other.args if arg.kind not in (Kind.CONST, Kind.STRING)}
    own = {arg.key for arg in call.args if arg.kind not in (Kind.CONST, Kind.STRING)}
    own |= {arg.args[0].key for arg in call.args if arg.kind is Kind.ADDRESS}
    if step.target is not None:
        own |= {step.target.key, "&" + step.target.key}
    return not keys.isdisjoint(own)
