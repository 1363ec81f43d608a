"""Does a node of a unit have the shape of a pattern? Bindings come back; time is bounded by a count of steps.

The pattern's depth bounds the recursion, never the code's. `...` tries the nearest sibling first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tree_sitter import Node

from linter.detect.match_pattern import IGNORED, NAMES, SKIPPED, Branch, Dots, Leaf, Meta, Part, Pattern, strip

Bound = Node | tuple[Node, ...]
"""What a metavariable stands for: a node, or the siblings of `$...ARGS`."""

Bindings = Mapping[str, Bound]
MAX_STEPS = 4000
_STRINGS = frozenset({"string_literal", "concatenated_string"})
_STATEMENT_BLOCK = "compound_statement"
_COMMA = Leaf(",", b",")


class _Steps:
    """How much may still be tried for one node."""

    __slots__ = ("deepest", "left")

    def __init__(self) -> None:
        self.left = MAX_STEPS
        self.deepest: Node | None = None  # furthest node that did not fit, for the debugger

    def spend(self) -> bool:
        self.left -= 1
        return self.left > 0


def match_node(pattern: Pattern, node: Node, bound: Bindings | None = None) -> dict[str, Bound] | None:
    """Match a pattern of one part against a node."""
    if pattern.is_sequence:
        return None
    return _one(pattern.parts[0], node, dict(bound or {}), _Steps())


def match_sequence(
    pattern: Pattern, siblings: Sequence[Node], start: int, bound: Bindings | None = None
) -> tuple[dict[str, Bound], int] | None:
    """Match statements that follow each other from `siblings[start]`; gives the bindings and the index past the end."""
    steps = _Steps()
    ends: list[int] = []
    found = _many(pattern.parts, siblings, 0, start, dict(bound or {}), steps, ends)
    return (found, ends[-1]) if found is not None else None


def explain_node(pattern: Pattern, node: Node) -> Node | None:
    """The furthest node that did not fit the pattern; None where everything fits. For the debugger."""
    steps = _Steps()
    return None if _one(pattern.parts[0], node, {}, steps) is not None else steps.deepest or node


def same_code(one: Bound, other: Bound) -> bool:
    """Whether two bindings are the same code but for white space."""
    return _words(one) == _words(other)


def _words(bound: Bound) -> bytes:
    nodes = bound if isinstance(bound, tuple) else (bound,)
    return b",".join(b"".join((strip(node).text or b"").split()) for node in nodes)


def _one(part: Part, node: Node, bound: dict[str, Bound], steps: _Steps) -> dict[str, Bound] | None:
    if not steps.spend():
        return None
    found = _fit(part, strip(node), bound, steps)
    if found is None and (steps.deepest is None or node.start_byte > steps.deepest.start_byte):
        steps.deepest = node
    return found


def _fit(part: Part, node: Node, bound: dict[str, Bound], steps: _Steps) -> dict[str, Bound] | None:
    if isinstance(part, Meta):
        return _bind(part.name, node, bound) if node.is_named else None
    if isinstance(part, Leaf):
        return bound if _same_leaf(part, node) else None
    if isinstance(part, Dots):
        return _bind(part.name, node, bound)
    kind = node.type
    if kind == part.kind:
        children = _children(node)
        if kind == "call_expression" and len(children) != len(part.children):
            return None
        return _many(part.children, children, 0, 0, bound, steps, None)
    if part.kind == "assignment_expression" and kind == "init_declarator":
        return _initialised(part, node, bound, steps)
    if part.kind == _STATEMENT_BLOCK and kind.endswith("_statement"):
        inner = [child for child in part.children if not (isinstance(child, Leaf) and child.text in (b"{", b"}"))]
        wanted = [child for child in inner if not isinstance(child, Dots)]
        return _one(wanted[0], node, bound, steps) if len(wanted) == 1 else None
    if kind == _STATEMENT_BLOCK and part.kind.endswith("_statement") and node.named_child_count == 1:
        return _one(part, node.named_children[0], bound, steps)
    return None


def _children(node: Node) -> list[Node]:
    skipped = IGNORED if node.type == "sizeof_expression" else SKIPPED
    return [child for child in node.children if child.type not in skipped]


def _same_leaf(part: Leaf, node: Node) -> bool:
    kind = node.type
    if part.kind in NAMES:
        return kind in NAMES and node.text == part.text
    if part.kind == "string_literal" and part.text == b'"..."':
        return kind in _STRINGS
    if part.kind == "primitive_type":
        return kind in ("primitive_type", "type_identifier") and node.text == part.text
    return kind == part.kind and node.text == part.text


def _bind(name: str, value: Bound, bound: dict[str, Bound]) -> dict[str, Bound] | None:
    if not name:
        return bound
    known = bound.get(name)
    if known is None:
        return {**bound, name: value}
    return bound if same_code(known, value) else None


def _initialised(part: Branch, node: Node, bound: dict[str, Bound], steps: _Steps) -> dict[str, Bound] | None:
    """`$X = f()` against `*x = f()` of a declaration: the declared name is what is assigned."""
    name, value = node.child_by_field_name("declarator"), node.child_by_field_name("value")
    for _ in range(8):
        if name is None or name.type != "pointer_declarator":
            break
        name = name.child_by_field_name("declarator")
    if name is None or value is None or len(part.children) != 3 or part.children[1] != Leaf("=", b"="):
        return None
    left = _one(part.children[0], name, bound, steps)
    return None if left is None else _one(part.children[2], value, left, steps)


def _many(
    parts: Sequence[Part],
    nodes: Sequence[Node],
    at: int,
    index: int,
    bound: dict[str, Bound],
    steps: _Steps,
    ends: list[int] | None,
) -> dict[str, Bound] | None:
    """Match parts[at:] with nodes[index:]; all nodes must be used up unless `ends` is there to take the place."""
    while at < len(parts):
        part = parts[at]
        if isinstance(part, Dots):
            return _dots(parts, nodes, at, index, bound, steps, ends)
        if index >= len(nodes):
            return None
        if part == _COMMA and at + 1 < len(parts) and nodes[index].type != ",":
            after = parts[at + 1]
            if not isinstance(after, Dots):
                return None
            bound, at = {**bound, after.name: ()} if after.name else bound, at + 2
            continue
        found = _one(part, nodes[index], bound, steps)
        if found is None:
            return None
        bound, at, index = found, at + 1, index + 1
    if ends is None:
        return bound if index == len(nodes) else None
    ends.append(index)
    return bound


def _dots(
    parts: Sequence[Part],
    nodes: Sequence[Node],
    at: int,
    index: int,
    bound: dict[str, Bound],
    steps: _Steps,
    ends: list[int] | None,
) -> dict[str, Bound] | None:
    """`...` stands for nodes[index:end] with the smallest `end` that lets the rest match.

    In an argument list the comma before or after an empty `...` belongs to it: `f($X, ...)` matches `f(a)`.
    """
    part = parts[at]
    assert isinstance(part, Dots)
    empty = _without_comma(parts, at) if ends is None else None
    for end in range(index, len(nodes) + 1):
        if not steps.spend():
            return None
        taken = tuple(node for node in nodes[index:end] if node.is_named)
        inner = _bind(part.name, taken, bound)
        if inner is not None:
            found = _many(parts, nodes, at + 1, end, inner, steps, ends)
            if found is not None:
                return found
            if end == index and empty is not None:
                found = _many(empty, nodes, at, index, inner, steps, ends)
                if found is not None:
                    return found
    return None


def _without_comma(parts: Sequence[Part], at: int) -> Sequence[Part] | None:
    """The parts without an empty `...` and the comma after it."""
    if at + 1 < len(parts) and parts[at + 1] == _COMMA:
        return [*parts[:at], *parts[at + 2 :]]
    return None
