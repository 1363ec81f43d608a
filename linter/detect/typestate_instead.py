"""What stands in the place of lines that a patch removes: read from the lines of a hunk."""

from __future__ import annotations

import re

from linter.patch.model import Line, LineKind
from linter.pattern import lazy

_CALL = lazy(rb"^\s*([a-z_]\w*)\((.*)\);\s*$")
_EXIT = lazy(rb"^\s*(?:goto\s+\w+|continue|return\b[^;]*);\s*$")
_TEST = lazy(rb"^\s*(?:\}\s*else\s+)?if \(")
_LABEL = lazy(rb"^\s{0,1}[A-Za-z_]\w*:\s*$")
_NEAR = 6
"""Lines behind a call in which another one belongs to the same cleanup."""


def branch_went(lines: tuple[Line, ...], index: int, at: int) -> bool:
    """Whether the removed line at `index` stood in a branch that is removed from its test to its exit, line `at`."""
    if not _EXIT.match(lines[at].text):
        return False
    for line in reversed(lines[:index]):
        if line.kind is not LineKind.REMOVED or _LABEL.match(line.text):
            return False
        if _TEST.match(line.text):
            return not _has_successor(lines, at)
    return False


def _has_successor(lines: tuple[Line, ...], index: int) -> bool:
    """Whether a new exit stands among the changed lines behind a removed one."""
    for line in lines[index + 1 :]:
        if line.kind is LineKind.REMOVED:
            continue
        if line.kind is LineKind.CONTEXT:
            return False
        if _EXIT.match(line.text):
            return True
    return False


def other_test(member: bytes, removed: list[bytes], added: list[bytes]) -> bool:
    """Whether what told by the member being NULL is told by something else now."""
    tested = re.compile(rb"\bif \(.*(?<![\w.>])" + re.escape(member) + rb"(?!\w)")
    return any(tested.search(text) for text in removed) and any(_TEST.match(text) for text in added)


def goes_on(lines: tuple[Line, ...], index: int, name: bytes, member: bytes) -> bool:
    """Whether another call is given the member a few lines on: the one in front ended something, but freed nothing."""
    for line in lines[index + 1 : index + 1 + _NEAR]:
        call = _CALL.match(line.text) if line.kind is not LineKind.REMOVED else None
        if call is not None and call[1] != name and member in [text.strip() for text in call[2].split(b",")]:
            return True
    return False
