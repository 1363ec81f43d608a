"""The functions of a tree: every function_definition outside another one, those in `#if` arms included."""

from __future__ import annotations

from collections.abc import Iterator

from tree_sitter import Node

_CONTAINERS = frozenset(
    {
        "translation_unit",
        "preproc_if",
        "preproc_ifdef",
        "preproc_else",
        "preproc_elif",
        "preproc_elifdef",
        "linkage_specification",
        "declaration_list",
        "ERROR",
    }
)
_DEPTH = 64


def definitions(root: Node) -> Iterator[Node]:
    """The function_definition nodes that have a body, in the order of the text."""
    stack: list[tuple[Node, int]] = [(root, 0)]
    while stack:
        node, depth = stack.pop()
        kind = node.type
        if kind == "function_definition":
            body = node.child_by_field_name("body")
            if body is not None and body.type == "compound_statement":
                yield node
        elif kind in _CONTAINERS and depth < _DEPTH:
            stack.extend((child, depth + 1) for child in reversed(node.named_children))


def declared_name(node: Node) -> Node | None:
    """The identifier that a function_definition, declaration or declarator declares."""
    current: Node | None = node.child_by_field_name("declarator")
    for _ in range(_DEPTH):
        if current is None:
            return None
        if current.type in ("identifier", "field_identifier", "type_identifier"):
            return current
        inner = current.child_by_field_name("declarator")
        if inner is None and current.named_child_count:
            inner = current.named_child(0)
        current = inner
    return None
