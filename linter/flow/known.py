"""What is known at the start of every block of a function: from its entry, or behind the place that is asked about."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from linter.flow.facts import Facts, join, same
from linter.flow.limits import TOO_LARGE, UNSETTLED, note_limit
from linter.flow.model import BasicBlock, Cfg, Expr, Step
from linter.flow.solve import Unsettled, solve

MOST_BLOCKS = 4_000
"""A function with more blocks than this is not followed."""


Ends = Callable[[Step, Facts], bool]
"""Whether nothing is to be seen behind a step, from what is known in front of it."""


def run_block(
    cfg: Cfg, index: int, facts: Facts, ends: Ends, first: int = 0, may: Callable[[Expr, bool], bool] | None = None
) -> list[tuple[int, Facts]]:
    """Run `facts` through the steps of a block from `first` on: the blocks behind it, with what is known there.

    `may` rules out edges by their condition, beyond what the facts rule out.
    """
    block = cfg.blocks[index]
    for step in block.steps[first:]:
        if ends(step, facts):
            return []
        facts.run(step)
    return leave(block, facts, may)


def leave(block: BasicBlock, facts: Facts, may: Callable[[Expr, bool], bool] | None = None) -> list[tuple[int, Facts]]:
    """The blocks behind a block, with what is known there; the facts given are used up."""
    found = []
    for edge in block.edges:
        after = facts.copy() if len(block.edges) > 1 else facts
        if edge.assume is None or (after.assume(*edge.assume) and (may is None or may(*edge.assume))):
            found.append((edge.target, after))
    return found


def settle(
    cfg: Cfg, seeds: Iterable[tuple[int, Facts]], flow: Callable[[int, Facts], list[tuple[int, Facts]]]
) -> dict[int, Facts] | None:
    """What is known at the start of every block reached from `seeds`; None, and noted, where it does not settle.

    `flow` may change the facts that it is given.
    """
    order = cfg.order()
    try:
        return solve(seeds, lambda index, facts: flow(index, facts.copy()), join, same, lambda index: order[index])
    except Unsettled:
        note_limit(cfg.function, UNSETTLED)
        return None


def base_facts(cfg: Cfg) -> dict[int, Facts] | None:
    """What is known at the start of every block, whatever is tracked; None where it does not settle.

    Worked out once a function, for everybody: copy facts before you run them on.
    """
    cache, key = cfg.function.unit.cache, ("facts", cfg.function.span.start)
    if key not in cache:
        cache[key] = _base_facts(cfg)
    found: dict[int, Facts] | None = cache[key]
    return found


def _base_facts(cfg: Cfg) -> dict[int, Facts] | None:
    if len(cfg.blocks) > MOST_BLOCKS:
        note_limit(cfg.function, TOO_LARGE)
        return None
    return settle(cfg, [(cfg.entry, Facts())], lambda index, facts: run_block(cfg, index, facts, _never))


def known_steps(cfg: Cfg) -> Iterator[tuple[BasicBlock, int, Step, Facts]]:
    """Every step that is reached: its block, its place there, and what is known in front of it.

    The facts move on with the next step: copy what you keep or change.
    """
    known = base_facts(cfg) or {}
    for block in cfg.blocks:
        if block.index in known:
            facts = known[block.index].copy()
            for index, step in enumerate(block.steps):
                yield block, index, step, facts
                facts.run(step)


def facts_before(cfg: Cfg, block: BasicBlock, index: int) -> Facts | None:
    """What is known in front of a step of a block, for the caller to change; None where it is not reached."""
    known = base_facts(cfg)
    if known is None or block.index not in known:
        return None
    facts = known[block.index].copy()
    for step in block.steps[:index]:
        facts.run(step)
    return facts


def _never(step: Step, facts: Facts) -> bool:
    return False
