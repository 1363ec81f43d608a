"""One defect, told once: a finding falls away where a rule that says more speaks about the same line.

A rule names in `supersedes:` the rules that say less. A finding of those is dropped only where the better one is
reported, so that to disable or suppress the better one brings the other back. Two findings in one function also speak
of the same where the way to both begins at the same line.

A habit is told once a file: of a rule with `report: first` the first finding stays, and points at the others. What is
forgotten at several exits of a function is told once (`report: once`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from linter.detect.model import Label
from linter.pattern import lazy
from linter.record import replace
from linter.review.model import Judged, Verdict
from linter.rulebook.model import Rule

_WHERE = {"first": "in this file", "once": "in this function"}
AGAIN = "and here"
MORE = lazy(r" \(and (\d+) more (in this (?:file|function))\)$")
"""The words of a finding that stands for several: of a label at another one, and at the end of its message."""

_SHOWN = 3
"""Other places of a habit that the first finding points at."""

_Place = tuple[object, ...]


def without_superseded(judged: Iterable[Judged], rules: Mapping[str, Rule]) -> list[Judged]:
    """The findings that no reported finding on the same line makes superfluous, in the same order."""
    kept = list(judged)
    better: dict[_Place, set[str]] = defaultdict(set)
    for one in kept:
        supersedes = rules[one.finding.rule].supersedes
        if supersedes and one.verdict is Verdict.REPORTED:
            for place in (_place(one), _origin(one)):
                better[place].update(supersedes)
    if not better:
        return kept
    return [
        one
        for one in kept
        if one.finding.rule not in better.get(_place(one), ()) and one.finding.rule not in better.get(_origin(one), ())
    ]


def _place(judged: Judged) -> _Place:
    where = judged.finding.primary.location
    return (where.path, where.side, where.line, where.patch_lineno)


def _origin(judged: Judged) -> tuple[object, ...]:
    """Where the way to a defect begins: the line of the first label that is not the defect itself, and the function."""
    first = next((label for label in judged.finding.labels if not label.primary), None)
    if first is None or judged.finding.function is None:
        return _place(judged)
    where = first.location
    return (where.path, where.side, where.line, where.patch_lineno, judged.finding.function)


def without_repeats(judged: Iterable[Judged], rules: Mapping[str, Rule]) -> list[Judged]:
    """The findings in their order; of a rule that tells a thing once, the first of each, with labels at the others."""
    kept = list(judged)
    groups: dict[tuple[str | None, ...], list[Judged]] = defaultdict(list)
    for one in kept:
        report = rules[one.finding.rule].report
        if one.verdict is Verdict.REPORTED and report in _WHERE:
            about = (one.finding.function, one.finding.key) if report == "once" else ()
            groups[report, one.finding.rule, one.finding.primary.location.path, *about].append(one)
    told: dict[int, Judged | None] = {}
    for (told_in, *_), group in groups.items():
        group.sort(key=lambda one: one.anchor.patch_lineno)
        told.update({id(one): None for one in group})
        told[id(group[0])] = _with_places(group[0], group[1:], _WHERE[str(told_in)])
    return [new for one in kept if (new := told.get(id(one), one)) is not None]


def _with_places(first: Judged, others: list[Judged], where: str) -> Judged:
    if not others:
        return first
    finding = first.finding
    more = f" (and {len(others)} more {where})"  # as MORE reads it
    labels = [replace(each, text=each.text + more) if each.primary else each for each in finding.labels]
    labels += [Label(one.finding.primary.location, AGAIN) for one in others[:_SHOWN]]
    return replace(first, finding=replace(finding, message=finding.message + more, labels=tuple(labels)))
