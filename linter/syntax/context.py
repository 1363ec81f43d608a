"""What a chunk of a fragment starts in: file scope, a function, a struct, an initialiser; and under which head."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from linter.syntax.mask import scrub
from linter.syntax.model import GAP
from linter.syntax.scan import Block, Scan

UNKNOWN = b"__hunklint_unknown"
"""Stands for the name of a function or object that is out of sight."""

_CALLED = re.compile(rb"(\w+)\s*\(")
_MACRO_FUNCTION = re.compile(rb"(?:\w*SYSCALL\w*DEFINE\d|BPF_CALL_\d|DEFINE_\w+|\w+_DEFINE\d?)\s*\(\s*(\w+)")
_NOT_NAMES = frozenset(
    b"if while for switch return sizeof __attribute__ __printf __aligned __free __section __releases __acquires "
    b"__must_hold typeof __typeof__ static_assert".split()
)
_TAGGED = re.compile(rb"(?:typedef\s+)?(struct|union|enum)(?:\s+\w+)*\s*(?:\{|\Z)|typedef\s+(struct|union|enum)\b")
_LIST_LINE = re.compile(
    rb"^[ \t]+(?:\.\w[\w.\[\]]*[ \t]*=[^;\n]*,|\[[^\]\n]+\][ \t]*=[^;\n]*,|\{[^;\n]*,|\}[ \t]*,|\{"
    rb"|[&\"'\w][^;={}\n]*,)[ \t]*\\?$",
    re.M,
)
_MEMBER_LINE = re.compile(
    rb"^[ \t]+(?:(?!return\b|goto\b|else\b|case\b|break\b)[a-z_]\w*[ \t*]+(?:[\w*]+[ \t*]+)*"
    rb"\**\w+(?:\[[^\]\n]*\])*(?:[ \t]*:[ \t]*\d+)?(?:,[^;=()\n]*)?;|[a-z][\w \t*]*\(\*\w+\)\([^;{\n]*\)?;?"
    rb"|(?:struct|union)[ \t]*\w*[ \t]*\{|\}[ \t]*\w*;)[ \t]*$",
    re.M,
)
_CODE_LINE = re.compile(
    rb"^[ \t]+(?:(?:if|for|while|switch|return|goto|break|continue|do|else|case)\b[^\n]*"
    rb"|[^\n={]*\([^\n]*\);|[^.\[\n{][^\n{(]*[^=!<>\n]=[^=\n][^\n]*;|\w+(?:\+\+|--);|[^\n]*\)[ \t]*\{)[ \t]*$"
    rb"|^\w+:[ \t]*$",
    re.M,
)
_ENUM_LINE = re.compile(rb"^[ \t]+[A-Z_]\w*(?:[ \t]*=[^;\n]+)?,[ \t]*$", re.M)


@dataclass(frozen=True, slots=True)
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
    if re.search(rb"=\s*\{?\s*\Z", head) and b";" not in head:
        return Context(Block.LIST, section.strip().rstrip(b"{ \t").rstrip(b"= \t") + b" = {")
    name = function_name(head)
    if b"(" not in head or not name or re.search(rb";\s*\Z", head):
        return Context(None)
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
    code = len(_CODE_LINE.findall(shape))
    members = len(_MEMBER_LINE.findall(shape))
    items = len(_LIST_LINE.findall(shape))
    if items > code and items > members and b";" not in shape:
        names = len(_ENUM_LINE.findall(shape))
        return Block.ENUM if names == items and b"[" not in shape and b"(" not in shape else Block.LIST
    if members > 0 and code == 0:
        return Block.STRUCT
    return Block.FUNCTION


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
        guess = guess_block(shape[: scan.entity])
        if behind in (b"\n", b""):
            guess = Block.FUNCTION
        elif guess is Block.FUNCTION:
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
