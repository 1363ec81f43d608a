"""Which of the exits that are reached with something still owed are defects, and how sure that is."""

from __future__ import annotations

from linter.detect.typestate_caller import caller_undoes
from linter.detect.typestate_exit import FAILURE, SUCCESS, UNSURE, VOID, classify, is_empty_answer, is_excused, is_sent
from linter.detect.typestate_lock import is_lent, is_polled, is_said_dropped
from linter.detect.typestate_model import KEPT, Exit, Obligation, Outcome, gives_pointer
from linter.detect.typestate_tables import Knowledge
from linter.flow.facts import ANY, ERROR, NEGATIVE, POSITIVE, ZERO, Facts
from linter.flow.limits import TOO_MANY_EXITS, note_limit
from linter.flow.model import BasicBlock, Cfg, Expr, Kind, Step, StepKind
from linter.pattern import lazy
from linter.record import record
from linter.rulebook.model import Confidence


@record(frozen=False, eq=False)
class Leak:
    """One exit that leaves something owed."""

    owed: Obligation
    exit: Exit
    kind: str  # FAILURE, SUCCESS, UNSURE, VOID
    witness: Step | None  # a release on another way out
    confidence: Confidence
    reason: tuple[Expr, bool] | None  # the last condition on the path
    witnesses: int = 0  # releases on other ways out
    witness_label: bool = False  # the release on the other way out stands behind a label
    witness_relation: int = 0  # how well the name of that release fits that of the acquisition
    failed: bool = False  # on a path where the acquiring call itself failed


_WITNESSED = frozenset({"count", "weak-registration", "registration", "handle"})
"""Kinds that many functions leave to whoever comes later: another way out must release them."""


_NEVER = frozenset({"weak", "directory", "consumed"})
"""Kinds that many callers rightly never release."""
_RESUME = lazy(r"_(?:resume|thaw|restore)(?:_(?:early|noirq|late))?$|_resume_")
_HANDS_OVER = frozenset({"__acquires", "__releases", "__cond_acquires", "__acquire", "__release"})
_WEAK = frozenset({"handle", "weak-registration"})
"""Kinds that only a release on another way out proves."""
_MOST_EXITS = 12
"""More exits than this say nothing new about one obligation."""
_TEMPORARY = frozenset({"memory", "object", "reference", "skb", "section", "lock", "path", "buffer"})
"""Kinds that a function may hold for itself alone."""


