"""Makes whole C of the chunks of a fragment, by inserting lines; the lines of the image stay as they are.

Each function is opened from its section text where its head is out of sight, blocks are opened and closed as the
brackets ask for, and a call of `__hunklint_gap()` stands wherever code is unknown.
"""

from __future__ import annotations

import re

from linter.patch.model import Image
from linter.pattern import lazy
from linter.syntax.chunks import IF_LINE, Chunk, chunks_of, ends_in_comment
from linter.syntax.complete import CLOSERS, GAP_LINE, closing_line
from linter.syntax.conditionals import Spans
from linter.syntax.context import GAP_CALL, UNKNOWN, Context, find_context, function_name
from linter.syntax.scan import Block, Open, Scan, Scanner

_OPENERS = {
    Block.BLOCK: b"if (" + GAP_CALL + b") {",
    Block.DO: b"do {",
    Block.SWITCH: b"switch (" + GAP_CALL + b") {",
    Block.LIST: b"int " + UNKNOWN + b"[] = {",
    Block.EXPRESSION: GAP_CALL[:-1] + b"({",
}
_LIST_START = lazy(rb"\s*(?:\.\w[\w.\[\]]*\s*=|\[[^\]\n]*\]\s*=)(?!=)")
_FLAT_CODE = lazy(rb"^(?:if|for|while|switch|return|goto|else|break|\}[ \t]*else)\b", re.M)
_UNTYPED_HEAD = lazy(rb"\n*[a-z_]\w*[ \t]*\([^(){};]*(?:\([^(){};]*\)[^(){};]*)*\)\s*\n\{")
_LEADING = lazy(rb"\s*(?:&&|\|\||[|^%/=?:]|[-+*&](?=\s)|<|>|->|\.(?!\w+\s*=))")


class Assembly:
    """The text of a unit, and where its lines came from."""

    def __init__(self) -> None:
        self.source: list[bytes] = []
        self.clean: list[bytes] = []
        self.rows: list[int | None] = []
        self.blanks: Spans = []
        self.size = 0
        self.heads: dict[int, bool] = {}  # row of an inserted head: are its parameters known

    def insert(self, line: bytes) -> None:
        """Add a line of our own."""
        self.rows.append(None)
        self._add(line + b"\n", line + b"\n")

    def take(self, source: bytes, clean: bytes, first: int) -> None:
        """Add lines of the image, from line `first` on."""
        self.rows.extend(range(first, first + source.count(b"\n")))
        self._add(source, clean)

    def _add(self, source: bytes, clean: bytes) -> None:
        self.source.append(source)
        self.clean.append(clean)
        self.size += len(source)


def assemble(image: Image) -> Assembly:
    """The text of a fragment with all that is missing stood in for."""
    out = Assembly()
    carried: bytes | None = None  # name of the function that is open between chunks
    for chunk in chunks_of(image):
        columns = chunk.shape.find(b"\n\t") >= 0 or chunk.shape[:1] in b"\t " or _FLAT_CODE.search(chunk.shape) is None
        scan = Scanner(chunk.shape, columns).run()
        context = find_context(chunk.shape, scan, chunk.section)
        carried = _start(out, chunk, scan, context, carried)
        carried = _body(out, chunk, scan, context, carried)
    if carried is not None:
        out.insert(CLOSERS[Block.FUNCTION])
    return out


def _start(out: Assembly, chunk: Chunk, scan: Scan, context: Context, carried: bytes | None) -> bytes | None:
    """Insert what has to stand before a chunk; the name of the function that is then open."""
    at_head = context.head_cut or context.body_cut
    continues = context.block is Block.FUNCTION and not at_head and bool(carried) and carried == context.name
    if carried is not None and not continues:
        out.insert(CLOSERS[Block.FUNCTION])
    if context.block is None:
        carried = None
    elif continues:
        out.insert(GAP_LINE)
    else:
        out.heads[len(out.rows)] = context.head_known
        out.insert(context.head)
        if context.block is Block.FUNCTION and not at_head:
            out.insert(GAP_LINE)
        carried = context.name if context.block is Block.FUNCTION else None
    if context.block is None and _UNTYPED_HEAD.match(chunk.shape):
        out.heads[len(out.rows)] = True
        out.insert(b"int")
    _open_unseen(out, chunk, scan, context)
    return carried


