"""The text of a saved archive page in, the extent of the one mail in it out.

A public-inbox page shows a mail between its own lines: a bar above, marks behind Date and Message-ID, the same mail
again if two lists carried it, the thread, and how to reply.
"""

from __future__ import annotations

import re

from linter.pattern import lazy

_TOP = lazy(
    rb"(?:[^\n]{0,200}\n){0,12}?(?=(?:From|To|Subject|Date|Message-ID|Cc):[ \t])",
)
_END = lazy(
    rb"^(?:WARNING: multiple messages have this Message-ID"
    rb"|[ \t]*(?:(?:next|prev|parent|reply)[ \t]+){1,4}other threads:\["
    rb"|[ \t]*other threads:\[|Thread overview: \d+|Reply instructions:\s*$|end of thread, other threads:\[)",
    re.MULTILINE,
)
_MARK = lazy(r"\s*(?:\[thread overview\]|\(raw\)|\(diff\)|\[flat\|nested\])\s*$")


def find_page(data: bytes) -> tuple[int, int] | None:
    """Where the mail begins and ends if the text is a saved page, else None; its numbers are byte offsets."""
    if b"hread overview" not in data and b"Reply instructions:" not in data:
        return None
    if data.startswith(b"From ") or not (
        b"[thread overview]" in data[: 1 << 16] or data.startswith(b"All of lore") or b"\nThread overview:" in data
    ):
        return None
    top = _TOP.match(data)
    if top is None:
        return None
    end = _END.search(data, top.end())
    return (top.end(), end.start()) if end else None


def clean_header(value: str) -> str:
    """Cut the page's own marks from a header value."""
    return _MARK.sub("", value)
