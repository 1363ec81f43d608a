"""The question about jumps in functions that leave part of the undoing to the end of a scope."""

from __future__ import annotations

import re
from collections.abc import Iterator

from linter.detect.calls import clean_text
from linter.detect.cleanup_use import compound, scoped
from linter.detect.questions import Answer, Place, Query
from linter.detect.typestate_tables import knowledge
from linter.flow.model import StepKind
from linter.pattern import compiled
from linter.rulebook.model import Confidence, Severity

_GUARDS = frozenset({"guard", "CLASS", "ACQUIRE"})


def mixed_with_goto(query: Query) -> Iterator[Answer]:
    """A jump to a label that undoes something, in a function that leaves other things to the end of their scope."""
    text = clean_text(query.unit)
    if text.find(b"goto ", query.function.body.start_byte, query.function.body.end_byte) < 0:
        return
    owners = _owners(query)
    if not owners:
        return
    jumps = {(edge.goto, edge.target) for block in query.cfg.blocks for edge in block.edges if edge.goto >= 0}
    for at, target in sorted(jumps):
        label = query.cfg.blocks[target].label
        place = _label_place(query, label)
        if label is None or place < at:
            continue  # out of sight, or a jump back: to try again
        spot = (at, at + len(b"goto ") + len(label))
        over = next((owner for owner in owners if _jumped_over(query, owner, at, place)), None)
        if over is not None:
            why = "into the scope of what it jumps over: that is released although it was never set"
            names = {"LABEL": label, "WHY": why}
            yield Answer(spot, names, [(over, "jumped over")], key="goto")
            return
        if _undoes(query, target):
            why = "to undo things by hand, and others are undone at the end of their scope"
            names = {"LABEL": label, "WHY": why}
            below = (owners[0], "undone at the end of the scope")
            yield Answer(spot, names, [below], key="goto", confidence=Confidence.MEDIUM, severity=Severity.INFO)
            return


def _owners(query: Query) -> list[Place]:
    """Where the function declares or takes what the end of a scope releases."""
    found = [(variable.step.start, variable.step.end) for variable in scoped(query)]
    for block in query.cfg.blocks:
        found += [
            (step.start, step.end)
            for step in block.steps
            if step.kind is StepKind.CALL and step.expr is not None and step.expr.text in _GUARDS
        ]
    return sorted(found)


def _jumped_over(query: Query, owner: Place, at: int, place: int) -> bool:
    if not at < owner[0] < place:
        return False
    scope = compound(query, owner[0])
    return scope is not None and place < scope.end_byte


def _label_place(query: Query, label: str | None) -> int:
    found = compiled(rb"\b" + re.escape((label or "?").encode()) + rb"\s*:(?!:)").search(
        clean_text(query.unit), query.function.body.start_byte, query.function.body.end_byte
    )
    return found.start() if found is not None else -1


def _undoes(query: Query, target: int) -> bool:
    """Whether the straight way from a label to the return makes a call that gives something back."""
    known, cfg = knowledge(query.tables), query.cfg
    seen: set[int] = set()
    while target not in seen:
        seen.add(target)
        block = cfg.blocks[target]
        for step in block.steps:
            if step.kind is StepKind.CALL and step.expr is not None and known.is_teardown(step.expr.text):
                return True
        if len(block.edges) != 1:
            return False
        target = block.edges[0].target
    return False
