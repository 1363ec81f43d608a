"""Completes the last statement of a chunk and closes the blocks that it leaves open."""

from __future__ import annotations

from linter.pattern import lazy
from linter.syntax.chunks import Chunk
from linter.syntax.context import GAP_CALL, UNKNOWN
from linter.syntax.model import GAP
from linter.syntax.scan import BRACES, STATEMENTS, Block, Open, Scan

_DEPTH = 500  # no code nests as deep
GAP_LINE = GAP_CALL + b";"
CLOSERS = {
    Block.FUNCTION: GAP_LINE + b" }",
    Block.BLOCK: GAP_LINE + b" }",
    Block.SWITCH: GAP_LINE + b" }",
    Block.DO: GAP_LINE + b" } while (" + GAP_CALL + b");",
    Block.EXPRESSION: GAP_LINE + b" }",
    Block.STRUCT: b"};",
    Block.ENUM: b"};",
    Block.LIST: b"}",
    Block.EXTERN: b"}",
    Block.PAREN: b")",
    Block.BRACKET: b"]",
}
_LAST_WORD = lazy(rb"(\w+)\Z")
_OPERATORS = frozenset(b"(,=+-*/&|<>?!~%^.[")


def closing_line(chunk: Chunk, scan: Scan, in_function: bool, is_typedef: bool) -> bytes:
    """The line that completes the last statement and closes all blocks but the function itself."""
    if len(scan.stack) > _DEPTH:
        return b""
    stack = list(scan.stack)
    keep = bool(stack) and stack[0].block is Block.FUNCTION
    braces = [entry.block for entry in stack if entry.block in BRACES]
    inside = braces[-1] if braces else (Block.FUNCTION if in_function else None)
    if _head_cut_off(chunk, scan, inside):
        return b";"
    tail = _completion(chunk, scan, inside)
    parts = [tail] if tail else []
    while len(stack) > (1 if keep else 0):
        entry = stack.pop()
        if entry.block not in BRACES:
            continue
        named = is_typedef and not stack
        parts.append(b"} " + UNKNOWN + b";" if named else CLOSERS[entry.block])
        outer = next((e.block for e in reversed(stack) if e.block in BRACES), Block.FUNCTION if in_function else None)
        parts.append(_behind(entry.block, outer, stack))
    unclosed_switch = scan.switch and in_function
    if unclosed_switch:
        parts.append(CLOSERS[Block.SWITCH])
    return b" ".join(part for part in parts if part)


def _head_cut_off(chunk: Chunk, scan: Scan, inside: Block | None) -> bool:
    """Does the chunk end between the head of a function and its body."""
    return inside is None and not scan.stack and chunk.shape.rstrip()[-1:] == b")"


def _behind(block: Block, outer: Block | None, stack: list[Open]) -> bytes:
    """What has to follow the closer of a list or expression before the next outer block can go on."""
    parens = b""
    for entry in reversed(stack):
        if entry.block in BRACES:
            break
        parens += CLOSERS[entry.block]
    if block in (Block.EXPRESSION, Block.LIST):
        if outer is Block.LIST:
            return parens
        return parens + b";"
    return b""


def _completion(chunk: Chunk, scan: Scan, inside: Block | None) -> bytes:
    """What completes the last statement of a chunk."""
    text = chunk.shape.rstrip()
    last = text[-1] if text else 0x3B
    parens = []
    for entry in reversed(scan.stack):
        if entry.block in BRACES:
            break
        parens.append(entry)
    if parens:
        return _close_parens(parens, last, inside)
    if last in b";{}:" or scan.statement >= len(text):
        return GAP_LINE if scan.keyword in (b"else", b"do") and last != 0x3A and inside in STATEMENTS else b""
    if inside in (Block.LIST, Block.ENUM):
        return b"0" if last in b"=+-|&*<>?(" else b""
    if inside in STATEMENTS and last == 0x29 and scan.keyword:
        return GAP_LINE
    match = _LAST_WORD.search(text)
    word = match[1] if match else b""
    if word == b"else":
        return GAP_LINE
    if word == b"do":
        return GAP_LINE + b" while (" + GAP_CALL + b");"
    if last in _OPERATORS:
        return b"__hunklint_gap;" if inside is None or last == 0x2C else GAP_LINE
    return b";"


def _close_parens(parens: list[Open], last: int, inside: Block | None) -> bytes:
    text = b""
    if last in _OPERATORS and not (inside is None and last == 0x28):
        text = GAP if inside is None and last == 0x2C else GAP_CALL
    for entry in parens:
        if entry.keyword == b"for":
            text += b";" * max(2 - entry.semicolons, 0)
        text += CLOSERS[entry.block]
    if inside in (Block.LIST, Block.ENUM):
        return text
    keyword = parens[-1].keyword
    return text + (b" " + GAP_LINE if keyword and inside in STATEMENTS else b";")