def _open_unseen(out: Assembly, chunk: Chunk, scan: Scan, context: Context) -> None:
    """Open the blocks that the chunk closes or stands in, and complete a statement cut at the front."""
    inner = [Block.SWITCH] if scan.switch else []
    in_list = context.block in (Block.LIST, Block.ENUM)
    if context.block is Block.FUNCTION and scan.outer_list:
        out.insert(_OPENERS[Block.LIST])
        scan.stack.insert(0, Open(Block.LIST, 0))
        in_list = True
    for block in [*reversed(scan.closed), *inner]:
        if in_list and block is not Block.EXPRESSION:
            out.insert(b"{")
        elif context.block is Block.STRUCT:
            out.insert(b"struct {")
        else:
            out.insert(_OPENERS.get(block, _OPENERS[Block.BLOCK]))
        in_list = in_list or block is Block.LIST
    if context.block is Block.FUNCTION and not in_list and _LIST_START.match(chunk.shape) and not scan.closed:
        out.insert(_OPENERS[Block.LIST])
        scan.stack.insert(0, Open(Block.LIST, 0))
        in_list = True
    if context.head_cut or context.body_cut:
        pass
    elif in_list:
        if scan.parens:
            out.insert(GAP_CALL[:-1] * scan.parens)
    elif context.block is Block.STRUCT:
        if scan.parens:
            out.insert(b"int (*" + UNKNOWN + b")(")
    elif scan.parens:
        out.insert(GAP_CALL[:-1] * scan.parens if context.block is None else _cut_statement(chunk, scan))
    elif context.block is not None and _LEADING.match(chunk.shape):
        out.insert(GAP_CALL)
    for _ in range(chunk.groups[0]):
        out.insert(IF_LINE[:-1])
    if chunk.in_comment:
        out.insert(b"/*")
    elif chunk.in_macro:
        out.insert(b"#define " + UNKNOWN + b" \\")


def _cut_statement(chunk: Chunk, scan: Scan) -> bytes:
    """What opens the parens that a chunk closes."""
    behind = chunk.shape[scan.parens_end :].lstrip(b" \t")
    inner = (GAP_CALL[:-1]) * (scan.parens - 1)
    first = GAP_CALL[:-1] if behind[:1] in (b";", b",", b")", b"=") or behind[:1].isalpha() else b"if ("
    operand = GAP_CALL if _LEADING.match(chunk.shape) else b""
    return first + inner + operand


def _body(out: Assembly, chunk: Chunk, scan: Scan, context: Context, carried: bytes | None) -> bytes | None:
    """Add the chunk and close what it leaves open; the name of the function that is still open then."""
    _take_with_else(out, chunk, scan, context.block is None)
    if ends_in_comment(chunk):
        out.insert(b"*/")
    if chunk.source.endswith(b"\\\n"):
        out.insert(b"")
    for _ in range(chunk.groups[1]):
        out.insert(b"#endif")
    at_head = context.head_cut or context.body_cut
    entity = carried if scan.entity < 0 and not at_head else None
    top = scan.stack[0] if scan.stack else None
    if top is not None and top.block is Block.FUNCTION:
        head = chunk.shape[_head_start(chunk.shape, top.at) : top.at]
        entity = function_name(head) or context.name or b"?"
    elif context.block in (Block.STRUCT, Block.ENUM, Block.LIST) and scan.entity < 0:
        scan.stack.insert(0, Open(context.block, 0))
    in_function = context.block is Block.FUNCTION and scan.entity < 0 and not at_head
    line = closing_line(chunk, scan, in_function, context.head.startswith(b"typedef"))
    if line:
        out.insert(line)
    return entity


def _take_with_else(out: Assembly, chunk: Chunk, scan: Scan, at_top: bool) -> None:
    """Add the lines; an `else` whose `if` is out of sight gets one on a line of its own before it."""
    inserts = []
    for at in scan.lone_else:
        line = chunk.source.rfind(b"\n", 0, at) + 1
        if not chunk.shape[line:at].strip(b" \t"):
            inserts.append((line, b"if (" + GAP_CALL + b") " + GAP_LINE))
    if scan.parens and at_top and chunk.shape[scan.parens_end :].lstrip()[:1] not in (b";", b"{"):
        inserts.append((chunk.source.find(b"\n", scan.parens_end) + 1, b";"))
    done = 0
    for line, text in sorted(inserts):
        if line < done:
            continue
        _take(out, chunk, done, line)
        out.insert(text)
        done = line
    _take(out, chunk, done, len(chunk.source))


def _take(out: Assembly, chunk: Chunk, start: int, end: int) -> None:
    if start < end:
        first = chunk.first + chunk.source.count(b"\n", 0, start)
        shift = out.size - start
        for low, high in chunk.blanks:
            if low < end and high > start:
                out.blanks.append((max(low, start) + shift, min(high, end) + shift))
        out.take(chunk.source[start:end], chunk.clean[start:end], first)


def _head_start(shape: bytes, at: int) -> int:
    """Where the head of the function that opens at `at` starts: behind the last `;`, `}` or blank line."""
    return max(shape.rfind(b";", 0, at), shape.rfind(b"}", 0, at), shape.rfind(b"\n\n", 0, at), -1) + 1
