"""A kernel tree to counts of how callers treat every function's result.

What the callers of a function do with its result says how it fails: `if (!p)` after it means NULL, `IS_ERR(p)` an
ERR_PTR, a result that nearly everybody tests must not be dropped. Source is read as text, function by function (kernel
style ends a function with a brace in column 0): a tree of 60,000 files takes two minutes, and no build is needed.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator

from linter.pattern import find_word, lazy
from linter.record import field, record

_NOISE = lazy(rb'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)
_DIRECTIVE = lazy(rb"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*$", re.M)
_DEFINITION = lazy(rb"^([A-Za-z_][\w \t*,()]*?(?:\n[ \t]*\**|[ \t*]))?([A-Za-z_]\w*)\(([^;{}]*?)\)[^;{}()=]*\n\{", re.M)
_DECLARATION = lazy(rb"^([A-Za-z_][\w \t*]*?(?:\n[ \t]*\**|[ \t*]))([A-Za-z_]\w*)\(([^;{}]*?)\)([^;{}=]*);", re.M)
_CALL = lazy(rb"\b([a-z_]\w*)\(")
_PARENTHESIS = lazy(rb"[()]")
_TARGET = lazy(rb"([A-Za-z_]\w*(?:\[[\w+ ]*\])?(?:(?:->|\.)\w+(?:\[[\w+ ]*\])?)*)\s*=\s*(?:\(\s*[\w ]+\**\s*\)\s*)?$")
_NEGATIVE = lazy(rb"[<>]=?\s*0\b|[!=]=\s*-[A-Z]")
_NULL = lazy(rb"[!=]=\s*NULL\b")
_COMPARED = lazy(rb"[!=]=\s*(?:0|1|true|false|[A-Z_]\w*)\b")
_TIMES = lazy(rb"[\w)]\s*\*$")
_CAST = lazy(rb"[=(,?:]\s*\([\w *]+\)$")
_CONDITION = lazy(rb"(?:\bif|\bwhile|&&|\|\||\b(?:un)?likely|\bWARN_ON(?:_ONCE)?|\bBUG_ON|\bWARN)\s*\(*\s*$|\?\s*$")
_KEYWORDS = frozenset(b"if while for switch return sizeof typeof do else case likely unlikely defined asm".split())
_QUALIFIERS = frozenset(
    b"static inline extern const __init __exit __always_inline noinline __maybe_unused asmlinkage __cold __must_check "
    b"__sched notrace STATIC noinline_for_stack __printf".split()
)
_INTEGERS = frozenset(["int", "long", "ssize_t", "s32", "s64", "loff_t", "int32_t"])
_TESTED = frozenset(["true", "negative", "compare"])
_REACH = 1500  # bytes after a call in which the first mention of its result is looked for
_LONGEST_CALL = 4000  # bytes from a call's name to its closing parenthesis


@record(frozen=False)
class Tally:
    """What a tree says about one function name."""

    types: set[str] = field(default_factory=set)  # pointer, int, bool, void, or the type's own words
    declared: bool = False  # in a header, or not static
    must_check: bool = False
    errno: bool = False  # a body names -E… constants
    definitions: int = 0
    assigned: int = 0  # tests of a variable that took the result
    uses: Counter[str] = field(default_factory=Counter)  # see `classify_call`

    def count(self, *uses: str) -> int:
        """Calls of these sorts."""
        return sum(self.uses[use] for use in uses)


def source_files(root: str) -> Iterator[str]:
    """C files and headers of a kernel tree, without those that run in user space."""
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(f for f in folders if f not in {"tools", "samples", "scripts", "Documentation", ".git"})
        for name in sorted(names):
            if name.endswith((".c", ".h")):
                yield f"{folder}/{name}"


def harvest(paths: Iterable[str]) -> dict[bytes, Tally]:
    """Read files and count, by function name."""
    tallies: dict[bytes, Tally] = {}
    for path in paths:
        try:
            with open(path, "rb") as stream:
                text = strip_noise(stream.read())
        except OSError:
            continue
        _read_file(text, path.endswith(".h"), tallies)
    return tallies


def merge(into: dict[bytes, Tally], other: dict[bytes, Tally]) -> None:
    """Add the counts of another part of the tree."""
    for name, tally in other.items():
        mine = into.get(name)
        if mine is None:
            into[name] = tally
            continue
        mine.types |= tally.types
        mine.declared |= tally.declared
        mine.must_check |= tally.must_check
        mine.errno |= tally.errno
        mine.definitions += tally.definitions
        mine.assigned += tally.assigned
        mine.uses.update(tally.uses)


def strip_noise(text: bytes) -> bytes:
    """Empty comments, strings and preprocessor lines, so that brackets count."""

    def blank(match: re.Match[bytes]) -> bytes:
        found = match.group()
        if found[:1] == b'"':
            return b'""'
        return b"'a'" if found[:1] == b"'" else b" " + b"\n" * found.count(b"\n")

    return _DIRECTIVE.sub(b"", _NOISE.sub(blank, text))


def _read_file(text: bytes, header: bool, tallies: dict[bytes, Tally]) -> None:
    if header:
        for match in _DECLARATION.finditer(text):
            head = match.group(1)
            if b"typedef" in head or b"return" in head:
                continue
            tally = tallies.setdefault(match.group(2), Tally())
            tally.types.add(result_type(head))
            tally.declared = True
            tally.must_check |= b"__must_check" in head or b"__must_check" in match.group(4)
    for head, function, body in functions_in(text):
        tally = tallies.setdefault(function, Tally())
        tally.types.add(result_type(head))
        tally.declared |= header or b"static" not in head.split()
        tally.must_check |= b"__must_check" in head
        tally.errno |= re.search(rb"(?:return|=)\s*-E[A-Z]", body) is not None
        tally.definitions += 1
        for name, use, assigned in calls_in(body):
            tally = tallies.setdefault(name, Tally())
            tally.uses[use] += 1
            tally.assigned += assigned


def functions_in(text: bytes) -> Iterator[tuple[bytes, bytes, bytes]]:
    """Each function of a text without noise: the words before its name, the name, the body with its braces."""
    position = 0
    while found := _DEFINITION.search(text, position):
        end = text.find(b"\n}", found.end() - 2)
        if end < 0:
            return
        yield found.group(1) or b"", found.group(2), text[found.end() - 1 : end + 2]
        position = end + 2


def result_type(head: bytes) -> str:
    """The result's type from the words before a function's name."""
    words = [word for word in re.findall(rb"\w+|\*", head) if word not in _QUALIFIERS]
    if b"*" in words:
        return "pointer"
    text = b" ".join(words).decode("utf-8", "replace")
    return "int" if text in _INTEGERS else text


def calls_in(body: bytes) -> Iterator[tuple[bytes, str, bool]]:
    """Each call in a function's body, what becomes of its result, and whether a variable took it to be tested."""
    for name, start, opening in plain_calls(body):
        end = closing(body, opening)
        if end > 0:
            use, target = classify_call(body, body[max(0, start - 120) : start], end)
            yield name, use, target is not None and use in _TESTED


