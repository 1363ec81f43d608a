"""The engine `unlock`: a lock that is given back on a path on which it is not held.

    unlock:
      report: not-held
      message: "`$VALUE` is not held here"

Only what the function itself shows counts: it takes the lock on another path, or has given it back before on this one.
The locks are the families of the table `locks` that name their lock by an argument.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from linter.detect.calls import named_calls
from linter.detect.questions import Answer, Query, Question, QuestionEngine
from linter.detect.typestate_tables import ARGUMENT, Family, Knowledge, knowledge
from linter.flow.facts import ANY, NEGATIVE, Facts, join, same
from linter.flow.limits import UNSETTLED, note_limit
from linter.flow.model import Cfg, Expr, Kind, Step, StepKind
from linter.flow.solve import Unsettled, solve
from linter.pattern import lazy
from linter.record import record
from linter.rulebook.model import Confidence, Rule, Tables

NONE, HELD, GIVEN, UNKNOWN = "none", "held", "given", "unknown"
"""Never taken on this path; taken; given back; code that nobody sees may have done either."""
_HANDOVER = lazy(r"lock|acquire|begin|enter|grab|reserve|freeze|suspend|resume|wait|down|sleep|schedule")
_FLAG = lazy(r"lock")
_Node = tuple[int, str]  # block, state


@record
class Place:
    """Where a lock was given back although it is not held."""

    step: Step
    state: str


def not_held(query: Query) -> Iterator[Answer]:
    """A lock that is given back on a path on which it was not taken, or was given back before."""
    known = knowledge(query.tables)
    calls = named_calls(query.function)
    if not any(name in known.release and _frees_lock(known, name) for name, _, _ in calls):
        return
    called = {name for name, _, _ in calls}
    taken = {name for name in called if _is_lock(known.acquire.get(name))}
    for handle, families in _handles(query.cfg, known, taken).items():
        follow = Follow(query.cfg, known, handle, families)
        found = follow.run()
        if found is None:
            continue
        call = found.step.expr
        shown = query.text((call.args[0].start, call.args[0].end)) if call is not None and call.args else handle
        names = {
            "VALUE": shown.removeprefix("&"),
            "CALLEE": call.text if call is not None else "",
            "STATE": "was given back before" if found.state == GIVEN else "is not taken",
        }
        other = follow.given_before(found.step) if found.state == GIVEN else follow.taken
        text = "given back here already" if found.state == GIVEN else "taken only here"
        labels = [((other.start, other.end), text)] if other is not None else []
        cut = None if query.function.whole else Confidence.MEDIUM
        yield Answer((found.step.start, found.step.end), names, labels, key=handle, confidence=cut)


def _is_lock(family: Family | None) -> bool:
    return family is not None and family.lock and family.where == ARGUMENT and not family.recursive


def _frees_lock(known: Knowledge, name: str) -> bool:
    return any(_is_lock(family) for family in known.release.get(name, ()))


def _handles(cfg: Cfg, known: Knowledge, taken: set[str]) -> dict[str, frozenset[str]]:
    """Locks that the function both takes and gives back, by the text that names them: the calls that give it back."""
    wanted: dict[str, set[str]] = {}
    unclear: set[str] = set()
    released: dict[str, set[str]] = {}
    often: Counter[str] = Counter()
    for block in cfg.blocks:
        for step in block.steps:
            call = step.expr
            if step.kind is not StepKind.CALL or call is None or not call.args:
                continue
            if call.text in taken:
                family = known.acquire[call.text]
                if family.argument < len(call.args):
                    handle = call.args[family.argument]
                    release = wanted.setdefault(handle.key, set())
                    if release and release.isdisjoint(family.release) and handle.kind is not Kind.ADDRESS:
                        unclear.add(handle.key)  # a structure with several locks, as netif_addr_lock(dev) has it
                    release.update(family.release)
            elif _frees_lock(known, call.text):
                handle = call.args[0]
                released.setdefault(handle.key, set()).add(call.text)
                often[handle.key] += handle.kind is Kind.ADDRESS
    for key, names in released.items():
        if often[key] > 1:
            wanted.setdefault(key, set()).update(names)
    return {
        handle: frozenset(release)
        for handle, release in wanted.items()
        if not release.isdisjoint(released.get(handle, ())) and "[" not in handle and handle not in unclear
    }


class Follow:
    """One lock followed from the start of a function to its ends."""

    def __init__(self, cfg: Cfg, known: Knowledge, handle: str, release: frozenset[str]) -> None:
        self.cfg = cfg
        self.known = known
        self.handle = handle
        self.base = handle.lstrip("&").partition("->")[0]
        self.release = release
        self.taken: Step | None = None
        self.given: list[Step] = []
        self.held_at: set[int] = set()  # places that are reached with the lock held
        self.fresh = False  # it is taken on a path that starts with it free: the caller does not hold it
        self.found: dict[tuple[int, str], Step] = {}

    def run(self) -> Place | None:
        """The first place, in the order of the text."""
        order = self.cfg.order()
        try:
            solve(
                [((self.cfg.entry, NONE), Facts())],
                lambda node, facts: self._block(node, facts.copy()),
                lambda node, one, two: join(node[0], one, two),
                same,
                lambda node: order[node[0]],
            )
        except Unsettled:
            note_limit(self.cfg.function, UNSETTLED)
            return None
        places = [
            (start, state) for start, state in self.found if state == GIVEN or (self.fresh and start in self.held_at)
        ]
        if not places:
            return None
        start, state = min(places)
        return Place(self.found[start, state], state)

    def given_before(self, step: Step) -> Step | None:
        """The last place above a step where the lock is given back."""
        return max((each for each in self.given if each.start < step.start), key=lambda each: each.start, default=None)

    def _block(self, node: _Node, facts: Facts) -> list[tuple[_Node, Facts]]:
        index, state = node
        paths = [(state, facts)]
        for step in self.cfg.blocks[index].steps:
            if step.kind is StepKind.RETURN:
                return []
            if step.kind is StepKind.GAP:
                paths = [(UNKNOWN, Facts()) for _ in paths[:1]]
                continue
            paths = [after for at, known in paths for after in self._step(step, at, known)]
        found: list[tuple[_Node, Facts]] = []
        edges = self.cfg.blocks[index].edges
        for at, known in paths:
            feasible = []
            for edge in edges:
                copy = known.copy()
                if edge.assume is None or copy.assume(*edge.assume):
                    feasible.append(((edge.target, at), copy))
            if at != HELD and len(feasible) > 1 and any(e.assume and _FLAG.search(e.assume[0].key) for e in edges):
                continue  # a flag may say whether the lock is held
            found += feasible
        return found

    def _step(self, step: Step, at: str, facts: Facts) -> list[tuple[str, Facts]]:
        call = step.expr
        if step.target is not None and step.target.key == self.base:
            return []  # the name stands for another object from here on
        if step.kind is not StepKind.CALL or call is None:
            facts.run(step)
            return [(at, facts)]
        family = self.known.acquire.get(call.text)
        if family is not None and _is_lock(family) and self._is_ours(call, family.argument):
            return self._taken(step, family, at, facts)
        if call.text in self.release and "downgrade" not in call.text and self._is_ours(call, 0):
            if at in (NONE, GIVEN):
                self.found.setdefault((step.start, at), step)
            elif at == HELD:
                self.held_at.add(step.start)
            self.given.append(step)
            facts.run(step)
            return [(GIVEN, facts)]
        if any(arg.kind is Kind.ADDRESS and arg.args[0].key == self.base for arg in call.args):
            return []
        if at != HELD and _HANDOVER.search(call.text) and (family is None or not family.lock):
            return []  # it may come back with the lock held
        facts.run(step)
        return [(at, facts)]

    def _taken(self, step: Step, family: Family, at: str, facts: Facts) -> list[tuple[str, Facts]]:
        self.taken = self.taken or step
        self.fresh = self.fresh or at == NONE
        before = facts.copy()
        facts.run(step)
        if family.fails == "never":
            return [(HELD, facts)]
        before.run(step)
        value = f"<{step.expr.start}>" if step.expr is not None else ""
        found = []
        failed = NEGATIVE if family.fails == "negative" else ANY & ~family.held
        for state, known, mask in ((HELD, facts, family.held), (at, before, failed)):
            if known.refine(value, mask):
                found.append((state, known))
        return found

    def _is_ours(self, call: Expr, argument: int) -> bool:
        return 0 <= argument < len(call.args) and call.args[argument].key == self.handle


QUESTIONS: Mapping[str, Question] = {"not-held": not_held}
"""What a rule of this engine can ask."""


class UnlockEngine(QuestionEngine):
    """See the module's docstring. A rule's triggers are the calls that give a lock back."""

    def check(self, rule: Rule, tables: Tables) -> frozenset[str] | None:
        """Check a rule's block."""
        found = super().check(rule, tables)
        families = knowledge(tables).families if found is None else ()
        return found or frozenset(name for family in families if _is_lock(family) for name in family.release)


ENGINE = UnlockEngine("unlock", QUESTIONS)
