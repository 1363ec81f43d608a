"""Overwrites kernel macros so that the C grammar can read the text: same length, newlines in place.

In: the source of a unit and the same text with comments and strings blanked (`scrub`). Out: the text to parse, and
the annotations that were overwritten. What a word needs is data in tables.py; this module knows the shapes.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from linter.patch.model import Span
from linter.pattern import lazy
from linter.syntax import tables
from linter.syntax.model import Annotation
from linter.syntax.scrub import scrub as scrub  # callers know it by this module

_BLANK = bytes(c if c in b"\n\t\f\v\r" else 0x20 for c in range(256))
_SYSCALL = lazy(rb"\A(?:COMPAT_|X32_|ARM64_)?(?:SYSCALL32_|SYSCALL_)DEFINE[0-6]\Z|\ABPF_CALL_[0-5]\Z")
_WORD_BYTES = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")
_REACH = 200_000  # a macro's argument list is shorter
_STEPS = 400_000  # parens looked at one macro after the other; from then on all are matched at once
_OPEN_CLOSE = lazy(rb"[()]")


class Masker:
    """One pass over one text; `edits` is what the parser will see, `clean` what the shapes are read from."""

    def __init__(self, source: bytes, clean: bytes) -> None:
        self.source = source
        self.clean = clean
        self.edits = bytearray(source)
        self.annotations: list[Annotation] = []
        self.steps = 0
        self.matched: dict[int, int] | None = None

    def occurrences(self, word: bytes) -> list[int]:
        """Where `word` stands as a whole identifier."""
        clean, size, found = self.clean, len(word), []
        at = clean.find(word)
        while at >= 0:
            end = at + size
            if (at == 0 or clean[at - 1] not in _WORD_BYTES) and (end >= len(clean) or clean[end] not in _WORD_BYTES):
                found.append(at)
            at = clean.find(word, end)
        return found

    def skip_blanks(self, at: int) -> int:
        """The next offset at or after `at` that holds no white space."""
        clean = self.clean
        while at < len(clean) and clean[at] in b" \t\n\r\f\v":
            at += 1
        return at

    def closing(self, at: int) -> int:
        """The offset behind the `)` that closes the `(` at `at`, or -1."""
        if self.steps > _STEPS:
            return self.pairs().get(at, -1)
        depth = 0
        for match in _OPEN_CLOSE.finditer(self.clean, at, at + _REACH):
            self.steps += 1
            depth += 1 if match[0] == b"(" else -1
            if depth == 0:
                return match.end()
        return -1

    def pairs(self) -> dict[int, int]:
        """All parens of the text, matched once: for texts made of nothing else."""
        if self.matched is None:
            self.matched = {}
            stack = []
            for match in _OPEN_CLOSE.finditer(self.clean):
                if match[0] == b"(":
                    stack.append(match.start())
                elif stack:
                    self.matched[stack.pop()] = match.end()
        return self.matched

    def before(self, at: int) -> int:
        """The last byte of code before an offset; 0 where there is none."""
        clean = self.clean
        at -= 1
        while at >= 0 and clean[at] in b" \t\n\r\f\v":
            at -= 1
        return clean[at] if at >= 0 else 0

    def blank(self, start: int, end: int) -> None:
        """Overwrite with spaces."""
        self.edits[start:end] = self.source[start:end].translate(_BLANK)

    def put(self, start: int, end: int, text: bytes) -> None:
        """Overwrite with `text` and spaces behind it; newlines of the rest stay."""
        rest = self.source[start + len(text) : end].translate(_BLANK)
        self.edits[start:end] = text + rest

    def note(self, word: bytes, start: int, end: int, opening: int = -1) -> None:
        """Remember what stood here."""
        argument = None
        if opening >= 0:
            argument = self.source[opening + 1 : end - 1].decode("utf-8", "replace").strip()
        self.annotations.append(Annotation(word.decode(), argument, Span(start, end)))

    def mask_attribute(self, word: bytes) -> None:
        """Blank an attribute and the list behind it."""
        for at in self.occurrences(word):
            end = at + len(word)
            opening = self.skip_blanks(end)
            called = opening < len(self.clean) and self.clean[opening] == 0x28 and word in tables.ATTRIBUTES_CALLED
            if called:
                end = self.closing(opening)
                if end < 0:
                    continue
            elif word in tables.ATTRIBUTES_CALLED and word not in tables.ATTRIBUTES:
                continue
            self.blank(at, end)
            self.note(word, at, end, opening if called else -1)

    def mask_block(self, word: bytes, keyword: bytes) -> None:
        """Turn `macro(...) body` into `keyword (...) body`."""
        for at in self.occurrences(word):
            opening = self.skip_blanks(at + len(word))
            if opening >= len(self.clean) or self.clean[opening] != 0x28:
                continue
            end = self.closing(opening)
            if end < 0:
                continue
            behind = self.skip_blanks(end)
            step = self.clean[behind : behind + 2] in (b"++", b"--")
            if behind < len(self.clean) and self.clean[behind] in b";,)=.-+&|?:<>!]%^" and not step:
                continue
            if self.before(at) not in b"\0;{}):eo":
                continue
            if self.clean[opening + 1 : end - 1].strip():
                self.put(at, opening, keyword)
                if keyword == b"if":
                    for match in _JUMP.finditer(self.clean, opening, end):
                        self.blank(*match.span())
            else:
                self.put(at, end, b"for(;;)" if keyword == b"while" else b"if(1)")
            self.note(word, at, end, opening)

    def mask_loop(self, word: bytes) -> None:
        """An iterator becomes a `while`."""
        self.mask_block(word, b"while")

    def mask_once(self, word: bytes) -> None:
        """A guarded block becomes an `if`."""
        self.mask_block(word, b"if")

    def mask_types(self, word: bytes) -> None:
        """Drop `struct` and stars from the arguments of a macro that takes a type."""
        for at in self.occurrences(word):
            opening = self.skip_blanks(at + len(word))
            if opening < len(self.clean) and self.clean[opening] == 0x28:
                end = self.closing(opening)
                if end > 0:
                    self.mask_type_arguments(opening + 1, end - 1)

    def mask_type_arguments(self, start: int, end: int) -> None:
        """Make every argument between start and end that is a type an identifier."""
        for match in _TYPE_ARGUMENT.finditer(self.clean, start - 1, end + 1):
            self.identify(match.start(1), match.end(1))

    def identify(self, start: int, end: int) -> None:
        """Overwrite a type with one identifier: its tag where it has one, else its words joined."""
        text = self.clean[start:end]
        match = _TAGGED.match(text)
        if match:
            self.blank(start, start + match.end(1))
            self.blank(start + match.end(2), end)
            return
        head, _, _ = text.partition(b"\n")
        self.blank(start, end)
        joined = re.sub(rb"\W", b"_", head.rstrip())
        self.edits[start : start + len(joined)] = joined

    def mask_syscall(self, word: bytes) -> None:
        """Turn `SYSCALL_DEFINE2(name, type, a, type, b)` into `long name(type a, type b)` at equal length."""
        for at in self.occurrences(word):
            opening = self.skip_blanks(at + len(word))
            if opening >= len(self.clean) or self.clean[opening] != 0x28:
                continue
            end = self.closing(opening)
            if end < 0:
                continue
            commas = [m.start() for m in re.finditer(rb",", self.clean[opening:end])]
            self.note(word, at, end, opening)
            if not commas:
                name = self.clean[opening + 1 : end - 1].strip() + b"()"
                self.put(at, end, b"long".ljust(end - at - len(name)) + name)
                continue
            self.put(at, opening + 1, b"long")
            self.edits[opening + commas[0]] = 0x28
            for comma in commas[1::2]:
                self.edits[opening + comma] = 0x20

    def mask_array(self, word: bytes) -> None:
        """Turn `DECLARE_BITMAP(name, n)` into `long name[n]`, and `DEFINE_PER_CPU(type, name)` into `type name`."""
        for at in self.occurrences(word):
            opening = self.skip_blanks(at + len(word))
            if opening >= len(self.clean) or self.clean[opening] != 0x28:
                continue
            end = self.closing(opening)
            comma = self.clean.find(b",", opening)
            if not 0 < comma < end:
                continue
            self.note(word, at, end, opening)
            typed = word not in tables.ARRAY_MACROS
            self.put(at, opening + 1, b"" if typed else b"long")
            self.edits[comma] = 0x20 if typed else 0x5B
            self.edits[end - 1] = 0x20 if typed else 0x5D

    def mask_arguments(self, word: bytes) -> None:
        """Blank a macro with all its arguments, and the semicolon behind it."""
        for at in self.occurrences(word):
            opening = self.skip_blanks(at + len(word))
            end = self.closing(opening) if self.clean[opening : opening + 1] == b"(" else -1
            if end > 0:
                self.blank(at, end + (self.clean[end : end + 1] == b";"))
                self.note(word, at, end, opening)

    def mask_trace(self, word: bytes) -> None:
        """Keep the first argument of a trace macro."""
        for at in self.occurrences(word):
            opening = self.skip_blanks(at + len(word))
            if opening >= len(self.clean) or self.clean[opening] != 0x28:
                continue
            end = self.closing(opening)
            comma = self.clean.find(b",", opening)
            if 0 < comma < end:
                self.blank(comma, end - 1)
                self.note(word, at, end, opening)


_TYPE_ARGUMENT = lazy(
    rb"(?<=[(,])\s*((?:const\s+)?(?:(?:struct|union|enum)\s+\w+|(?:unsigned|signed|long|short|int|char|void|float|"
    rb"double|[a-z]\w*_t|[us](?:8|16|32|64)|__\w+)(?:\s+(?:unsigned|signed|long|short|int|char))*)"
    rb"(?:\s*\*|\s+const\b)*+)\s*(?=[,)])"
)
_TAGGED = lazy(rb"((?:const\s+)?(?:struct|union|enum)\s+)(\w+)")
_JUMP = lazy(rb"\b(?:return|goto)\b(?=\s*[^\s,])")
_CASE_RANGE = lazy(rb"\bcase\b[^;{}:\n]{0,200}?(\.\.\.)")
_NAMED_VARIADIC = lazy(rb"^[ \t]*#[ \t]*define[ \t]+\w+\([^()\n]*?(\w+)\.\.\.\)", re.M)
_COMPUTED_GOTO = lazy(rb"\bgoto\s*(\*[^;{}]*)")
_STATIC_MACRO = lazy(rb"\bstatic\s+(?:const\s+)?(?=[A-Z][A-Z0-9_]+\s*\()")


_BY_WORD = (
    (tables.ALL_ATTRIBUTES, Masker.mask_attribute),
    (tables.ITERATORS, Masker.mask_loop),
    (tables.GUARDED_BLOCKS, Masker.mask_once),
    (tables.TYPE_ARGUMENT, Masker.mask_types),
    (tables.TRACE_MACROS, Masker.mask_trace),
    (tables.OBJECT_MACROS, Masker.mask_array),
    (tables.BLANKED_MACROS, Masker.mask_arguments),
)


def mask(
    source: bytes, clean: bytes, identifiers: frozenset[bytes], blanks: Sequence[tuple[int, int]] = ()
) -> tuple[bytes, tuple[Annotation, ...]]:
    """Mask what the words of `identifiers` call for, and the spans `blanks` of half `#if` groups."""
    masker = Masker(source, clean)
    for start, end in blanks:
        masker.blank(start, end)
    for words, step in _BY_WORD:
        for word in sorted(identifiers & words):
            step(masker, word)
    if b"for_each" in clean:
        for word in identifiers:
            if b"for_each" in word and word not in tables.NOT_ITERATORS:
                masker.mask_loop(word)
    if b"DEFINE" in clean or b"BPF_CALL" in clean:
        for word in identifiers:
            if _SYSCALL.match(word):
                masker.mask_syscall(word)
    _mask_shapes(masker)
    masker.annotations.sort(key=lambda annotation: annotation.span.start)
    return bytes(masker.edits), tuple(masker.annotations)


def _mask_shapes(masker: Masker) -> None:
    """What needs no word list."""
    clean = masker.clean
    if b"..." in clean:
        for match in _NAMED_VARIADIC.finditer(clean):
            masker.blank(*match.span(1))
        for match in _CASE_RANGE.finditer(clean):
            masker.put(match.start(1), match.end(1), b"|")
    if b"goto" in clean:
        for match in _COMPUTED_GOTO.finditer(clean):
            masker.identify(*match.span(1))
    if b"static" in clean:
        for match in _STATIC_MACRO.finditer(clean):
            masker.blank(*match.span())