def plain_calls(body: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Name, offset and offset of the opening parenthesis of each call of a function by its name."""
    for match in _CALL.finditer(body):
        if match.group(1) not in _KEYWORDS:
            before = body[max(0, match.start() - 120) : match.start()]
            if not before.rstrip().endswith((b"->", b".")):
                yield match.group(1), match.start(), match.end() - 1


def taker(before: bytes) -> bytes | None:
    """What takes a call's result, without blanks, from the text to the call's left."""
    target = _TARGET.search(before)
    return b"".join(target.group(1).split()) if target is not None else None


def closing(body: bytes, start: int) -> int:
    """The offset behind the parenthesis that closes the one at `start`, or -1."""
    depth = 0
    for match in _PARENTHESIS.finditer(body, start, start + _LONGEST_CALL):
        depth += 1 if match.group() == b"(" else -1
        if depth == 0:
            return match.end()
    return -1


def classify_call(body: bytes, before: bytes, end: int) -> tuple[str, bytes | None]:
    """What becomes of a call's result, and the variable that takes it.

    One of: drop, void, return, not, error-pointer, either, negative, compare, true, dereference, use, unread.
    `before` is the text to the call's left, `end` the offset behind its closing parenthesis.
    """
    left, right = before.rstrip(), body[end : end + 30].lstrip()
    target = _TARGET.search(before)
    if target is not None:
        return _classify_target(body, before, end, target), target.group(1)
    if right.startswith(b"->"):
        return "dereference", None
    last = left[-1:]
    if not left or last in b";{}:" or left.endswith((b"else", b"do")):
        return ("drop" if right[:1] == b";" else "use"), None
    if last == b")":
        if left.endswith(b"(void)"):
            return "void", None
        return ("drop" if right[:1] == b";" and not _CAST.search(left) else "use"), None
    if left.endswith(b"return"):
        return "return", None
    return _classify_value(left, right) or "use", None


def _classify_value(left: bytes, right: bytes) -> str | None:
    """How a value is tested, from the text to its left and right; None where it is not."""
    if left.endswith((b"IS_ERR(", b"PTR_ERR_OR_ZERO(", b"IS_ERR_VALUE(")):
        return "error-pointer"
    if left.endswith(b"IS_ERR_OR_NULL("):
        return "either"
    if left.endswith(b"!"):
        return "not"
    if left.endswith(b"return"):
        return "return"
    if _NEGATIVE.match(right):
        return "negative"
    if _NULL.match(right):
        return "not"
    if _COMPARED.match(right) or left.endswith(b"switch ("):
        return "compare"
    if right.startswith(b"?"):
        return "true"
    if _CONDITION.search(left):
        if right.startswith(b"->"):
            return "dereference"
        if right[:2] in {b"&&", b"||"} or right[:1] == b")":
            return "true"
        return "compare" if right[:1] in b"<>!=" else "use"
    return None


def _classify_target(body: bytes, before: bytes, end: int, target: re.Match[bytes]) -> str:
    """What becomes of the variable that takes a result: by its first mention after the call."""
    right = body[end : end + 40].lstrip()
    if right[:1] == b")":  # assigned within a condition
        outside = right[1:].lstrip()
        left = before[: target.start()].rstrip()
        if left.endswith(b"("):
            left = left[:-1].rstrip()
        return _classify_value(left, outside) or "true"
    if right[:1] not in b";,":
        return "use"
    name = target.group(1)
    found = find_word(body, name, end, end + _REACH)
    at = next(
        (at for at in found if body[at - 1] not in b">." and body[at + len(name) : at + len(name) + 1] != b"["), -1
    )
    if at < 0:
        return "unread"
    left = body[max(0, at - 40) : at].rstrip()
    right = body[at + len(name) : at + len(name) + 24].lstrip()
    value = _classify_value(left, right)
    if value is not None:
        return value
    if right.startswith(b"=") and not right.startswith(b"=="):
        return "unread"
    if right.startswith((b"->", b"[")) or (left.endswith(b"*") and not _TIMES.search(left)):
        return "dereference"
    return "use"
