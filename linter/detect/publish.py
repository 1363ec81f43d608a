"""The engine `publish`: objects that others can find, and that go without being taken back first.

    publish:
      report: freed-while-found
      message: "$CALLEE() frees `$VALUE`, which $START() has put where others find it"

What makes an object findable, and what takes it back, is data: the table `publish`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from linter.detect.calls import named_calls
from linter.detect.publish_words import Publication, publish_words
from linter.detect.questions import Answer, Query, Question, QuestionEngine
from linter.detect.release_words import ReleaseWords, argument, names_any, release_words, root
from linter.detect.sequences import steps_behind
from linter.flow.expr import integer
from linter.flow.facts import POSITIVE, ZERO, Facts
from linter.flow.known import known_steps, run_block, settle
from linter.flow.model import Cfg, Expr, Kind, Step, StepKind
from linter.pattern import compiled, lazy
from linter.rulebook.model import Rule, Tables

_FOUND = frozenset({"list", "rcu", "table"})
_CALLED_BACK = frozenset({"core", "device", "user"})
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
    told: set[int] = set()
    for block, index, step, before in known_steps(query.cfg):
        found = _published(query, step)
        if found is None or step.expr is None:
            continue
        row, holder = found
        facts = before.copy()
        facts.run(step)
        after = Findable(query.cfg, words, row, step, holder, facts.value(holder))
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

    def __init__(self, cfg: Cfg, words: ReleaseWords, row: Publication, step: Step, holder: Expr, value: str) -> None:
        self.cfg = cfg
        self.words = words
        self.row = row
        self.step = step
        self.holder = holder.key
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
        settled = settle(self.cfg, self._run(block, facts.copy(), first), self._run)
        return self.freed[min(self.freed)] if settled is not None and self.freed else None

    def _run(self, index: int, facts: Facts, first: int = 0) -> list[tuple[int, Facts]]:
        return run_block(self.cfg, index, facts, self._ends, first, lambda test, held: not self._failed(test, held))

    def _failed(self, test: Expr, held: bool) -> bool:
        """Whether the call gave another number than the one that was asked for."""
        target = self.step.target
        if target is None or test.kind is not Kind.BINARY or all(arg.key != target.key for arg in test.args):
            return False
        asked = all(integer(arg) is None for arg in test.args)
        return asked and ((test.text == "!=" and held) or (test.text == "==" and not held))

    def _ends(self, step: Step, facts: Facts) -> bool:
        call = step.expr
        if step is self.step or step.kind in (StepKind.GAP, StepKind.RETURN):
            return True
        if step.target is not None and step.target.key == self.holder:
            return True  # the name stands for another object from here on
        if step.kind is not StepKind.CALL or call is None:
            return False
        given = argument(step, self.words.frees)
        if given is not None and facts.value(given) == self.value:
            self.freed.setdefault(step.start, step)
            return True
        if call.text in self.row.undo or "wait" in call.text:
            return True  # whoever is waited for may have taken it
        return _ENDS.search(call.text) is not None and any(
            arg.key == self.place or self._is_it(arg, facts) for arg in call.args
        )

    def _is_it(self, arg: Expr, facts: Facts) -> bool:
        holder = _holder(arg) if arg.kind is Kind.ADDRESS else arg
        return holder is not None and facts.value(holder) == self.value


def fed_before_made(query: Query) -> Iterator[Answer]:
    """An interrupt whose handler reports to something that is registered only behind it."""
    public = publish_words(query.tables)
    irqs, made = public.to("interrupts"), query.tables["publish"]["fed-by-interrupts"].split()
    called = [name for name, _, _ in named_calls(query.function)]
    if irqs.isdisjoint(called) or not any(_makes(name, made) for name in called):
        return
    for block in query.cfg.blocks:
        for index, step in enumerate(block.steps):
            call = step.expr
            if step.kind is not StepKind.CALL or call is None or call.text not in irqs or not call.args:
                continue
            data = root(call.args[-1])
            if data is None or any("NO_AUTOEN" in arg.key for arg in call.args):
                continue
            for later in steps_behind(query.cfg, block.index, index):
                other = later.expr
                if later.kind is not StepKind.CALL or other is None or not _makes(other.text, made):
                    continue
                kept = later.target is not None and root(later.target) == data
                if later.start > step.start and (kept or any(arg.key == data for arg in other.args)):
                    names = {"CALLEE": call.text, "MAKES": other.text, "DATA": data}
                    label = ((later.start, later.end), "what the handler reports to is made here")
                    yield Answer((step.start, step.end), names, [label], key=other.text)
                    break


def filled_after(query: Query) -> Iterator[Answer]:
    """A member that callbacks start from, filled after the object was handed to those who call them."""
    public = publish_words(query.tables)
    wanted = frozenset(query.tables["publish"]["callbacks-use"].split())
    if not any(public.publishes(name) for name, _, _ in named_calls(query.function)):
        return
    for block in query.cfg.blocks:
        for index, step in enumerate(block.steps):
            call = step.expr
            row = public.rows.get(call.text) if step.kind is StepKind.CALL and call is not None else None
            if row is None or call is None or row.to not in _CALLED_BACK:
                continue
            thing = row.published(call)
            holder = _holder(thing) if thing is not None else None
            for later in steps_behind(query.cfg, block.index, index) if holder is not None else ():
                target = later.target
                if later.kind is not StepKind.ASSIGN or target is None or target.text not in wanted or holder is None:
                    continue
                is_null = later.expr is not None and later.expr.key == "NULL"
                if later.start > step.start and not is_null and target.arrow and target.args[0].key == holder.key:
                    names = {"CALLEE": call.text, "VALUE": query.text((target.start, target.end))}
                    label = ((step.start, step.end), "callbacks may run from here on")
                    yield Answer((later.start, later.end), names, [label], key=target.key)
                    break


def _makes(name: str, made: list[str]) -> bool:
    """Whether a callee registers something that interrupts feed; `foo_power_supply_init()` does, too."""
    return any(word in name for word in made) and not {"register", "init", "setup", "add"}.isdisjoint(name.split("_"))


QUESTIONS: Mapping[str, Question] = {
    "freed-while-found": freed_while_found,
    "fed-before-made": fed_before_made,
    "filled-after": filled_after,
}
"""What a rule of this engine can ask."""
_KINDS: Mapping[str, Iterable[str]] = {
    "freed-while-found": _FOUND,
    "fed-before-made": ("interrupts",),
    "filled-after": _CALLED_BACK,
}
"""Rows of the table, by what they publish to, of which one call has to be there."""


class PublishEngine(QuestionEngine):
    """See the module's docstring. A rule's triggers are the calls of the table that it is about."""

    def check(self, rule: Rule, tables: Tables) -> frozenset[str] | None:
        """Check a rule's block."""
        kinds = _KINDS[rule.block["report"]] if rule.block.get("report") in _KINDS else ()
        return super().check(rule, tables) or publish_words(tables).to(*kinds)


ENGINE = PublishEngine("publish", QUESTIONS)
