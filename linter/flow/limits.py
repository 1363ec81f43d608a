"""What an analysis gave up on because it is too large: kept with the unit, and told in the report.

Every bound on size in the flow and detect stages notes here what it cuts: nothing is skipped in silence.
"""

from __future__ import annotations

from linter.syntax.model import Function, Unit

UNSETTLED = "what is known at some place of it keeps changing"
TOO_LARGE = "too many blocks to be followed"
TOO_MANY_PATHS = "what it acquires leads over too many paths"
TOO_MANY_CALLS = "too many calls to be compared with each other"
TOO_MANY_ACQUIRED = "it acquires too much for all of it to be followed"
TOO_MANY_STARTS = "too many calls begin what is followed"
TOO_MANY_EXITS = "one thing is owed at more exits than are told"
TOO_DEEP = "statements or expressions are nested too deeply"
_KEY = "flow.limits"


def note_limit(function: Function, reason: str) -> None:
    """Keep in mind that a function was not analysed as far as others are."""
    noted: dict[tuple[int, str], str] = function.unit.cache.setdefault(_KEY, {})
    noted.setdefault((function.span.start, reason), function.name)


def noted_limits(unit: Unit) -> list[str]:
    """What was noted about the functions of a unit, in the order of the file."""
    noted: dict[tuple[int, str], str] = unit.cache.get(_KEY, {})
    return [f"{noted[key]}(): {key[1]}" if noted[key] else key[1] for key in sorted(noted)]
