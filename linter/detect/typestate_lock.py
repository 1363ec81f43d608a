"""Whose lock it is that a function returns with: its own, its caller's, or one that somebody else gives back."""

from __future__ import annotations

from linter.detect.typestate_model import Exit, Obligation
from linter.detect.typestate_tables import Knowledge
from linter.flow.model import Cfg, StepKind
from linter.pattern import lazy

_DROPPED = lazy(
    rb"(?i)/[*/][^*/]{0,200}\b(?:drop(?:s|ped)|releas(?:es|ed)|unlock(?:s|ed))\s+[^*/]{0,40}(?:lock|mutex|semaphore)"
)


def is_lent(cfg: Cfg, knowledge: Knowledge, owed: Obligation) -> bool:
    """Whether the function gives the lock back before it takes it: its caller holds it, and wants it back."""
    taken, given_back = owed.call.start, 1 << 62
    for block in cfg.blocks:
        for step in block.steps:
            call = step.expr
            if step.kind is not StepKind.CALL or call is None or step.start >= owed.call.start:
                continue
            if owed.handle and not any(arg.key in owed.keys for arg in call.args):
                continue
            family = knowledge.acquire.get(call.text)
            if family is not None and family.lock:
                taken = min(taken, step.start)
            elif call.text in owed.release:
                given_back = min(given_back, step.start)
    return given_back < taken


def is_polled(cfg: Cfg, owed: Obligation) -> bool:
    """Whether a loop tries to take the lock until it has it, or has tried often enough."""
    root = cfg.function.unit.tree.root_node
    node = root.descendant_for_byte_range(owed.call.start, owed.call.end)
    while node is not None and not node.type.endswith(("statement", "declaration")):
        node = node.parent
    condition = node.child_by_field_name("condition") if node is not None and node.type == "while_statement" else None
    if condition is None or not condition.start_byte <= owed.call.start < condition.end_byte:
        return False
    return b"&&" in (condition.text or b"")


def is_said_dropped(cfg: Cfg, owed: Obligation, exit: Exit) -> bool:
    """Whether a comment between the lock and the exit says that somebody gives it back."""
    return _DROPPED.search(cfg.function.unit.source[owed.call.end : exit.step.end]) is not None
