"""Questions about objects that are read, handed on or freed again after the call that gave them up."""

from __future__ import annotations

from collections.abc import Iterator

from linter.detect.calls import named_calls
from linter.detect.paths import aliases
from linter.detect.questions import Answer, Query
from linter.detect.release_words import ReleaseWords, argument, names_any, release_words, root
from linter.detect.typestate_tables import knowledge
from linter.flow.facts import ERROR, NEGATIVE, ZERO, Facts, join, same
from linter.flow.known import facts_before, leave
from linter.flow.limits import UNSETTLED, note_limit
from linter.flow.model import BasicBlock, Cfg, Expr, Kind, Step, StepKind
from linter.flow.solve import Unsettled, solve
from linter.pattern import compiled, lazy
from linter.record import field, record

_MADE_AT = lazy(r"^<(p?)(\d+)")
_MACRO = lazy(r"^[A-Z]")


@record(frozen=False)
class Afterlife:
    """What happened to a value behind the call that gave it up, each by the offset of the first such place."""

    used: dict[int, Step] = field(default_factory=dict)  # read or written through
    freed: dict[int, Step] = field(default_factory=dict)  # given up again


class After:
    """Follows one value from just behind the call that gave it up."""

    def __init__(self, query: Query, words: ReleaseWords, value: str, handle: Expr, block: int, index: int) -> None:
        self.cfg = query.cfg
        self.words = words
        self.gone = words.gone
        self.value = value
        self.handle = handle
        self.root = root(handle)
        self.is_local = handle.kind is Kind.NAME
        self.found = Afterlife()
        made = _MADE_AT.match(value)
        self.made_at = int(made[2]) if made and not made[1] else -1
        self.made_in = int(made[2]) if made and made[1] else -1
        self.block, self.index = block, index

    def run(self, facts: Facts) -> Afterlife:
        """Fill `found`."""
        order = self.cfg.order()
        seeds = self._run(self.cfg.blocks[self.block], facts.copy(), self.index + 1)
        try:
            solve(
                seeds,
                lambda node, state: [] if node == self.made_in else self._run(self.cfg.blocks[node], state.copy(), 0),
                join,
                same,
                lambda node: order[node],
            )
        except Unsettled:
            note_limit(self.cfg.function, UNSETTLED)
            return Afterlife()
        return self.found

    def _run(self, block: BasicBlock, facts: Facts, first: int) -> list[tuple[int, Facts]]:
        for step in block.steps[first:]:
            if self._ends(step, facts):
                return []
            facts.run(step)
        return leave(block, facts)

    def _ends(self, step: Step, facts: Facts) -> bool:
        """Note what a step does with the value; True where nothing more is to be seen on this path."""
        kind, expr = step.kind, step.expr
        if kind is StepKind.ITERATE and expr is not None and any(facts.value(a) == self.value for a in expr.args):
            return True
        if kind in (StepKind.GAP, StepKind.RETURN) or step.start == self.made_at:
            return True
        if expr is not None and expr.start == self.made_at and kind is not StepKind.USE:
            return True
        if kind is StepKind.USE and expr is not None and facts.value(expr) == self.value:
            self.found.used.setdefault(step.start, step)
            return True
        if kind is StepKind.CALL and expr is not None:
            return self._called(step, expr, facts)
        return False

    def _called(self, step: Step, expr: Expr, facts: Facts) -> bool:
        again = argument(step, self.gone)
        if again is not None and facts.value(again) == self.value:
            self.found.freed.setdefault(step.start, step)
            return True
        if _MACRO.match(expr.text):
            return any(arg.kind is Kind.NAME and facts.value(arg) == self.value for arg in expr.args)
        if any(arg.kind in (Kind.NAME, Kind.FIELD) and facts.value(arg) == self.value for arg in expr.args):
            return True  # whoever is given a stale pointer may only compare it
        if not self.is_local and self.root is not None:
            return any(root(arg) == self.root for arg in expr.args)
        return any(arg.kind is Kind.ADDRESS and arg.args[0].key == self.handle.key for arg in expr.args)


def _afterlives(query: Query, names: dict[str, int]) -> Iterator[tuple[Step, Expr, Afterlife, str]]:
    cache, key = query.unit.cache, ("release.after", query.function.span.start, id(names))
    if key not in cache:
        cache[key] = list(_find(query, names))
    yield from cache[key]


