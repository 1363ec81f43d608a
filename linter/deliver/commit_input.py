"""What a commit hook can see, as the input of a review: the message, the staged diff, the patch `git am` has."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

from linter.deliver.git import DIFF, git, line
from linter.errors import InputError
from linter.patch.intake import parse_message
from linter.patch.model import Message
from linter.record import replace

_SCISSORS = re.compile(rb"^[^\w\s]{1,8} ?-{3,} ?>8 ?-{3,}[ \t]*$", re.M)
_LATER = (b"fixup! ", b"squash! ", b"amend! ")
"""A commit with such a subject goes away in the next rebase; its message is nobody's reading."""


def staged_diff() -> bytes:
    """What `git commit` would record, as a bare diff with whole blob ids; git names a temporary index by itself."""
    result = git(["diff", "--cached", *DIFF])
    if result.returncode:
        said = result.stderr.decode("utf-8", "replace").strip()
        raise InputError(f"git diff --cached failed: {said}", "see what `git diff --cached` says")
    return result.stdout


def last_diff() -> bytes:
    """The diff of the last commit: with nothing staged it is that commit's message which is being written anew."""
    result = git(["diff-tree", "--root", "--no-commit-id", *DIFF, "HEAD"])
    return result.stdout if result.returncode == 0 else b""


def is_merging() -> bool:
    """Whether the commit is that of a merge, whose diff to the first parent is the other side's work."""
    name = line(["rev-parse", "--git-path", "MERGE_HEAD"])
    return name is not None and Path(name).exists()


def read_text(path: str) -> bytes:
    """The message file."""
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}", "a commit-msg hook is given the file with the message") from error


def clean_message(raw: bytes, *, edited: bool) -> bytes:
    """The message as git will record it: cut at the scissors, comments and blank edges dropped.

    `edited`: an editor was open; without one git keeps lines that look like comments.
    """
    cut = _SCISSORS.search(raw)
    text = raw[: cut.start()] if cut else raw
    result = git(["stripspace", *(["--strip-comments"] if edited or cut else [])], stdin=text)
    return result.stdout if result.returncode == 0 else text


def is_temporary(message: bytes) -> bool:
    """Whether there is nothing to judge: no message (git will stop by itself), or one that a rebase melts away."""
    return not message.strip() or message.startswith(_LATER)


def commit_message(text: bytes, diff: bytes, author: str | None, source: str) -> Message:
    """A commit to be, as a message with one patch: no mail yet, and no one has sent it."""
    subject, _, body = text.partition(b"\n\n")
    head = f"From: {author}\n" if author else ""
    raw = head.encode("utf-8", "surrogateescape") + b"Subject: " + b" ".join(subject.split()) + b"\n\n" + body
    message = parse_message(raw.rstrip(b"\n") + b"\n---\n" + diff, source, decoded=True)
    return replace(message, patches=tuple(replace(patch, mail=False) for patch in message.patches))


def committer_author(environment: Mapping[str, str]) -> str | None:
    """The author of the commit that git is about to make: git tells its hooks."""
    name, address = environment.get("GIT_AUTHOR_NAME"), environment.get("GIT_AUTHOR_EMAIL")
    return f"{name} <{address}>" if name and address else None


def applied_patch() -> bytes:
    """The diff that `git am` is about to apply; nothing where it cannot be found."""
    name = line(["rev-parse", "--git-path", "rebase-apply/patch"])
    try:
        return Path(name).read_bytes() if name else b""
    except OSError:
        return b""


def applied_author() -> str | None:
    """The author of the mail that `git am` is about to apply."""
    import shlex

    name = line(["rev-parse", "--git-path", "rebase-apply/author-script"])
    if name is None:
        return None
    try:
        words = shlex.split(os.fsdecode(Path(name).read_bytes()))
    except (OSError, ValueError):
        return None
    return committer_author(dict(word.partition("=")[::2] for word in words))
