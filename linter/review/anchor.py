"""Where a finding is shown: on a changed line, wherever there is one that can be its cause."""

from __future__ import annotations

from collections.abc import Iterator

from linter.detect.model import Finding
from linter.patch.model import FilePatch, Hunk, Line, LineKind, Location, Side


def line_location(file: FilePatch, line: Line) -> Location:
    """The place of a whole changed line."""
    side = Side.PRE if line.kind is LineKind.REMOVED else Side.POST
    path = file.pre_path if side is Side.PRE else file.post_path
    lineno = line.pre_lineno if side is Side.PRE else line.post_lineno
    return Location(path or file.path, side, lineno, 1, line.patch_lineno, None, line.kind is not LineKind.CONTEXT)


def changed_lines(hunk: Hunk) -> Iterator[Line]:
    """Added and removed lines that are not blank."""
    for line in hunk.lines:
        if line.kind is not LineKind.CONTEXT and line.text.strip():
            yield line


def anchor(finding: Finding, file: FilePatch | None) -> Location:
    """The primary place if the patch wrote it, else the changed line of its path, else the changed line nearest to it.

    The nearest line is looked for between the first and the last label first: a removed release stands there.
    """
    primary = finding.primary.location
    if primary.changed or file is None:
        return primary
    changed = [label.location for label in finding.labels if label.location.changed]
    if changed:
        # What stands behind it, such as the release on another way out, is no step of the way to it.
        before = [place for place in changed if place.patch_lineno <= primary.patch_lineno]
        return (before or changed)[-1]
    best: tuple[int, int, int] | None = None
    chosen: Line | None = None
    first, last = _extent(finding)
    for hunk in file.hunks:
        for line in changed_lines(hunk):
            at = line.post_lineno if line.post_lineno is not None else line.pre_lineno
            if primary.patch_lineno:
                distance = abs(line.patch_lineno - primary.patch_lineno)
            elif at is not None and primary.line is not None:
                distance = abs(at - primary.line)
            else:
                distance = line.patch_lineno
            inside = 0 if first <= line.patch_lineno <= last else 1
            score = (inside, distance, line.patch_lineno)
            if best is None or score < best:
                best, chosen = score, line
    return line_location(file, chosen) if chosen is not None else primary


def _extent(finding: Finding) -> tuple[int, int]:
    numbers = [label.location.patch_lineno for label in finding.labels if label.location.patch_lineno]
    return (min(numbers), max(numbers)) if numbers else (0, -1)
