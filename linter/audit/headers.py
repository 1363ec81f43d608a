"""A raw message in, what the scan needs out: its ids, its place in a series, whether it holds a diff.

The scan sees every byte of an archive in one process, so nothing is decoded here that need not be; workers do the rest.
"""

from __future__ import annotations

import hashlib
import re

from linter.pattern import lazy
from linter.record import record

_HEADER = lazy(
    rb"^(message-id|in-reply-to|references|subject|from|x-change-id):[ \t]*([^\n]*(?:\n[ \t][^\n]*)*)",
    re.IGNORECASE | re.MULTILINE,
)
_ID = lazy(rb"<([^<>\s]{1,998})>")
_BRACKETS = lazy(r"^\s*(?:\[[^\]\[]{0,200}\]\s*)+")
_NUMBERS = lazy(r"\b(\d{1,5})/(\d{1,5})\b")
_VERSION = lazy(r"(?:\b|PATCH|RFC)v(\d{1,3})\b", re.IGNORECASE)
_REPLY = lazy(r"^\s*(?:re|aw|sv|antw|fwd|fw)\s*(?:\[\d+\])?\s*:", re.IGNORECASE)
_DIFF = lazy(rb"^[> |]{0,40}(?:diff --git |@@ -\d|--- (?:a/|/dev/null))", re.MULTILINE)
_BASE64 = lazy(rb"^content-transfer-encoding:[ \t]*base64", re.IGNORECASE | re.MULTILINE)
MAX_HEADER = 1 << 16
MAX_PARENTS = 24


@record
class Peek:
    """What a message says about itself at first sight."""

    message_id: str | None
    parents: tuple[str, ...]  # nearest first
    reply: bool  # Re: in front of the subject
    version: int
    index: int | None
    total: int | None
    has_patch: bool
    digest: bytes  # of author, subject and body
    sender: bytes

    @property
    def numbered(self) -> bool:
        """Whether it is one of several patches of a series (cover letter counted)."""
        return not self.reply and self.total is not None and self.total > 1


def peek(raw: bytes) -> Peek:
    """Read the first header block and look for a diff; any bytes give an answer."""
    start = raw.find(b"\n") + 1 if raw.startswith(b"From ") else 0
    split = _header_end(raw, start)
    fields: dict[bytes, bytes] = {}
    for match in _HEADER.finditer(raw, start, min(split, start + MAX_HEADER)):
        fields.setdefault(match[1].lower(), match[2])
    subject = _text(fields.get(b"subject", b""))
    version, index, total = numbering(subject)
    ids = _ID.findall(fields.get(b"message-id", b""))
    nearest = _ID.findall(fields.get(b"in-reply-to", b""))[:1]
    parents = dict.fromkeys(nearest + _ID.findall(fields.get(b"references", b""))[::-1])
    hash_ = hashlib.blake2b(digest_size=16)
    hash_.update(b" ".join(fields.get(b"from", b"").split()) + b"\n" + b" ".join(fields.get(b"subject", b"").split()))
    body = memoryview(raw)[split:]
    hash_.update(body if not raw.endswith(b"\n\n") else bytes(body).rstrip(b"\n") + b"\n")
    return Peek(
        _text(ids[0]) if ids else None,
        tuple(_text(one) for one in list(parents)[:MAX_PARENTS]),
        _REPLY.match(subject) is not None,
        version,
        index,
        total,
        _holds_diff(raw, start, split),
        hash_.digest(),
        fields.get(b"from", b"").strip(),
    )


def numbering(subject: str) -> tuple[int, int | None, int | None]:
    """Version, k and n of the bracketed words in front of a subject."""
    found = _BRACKETS.match(subject)
    if found is None:
        return 1, None, None
    numbers, version = _NUMBERS.search(found[0]), _VERSION.search(found[0])
    return (
        int(version[1]) if version else 1,
        int(numbers[1]) if numbers else None,
        int(numbers[2]) if numbers else None,
    )


def _header_end(raw: bytes, start: int) -> int:
    """Offset of the body; CRLF mails have their blank line too."""
    plain, crlf = raw.find(b"\n\n", start), raw.find(b"\r\n\r\n", start)
    if crlf >= 0 and (plain < 0 or crlf < plain):
        return crlf + 4
    return plain + 2 if plain >= 0 else len(raw)


def _holds_diff(raw: bytes, start: int, split: int) -> bool:
    """Whether a diff stands in the body; what is base64 may hold one."""
    if _DIFF.search(raw, split) is not None:
        return True
    return _BASE64.search(raw, start) is not None


def _text(value: bytes) -> str:
    text = " ".join(value.decode("utf-8", "replace").split())
    if "=?" not in text:
        return text
    from email.errors import HeaderParseError
    from email.header import decode_header, make_header

    try:
        return " ".join(str(make_header(decode_header(text))).split())
    except (HeaderParseError, LookupError, UnicodeError, ValueError):
        return text
