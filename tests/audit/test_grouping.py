"""Which messages wait for each other, and for how long."""

from __future__ import annotations

from pathlib import Path

import pytest

from linter.audit import grouping
from linter.audit.grouping import Grouping
from linter.audit.headers import Peek, numbering, peek
from linter.audit.run import Stopped
from linter.audit.sources import MboxFile
from tests.audit.archive import mail, many, series, write_mbox
from tests.audit.driver import audit, dump


def seen(name: str | None, index: int | None, total: int | None, *parents: str, version: int = 1) -> Peek:
    """A patch as the scan sees it."""
    return Peek(name, parents, False, version, index, total, True, b"", b"")


def test_a_complete_series_is_closed_at_once() -> None:
    groups = Grouping()
    assert groups.add(1, seen("c", 0, 2)) == (1, [])
    assert groups.add(2, seen("p2", 2, 2, "c")) == (1, [])
    assert groups.add(3, seen("talk", None, None)) == (3, [])
    task, closed = groups.add(4, seen("p1", 1, 2, "c"))
    assert task == 1
    assert [group.members for group in closed] == [[1, 2, 4]]
    assert not groups.open


def test_patches_that_come_before_their_cover_letter_join_it() -> None:
    groups = Grouping()
    assert [groups.add(n, one)[0] for n, one in enumerate((seen("p1", 1, 3, "c"), seen("c", 0, 3)), 1)] == [1, 1]


def test_another_version_in_the_same_thread_is_another_series() -> None:
    groups = Grouping()
    groups.add(1, seen("c", 0, 3))
    assert groups.add(2, seen("c2", 0, 3, "c", version=2))[0] == 2
    assert groups.add(3, seen("p", 1, 3, "c2", version=2))[0] == 2


def test_the_same_number_again_begins_anew() -> None:
    groups = Grouping()
    groups.add(1, seen("p1", 1, 3, "c"))
    task, closed = groups.add(2, seen("q1", 1, 3, "c"))
    assert task == 2
    assert [group.task for group in closed] == [1]


def test_a_series_does_not_wait_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grouping, "WINDOW", 10)
    groups = Grouping()
    groups.add(1, seen("p1", 1, 3, "c"))
    assert not any(groups.add(n, seen(f"t{n}", None, None))[1] for n in range(2, 12))
    assert [group.task for group in groups.add(12, seen("late", None, None))[1]] == [1]


def test_a_long_series_is_judged_in_stretches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grouping, "MAX_MEMBERS", 4)
    groups = Grouping()
    assert [groups.add(n, seen(f"p{n}", n, 9, "c"))[0] for n in range(1, 10)] == [1, 1, 1, 1, 5, 5, 5, 5, 9]


def test_without_ids_only_neighbours_belong_together() -> None:
    groups = Grouping()
    numbers = ((1, 3), (2, 3), (5, 7), (6, 7), (3, 3))
    assert [groups.add(n, seen(None, *one))[0] for n, one in enumerate(numbers, 1)] == [1, 1, 3, 3, 5]
    assert list(groups.open) == [5], "what has another neighbour waits no longer"


def test_what_waits_is_put_back_as_it_was() -> None:
    before, after = Grouping(), Grouping()
    first = [(1, seen("c", 0, 3)), (2, seen("p1", 1, 3, "c"))]
    for number, one in first:
        before.add(number, one)
    after.restore(1, first)
    assert before.add(3, seen("p3", 3, 3, "c"))[0] == after.add(3, seen("p3", 3, 3, "c"))[0] == 1
    assert [g.members for g in before.add(4, seen("p2", 2, 3, "c"))[1]] == [
        g.members for g in after.add(4, seen("p2", 2, 3, "c"))[1]
    ]


class Cut(MboxFile):
    """An mbox whose reading is stopped after some messages."""

    def __init__(self, path: str, after: int) -> None:
        super().__init__(path)
        self.after = after

    def entries(self, position: str):  # type: ignore[no-untyped-def]  # as the base class has it
        for count, entry in enumerate(super().entries(position)):
            if count == self.after:
                raise Stopped
            yield entry


@pytest.mark.parametrize("after", [1, 2, 5, 9])
def test_stopped_inside_a_series_it_goes_on_inside_it(tmp_path: Path, after: int) -> None:
    mixed = [one for pair in zip(series("x", 1, 5, "kmalloc(1)", day=1), many(3), strict=False) for one in pair]
    box = write_mbox(tmp_path / "box", [*mixed, *series("y", 1, 3, "strcpy(a)", day=2)])
    undisturbed, stopped = tmp_path / "a.sqlite", tmp_path / "b.sqlite"
    audit(undisturbed, [str(box)])
    audit(stopped, [str(box)], sources=[Cut(str(box), after)])
    audit(stopped, [str(box)])
    assert dump(stopped) == dump(undisturbed)


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        ("[PATCH v3 02/16] net: x", (3, 2, 16)),
        ("[PATCH 1/2 v4] net: x", (4, 1, 2)),
        ("[RFC][PATCH 0/3] x", (1, 0, 3)),
        ("net: fix 1/2 of it", (1, None, None)),
        ("[PATCH] v2 of x", (1, None, None)),
    ],
)
def test_numbers_in_subjects(subject: str, expected: tuple[int, int | None, int | None]) -> None:
    assert numbering(subject) == expected


def test_what_the_scan_sees_of_a_message() -> None:
    raw = mail("b", "Re: [PATCH 1/2] x", "> diff --git a/x b/x\n", parents=["root", "a"])
    found = peek(raw)
    assert (found.message_id, found.parents) == ("b@example.org", ("a@example.org", "root@example.org"))
    assert (found.reply, found.numbered, found.has_patch) == (True, False, True)
    encoded = raw.replace(b"Re: [PATCH 1/2] x", b"=?utf-8?q?=5BPATCH_1=2F2=5D_=C3=BC?=")
    assert (peek(encoded).index, peek(encoded).numbered) == (1, True)
    folded = raw.replace(b"Re: [PATCH 1/2] x", b"[PATCH\n 7/9] x")
    assert peek(folded).index == 7
    assert peek(b"").message_id is None
    assert peek(b"\0\xff" * 100).has_patch is False
