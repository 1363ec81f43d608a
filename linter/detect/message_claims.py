"""Checks of what a commit message claims against what the patch does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from linter.detect.message_parts import Check, Problem, message_lines
from linter.detect.model import Context
from linter.patch.model import FilePatch, Line, LineKind, Patch
from linter.pattern import lazy

_CLAIM = lazy(
    r"(?i)\bno (?:intended |intentional |real |actual )?(?:functional|semantic|behaviou?r(?:al)?) "
    r"(?:change|difference)s?\b"
    r"|\b(?:does|do|should|must)(?: not|n't) change (?:the )?(?:behaviou?r|functionality|semantics)\b"
)
_EXCEPT = lazy(r"(?i)\b(?:except|apart from|other than|besides|but|only)\b")
_TOKEN = lazy(rb'"(?:[^"\\]|\\.)*"|[A-Za-z_]\w*|0[xX][0-9a-fA-F]+|\d\w*|[<>=!]=|&&|\|\||<<|>>|->|[^\s\w]')
_COMPARES = frozenset([b"<", b">", b"<=", b">=", b"==", b"!=", b"&&", b"||"])
_ERRNO = lazy(rb"E[A-Z0-9]{2,}\Z")
_NUMBER = lazy(rb"(?:0[xX][0-9a-fA-F]+|\d+)(?:[uUlL]*)\Z")
MAX_LINE = 400


def _changed_nothing(patch: Patch, context: Context) -> Iterator[Problem]:
    """A message that claims no functional change, and a line in which one comparison, number or error is another."""
    if b"chang" not in patch.body and "chang" not in patch.title and b"differen" not in patch.body:
        return
    lines = [*message_lines(patch, "title"), *message_lines(patch, "log")]
    claim = next((each for each in lines if _CLAIM.search(each[1])), None)
    if claim is None or _EXCEPT.search(claim[1]):
        return
    for file in patch.files:
        if not (file.path or "").endswith((".c", ".h")):
            continue
        for before, after in _pairs(file):
            told = _difference(before.text[:MAX_LINE], after.text[:MAX_LINE])
            if told is not None:
                texts = {"OLD": told[0].decode("utf-8", "replace"), "NEW": told[1].decode("utf-8", "replace")}
                others = ((after.patch_lineno, f"`{texts['OLD']}` became `{texts['NEW']}`"),)
                yield Problem(claim[0], {**texts, "FILE": file.path or ""}, file.path or "", others)
                return


def _pairs(file: FilePatch) -> Iterator[tuple[Line, Line]]:
    """Removed lines with the added ones that took their place: runs of equal length."""
    for hunk in file.hunks:
        removed: list[Line] = []
        added: list[Line] = []
        for line in (*hunk.lines, None):
            if line is not None and line.kind is LineKind.REMOVED and not added:
                removed.append(line)
            elif line is not None and line.kind is LineKind.ADDED:
                added.append(line)
            else:
                if len(removed) == len(added):
                    yield from zip(removed, added, strict=True)
                removed, added = [], []
                if line is not None and line.kind is LineKind.REMOVED:
                    removed.append(line)


def _difference(before: bytes, after: bytes) -> tuple[bytes, bytes] | None:
    """The one token in which two lines of code differ, where that changes what the code does."""
    if before.lstrip()[:1] in (b"*", b"/", b"#"):
        return None
    old, new = _TOKEN.findall(before), _TOKEN.findall(after)
    if len(old) != len(new):
        return None
    differing = [(a, b) for a, b in zip(old, new, strict=True) if a != b]
    if len(differing) != 1:
        return None
    a, b = differing[0]
    if {a, b} <= _COMPARES or (_ERRNO.match(a) and _ERRNO.match(b)):
        return a, b
    if _NUMBER.match(a) and _NUMBER.match(b) and _value(a) != _value(b):
        return a, b
    return None


def _value(number: bytes) -> int:
    digits = number.rstrip(b"uUlL")
    octal = len(digits) > 1 and digits[:1] == b"0" and digits.isdigit()
    try:
        return int(digits, 8) if octal else int(digits, 0)
    except ValueError:
        return -1


CLAIMS: Mapping[str, Check] = {"functional-change": _changed_nothing}

__all__ = ["CLAIMS"]
