"""Makes whole C of the chunks of a fragment, by inserting lines; the lines of the image stay as they are.

Each function is opened from its section text where its head is out of sight, blocks are opened and closed as the
brackets ask for, and a call of `__hunklint_gap()` stands wherever code is unknown.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from linter.patch.model import Image
from linter.syntax.conditionals import Spans, blanked_spans, has_conditionals, missing_partners
from linter.syntax.context import GAP_CALL, UNKNOWN, Context, find_context, function_name
from linter.syntax.mask import scrub
from linter.syntax.model import GAP
from linter.syntax.scan import BRACES, STATEMENTS, Block, Open, Scan, Scanner

_GAP = GAP_CALL + b";"
_OPENERS = {
    Block.BLOCK: b"if (" + GAP_CALL + b") {",
    Block.DO: b"do {",
    Block.SWITCH: b"switch (" + GAP_CALL + b") {",
    Block.LIST: b"int " + UNKNOWN + b"[] = {",
    Block.EXPRESSION: GAP_CALL[:-1] + b"({",
}
_CLOSERS = {
    Block.FUNCTION: _GAP + b" }",
    Block.BLOCK: _GAP + b" }",
    Block.SWITCH: _GAP + b" }",
    Block.DO: _GAP + b" } while (" + GAP_CALL + b");",
    Block.EXPRESSION: _GAP + b" }",
    Block.STRUCT: b"};",
    Block.ENUM: b"};",
    Block.LIST: b"}",
    Block.EXTERN: b"}",
    Block.PAREN: b")",
    Block.BRACKET: b"]",
}
_CUT_COMMENT = re.compile(rb"[^\n]*\*/|[ \t]*\*(?:[ \t\n]|\Z)")
_DIRECTIVE = re.compile(rb"^[ \t]*#(?:[^\n\\]|\\.)*+", re.M | re.S)
_LAST_WORD = re.compile(rb"(\w+)\Z")
_CONTROLS = frozenset({b"if", b"while", b"for", b"switch"})
_OPERATORS = frozenset(b"(,=+-*/&|<>?!~%^.[")
_IF = b"#ifdef " + UNKNOWN + b"\n"
_LIST_START = re.compile(rb"\s*(?:\.\w[\w.\[\]]*\s*=|\[[^\]\n]*\]\s*=)(?!=)")
_CUT_MACRO = re.compile(rb"[ \t]*[^\s][^\n]*\\\n(?:[^\n]*\\\n)*[^\n]*")
_FLAT_CODE = re.compile(rb"^(?:if|for|while|switch|return|goto|else|break|\}[ \t]*else)\b", re.M)
_UNTYPED_HEAD = re.compile(rb"\n*[a-z_]\w*[ \t]*\([^(){};]*(?:\([^(){};]*\)[^(){};]*)*\)\s*\n\{")
_LEADING = re.compile(rb"\s*(?:&&|\|\||[|^%/=?:]|[-+*&](?=\s)|<|>|->|\.(?!\w+\s*=))")


@dataclass(slots=True)
class Assembly:
    """The text of a unit, and where its lines came from."""

    source: list[bytes] = field(default_factory=list)
    clean: list[bytes] = field(default_factory=list)
    rows: list[int | None] = field(default_factory=list)
    blanks: Spans = field(default_factory=list)
    size: int = 0
    heads: dict[int, bool] = field(default_factory=dict)  # row of an inserted head: are its parameters known

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


@dataclass(slots=True)
class _Chunk:
    """The lines of one chunk, made readable."""

    source: bytes
    clean: bytes
    first: int
    section: bytes
    in_comment: bool
    blanks: Spans
    shape: bytes = b""
    in_macro: bool = False  # it starts inside a #define
    groups: tuple[int, int] = (0, 0)  # `#if` and `#endif` lines to insert around it


def assemble(image: Image) -> Assembly:
    """The text of a fragment with all that is missing stood in for."""
    out = Assembly()
    carried: bytes | None = None  # name of the function that is open between chunks
    for chunk in _chunks(image):
        columns = chunk.shape.find(b"\n\t") >= 0 or chunk.shape[:1] in b"\t " or _FLAT_CODE.search(chunk.shape) is None
        scan = Scanner(chunk.shape, columns).run()
        context = find_context(chunk.shape, scan, chunk.section)
        carried = _start(out, chunk, scan, context, carried)
        carried = _body(out, chunk, scan, context, carried)
    if carried is not None:
        out.insert(_CLOSERS[Block.FUNCTION])
    return out


def _chunks(image: Image) -> list[_Chunk]:
    text = image.text if image.text.endswith(b"\n") else image.text + b"\n"
    starts = [0]
    for line in text.split(b"\n")[:-1]:
        starts.append(starts[-1] + len(line) + 1)
    bounds = [*image.chunks, len(starts) - 1]
    chunks = []
    for index, first in enumerate(image.chunks):
        source = text[starts[first] : starts[bounds[index + 1]]]
        if source:
            chunks.append(_chunk(source, first, image.sections[index] if index < len(image.sections) else b""))
    return chunks


def _chunk(source: bytes, first: int, section: bytes) -> _Chunk:
    opening, closing = source.find(b"/*"), source.find(b"*/")
    in_comment = (closing >= 0 and (opening < 0 or closing < opening)) or (
        (opening < 0 or closing < opening) and _CUT_COMMENT.match(source) is not None
    )
    clean = scrub(b"/*\n" + source)[3:] if in_comment else scrub(source)
    blanks, groups = _conditionals(clean) if has_conditionals(clean) else ([], (0, 0))
    if blanks:
        clean = blank(clean, blanks)
    shape = clean
    if b"#" in clean:
        shape = _DIRECTIVE.sub(lambda m: re.sub(rb"[^\n]", b" ", m[0]), clean)
    macro = None if in_comment else _CUT_MACRO.match(shape)
    if macro:
        shape = blank(shape, [macro.span()])
    return _Chunk(source, clean, first, section, in_comment, blanks, shape, macro is not None, groups)


def _conditionals(clean: bytes) -> tuple[Spans, tuple[int, int]]:
    """What to blank of the `#if` groups of a chunk, and the directives to insert around it to make them whole."""
    groups = missing_partners(clean)
    if groups != (0, 0) and sum(groups) < 9:
        before, behind = _IF * groups[0], b"#endif\n" * groups[1]
        spans = blanked_spans(before + clean + behind)
        low, high = len(before), len(before) + len(clean)
        if all(low <= start and end <= high for start, end in spans):
            return [(start - low, end - low) for start, end in spans], groups
    return blanked_spans(clean), (0, 0)


def blank(text: bytes, spans: Spans) -> bytes:
    """Overwrite spans of a text with spaces, newlines left in place."""
    edits = bytearray(text)
    for start, end in spans:
        edits[start:end] = re.sub(rb"[^\n]", b" ", text[start:end])
    return bytes(edits)


def _start(out: Assembly, chunk: _Chunk, scan: Scan, context: Context, carried: bytes | None) -> bytes | None:
    """Insert what has to stand before a chunk; the name of the function that is then open."""
    at_head = context.head_cut or context.body_cut
    continues = context.block is Block.FUNCTION and not at_head and bool(carried) and carried == context.name
    if carried is not None and not continues:
        out.insert(_CLOSERS[Block.FUNCTION])
    if context.block is None:
        carried = None
    elif continues:
        out.insert(_GAP)
    else:
        out.heads[len(out.rows)] = context.head_known
        out.insert(context.head)
        if context.block is Block.FUNCTION and not at_head:
            out.insert(_GAP)
        carried = context.name if context.block is Block.FUNCTION else None
    if context.block is None and _UNTYPED_HEAD.match(chunk.shape):
        out.heads[len(out.rows)] = True
        out.insert(b"int")
    _open_unseen(out, chunk, scan, context)
    return carried


def _open_unseen(out: Assembly, chunk: _Chunk, scan: Scan, context: Context) -> None:
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
        out.insert(_IF[:-1])
    if chunk.in_comment:
        out.insert(b"/*")
    elif chunk.in_macro:
        out.insert(b"#define " + UNKNOWN + b" \\")


def _cut_statement(chunk: _Chunk, scan: Scan) -> bytes:
    """What opens the parens that a chunk closes."""
    behind = chunk.shape[scan.parens_end :].lstrip(b" \t")
    inner = (GAP_CALL[:-1]) * (scan.parens - 1)
    first = GAP_CALL[:-1] if behind[:1] in (b";", b",", b")", b"=") or behind[:1].isalpha() else b"if ("
    operand = GAP_CALL if _LEADING.match(chunk.shape) else b""
    return first + inner + operand


def _body(out: Assembly, chunk: _Chunk, scan: Scan, context: Context, carried: bytes | None) -> bytes | None:
    """Add the chunk and close what it leaves open; the name of the function that is still open then."""
    _take_with_else(out, chunk, scan, context.block is None)
    if _ends_in_comment(chunk):
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
    _close(out, chunk, scan, in_function, context.head.startswith(b"typedef"))
    return entity


def _take_with_else(out: Assembly, chunk: _Chunk, scan: Scan, at_top: bool) -> None:
    """Add the lines; an `else` whose `if` is out of sight gets one on a line of its own before it."""
    inserts = []
    for at in scan.lone_else:
        line = chunk.source.rfind(b"\n", 0, at) + 1
        if not chunk.shape[line:at].strip(b" \t"):
            inserts.append((line, b"if (" + GAP_CALL + b") " + _GAP))
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


def _take(out: Assembly, chunk: _Chunk, start: int, end: int) -> None:
    if start < end:
        first = chunk.first + chunk.source.count(b"\n", 0, start)
        shift = out.size - start
        for low, high in chunk.blanks:
            if low < end and high > start:
                out.blanks.append((max(low, start) + shift, min(high, end) + shift))
        out.take(chunk.source[start:end], chunk.clean[start:end], first)


def _ends_in_comment(chunk: _Chunk) -> bool:
    opening = chunk.source.rfind(b"/*")
    if opening < 0 and not chunk.in_comment:
        return False
    closing = chunk.source.rfind(b"*/")
    if closing > opening or (opening < 0 and closing >= 0):
        return False
    return not chunk.clean[max(opening, 0) :].strip()


def _head_start(shape: bytes, at: int) -> int:
    """Where the head of the function that opens at `at` starts: behind the last `;`, `}` or blank line."""
    return max(shape.rfind(b";", 0, at), shape.rfind(b"}", 0, at), shape.rfind(b"\n\n", 0, at), -1) + 1


def _close(out: Assembly, chunk: _Chunk, scan: Scan, in_function: bool, is_typedef: bool) -> None:
    """Complete the last statement and close all blocks but the function itself."""
    stack = list(scan.stack)
    keep = bool(stack) and stack[0].block is Block.FUNCTION
    braces = [entry.block for entry in stack if entry.block in BRACES]
    inside = braces[-1] if braces else (Block.FUNCTION if in_function else None)
    if _head_cut_off(chunk, scan, inside):
        out.insert(b";")
        return
    tail = _completion(chunk, scan, inside)
    parts = [tail] if tail else []
    while len(stack) > (1 if keep else 0):
        entry = stack.pop()
        if entry.block not in BRACES:
            continue
        named = is_typedef and not stack
        parts.append(b"} " + UNKNOWN + b";" if named else _CLOSERS[entry.block])
        outer = next((e.block for e in reversed(stack) if e.block in BRACES), Block.FUNCTION if in_function else None)
        parts.append(_behind(entry.block, outer, stack))
    unclosed_switch = scan.switch and in_function
    if unclosed_switch:
        parts.append(_CLOSERS[Block.SWITCH])
    line = b" ".join(part for part in parts if part)
    if line:
        out.insert(line)


def _head_cut_off(chunk: _Chunk, scan: Scan, inside: Block | None) -> bool:
    """Does the chunk end between the head of a function and its body."""
    return inside is None and not scan.stack and chunk.shape.rstrip()[-1:] == b")"


def _behind(block: Block, outer: Block | None, stack: list[Open]) -> bytes:
    """What has to follow the closer of a list or expression before the next outer block can go on."""
    parens = b""
    for entry in reversed(stack):
        if entry.block in BRACES:
            break
        parens += _CLOSERS[entry.block]
    if block in (Block.EXPRESSION, Block.LIST):
        if outer is Block.LIST:
            return parens
        return parens + b";"
    return b""


def _completion(chunk: _Chunk, scan: Scan, inside: Block | None) -> bytes:
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
        return _GAP if scan.keyword in (b"else", b"do") and last != 0x3A and inside in STATEMENTS else b""
    if inside in (Block.LIST, Block.ENUM):
        return b"0" if last in b"=+-|&*<>?(" else b""
    if inside in STATEMENTS and last == 0x29 and scan.keyword:
        return _GAP
    match = _LAST_WORD.search(text)
    word = match[1] if match else b""
    if word == b"else":
        return _GAP
    if word == b"do":
        return _GAP + b" while (" + GAP_CALL + b");"
    if last in _OPERATORS:
        return b"__hunklint_gap;" if inside is None or last == 0x2C else _GAP
    return b";"


def _close_parens(parens: list[Open], last: int, inside: Block | None) -> bytes:
    text = b""
    if last in _OPERATORS and not (inside is None and last == 0x28):
        text = GAP if inside is None and last == 0x2C else GAP_CALL
    for entry in parens:
        if entry.keyword == b"for":
            text += b";" * max(2 - entry.semicolons, 0)
        text += _CLOSERS[entry.block]
    if inside in (Block.LIST, Block.ENUM):
        return text
    keyword = parens[-1].keyword
    return text + (b" " + _GAP if keyword and inside in STATEMENTS else b";")
