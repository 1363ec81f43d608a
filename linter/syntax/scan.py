"""Reads the brackets of one chunk of a fragment: what it closes without having opened, and what it leaves open."""

from __future__ import annotations

import enum
import re

from linter.pattern import lazy


class Block(enum.Enum):
    """What an opening bracket opens."""

    FUNCTION = "function"
    BLOCK = "block"
    DO = "do"
    SWITCH = "switch"
    STRUCT = "struct"
    ENUM = "enum"
    LIST = "list"  # an initialiser
    EXPRESSION = "({"
    EXTERN = "extern"
    PAREN = "("
    BRACKET = "["


BRACES = frozenset(Block) - {Block.PAREN, Block.BRACKET}
STATEMENTS = frozenset({Block.FUNCTION, Block.BLOCK, Block.DO, Block.SWITCH, Block.EXPRESSION})


class Open:
    """A bracket that is open."""

    __slots__ = ("at", "block", "has_if", "keyword", "semicolons")

    def __init__(self, block: Block, at: int, keyword: bytes = b"") -> None:
        self.block = block
        self.at = at
        self.keyword = keyword  # of a paren: if, for, while, switch, an iterator
        self.semicolons = 0
        self.has_if = False  # of a brace: an `if` stands in it, so an `else` may follow


class Scan:
    """What one pass over a chunk found. A plain class: a dataclass costs a millisecond at start-up."""

    def __init__(self) -> None:
        self.stack: list[Open] = []
        self.closed: list[Block] = []  # blocks closed that were open before the chunk, innermost first
        self.entity = -1  # offset of the column-0 brace that closes what the chunk starts in; -1: none
        self.parens = 0  # parens closed that were open before the chunk
        self.parens_end = 0  # behind the last of them
        self.lone_else: list[int] = []  # offsets of `else` without `if`
        self.outer_list = False  # what comes after the last closed list is still inside one
        self.switch = False  # labels stand at the outermost level that never gets closed
        self.first_top = -1  # the first unindented line of code that is no label and no brace
        self.keyword = b""  # control keyword of the last statement, its body not yet seen
        self.statement = 0  # where the last statement starts
        self.head_end = 0  # where the last function at column 0 opens its body; 0: none


_TOKEN = lazy(
    rb"\([^(){}\[\];]*+\)(?!\s*\{)|\[[^(){}\[\];]*+\]"  # plain groups, of no interest
    rb"|[{}()\[\];]|\b(?:if|else|do|while|for|switch|case|default(?=\s*:)|struct|union|enum)\b"
)
_TOKEN_OR_MACRO = lazy(_TOKEN.pattern + rb"|\b(?:\w*for_each\w*+|scoped_\w+)(?=\s*\()")
_TOP = lazy(rb"^(?![a-zA-Z_]\w*[ \t]*:(?:[^:]|$)|default\b|case\b)[A-Za-z_]", re.M)
_CONTROL = frozenset({b"if", b"while", b"for", b"switch"})
_WHITE = b" \t\n\r\f\v"


