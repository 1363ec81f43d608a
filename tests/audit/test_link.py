"""Versions, fates, remarks: what is known only from several messages."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from linter.audit.chains import OF_LATE, OF_TITLE
from linter.audit.remarks import is_bot
from linter.audit.rows import linked_ids, title_key
from linter.audit.schema import TABLES
from tests.audit.archive import mail, patch_body, series, write_mbox
from tests.audit.driver import audit
from tests.audit.test_run import ask


def run(tmp_path: Path, messages: list[bytes]) -> Path:
    """Audit messages into a new database."""
    db = tmp_path / "a.sqlite"
    audit(db, [str(write_mbox(tmp_path / "box", messages))])
    return db


VERSIONS = "SELECT version, link, chain = (SELECT min(series) FROM series) FROM series ORDER BY date, series"


def test_versions_by_title_and_author(tmp_path: Path) -> None:
    db = run(
        tmp_path, series("x", 1, 2, "a()", day=1) + series("x", 2, 2, "a()", day=5) + series("x", 3, 2, "b()", day=9)
    )
    assert ask(db, VERSIONS) == [(1, None, 1), (2, "titles", 1), (3, "titles", 1)]
    assert ask(db, "SELECT versions, version FROM versions") == [(3, 3)]


def test_versions_by_reply_though_the_title_changed(tmp_path: Path) -> None:
    first = mail("a", "[PATCH] net: do a thing", patch_body("net/a.c", ["\tx();"]))
    second = mail("b", "[PATCH v2] net: quite another name", patch_body("net/a.c", ["\ty();"]), day=4, parents=["a"])
    assert ask(run(tmp_path, [first, second]), VERSIONS) == [(1, None, 1), (2, "reply", 1)]


def test_versions_by_change_id_and_by_link(tmp_path: Path) -> None:
    body = patch_body("net/a.c", ["\tx();"])
    noted = body.replace("---\ndiff", "---\nchange-id: 20240301-thing-0123456789ab\ndiff")
    cited = body.replace("---\ndiff", "---\nv1: https://lore.kernel.org/r/c@example.org/\ndiff")
    messages = [
        mail("a", "[PATCH] net: first words here", noted),
        mail("b", "[PATCH v2] net: then named otherwise", noted, day=3),
        mail("c", "[PATCH] mm: thing to be cited", body.replace("net/a.c", "mm/a.c"), day=3),
        mail("d", "[PATCH v2] mm: under a new name", cited.replace("net/a.c", "mm/a.c"), day=4),
        mail("e", "[PATCH v2] fs: this one only depends on it", cited.replace("net/a.c", "fs/z.c"), day=5),
    ]
    assert ask(run(tmp_path, messages), "SELECT link FROM series ORDER BY series") == [
        (None,), ("change-id",), (None,), ("cited",), (None,),
    ]  # fmt: skip


def test_versions_by_the_title_of_the_cover_letter(tmp_path: Path) -> None:
    second = [one.replace(b"mend part", b"other words for part") for one in series("x", 2, 2, "a()", day=5)]
    db = run(tmp_path, series("x", 1, 2, "a()", day=1) + second)
    assert ask(db, VERSIONS) == [(1, None, 1), (2, "titles", 1)]


def test_parts_sent_unthreaded_one_after_the_other_are_one_series(tmp_path: Path) -> None:
    parts = [
        mail(f"p{index}", f"[PATCH {index}/2] net: mend part {index} here", patch_body(f"net/{index}.c", ["\tx();"]))
        for index in (1, 2)
    ]
    later = mail("p3", "[PATCH 2/2] net: another work of that day", patch_body("net/3.c", ["\tx();"]), day=2)
    assert ask(run(tmp_path, [*parts, later]), "SELECT seen, total FROM series ORDER BY series") == [(2, 2), (1, 2)]


@pytest.mark.parametrize(("lacking", "expected"), [("3", [(3, 3)]), ("2", [(2, 3), (1, 3)]), ("4", [(2, 3), (1, 3)])])
def test_parts_that_a_server_held_back_for_hours_complete_their_series(
    tmp_path: Path, lacking: str, expected: list[tuple[int, int]]
) -> None:
    parts = [
        mail(f"p{index}", f"[PATCH {index}/3] net: mend part {index} here", patch_body(f"net/{index}.c", ["\tx();"]))
        for index in ("1", "2", lacking)
    ]
    parts[2] = parts[2].replace(b"p" + lacking.encode() + b"@", b"late@").replace(b" 10:00:00 ", b" 15:00:00 ")
    parts[2] = parts[2].replace(b"It was", b"Once more, it was")
    assert ask(run(tmp_path, parts), "SELECT seen, total FROM series ORDER BY series") == expected


def test_the_same_files_under_quite_another_title_only_within_days(tmp_path: Path) -> None:
    one = mail("a", "[PATCH] net: first words here", patch_body("net/a.c", ["\tx();"]))
    soon = mail("b", "[PATCH v2] mm: named otherwise then", patch_body("net/a.c", ["\ty();"]), day=4)
    late = mail("c", "[PATCH v3] fs: once more renamed", patch_body("net/a.c", ["\tz();"]), day=28)
    assert [row[0] for row in ask(run(tmp_path, [one, soon, late]), "SELECT link FROM series ORDER BY date")] == [
        None, "files", None,
    ]  # fmt: skip


def test_versions_by_files_only_soon_after_and_by_the_same_author(tmp_path: Path) -> None:
    one = mail("a", "[PATCH] net: first words here", patch_body("net/a.c", ["\tx();"]))
    two = mail("b", "[PATCH v2] net: then named otherwise", patch_body("net/a.c", ["\ty();"]), day=8)
    else_ = mail(
        "c", "[PATCH v2] net: by somebody else", patch_body("net/a.c", ["\tz();"]), day=9, sender="B <b@x.org>"
    )
    late = mail("d", "[PATCH v2] net: much later on", patch_body("net/a.c", ["\tz();"]), day=9, month=12)
    assert [row[0] for row in ask(run(tmp_path, [one, two, else_, late]), "SELECT link FROM series ORDER BY date")] == [
        None, "files", None, None,
    ]  # fmt: skip


def one_patch(
    name: str, subject: str, path: str, *, day: int, sender: str = "Ann Author <ann@example.org>", month: int = 3
) -> bytes:
    """A patch to one file."""
    return mail(name, subject, patch_body(path, [f"\t{name}();"]), day=day, sender=sender, month=month)


def links(tmp_path: Path, messages: list[bytes]) -> list[tuple[str | None, str | None]]:
    """Title and previous title of every series, by date."""
    db = run(tmp_path, messages)
    return ask(db, "SELECT s.title, p.title FROM series s LEFT JOIN series p ON p.series = s.previous ORDER BY s.date")


RELAY = "Ann Author via B4 Relay <devnull+ann.example.org@kernel.org>"


@pytest.mark.parametrize(
    ("first", "second", "linked"),
    [
        (("[PATCH] net: do a thing", "net/a.c"), ("[PATCH v2] net: do a thing", "net/a.c", RELAY), True),
        (("[PATCH] net: do a thing", "net/a.c"), ("[PATCH v2] net: do a thing", "net/a.c", "Ben <b@x.org>"), True),
        (("[PATCH] net: do a thing", "net/a.c"), ("[PATCH v3] net: do a thing now", "net/a.c"), True),
        (("[PATCH] net: do a thing", "net/a.c"), ("[PATCH v3] net: other words here", "net/a.c"), False),
        (("[PATCH] net: do a thing", "net/Kconfig"), ("[PATCH v2] mm: give it up", "mm/a.c net/Kconfig"), False),
        (("[PATCH] foo: make remove return void", "a/f.c"), ("[PATCH v2] bar: make remove return int", "b.c"), False),
        (("[PATCHv2] net: do a thing", "net/a.c"), ("[PATCH v3] net: do quite a thing", "net/a.c"), True),
        (("[RFCv2] net: do a thing", "net/a.c"), ("[PATCH] net: do a thing", "net/a.c"), True),
        (("[RFC PATCH v3] net: do a thing", "net/a.c"), ("[PATCH] net: do a thing", "net/a.c"), True),
        (("[PATCH v2] net: do a thing", "net/a.c"), ("[PATCH] net: do a thing", "net/a.c"), False),
        (("[PATCH] net: do a thing", "net/a.c"), ("[PATCH AUTOSEL 6.1 1/1] net: do a thing", "net/a.c"), False),
        (("[PATCH] net: do a thing", "net/a.c"), ("[PATCH 6.1 1/1] net: do a thing", "net/a.c"), False),
    ],
)  # fmt: skip
def test_what_is_a_version_of_what(
    tmp_path: Path, first: tuple[str, ...], second: tuple[str, ...], linked: bool
) -> None:
    sender = second[2] if len(second) > 2 else "Ann Author <ann@example.org>"
    other = one_patch("b", second[0], second[1].split()[0], day=20, sender=sender)
    if " " in second[1]:
        more = patch_body(second[1].split()[1], ["\tmore();"]).partition("---\n")[2]
        other = other.replace(b"-- \n2.40.0\n", more.encode())
    (_, before), (_, after) = links(tmp_path, [one_patch("a", first[0], first[1], day=1), other])
    assert before is None and (after is not None) == linked


def test_a_part_that_somebody_else_sends_on_continues_it(tmp_path: Path) -> None:
    by_ben = "From: Ben Builder <ben@example.org>\n\n"
    first = [one.replace(b"\n\nIt was", f"\n\n{by_ben}It was".encode()) for one in series("x", 1, 3, "a()", day=1)]
    body = by_ben + patch_body("drivers/x/part2.c", ["\tkeep(2);"])
    second = mail("late", "[PATCH v2] x: mend part 2 of it", body, day=9, sender="Ben Builder <ben@example.org>")
    (_, after) = links(tmp_path, [*first, second])
    assert after == ("x: mend part 2 of it", "[PATCH 0/3] mend the x driver")


def test_a_part_sent_again_does_not_stand_between_two_versions(tmp_path: Path) -> None:
    again = (
        series("x", 1, 3, "a()", day=2)[2].replace(b"x-v1-2@", b"x-again@").replace(b"It was", b"Sent again. It was")
    )
    again = again.replace(b"<x-v1-0@", b"<else@")
    found = links(tmp_path, [*series("x", 1, 3, "a()", day=1), again, *series("x", 2, 3, "b()", day=5)])
    assert found == [
        ("[PATCH 0/3] mend the x driver", None),
        ("x: mend part 2 of it", "[PATCH 0/3] mend the x driver"),
        ("[PATCH v2 0/3] mend the x driver", "[PATCH 0/3] mend the x driver"),
    ]


def test_patches_of_one_posting_may_be_numbered_by_their_own_versions(tmp_path: Path) -> None:
    posted = series("x", 3, 3, "a()", day=1)
    posted[2] = posted[2].replace(b"[PATCH v3 2/3]", b"[PATCH v2 2/3]")
    later = one_patch("z", "[PATCH v2 2/3] x: of another day", "z/z.c", day=2)
    db = run(tmp_path, [*posted, later])
    assert ask(db, "SELECT version, seen, total FROM series ORDER BY series") == [(3, 3, 3), (2, 1, 3)]


def test_equal_titles_of_different_people_are_different_works(tmp_path: Path) -> None:
    one = mail("a", "[PATCH] net: fix the typo", patch_body("net/a.c", ["\tx();"]))
    two = mail("b", "[PATCH] net: fix the typo", patch_body("net/b.c", ["\ty();"]), day=8, sender="B <b@x.org>")
    assert [row[0] for row in ask(run(tmp_path, [one, two]), "SELECT link FROM series")] == [None, None]


def test_fates_of_findings(tmp_path: Path) -> None:
    stays = series("stays", 1, 1, "kmalloc(1)", day=1) + series("stays", 2, 1, "kmalloc(1)", day=2)
    stays += series("stays", 3, 1, "kmalloc(1)", day=3)
    mended = series("mended", 1, 1, "strcpy(a)", day=1) + series("mended", 2, 1, "strlcat(a)", day=2)
    gone = series("gone", 1, 2, "kmalloc(1)", day=1) + series("gone", 2, 2, "kmalloc(1)", day=2)
    gone = [one.replace(b"part1", b"moved") if b"gone-v2-1@" in one else one for one in gone]
    db = run(tmp_path, stays + mended + gone)
    found = ask(db, "SELECT path, version, fate, since, fixed_in FROM judged_findings ORDER BY path, version")
    assert found == [
        ("drivers/gone/moved.c", 2, "last", 2, None),
        ("drivers/gone/part1.c", 1, "dropped", 1, None),
        ("drivers/mended/part1.c", 1, "fixed", 1, 2),
        ("drivers/stays/part1.c", 1, "persists", 1, None),
        ("drivers/stays/part1.c", 2, "persists", 1, None),
        ("drivers/stays/part1.c", 3, "last", 1, None),
    ]
    assert ask(db, "SELECT path, fixed_in FROM vanished") == [("drivers/mended/part1.c", 2)]
    assert len(ask(db, "SELECT * FROM persisting")) == 2


def reply(
    name: str, to: str, body: str, remarks: dict[str, str], *, sender: str, parents: list[str], day: int
) -> bytes:
    """A reply that quotes a patch and remarks below some of its lines."""
    lines = []
    for line in body.split("\n"):
        lines.append(f"> {line}")
        for mark, text in remarks.items():
            if mark in line:
                lines += ["", text, ""]
    text = f"On Fri, 1 Mar 2024, Ann Author <ann@example.org> wrote:\n{chr(10).join(lines)}\n"
    return mail(name, f"Re: {to}", text, sender=sender, parents=parents, day=day)


def reviewed(tmp_path: Path) -> Path:
    """A patch, its review by a person, the author's answer, and its second version."""
    first = patch_body("net/a.c", ["\tp = kmalloc(8);", "\tq = other();", "\tr = third();"])
    second = patch_body("net/a.c", ["\tp = kmalloc(8);", "\tq = better();"])
    rev = "Rita Reviewer <rita@example.org>"
    asked = {"kmalloc": "Why this size?", "other": "Call better() here, please."}
    return run(tmp_path, [
        mail("a", "[PATCH] net: mend it well", first),
        reply("r", "[PATCH] net: mend it well", first, asked, sender=rev, parents=["a"], day=2),
        reply("s", "[PATCH] net: mend it well", first, {"third": "I will drop it."},
              sender="Ann Author <ann@example.org>", parents=["a", "r"], day=2),
        mail("b", "[PATCH v2] net: mend it well", second, day=3),
    ])  # fmt: skip


