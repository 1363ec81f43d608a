"""The engine `publish`: objects that others can find, and that go without being taken back first.

    publish:
      report: freed-while-found
      message: "$CALLEE() frees `$VALUE`, which $START() has put where others find it"

What makes an object findable, and what takes it back, is data: the table `publish`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from linter.detect.calls import named_calls
from linter.detect.publish_words import Publication, publish_words
from linter.detect.questions import Answer, Query, Question, QuestionEngine
from linter.detect.release_words import ReleaseWords, argument, block_facts, names_any, release_words, root
from linter.flow.facts import POSITIVE, ZERO, Facts, join, same
from linter.flow.model import Cfg, Expr, Kind, Step, StepKind
from linter.flow.solve import Unsettled, solve
from linter.pattern import compiled, lazy
from linter.rulebook.model import Rule, Tables

_FOUND = frozenset({"list", "rcu", "table"})
_ENDS = lazy(
    r"(?:^|_)(?:del|delete|remove|erase|unlink|put|free|release|destroy|cleanup|unregister|dequeue|detach|drop|exit|fini|"
    r"splice|move|purge|flush)(?:_|$)"
)
_NO_CODE = ("xa_store", "idr_replace")
"""They return the entry that was there before, or an error packed as one: where they failed is not told from a test."""

_NUMBERS = ("idr_alloc", "xa_alloc_cyclic")
"""They return more than 0 where they did it."""


def freed_while_found(query: Query) -> Iterator[Answer]:
    """An object that is freed on a path on which a list or table still leads to it."""
    words, public = release_words(query.tables), publish_words(query.tables)
    if not names_any(query, words.frees) or not any(name in public.rows for name, _, _ in named_calls(query.function)):
        return
    known = block_facts(query)
    told: set[int] = set()
    for block in query.cfg.blocks if known is not None else ():
        if known is None or block.index not in known:
            continue
        facts = known[block.index].copy()
        for index, step in enumerate(block.steps):
            facts.run(step)
            found = _published(query, step)
            if found is None or step.expr is None:
                continue
            row, holder = found
            after = Findable(query.cfg, words, row, step, facts.value(holder))
            freed = after.follow(facts, block.index, index + 1)
            if freed is None or freed.expr is None or freed.start in told:
                continue
            told.add(freed.start)
            names = {"VALUE": holder.key, "CALLEE": freed.expr.text, "START": step.expr.text, "UNDO": row.preferred}
            label = ((step.start, step.end), "found from here on")
            yield Answer((freed.start, freed.end), names, [label], key=holder.key)


def _published(query: Query, step: Step) -> tuple[Publication, Expr] | None:
    """The row and the object of a call that puts a pointer's target where others find it."""
    call = step.expr
    if step.kind is not StepKind.CALL or call is None or call.text.startswith(_NO_CODE):
        return None
    row = publish_words(query.tables).rows.get(call.text)
    if row is None or row.to not in _FOUND:
        return None
    thing, place = row.published(call), row.container(call)
    holder = _holder(thing) if thing is not None else None
    start = root(place) if place is not None else None
    if holder is None or start is None or start == root(holder):
        return None
    return None if _is_own(query, start) else (row, holder)


def _is_own(query: Query, name: str) -> bool:
    """Whether a list or table lives on the function's stack: nobody else walks it."""
    body = query.function.body
    if compiled(rb"\b[A-Z][A-Z_]+\(\s*" + name.encode() + rb"\b").search(
        query.unit.text, body.start_byte, body.end_byte
    ):
        return True  # LIST_HEAD(name)
    return "*" not in query.cfg.locals.get(name, "*")


def _holder(thing: Expr) -> Expr | None:
    """The pointer to the object that a node is in, or the pointer itself."""
    if thing.kind is Kind.NAME:
        return thing
    inner = thing.args[0] if thing.kind is Kind.ADDRESS else thing
    while inner.kind is Kind.FIELD and not inner.arrow:
        inner = inner.args[0]
    return inner.args[0] if inner.kind is Kind.FIELD and inner.args[0].kind is Kind.NAME else None


class Findable:
    """Follows an object from the call that made it findable."""

    def __init__(self, cfg: Cfg, words: ReleaseWords, row: Publication, step: Step, value: str) -> None:
        self.cfg = cfg
        self.words = words
        self.row = row
        self.step = step
        self.value = value
        place = row.container(step.expr) if step.expr is not None else None
        self.place = place.key if place is not None else ""
        self.freed: dict[int, Step] = {}

    def follow(self, facts: Facts, block: int, first: int) -> Step | None:
        """The first call that frees it while it can be found."""
        call = self.step.expr
        done = ZERO | POSITIVE if call is not None and call.text.startswith(_NUMBERS) else ZERO
        if call is not None and not facts.refine(f"<{call.start}>", done):
            return None
        order = self.cfg.order()
        try:
            solve(
                self._run(block, facts.copy(), first),
                lambda node, state: self._run(node, state.copy(), 0),
                join,
                same,
                lambda node: order[node],
            )
        except Unsettled:
            return None
        return self.freed[min(self.freed)] if self.freed else None

    def _run(self, index: int, facts: Facts, first: int) -> list[tuple[int, Facts]]:
        for step in self.cfg.blocks[index].steps[first:]:
            if step is self.step or step.kind in (StepKind.GAP, StepKind.RETURN) or self._ends(step, facts):
                return []
            facts.run(step)
        after = []
        for edge in self.cfg.blocks[index].edges:
            copy = facts.copy()
            if edge.assume is None or copy.assume(*edge.assume):
                after.append((edge.target, copy))
        return after

    def _ends(self, step: Step, facts: Facts) -> bool:
        call = step.expr
        if step.kind is not StepKind.CALL or call is None:
            return False
        given = argument(step, self.words.frees)
        if given is not None and facts.value(given) == self.value:
            self.freed.setdefault(step.start, step)
            return True
        if call.text in self.row.undo:
            return True
        return _ENDS.search(call.text) is not None and any(
            arg.key == self.place or self._is_it(arg, facts) for arg in call.args
        )

    def _is_it(self, arg: Expr, facts: Facts) -> bool:
        holder = _holder(arg) if arg.kind is Kind.ADDRESS else arg
        return holder is not None and facts.value(holder) == self.value


QUESTIONS: Mapping[str, Question] = {"freed-while-found": freed_while_found}
"""What a rule of this engine can ask."""


class PublishEngine(QuestionEngine):
    """See the module's docstring. A rule's triggers are the calls of the table that it is about."""

    def check(self, rule: Rule, tables: Tables) -> frozenset[str] | None:
        """Check a rule's block."""
        return super().check(rule, tables) or publish_words(tables).to(*_FOUND)


ENGINE = PublishEngine("publish", QUESTIONS)
