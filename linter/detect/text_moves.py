"""Lines that a patch takes from one file and puts into another: what they lack, they lacked before."""

from __future__ import annotations

from linter.detect.model import Context
from linter.patch.model import FilePatch, Line, LineKind

SHORT = 8
"""Bytes of a line that says nothing: braces, an `else`, an empty comment."""


def is_moved(file: FilePatch, line: Line | None, context: Context) -> bool:
    """Whether a line, or most of the lines of a new file, are ones that the patch takes out of other files."""
    if context.patch is None:
        return False
    removed = {
        old.text.strip()
        for other in context.patch.files
        if other is not file
        for hunk in other.hunks
        for old in hunk.lines
        if old.kind is LineKind.REMOVED
    }
    if line is not None:
        return line.text.strip() in removed
    written = {new.text.strip() for hunk in file.hunks for new in hunk.lines if new.kind is LineKind.ADDED}
    telling = [text for text in written if len(text) > SHORT]
    return len(removed.intersection(telling)) * 2 > len(telling)