def test_a_reply_is_a_review_and_no_patch(tmp_path: Path) -> None:
    db = reviewed(tmp_path)
    assert ask(db, "SELECT outcome FROM messages") == [("judged",), ("review",), ("review",), ("judged",)]
    assert ask(db, "SELECT count(*) FROM patches") == [(2,)]


def test_remarks_know_their_line_patch_and_writer(tmp_path: Path) -> None:
    found = ask(reviewed(tmp_path), "SELECT path, line, line_text, text, by, patch FROM remarks ORDER BY message, n")
    assert found == [
        ("net/a.c", 12, "\tp = kmalloc(8);", "Why this size?", "reviewer", 1000),
        ("net/a.c", 13, "\tq = other();", "Call better() here, please.", "reviewer", 1000),
        ("net/a.c", 14, "\tr = third();", "I will drop it.", "author", 1000),
    ]


@pytest.mark.parametrize(
    ("said", "counts"),
    [
        ("Reviewed-by: Rita Reviewer <rita@example.org>", False),
        ("Acked-by: Rita Reviewer <rita@example.org>\nTested-by: Rita Reviewer <rita@example.org>\n\nRita", False),
        ("Thanks,\nRita", False),
        ("This leaks. With that mended:\n\nReviewed-by: Rita Reviewer <rita@example.org>", True),
        ("Reviewed-by: is missing here, and please say why it is needed at all.\n\nIt leaks.\nIt hangs.\nMend", True),
    ],
)
def test_an_approval_is_no_remark(tmp_path: Path, said: str, counts: bool) -> None:
    body = patch_body("net/a.c", ["\tp = kmalloc(8);", "\tq = other();"])
    rev = "Rita Reviewer <rita@example.org>"
    messages = [
        mail("a", "[PATCH] net: mend it well", body),
        reply("r", "[PATCH] net: mend it well", body, {"other": said}, sender=rev, parents=["a"], day=2),
    ]
    assert ask(run(tmp_path, messages), "SELECT count(*) FROM remarks") == [(int(counts),)]


