"""ioctl commands as a header defines them, and the comments that speak about them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from linter.pattern import lazy
from linter.record import record
from linter.syntax.model import Unit

_DEFINE = lazy(
    rb"^[ \t]*#[ \t]*define[ \t]+(\w{1,100})[ \t]+(?:\\\n[ \t]*)?((?:DRM_|_)IO(?:WR|R|W)?)[ \t]*\(",
    re.M,
)
_MACROS = frozenset({b"_IO", b"_IOR", b"_IOW", b"_IOWR", b"DRM_IO", b"DRM_IOR", b"DRM_IOW", b"DRM_IOWR"})
_OPENER = lazy(rb"/\*|//")
_STARS = lazy(rb"^[ \t]*\*?[ \t]?", re.M)


@record
class Command:
    """One `#define NAME _IOxx(type, nr, argument)`."""

    name: str
    macro: str
    arguments: tuple[str, ...]
    start: int  # of the name, in the unit's text
    end: int

    @property
    def number(self) -> tuple[str, ...]:
        """The magic and the number, as written; DRM commands have no magic of their own."""
        return self.arguments[: 1 if self.macro.startswith("DRM_") else 2]

    @property
    def argument(self) -> str | None:
        """The type that the command carries."""
        place = 1 if self.macro.startswith("DRM_") else 2
        return self.arguments[place] if len(self.arguments) > place else None


@record
class Comment:
    """A comment's words, without its stars."""

    text: str
    start: int
    end: int


def commands(unit: Unit) -> tuple[Command, ...]:
    """The commands of a unit, in order."""
    known: tuple[Command, ...] | None = unit.cache.get("uapi.commands")
    if known is None:
        known = unit.cache["uapi.commands"] = tuple(_commands(unit))
    return known


def _commands(unit: Unit) -> Iterator[Command]:
    for match in _DEFINE.finditer(unit.source):
        if match[2] not in _MACROS:
            continue
        found = split_arguments(unit.source, match.end())
        if found is not None:
            arguments, end = found
            yield Command(match[1].decode(), match[2].decode(), arguments, match.start(1), end)


def split_arguments(text: bytes, start: int) -> tuple[tuple[str, ...], int] | None:
    """The arguments between the parenthesis before `start` and its partner, and where they end."""
    depth, parts, current = 1, [], bytearray()
    for at in range(start, min(start + 600, len(text))):
        char = text[at : at + 1]
        if char in b"([{":
            depth += 1
        elif char in b")]}":
            depth -= 1
            if depth == 0:
                parts.append(bytes(current))
                words = (b" ".join(part.replace(b"\\\n", b" ").split()) for part in parts)
                return tuple(word.decode("utf-8", "replace") for word in words), at + 1
        if char == b"," and depth == 1:
            parts.append(bytes(current))
            current.clear()
        else:
            current += char
    return None


def comments(unit: Unit) -> tuple[Comment, ...]:
    """The comments of a unit, in order."""
    known: tuple[Comment, ...] | None = unit.cache.get("uapi.comments")
    if known is None:
        known = unit.cache["uapi.comments"] = tuple(_comments(unit.source))
    return known


def _comments(text: bytes) -> Iterator[Comment]:
    at = 0
    while match := _OPENER.search(text, at):
        closer = b"*/" if match[0] == b"/*" else b"\n"
        end = text.find(closer, match.end())
        if end < 0:
            return
        at = end + len(closer) if closer == b"*/" else end
        yield Comment(_words(text[match.start() : at]), match.start(), at)


def _words(raw: bytes) -> str:
    inner = raw[2:-2] if raw.startswith(b"/*") else raw[2:]
    return _STARS.sub(b"", inner.strip(b"*")).decode("utf-8", "replace")


def comment_before(unit: Unit, offset: int) -> Comment | None:
    """The comment that ends right above (at most one empty line between) or on the line of an offset."""
    line = unit.source.rfind(b"\n", 0, offset) + 1
    best = None
    for comment in comments(unit):
        if comment.end > line:
            break
        best = comment
    if best is None:
        return None
    between = unit.source[best.end : line]
    return best if not between.strip() and between.count(b"\n") <= 2 else None


def comment_after(unit: Unit, start: int, end: int) -> Comment | None:
    """The comment that starts on the line where a definition ends."""
    line_end = unit.source.find(b"\n", end)
    line_end = len(unit.source) if line_end < 0 else line_end
    for comment in comments(unit):
        if start <= comment.start < line_end:
            return comment
    return None
