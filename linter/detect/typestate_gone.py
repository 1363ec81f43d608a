"""What goes along with a removed release or jump: the step that failed, the acquisition, or the order of things."""

from __future__ import annotations

import re

from linter.detect.typestate_tables import Knowledge
from linter.patch.model import Hunk, Line, LineKind
from linter.pattern import lazy

_CALLED = lazy(rb"\b([A-Za-z_]\w*)\(")
_LEAVES = lazy(rb"^\s*(?:if \(.*\)\s*)?(?:return|goto|break|continue)\b")
_GOTO = lazy(rb"^\s*goto\s+\w+\s*;")
_LABEL = lazy(rb"^\s{0,1}([A-Za-z_]\w*):\s*$")
_CALL = lazy(rb"^\s*[A-Za-z_]\w*\(.*\);\s*$")
_REPORT = lazy(rb"^\s*\w+\s*=\s*\"")
_SPAN = 12
"""Lines around a removed one in which the patch may put something in its place."""


def undoes(text: bytes, name: str, known: Knowledge) -> bool:
    """Whether a line calls what a release is the counterpart of."""
    for found in _CALLED.findall(text):
        other = found.decode("latin-1")
        family = known.acquire.get(other)
        if (family is not None and name in family.release) or known.related(other, name) == 2:
            return True
    return False


def label_goes(hunks: tuple[Hunk, ...], hunk: Hunk, index: int) -> bool:
    """Whether the label of a removed release goes with every jump to it, and nothing leaves instead."""
    for line in reversed(hunk.lines[:index]):
        if line.kind is not LineKind.REMOVED:
            return False
        if _LABEL.match(line.text):
            break
        if line.text.strip() and not _CALL.match(line.text):
            return False
    else:
        return False
    jump = re.compile(rb"^\s*(?:if \(.*\)\s*)?goto\s+" + _LABEL.match(line.text)[1] + rb"\s*;")  # type: ignore[index]
    around = [
        other
        for each in hunks
        for at, jumps in enumerate(each.lines)
        if jumps.kind is LineKind.REMOVED and jump.match(jumps.text)
        for other in each.lines[max(0, at - 3) : at + _SPAN]
    ]
    return bool(around) and not any(other.kind is LineKind.ADDED and _LEAVES.match(other.text) for other in around)


def is_reordered(removed: list[bytes], added: list[bytes], known: Knowledge) -> bool:
    """Whether a patch moves what is acquired, or gives paths that went to one label a label of their own."""
    if any(_GOTO.match(text) or _LABEL.match(text) for text in added):
        return True
    gone = {text.strip() for text in removed}
    return any(text.strip() in gone and _acquires(text, known) for text in added)


def _acquires(text: bytes, known: Knowledge) -> bool:
    """Whether a line calls something that is to be undone later."""
    names = [found.decode("latin-1") for found in _CALLED.findall(text)]
    return any(name in known.acquire or not known.undone_by.keys().isdisjoint(known.words(name)) for name in names)


def is_trivial(hunk: Hunk, label: re.Pattern[bytes]) -> bool:
    """Whether the hunk shows that nothing but a return stands behind a label."""
    seen = False
    for line in hunk.lines:
        if line.kind is LineKind.REMOVED or not line.text.strip():
            continue
        if seen:
            return line.text.lstrip().startswith(b"return")
        seen = label.match(line.text) is not None
    return False


def is_report(lines: tuple[Line, ...], index: int) -> bool:
    """Whether a text for the log goes with the jump behind it."""
    return any(line.kind is LineKind.REMOVED and _REPORT.match(line.text) for line in lines[max(0, index - 2) : index])
