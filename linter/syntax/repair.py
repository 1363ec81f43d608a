"""Second attempt at text that the parser stumbled over: rewrites by shape, inside the broken top-level nodes only.

The first pass (mask.py) knows words; this one guesses from shapes, which is dearer and coarser, so it runs only where
the tree has an error.
"""

from __future__ import annotations

import re

from tree_sitter import Node, Tree

from linter.patch.model import Span
from linter.pattern import lazy
from linter.syntax.mask import Masker

_KEYWORDS = (
    rb"if|while|for|switch|return|sizeof|else|do|case|typeof|__typeof__|__attribute__|asm|__asm__|goto|defined|_Generic"
)
_CALL_LINE = lazy(rb"(?:^|(?<=[;{}:)>/*]))([ \t]*)(?!(?:" + _KEYWORDS + rb")\b)([A-Za-z_]\w*)[ \t]*(?=\()", re.M)
_STRUCT_ARGUMENT = lazy(
    rb"(?:,|\b(?!(?:sizeof|if|while|__alignof__|_Alignof|alignof|return|typeof|__typeof__)\b)\w+\s*\()\s*"
    rb"((?:const\s+)?(?:struct|union|enum)\s+\w+(?:\s*\*|\s+const\b)*+)\s*(?=[,)])"
)
_POINTER_ARGUMENT = lazy(
    rb"(?:,|\b(?!(?:sizeof|if|while|__alignof__|return|typeof|__typeof__)\b)\w+\s*\()\s*"
    rb"((?:const\s+)?(?:(?:unsigned|signed|long|short|int|char|void|bool|\w+_t|[us](?:8|16|32|64)|__\w+)\b\s*)++"
    rb"(?:\s*\*|\s+const\b)*+)\s*(?=[,)])"
)
_NUMBER = lazy(rb"(?<![\w.'])\d\w*+")
_GOOD_NUMBER = lazy(
    rb"(?:0[xX][\da-fA-F]+|0[bB][01]+|\d+)[uUlLzZ]{0,3}\Z|\d+(?:[eE]\d*)?[fFlL]?\Z|0[xX][\da-fA-F]*[pP]\d*\Z"
)
_STATEMENT_ARGUMENT = lazy(rb"(?<=[,(])\s*\b(return|goto|break|continue)\b(?=([^;{},]{0,200}?)\s*[,)])")
_TYPE_WORD = lazy(rb"__(?:[usbl]e?\d+|\w+_t|w?sum(?:16)?|kernel_\w+|poll_t|be\d+|le\d+)\Z")
_ODD_WORDS = (
    lazy(rb"\b(?:static|extern|inline|const)\s+(__[a-z]\w*)(?=[ \t\n]+\w+[ \t\n*]+\w)"),
    lazy(
        rb"(?:^|\b\w+[ \t*]+)(?<!static )(?<!const )(?<!struct )(?<!union )(?<!enum )(?<!unsigned )"
        rb"(?<!return )(?<!goto )(?<!else )(?<!case )(__[a-z]\w*)(?=[ \t]+\w+[ \t]*[=;,)(\[])",
        re.M,
    ),
    lazy(rb"[)\]][ \t\n]*(__[a-z]\w*(?:\([^()\n]*\))?)(?=\s*\{)"),
    lazy(
        rb"^([A-Z][A-Z0-9_]+)(?=[ \t\n]+(?:static|extern|inline|const|struct|union|enum|unsigned|signed|int|void|char"
        rb"|bool|long|short|[a-z]\w*_t|[us](?:8|16|32|64))\b)",
        re.M,
    ),
    lazy(rb"^(?:[a-z]\w*[ \t*]+)+([A-Z_][A-Z0-9_]*)(?=[ \t\n]+\**[a-z]\w*\s*\()", re.M),
    lazy(rb"^(__[a-z]\w*)(?=[ \t\n]+(?:static|extern|inline|int|void|struct|bool|unsigned|long)\b)", re.M),
)
_STRING_PIECES = (
    lazy(rb"[(,]\s*([A-Z]\w*)(?=\s+[A-Z]\w*\s*[,)])"),  # (NAME NAME, ...
    lazy(rb'\b([A-Z]\w*)(?=\s+\w+\s*\(")'),  # NAME call("b")
    lazy(rb'"\s*[A-Z_a-z]\w*\s*(\([^()";]*\))(?=\s*["),])'),  # "a" NAME(x) "b"
    lazy(rb'(?<!\w)([A-Z]\w*)(?=\s+[A-Z_]\w*\s*")'),  # NAME NAME "b"
    lazy(rb'"\s*[A-Z_]\w*\s+([A-Z_]\w*)(?=\s*["),])'),  # "a" NAME NAME
)
_ASM = lazy(rb"\b(?:asm|__asm__|asm_inline|__asm)\b\s*(?:(?:volatile|__volatile__|inline|goto)\s*)*+(?=\()")
_LAST_STATEMENT = lazy(rb"[;}]\s*[ \t]\)")
_STRAY_SEMICOLON = lazy(rb";(?=(\s*)\))")
_ALIGNOF = lazy(rb"\b(__alignof__|_Alignof|alignof)(?=\s*\(\s*[^)]*[*>.\[])")
_MEMBER_MACRO = lazy(rb"^[ \t]+[A-Za-z]\w*[ \t]*\([^(),;]*(,[^;]*)\)[ \t]*;", re.M)
_OFFSETOF = lazy(rb"\b(offsetof|__builtin_offsetof)\s*\(\s*((?:struct|union|enum)\s+)?")
_DIRECTIVE = lazy(rb"^[ \t]*#[ \t]*(?:define|undef|pragma|include|error|warning)\b(?:[^\n\\]|\\.)*+", re.M | re.S)
_TYPEOF = lazy(rb"\b(?:typeof|__typeof__|__typeof|typeof_unqual)\b\s*(?=\()")


