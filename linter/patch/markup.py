"""The bytes of an HTML part in, its text out, line by line as a reader would see it."""

from __future__ import annotations

import re

from linter.pattern import lazy

_DROPPED = lazy(rb"<(style|script|head)\b[^>]*>.*?</\1\s*>", re.IGNORECASE | re.DOTALL)
_BREAK = lazy(rb"<(?:br|/p|/div|/tr|/li|/h[1-6]|/pre|/blockquote)\b[^>]*>\n?", re.IGNORECASE)
_TAG = lazy(rb"<[!/A-Za-z][^<>]*>")
_MAX = 8 << 20


def text_of_html(data: bytes) -> bytes:
    """Drop tags and resolve entities; not for showing, only to find a patch."""
    import html

    data = data[:_MAX]
    if data.lower().count(b"<style") + data.lower().count(b"<script") + data.lower().count(b"<head") < 50:
        data = _DROPPED.sub(b"", data)
    text = _TAG.sub(b"", _BREAK.sub(b"\n", data))
    return (
        html.unescape(text.decode("utf-8", "surrogateescape")).replace("\xa0", " ").encode("utf-8", "surrogateescape")
    )
