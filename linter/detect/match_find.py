"""Where a name stands in a unit's tree: its node with all nodes around it, without walking the tree.

A name is searched in the text and the tree is entered at its offset, so a unit costs what its hits cost. Hits in
comments, strings and code that the parser did not understand are left out.
"""

from __future__ import annotations

import bisect
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import TYPE_CHECKING

from tree_sitter import Node

from linter.detect.match_pattern import NAMES
from linter.pattern import find_word
from linter.syntax.model import Function, Unit
from linter.syntax.parse import parser

if TYPE_CHECKING:
    from tree_sitter import Query

MAX_DEPTH = 400
MAX_HITS = 2000
_QUIET = frozenset({"comment", "string_literal", "char_literal", "system_lib_string", "ERROR", "preproc_arg"})


class Site:
    """A node of a unit, and the nodes around it: the outermost first, the node itself last, found on demand."""

    __slots__ = ("_function", "_path", "node", "unit")

    def __init__(self, unit: Unit, path: tuple[Node, ...] = (), node: Node | None = None) -> None:
        self.unit = unit
        self.node: Node = path[-1] if node is None else node
        self._path = path
        self._function: list[Function | None] = []

    @property
    def path(self) -> tuple[Node, ...]:
        """The nodes around it and the node; the node alone where they are nested too deeply."""
        if not self._path:
            self._path = _path_of(self.unit, self.node) or (self.node,)
        return self._path

    @property
    def is_code(self) -> bool:
        """Whether it begins with code that was seen and understood, not in a comment, string or inserted line."""
        row = self.node.start_point[0]
        if row < len(self.unit.rows) and self.unit.rows[row] is None:
            return False
        return not any(each.type in _QUIET for each in self.path[:-1])

    @property
    def parent(self) -> Node | None:
        return self.path[-2] if len(self.path) > 1 else None

    @property
    def function(self) -> Function | None:
        """The function that the node stands in."""
        if not self._function:
            self._function.append(enclosing_function(self.unit, self.node.start_byte))
        return self._function[0]

    def up(self, levels: int) -> Site:
        """The site of the node that many levels further out."""
        return Site(self.unit, self.path[: len(self.path) - levels]) if levels else self


def enclosing_function(unit: Unit, offset: int) -> Function | None:
    """The function around an offset of the text."""
    functions = unit.functions
    index = bisect.bisect_right(functions, offset, key=lambda function: function.span.start) - 1
    if index >= 0 and offset < functions[index].span.end:
        return functions[index]
    return None


def path_to(unit: Unit, offset: int) -> tuple[Node, ...]:
    """The nodes around an offset, outermost first, down to the leaf; empty where they are nested too deeply."""
    cursor = unit.tree.root_node.walk()
    path = []
    for _ in range(MAX_DEPTH):
        node = cursor.node
        if node is None:
            break
        path.append(node)
        if cursor.goto_first_child_for_byte(offset) is None:
            return tuple(path)
        found = cursor.node
        if found is None or not found.start_byte <= offset < found.end_byte:
            return tuple(path)
    return ()


def sites_of(unit: Unit, word: bytes) -> list[Site]:
    """Every place where `word` is a name in the code of a unit; found once a unit."""
    key = ("match.sites", word)
    known: list[Site] | None = unit.cache.get(key)
    if known is None:
        known = unit.cache[key] = list(_search(unit, word))
    return known


def _search(unit: Unit, word: bytes) -> Iterator[Site]:
    if word not in unit.identifiers:
        return
    text = unit.text
    for count, at in enumerate(find_word(text, word)):
        if count >= MAX_HITS:
            return
        path = path_to(unit, at)
        if path and path[-1].type in NAMES and not any(node.type in _QUIET for node in path):
            yield Site(unit, path)


_WORDS_OF_KINDS = {
    "enumerator": (b"enum",),
    "field_declaration": (b"struct", b"union"),
    "preproc_def": (b"define",),
    "preproc_function_def": (b"define",),
    "return_statement": (b"return",),
    "if_statement": (b"if",),
    "goto_statement": (b"goto",),
}
"""A word without which the text holds no node of a kind: no tree is searched for it."""


def may_hold(unit: Unit, kind: str) -> bool:
    """Whether a unit's text has what a node of this kind is made of."""
    words = _WORDS_OF_KINDS.get(kind)
    return words is None or any(word in unit.text for word in words)


def sites_of_kinds(unit: Unit, kinds: Iterable[str]) -> list[Site]:
    """Every node of one of these kinds, in the order of the text."""
    wanted = tuple(sorted(kinds))
    key = ("match.kinds", wanted)
    known: list[Site] | None = unit.cache.get(key)
    if known is None:
        held = " ".join(f"({kind})" for kind in wanted if may_hold(unit, kind))
        nodes = captures(unit, f"[{held}] @n").get("n", []) if held else []
        nodes.sort(key=lambda node: (node.start_byte, -node.end_byte))
        sites = (Site(unit, (), node) for node in nodes[: MAX_HITS * 10])
        known = unit.cache[key] = [site for site in sites if site.is_code]
    return known


def _path_of(unit: Unit, node: Node) -> tuple[Node, ...]:
    """The nodes around a node, and the node."""
    path = path_to(unit, node.start_byte)
    for index, each in enumerate(path):
        if each.start_byte == node.start_byte and each.end_byte == node.end_byte and each.type == node.type:
            return path[: index + 1]
    return ()


def captures(unit: Unit, query: str, span: tuple[int, int] | None = None) -> dict[str, list[Node]]:
    """What a query finds in a unit, or in the nodes that reach into some of its bytes."""
    from tree_sitter import QueryCursor

    cursor = QueryCursor(_query(query))
    if span is not None:
        cursor.set_byte_range(*span)
    return cursor.captures(unit.tree.root_node)


@lru_cache(maxsize=64)
def _query(text: str) -> Query:
    from tree_sitter import Query

    language = parser().language
    assert language is not None
    return Query(language, text)


def is_kind(kind: str) -> bool:
    """Whether the C grammar has a named node of this kind."""
    language = parser().language
    return language is not None and language.id_for_node_kind(kind, True) is not None


def is_field(name: str) -> bool:
    """Whether the C grammar has a field of this name."""
    language = parser().language
    return language is not None and language.field_id_for_name(name) is not None


def nodes_within(node: Node, limit: int = 20000) -> Iterator[Node]:
    """A node and what is inside it, in the order of the text; at most `limit` nodes."""
    cursor = node.walk()
    depth = 0
    for _ in range(limit):
        current = cursor.node
        if current is None:
            return
        yield current
        if depth < MAX_DEPTH and cursor.goto_first_child():
            depth += 1
            continue
        while not cursor.goto_next_sibling():
            if depth == 0 or not cursor.goto_parent():
                return
            depth -= 1
        if depth == 0:
            return
