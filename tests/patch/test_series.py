"""Series: which patches belong together, and which never do."""

from __future__ import annotations

from linter.patch.intake import parse_message
from linter.patch.model import Message, Series
from linter.patch.series import group_series

from .mails import DIFF


def mail(
    subject: str, *, ident: str = "", parent: str = "", sender: str = "ann", source: str = "test", diff: bytes = DIFF
) -> Message:
    head = f"From: {sender} <{sender}@example.org>\nSubject: {subject}\n"
    head += f"Message-ID: <{ident}>\n" if ident else ""
    head += f"In-Reply-To: <{parent}>\nReferences: <{parent}>\n" if parent else ""
    return parse_message(head.encode() + b"\nText.\n---\n" + diff, source)


def cover(subject: str, ident: str = "") -> Message:
    return mail(subject, ident=ident, diff=b"")


def shape(series: list[Series]) -> list[list[int | None]]:
    return [[patch.index for patch in one.patches] for one in series]


def test_thread_in_any_order() -> None:
    messages = [
        cover("[PATCH 0/3] x", "c@x"),
        mail("[PATCH 3/3] x", ident="3@x", parent="c@x"),
        mail("[PATCH] other", ident="o@x"),
        mail("[PATCH 1/3] x", ident="1@x", parent="c@x"),
        mail("Re: [PATCH 1/3] x", ident="r@x", parent="1@x"),
        mail("[PATCH 2/3] x", ident="2@x", parent="c@x"),
    ]
    seen: list[Message] = []
    series = list(group_series(messages, seen.append))
    assert seen == messages
    assert shape(series) == [[None], [1], [1, 2, 3]]
    assert series[2].cover is messages[0]


def test_deep_threading_without_references() -> None:
    first = mail("[PATCH 1/2] x", ident="1@x")
    second = mail("[PATCH 2/2] x", ident="2@x", parent="1@x")
    assert shape(list(group_series([first, second]))) == [[1, 2]]


def test_versions_and_senders_do_not_mix() -> None:
    messages = [
        mail("[PATCH 1/2] x", ident="1@x", parent="c@x"),
        mail("[PATCH v2 2/2] x", ident="2@x", parent="c@x"),
        mail("[PATCH 2/2] x", ident="3@x", parent="c@x", sender="bob"),
    ]
    assert sorted(shape(list(group_series(messages)))) == [[1], [2], [2]]


def test_a_number_twice_starts_a_new_series() -> None:
    messages = [mail("[PATCH 1/2] x", ident=f"{i}@x", parent="c@x") for i in range(2)]
    assert shape(list(group_series(messages))) == [[1], [1]]


def test_without_ids_only_neighbours_belong_together() -> None:
    together = [mail("[PATCH 1/2] x"), mail("[PATCH 2/2] x")]
    apart = [mail("[PATCH 1/2] x"), mail("[PATCH] y"), mail("[PATCH 2/2] x")]
    foreign = [mail("[PATCH 1/2] x"), mail("[PATCH 2/2] x", sender="bob")]
    assert shape(list(group_series(together))) == [[1, 2]]
    assert sorted(shape(list(group_series(apart))), key=str) == [[1], [2], [None]]
    assert shape(list(group_series(foreign))) == [[1], [2]]


def test_numbered_files_of_several_authors() -> None:
    messages = [
        mail("[PATCH 1/2] x", source="out/0001-x.patch"),
        mail("[PATCH 2/2] y", source="out/0002-y.patch", sender="bob"),
    ]
    assert shape(list(group_series(messages))) == [[1, 2]]


def test_window_bounds_what_is_held() -> None:
    start = mail("[PATCH 1/2] x", ident="1@x", parent="c@x")
    noise = [mail(f"[PATCH] y{i}", ident=f"y{i}@x") for i in range(40)]
    late = mail("[PATCH 2/2] x", ident="2@x", parent="c@x")
    series = list(group_series([start, *noise, late], window=8))
    assert [1] in shape(series) and [2] in shape(series)
    assert len(series) == 42
