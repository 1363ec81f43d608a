"""What a chunk of a fragment starts in: file scope, a function, a struct, an initialiser; and under which head."""

from __future__ import annotations

from linter.pattern import lazy
from linter.record import record, replace
from linter.syntax.model import GAP
from linter.syntax.scan import Block, Scan
from linter.syntax.scrub import scrub

UNKNOWN = b"__hunklint_unknown"
"""Stands for the name of a function or object that is out of sight."""

_CALLED = lazy(rb"(\w+)\s*\(")
_MACRO_FUNCTION = lazy(rb"(?:\w*SYSCALL\w*DEFINE\d|BPF_CALL_\d|DEFINE_\w+|\w+_DEFINE\d?)\s*\(\s*(\w+)")
_NOT_NAMES = frozenset(
    b"if while for switch return sizeof __attribute__ __printf __aligned __free __section __releases __acquires "
    b"__must_hold typeof __typeof__ static_assert".split()
)
_TAGGED = lazy(rb"(?:typedef\s+)?(struct|union|enum)(?:\s+\w+)*\s*(?:\{|\Z)|typedef\s+(struct|union|enum)\b")
_OPEN_LIST = lazy(rb"=\s*\{?\s*\Z")
_ENDED = lazy(rb";\s*\Z")
_FIRST_WORD = lazy(rb"[A-Za-z_]\w*+")
_CONTROL = frozenset(b"if for while switch return goto break continue do else case default".split())
_BALANCED_LINE = lazy(rb"[^(){}]*+(?:\([^()]*+(?:\([^()]*+\)[^()]*+)*+\)[^(){}]*+)*+(?:\{[^{}]*+\}?)?[^{}]*+\Z")
_ENUM_LINE = lazy(rb"[A-Za-z_]\w*[ \t]*(?:=[^;]+)?,\Z")
_GUESS_LINES = 60


@record
class Context:
    """What the first line of a chunk stands in. `block` is None at file scope."""

    block: Block | None
    head: bytes = b""  # the line that opens it, ready to be parsed
    name: bytes = b""  # of a function; b"" where it is unknown
    head_known: bool = False
    head_cut: bool = False  # the chunk starts inside the parameter list of the head
    body_cut: bool = False  # the chunk starts with the brace behind the head


def function_name(head: bytes) -> bytes:
    """The name in the (scrubbed) head of a function, b"" where there is none."""
    match = _MACRO_FUNCTION.match(head.strip())
    if match:
        return match[1]
    for match in _CALLED.finditer(head):
        if match[1] not in _NOT_NAMES:
            return match[1]
    return b""


def read_section(section: bytes) -> Context:
    """What the text behind the second @@ of a hunk header opens."""
    head = scrub(section).strip()
    if not head or head.startswith((b"#", b"}")):
        return Context(None)
    tagged = _TAGGED.match(head)
    if tagged and b"(" not in head and b"=" not in head:
        block = Block.ENUM if b"enum" in (tagged[1], tagged[2]) else Block.STRUCT
        return Context(block, section.strip().rstrip(b"{ \t") + b" {")
    if _OPEN_LIST.search(head) and b";" not in head:
        line = section.strip().rstrip(b"{ \t").rstrip(b"= \t") + b" = {"
        return Context(Block.LIST, line if b" " in line[:-4].strip() else b"int " + line)
    name = function_name(head)
    if b"(" not in head or not name or _ENDED.search(head):
        return Context(None)
    if head.startswith(name) and name.upper() == name and not _MACRO_FUNCTION.match(head):
        return Context(None)  # a macro at file scope, such as TRACE_EVENT(
    return _function_head(section.strip(), head, name)


