"""Archives of every kind give the same messages."""

from __future__ import annotations

import gzip
import lzma
import os
import subprocess
from pathlib import Path

import pytest

from linter.audit import inbox
from linter.audit.reading import Reader
from linter.audit.sources import open_sources
from linter.cli.main import run
from linter.errors import InputError, LinterError, UsageError
from linter.patch.gitrange import read_commit
from linter.patch.intake import read_messages
from linter.patch.model import Change
from linter.record import replace
from tests.audit.archive import mail, many, patch_body, write_mbox
from tests.audit.driver import audit, dump
from tests.audit.test_run import ask

JUDGED = "SELECT message_id, rule, line FROM judged_findings ORDER BY mail, rule"


def git(folder: Path, *arguments: str) -> str:
    """Run git in a folder, as nobody in particular."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "GIT_CONFIG_NOSYSTEM": "1"}
    for role in ("AUTHOR", "COMMITTER"):
        environment |= {f"GIT_{role}_NAME": "Ann", f"GIT_{role}_EMAIL": "ann@example.org"}
        environment[f"GIT_{role}_DATE"] = "2024-03-01T10:00:00Z"
    done = subprocess.run(["git", *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def inbox_v2(folder: Path, messages: list[bytes]) -> None:
    """One epoch: each commit's tree holds one message, named m."""
    folder.mkdir(parents=True)
    git(folder, "init", "-q", "-b", "master", ".")
    for message in messages:
        (folder / "m").write_bytes(message)
        git(folder, "add", "m")
        git(folder, "commit", "-q", "--allow-empty", "-m", "a mail")


@pytest.fixture
def expected(tmp_path: Path) -> list[tuple[object, ...]]:
    """What a plain mbox of the twelve messages gives."""
    db = tmp_path / "plain.sqlite"
    audit(db, [str(write_mbox(tmp_path / "plain.mbox", many(12)))])
    found = ask(db, JUDGED)
    assert len(found) > 8
    return found


@pytest.mark.parametrize("pack", [gzip.compress, lzma.compress], ids=["gz", "xz"])
def test_packed_mboxes(tmp_path: Path, expected: object, pack: object) -> None:
    box = write_mbox(tmp_path / "box", many(12))
    packed = tmp_path / "box.packed"
    packed.write_bytes(pack(box.read_bytes()))  # type: ignore[operator]  # a parameter
    audit(tmp_path / "a.sqlite", [str(packed)])
    assert ask(tmp_path / "a.sqlite", JUDGED) == expected
    assert not (tmp_path / "a.sqlite.spool").exists()


def test_several_archives_share_what_they_know(tmp_path: Path) -> None:
    messages = many(12)
    one, two = write_mbox(tmp_path / "one", messages[:9]), write_mbox(tmp_path / "two", messages[5:])
    tally = audit(tmp_path / "a.sqlite", [str(one), str(two)])
    assert tally.copies == 4
    assert tally.messages == len(messages) + 4


