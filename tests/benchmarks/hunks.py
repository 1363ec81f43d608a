"""A quick reader of unified diffs in an mbox, for measuring the syntax stage without the intake."""

from __future__ import annotations

import email
import lzma
import re
from collections.abc import Iterator
from pathlib import Path

from linter.patch.model import Change, FilePatch, Hunk, Line, LineKind

_HEADER = re.compile(rb"^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@(.*)$")
_KINDS = {0x20: LineKind.CONTEXT, 0x2B: LineKind.ADDED, 0x2D: LineKind.REMOVED}


def read_mbox(path: Path) -> Iterator[bytes]:
    """The decoded bodies of an mbox."""
    data = path.read_bytes()
    data = lzma.decompress(data) if path.suffix == ".xz" else data
    for raw in re.split(rb"^From [^\n]*\n", data, flags=re.M)[1:]:
        head = raw[:8000].lower()
        if b"quoted-printable" in head or b"base64" in head or b"multipart/" in head:
            parts = [p for p in email.message_from_bytes(raw).walk() if p.get_content_maintype() == "text"]
            yield b"\n".join(p.get_payload(decode=True) or b"" for p in parts).replace(b"\r\n", b"\n")
        else:
            yield raw


def read_files(body: bytes) -> Iterator[FilePatch]:
    """The C files that a mail's diff touches, with the hunks that can be read."""
    lines = body.split(b"\n")
    at, path, added, hunks = 0, b"", False, []
    while at < len(lines):
        line = lines[at]
        if line.startswith(b"+++ ") and lines[at - 1].startswith(b"--- "):
            if hunks:
                yield _file(path, added, hunks)
            hunks = []
            path = line[4:].split(b"\t")[0].strip()
            added = lines[at - 1].startswith(b"--- /dev/null")
        match = _HEADER.match(line)
        if match and path:
            hunk, at = _hunk(lines, at, match)
            if hunk is not None:
                hunks.append(hunk)
            continue
        at += 1
    if hunks:
        yield _file(path, added, hunks)


def _file(path: bytes, added: bool, hunks: list[Hunk]) -> FilePatch:
    name = path.decode("utf-8", "replace").removeprefix("b/")
    return FilePatch(None if added else name, name, Change.ADD if added else Change.MODIFY, tuple(hunks), 1)


def _hunk(lines: list[bytes], at: int, match: re.Match[bytes]) -> tuple[Hunk | None, int]:
    pre, pre_count, post, post_count = (int(g) if g is not None else 1 for g in match.groups()[:4])
    pre_left, post_left, pre_at, post_at = pre_count, post_count, pre, post
    found: list[Line] = []
    first = at
    at += 1
    while at < len(lines) and (pre_left > 0 or post_left > 0):
        text = lines[at] or b" "
        kind = _KINDS.get(text[0])
        if kind is None:
            return None, at
        is_pre, is_post = kind is not LineKind.ADDED, kind is not LineKind.REMOVED
        found.append(Line(kind, text[1:], pre_at if is_pre else None, post_at if is_post else None, at + 1))
        pre_at, pre_left = pre_at + is_pre, pre_left - is_pre
        post_at, post_left = post_at + is_post, post_left - is_post
        at += 1
    return Hunk(pre, pre_count, post, post_count, match[5].strip(), tuple(found), first + 1), at
