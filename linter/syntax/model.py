"""The types that leave the syntax stage: a parsed image and the functions in it."""

from __future__ import annotations

import bisect
from collections.abc import Mapping
from typing import Any

from tree_sitter import Node, Tree

from linter.patch.model import Image, Line, Location, Side, Span
from linter.record import field, record

GAP = b"__hunklint_gap"
"""Name of the call that stands in a unit's text where code is unknown: `__hunklint_gap();` as a statement for code
between hunks, before the first and after the last one; as a condition for a branch whose head is out of sight."""


@record
class Annotation:
    """A kernel annotation that was overwritten with spaces before parsing, e.g. `__free(kfree)` or `__user`."""

    name: str  # "__free"
    argument: str | None  # "kfree"
    span: Span  # in the unit's text


@record(eq=False)
class Unit:
    """One image as parsed C.

    `text` is what the tree's byte offsets index: the image's text with macros masked at equal length and, for an
    image that is not complete, whole lines inserted (openers, closers, gap markers). `source` has the same length
    and the masked macros unmasked. `rows[i]` is the index of the image line that unit line i came from, None for an
    inserted line.
    """

    image: Image
    text: bytes
    source: bytes
    tree: Tree
    rows: tuple[int | None, ...]
    line_starts: tuple[int, ...]  # byte offset of each line of `text`
    functions: tuple[Function, ...]
    annotations: tuple[Annotation, ...]  # by position
    identifiers: frozenset[bytes]  # every identifier in the image's text, comments and strings included
    unparsed: tuple[Span, ...] = ()  # what the parser could not make sense of
    cache: dict[Any, Any] = field(default_factory=dict)  # for later stages: one result a key and unit

    def snippet(self, node: Node) -> bytes:
        """The unmasked source of a node."""
        return self.source[node.start_byte : node.end_byte]

    def line_of(self, row: int) -> Line | None:
        """The patch line of unit line `row` (0-based); None for inserted lines and lines from a repository."""
        index = self.rows[row] if 0 <= row < len(self.rows) else None
        return None if index is None else self.image.origin[index]

    def location(self, start: int, end: int) -> Location:
        """The place of unit bytes start..end: the line of `start`, or the nearest real line before it."""
        row = max(bisect.bisect_right(self.line_starts, start) - 1, 0)
        column = start - self.line_starts[row]
        line_end = self.line_starts[row + 1] - 1 if row + 1 < len(self.line_starts) else len(self.text)
        end_column: int | None = min(end, line_end) - self.line_starts[row] + 1
        while row > 0 and self.rows[row] is None:
            row, column, end_column = row - 1, 0, None
        index = self.rows[row] if row < len(self.rows) else None
        if index is None:
            return Location(self.image.path, self.image.side, None, None, 0, Span(start, end))
        line = self.image.origin[index]
        patch_lineno = line.patch_lineno if line else 0
        lineno = self.image.linenos[index]
        changed = line is not None and line.kind.value == ("+" if self.image.side is Side.POST else "-")
        return Location(
            self.image.path, self.image.side, lineno, column + 1, patch_lineno, Span(start, end), changed, end_column
        )


@record(eq=False)
class Function:
    """A function definition, or what the hunks show of one."""

    name: str
    unit: Unit = field(repr=False)
    node: Node  # function_definition
    body: Node  # compound_statement
    span: Span  # in the unit's text
    whole: bool  # head and body were seen from end to end: no hunk edge, no gap
    head_known: bool  # the head (return type, parameters) is text of the image, or of the @@ section
    annotations: Mapping[str, str | None] = field(
        default_factory=dict
    )  # of the head: {"__init": None, "__must_check": None}


def node_location(unit: Unit, node: Node) -> Location:
    """The place of a node's first line."""
    return unit.location(node.start_byte, node.end_byte)