def test_a_truncated_packed_mbox_is_told_and_its_start_audited(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    box = write_mbox(tmp_path / "box", many(60))
    packed = tmp_path / "box.gz"
    packed.write_bytes(gzip.compress(box.read_bytes())[:-400])
    good = write_mbox(tmp_path / "good", [mail("z", "[PATCH] z", patch_body("z/z.c", ["\tkmalloc();"]))])
    db = tmp_path / "a.sqlite"
    words = ["audit", "run", str(packed), str(good), "--db", str(db), "--jobs", "1", "--no-config", "-q"]
    assert run(words) == 3
    assert "damaged" in capsys.readouterr().err
    assert ask(db, "SELECT count(*) > 50 FROM patches") == [(1,)]
    assert ask(db, "SELECT count(*) FROM patches WHERE message_id LIKE 'z@%'") == [(1,)], "the others go on"
    assert run(["audit", "run", str(tmp_path / "missing"), str(good), "--db", str(db), "--no-config", "-q"]) == 3


@pytest.mark.parametrize("pack", [gzip.compress, lzma.compress], ids=["gz", "xz"])
def test_a_packed_mbox_with_rubbish_in_its_middle_is_told(
    tmp_path: Path, pack: object, capsys: pytest.CaptureFixture[str]
) -> None:
    box = write_mbox(tmp_path / "box", many(60))
    data = bytearray(pack(box.read_bytes()))  # type: ignore[operator]  # a parameter
    data[len(data) // 2 : len(data) // 2 + 40] = b"\x55" * 40
    packed = tmp_path / "box.packed"
    packed.write_bytes(data)
    assert run(["audit", "run", str(packed), "--db", str(tmp_path / "a.sqlite"), "-q", "--no-config", "-j1"]) == 3
    assert "is damaged" in capsys.readouterr().err


def test_maildir(tmp_path: Path, expected: list[tuple[object, ...]]) -> None:
    for name in ("cur", "new", "tmp"):
        (tmp_path / "box" / name).mkdir(parents=True)
    for number, message in enumerate(many(12)):
        folder, flags = ("cur", ":2,S") if number % 2 else ("new", "")
        (tmp_path / "box" / folder / f"{number:04}.host{flags}").write_bytes(message)
    db = tmp_path / "a.sqlite"
    audit(db, [str(tmp_path / "box")])
    assert ask(db, JUDGED) == expected
    (tmp_path / "box" / "new" / "0099.host").write_bytes(
        mail("late", "[PATCH] late", patch_body("a/b.c", ["\tkmalloc();"]))
    )
    assert audit(db, [str(tmp_path / "box")]).findings == 1


def test_public_inbox_v2_of_two_epochs(tmp_path: Path, expected: list[tuple[object, ...]]) -> None:
    messages = many(12)
    inbox_v2(tmp_path / "list" / "git" / "0.git", messages[:10])
    inbox_v2(tmp_path / "list" / "git" / "1.git", messages[10:])
    db = tmp_path / "a.sqlite"
    audit(db, [str(tmp_path / "list")])
    assert ask(db, JUDGED) == expected
    assert ask(db, "SELECT kind, count(*) FROM sources GROUP BY kind") == [("inbox", 2)]
    assert audit(db, [str(tmp_path / "list")]).messages == 0


def test_public_inbox_takes_a_message_back(tmp_path: Path) -> None:
    epoch = tmp_path / "git" / "0.git"
    spam = mail("spam", "[PATCH] spam", patch_body("a/b.c", ["\tkmalloc();"]))
    inbox_v2(epoch, [mail("a", "[PATCH] good", patch_body("a/c.c", ["\tkmalloc();"])), spam])
    db = tmp_path / "a.sqlite"
    audit(db, [str(tmp_path)])
    assert ask(db, "SELECT count(*) FROM findings") == [(2,)]
    git(epoch, "rm", "-q", "m")
    (epoch / "d").write_bytes(spam)
    git(epoch, "add", "d")
    git(epoch, "commit", "-q", "-m", "rm")
    audit(db, [str(tmp_path)])
    assert ask(db, "SELECT message_id, outcome FROM messages ORDER BY message") == [
        ("a@example.org", "judged"),
        ("spam@example.org", "retracted"),
    ]
    assert ask(db, "SELECT message_id FROM judged_findings") == [("a@example.org",)]
    at_once = tmp_path / "b.sqlite"
    audit(at_once, [str(tmp_path)])
    assert dump(at_once)["findings"] == dump(db)["findings"]
    assert dump(at_once)["messages"] == dump(db)["messages"]


def test_public_inbox_v1(tmp_path: Path, expected: list[tuple[object, ...]]) -> None:
    repo = tmp_path / "list"
    repo.mkdir()
    git(repo, "init", "-q", "-b", "master", ".")
    for number, message in enumerate(many(12)):
        path = repo / f"{number:02x}" / ("0" * 38)
        path.parent.mkdir()
        path.write_bytes(message)
        git(repo, "add", ".")
        git(repo, "commit", "-q", "-m", "a mail")
    audit(tmp_path / "a.sqlite", [str(repo)])
    assert ask(tmp_path / "a.sqlite", JUDGED) == expected


def test_git_range(tmp_path: Path) -> None:
    repo = tmp_path / "repo"
    repo.mkdir()
    git(repo, "init", "-q", "-b", "master", ".")
    for number, line in enumerate(("int a;", "p = kmalloc(1);", "strcpy(a, b);", "p = kmalloc(2);")):
        (repo / f"file{number}.c").write_text(f"{line}\n")
        git(repo, "add", ".")
        git(repo, "commit", "-q", "-m", f"net: line {number}")
    db = tmp_path / "a.sqlite"
    audit(db, [str(repo)], git_range="HEAD~3..HEAD")
    assert ask(db, "SELECT title, rule, path FROM judged_findings ORDER BY patch") == [
        ("net: line 1", "word-kmalloc", "file1.c"),
        ("net: line 2", "word-strcpy", "file2.c"),
        ("net: line 3", "word-kmalloc", "file3.c"),
    ]
    assert ask(db, "SELECT count(*) FROM patches WHERE length(commit_id) = 40 AND message_id IS NULL") == [(3,)]


def test_commits_come_as_check_reads_them_through_one_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    git(tmp_path, "init", "-q", "-b", "master", ".")
    (tmp_path / ".gitattributes").write_text("*.c diff\n")
    for number in range(3):
        (tmp_path / f"file{number}.c").write_bytes(b"int a;\n" * 9 + b'char nul[] = "\0a123";\n')
        git(tmp_path, "add", ".")
        git(tmp_path, "commit", "-q", "-m", f"net: line {number}\n\nEnd of it.\n---\nNot that.")
    git(tmp_path, "mv", "file0.c", "moved.c")
    git(tmp_path, "commit", "-q", "-m", "net: move")
    expected = list(read_messages(["HEAD", "HEAD~3..HEAD"], cwd=str(tmp_path)))[1:]
    (repo,) = open_sources([str(tmp_path)], "HEAD~3..HEAD")
    places = [entry.place for entry in repo.entries("")]
    started: list[object] = []
    real = inbox.subprocess.Popen
    monkeypatch.setattr(inbox.subprocess, "Popen", lambda *args, **more: started.append(args) or real(*args, **more))
    reader = Reader()
    found = [read_commit(reader.read(place)) for place in places]
    assert [message.patches[0].files for message in found] == [message.patches[0].files for message in expected]
    assert found[2].patches[0].files[0].change is Change.RENAME and len(found[0].patches[0].files[0].hunks) == 1
    assert len(found) == 3 and len(started) == 1
    with pytest.raises(OSError, match="cannot show"):
        reader.read(replace(places[0], name="1" * 40))
    assert read_commit(reader.read(places[0])) == found[0], "another process has taken over"


@pytest.mark.parametrize(
    ("make", "kind", "says"),
    [
        (lambda path: path / "missing", InputError, "cannot read"),
        (lambda path: path, InputError, "no known kind"),
        (lambda path: [(path / "empty").touch(), path / "empty"][1], InputError, "empty"),
        (lambda path: [(path / "x").write_bytes(b"%PDF\0\0"), path / "x"][1], InputError, "binary"),
    ],
    ids=["missing", "directory", "empty", "binary"],
)
def test_what_is_no_archive_is_told(tmp_path: Path, make: object, kind: type[LinterError], says: str) -> None:
    with pytest.raises(kind, match=says):
        open_sources([str(make(tmp_path))])  # type: ignore[operator]  # a parameter


def test_a_repository_that_is_no_inbox_and_an_unknown_range_are_told(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "-b", "master", ".")
    (tmp_path / "README").write_text("x\n")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-q", "-m", "x")
    with pytest.raises(InputError, match="no public-inbox"):
        open_sources([str(tmp_path)])
    with pytest.raises(LinterError):
        open_sources([str(tmp_path)], "v1..v2")
    with pytest.raises(UsageError):
        open_sources([str(tmp_path)], "--output=x")
