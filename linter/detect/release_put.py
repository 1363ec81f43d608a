"""Questions about objects that count their references, and are freed as if they did not."""

from __future__ import annotations

from collections.abc import Iterator

from linter.detect.calls import named_calls
from linter.detect.questions import Answer, Query
from linter.detect.release_words import argument, release_words
from linter.flow.facts import Facts
from linter.flow.known import known_steps, run_block, settle
from linter.flow.model import Cfg, Expr, Kind, Step, StepKind
from linter.pattern import lazy

_ENDS = lazy(r"put|unregister|release|destroy|free|unref|del(?:ete)?(?:_|$)")


def freed_not_put(query: Query) -> Iterator[Answer]:
    """A structure that is freed although a device or kobject in it has references by now."""
    words = release_words(query.tables)
    called = {name for name, _, _ in named_calls(query.function)}
    if called.isdisjoint(words.counted) or called.isdisjoint(words.frees):
        return
    told: set[int] = set()
    for block, index, step, before in known_steps(query.cfg):
        call = step.expr
        if step.kind is not StepKind.CALL or call is None or call.text not in words.counted or not call.args:
            continue
        holder = _holder(call.args[0])
        if holder is None:
            continue
        facts = before.copy()
        facts.run(step)
        count = Count(query.cfg, words.frees, call.args[0].key, holder.key, facts.value(holder), block.index)
        freed = count.follow(facts, index + 1)
        if freed is None or freed.expr is None or freed.start in told:
            continue
        told.add(freed.start)
        inner = call.args[0].args[0] if call.args[0].kind is Kind.ADDRESS else call.args[0]
        names = {
            "VALUE": holder.key,
            "CALLEE": freed.expr.text,
            "PUT": words.counted[call.text],
            "HANDLE": query.text((call.args[0].start, call.args[0].end)),
            "MEMBER": inner.key,
            "START": call.text,
        }
        label = ((step.start, step.end), "others may hold references from here on")
        yield Answer((freed.start, freed.end), names, [label], key=holder.key)


def _holder(handle: Expr) -> Expr | None:
    """The pointer to the structure that a device or kobject is embedded in; the handle where it is a pointer itself."""
    if handle.kind is Kind.NAME:
        return handle
    if handle.kind is not Kind.ADDRESS:
        return None
    inner = handle.args[0]
    while inner.kind is Kind.FIELD and not inner.arrow:
        inner = inner.args[0]
    return inner.args[0] if inner.kind is Kind.FIELD and inner.args[0].kind in (Kind.NAME, Kind.FIELD) else None


class Count:
    """Follows a structure from the call that began to count its references."""

    def __init__(self, cfg: Cfg, frees: dict[str, int], handle: str, holder: str, value: str, block: int) -> None:
        self.cfg = cfg
        self.frees = frees
        self.handle = handle
        self.holder = holder
        self.value = value
        self.block = block
        self.freed: dict[int, Step] = {}

    def follow(self, facts: Facts, first: int) -> Step | None:
        """The first call that frees it while it has references."""
        seeds = run_block(self.cfg, self.block, facts.copy(), self._ends, first)
        settled = settle(self.cfg, seeds, self._run)
        return self.freed[min(self.freed)] if settled is not None and self.freed else None

    def _run(self, index: int, facts: Facts) -> list[tuple[int, Facts]]:
        return [] if index == self.block else run_block(self.cfg, index, facts, self._ends)

    def _ends(self, step: Step, facts: Facts) -> bool:
        call = step.expr
        if step.kind in (StepKind.GAP, StepKind.RETURN):
            return True
        if step.target is not None and step.target.key == self.holder:
            return True  # the name stands for another object from here on
        if step.kind is not StepKind.CALL or call is None:
            return False
        given = argument(step, self.frees)
        if given is not None and facts.value(given) == self.value:
            self.freed.setdefault(step.start, step)
            return True
        if not _ENDS.search(call.text):
            return False
        return any(arg.key == self.handle or facts.value(arg) == self.value for arg in call.args)
