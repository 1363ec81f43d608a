"""The functions of a unit that never come back, besides those that every kernel has (`words.NO_RETURN`).

Told by `__noreturn` at a definition or a declaration, in the unit or elsewhere in the patch, and by a body that is in
sight from end to end and ends in an endless loop or in a call that does not come back.
"""

from __future__ import annotations

from collections.abc import Iterable

from linter.flow.words import NO_RETURN
from linter.pattern import lazy
from linter.syntax.model import Function, Unit
from linter.syntax.scrub import scrub

_KEY, _GIVEN = "flow.noreturn", "flow.noreturn.given"
_MARK = b"__noreturn"
_HEAD = lazy(rb"([A-Za-z_]\w*)\s*\(")
_EDGE = lazy(rb"[;{}]")
_ENDLESS = lazy(rb"(?:while\s*\(\s*(?:1|true)\s*\)|for\s*\(\s*;\s*;\s*\))\s*(?:;|\{[^{}]*\}|[^;{}]+;)\s*\}\s*\Z")
_LEAVES = lazy(rb"\b(?:return|goto|break)\b")
_LAST_CALL = lazy(rb"[;{}]\s*(\w+)\s*\([^;{}]*\)\s*;\s*\}\s*\Z")
_LAST_WORDS = frozenset(name.encode() for name in NO_RETURN) | {b"while", b"for"}
_TAIL = 300  # bytes in which the last statement has to stand


def tell_noreturn(unit: Unit, names: Iterable[bytes]) -> None:
    """Let the functions of a unit know of functions that another file of the patch declares `__noreturn`."""
    unit.cache[_GIVEN] = frozenset(name.decode("utf-8", "replace") for name in names)


def noreturn_name(text: bytes) -> bytes | None:
    """The function that a line of C declares or defines `__noreturn`."""
    if _MARK not in text:
        return None
    head = _HEAD.search(text.replace(_MARK, b""))
    return head[1] if head is not None else None


def never_return(unit: Unit) -> frozenset[str]:
    """Functions behind whose call nothing runs, found once a unit."""
    if _KEY not in unit.cache:
        given: frozenset[str] = unit.cache.get(_GIVEN, frozenset())
        unit.cache[_KEY] = given | frozenset(_marked(unit)) | frozenset(_stuck(unit))
    found: frozenset[str] = unit.cache[_KEY]
    return found


def _marked(unit: Unit) -> Iterable[str]:
    """Names whose definition or declaration in the unit is marked."""
    if _MARK not in unit.identifiers:
        return
    text = unit.text
    for note in unit.annotations:
        if note.name != _MARK.decode():
            continue
        edges = [text.rfind(mark, 0, note.span.start) for mark in (b";", b"{", b"}")]
        end = _EDGE.search(text, note.span.end)
        head = _HEAD.search(text, max(edges) + 1, end.start() if end is not None else len(text))
        if head is not None:
            yield head[1].decode("utf-8", "replace")


def _stuck(unit: Unit) -> Iterable[str]:
    """Names of functions in full view whose last statement never ends."""
    if unit.identifiers.isdisjoint(_LAST_WORDS):
        return
    chosen: dict[str, bool] = {}
    for function in unit.functions:
        stuck = function.whole and "__weak" not in function.annotations and _is_stuck(function)
        chosen[function.name] = stuck and chosen.get(function.name, True)
    yield from (name for name, stuck in chosen.items() if stuck and name)


def _is_stuck(function: Function) -> bool:
    parent = function.node.parent
    if parent is None or parent.type != "translation_unit":
        return False  # one of several that `#if` chooses from
    start, end, text = function.body.start_byte, function.body.end_byte, function.unit.text
    tail = text[max(start, end - _TAIL) : end]
    last = _LAST_CALL.search(tail)
    called = last is not None and last[1].decode("utf-8", "replace") in NO_RETURN
    if not called and _ENDLESS.search(tail) is None:
        return False
    return _LEAVES.search(scrub(text[start:end])) is None


__all__ = ["never_return", "noreturn_name", "tell_noreturn"]
