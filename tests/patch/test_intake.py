"""Intake: what the user names, and the messages that come out."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linter.errors import InputError, UsageError
from linter.patch import intake
from linter.patch.intake import Problem, read_messages, split_mbox
from linter.patch.model import Message

from .mails import DIFF, MAIL, SEPARATOR

SECOND = MAIL.replace(b"1/3", b"2/3").replace(b"<one@", b"<second@")


def read(*sources: str | Path, cwd: Path | str = ".", stdin: bytes = b"") -> tuple[list[Message], list[Problem]]:
    problems: list[Problem] = []
    names = [str(source) for source in sources]
    return list(read_messages(names, stdin=io.BytesIO(stdin), cwd=str(cwd), problems=problems)), problems


def write(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def indexes(messages: list[Message]) -> list[int | None]:
    return [patch.index for message in messages for patch in message.patches]


MBOXRD = SEPARATOR + MAIL + SEPARATOR + SECOND


@pytest.mark.parametrize(
    "data",
    [
        MBOXRD,
        MBOXRD.replace(SEPARATOR, b"From ann@example.org Mon Jan  1 00:00:00 2024\n"),
        MBOXRD.replace(SEPARATOR, b"From ann at example.org  Mon Jan  1 00:00:00 2024\n"),
        MBOXRD.replace(b"\n\n" + SEPARATOR, b"\n" + SEPARATOR),
        gzip.compress(MBOXRD),
        lzma.compress(MBOXRD),
        bz2.compress(MBOXRD),
        b"\n" + MBOXRD,
        MBOXRD.replace(b"\n", b"\r\n"),
    ],
)
def test_dialects_and_packing(tmp_path: Path, data: bytes) -> None:
    messages, problems = read(write(tmp_path / "m", data))
    assert (indexes(messages), problems) == ([1, 2], [])
    assert read("-", stdin=data)[0] == [type(m)(**{**_fields(m), "source": "-"}) for m in _resourced(messages)]


def _fields(message: Message) -> dict[str, object]:
    return {name: getattr(message, name) for name in Message.__slots__}


def _resourced(messages: list[Message]) -> list[Message]:
    from linter.record import replace

    return [replace(m, patches=tuple(replace(p, source="-") for p in m.patches)) for m in messages]


@pytest.mark.parametrize(
    "line",
    [b"From commit f25a0000 Mon on this broke\n", b"From ann@example.org\n", b"From x Mon Jan 1 2024 we do this:\n"],
)
def test_prose_does_not_split(line: bytes) -> None:
    data = MBOXRD.replace(b"Say why.\n", b"Say why.\n\n" + line)
    assert len(list(split_mbox(io.BytesIO(data)))) == 2


def test_quoted_from_lines_are_undone(tmp_path: Path) -> None:
    data = SEPARATOR + MAIL.replace(b"Say why.\n", b">From here on\n>>From there\n")
    ((message,), _) = read(write(tmp_path / "m", data))
    assert message.patches[0].body.startswith(b"From here on\n>From there\n")


def test_content_length_covers_a_separator(tmp_path: Path) -> None:
    inner = b"\n" + SEPARATOR + b"Subject: quoted whole\n\ntext\n"
    body = b"See:\n" + inner
    first = b"From: a@example.org\nSubject: x\nContent-Length: %d\n\n" % len(body) + body
    data = SEPARATOR + first + b"\n" + SEPARATOR + MAIL
    assert [part.count(b"Subject:") for _, _, part in split_mbox(io.BytesIO(data))] == [2, 1]
    stale = data.replace(b"Content-Length: ", b"Content-Length: 7")
    assert len(list(split_mbox(io.BytesIO(stale)))) == 3


@given(st.lists(st.sampled_from([MAIL, SECOND, b"x\n\n", b"Subject: y\n\nz\n\n"]), max_size=6), st.integers(1, 3000))
def test_offsets_cover_the_stream(mails: list[bytes], chunk: int) -> None:
    data = b"".join(SEPARATOR + mail for mail in mails)
    parts = list(split_mbox(io.BytesIO(data), chunk=chunk))
    assert [data[offset : offset + length] for offset, length, _ in parts] == [part for _, _, part in parts]
    assert b"".join(part for _, _, part in parts) == data
    assert parts == list(split_mbox(io.BytesIO(data)))


def test_same_message_id_is_one_message(tmp_path: Path) -> None:
    path = write(tmp_path / "m", SEPARATOR + MAIL + SEPARATOR + MAIL)
    assert len(read(path, path)[0]) == 1


def test_bare_diff_counts_its_own_lines(tmp_path: Path) -> None:
    ((message,), _) = read(write(tmp_path / "d", DIFF))
    (patch,) = message.patches
    assert not patch.mail and patch.files[0].hunks[0].patch_lineno == 5


def test_maildir(tmp_path: Path) -> None:
    (tmp_path / "cur").mkdir()
    (tmp_path / "new").mkdir()
    write(tmp_path / "cur" / "2:2,S", SECOND)
    write(tmp_path / "new" / "1", MAIL)
    assert indexes(read(tmp_path)[0]) == [1, 2]


def test_other_directories_are_refused(tmp_path: Path) -> None:
    write(tmp_path / "0001-a.patch", MAIL)
    messages, (problem,) = read(tmp_path)
    assert messages == [] and "no maildir" in problem.reason and "*.patch" in problem.help


@pytest.mark.parametrize(
    ("data", "word"), [(b"%PDF-1.7\n%\xe2\xe3", "PDF"), (b"\0\1\2" * 99, "binary"), (b"\x1f\x8bxx", "unpacked")]
)
def test_no_text(tmp_path: Path, data: bytes, word: str) -> None:
    messages, problems = read(write(tmp_path / "x", data), write(tmp_path / "y", MAIL))
    assert len(messages) == 1 and len(problems) == 1 and word in problems[0].reason


@pytest.mark.parametrize("first", [b"", b"From ada@example.org Thu Oct  9 10:53:20 2025\n"])
def test_a_zero_byte_hides_nothing(tmp_path: Path, first: bytes) -> None:
    head = first + "Subject: [PATCH] a \u202e b\0\n".encode() + MAIL.partition(b"\n")[2]
    messages, problems = read(write(tmp_path / "x", head))
    assert not problems and len(messages[0].patches) == 1
    messages, (problem,) = read(write(tmp_path / "y", "\u202e\0".encode() + MAIL))
    assert messages == [] and "binary" in problem.reason


def test_empty_and_missing(tmp_path: Path) -> None:
    ((message,), problems) = read(write(tmp_path / "empty", b""))
    assert message.patches == () and "empty" in message.problem and not problems
    messages, (problem,) = read("nothing.patch", cwd=tmp_path)
    assert messages == [] and "no such file" in problem.reason
    with pytest.raises(InputError):
        list(read_messages(["nothing.patch"], cwd=str(tmp_path)))


def test_truncated_archive_gives_what_is_there(tmp_path: Path) -> None:
    packed = lzma.compress(MBOXRD * 50)
    assert len(read(write(tmp_path / "m.xz", packed[:-40]))[0]) >= 0
    assert indexes(read(write(tmp_path / "m", MBOXRD[:-200]))[0]) == [1, 2]


def test_utf16_diff(tmp_path: Path) -> None:
    ((message,), _) = read(write(tmp_path / "d", DIFF.decode().encode("utf-16")))
    assert len(message.patches[0].files) == 1


def git(cwd: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=Ann", "-c", "user.email=ann@example.org", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *identity, *arguments], cwd=cwd, check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    git(tmp_path, "init", "-q", "-b", "main")
    for number in range(4):
        write(tmp_path / "x.c", b"int x;\n" * (number + 1))
        git(tmp_path, "add", "x.c")
        git(tmp_path, "commit", "-q", "-m", f"x: step {number}\n\nWhy.\n\nSigned-off-by: Ann <ann@example.org>")
    return tmp_path


@pytest.mark.parametrize(
    ("source", "titles"),
    [
        ("-1", ["x: step 3"]),
        ("HEAD~2..", ["x: step 2", "x: step 3"]),
        ("main~1", ["x: step 2"]),
        ("main", ["x: step 3"]),
        ("HEAD~3..main", ["x: step 1", "x: step 2", "x: step 3"]),
    ],
)
def test_revisions(repository: Path, source: str, titles: list[str]) -> None:
    messages, problems = read(source, cwd=repository)
    patches = [patch for message in messages for patch in message.patches]
    assert [patch.title for patch in patches] == titles and not problems
    assert all(not patch.mail and patch.commit and len(patch.commit) == 40 for patch in patches)
    assert all(len(patch.files[0].pre_blob or "") == 40 for patch in patches)
    assert [t.token for t in patches[0].trailers] == ["Signed-off-by"]
    assert str(patches[0].author) == "Ann <ann@example.org>"


@pytest.mark.parametrize("source", ["nosuch..", "-x..", "HEAD~99"])
def test_unknown_revisions(repository: Path, source: str) -> None:
    with pytest.raises(UsageError):
        read(source, cwd=repository)


def test_an_option_is_no_revision(repository: Path) -> None:
    messages, (problem,) = read("--output=x..HEAD", cwd=repository)
    assert not messages and "no such file" in problem.reason
    assert not (repository / "x..HEAD").exists()


def test_revision_outside_a_repository(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no git repository"):
        read("-1", cwd=tmp_path)


def test_a_bug_costs_one_message(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    real = intake.parse_message

    def broken(data: bytes, source: str, *, decoded: bool = False) -> Message:
        if b"second" in data:
            raise ValueError("oops")
        return real(data, source, decoded=decoded)

    monkeypatch.setattr(intake, "parse_message", broken)
    head = b"From ann@example.org Mon Jan  1 00:00:00 2024\nFrom: a@example.org\nSubject: %s\n\ntext\n\n"
    (tmp_path / "m.mbox").write_bytes(head % b"first" + head % b"second" + head % b"third")
    found = list(intake.read_messages(["m.mbox"], cwd=str(tmp_path)))
    assert [message.subject for message in found] == ["first", "", "third"]
    assert found[1].problem == "internal error: ValueError: oops"
