"""Blanks comments and string contents at equal length, so that shapes can be read from what is left."""

from __future__ import annotations

import re

from linter.pattern import lazy

_SCRUB = lazy(
    rb"/\*[^*]*+(?:\*(?!/)[^*]*+)*+(?:\*/|\Z)"
    rb"|//[^\n]*+"
    rb'|"(?:[^"\\\n]|\\.)*+"?'
    rb"|'(?:[^'\\\n]|\\.){1,12}+'",
    re.DOTALL,
)
_BLANK = bytes(c if c in b"\n\t\f\v\r" else 0x20 for c in range(256))
_FILL = bytes(c if c == 0x0A else 0x5F for c in range(256))
_IDENTIFIER = lazy(rb"[A-Za-z_]\w*+")


def identifiers_of(text: bytes) -> frozenset[bytes]:
    """Every identifier in the text, those in comments and strings too."""
    return frozenset(_IDENTIFIER.findall(text))


def scrub(source: bytes) -> bytes:
    """The source with comments blanked and the insides of strings filled with underscores, at equal length."""

    def cover(match: re.Match[bytes]) -> bytes:
        found = match[0]
        if found[0] == 0x2F:
            return found.translate(_BLANK)
        return found[:1] + found[1:-1].translate(_FILL) + found[-1:] if len(found) > 1 else found

    return _SCRUB.sub(cover, source)


def blanked(text: bytes) -> bytes:
    """Spaces of equal length; newlines and tabs stay."""
    return text.translate(_BLANK)


def end_comment(source: bytes) -> bytes:
    """The source with a comment that never ends blanked; the parser would look for its end at every `/*` in it."""
    if source.rfind(b"/*") <= source.rfind(b"*/"):
        return source
    for match in _SCRUB.finditer(source):
        if match.end() == len(source) and match[0][:2] == b"/*" and not match[0].endswith(b"*/"):
            return source[: match.start()] + match[0].translate(_BLANK)
    return source
