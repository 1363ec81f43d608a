"""Tests of pointers and bounds that a patch takes away or weakens, while what they guarded stays."""

from __future__ import annotations

import re
from collections.abc import Iterator

from linter.detect.model import Context
from linter.detect.taken_blocks import (
    Block,
    assigns,
    code,
    derefs,
    if_parts,
    is_moved,
    is_tested_anew,
    joined,
    mentions,
    split_clauses,
    statement_before,
)
from linter.detect.taken_model import Taken
from linter.patch.model import FilePatch, Line, LineKind, Patch
from linter.pattern import compiled, lazy

_PATH = rb"([A-Za-z_][\w>.\-\[\]]*)"
_ERROR = lazy(rb"^IS_ERR(?:_OR_NULL)?\(\s*([\w>.\-\[\]]+)\s*\)$")
_LEAVING = lazy(rb"(?:^|; )(?:return\b[^;{}]*|goto \w+|continue|break);$")
_NULL = lazy(rb"^!\s*" + _PATH + rb"$|^" + _PATH + rb" == NULL$")
_SET = lazy(rb"^" + _PATH + rb"(?: != NULL)?$")
_ABOVE = lazy(rb"^(?:unlikely\(|WARN_ON(?:_ONCE)?\()?\(*((?:\w|\.|->)+) ?(?:>=|>) ?[^=>].*$")
_CONDITION = lazy(rb"^((?:\} )?(?:else )?if|while) \((.*)\)( \{)?$")
_LIMIT = lazy(
    rb"^\(*(?:int\))?\s*(?:ARRAY_SIZE\(|sizeof\b|[A-Z][A-Z0-9_]*(?:MAX|NUM|NR|SIZE|LEN|COUNT|LIMIT|CNT|ENTRIES|S)(?![a-z])"
    rb"|[\w>.\-]*(?:max|num|nr|size|len|count|limit|cnt|entries|length|total|last|end|nents|_n|->n)(?![a-z])\w*)"
)
_COUNT = lazy(
    rb"(?:len|size|count|num|cnt|total|length|bytes|nents|channels|nr|width|height|entries)\w?\)*$|^(?:ret|rc|err|"
    rb"r|n|nr|num|irq|status|time|now|jiffies|timeout|delta|c)$|[+*(]"
)


def null_tests(block: Block, file: FilePatch, context: Context) -> Iterator[Taken]:
    """`if (!p) return;`, `if (p)` around a statement, or one of several conditions: what goes through p stays."""
    for name, used in (*_errors(block), *_guards(block, file, context)):
        if not is_moved(block, file):
            yield Taken(block.gone[0], used, {"NAME": name}, name)
            return
    for name, later in _pointers(block):
        followed = derefs(name, later)
        if followed is not None and not is_tested_anew(name, file) and not is_moved(block, file):
            yield Taken(block.gone[0], followed, {"NAME": name}, name)
            return


def _errors(block: Block) -> Iterator[tuple[bytes, Line]]:
    """What was tested for an error pointer before a way out, and where it is used behind."""
    parts = if_parts(joined(block.gone)) if not block.come else None
    if parts is None or not _LEAVING.search(parts[1]) or b" if (" in parts[1]:
        return
    for part in split_clauses(parts[0], b"||"):
        found = _ERROR.match(part)
        if found is None or mentions(found[1], statement_before(block.before)):
            continue  # the call is told by the rule on results
        for line in block.behind:
            if mentions(found[1], code(line)):
                if not assigns(found[1], code(line)) and b"IS_ERR" not in code(line):
                    yield found[1], line
                break


def _pointers(block: Block) -> Iterator[tuple[bytes, list[Line]]]:
    gone, come = joined(block.gone), joined(block.come)
    parts = if_parts(gone)
    if not come:
        if parts is not None and _LEAVING.search(parts[1]) and b" if (" not in parts[1]:
            for part in split_clauses(parts[0], b"||"):
                name = _name(_NULL.match(part))
                if name:
                    yield name, list(block.behind)
        return
    name = _name(_SET.match(parts[0])) if parts is not None else b""
    if name and parts is not None and parts[1] and parts[1].replace(b" ", b"") == come.replace(b" ", b""):
        yield name, [*block.come, *block.behind]
        return
    yield from ((name, [*block.come, *block.behind]) for name in _clauses(gone, come))


