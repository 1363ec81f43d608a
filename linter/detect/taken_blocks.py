"""The runs of changed lines of a hunk, and what stands before and behind each after the patch."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from linter.detect import typestate_explained
from linter.patch.model import FilePatch, Hunk, Line, LineKind, Patch
from linter.pattern import compiled, lazy
from linter.record import record

_COMMENT = lazy(rb"/\*.*?\*/|//.*|^\s*/?\*.*|/\*.*$")
_HEAD = lazy(rb"^(?:\} else )?if \(")
_EXPLAINED = lazy(
    rb"(?i)redundan|unneeded|unnecessar|superfluous|useless|pointless|needless|dead code|no longer|\bno need|not needed"
    rb"|not required|n't need|not necessary|\brevert|relax|obsolete|unused|bogus|spurious|unreachable|prematur|optional"
    rb"|\bnever (?:be |is |returns? |return |get |)(?:NULL|fails?\b|read|used|an? err)|NULL-aware|accepts? NULL"
    rb"|(?:can(?:no|')t|can not|cannot) (?:be |return |fail|happen)|too strict|\bignor(?:e|ing)\b|\beven if the\b"
    rb"|(?:always|already) (?:valid|non-|checked|checks?|initiali|set\b|assigned|zero|handled|done|guaranteed)"
    rb"|\b(?:remov|dropp?|delet|reduc|omitt?|eliminat)(?:e|es|ed|ing|s)?\b(?: [\w()'>.*-]+){0,5}?"
    rb" (?:checks?|tests?|checking|condition|initiali[sz]ation|assignment|validation|limit)\b"
)
_LONGEST = 300
"""Bytes of a line that are looked at."""


@record(eq=False)
class Block:
    """A run of changed lines, with the lines of the post-image around it as far as the hunk shows them."""

    hunk: Hunk
    gone: Sequence[Line]
    come: Sequence[Line]
    before: Sequence[Line]
    behind: Sequence[Line]


def blocks(file: FilePatch) -> Iterator[Block]:
    """The runs of changed lines of a file in which something goes. Blank lines and comments are no part of them."""
    for hunk in file.hunks:
        lines = hunk.lines
        index = 0
        while index < len(lines):
            end = index
            while end < len(lines) and lines[end].kind is not LineKind.CONTEXT:
                end += 1
            gone = [line for line in lines[index:end] if line.kind is LineKind.REMOVED and code(line)]
            if gone:
                come = [line for line in lines[index:end] if line.kind is LineKind.ADDED and code(line)]
                yield Block(hunk, gone, come, _shown(lines[:index]), _shown(lines[end:]))
            index = end + 1


def _shown(lines: Sequence[Line]) -> list[Line]:
    return [line for line in lines if line.kind is not LineKind.REMOVED and code(line)]


def code(line: Line) -> bytes:
    """What stands in a line besides comments and blanks at its ends."""
    text = line.text[:_LONGEST]
    return (_COMMENT.sub(b"", text) if b"*" in text or b"/" in text else text).strip()


def joined(lines: Sequence[Line]) -> bytes:
    """Lines as one, with single blanks."""
    return b" ".join(b" ".join(code(line) for line in lines).split())


def statement_before(lines: Sequence[Line]) -> bytes:
    """The last whole statement of some lines, on one line."""
    taken: list[bytes] = []
    for line in reversed(lines[-6:]):
        text = code(line)
        if taken and text.endswith((b";", b"{", b"}", b":")):
            break
        taken.insert(0, text)
    return b" ".join(b" ".join(taken).split())


def mentions(name: bytes, text: bytes) -> bool:
    """Whether a text has a name or a path such as `a->b`, not as a part of another."""
    return compiled(rb"(?<![\w>.])" + re.escape(name) + rb"(?!\w)").search(text) is not None


def assigns(name: bytes, text: bytes) -> bool:
    """Whether a text stores something in a name, or gives its address away."""
    escaped = re.escape(name)
    return compiled(rb"(?<![\w>.])" + escaped + rb"\s*=[^=]|&" + escaped + rb"\b(?!->|\.|\[)").search(text) is not None


def derefs(name: bytes, lines: Sequence[Line]) -> Line | None:
    """The first line that goes through a pointer, if it is not set and not tested before."""
    escaped = re.escape(name)
    through = compiled(rb"(?<![\w>.])" + escaped + rb"(?:->|\[)|(?:^|[=(,!&|+-]\s*)\*" + escaped + rb"\b(?!->|\[)")
    tested = compiled(rb"(?:!\s*|\(|&& |\|\| )" + escaped + rb"(?:\)| &&| \|\||\s*\?)|\bsizeof\(?\s*\*")
    for line in lines:
        text = code(line)
        if assigns(name, text) or tested.search(text):
            return None
        if through.search(text):
            return line
    return None


def split_clauses(condition: bytes, operator: bytes) -> list[bytes]:
    """The parts of a condition between `||` or `&&` that stand in no parentheses."""
    parts, depth, start = [], 0, 0
    for index in range(len(condition)):
        char = condition[index : index + 1]
        depth += (char in (b"(", b"[")) - (char in (b")", b"]"))
        if depth == 0 and condition.startswith(operator, index):
            parts.append(condition[start:index].strip())
            start = index + 2
    return [*parts, condition[start:].strip()]


def if_parts(text: bytes) -> tuple[bytes, bytes] | None:
    """The condition and the body of an `if` that is all of a text; None where it is something else or only a part."""
    head = _HEAD.match(text)
    if head is None:
        return None
    depth = 0
    for index in range(head.end() - 1, len(text)):
        char = text[index]
        depth += (char == 40) - (char == 41)  # ( and )
        if depth == 0:
            condition, body = text[head.end() : index].strip(), text[index + 1 :].strip()
            if body.startswith(b"{") != body.endswith(b"}") or body.count(b"{") != body.count(b"}"):
                return None
            return condition, body[1:-1].strip() if body.startswith(b"{") else body
    return None


def is_explained(patch: Patch | None) -> bool:
    """Whether the commit message says why a test or a value had to go, or the patch is too wide to say so of each."""
    return typestate_explained.is_explained(patch, _EXPLAINED)


def is_moved(block: Block, file: FilePatch) -> bool:
    """Whether the first line that goes comes back elsewhere in the file, if only as a comment."""
    first = code(block.gone[0]).rstrip(b" {")
    return any(line.kind is LineKind.ADDED and first in line.text for hunk in file.hunks for line in hunk.lines)


def is_tested_anew(name: bytes, file: FilePatch) -> bool:
    """Whether a line that the patch writes tests a pointer."""
    escaped = re.escape(name)
    tested = compiled(rb"(?:!\s*|\(|&& |\|\| )" + escaped + rb"(?:\)| &&| \|\||\s*\?| [!=]= NULL)")
    return any(line.kind is LineKind.ADDED and tested.search(line.text) for hunk in file.hunks for line in hunk.lines)