def test_a_line_is_found_again_in_the_patch_though_its_quotation_was_trimmed(tmp_path: Path) -> None:
    body = patch_body("net/a.c", [f"\tq{n} = other({n});" for n in range(9)])
    trimmed = "\n".join(line for line in body.split("\n") if not any(f"q{n} " in line for n in (1, 2, 3)))
    messages = [
        mail("a", "[PATCH] net: mend it well", body),
        reply(
            "r", "[PATCH] net: mend it well", trimmed, {"q6": "Why?"}, sender="R <r@example.org>", parents=["a"], day=2
        ),
    ]
    db = run(tmp_path, messages)
    assert ask(db, "SELECT path, line, patch FROM remarks WHERE quoted_line IS NOT 18") == [("net/a.c", 18, 1000)]


def test_a_remark_on_a_line_left_as_it_was_is_unaddressed(tmp_path: Path) -> None:
    db = reviewed(tmp_path)
    assert ask(db, "SELECT addressed FROM remarks ORDER BY message, n") == [("unchanged",), ("changed",), ("changed",)]
    assert ask(db, "SELECT line_text, reviewer FROM unaddressed") == [("\tp = kmalloc(8);", "Rita Reviewer")]


def test_a_finding_near_a_remark_agrees(tmp_path: Path) -> None:
    db = reviewed(tmp_path)
    assert ask(db, "SELECT version, agreed FROM judged_findings ORDER BY version") == [(1, 1), (2, 0)]
    assert ask(db, "SELECT rule, on_reviewed_patches, agreed FROM agreement") == [("word-kmalloc", 1, 1)]


