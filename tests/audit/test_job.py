"""What a change of the rules makes necessary: digests, and rules that depend on each other."""

from __future__ import annotations

import pytest

from linter.audit.job import Job, close, related_rules, rule_digests, set_digest
from linter.detect.registry import check_rule
from linter.record import replace
from linter.review.settings import Settings
from linter.rulebook.load import load_rulebook
from linter.rulebook.model import Confidence, Rulebook, Tables


@pytest.fixture(scope="module")
def rulebook() -> Rulebook:
    return load_rulebook(check=check_rule)


def changed(before: dict[str, str], after: dict[str, str]) -> set[str]:
    """Rules whose digests differ."""
    return {rule for rule in {*before, *after} if before.get(rule) != after.get(rule)}


def test_a_changed_rule_changes_its_digest_alone(rulebook: Rulebook) -> None:
    job = Job(Settings())
    before = rule_digests(rulebook, job)
    name = next(iter(before))
    rules = {**rulebook.rules, name: replace(rulebook.rules[name], help="Do something else.")}
    after = rule_digests(replace(rulebook, rules=rules), job)
    assert changed(before, after) == {name}
    assert set_digest(before) != set_digest(after)


def test_words_for_people_change_nothing_that_is_found(rulebook: Rulebook) -> None:
    job = Job(Settings())
    name = next(iter(rule_digests(rulebook, job)))
    rules = {**rulebook.rules, name: replace(rulebook.rules[name], rationale="Another reason.", citations=())}
    assert rule_digests(replace(rulebook, rules=rules), job) == rule_digests(rulebook, job)


def test_the_record_of_the_rules_is_no_part_of_them(rulebook: Rulebook) -> None:
    job = Job(Settings())
    before = rule_digests(rulebook, job)
    noted = Tables({**rulebook.tables.data, "record": {"rules": {"x": []}}})
    assert rule_digests(replace(rulebook, tables=noted), job) == before
    table = Tables({**rulebook.tables.data, "locks": {"families": []}})
    assert changed(before, rule_digests(replace(rulebook, tables=table), job)) == set(before)


def test_settings_that_change_findings_change_digests(rulebook: Rulebook) -> None:
    before = rule_digests(rulebook, Job(Settings()))
    assert changed(before, rule_digests(rulebook, Job(Settings(confidence=Confidence.LOW)))) == set(before)
    one = next(iter(before))
    assert rule_digests(rulebook, Job(Settings(only=frozenset({one})))) == {one: before[one]}


def test_related_rules_are_judged_together(rulebook: Rulebook) -> None:
    job = Job(Settings())
    names = [rule for rule, spec in rulebook.rules.items() if spec.engine == "match" and not spec.supersedes][:3]
    a, b, c = names
    rules = dict(rulebook.rules)
    rules[a] = replace(rules[a], supersedes=(b,))
    related = related_rules(replace(rulebook, rules=rules), job)
    assert related[a] >= {a, b} and related[b] >= {a, b} and c not in related[a]
    assert close(frozenset({b}), related) >= {a, b}
    assert c not in close(frozenset({b}), related)


def test_closing_follows_every_relation() -> None:
    one, two = {"a": frozenset({"b"})}, {"b": frozenset({"c"}), "x": frozenset({"y"})}
    assert close(frozenset({"a"}), one, two) == {"a", "b", "c"}
