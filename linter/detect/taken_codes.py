"""Error codes that a patch takes away while the way out stays."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from linter.detect.model import Context
from linter.detect.taken_blocks import Block, assigns, code, mentions
from linter.detect.taken_model import Taken
from linter.patch.model import FilePatch, Line, LineKind
from linter.pattern import lazy

_CODE = lazy(rb"^(\w+) = (-E[A-Z0-9]+|PTR_ERR(?:_OR_ZERO)?\([^;]*\));$")
_CODE_SET = lazy(rb"(\w+) = (?:-E[A-Z0-9]+|PTR_ERR|dev_err_probe\()")
_FRAME = lazy(rb"^(?:\}|\} else \{|(?:\} else )?if \(.*|else \{|else)$")
_LEAVES = lazy(rb"^(?:goto (\w+)|return (\w+));$")
_LOG = lazy(rb"^\w*(?:err|warn|dbg|info|print|ERROR|log|DEBUG|msg)\w*\(|^\"|^\w[\w>.()*-]*(?:, [^;]*)?\);$")
_LABEL = lazy(rb"^(\w+):$")


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