class Scanner:
    """One pass over the brackets of one chunk; `columns` tells whether column 0 means file scope."""

    def __init__(self, shape: bytes, columns: bool) -> None:
        self.shape = shape
        self.columns = columns
        self.found = Scan()
        self.pending = b""
        self.pending_end = 0
        self.tagged = Block.STRUCT
        self.is_tagged = False
        self.cases = False  # labels seen at the outermost level since it last changed
        self.outer_if = False
        self.literal = False  # the last paren group was a cast: `{` behind it opens a list

    def run(self) -> Scan:
        """Scan the chunk."""
        found = self.found
        top = _TOP.search(self.shape) if self.columns else None
        found.first_top = top.start() if top else -1
        macros = b"for_each" in self.shape or b"scoped_" in self.shape
        handlers = {
            b"(": self._open_paren,
            b")": self._close_paren,
            b";": self._end_statement,
            b"{": self._open_brace,
            b"}": self._close_brace,
            b"[": self._open_bracket,
            b"]": self._close_bracket,
        }
        for match in (_TOKEN_OR_MACRO if macros else _TOKEN).finditer(self.shape):
            token = match[0]
            handler = handlers.get(token)
            if handler is not None:
                handler(match.start())
            elif token[0] not in b"([":
                self._word(token, match.start())
        found.keyword = self.pending
        found.switch = self.cases
        return found

    def before(self, at: int) -> int:
        """The last byte of code before an offset; 0 where there is none."""
        shape = self.shape
        at -= 1
        while at >= 0 and shape[at] in _WHITE:
            at -= 1
        return shape[at] if at >= 0 else 0

    def _open_paren(self, at: int) -> None:
        previous = self.before(at)
        keyword = self.pending if self.pending and not self.shape[self.pending_end : at].strip() else b""
        self.found.stack.append(Open(Block.PAREN, at, keyword))
        self.literal = not (chr(previous).isalnum() or previous in b"_)]")

    def _open_bracket(self, at: int) -> None:
        self.found.stack.append(Open(Block.BRACKET, at))

    def _close_bracket(self, at: int) -> None:
        stack = self.found.stack
        if stack and stack[-1].block is Block.BRACKET:
            stack.pop()

    def _is_fresh(self) -> bool:
        """Is the pending keyword still waiting for its parens."""
        return not (self.found.stack and self.found.stack[-1].block is Block.PAREN)

    def _close_paren(self, at: int) -> None:
        found = self.found
        while found.stack and found.stack[-1].block is Block.BRACKET:
            found.stack.pop()
        if found.stack and found.stack[-1].block is Block.PAREN:
            opened = found.stack.pop()
            previous = self.before(opened.at)
            self.literal = not (chr(previous).isalnum() or previous in b"_)]")
        elif not found.stack and not found.closed and found.entity < 0 and found.statement == 0:
            found.parens += 1
            found.parens_end = at + 1
            self.literal = False

    def _end_statement(self, at: int) -> None:
        stack = self.found.stack
        if stack and stack[-1].block is Block.PAREN:
            stack[-1].semicolons += 1
            if stack[-1].keyword == b"for":
                return
            while stack and stack[-1].block in (Block.PAREN, Block.BRACKET):
                stack.pop()
        self._statement(at + 1)

    def _statement(self, at: int) -> None:
        self.found.statement = at
        self.pending = b""
        self.is_tagged = False

    def _open_brace(self, at: int) -> None:
        found = self.found
        block = self._block(at)
        found.stack.append(Open(block, at))
        if block is Block.FUNCTION and len(found.stack) == 1:
            found.head_end = at
        self._statement(at + 1)

    def _block(self, at: int) -> Block:
        previous = self.before(at)
        stack = self.found.stack
        inner = stack[-1].block if stack else None
        if previous == 0x3D:
            return Block.LIST
        if previous == 0x28:
            return Block.EXPRESSION
        if previous == 0x2C:
            return Block.LIST
        if inner in (Block.LIST, Block.PAREN, Block.BRACKET):
            return Block.LIST
        if self.is_tagged and not (previous == 0x29 and not stack):
            return self.tagged
        if self.columns and (at == 0 or self.shape[at - 1] == 0x0A):
            return Block.FUNCTION
        if previous == 0x22:
            return Block.EXTERN
        if previous == 0x29 and self.literal and not self.pending:
            return Block.LIST
        if self.pending == b"switch":
            return Block.SWITCH
        if self.pending == b"do":
            return Block.DO
        return Block.BLOCK

    def _close_brace(self, at: int) -> None:
        found = self.found
        if self.columns and (at == 0 or self.shape[at - 1] == 0x0A) and self.shape[at + 1 : at + 2] != b",":
            self._close_entity(at)
            return
        while found.stack and found.stack[-1].block not in BRACES:
            found.stack.pop()
        if found.stack:
            found.stack.pop()
        elif found.entity < 0:
            block = Block.LIST if found.outer_list else self._unseen_block(at)
            found.closed.append(block)
            found.outer_list = block is Block.LIST and self.shape[at + 1 : at + 2] == b","
            self.cases = False
            self.outer_if = True
        self._statement(at + 1)

    def _close_entity(self, at: int) -> None:
        found = self.found
        if found.entity < 0 and not (found.stack and self._is_top(found.stack[0])):
            found.entity = at
        found.stack.clear()
        self.cases = False
        self._statement(at + 1)

    def _is_top(self, opened: Open) -> bool:
        """Was this opened by an unindented line."""
        line = self.shape.rfind(b"\n", max(opened.at - 2000, 0), opened.at) + 1
        return self.shape[line] not in b" \t"

    def _unseen_block(self, at: int) -> Block:
        """What the brace at `at` closes, judged by what follows it."""
        behind = self.shape[at + 1 : at + 40].lstrip()
        if self.cases:
            return Block.SWITCH
        if behind[:5] == b"while" and b";" in self.shape[at + 1 : at + 200].partition(b"\n")[0]:
            return Block.DO
        if behind[:1] in (b",", b";") or (behind[:1] == b"}" and self.before(at) == 0x2C):
            return Block.LIST
        if behind[:1] == b")":
            return Block.EXPRESSION
        return Block.BLOCK

    def _word(self, token: bytes, at: int) -> None:
        stack = self.found.stack
        if token in (b"struct", b"union", b"enum"):
            if not (stack and stack[-1].block in (Block.PAREN, Block.BRACKET)):
                self.is_tagged = True
                self.tagged = Block.ENUM if token == b"enum" else Block.STRUCT
        elif token == b"else":
            self._else(at)
        elif token in (b"case", b"default"):
            if not stack:
                self.cases = True
        else:
            if token == b"if":
                if stack:
                    stack[-1].has_if = True
                else:
                    self.outer_if = True
            if self._is_fresh():
                self.pending = token
                self.pending_end = at + len(token)

    def _else(self, at: int) -> None:
        stack = self.found.stack
        if stack and stack[-1].block not in BRACES:
            return
        if not (stack[-1].has_if if stack else self.outer_if):
            self.found.lone_else.append(at)
            if stack:
                stack[-1].has_if = True
            else:
                self.outer_if = True
        self.pending = b"else"
