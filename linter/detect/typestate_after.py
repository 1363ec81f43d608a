"""What happens to a thing after its release: a second release, a use."""

from __future__ import annotations

from collections.abc import Iterator

from linter.detect.typestate_model import Obligation, Outcome
from linter.detect.typestate_tables import AGAIN, USED
from linter.flow.facts import POSITIVE
from linter.flow.model import Step
from linter.record import record

_FREED = frozenset({"memory", "object", "skb", "buffer"})
"""Kinds of which nothing is left after the release."""
_DROPPED = _FREED | {"reference"}
_PRINTS = frozenset({"pr_debug", "dev_dbg", "netdev_dbg", "trace", "WARN_ON", "IS_ERR", "PTR_ERR", "IS_ERR_OR_NULL"})


@record(eq=False)
class Late:
    """Something that comes too late."""

    kind: str  # AGAIN or USED
    owed: Obligation
    released: int  # offset of the release
    step: Step


def late(owed: Obligation, outcome: Outcome) -> Iterator[Late]:
    """Second releases and uses after the release of one obligation."""
    if not outcome.settled or owed.evidence != "table" or owed.kind not in _DROPPED or not owed.local:
        return
    if owed.held is None or not owed.held & POSITIVE:
        return
    if owed.kind in _FREED:
        for step, released in outcome.again.values():
            yield Late(AGAIN, owed, released, step)
    for step, released in outcome.used.values():
        call = step.expr.text if step.expr is not None else ""
        if step.start != released and call not in _PRINTS and call not in released_by(outcome):
            yield Late(USED, owed, released, step)


def released_by(outcome: Outcome) -> set[str]:
    """The names of the calls that released it."""
    return {step.expr.text for step, _, _ in outcome.releases.values() if step.expr is not None}
