"""The text above a diff in: in-body headers, commit message, trailers, notes and base commit out."""

from __future__ import annotations

import re

from linter.patch.charset import decode_bytes, decode_header
from linter.patch.header import parse_person
from linter.patch.model import Person, Trailer
from linter.pattern import lazy
from linter.record import record

_SEPARATOR = lazy(rb"^---[ \t\r]*$", re.MULTILINE)
_SCISSORS = lazy(rb"^[ \t]*-[- \t]{1,80}(?:>8|8<|>%|%<)[ \t]?-[->8<%\t ]{0,80}$", re.MULTILINE)
_IN_BODY = lazy(rb"(From|Subject|Date|Content-[A-Za-z-]+|X-[A-Za-z-]+|To|Cc):[ \t]+([^\n]*(?:\n[ \t]+[^\n]*)*)\n?")
_TRAILER = lazy(rb"([A-Za-z][A-Za-z0-9-]{1,40})[ \t]*:[ \t]+(\S[^\n]*)$")
_BASE = lazy(rb"^base-commit:[ \t]*([0-9a-f]{7,64})\b", re.MULTILINE)
_CHANGE_ID = lazy(rb"^change-id:[ \t]*(\S+)", re.MULTILINE)
_TOKENS = frozenset({"link", "fixes", "closes", "cc", "from"})


@record
class Letter:
    """The prose of a patch; line numbers are those of the mail."""

    body: bytes
    body_lineno: int
    notes: bytes
    notes_lineno: int
    trailers: tuple[Trailer, ...]
    author: Person | None
    subject: str | None


def read_letter(text: bytes, lineno: int) -> Letter:
    """Take apart the text between the headers and the first diff line; `lineno` is that of its first line."""
    author, subject, at = _in_body_headers(text)
    if match := _SCISSORS.search(text, at):
        again = match.end() + 1
        author2, subject2, at = _in_body_headers(text, again)
        author, subject = author2 or author, subject2 or subject
    separator = _SEPARATOR.search(text, at)
    end = separator.start() if separator else len(text)
    notes_at = min(separator.end() + 1, len(text)) if separator else len(text)
    body = text[at:end]
    body_lineno = lineno + text.count(b"\n", 0, at)
    notes_lineno = body_lineno + text.count(b"\n", at, notes_at)
    trailers = read_trailers(body, body_lineno)
    return Letter(body, body_lineno, text[notes_at:], notes_lineno, trailers, author, subject)


def _in_body_headers(text: bytes, at: int = 0) -> tuple[Person | None, str | None, int]:
    author: Person | None = None
    subject: str | None = None
    while at < len(text) and text[at : at + 1] in (b"\n", b"\r"):
        at += 1
    begin = at
    if text[at : at + 6] == b">From:":  # an mbox writer took the in-body header for a separator
        at += 1
    while match := _IN_BODY.match(text, at):
        name = match[1].lower()
        value = decode_header(" ".join(decode_bytes(match[2], None).split()))
        if name == b"from":
            author = parse_person(value)
            if author is None or "@" not in author.address:
                break
        elif name == b"subject":
            subject = value
        elif author is None:
            break
        at = match.end()
    if (author is None and subject is None) or (author is not None and "@" not in author.address):
        return None, None, begin
    while at < len(text) and text[at : at + 1] in (b"\n", b"\r"):
        at += 1
    return author, subject, at


def read_trailers(body: bytes, lineno: int) -> tuple[Trailer, ...]:
    """The `Token: value` lines at the end of a commit message, through any line among them that is none."""
    lines = body.split(b"\n")
    found: list[Trailer] = []
    stray = 0
    for index in range(len(lines) - 1, -1, -1):
        line = lines[index].rstrip()
        if not line:
            continue
        match = _TRAILER.match(line)
        if match and (b"-" in match[1] or match[1].decode().lower() in _TOKENS):
            found.append(Trailer(match[1].decode(), decode_bytes(match[2].rstrip(), None), lineno + index))
            stray = 0
        elif line[:1] in (b" ", b"\t", b"[", b"(") or (stray == 0 and found):
            stray += line[:1] not in b" \t[("
        else:
            break
    return tuple(reversed(found))


def read_base(text: bytes) -> str | None:
    """The object id of a base-commit: line."""
    match = _BASE.search(text)
    return match[1].decode() if match else None


def read_change_id(text: bytes) -> str | None:
    """The value of a change-id: line, as b4 writes it below ---."""
    match = _CHANGE_ID.search(text)
    return match[1].decode("utf-8", "replace") if match else None
