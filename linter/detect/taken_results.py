"""Tests of results that a patch takes away while the call stays, and failures that return something else now."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from linter.detect.model import Context
from linter.detect.taken_blocks import (
    Block,
    assigns,
    code,
    derefs,
    if_parts,
    is_moved,
    joined,
    mentions,
    statement_before,
)
from linter.detect.taken_model import Taken
from linter.patch.model import FilePatch, Line, LineKind
from linter.pattern import compiled, lazy

_ENDS = lazy(rb"^(?:[\w>.\[\]*-]+ = [^;{}]*; |[\w>.-]+\([^;{}]*\); ){0,3}(?:return\b[^;{}]*|goto \w+|continue|break);$")
_LEAVES = lazy(rb"\b(?:return|goto|break|continue)\b")
_CALLED = lazy(rb"^(?:[A-Za-z_][\w *]*[ *])?([A-Za-z_][\w>.\-\[\]]*) = (?:\([\w *]+\) ?)?([A-Za-z_]\w*)\(.*\);$")
_NO_FAILURE = lazy(rb"container_of|^to_|debugfs|_priv$|drvdata|^list_|_entry$|^min|^max|strlen|sizeof|^get_unaligned")
_INT = lazy(rb"^(?:r|rc|rv|ret|err|error|retval|ret_val|status|result|res|rval)\d?$")
_TEST = lazy(
    rb"^(?:unlikely\()?\(?(?:!\s*|IS_ERR(?:_OR_NULL)?\(\s*|)([\w>.\-\[\]]+?)(?:\s*(?:<|<=|!=|==) (?:0|NULL))?\)*$"
)
_DMA = lazy(rb"^(?:unlikely\()?dma_mapping_error\([^,]+, ([\w>.\-\[\]]+)\)+$")
_STORED = lazy(rb"^(\w+) = ((\w+)\([^;]*\);)$")
_FIRST_CALL = lazy(rb"^(?:(\w+) = |if \(!?)([a-z_]\w*)\(")
_SIGN = lazy(rb"-E(?=[A-Z])")
_RETURNS = lazy(rb"^return (?:(-E[A-Z]+)|([a-z_]\w*)|PTR_ERR\(([\w>.-]+)\));$")


def result_tests(block: Block, file: FilePatch, context: Context) -> Iterator[Taken]:
    """`p = f(); if (!p) return ...`: the test goes, the call stays. Or the test stays, and nothing is stored for it."""
    if block.come:
        yield from _stale_tests(block)
        yield from _unused(block, file, context)
        return
    parts = if_parts(joined(block.gone))
    called = _CALLED.match(statement_before(block.before))
    if parts is None or called is None or not _ENDS.match(parts[1]) or _NO_FAILURE.search(called[2]):
        return
    test = _DMA.match(parts[0]) or _TEST.match(parts[0])
    name = called[1]
    if test is None or test[1] != name or _is_tested(name, block.behind) or is_moved(block, file):
        return
    if b"IS_ERR" not in parts[0] and not _INT.match(name) and derefs(name, block.behind) is not None:
        return  # the test for NULL has a rule of its own
    yield Taken(block.gone[0], block.before[-1], {"CALLEE": called[2]}, name)


def _is_tested(name: bytes, lines: Sequence[Line]) -> bool:
    """Whether the lines behind look at a result, hand it on, or end before they could."""
    if not lines:
        return True
    status = _INT.match(name) is not None
    if status and code(lines[0]).startswith((b"break;", b"}")):
        return True
    for line in lines:
        text = code(line)
        if assigns(name, text):
            return False
        if not mentions(name, text):
            continue
        if status or text.startswith((b"if", b"while", b"} else if", b"return", b"for")) or b"?" in text:
            return derefs(name, [line]) is None
        return False
    return False


def _stale_tests(block: Block) -> Iterator[Taken]:
    """`ret = f();` becomes `f();`, and the test of `ret` behind it is left."""
    come, gone = joined(block.come), joined(block.gone)
    left = _STORED.match(gone)
    if left is None or left[2].replace(b" ", b"") != come.replace(b" ", b"") or come.count(b";") != 1:
        return
    if block.behind and code(block.behind[0]).startswith(b"if (") and mentions(left[1], code(block.behind[0])):
        yield Taken(block.gone[0], block.come[0], {"CALLEE": left[3]}, left[1])


def _unused(block: Block, file: FilePatch, context: Context) -> Iterator[Taken]:
    """`ret = f(); if (ret) return ret;` becomes `f();`."""
    come, gone = joined(block.come), joined(block.gone)
    left = _FIRST_CALL.match(gone)
    if left is None or come.count(b";") != 1 or not come.startswith(left[2] + b"(") or not _LEAVES.search(gone):
        return
    if left[1] is not None:
        rest = gone[left.end() - 1 :]
        at = rest.find(b"; if (")
        if at < 0 or not mentions(left[1], rest[at:]):
            return
        if rest[: at + 1].replace(b" ", b"") != come[len(left[2]) :].replace(b" ", b""):
            return
    if not _is_void(left[2], file, context):
        yield Taken(block.gone[0], block.come[0], {"CALLEE": left[2]}, left[2])


def _is_void(callee: bytes, file: FilePatch, context: Context) -> bool:
    """Whether the patch makes the callee return nothing."""
    if context.patch is not None and b"void" in context.patch.body:
        return True
    name = re.escape(callee)
    made = compiled(rb"\bvoid\b.*\b" + name + rb"\(|^" + name + rb"\(")
    files = context.patch.files if context.patch is not None else (file,)
    lines = (line for each in files for hunk in each.hunks for line in hunk.lines)
    return any(line.kind is LineKind.ADDED and made.search(line.text) for line in lines)


def returned(block: Block, file: FilePatch, context: Context) -> Iterator[Taken]:
    """`if (n < 0) return n;` returns another variable now, which the branch says nothing of."""
    if len(block.gone) != 1 or len(block.come) != 1 or not block.before:
        return
    old, new = _RETURNS.match(code(block.gone[0])), _RETURNS.match(code(block.come[0]))
    head = code(block.before[-1])
    if old is None or new is None or not head.startswith(b"if ("):
        return
    was, now = old[2] or old[3], new[2] or new[3]
    if now is None or now in (b"true", b"false", was) or mentions(now, head):
        return
    if mentions(was, head) if was is not None else new[2] is not None:
        yield Taken(block.gone[0], block.come[0], {"NAME": now}, now)


def signs(block: Block, file: FilePatch, context: Context) -> Iterator[Taken]:
    """`-EINVAL` becomes `EINVAL`, and nothing else changes."""
    for old, new in zip(block.gone, block.come, strict=False):
        before, after = code(old), code(new)
        if before != after and _SIGN.sub(b"E", before) == after:
            yield Taken(old, new, {}, after)