def test_a_patch_known_from_quotations_counts_once(tmp_path: Path) -> None:
    body = patch_body("net/a.c", ["\tp = kmalloc(8);", "\tq = other();", "\tr = third();"])
    rev = "Rita Reviewer <rita@example.org>"
    messages = [
        reply(name, "[PATCH] net: mend it", body, {"kmalloc": "Why?"}, sender=rev, parents=["absent"], day=day)
        for day, name in enumerate(("r", "s"), 2)
    ]
    db = run(tmp_path, messages)
    assert ask(db, "SELECT quoted, count(*) FROM judged_findings") == [(1, 1)]
    late = write_mbox(tmp_path / "late", [mail("absent", "[PATCH] net: mend it", body)])
    audit(db, [str(late)])
    assert ask(db, "SELECT quoted, count(*) FROM judged_findings") == [(0, 1)], "the patch itself has come"


@pytest.mark.parametrize(
    ("address", "name", "bot"),
    [
        ("lkp@intel.com", "kernel test robot", True),
        ("syzbot+abc@syzkaller.appspotmail.com", "", True),
        ("ann@example.org", "Ann Abbott", False),
        ("robert@example.org", "Robert", False),
        ("noreply@example.org", "Patch tracker", True),
    ],
)
def test_bots_are_no_reviewers(address: str, name: str, bot: bool) -> None:
    assert is_bot(address, name) is bot


def test_links_and_titles() -> None:
    text = b"v1: https://lore.kernel.org/linux-x/2024.1-1-a@b.org/#t and https://patch.msgid.link/c@d.org."
    assert linked_ids(text) == ["2024.1-1-a@b.org", "c@d.org"]
    assert title_key("net: Fix `foo()` leak.") == "net fix foo leak"


@pytest.mark.parametrize(
    ("statement", "wanted"),
    [(OF_TITLE, ["series_title (title_key=? AND date<?)"]), (OF_LATE, ["date>? AND date<?)", "date>? AND date<?)"])],
)
def test_earlier_series_are_found_by_title_or_by_span_however_much_one_person_sent(
    statement: str, wanted: list[str]
) -> None:
    db = sqlite3.connect(":memory:")
    db.executescript(TABLES)
    names = ("key", "date", "address", "author", "version", "day", "rfc")
    plan = [row[3] for row in db.execute(f"EXPLAIN QUERY PLAN {statement}", dict.fromkeys(names, 1))]
    found = [line for line in plan if line.startswith("SEARCH s ")]
    assert len(found) == len(wanted)
    assert all(line.endswith(tail) for line, tail in zip(found, wanted, strict=True)), plan
