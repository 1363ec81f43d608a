"""Suppressions with a reason, and the baseline file."""

from __future__ import annotations

import datetime
import json
from pathlib import Path

import pytest

from linter.errors import ConfigError
from linter.patch.model import Message, Person, Side
from linter.review.suppress import Decisions, Suppression, from_config, in_mail, in_reply, read_baseline, write_baseline
from linter.rulebook.model import Rulebook, Tables
from tests.review.build import make_file, make_finding, make_image, make_patch

FILE = make_file("+return 1;")
FINDING = make_finding(make_image(FILE, Side.POST), "return")
BOOK = Rulebook({"a-rule": None}, Tables({}), "d")  # type: ignore[dict-item]  # only names are looked at


def decide(*suppressions: Suppression, notes: bytes = b"", today: datetime.date | None = None) -> str | None:
    decisions = Decisions(list(suppressions), set(), today)
    found = decisions.verdict(FINDING, "drivers/a.c", "f00", make_patch(FILE, notes=notes))
    return found.reason if found else None


def test_in_the_mail_with_a_reason() -> None:
    assert decide(notes=b"hunklint: ignore[a-rule, other] the caller frees it\n") == "the caller frees it"
    assert decide(notes=b"hunklint: ignore[other] the caller frees it\n") is None


def test_without_a_reason_it_does_not_count() -> None:
    assert in_mail(make_patch(FILE, notes=b"hunklint: ignore[a-rule]   \n")) == []


def test_by_path_function_and_fingerprint() -> None:
    assert decide(Suppression("a-rule", "why", "x", path="drivers/*")) == "why"
    assert decide(Suppression("a-rule", "why", "x", path="net/*")) is None
    assert decide(Suppression("*", "why", "x", function="f")) == "why"
    assert decide(Suppression("*", "why", "x", function="g")) is None
    assert decide(Suppression("*", "why", "x", fingerprint="f00")) == "why"
    assert decide(Suppression("*", "why", "x", fingerprint="f01")) is None


def test_expiry() -> None:
    until = Suppression("a-rule", "why", "x", until=datetime.date(2026, 1, 31))
    assert decide(until, today=datetime.date(2026, 1, 31)) == "why"
    assert decide(until, today=datetime.date(2026, 2, 1)) is None
    decisions = Decisions([until], set(), datetime.date(2026, 2, 1))
    assert [why for _, why in decisions.stale()] == ["its date, 2026-01-31, has passed"]


def test_what_does_nothing_in_a_mail_is_noted() -> None:
    notes = b"".join(
        b"hunklint: ignore[%s\n" % words
        for words in (b"a-rule] why", b"b-rule] why", b"c-rule]", b"nope] why", b"off] why", b"*] why")
    )
    patch = make_patch(FILE, notes=notes)
    decisions = Decisions([], set())
    assert decisions.verdict(FINDING, "drivers/a.c", "f00", patch) is not None
    known = {"a-rule", "b-rule", "c-rule", "off"}
    decisions.close(patch, known - {"off"}, known)
    assert [(decision.rule, why) for decision, why in decisions.idle] == [
        ("b-rule", "it met no finding"),
        ("c-rule", "it gives no reason, and does not count without one"),
        ("nope", "there is no such rule"),
        ("*", "it met no finding"),
    ]
    assert all(decision.source.startswith("in ") for decision, _ in decisions.idle)


def test_a_reply_to_a_patch_of_this_run_can_be_stale() -> None:
    patch = make_patch(FILE)
    assert patch.message_id is not None
    here = Suppression("other", "why", "reply by Ann", message_id=patch.message_id)
    elsewhere = Suppression("other", "why", "reply by Ann", message_id="somewhere@else")
    decisions = Decisions([here, elsewhere], set())
    decisions.close(patch, {"other"}, {"other"})
    assert decisions.stale() == [(here, "it met no finding")]


def test_reply_trailer_is_about_the_answered_mail_only() -> None:
    body = b"> +return 1;\nFine.\n\nhunklint: a-rule false-positive freed by the core\n"
    reply = Message("r@x", "m@x", (), "Re: x", Person("Ann", "a@x"), None, (), body, "t", ())
    (found,) = in_reply(reply)
    assert (found.rule, found.reason, found.message_id) == ("a-rule", "freed by the core", "m@x")
    assert found.covers(FINDING, None, "", "m@x")
    assert not found.covers(FINDING, None, "", "n@x")


@pytest.mark.parametrize(
    ("entry", "word"),
    [
        ({"rule": "a-rule"}, "reason"),
        ({"rule": "nope", "reason": "x"}, "names no rule"),
        ({"rule": "a-rule", "reason": "x", "until": "2027"}, "until"),
        ({"rule": "a-rule", "reason": "x", "file": "y"}, "unknown key"),
    ],
)
def test_bad_entries_are_told(entry: dict[str, object], word: str) -> None:
    with pytest.raises(ConfigError, match=word):
        from_config([entry], ".hunklint.toml", BOOK)


def test_baseline_round_trip(tmp_path: Path) -> None:
    place = tmp_path / "base.json"
    assert (
        write_baseline(place, [("b", "r", None, "f", "m"), ("a", "r", "p", None, "m"), ("a", "r", "p", None, "m")]) == 2
    )
    assert read_baseline(place) == {"a", "b"}
    assert [row["fingerprint"] for row in json.loads(place.read_text())["findings"]] == ["a", "b"]


@pytest.mark.parametrize("text", ["", "[]", '{"format": 99, "findings": []}', '{"format": 1}'])
def test_a_bad_baseline_is_an_error(tmp_path: Path, text: str) -> None:
    place = tmp_path / "base.json"
    place.write_text(text)
    with pytest.raises(ConfigError):
        read_baseline(place)
