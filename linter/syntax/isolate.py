"""Last resort: keeps one unreadable function from taking its neighbours with it.

Kernel style opens a function with `{` and closes it with `}` in column 0. Where the tree misses such a function, the
pieces between these braces are parsed one by one, and the body of a piece that cannot be read alone becomes a gap.
"""

from __future__ import annotations

import re

from tree_sitter import Parser, Tree

from linter.patch.model import Span
from linter.pattern import lazy
from linter.syntax.conditionals import Spans, blank
from linter.syntax.functions import definitions
from linter.syntax.model import GAP
from linter.syntax.repair import broken_regions

_DIRECTIVE = lazy(rb"^[ \t]*#(?:[^\n\\]|\\.)*+", re.M | re.S)
_OPENING = lazy(rb"^\{[ \t]*\n", re.M)
_CLOSING = lazy(rb"^\}[^\n]*\n", re.M)
_CALL = GAP + b"();"
_PIECES = 4000
_REGIONS = 200


def isolate(text: bytes, clean: bytes, tree: Tree, parser: Parser) -> tuple[bytes, Tree, tuple[Span, ...]] | None:
    """A text and tree with the unreadable bodies taken out, and where they were; None where nothing is gained."""
    directives = [match.span() for match in _DIRECTIVE.finditer(clean)]
    shape = blank(clean, directives)
    bodies = _bodies(shape)
    lost = len(bodies) - _found(bodies, tree)
    if not lost:
        return None
    regions = broken_regions(tree)
    if len(regions) > _REGIONS:
        regions = [(0, len(text), False)]
    lines = blank(text, directives)
    culprits: Spans = []
    for start, end in _pieces(shape)[:_PIECES]:
        if any(low < end and high > start for low, high, _ in regions):
            culprit = _culprit(lines, start, end, bodies, parser)
            if culprit is not None:
                culprits.append(culprit)
    if not culprits:
        return None
    edits = bytearray(blank(text, culprits))
    for start, end in directives:
        edits[start:end] = text[start:end]
    for start, end in culprits:
        if start in bodies:
            edits[start] = 0x7B
            _put_gap(edits, start + 1, end)
    second = bytes(edits)
    isolated = parser.parse(second)
    if len(bodies) - _found(bodies, isolated) >= lost:
        return None
    return second, isolated, tuple(Span(start, end) for start, end in culprits)


def _bodies(shape: bytes) -> dict[int, int]:
    """Offsets of the braces in column 0 that open a function, and where each closes."""
    found = {}
    for match in _OPENING.finditer(shape):
        before = shape[max(match.start() - 400, 0) : match.start()].rstrip()[-1:]
        closing = shape.find(b"\n}", match.start())
        if closing >= 0 and before == b")":
            found[match.start()] = closing + 1
    return found


def _found(bodies: dict[int, int], tree: Tree) -> int:
    nodes = (node.child_by_field_name("body") for node in definitions(tree.root_node))
    return sum(1 for body in nodes if body is not None and bodies.get(body.start_byte, -1) + 1 == body.end_byte)


def _pieces(shape: bytes) -> Spans:
    """The text cut behind each closing brace in column 0."""
    ends = [match.end() for match in _CLOSING.finditer(shape)]
    return list(zip([0, *ends], [*ends, len(shape)], strict=True))


def _culprit(lines: bytes, start: int, end: int, bodies: dict[int, int], parser: Parser) -> tuple[int, int] | None:
    """What of a piece has to go: nothing, the inside of its body, or all of it."""
    if not parser.parse(lines[start:end]).root_node.has_error:
        return None
    opening = next((at for at in range(start, end) if at in bodies), -1) if end - start < 1 << 20 else -1
    if opening < 0:
        return start, end
    inside = (opening, bodies[opening])
    hollow = lines[start:opening] + b"{}\n"
    return (start, end) if parser.parse(hollow).root_node.has_error else inside


def _put_gap(edits: bytearray, start: int, end: int) -> None:
    """Write the marker on the first line with room for it."""
    for match in re.finditer(rb"[ \t]{%d,}" % len(_CALL), bytes(edits[start:end])):
        at = start + match.start()
        edits[at : at + len(_CALL)] = _CALL
        return
