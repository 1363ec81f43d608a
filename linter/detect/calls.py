"""A function to the calls in it whose names a table knows, each with what its text says becomes of the result.

Reading text is cheap and nearly always enough: where the next mention of a result is a test, nothing is wrong and no
control-flow graph has to be built. What looks suspicious here is proven on the graph or the tree.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Protocol

from tree_sitter import Node

from linter.patch.model import LineKind
from linter.pattern import lazy
from linter.record import record
from linter.rulebook.harvest import classify_call, closing
from linter.syntax.conditionals import blank, never_compiled
from linter.syntax.model import Function, Unit
from linter.syntax.scrub import blanked, scrub

_CALL = lazy(rb"\b([A-Za-z_]\w*) ?\(")
_WORD = lazy(rb"\w+")
_IF = lazy(rb"\bif\s*\(")
_BRANCH = lazy(rb"\s*(?:\{[^{}]*\}|[^;{}]*;)")
_BLANKS = b" \t\n\r"
_STATEMENT_ENDS = b";{}:)"
_WORD_ENDS = b"eo"  # else, do
_TAKERS = b"="
_CLOSE = 0x29  # a cast, or the head of an if
_NEVER = lazy(rb"#[ \t]*(?:el)?if[ \t]+(?:[01]\b|[^\n]*LINUX_VERSION_CODE)")
_DIRECTIVE = lazy(rb"^[ \t]*#(?:[^\n\\]|\\.)*", re.M | re.S)


class NameSet(Protocol):
    """Names, by membership alone."""

    def __contains__(self, name: str, /) -> bool: ...


@record
class CallSite:
    """A call by name. `use` is one of the words of `linter.rulebook.harvest.classify_call`."""

    name: str
    use: str
    target: str | None  # the lvalue that takes the result, as written
    start: int  # bytes in the unit's text
    end: int


def clean_text(unit: Unit) -> bytes:
    """The unit's text with comments, the insides of strings, directives and dead arms blanked, at equal length."""
    if "calls.clean" not in unit.cache:
        text = scrub(unit.text)
        if b"#" in text:
            if _NEVER.search(text):
                text = blank(text, never_compiled(text))
            text = _DIRECTIVE.sub(lambda match: blanked(match[0]), text)
        unit.cache["calls.clean"] = text
    found: bytes = unit.cache["calls.clean"]
    return found


def named_calls(function: Function) -> list[tuple[str, int, int]]:
    """Name, offset of the name and offset of the opening parenthesis of everything that looks like a call."""
    cache, key = function.unit.cache, ("calls.named", function.span.start)
    if key not in cache:
        text = clean_text(function.unit)
        start, end = function.body.start_byte, function.body.end_byte
        cache[key] = [(m[1].decode(), m.start(), m.end() - 1) for m in _CALL.finditer(text, start, end)]
    found: list[tuple[str, int, int]] = cache[key]
    return found


def called_names(function: Function) -> frozenset[str]:
    """The names of everything that looks like a call."""
    cache, key = function.unit.cache, ("calls.names", function.span.start)
    if key not in cache:
        cache[key] = frozenset(name for name, _, _ in named_calls(function))
    found: frozenset[str] = cache[key]
    return found


def call_sites(function: Function, dropped: NameSet, taken: NameSet) -> Iterator[CallSite]:
    """Calls of functions in `dropped` that stand alone, and of functions in `taken` that something is assigned from."""
    text = clean_text(function.unit)
    first = function.body.start_byte
    body = text[first : function.body.end_byte]
    for name, start, opening in named_calls(function):
        at = start - first - 1
        while at >= 0 and body[at] in _BLANKS:
            at -= 1
        before = body[at] if at >= 0 else 0x7B
        if before in _STATEMENT_ENDS or (before in _WORD_ENDS and body[: at + 1].endswith((b"else", b"do"))):
            wanted = name in dropped or (before == _CLOSE and name in taken)
        else:
            wanted = before in _TAKERS and name in taken
        if not wanted:
            continue
        end = closing(body, opening - first)
        if end > 0:
            left = body[max(0, start - first - 160) : start - first]
            use, target = classify_call(body, left, end)
            yield CallSite(name, use, target.decode("utf-8", "replace") if target else None, start, end + first)


def call_node(function: Function, site: CallSite) -> Node | None:
    """The tree's call_expression of a site; None where the parser sees something else there."""
    node = function.unit.tree.root_node.descendant_for_byte_range(site.start, site.end - 1)
    while node is not None and node.start_byte >= site.start and node.type != "call_expression":
        node = node.parent
    return node if node is not None and node.type == "call_expression" and node.start_byte == site.start else None


def touched_functions(unit: Unit) -> list[Function]:
    """Functions that hold a changed line or stand where one was removed; all of them where that is not known."""
    if "calls.touched" in unit.cache:
        found: list[Function] = unit.cache["calls.touched"]
        return found
    rows = _touched_rows(unit)
    if rows is None:
        chosen = list(unit.functions)
    else:
        chosen = []
        for function in unit.functions:
            first, last = function.node.start_point[0], function.node.end_point[0]
            if any(first <= row <= last + 1 for row in rows):
                chosen.append(function)
    unit.cache["calls.touched"] = chosen
    return chosen


def _touched_rows(unit: Unit) -> list[int] | None:
    """Unit rows that the patch wrote, or next to which it removed lines."""
    origin, rows, found = unit.image.origin, unit.rows, []
    previous = None
    for row, index in enumerate(rows):
        line = origin[index] if index is not None and index < len(origin) else None
        if line is None:
            previous = None
            continue
        gap = previous is not None and line.patch_lineno > previous + 1
        if line.kind is not LineKind.CONTEXT or gap:
            found.append(row)
        previous = line.patch_lineno
    return found or None


def branches(function: Function) -> list[tuple[str, str]]:
    """The conditions of a function's ifs, each with the text of its branch where that is short and holds no block.

    Text again: it tells at little cost which functions cannot hold what a question on the graph looks for.
    """
    cache, key = function.unit.cache, ("calls.branches", function.span.start)
    if key not in cache:
        cache[key] = list(_branches(function))
    found: list[tuple[str, str]] = cache[key]
    return found


def _branches(function: Function) -> Iterator[tuple[str, str]]:
    text = clean_text(function.unit)
    limit = function.body.end_byte
    for match in _IF.finditer(text, function.body.start_byte, limit):
        end = closing(text, match.end() - 1)
        if end < 0 or end > limit:
            continue
        behind = _BRANCH.match(text, end, limit)
        branch = behind[0] if behind is not None else b"{"  # too long to tell
        yield text[match.end() : end - 1].decode("utf-8", "replace"), branch.decode("utf-8", "replace")


def changed_words(function: Function) -> frozenset[bytes] | None:
    """The identifiers on lines of a function that the patch wrote; None where it wrote none of them, or all."""
    cache, key = function.unit.cache, ("calls.changed", function.span.start)
    if key not in cache:
        unit, words, context = function.unit, set[bytes](), False
        for row in range(function.node.start_point[0], function.node.end_point[0] + 1):
            line = unit.line_of(row)
            if line is not None and line.kind is not LineKind.CONTEXT:
                words.update(_WORD.findall(line.text))
            else:
                context = True
        cache[key] = frozenset(words) if words and context else None
    found: frozenset[bytes] | None = cache[key]
    return found
