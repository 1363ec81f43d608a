"""Error codes and tests of results that a patch takes away, while the way out or the call stays."""

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
from linter.pattern import lazy

_CODE = lazy(rb"^(\w+) = (-E[A-Z0-9]+|PTR_ERR(?:_OR_ZERO)?\([^;]*\));$")
_CODE_SET = lazy(rb"(\w+) = (?:-E[A-Z0-9]+|PTR_ERR|dev_err_probe\()")
_FRAME = lazy(rb"^(?:\}|\} else \{|(?:\} else )?if \(.*|else \{|else)$")
_LEAVES = lazy(rb"^(?:goto (\w+)|return (\w+));$")
_LOG = lazy(rb"^\w*(?:err|warn|dbg|info|print|ERROR|log|DEBUG|msg)\w*\(|^\"|^\w[\w>.()*-]*(?:, [^;]*)?\);$")
_LABEL = lazy(rb"^(\w+):$")
_LEAVING = lazy(
    rb"^(?:[\w>.\[\]*-]+ = [^;{}]*; |[\w>.-]+\([^;{}]*\); ){0,3}(?:return\b[^;{}]*|goto \w+|continue|break);$"
)
_CALLED = lazy(rb"^(?:[A-Za-z_][\w *]*[ *])?([A-Za-z_][\w>.\-\[\]]*) = (?:\([\w *]+\) ?)?([A-Za-z_]\w*)\(.*\);$")
_NO_FAILURE = lazy(rb"container_of|^to_|debugfs|_priv$|drvdata|^list_|_entry$|^min|^max|strlen|sizeof|^get_unaligned")
_INT = lazy(rb"^(?:r|rc|rv|ret|err|error|retval|ret_val|status|result|res|rval)\d?$")
_TEST = lazy(
    rb"^(?:unlikely\()?\(?(?:!\s*|IS_ERR(?:_OR_NULL)?\(\s*|)([\w>.\-\[\]]+?)(?:\s*(?:<|<=|!=|==) (?:0|NULL))?\)*$"
)
_STORED = lazy(rb"^(\w+) = ((\w+)\([^;]*\);)$")
_DMA = lazy(rb"^(?:unlikely\()?dma_mapping_error\([^,]+, ([\w>.\-\[\]]+)\)+$")


def codes(block: Block, file: FilePatch, context: Context) -> Iterator[Taken]:
    """`ret = -ENOMEM;` goes, and the jump behind it stays."""
    for line in block.gone:
        found = _CODE.match(code(line))
        if found is None:
            continue
        name = found[1]
        if any(not _CODE.match(code(other)) and not _FRAME.match(code(other)) for other in block.gone):
            return
        if any(not _FRAME.match(code(other)) for other in block.come) or _is_set(name, block, file):
            return
        exit = _exit(block.behind)
        if exit is not None and not _is_set_behind(name, exit, block) and not _tests(name, block):
            yield Taken(line, exit, {"NAME": name, "VALUE": found[2]}, name)
        return


def _is_set(name: bytes, block: Block, file: FilePatch) -> bool:
    """Whether the patch stores something in the variable elsewhere, or an error code is in it before the branch."""
    for hunk in file.hunks:
        if any(line.kind is LineKind.ADDED and assigns(name, code(line)) for line in hunk.lines):
            return True
    for line in reversed(block.before):
        if assigns(name, code(line)):
            value = _CODE_SET.search(code(line))
            return value is not None and value[1] == name
    return False


def _exit(lines: Sequence[Line]) -> Line | None:
    """The jump or return that comes next, with nothing but messages before it."""
    for line in lines[:6]:
        text = code(line)
        if _LEAVES.match(text):
            return line
        if not _LOG.match(text):
            return None
    return None


def _is_set_behind(name: bytes, exit: Line, block: Block) -> bool:
    """Whether the label, where it is in sight, stores a value of its own; or another variable is returned."""
    found = _LEAVES.match(code(exit))
    if found is None or (found[2] is not None and found[2] != name):
        return True
    behind = False
    for line in block.behind:
        label = _LABEL.match(code(line))
        behind = behind or (label is not None and label[1] == found[1])
        if behind and (assigns(name, code(line)) or re.match(rb"return (?!" + re.escape(name) + rb"\b)", code(line))):
            return True
    return False


def _tests(name: bytes, block: Block) -> bool:
    """Whether the branch itself tests the variable: the code of the call is passed on then."""
    for line in [*reversed(block.come), *reversed(block.before[-4:])]:
        if b"if (" in code(line):
            return mentions(name, code(line))
    return False


def result_tests(block: Block, file: FilePatch, context: Context) -> Iterator[Taken]:
    """`p = f(); if (!p) return ...`: the test goes, the call stays. Or only the test stays."""
    if block.come:
        yield from stale_tests(block)
        return
    parts = if_parts(joined(block.gone))
    called = _CALLED.match(statement_before(block.before))
    if parts is None or called is None or not _LEAVING.match(parts[1]) or _NO_FAILURE.search(called[2]):
        return
    test = _DMA.match(parts[0]) or _TEST.match(parts[0])
    name = called[1]
    if test is None or test[1] != name or _is_tested(name, block.behind) or is_moved(block, file):
        return
    if b"IS_ERR" not in parts[0] and not _INT.match(name) and derefs(name, block.behind) is not None:
        return  # the test for NULL has a rule of its own
    at = block.before[-1]
    yield Taken(block.gone[0], at, {"NAME": name, "CALLEE": called[2]}, name)


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


def stale_tests(block: Block) -> Iterator[Taken]:
    """`ret = f();` becomes `f();`, and the test of `ret` behind it is left."""
    come, gone = joined(block.come), joined(block.gone)
    left = _STORED.match(gone)
    if left is None or left[2].replace(b" ", b"") != come.replace(b" ", b"") or come.count(b";") != 1:
        return
    if block.behind and code(block.behind[0]).startswith(b"if (") and mentions(left[1], code(block.behind[0])):
        yield Taken(block.gone[0], block.come[0], {"NAME": left[1], "CALLEE": left[3]}, left[1])
