"""What the user named (files, directories, standard input, revisions) in, messages out, one at a time.

Memory stays that of one message, however large the archive.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from typing import BinaryIO

from linter.errors import InputError, LinterError, UsageError
from linter.patch.mbox import split_mbox, starts_mbox
from linter.patch.message import parse_message
from linter.patch.model import Message
from linter.patch.stream import open_plain
from linter.record import record

__all__ = ["MAX_REMEMBERED", "Problem", "parse_message", "read_messages", "read_stream", "split_mbox"]

MAX_REMEMBERED = 1 << 16  # Message-IDs kept to find copies
MAX_SINGLE = 256 << 20  # bytes of a file that is one message


@record
class Problem:
    """An input that could not be read at all, and why."""

    source: str
    reason: str
    help: str = ""


def read_messages(
    sources: Sequence[str],
    *,
    stdin: BinaryIO | None = None,
    cwd: str = ".",
    problems: list[Problem] | None = None,
    decoded: bool = False,
) -> Iterator[Message]:
    """Yield every message of the sources in their order, each Message-ID once.

    A source that cannot be read is noted in `problems` and does not stop the others; without that list it raises
    InputError. A revision that does not exist raises UsageError before anything is read. `decoded`: bodies are
    decoded although headers say otherwise (b4).
    """
    kinds = [_kind(source, cwd) for source in sources]
    seen: dict[int, None] = {}
    for source, kind in zip(sources, kinds, strict=True):
        try:
            for message in _read_source(source, kind, stdin, cwd, decoded):
                if message.message_id is not None and _is_copy(message.message_id, seen):
                    continue
                yield message
        except InputError as error:
            if problems is None:
                raise
            problems.append(Problem(source, error.title.removeprefix(f"{source}: "), error.help))


def _is_copy(message_id: str, seen: dict[int, None]) -> bool:
    key = hash(message_id)
    if key in seen:
        return True
    seen[key] = None
    if len(seen) > MAX_REMEMBERED:
        del seen[next(iter(seen))]
    return False


def _kind(source: str, cwd: str) -> str:
    """What a source is: stdin, dir, file, git or missing."""
    if source == "-":
        return "stdin"
    path = os.path.join(cwd, source)  # pathlib would cost more than reading the mail
    try:
        mode = os.stat(path).st_mode
    except (FileNotFoundError, NotADirectoryError):
        mode = 0
    except (OSError, ValueError):
        return "missing"
    if mode:
        return "dir" if stat.S_ISDIR(mode) else "file"
    from linter.patch.gitrange import check_revision, is_revision, looks_like_revision

    if looks_like_revision(source):
        check_revision(source, cwd)
        return "git"
    return "git" if is_revision(source, cwd) else "missing"


def _read_source(source: str, kind: str, stdin: BinaryIO | None, cwd: str, decoded: bool) -> Iterator[Message]:
    if kind == "stdin":
        if stdin is None:
            raise UsageError("standard input is not open", "Name a file instead of -.")
        yield from read_stream(stdin, "-", decoded=decoded)
    elif kind == "git":
        from linter.patch.gitrange import read_revisions

        yield from read_revisions(source, cwd)
    elif kind == "dir":
        yield from _read_maildir(os.path.join(cwd, source), source, decoded)
    elif kind == "file":
        yield from _read_file(os.path.join(cwd, source), source, decoded)
    else:
        raise InputError(
            f"{source}: no such file, and no revision of that name", "Name a file, a maildir or a revision."
        )


def _read_file(path: str, source: str, decoded: bool) -> Iterator[Message]:
    try:
        with open(path, "rb") as stream:
            yield from read_stream(stream, source, decoded=decoded)
    except OSError as error:
        raise InputError(f"{source}: {error.strerror or error}", "") from error


def _read_maildir(folder: str, source: str, decoded: bool) -> Iterator[Message]:
    """Yield the messages of a maildir in the order of their names (which begin with the time of delivery)."""
    from pathlib import Path

    path = Path(folder)
    folders = [path / name for name in ("cur", "new") if (path / name).is_dir()]
    if not folders:
        advice = "Name the files in it, e.g. DIR/*.patch." if any(path.glob("*.patch")) else "Name files or a maildir."
        raise InputError(f"{source}: a directory that is no maildir (it has neither cur nor new)", advice)
    files = sorted((entry.name, entry) for folder in folders for entry in folder.iterdir() if entry.is_file())
    for _, file in files:
        try:
            yield from _read_file(str(file), str(file), decoded)
        except InputError as error:
            yield _unreadable(str(file), error.title)


def read_stream(stream: BinaryIO, source: str, *, decoded: bool = False) -> Iterator[Message]:
    """Yield the messages of one mbox, or the one message of a stream that is none."""
    head, plain = open_plain(stream, source)
    if starts_mbox(head.lstrip(b"\r\n")):
        for _, _, data in split_mbox(plain):
            yield _parse(data.lstrip(b"\r\n"), source, decoded)
        return
    data = plain.read(MAX_SINGLE + 1)
    if not data.strip():
        yield _unreadable(source, "the input is empty")
        return
    yield _parse(data[:MAX_SINGLE], source, decoded)


def _parse(data: bytes, source: str, decoded: bool) -> Message:
    """One message; a bug of ours costs that message and is said, the others are still read."""
    try:
        return parse_message(data, source, decoded=decoded)
    except LinterError:
        raise
    except Exception as error:
        return _unreadable(source, f"internal error: {type(error).__name__}: {error}")


def _unreadable(source: str, problem: str) -> Message:
    return Message(None, None, (), "", None, None, (), b"", source, (), problem=problem)