def _function_head(section: bytes, head: bytes, name: bytes) -> Context:
    """The head of a function from a section text, which git may have cut anywhere."""
    depth = head.count(b"(") - head.count(b")")
    if depth <= 0 and head.rstrip(b" {").endswith(b")"):
        typed = head.find(name) > 0 or b"DEFINE" in head or b"BPF_CALL" in head
        line = section.rstrip(b"{ \t") if typed else b"int " + section.rstrip(b"{ \t")
        return Context(Block.FUNCTION, line + b" {", name, True)
    kept = head[: head.rfind(b",")] if b"," in head else head[: head.find(b"(") + 1]
    line = section[: len(kept)] + b")" * max(kept.count(b"(") - kept.count(b")"), 0)
    return Context(Block.FUNCTION, (line if head.find(name) > 0 else b"int " + line) + b" {", name, False)


def unknown_context(block: Block) -> Context:
    """A context whose head is out of sight."""
    heads = {
        Block.FUNCTION: b"void " + UNKNOWN + b"(void) {",
        Block.STRUCT: b"struct " + UNKNOWN + b" {",
        Block.ENUM: b"enum " + UNKNOWN + b" {",
        Block.LIST: b"int " + UNKNOWN + b"[] = {",
    }
    return Context(block, heads[block])


def guess_block(shape: bytes) -> Block:
    """What lines look like, when nothing names what they stand in."""
    code = members = items = names = 0
    for line in shape.split(b"\n", _GUESS_LINES)[:_GUESS_LINES]:
        text = line.strip()
        if not text:
            continue
        word = _FIRST_WORD.match(text)
        if (word and word[0] in _CONTROL) or line[:1] not in b" \t":
            code += 1
        elif text[-1] == 0x3B:
            is_member = (b"(*" in text or b"(" not in text) and b"=" not in text and b" " in text.replace(b"\t", b" ")
            members += is_member
            code += not is_member
        elif text[-1] == 0x2C and _BALANCED_LINE.match(text):
            items += 1
            names += _ENUM_LINE.match(text) is not None
        elif text[-1] == 0x7B and text[0] == 0x7B:
            items += 1
    if items > code and items > members:
        return Block.ENUM if names == items else Block.LIST
    return Block.STRUCT if members > 0 and code == 0 else Block.FUNCTION


def find_context(shape: bytes, scan: Scan, section: bytes) -> Context:
    """What the chunk starts in."""
    named = read_section(section)
    cut = _head_cut(shape, scan, named)
    if cut is not None:
        return cut
    if scan.entity < 0 and (scan.first_top >= 0 or not shape.strip()):
        return Context(None)
    if scan.entity >= 0:
        if 0 <= scan.first_top < scan.entity and _opens(shape, scan):
            return Context(None)
        behind = shape[scan.entity + 1 : scan.entity + 80].lstrip(b" \t")[:1]
        if behind in (b"\n", b""):
            return named if named.block is Block.FUNCTION else unknown_context(Block.FUNCTION)
        guess = guess_block(shape[: scan.entity])
        if guess is Block.FUNCTION:
            guess = named.block if named.block in (Block.STRUCT, Block.LIST, Block.ENUM) else Block.LIST
        return named if named.block is guess else unknown_context(guess)
    guess = guess_block(shape)
    if named.block is None or (
        named.block is Block.FUNCTION and guess in (Block.ENUM, Block.STRUCT) and section == b""
    ):
        return unknown_context(guess)
    return named


def _opens(shape: bytes, scan: Scan) -> bool:
    return shape.rfind(b"{", scan.first_top, scan.entity) >= 0


def _head_cut(shape: bytes, scan: Scan, named: Context) -> Context | None:
    """The context of a chunk that starts inside the head of a function, or at its `{`."""
    if scan.parens == 0 and shape.lstrip(b"\n")[:1] == b"{" and named.block is not None:
        return replace(named, head=named.head[:-2], body_cut=True)
    behind = scan.parens_end + len(shape[scan.parens_end :]) - len(shape[scan.parens_end :].lstrip())
    if scan.parens != 1 or shape[behind - 1 : behind + 1] != b"\n{":
        return None
    if named.block is Block.FUNCTION and not named.head_known:
        head = named.head[: -len(b") {")]
        return replace(named, head=head if head.endswith(b"(") else head + b",", head_known=True, head_cut=True)
    return Context(Block.FUNCTION, b"void " + UNKNOWN + b"(", b"", False, True)


GAP_CALL = GAP + b"()"
