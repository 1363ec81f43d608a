"""The nodes of certain kinds on the lines that a patch touches: where a pattern without a name in it is looked for.

What stands on other lines cannot be introduced by the patch, so it is not looked at. One query finds the nodes for all
rules of a run: each wish is a node kind, for binary expressions with the operator.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from tree_sitter import Node

from linter.detect.match_find import Site, captures, may_hold
from linter.detect.match_pattern import Branch, Leaf, Pattern
from linter.patch.model import LineKind, Side
from linter.syntax.model import Unit

Wish = tuple[str, str]
"""A node kind and an operator; "" for any."""

_WISHES: dict[Wish, str] = {}
"""Everything that some rule of this process looks for, with the name of its capture."""


def wishes_of(pattern: Pattern) -> tuple[Wish, ...]:
    """What nodes can be a match of a pattern of one part."""
    part = pattern.parts[0]
    if isinstance(part, Branch) and part.kind == "binary_expression" and len(part.children) == 3:
        operator = part.children[1]
        if isinstance(operator, Leaf):
            return ((part.kind, operator.text.decode()),)
    return tuple((kind, "") for kind in sorted(pattern.kinds))


def wish(wishes: Iterable[Wish]) -> None:
    """Say what will be asked for, so that one query can serve all rules."""
    for each in wishes:
        _WISHES.setdefault(each, f"c{len(_WISHES)}")


def changed_sites(unit: Unit, wishes: Iterable[Wish]) -> Iterator[Site]:
    """The nodes that somebody wishes for and that reach into a changed line.

    Wishes that were not announced, those of rules that rarely look, get a query of their own.
    """
    if all(each in _WISHES for each in wishes):
        names = _WISHES
    else:
        names = {each: f"c{number}" for number, each in enumerate(wishes)}
    found = _found(unit, names)
    for each in wishes:
        for node in found.get(names[each], ()):
            yield Site(unit, (), node)


def _found(unit: Unit, names: Mapping[Wish, str]) -> dict[str, list[Node]]:
    key = ("match.changed", tuple(names))
    known: dict[str, list[Node]] | None = unit.cache.get(key)
    if known is None:
        known = unit.cache[key] = {}
        seen: set[tuple[str, int]] = set()
        query = _query_text(names)
        spans = changed_spans(unit) if any(may_hold(unit, kind) for kind, _ in names) else ()
        for span in spans:
            for name, nodes in captures(unit, query, span).items():
                for node in nodes:
                    if (name, node.id) not in seen:
                        seen.add((name, node.id))
                        known.setdefault(name, []).append(node)
    return known


def _query_text(names: Mapping[Wish, str]) -> str:
    lines = []
    for (kind, operator), name in names.items():
        inner = f' operator: "{operator}"' if operator else ""
        lines.append(f"({kind}{inner}) @{name}")
    return "\n".join(lines)


def changed_text(unit: Unit) -> bytes:
    """The changed lines as text."""
    known: bytes | None = unit.cache.get("match.text")
    if known is None:
        known = unit.cache["match.text"] = b"".join(unit.text[start:end] for start, end in changed_spans(unit))
    return known


def changed_spans(unit: Unit) -> list[tuple[int, int]]:
    """The bytes of the lines that the patch wrote, and of the lines beside those that it took away.

    Before the patch: of the lines that it took away and of those beside them, so that a line which stays is looked at
    on both sides or on neither.
    """
    if "match.spans" not in unit.cache:
        unit.cache["match.spans"] = _changed_spans(unit)
    found: list[tuple[int, int]] = unit.cache["match.spans"]
    return found


def _changed_spans(unit: Unit) -> list[tuple[int, int]]:
    image = unit.image
    if not any(image.origin):
        return [(0, len(unit.text))]
    wanted = LineKind.ADDED if image.side is Side.POST else LineKind.REMOVED
    touched: set[int] = set()
    before = None
    for index, line in enumerate(image.origin):
        if line is None:
            before = None
            continue
        if line.kind is wanted:
            touched.update((index,) if wanted is LineKind.ADDED else (index - 1, index, index + 1))
        elif before is not None and line.patch_lineno != before + 1:
            touched.update((index - 1, index))
        before = line.patch_lineno
    return list(_spans(unit, touched))


def _spans(unit: Unit, touched: set[int]) -> Iterator[tuple[int, int]]:
    start = end = -1
    for row, index in enumerate(unit.rows):
        if index not in touched:
            continue
        first = unit.line_starts[row]
        last = unit.line_starts[row + 1] if row + 1 < len(unit.line_starts) else len(unit.text)
        if first == end:
            end = last
            continue
        if start >= 0:
            yield start, end
        start, end = first, last
    if start >= 0:
        yield start, end
