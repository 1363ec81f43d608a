"""One hunk of a fragment made readable: comments closed, strings filled, half `#if` groups and macros put away."""

from __future__ import annotations

import re

from linter.patch.model import Image
from linter.pattern import lazy
from linter.record import record
from linter.syntax.conditionals import Spans, blank, blanked_spans, has_conditionals, missing_partners
from linter.syntax.context import UNKNOWN
from linter.syntax.scrub import blanked, scrub

IF_LINE = b"#ifdef " + UNKNOWN + b"\n"
_CUT_COMMENT = lazy(rb"[^\n]*\*/|[ \t]*\*(?:[ \t][^\n]*[^\n;{,)]|[ \t]*)(?:\n|\Z)")
_DIRECTIVE = lazy(rb"^[ \t]*#(?:[^\n\\]|\\.)*+", re.M | re.S)
_CUT_MACRO = lazy(rb"[ \t]*[^\s][^\n]*\\\n(?:[^\n]*\\\n)*[^\n]*")


@record(frozen=False)
class Chunk:
    """The lines of one chunk, made readable."""

    source: bytes
    clean: bytes
    first: int
    section: bytes
    in_comment: bool
    blanks: Spans
    shape: bytes = b""
    in_macro: bool = False  # it starts inside a #define
    groups: tuple[int, int] = (0, 0)  # `#if` and `#endif` lines to insert around it


def chunks_of(image: Image) -> list[Chunk]:
    """The chunks of an image that is not complete."""
    text = image.text if image.text.endswith(b"\n") else image.text + b"\n"
    starts = [0]
    for line in text.split(b"\n")[:-1]:
        starts.append(starts[-1] + len(line) + 1)
    bounds = [*image.chunks, len(starts) - 1]
    chunks = []
    for index, first in enumerate(image.chunks):
        source = text[starts[first] : starts[bounds[index + 1]]]
        if source:
            chunks.append(_chunk(source, first, image.sections[index] if index < len(image.sections) else b""))
    return chunks


def _chunk(source: bytes, first: int, section: bytes) -> Chunk:
    opening, closing = source.find(b"/*"), source.find(b"*/")
    in_comment = (closing >= 0 and (opening < 0 or closing < opening)) or (
        (opening < 0 or closing < opening) and _CUT_COMMENT.match(source) is not None
    )
    clean = scrub(b"/*\n" + source)[3:] if in_comment else scrub(source)
    blanks, groups = _conditionals(clean) if has_conditionals(clean) else ([], (0, 0))
    if blanks:
        clean = blank(clean, blanks)
    shape = clean
    if b"#" in clean:
        shape = _DIRECTIVE.sub(lambda m: blanked(m[0]), clean)
    macro = None if in_comment else _CUT_MACRO.match(shape)
    if macro:
        shape = blank(shape, [macro.span()])
    return Chunk(source, clean, first, section, in_comment, blanks, shape, macro is not None, groups)


def _conditionals(clean: bytes) -> tuple[Spans, tuple[int, int]]:
    """What to blank of the `#if` groups of a chunk, and the directives to insert around it to make them whole."""
    groups = missing_partners(clean)
    if groups != (0, 0) and sum(groups) < 9:
        before, behind = IF_LINE * groups[0], b"#endif\n" * groups[1]
        spans = blanked_spans(before + clean + behind)
        low, high = len(before), len(before) + len(clean)
        if all(low <= start and end <= high for start, end in spans):
            return [(start - low, end - low) for start, end in spans], groups
    return blanked_spans(clean), (0, 0)


def ends_in_comment(chunk: Chunk) -> bool:
    """Does the chunk end inside a comment."""
    opening = chunk.source.rfind(b"/*")
    if opening < 0 and not chunk.in_comment:
        return False
    closing = chunk.source.rfind(b"*/")
    if closing > opening or (opening < 0 and closing >= 0):
        return False
    return not chunk.clean[max(opening, 0) :].strip()
