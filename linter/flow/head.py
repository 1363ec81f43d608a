"""The head of a function, its declarations and its `#if`s: names, types and conditions as text."""

from __future__ import annotations

from tree_sitter import Node

from linter.syntax.conditionals import settled
from linter.syntax.model import Function

_WRAPPERS = frozenset(
    {"init_declarator", "pointer_declarator", "array_declarator", "parenthesized_declarator", "attributed_declarator"}
)


def declared_name(declarator: Node) -> Node | None:
    """The identifier that a declarator declares; None for a prototype and for what is no declarator."""
    node: Node | None = declarator
    while node is not None:
        if node.type == "identifier":
            return node
        if node.type == "function_declarator":  # a pointer to a function has parentheses around its name
            inner = node.child_by_field_name("declarator")
            if inner is None or inner.type != "parenthesized_declarator":
                return None
            node = inner
        elif node.type in _WRAPPERS:
            node = node.child_by_field_name("declarator") or next(iter(node.named_children), None)
        else:
            return None
    return None


def declared_type(base: str, declarator: Node) -> str:
    """The type of a declared name as text: the base type, stars, and [] for an array."""
    stars = arrays = ""
    inner: Node | None = declarator
    while inner is not None:
        if inner.type == "pointer_declarator":
            stars += "*"
        elif inner.type == "array_declarator":
            arrays += "[]"
        inner = inner.child_by_field_name("declarator")
    return f"{base} {stars}{arrays}" if stars or arrays else base


def read_head(function: Function) -> tuple[tuple[str, ...], dict[str, str], str]:
    """Parameter names, their types, and the type of the result; all empty where the head is out of sight."""
    if not function.head_known:
        return (), {}, ""
    kind = function.node.child_by_field_name("type")
    returns = (kind.text or b"").decode("utf-8", "replace") if kind is not None else ""
    node = function.node.child_by_field_name("declarator")
    while node is not None and node.type != "function_declarator":
        if node.type == "pointer_declarator":
            returns += " *"
        node = node.child_by_field_name("declarator")
    parameters = node.child_by_field_name("parameters") if node is not None else None
    types: dict[str, str] = {}
    for parameter in parameters.named_children if parameters is not None else ():
        base = parameter.child_by_field_name("type")
        declarator = parameter.child_by_field_name("declarator")
        name = declared_name(declarator) if declarator is not None else None
        if name is not None and declarator is not None and base is not None:
            text = (base.text or b"").decode("utf-8", "replace")
            types[(name.text or b"").decode("utf-8", "replace")] = declared_type(text, declarator)
    return tuple(types), types, returns


def preproc_test(node: Node, head: Node | None) -> tuple[str, bool, bool | None]:
    """A name for the condition of an `#if`, whether the first arm is the one where it holds, and if it always does."""
    text = (
        b" ".join((head.text or b"").split()).decode("utf-8", "replace") if head is not None else f"?{node.start_byte}"
    )
    positive = True
    if node.type in ("preproc_ifdef", "preproc_elifdef"):
        positive = not any(child.type in ("#ifndef", "#elifndef") for child in node.children)
        text = f"defined({text})"
    return "#" + text, positive, settled(text.encode())
