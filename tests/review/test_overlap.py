"""A finding falls away beside one that says more about the same line, and only there; a habit is told once a file."""

from __future__ import annotations

from linter.detect.model import Finding, Label
from linter.patch.model import Location, Side
from linter.record import replace
from linter.review.model import Judged, Verdict
from linter.review.overlap import without_repeats, without_superseded
from linter.rulebook.model import Confidence, Rule, Severity, Status


def rule(id: str, *supersedes: str) -> Rule:
    plain = Rule(id, id, "error", Severity.ERROR, Confidence.HIGH, Status.STABLE, "0.1.0", "", "", "toy", {})
    return replace(plain, supersedes=supersedes)


RULES = {"more": rule("more", "less"), "less": rule("less"), "other": rule("other")}


def judged(id: str, line: int, verdict: Verdict = Verdict.REPORTED) -> Judged:
    place = Location("a.c", Side.POST, line, 1, line + 10)
    finding = Finding(id, "error", Severity.ERROR, Confidence.HIGH, "m", "h", (Label(place, "here", primary=True),))
    return Judged(finding, verdict, place, "")


def left(*given: Judged) -> list[tuple[str, int | None]]:
    return [(one.finding.rule, one.finding.primary.location.line) for one in without_superseded(given, RULES)]


def test_the_same_line() -> None:
    assert left(judged("less", 3), judged("more", 3), judged("other", 3)) == [("more", 3), ("other", 3)]


def test_another_line() -> None:
    assert left(judged("less", 3), judged("more", 4)) == [("less", 3), ("more", 4)]


def test_a_hidden_finding_supersedes_nothing() -> None:
    for verdict in (Verdict.SUPPRESSED, Verdict.BELOW_THRESHOLD, Verdict.PREEXISTING, Verdict.BASELINED):
        assert left(judged("less", 3), judged("more", 3, verdict)) == [("less", 3), ("more", 3)]


def begins(one: Judged, line: int, function: str | None = "foo") -> Judged:
    """The finding with a label in front: where the way to it begins."""
    first = Label(Location("a.c", Side.POST, line, 1, line + 10), "acquired here")
    return replace(one, finding=replace(one.finding, labels=(first, *one.finding.labels), function=function))


def test_the_same_beginning() -> None:
    less, more = begins(judged("less", 9), 3), begins(judged("more", 8), 3)
    assert left(less, more) == [("more", 8)]
    assert left(begins(judged("less", 9), 4), more) == [("less", 9), ("more", 8)]
    assert left(begins(judged("less", 9), 3, "bar"), more) == [("less", 9), ("more", 8)]
    assert left(begins(judged("less", 9), 3, None), begins(judged("more", 8), 3, None)) == [("less", 9), ("more", 8)]


def test_alone() -> None:
    assert left(judged("less", 3)) == [("less", 3)]
    assert left() == []


def repeats(*given: Judged) -> list[tuple[int | None, str, list[int | None]]]:
    """Line, message and lines of all labels of what is left."""
    rules = {**RULES, "less": replace(RULES["less"], report="first")}
    return [
        (one.anchor.line, one.finding.message, [label.location.line for label in one.finding.labels])
        for one in without_repeats(given, rules)
    ]


def test_a_habit_is_told_once_a_file() -> None:
    more = "m (and 4 more in this file)"
    assert repeats(*(judged("less", line) for line in (9, 4, 5, 6, 7))) == [(4, more, [4, 5, 6, 7])]


def test_another_file_tells_it_again() -> None:
    place = Location("b.c", Side.POST, 4, 1, 50)
    other = judged("less", 4)
    other = replace(other, finding=replace(other.finding, labels=(Label(place, "here", primary=True),)), anchor=place)
    assert repeats(judged("less", 3), other) == [(3, "m", [3]), (4, "m", [4])]


def test_what_is_hidden_does_not_count() -> None:
    assert repeats(judged("less", 3, Verdict.SUPPRESSED), judged("less", 4)) == [(3, "m", [3]), (4, "m", [4])]


def test_a_rule_that_tells_all() -> None:
    assert repeats(judged("other", 3), judged("other", 4)) == [(3, "m", [3]), (4, "m", [4])]


def test_what_several_exits_forget() -> None:
    rules = {**RULES, "less": replace(RULES["less"], report="once")}

    def about(line: int, function: str, key: str) -> Judged:
        one = judged("less", line)
        return replace(one, finding=replace(one.finding, function=function, key=key))

    given = [about(3, "f", "a"), about(4, "f", "b"), about(5, "f", "a"), about(6, "g", "a")]
    found = [(one.anchor.line, one.finding.message) for one in without_repeats(given, rules)]
    assert found == [(3, "m (and 1 more in this function)"), (4, "m"), (6, "m")]
