"""One defect, told once: a finding falls away where a rule that says more speaks about the same line.

A rule names in `supersedes:` the rules that say less. A finding of those is dropped only where the better one is
reported, so that to disable or suppress the better one brings the other back.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from linter.review.model import Judged, Verdict
from linter.rulebook.model import Rule

_Place = tuple[str | None, object, int | None, int]


def without_superseded(judged: Iterable[Judged], rules: Mapping[str, Rule]) -> list[Judged]:
    """The findings that no reported finding on the same line makes superfluous, in the same order."""
    kept = list(judged)
    better: dict[_Place, set[str]] = defaultdict(set)
    for one in kept:
        supersedes = rules[one.finding.rule].supersedes
        if supersedes and one.verdict is Verdict.REPORTED:
            better[_place(one)].update(supersedes)
    if not better:
        return kept
    return [one for one in kept if one.finding.rule not in better.get(_place(one), ())]


def _place(judged: Judged) -> _Place:
    where = judged.finding.primary.location
    return (where.path, where.side, where.line, where.patch_lineno)
