"""`git send-email`, the real one, with the hook installed: what arrives at a mail server that only listens."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
import time
from pathlib import Path

import pytest

from linter.deliver.sending import Notes, Sending, Turn, read_turn
from tests.deliver.ground import Ground, Sink, has_send_email

needs_send_email = pytest.mark.skipif(not has_send_email(), reason="git send-email (Debian: git-email) is missing")
BYPASS = "git send-email --no-validate"


def series(ground: Ground, *commits: tuple[str, ...], cover: bool = True) -> list[str]:
    """Commits made, written out as mails."""
    for number, calls in enumerate(commits):
        ground.commit(*calls, subject=f"misc: part: Call number {number}")
    out = ground.git("format-patch", "-o", "out", *(["--cover-letter"] if cover else []), f"-{len(commits)}")
    files = out.stdout.split()
    if cover:
        letter = ground.top / files[0]
        letter.write_text(
            letter.read_text().replace("*** SUBJECT", "Part").replace("*** BLURB HERE ***", "Calls bad_call().")
        )
    return files


def command(sink: Sink, files: list[str], *options: str) -> list[str]:
    server = ("--smtp-server=127.0.0.1", f"--smtp-server-port={sink.port}")
    return ["git", "send-email", *server, "--confirm=never", "--quiet", "--to=list@example.org", *options, *files]


def send(ground: Ground, sink: Sink, files: list[str], *options: str) -> subprocess.CompletedProcess[str]:
    return ground.run(*command(sink, files, *options), check=False)


@needs_send_email
def test_a_good_series_is_sent_whole(ground: Ground, sink: Sink) -> None:
    ground.hunklint("hook", "install", "sendemail-validate")
    files = series(ground, ("one",), ("one", "two"), ("one", "two", "three"))
    done = send(ground, sink, files)
    assert done.returncode == 0, done.stderr
    assert [subject.split("]")[0] for subject in sink.subjects] == [f"[PATCH {n}/3" for n in range(4)]
    assert "hunklint" not in done.stderr
    assert not list(Path(ground.env["XDG_CACHE_HOME"], "hunklint", "sending").glob("*.json"))


@needs_send_email
@pytest.mark.parametrize("at", [0, 1, 2])
def test_a_bad_patch_anywhere_stops_the_whole_series(ground: Ground, sink: Sink, at: int) -> None:
    ground.hunklint("hook", "install")
    calls: list[tuple[str, ...]] = [("one",), ("one", "two"), ("one", "two", "three")]
    calls[at] = (*calls[at], "bad_call")
    done = send(ground, sink, series(ground, *calls))
    assert done.returncode != 0
    assert sink.mails == []
    assert sink.greeted == 0
    assert "test-bad-call" in done.stderr
    assert f"part.c:{at + 4}" in done.stderr
    assert BYPASS in done.stderr


@needs_send_email
def test_no_validate_sends_all_the_same(ground: Ground, sink: Sink) -> None:
    ground.hunklint("hook", "install")
    files = series(ground, ("bad_call",), cover=False)
    assert send(ground, sink, files).returncode != 0
    assert send(ground, sink, files, "--no-validate").returncode == 0
    assert len(sink.mails) == 1


@needs_send_email
def test_warnings_pass_where_nobody_can_be_asked(ground: Ground, sink: Sink) -> None:
    ground.hunklint("hook", "install")
    done = send(ground, sink, series(ground, ("doubt_call",), ("doubt_call", "more")))
    assert done.returncode == 0, done.stderr
    assert len(sink.mails) == 3
    assert done.stderr.count("warning[test-doubt-call]") == 1


@needs_send_email
@pytest.mark.parametrize(("answer", "sent"), [("y\n", 2), ("n\n", 0), ("\n", 0)])
def test_a_warning_asks_on_the_terminal(ground: Ground, sink: Sink, answer: str, sent: int) -> None:
    ground.hunklint("hook", "install")
    files = series(ground, ("one",), ("one", "doubt_call"), cover=False)
    code, shown = at_terminal(ground, command(sink, files), "Send all the same?", answer)
    assert "test-doubt-call" in shown
    assert len(sink.mails) == sent
    assert (code == 0) == (sent > 0)


@needs_send_email
def test_each_run_is_judged_by_itself(ground: Ground, sink: Sink) -> None:
    ground.hunklint("hook", "install")
    files = series(ground, ("one",), ("one", "bad_call"), cover=False)
    for _ in range(2):
        assert send(ground, sink, files).returncode != 0
    good = [files[0]]
    assert send(ground, sink, good).returncode == 0
    assert len(sink.mails) == 1


@needs_send_email
def test_a_plain_mail_is_no_matter(ground: Ground, sink: Sink) -> None:
    ground.hunklint("hook", "install")
    (ground.top / "hello.txt").write_text("From: Ann <ann@example.org>\nSubject: Hello\n\nbad_call() is bad.\n")
    done = send(ground, sink, ["hello.txt"])
    assert done.returncode == 0, done.stderr
    assert len(sink.mails) == 1


def _reply(ground: Ground, *calls: str) -> Path:
    """A reply that quotes a patch with these calls whole."""
    (file,) = series(ground, calls, cover=False)
    patch = (ground.top / file).read_text().partition("\n")[2]
    quoted = "".join(f"> {line}\n" for line in patch.splitlines())
    head = "From: Ann <ann@example.org>\nSubject: Re: [PATCH] x\nIn-Reply-To: <x@example.org>\n\nBob wrote:\n"
    place = ground.top / "reply.txt"
    place.write_text(f"{head}{quoted}\nPlease do not call it.\n")
    return place


def test_who_answers_a_patch_does_not_answer_for_it(ground: Ground) -> None:
    place = _reply(ground, "bad_call")
    assert ground.hunklint("check", "--no-git", str(place), check=False).returncode == 1, (
        "the quotation is judged there"
    )
    for env in ({}, {"GIT_SENDEMAIL_FILE_COUNTER": "1", "GIT_SENDEMAIL_FILE_TOTAL": "1"}):
        done = ground.hunklint("hook", "run", "sendemail-validate", str(place), env=env, check=False)
        assert (done.returncode, done.stderr) == (0, "")


@needs_send_email
def test_an_answer_is_sent(ground: Ground, sink: Sink) -> None:
    ground.hunklint("hook", "install")
    place = _reply(ground, "bad_call")
    assert send(ground, sink, [place.name]).returncode == 0
    assert sink.subjects == ["Re: [PATCH] x"]


@needs_send_email
def test_from_a_linked_work_tree(ground: Ground, sink: Sink, tmp_path: Path) -> None:
    ground.hunklint("hook", "install")
    linked = tmp_path / "linked"
    ground.git("worktree", "add", "-q", str(linked))
    (linked / ".hunklint.toml").write_text((ground.top / ".hunklint.toml").read_text())
    files = series(ground, ("bad_call",), cover=False)
    done = ground.run(*command(sink, [str(ground.top / files[0])]), cwd=linked, check=False)
    assert done.returncode != 0
    assert sink.mails == []


@needs_send_email
def test_a_broken_configuration_stops_and_says_the_way_on(ground: Ground, sink: Sink) -> None:
    ground.hunklint("hook", "install")
    files = series(ground, ("one",), cover=False)
    ground.config("fial-on = 'error'")
    done = send(ground, sink, files)
    assert done.returncode != 0
    assert sink.mails == []
    assert "fail-on" in done.stderr
    assert BYPASS in done.stderr


@pytest.mark.parametrize(("bad_at", "code"), [(1, 1), (2, 1), (None, 0)])
def test_with_counters_everything_is_said_at_the_last_mail(
    ground: Ground, tmp_path: Path, bad_at: int | None, code: int
) -> None:
    """What git 2.42 and later tell the hook; the git at hand may be older."""
    calls = [("bad_call",) if at == bad_at else (f"call_{at}",) for at in (1, 2)]
    done = counted(ground, tmp_path, series(ground, *calls), 3)
    assert done.returncode == code
    assert ("test-bad-call" in done.stderr) == bool(code)
    assert done.stdout == "1\n2\n3\n"
    assert done.stderr.count("test-bad-call]") == code


def test_a_mail_that_was_lost_from_sight_is_no_pass(ground: Ground, tmp_path: Path) -> None:
    files = series(ground, ("bad_call",), ("one",))
    done = counted(ground, tmp_path, files[2:], 3)
    assert done.returncode != 0
    assert BYPASS in done.stderr


def test_a_run_that_was_broken_off_is_no_part_of_the_next(ground: Ground, tmp_path: Path) -> None:
    """Both in one process, as a sender may be that tries again: what was said in the first is said in the second."""
    first, _ = series(ground, ("doubt_call",), ("one",), cover=False)
    script = tmp_path / "git-send-email"
    hook = '$PYTHON -P -m linter.cli.main hook run sendemail-validate "$1"\n'
    script.write_text(hook * 2)
    done = ground.run("sh", str(script), first, env={"PYTHON": sys.executable})
    assert done.stderr.count("warning[test-doubt-call]") == 2


def counted(ground: Ground, folder: Path, files: list[str], total: int) -> subprocess.CompletedProcess[str]:
    """The hook called as git 2.42 does: once a mail, from one process; each number is printed before its call."""
    script = folder / "git-send-email"
    script.write_text(
        "number=$((TOTAL - $#))\n"
        'for file; do number=$((number + 1)); echo "$number"; GIT_SENDEMAIL_FILE_COUNTER=$number '
        "GIT_SENDEMAIL_FILE_TOTAL=$TOTAL $PYTHON -P -m linter.cli.main hook run sendemail-validate "
        '"$file" headers || exit; done\n'
    )
    env = {"PYTHON": sys.executable, "TOTAL": str(total)}
    return ground.run("sh", str(script), *files, env=env, check=False)


def test_the_counter_is_read_as_git_gives_it() -> None:
    names = ("GIT_SENDEMAIL_FILE_COUNTER", "GIT_SENDEMAIL_FILE_TOTAL")
    assert read_turn(dict(zip(names, ("2", "3"), strict=True))) == Turn(2, 3)
    assert read_turn({names[0]: "2"}) == read_turn(dict(zip(names, ("x", "3"), strict=True))) == Turn(None, None)
    assert not Turn(2, 3).is_last
    assert Turn(3, 3).is_last


def test_notes_are_private_and_forgotten(tmp_path: Path) -> None:
    notes = Notes(tmp_path / "state", "1@2")
    other = Notes(tmp_path / "state", "1@3")
    notes.write(Sending(("a",), ("said",), True))
    assert (tmp_path / "state").stat().st_mode & 0o077 == 0
    assert notes.path.stat().st_mode & 0o077 == 0
    assert notes.read() == Sending(("a",), ("said",), True)
    assert other.read() == Sending()
    os.utime(notes.path, (0, 0))
    assert notes.read() == Sending()
    other.forget()
    assert not notes.path.exists()


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"files": 1, "said": [], "agreed": 0}', b"\xff"])
def test_damaged_notes_are_no_notes(tmp_path: Path, content: bytes) -> None:
    notes = Notes(tmp_path, "k")
    notes.path.write_bytes(content)
    assert notes.read() == Sending()


def at_terminal(ground: Ground, words: list[str], question: str, answer: str) -> tuple[int, str]:
    """Run a command on a terminal of its own and answer once it asks; returns its status and what it showed."""
    process, terminal = pty.fork()
    if not process:
        os.chdir(ground.top)
        os.execvpe(words[0], words, ground.env)
    shown, answered, deadline = "", False, time.monotonic() + 60
    while time.monotonic() < deadline:
        ready, _, _ = select.select([terminal], [], [], 0.5)
        try:
            piece = os.read(terminal, 65536) if ready else None
        except OSError:
            break
        if piece == b"":
            break
        shown += (piece or b"").decode("utf-8", "replace")
        if question in shown and not answered:
            answered = True
            os.write(terminal, answer.encode())
    _, status = os.waitpid(process, 0)
    os.close(terminal)
    assert answered, shown
    return os.waitstatus_to_exitcode(status), shown
