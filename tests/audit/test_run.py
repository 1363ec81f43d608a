"""The run as a whole: each message once, series together, killed and continued, bad messages told."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from linter.audit.pool import Limits
from linter.errors import UsageError
from tests.audit.archive import mail, many, patch_body, series, write_mbox
from tests.audit.driver import audit, dump
from tests.audit.standin import StandinJob


def ask(db: Path, sql: str, *values: Any) -> list[tuple[Any, ...]]:
    """Rows of a query."""
    connection = sqlite3.connect(db)
    try:
        return connection.execute(sql, values).fetchall()
    finally:
        connection.close()


def test_findings_and_patches_are_kept(tmp_path: Path) -> None:
    body = patch_body("drivers/net/a.c", ["\tp = kmalloc(8);", "\tstrcpy(a, b);"])
    box = write_mbox(tmp_path / "box", [mail("a", "[PATCH v2] net: mend a", body), mail("b", "hello", "hi\n")])
    db = tmp_path / "a.sqlite"
    tally = audit(db, [str(box)])
    assert (tally.messages, tally.patches, tally.findings) == (2, 1, 2)
    (row,) = ask(db, "SELECT message_id, title, version, month, subsystem, added, address FROM patches")
    assert row == ("a@example.org", "net: mend a", 2, "2024-03", "drivers/net", 2, "ann@example.org")
    found = ask(db, "SELECT rule, path, line, text, fate FROM judged_findings ORDER BY rule")
    assert found == [
        ("word-kmalloc", "drivers/net/a.c", 12, "+\tp = kmalloc(8);", "last"),
        ("word-strcpy", "drivers/net/a.c", 13, "+\tstrcpy(a, b);", "last"),
    ]
    assert ask(db, "SELECT outcome FROM messages") == [("judged",), ("discussion",)]


def test_a_message_counts_once(tmp_path: Path) -> None:
    body = patch_body("a/b.c", ["\tp = kmalloc(8);"])
    first = mail("a", "[PATCH] mend", body)
    other_list = first + b"_______\nlist footer\n"
    without_id = mail(None, "[PATCH] no id", body)
    sent_again = mail("other", "[PATCH] mend", body)
    box = write_mbox(tmp_path / "box", [first, other_list, without_id, without_id, sent_again])
    db = tmp_path / "a.sqlite"
    assert audit(db, [str(box)]).copies == 3
    assert ask(db, "SELECT copy_of FROM messages ORDER BY message") == [(None,), (1,), (None,), (3,), (1,)]
    assert ask(db, "SELECT count(*) FROM findings") == [(2,)]
    by_id = tmp_path / "b.sqlite"
    assert audit(by_id, [str(box)], by_content=False).copies == 2


def test_the_same_command_twice_judges_nothing_twice(tmp_path: Path) -> None:
    box = write_mbox(tmp_path / "box", many(20))
    db = tmp_path / "a.sqlite"
    audit(db, [str(box)])
    before = dump(db)
    again = audit(db, [str(box)])
    assert (again.messages, again.patches) == (0, 0)
    assert dump(db) == before


def test_an_archive_that_grew_is_continued(tmp_path: Path) -> None:
    messages = many(24)
    box = write_mbox(tmp_path / "box", messages[:15])
    db = tmp_path / "a.sqlite"
    audit(db, [str(box)])
    write_mbox(box, messages)
    assert audit(db, [str(box)]).messages == len(messages) - 15
    assert ask(db, "SELECT count(*) FROM messages") == [(len(messages),)]


def test_another_archive_at_the_same_place_is_refused(tmp_path: Path) -> None:
    box = write_mbox(tmp_path / "box", [mail("a", "one", "x\n")])
    audit(tmp_path / "a.sqlite", [str(box)])
    write_mbox(box, [mail("b", "two", "y\n")])
    with pytest.raises(UsageError, match="not the archive"):
        audit(tmp_path / "a.sqlite", [str(box)])


def test_patches_of_a_series_are_judged_together_though_others_come_between(tmp_path: Path) -> None:
    ours, theirs = series("ours", 1, 3, "x()", day=2), series("theirs", 1, 2, "y()", day=2, author="ben")
    mixed = [ours[0], theirs[0], ours[2], ours[1], theirs[1], mail("t", "talk", "x\n"), theirs[2], ours[3]]
    db = tmp_path / "a.sqlite"
    audit(db, [str(write_mbox(tmp_path / "box", mixed))])
    assert ask(db, "SELECT task, count(*) FROM messages GROUP BY task ORDER BY task") == [(1, 4), (2, 3), (6, 1)]
    assert ask(db, "SELECT title, total, seen FROM series ORDER BY series") == [
        ("[PATCH 0/3] mend the ours driver", 3, 3),
        ("[PATCH 0/2] mend the theirs driver", 2, 2),
    ]


def test_bad_messages_are_told_and_stop_nothing(tmp_path: Path) -> None:
    body = patch_body("a/b.c", ["\tp = kmalloc(8);"])
    messages = [
        mail(word, f"[PATCH] {word}", body.replace("It was", word)) for word in ("CRASH-ME", "HANG-ME", "EAT-ME")
    ]
    messages[1:1] = [mail("good", "[PATCH] good", body)]
    bad_series = series("bad", 1, 3, "kmalloc(1)", day=3)
    bad_series[2] = bad_series[2].replace(b"It was wrong", b"CRASH-ME")
    db = tmp_path / "a.sqlite"
    audit(db, [str(write_mbox(tmp_path / "box", messages + bad_series))], limits=Limits(1.0, 1024))
    told = ask(db, "SELECT m.message_id, s.reason FROM skipped s JOIN messages m USING (message) ORDER BY message")
    assert told == [
        ("CRASH-ME@example.org", "crashed: SIGSEGV"),
        ("HANG-ME@example.org", "hung: more than 1 s of CPU time"),
        ("EAT-ME@example.org", "out of memory"),
        ("bad-v1-2@example.org", "crashed: SIGSEGV"),
    ]
    assert ask(db, "SELECT message_id FROM patches ORDER BY patch") == [
        ("good@example.org",),
        ("bad-v1-1@example.org",),
        ("bad-v1-3@example.org",),
    ]


def start(db: Path, box: Path, pause: float = 0.004) -> subprocess.Popen[bytes]:
    """An audit in a process of its own."""
    command = [sys.executable, "-m", "tests.audit.driver", str(db), str(pause), str(box)]
    return subprocess.Popen(command, cwd=Path(__file__).parents[2], start_new_session=True)


def wait_for_progress(db: Path, process: subprocess.Popen[bytes], more_than: int) -> int:
    """Wait until more messages are committed; how many are."""
    while process.poll() is None:
        try:
            count = int(ask(db, "SELECT count(*) FROM messages WHERE outcome IS NOT NULL")[0][0])
        except sqlite3.Error:
            count = 0
        if count > more_than:
            return count
        time.sleep(0.01)
    return more_than


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "packed"])
def test_killed_again_and_again_it_ends_as_if_undisturbed(tmp_path: Path, packed: bool) -> None:
    box = write_mbox(tmp_path / "box", many(120))
    if packed:
        import lzma

        box.with_suffix(".xz").write_bytes(lzma.compress(box.read_bytes()))
        box = box.with_suffix(".xz")
    undisturbed, killed = tmp_path / "a.sqlite", tmp_path / "b.sqlite"
    audit(undisturbed, [str(box)], jobs=2)
    dice = random.Random(7)
    seen = 0
    for _ in range(3):
        process = start(killed, box)
        wait_for_progress(killed, process, seen)
        time.sleep(dice.random() * 0.1)
        assert process.poll() is None, "it was done before it could be killed: make the archive longer"
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        seen = ask(killed, "SELECT count(*) FROM messages WHERE outcome IS NOT NULL")[0][0]
    audit(killed, [str(box)], jobs=2)
    assert dump(killed) == dump(undisturbed)
    assert [row[0] for row in ask(killed, "SELECT outcome FROM runs")] == [None, None, None, "finished"]


def test_an_interrupt_stops_cleanly_and_the_same_command_goes_on(tmp_path: Path) -> None:
    box = write_mbox(tmp_path / "box", many(120))
    undisturbed, stopped = tmp_path / "a.sqlite", tmp_path / "b.sqlite"
    audit(undisturbed, [str(box)])
    process = start(stopped, box)
    wait_for_progress(stopped, process, 0)
    os.killpg(process.pid, signal.SIGINT)
    assert process.wait(30) == 0
    assert ask(stopped, "SELECT outcome FROM runs") == [("stopped",)]
    assert audit(stopped, [str(box)]).patches > 0, "something was left to do"
    assert dump(stopped) == dump(undisturbed)


def test_an_interrupt_does_not_wait_for_a_message_that_hangs(tmp_path: Path) -> None:
    hangs = mail("hangs", "[PATCH] hang", patch_body("a/b.c", ["\tp = kmalloc(8);"], words="HANG-ME"))
    box = write_mbox(tmp_path / "box", [*many(10), hangs, *many(30)[40:]])
    db = tmp_path / "a.sqlite"
    command = [sys.executable, "-m", "tests.audit.driver", str(db), "0", str(box), "600"]
    process = subprocess.Popen(command, cwd=Path(__file__).parents[2], start_new_session=True)
    wait_for_progress(db, process, 5)
    os.killpg(process.pid, signal.SIGINT)
    assert process.wait(60) == 0, "the limit of the message is ten times as long"
    assert ask(db, "SELECT outcome FROM runs") == [("stopped",)]


def test_two_runs_into_one_database_are_refused(tmp_path: Path) -> None:
    box = write_mbox(tmp_path / "box", many(60))
    process = start(tmp_path / "a.sqlite", box, 0.05)
    wait_for_progress(tmp_path / "a.sqlite", process, 0)
    with pytest.raises(UsageError, match="another run"):
        audit(tmp_path / "a.sqlite", [str(box)])
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def test_a_changed_rule_is_judged_anew_and_no_other(tmp_path: Path) -> None:
    box = write_mbox(tmp_path / "box", many(30))
    db, fresh = tmp_path / "a.sqlite", tmp_path / "b.sqlite"
    audit(db, [str(box)], job=StandinJob(("kmalloc", "strcpy")))
    kept = ask(db, "SELECT * FROM findings WHERE rule = 'word-kmalloc' ORDER BY patch")
    # a worker that knows nothing of kmalloc: if it were asked for that rule again, its findings would be lost
    again = audit(db, [str(box)], job=StandinJob(("kmalloc", "kfree")))
    assert again.messages == 0
    assert ask(db, "SELECT * FROM findings WHERE rule = 'word-kmalloc' ORDER BY patch") == kept
    assert ask(db, "SELECT DISTINCT rule FROM findings ORDER BY rule") == [("word-kfree",), ("word-kmalloc",)]
    assert again.findings == ask(db, "SELECT count(*) FROM findings WHERE rule = 'word-kfree'")[0][0]
    audit(fresh, [str(box)], job=StandinJob(("kmalloc", "kfree")))
    assert ask(db, "SELECT * FROM findings ORDER BY patch, rule, n") == ask(
        fresh, "SELECT * FROM findings ORDER BY patch, rule, n"
    )


def test_when_every_rule_changed_all_is_read_anew(tmp_path: Path) -> None:
    box = write_mbox(tmp_path / "box", many(12))
    db, fresh = tmp_path / "a.sqlite", tmp_path / "b.sqlite"
    audit(db, [str(box)], job=StandinJob(("kmalloc",)))
    connection = sqlite3.connect(db)
    connection.execute("UPDATE patches SET title = 'as an older version read it'")
    connection.commit()
    connection.close()
    audit(db, [str(box)], job=StandinJob(("strcpy",)))
    audit(fresh, [str(box)], job=StandinJob(("strcpy",)))
    assert dump(db)["patches"] == dump(fresh)["patches"]
    assert dump(db)["findings"] == dump(fresh)["findings"]


def test_a_rule_that_went_away_takes_its_findings_along(tmp_path: Path) -> None:
    box = write_mbox(tmp_path / "box", many(12))
    db = tmp_path / "a.sqlite"
    audit(db, [str(box)])
    again = audit(db, [str(box)], job=StandinJob(("kmalloc",)))
    assert again.patches == 0, "nothing had to be judged"
    assert ask(db, "SELECT DISTINCT rule FROM findings") == [("word-kmalloc",)]
