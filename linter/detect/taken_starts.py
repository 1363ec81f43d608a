"""First values that a patch takes away: initialisers of locals, and the clearing of what was freed."""

from __future__ import annotations

import re
from collections.abc import Iterator

from linter.detect.model import Context
from linter.detect.taken_blocks import Block, assigns, code, joined, mentions
from linter.detect.taken_model import Taken
from linter.patch.model import FilePatch, LineKind
from linter.pattern import compiled, lazy

_FIRST = lazy(rb"(?:^|[ *,])([A-Za-z_]\w*) = (0|NULL|false|\{[^}]*\}|-E[A-Z]+|-1)(?=[,;])")
_DECLARES = lazy(rb"^(?!static\b|return\b|goto\b|else\b|case\b)[A-Za-z_][\w ]*[ *]+[A-Za-z_]")
_WORD = lazy(rb"[A-Za-z_]\w*")
_CLEARED = lazy(rb"^([A-Za-z_][\w>.\-]*) = NULL;$")


def first_values(block: Block, file: FilePatch, context: Context) -> Iterator[Taken]:
    """`int ret = 0;` becomes `int ret;`, and the patch stores nothing in it."""
    for line in block.gone:
        text = code(line)
        for found in _FIRST.finditer(text) if _DECLARES.match(text) else ():
            name = found[1]
            if name in (b"i", b"j", b"k", b"n"):
                continue  # a counter; its loop sets it
            bare = compiled(rb"[ *,]" + re.escape(name) + rb"[,;]")
            left = next((each for each in block.come if _DECLARES.match(code(each)) and bare.search(code(each))), None)
            if left is not None and not _does_more(block, file) and not _is_filled(name, block, file):
                yield Taken(line, left, {"NAME": name, "VALUE": found[2]}, name)


def _does_more(block: Block, file: FilePatch) -> bool:
    """Whether the patch declares something else there, such as a second cursor, or changes more than declarations.

    The code that it writes may store a value on every path; where only declarations change, no path stores more.
    """
    known = set(_WORD.findall(joined(block.gone)))
    if any(_DECLARES.match(code(line)) and not known.issuperset(_WORD.findall(code(line))) for line in block.come):
        return True
    changed = [line for hunk in file.hunks for line in hunk.lines if line.kind is not LineKind.CONTEXT and code(line)]
    return not all(_DECLARES.match(code(line)) for line in changed)


def _is_filled(name: bytes, block: Block, file: FilePatch) -> bool:
    """Whether the patch fills the variable elsewhere, or the lines behind do so before anything reads it."""
    for hunk in file.hunks:
        if any(line.kind is LineKind.ADDED and assigns(name, code(line)) for line in hunk.lines):
            return True
    for line in block.behind:
        if mentions(name, code(line)):
            return assigns(name, code(line))
    return len(block.gone) > 3


def error_pointers(block: Block, file: FilePatch, context: Context) -> Iterator[Taken]:
    """`p = NULL;` behind a failed IS_ERR() goes, and the jump to the cleanup stays."""
    for line in block.gone:
        found = _CLEARED.match(code(line))
        if found is None or len(block.come) > 1 or any(mentions(found[1], code(other)) for other in block.come):
            continue
        test = compiled(rb"\bIS_ERR(?:_OR_NULL)?\(\s*" + re.escape(found[1]) + rb"\s*\)")
        if not any(test.search(code(other)) for other in [*block.before[-4:], *block.come]):
            continue
        for other in block.behind[:4]:
            if code(other).startswith(b"goto "):
                yield Taken(line, other, {"NAME": found[1]}, found[1])
                return
            if assigns(found[1], code(other)):
                break