def _find(query: Query, names: dict[str, int]) -> Iterator[tuple[Step, Expr, Afterlife, str]]:
    if not names_any(query, names):
        return
    words = release_words(query.tables)
    cfg = query.cfg
    if any(name == "skb_get" for name, _, _ in named_calls(query.function)):
        return
    sites = [
        (block, index, step, handle)
        for block in cfg.blocks
        for index, step in enumerate(block.steps)
        if (handle := argument(step, names)) is not None and (block.in_loop or _mentioned_later(query, step, handle))
    ]
    if not sites:
        return
    for block, index, step, handle in sites:
        facts = facts_before(query.cfg, block, index)
        if facts is None:
            continue
        value = facts.value(handle)
        if value[:1] == "=" or facts.mask(handle) in (ZERO, ERROR, NEGATIVE):
            continue
        facts.run(step)
        yield step, handle, After(query, words, value, handle, block.index, index).run(facts), value


def _mentioned_later(query: Query, step: Step, handle: Expr) -> bool:
    """Whether the text goes on to speak of the object by one of its names: nearly always it does not."""
    end = query.function.body.end_byte
    words = {compiled(r"->|\.").split(key)[-1] for key in aliases(query.cfg, handle.key)}
    return any(query.unit.text.find(word.encode(), step.end, end) >= 0 for word in words)


def used_after_handover(query: Query) -> Iterator[Answer]:
    """A buffer that is read or freed after a call that took it over."""
    for step, handle, after, _ in _afterlives(query, release_words(query.tables).consumes):
        places = {**after.used, **after.freed}
        if places:
            yield _answer(query, step, handle, places[min(places)], "given away here")


def used_after_free(query: Query) -> Iterator[Answer]:
    """Memory of somebody else that is read through after this function freed it."""
    for step, handle, after, value in _afterlives(query, release_words(query.tables).frees):
        if after.used and not _is_own(query, value):
            yield _answer(query, step, handle, after.used[min(after.used)], "freed here")


def freed_twice(query: Query) -> Iterator[Answer]:
    """Memory of somebody else that this function frees twice on one path."""
    for step, handle, after, value in _afterlives(query, release_words(query.tables).frees):
        if after.freed and not _is_own(query, value):
            yield _answer(query, step, handle, after.freed[min(after.freed)], "freed here")


def _is_own(query: Query, value: str) -> bool:
    """Whether a call of this function that the resource table knows made a value: a typestate rule tells then."""
    made = _MADE_AT.match(value)
    known = knowledge(query.tables)
    return made is not None and any(
        step.expr.text in known.acquire
        for block in query.cfg.blocks for step in block.steps
        if step.kind is StepKind.CALL and step.expr is not None and step.expr.start == int(made[2])
    )  # fmt: skip


def freed_in_walk(query: Query) -> Iterator[Answer]:
    """A list's entry that is freed in a loop that then goes on from it."""
    words = release_words(query.tables)
    if not any(name.encode() in query.unit.identifiers for name in words.walks) or not names_any(query, words.frees):
        return
    for block in query.cfg.blocks:
        for index, step in enumerate(block.steps) if block.in_loop else ():
            handle = argument(step, words.frees)
            if handle is None or handle.kind is not Kind.NAME:
                continue
            walk = _goes_on(query.cfg, words, handle.text, block.index, index)
            if walk is not None:
                yield _answer(query, step, handle, walk, "freed here", at=step)


def _goes_on(cfg: Cfg, words: ReleaseWords, name: str, start: int, index: int) -> Step | None:
    """The head of the loop around a release, where a way within the loop leads back to it."""
    loop = cfg.blocks[start].loop
    seen: set[int] = set()
    pending = [(start, index + 1)]
    while pending:
        at, first = pending.pop()
        block = cfg.blocks[at]
        stopped = False
        for step in block.steps[first:]:
            if step.kind is StepKind.ITERATE and step.expr is not None and step.expr.args:
                return step if step.expr.text in words.walks and step.expr.args[0].key == name else None
            if step.kind in (StepKind.GAP, StepKind.RETURN) or (step.target is not None and step.target.key == name):
                stopped = True
                break
        for edge in () if stopped else block.edges:
            if edge.target not in seen and cfg.blocks[edge.target].loop == loop:
                seen.add(edge.target)
                pending.append((edge.target, 0))
    return None


def _answer(query: Query, step: Step, handle: Expr, place: Step, text: str, at: Step | None = None) -> Answer:
    callee = step.expr.text if step.expr is not None else ""
    user = place.expr.text if place.expr is not None else ""
    names = {"VALUE": query.text((handle.start, handle.end)), "CALLEE": callee, "USER": user}
    primary, other = (at, place) if at is not None else (place, step)
    label = ((other.start, other.end), text if at is None else "goes on from the entry")
    return Answer((primary.start, primary.end), names, [label], key=handle.key)
