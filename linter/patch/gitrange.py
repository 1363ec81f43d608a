"""A revision, a range or -N in, the commits it names out as messages, oldest first.

git is run with argument lists only; user configuration that would change its output is overruled.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from typing import IO

from linter.errors import InputError, UsageError
from linter.patch.message import parse_message
from linter.patch.model import Message
from linter.pattern import lazy
from linter.record import replace

_COUNT = lazy(r"-(\d{1,6})$")
_RANGE = lazy(r"(?!\.\.?/).*[^/.]?\.{2,3}(?!/)")
_REVISION = lazy(r"[\w./@{}~^:+-]+$")
_OBJECT_ID = lazy(r"[0-9a-f]{12,64}$")
_START = lazy(rb"\0(?=[0-9a-f]{40,64}\n)")  # of a commit; a diff may hold a NUL of its own
_NAME_BYTES = 70  # more than the NUL, the object id and the newline behind it
SHAPE = (
    "--patch",
    "--full-index",
    "--no-color",
    "--no-ext-diff",
    "--no-textconv",
    "--no-notes",
    "--find-renames",
    "--unified=3",
    "--src-prefix=a/",
    "--dst-prefix=b/",
    "--submodule=short",
    "--format=%x00%H%nFrom: %an <%ae>%nDate: %aD%nSubject: %s%n%n%b%n---%n",
)
"""How git is asked to write commits, for `read_commit`."""
CONFIG = (
    "core.quotePath=true",
    "log.showSignature=false",
    "log.follow=false",
    "color.ui=false",
    "core.fsmonitor=false",
)


def looks_like_revision(source: str) -> bool:
    """Whether a name that is no file can only mean revisions."""
    return bool(
        _COUNT.match(source)
        or (_RANGE.match(source) and _REVISION.match(source))
        or re.search(r"[~^]|@\{", source)
        or source in ("HEAD", "@")
        or _OBJECT_ID.match(source)
    )


def is_revision(source: str, cwd: str) -> bool:
    """Whether git knows the name as a commit."""
    if source.startswith("-") or not _REVISION.match(source):
        return False
    return _git(["rev-parse", "--verify", "--quiet", "--end-of-options", source + "^{commit}"], cwd).returncode == 0


def check_revision(source: str, cwd: str) -> None:
    """Raise UsageError unless git knows every revision named."""
    _selection(source, cwd)


def read_revisions(source: str, cwd: str) -> Iterator[Message]:
    """Yield the commits of a range, a revision or -N."""
    yield from read_selection(source, _selection(source, cwd), cwd)


def read_selection(source: str, selection: list[str], cwd: str) -> Iterator[Message]:
    """Yield the commits that `git log` finds by these arguments; `source` is what a person calls them."""
    counted = _git(["rev-list", "--count", "--no-merges", *selection, "--"], cwd).stdout.strip()
    total = int(counted) if counted.isdigit() else 0
    for index, message in enumerate(_list_commits(source, selection, cwd), 1):
        if 1 < total >= index:
            patches = tuple(replace(patch, index=index, total=total) for patch in message.patches)
            message = replace(message, patches=patches)
        yield message


def _list_commits(source: str, selection: list[str], cwd: str) -> Iterator[Message]:
    command = [*_base(), "log", "--reverse", "--no-merges", "--no-mailmap", *SHAPE, *selection, "--"]
    with subprocess.Popen(
        command,
        cwd=cwd,
        env=_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        assert process.stdout is not None
        for text in _split_commits(process.stdout):
            yield read_commit(text)
    if process.returncode:
        raise InputError(f"git could not list {source}", "See what `git log` says about it.")


def _selection(source: str, cwd: str) -> list[str]:
    if count := _COUNT.match(source):
        names, selection = ["HEAD"], ["-n", count[1], "HEAD"]
    elif ".." in source:
        first, second = re.split(r"\.{2,3}", source, maxsplit=1)
        names, selection = [first or "HEAD", second or "HEAD"], [source]
    else:
        names, selection = [source], ["-n", "1", source]
    for name in names:
        if not is_revision(name, cwd):
            if _git(["rev-parse", "--git-dir"], cwd).returncode:
                raise UsageError(
                    f"{source}: not a file, and this is no git repository", "Name a file, or change to a work tree."
                )
            raise UsageError(f"unknown revision: {name}", "See `git log`, or name a file, or - for standard input.")
    return selection


def _split_commits(stream: IO[bytes]) -> Iterator[bytes]:
    """Yield what `git log` writes commit by commit, as it comes."""
    pending: list[bytes] = []
    tail = b""
    while block := stream.read(1 << 16):
        *whole, rest = _START.split(tail + block)
        for text in whole:
            pending.append(text)
            yield from filter(None, (b"".join(pending),))
            pending = []
        pending.append(rest[:-_NAME_BYTES])
        tail = rest[-_NAME_BYTES:]
    pending.append(tail)
    yield from filter(None, (b"".join(pending),))


def read_commit(text: bytes, source: str | None = None) -> Message:
    """Make a message of one commit as git wrote it; its patch says that no mail held it."""
    commit, _, mail = text.lstrip(b"\0").partition(b"\n")
    name = commit.decode("ascii", "replace")
    message = parse_message(mail, source or name, decoded=True)
    patches = tuple(replace(patch, mail=False, commit=name) for patch in message.patches)
    return replace(message, patches=patches)


def _base() -> list[str]:
    return ["git", "--no-pager", *(word for setting in CONFIG for word in ("-c", setting))]


def _environment() -> dict[str, str]:
    return {**os.environ, "LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0"}


def _git(arguments: list[str], cwd: str) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(
            [*_base(), *arguments],
            cwd=cwd,
            env=_environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
    except OSError:
        return subprocess.CompletedProcess([], 127, b"", b"")
