"""What is known at the start of every block of a function, whatever is tracked through it."""

from __future__ import annotations

from linter.flow.facts import Facts, join, same
from linter.flow.limits import TOO_LARGE, UNSETTLED, note_limit
from linter.flow.model import Cfg
from linter.flow.solve import Unsettled, solve

MOST_BLOCKS = 4_000
"""A function with more blocks than this is not followed."""


def base_facts(cfg: Cfg) -> dict[int, Facts] | None:
    """What is known at the start of every block, whatever is tracked; None where it does not settle."""

    def flow(index: int, facts: Facts) -> list[tuple[int, Facts]]:
        facts = facts.copy()
        block = cfg.blocks[index]
        for step in block.steps:
            facts.run(step)
        found = []
        for edge in block.edges:
            after = facts.copy()
            if edge.assume is None or after.assume(*edge.assume):
                found.append((edge.target, after))
        return found

    try:
        if len(cfg.blocks) > MOST_BLOCKS:
            note_limit(cfg.function, TOO_LARGE)
            return None
        order = cfg.order()
        return solve([(cfg.entry, Facts())], flow, join, same, lambda index: order[index])
    except Unsettled:
        note_limit(cfg.function, UNSETTLED)
        return None