def _clauses(gone: bytes, come: bytes) -> Iterator[bytes]:
    """The pointers of the conditions that are no longer part of an `if`."""
    before, after = _CONDITION.match(gone), _CONDITION.match(come)
    if before is None or after is None or before[1] != after[1]:
        return
    for operator, shape in ((b"||", _NULL), (b"&&", _SET)):
        old, new = split_clauses(before[2], operator), split_clauses(after[2], operator)
        if len(new) < len(old) and all(part in old for part in new):
            for part in old:
                name = _name(shape.match(part)) if part not in new else b""
                if name:
                    yield name


def _name(found: re.Match[bytes] | None) -> bytes:
    return next((group for group in found.groups() if group), b"") if found is not None else b""


def bound_tests(block: Block, file: FilePatch, context: Context) -> Iterator[Taken]:
    """`if (i >= N) return ...` goes, and `a[i]` stays."""
    parts = if_parts(joined(block.gone)) if not block.come else None
    if parts is None or not _LEAVING.search(parts[1]) or is_moved(block, file):
        return
    for part in split_clauses(parts[0], b"||"):
        found = _ABOVE.match(part)
        if found is None or found[1].isdigit():
            continue
        name = rb"(?<![\w>.])" + re.escape(found[1]) + rb"(?![\w(])"
        indexed = compiled(rb"\w\[[^\]]*" + name + rb"|\b(?:mem(?:cpy|move|set)|copy_(?:from|to)_user)\([^;]*, " + name)
        for line in block.behind:
            text = code(line)
            if indexed.search(text):
                yield Taken(block.gone[0], line, {"NAME": found[1]}, found[1])
                return


def loosened(block: Block, file: FilePatch, context: Context) -> Iterator[Taken]:
    """`>=` becomes `>` (or `<` becomes `<=`) against a size, and nothing else changes."""
    if len(block.gone) != len(block.come):
        return
    for old, new in zip(block.gone, block.come, strict=True):
        before, after = code(old), code(new)
        for strict, loose in ((b">=", b">"), (b"<", b"<=")):
            found = _swapped(before, after, strict, loose)
            if found is None:
                continue
            left, right = before[:found].rstrip(), before[found + len(strict) :].strip()
            name = _operand(left)
            if name and _LIMIT.match(right) and not _COUNT.search(name):
                yield Taken(old, new, {"NAME": name, "STRICT": strict, "LOOSE": loose}, name)


def _operand(left: bytes) -> bytes:
    """What stands before a comparison, back to the bracket or operator that opens it."""
    found = re.search(rb"(?:&&|\|\||\bif \(+|while \(+|; |return |\bWARN\w*\(|\()([^&|;]*)$", left)
    return (found[1] if found is not None else left).strip(b"( ")


def _swapped(before: bytes, after: bytes, strict: bytes, loose: bytes) -> int | None:
    """Where the one operator stands in place of the other, if that is the whole change."""
    if len(after) - len(before) != len(loose) - len(strict):
        return None
    for found in compiled(rb"(?<![<>=\-])" + re.escape(strict) + rb"(?![<>=])").finditer(before):
        if before[: found.start()] + loose + before[found.end() :] == after:
            return found.start()
    return None


def _is_unconditional(patch: Patch | None) -> bool:
    """Whether the commit message says that the call is to be made in any case."""
    return patch is not None and ("lways" in patch.title or b"lways" in patch.body)


def _guards(block: Block, file: FilePatch, context: Context) -> Iterator[tuple[bytes, Line]]:
    """`if (p) foo(p);` becomes `foo(p);`, and nothing else changes in the file."""
    come = joined(block.come)
    parts = if_parts(joined(block.gone)) if come else None
    name = _name(_SET.match(parts[0])) if parts is not None else b""
    if parts is None or not name or parts[1].replace(b" ", b"") != come.replace(b" ", b""):
        return
    changed = sum(line.kind is not LineKind.CONTEXT and bool(code(line)) for hunk in file.hunks for line in hunk.lines)
    if changed > len(block.gone) + len(block.come) or _is_unconditional(context.patch):
        return
    if compiled(rb"[(,] ?&?" + re.escape(name) + rb"[,)]").search(come):
        yield name, block.come[0]