_CONTAINERS = frozenset(
    {"translation_unit", "preproc_if", "preproc_ifdef", "preproc_else", "preproc_elif", "linkage_specification"}
)
_WITH_MEMBERS = frozenset({"struct_specifier", "union_specifier", "declaration", "type_definition"})


def broken_regions(tree: Tree) -> list[tuple[int, int, bool]]:
    """Spans of the top-level nodes that hold errors, neighbours merged; and whether it is the body of a struct."""
    regions: list[tuple[int, int, bool]] = []
    stack: list[Node] = [tree.root_node]
    while stack:
        node = stack.pop()
        if not node.has_error:
            continue
        kind = node.type
        if kind in _CONTAINERS and node.children:
            stack.extend(reversed(node.children))
            continue
        if regions and node.start_byte <= regions[-1][1] + 2:
            regions[-1] = (regions[-1][0], node.end_byte, False)
        else:
            regions.append((node.start_byte, node.end_byte, kind in _WITH_MEMBERS))
    return regions


class Repairer(Masker):
    """Rewrites by shape between two offsets."""

    def run(self, start: int, end: int) -> None:
        """Repair one region; each step reads the untouched clean text."""
        self.struct_arguments(start, end)
        self.statement_arguments(start, end)
        self.offsets(start, end)
        self.numbers(start, end)
        self.directives(start, end)
        self.typeofs(start, end)
        self.statement_lists(start, end)
        self.strings(start, end)
        self.odd_words(start, end)
        self.calls(start, end)

    def statement_lists(self, start: int, end: int) -> None:
        """Statements as the last argument of a macro get braces, where there are blanks to overwrite."""
        clean = self.clean
        for match in _LAST_STATEMENT.finditer(clean, start, end):
            opening = clean.rfind(b"(", start, match.start())
            while opening >= 0 and self.closing(opening) < match.end():
                opening = clean.rfind(b"(", max(start, opening - 2000), opening)
            if opening < 0 or self.closing(opening) != match.end():
                continue
            first = clean.find(b";", opening, match.end())
            comma = clean.rfind(b",", opening, first)
            head = clean[comma + 1 : comma + 2]
            if comma > 0 and head in (b" ", b"\n") and clean.rfind(b"for", max(opening - 8, 0), opening) < 0:
                at = comma + 1 if head == b" " else comma + 2
                if clean[at : at + 1] in (b" ", b"\t"):
                    self.edits[at] = 0x7B
                    self.edits[match.end() - 2] = 0x7D

    def strings(self, start: int, end: int) -> None:
        """String pieces that are macros with arguments, or several in a row; other small oddities of calls."""
        for pattern in _STRING_PIECES:
            for match in pattern.finditer(self.clean, start, end):
                self.blank(*match.span(1))
        for match in _STRAY_SEMICOLON.finditer(self.clean, start, end):
            if (
                self.edits[match.end(1) - 1] != 0x7D
                and self.clean.rfind(b"for", max(start, match.start() - 200), match.start()) < 0
            ):
                self.blank(*match.span())
        for match in _ASM.finditer(self.clean, start, end):
            closing = self.closing(match.end())
            if closing - match.end() >= 4:
                self.put(match.start(), match.end(), b"asm")
                self.put(match.end() + 1, closing - 1, b'""')
        for match in _ALIGNOF.finditer(self.clean, start, end):
            self.edits[match.start(1)] = 0x41

    def members(self, start: int, end: int) -> None:
        """Macros among the members of a struct keep their first argument."""
        for match in _MEMBER_MACRO.finditer(self.clean, start, end):
            self.blank(*match.span(1))

    def odd_words(self, start: int, end: int) -> None:
        """Attributes that no table knows: a word too many in a declaration."""
        if self.clean.find(b"__", start, end) < 0:
            return
        for pattern in _ODD_WORDS:
            for match in pattern.finditer(self.clean, start, end):
                if _TYPE_WORD.match(match[1]) is None:
                    self.blank(*match.span(1))
                    self.note(match[1].partition(b"(")[0], *match.span(1))

    def struct_arguments(self, start: int, end: int) -> None:
        """Types as arguments of macros."""
        for pattern in (_STRUCT_ARGUMENT, _POINTER_ARGUMENT):
            for match in pattern.finditer(self.clean, start, end):
                if self.in_body(match.start(1)):
                    self.identify(*match.span(1))

    def in_body(self, at: int) -> bool:
        """Is this line indented (so no prototype at file scope)."""
        line = self.clean.rfind(b"\n", 0, at) + 1
        return self.clean[line : line + 1] in (b" ", b"\t", b"#")

    def statement_arguments(self, start: int, end: int) -> None:
        """`return x`, `goto x`, `break` handed to a macro."""
        for match in _STATEMENT_ARGUMENT.finditer(self.clean, start, end):
            if match[2].strip():
                self.blank(*match.span(1))
            else:
                self.edits[match.start(1)] -= 0x20  # Break: an identifier

    def offsets(self, start: int, end: int) -> None:
        """`offsetof` with more than a member name."""
        for match in _OFFSETOF.finditer(self.clean, start, end):
            self.edits[match.start(1)] = 0x5F
            if match[2]:
                self.blank(*match.span(2))

    def numbers(self, start: int, end: int) -> None:
        """Words that start with a digit, pasted by a macro."""
        for match in _NUMBER.finditer(self.clean, start, end):
            if _GOOD_NUMBER.match(match[0]) is None:
                self.edits[match.start()] = 0x5F

    def directives(self, start: int, end: int) -> None:
        """Definitions inside a list or statement."""
        for match in _DIRECTIVE.finditer(self.clean, start, end):
            self.blank(*match.span())

    def typeofs(self, start: int, end: int) -> None:
        """`typeof(x)` becomes a type name."""
        for match in _TYPEOF.finditer(self.clean, start, end):
            closing = self.closing(match.end())
            if closing > 0:
                self.identify(match.start(), closing)

    def calls(self, start: int, end: int) -> None:
        """Macros that open a block, or want no semicolon."""
        clean = self.clean
        for match in _CALL_LINE.finditer(clean, start, end):
            at, opening = match.start(2), match.end()
            closing = self.closing(opening)
            if closing < 0:
                continue
            behind = self.skip_blanks(closing)
            following = clean[behind : behind + 1]
            top = at == 0 or clean[at - 1] == 0x0A
            if following == b"{" and top and len(match[2]) >= 5:
                self.edits[at : at + 4] = b"int "  # TEST(name) {: a function
                self.note(match[2], at, closing, opening)
            elif following == b"{" and not top:
                self.loop(match[2], at, opening, closing)
            elif following and following not in b";,)=.-+&|?:<>!]%^[{(/" and b"\n" in clean[closing:behind]:
                self.bare_call(match[2], at, opening, closing, behind)

    def loop(self, word: bytes, at: int, opening: int, closing: int) -> None:
        """`macro(...) {` becomes a loop, or a block where the name is too short for one."""
        if len(word) >= 5 and clean_inside(self.clean, opening, closing):
            self.put(at, opening, b"while")
        elif len(word) >= 2 and clean_inside(self.clean, opening, closing):
            self.put(at, opening, b"if")
        elif closing - at >= 7:
            self.put(at, closing, b"for(;;)")
        self.note(word, at, closing, opening)

    def bare_call(self, word: bytes, at: int, opening: int, closing: int, behind: int) -> None:
        """A macro on lines of its own: a loop where the next line is deeper, else blanked."""
        clean = self.clean
        own = at - (clean.rfind(b"\n", 0, at) + 1)
        next_ = behind - (clean.rfind(b"\n", 0, behind) + 1)
        if own and next_ > own:
            self.loop(word, at, opening, closing)
        elif next_ <= own:
            self.put(at, closing, b";" if own and self.before(at) in b")e" else b"")
            self.note(word, at, closing, opening)


def clean_inside(clean: bytes, opening: int, closing: int) -> bool:
    """Is there anything between these parens."""
    return bool(clean[opening + 1 : closing - 1].strip())


def error_spans(tree: Tree, limit: int = 200) -> tuple[Span, ...]:
    """What the parser could not make sense of: the outermost error nodes, and the places of missing tokens."""
    found: list[Span] = []
    stack: list[Node] = [tree.root_node]
    while stack and len(found) < limit:
        node = stack.pop()
        if node.is_error or node.is_missing:
            found.append(Span(node.start_byte, node.end_byte))
        elif node.has_error:
            stack.extend(reversed(node.children))
    return tuple(found)