class Judge:
    """Judges one obligation of one function."""

    def __init__(self, cfg: Cfg, knowledge: Knowledge, owed: Obligation, outcome: Outcome) -> None:
        self.cfg = cfg
        self.knowledge = knowledge
        self.owed = owed
        self.outcome = outcome
        self.kinds = {classify(cfg, found.step, found.state.facts) for found in outcome.released}
        self.proven = frozenset(start for _, _, lent in outcome.releases.values() for start in lent)
        self.held = self._held()

    def _held(self) -> int | None:
        owed = self.owed
        if owed.held is not None:
            return owed.held
        # a failed call is not undone: what tidies up behind it is about something else
        masks = [mask for _, mask, _ in self.outcome.releases.values() if mask != ANY and mask & (ZERO | POSITIVE)]
        if masks:
            union = 0
            for mask in masks:
                union |= mask
            return union
        return POSITIVE if owed.handle == owed.result else ZERO

    def leaks(self) -> list[Leak]:
        """The exits that are defects."""
        found: list[Leak] = []
        is_init = "__init" in self.cfg.function.annotations
        if self._is_undone_by_rounds():
            return found
        if not self.outcome.settled or (self.owed.kind in _NEVER and not (is_init and self.owed.kind == "directory")):
            return found
        for exit in self.outcome.owed:
            leak = self._judge(exit)
            if leak is not None:
                found.append(leak)
            if len(found) >= _MOST_EXITS:
                note_limit(self.cfg.function, TOO_MANY_EXITS)
                break
        return found

    def _is_undone_by_rounds(self) -> bool:
        """Whether, in a loop, only a failing round leads to a release: it undoes the rounds before."""
        if self.owed.kind != "registration" or self.owed.held is not None or self.held is None:
            return False
        return self.cfg.blocks[self.owed.block].in_loop and not self.held & ZERO and bool(self.outcome.releases)

    def _judge(self, exit: Exit) -> Leak | None:
        owed, facts = self.owed, exit.state.facts.copy()
        if self.held is not None and not facts.refine(owed.result, self.held):
            return None
        if owed.kind not in ("enable", "registration", "count", "lock", "section", "handler") and owed.handle:
            known = facts.value_mask(owed.handle)
            wanted = owed.held if owed.held is not None else POSITIVE
            if wanted & POSITIVE and not known & wanted:
                return None
        if owed.kind == "count" and facts.value_mask(owed.result) == ZERO:
            return None  # get_device(NULL) takes nothing
        if is_excused(self.cfg, owed, exit, facts, (step for step, _, _ in self.outcome.releases.values())):
            return None
        kind = classify(self.cfg, exit.step, facts)
        witness = self._witness(facts)
        if not self._lends_failed(exit, facts) or (kind in (SUCCESS, VOID) and exit.state.lent):
            return None
        confidence = self._confidence(kind, exit, witness is not None)
        if confidence is None or (witness is None and self._is_lent() and caller_undoes(self.cfg, owed)):
            return None
        trail = exit.state.trail
        reason = (trail[1], trail[2]) if trail is not None else None
        behind = witness is not None and self._behind_label(witness)
        failed = (
            owed.family is not None and owed.family.raised and not facts.value_mask(owed.result) & (ZERO | POSITIVE)
        )
        fits = self._fits(witness)
        return Leak(owed, exit, kind, witness, confidence, reason, len(self.outcome.releases), behind, fits, failed)

    def _is_lent(self) -> bool:
        """Whether what is owed is about something that the function was given: a member of its argument."""
        handle = self.owed.handle
        return handle != self.owed.result and ("->" in handle or handle.lstrip("&") in self.cfg.parameters)

    def _fits(self, witness: Step | None) -> int:
        if witness is None or witness.expr is None:
            return 0
        if self.owed.family is not None and witness.expr.text in self.owed.family.release:
            return 2
        return self.knowledge.related(self.owed.name, witness.expr.text)

    def _is_named(self, witness: Step) -> bool:
        """Whether a release is one by its name, no teardown of something larger."""
        return (witness.expr is not None and witness.expr.text in self.owed.release) or self._fits(witness) > 0

    def _behind_label(self, witness: Step) -> bool:
        """Whether a release stands behind a label, with no return between the two."""
        starts = [self._first_step(self.cfg.blocks[index]) for index in self.cfg.labels.values()]
        label = max((start for start in starts if self.owed.call.start < start <= witness.end), default=-1)
        if label < 0:
            return False
        exits = [step.start for block in self.cfg.blocks for step in block.steps if step.kind is StepKind.RETURN]
        return not any(label < start < witness.start for start in exits)

    def _first_step(self, block: BasicBlock) -> int:
        return block.steps[0].start if block.steps else -1

    def _witness(self, facts: Facts) -> Step | None:
        if self.owed.evidence == "given":
            return max(self.outcome.given, key=lambda step: step.start, default=None)
        # what is owed where the call failed says little of where it went well: a later teardown may find it
        here = ANY if self.owed.local else facts.value_mask(self.owed.result)
        releases = [step for step, mask, _ in self.outcome.releases.values() if mask & here]
        if not releases and self.cfg.has_gap and self.owed.evidence == "table":
            releases = self._beyond_gaps()
        if not releases:
            return None
        return min(releases, key=lambda step: (not self._is_named(step), not self._behind_label(step), step.start))

    def _beyond_gaps(self) -> list[Step]:
        """Releases of the same handle, by its text, in parts of the function that unknown code separates from it."""
        return [
            step
            for block in self.cfg.blocks
            for step in block.steps
            if step.kind is StepKind.CALL
            and step.expr is not None
            and step.start > self.owed.call.start
            and step.start not in self.outcome.releases
            and step.expr.text in self.owed.release
            and (not self.owed.handle or any(arg.key in self.owed.keys for arg in step.expr.args))
        ]

    def _lends_failed(self, exit: Exit, facts: Facts) -> bool:
        """Whether every callee that was lent the handle failed, or is known to leave it with the caller."""
        for start in exit.state.lent - self.proven - {KEPT}:
            mask = facts.value_mask(f"<{start}>")
            if mask & ZERO and mask & (POSITIVE | NEGATIVE | ERROR):
                return False
            if mask & POSITIVE and not mask & (NEGATIVE | ERROR):
                return False
            if mask == ZERO and not gives_pointer(self.cfg, start):
                return False
        return True

    def _confidence(self, kind: str, exit: Exit, witness: bool) -> Confidence | None:
        owed = self.owed
        failures, successes = FAILURE in self.kinds or UNSURE in self.kinds, SUCCESS in self.kinds
        if owed.kind == "lock":
            return self._lock_confidence(kind, exit) if witness else None
        latest = owed.call.start if owed.kind == "registration" and owed.evidence == "table" else 1 << 62
        unwinds = any(owed.unwinding.get(start, latest) < latest for start in exit.state.undone)
        if owed.kind == "iterator":
            if kind == FAILURE:
                return Confidence.HIGH if not exit.state.stored else None
            inside = self.cfg.blocks[exit.block].loop == self.cfg.blocks[owed.block].loop
            return Confidence.MEDIUM if inside and not exit.state.lent and not exit.state.stored else None
        if owed.kind == "failed":
            return Confidence.HIGH if kind == FAILURE and not exit.state.stored else None
        if owed.evidence == "names" and not witness:
            return None
        if owed.evidence == "given":
            return Confidence.HIGH if kind == FAILURE and witness and owed.local and not exit.state.stored else None
        if owed.evidence == "harvest" and not witness and not unwinds:
            return None
        if owed.evidence == "names" and self._is_context(owed):
            return None
        if owed.kind == "enable" and not witness and not unwinds and self._is_resumed(owed):
            return None
        if kind == FAILURE:
            if exit.state.stored and is_empty_answer(self.cfg, exit):
                return None
            if exit.state.stored and self.outcome.releases and not self.outcome.kept:
                return None  # other ways out release it before it is stored: from then on somebody else does
            if witness and (failures or successes):
                return Confidence.HIGH if self._is_likely_pair() else Confidence.LOW
            if witness and not self.outcome.releases:
                return Confidence.MEDIUM  # the release stands beyond a gap
            if unwinds and not exit.state.stored and owed.kind not in _WEAK:
                # what was made known to a core is often ended with the device: only another way out would prove it
                known = owed.kind == "registration" and owed.evidence == "table"
                return Confidence.LOW if known else Confidence.HIGH
            if owed.evidence == "names" or exit.state.stored or owed.kind in _WITNESSED:
                return None
            if owed.family is not None and owed.family.fails == "never":
                return None
            if not owed.local and owed.kind not in ("enable", "handler"):
                return None
            return Confidence.HIGH if owed.kind in ("memory", "reference", "object", "fd") else Confidence.MEDIUM
        if kind == UNSURE:
            if owed.evidence != "table" or is_sent(self.cfg, self.knowledge, owed, exit.step):
                return None
            if witness and FAILURE in self.kinds:
                return Confidence.MEDIUM
            tail = exit.step.expr is not None and exit.step.expr.kind is Kind.CALL
            alone = owed.kind in ("enable", "handler") and owed.family is not None and owed.family.fails == "negative"
            alone = alone or owed.kind == "directory"
            return Confidence.MEDIUM if tail and alone and not self.outcome.releases else None
        if exit.state.stored or owed.evidence == "names" or not owed.local or self._is_reachable(exit):
            return None
        if kind == SUCCESS:
            return Confidence.MEDIUM if successes and FAILURE not in self.kinds and owed.kind in _TEMPORARY else None
        if owed.kind not in _TEMPORARY and owed.kind != "lock":
            return None
        return Confidence.MEDIUM if VOID in self.kinds and exit.leave < 0 else None

    def _is_reachable(self, exit: Exit) -> bool:
        """Whether the structure that holds it is stored where others find it."""
        return any(base[0] == "^" for base in exit.state.containers)

    def _is_likely_pair(self) -> bool:
        """Whether a release on another way out is more than a guess from names that share some words."""
        owed = self.owed
        ends = [step.expr.text for step, _, _ in self.outcome.releases.values() if step.expr is not None]
        if owed.evidence == "names" and owed.kind == "object":
            return all(self.knowledge.related(owed.name, end) != 1 for end in ends)
        return owed.kind != "section" or not owed.release.isdisjoint(ends)

    def _is_context(self, owed: Obligation) -> bool:
        """Whether all that two names share is the driver's own structure: what they do to it is anybody's guess."""
        return owed.kind == "registration" and any(key.isidentifier() for key in owed.keys)

    def _is_resumed(self, owed: Obligation) -> bool:
        """Whether a resume enables the device itself: it stays bound, and its remove() disables it."""
        return "device" in self.knowledge.words(owed.name) and _RESUME.search(self.cfg.function.name) is not None

    def _lock_confidence(self, kind: str, exit: Exit) -> Confidence | None:
        """A lock that other exits give back must be given back by each, unless the function is made to keep it."""
        function = self.cfg.function
        if not _HANDS_OVER.isdisjoint(function.annotations) or is_lent(self.cfg, self.knowledge, self.owed):
            return None
        if is_polled(self.cfg, self.owed) or is_said_dropped(self.cfg, self.owed, exit):
            return None  # what ended the wait is told by a counter
        if kind == FAILURE:
            return Confidence.HIGH
        if self.kinds == {FAILURE}:
            return None  # who succeeds keeps it
        if not self.knowledge.handover.isdisjoint(self.knowledge.words(function.name)):
            return None
        explicit = exit.step.end - exit.step.start > 1
        return Confidence.HIGH if kind == VOID and explicit else Confidence.MEDIUM
