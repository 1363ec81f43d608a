"""A tree-sitter expression to a small normalised one: casts, parentheses and transparent macros peeled."""

from __future__ import annotations

from collections.abc import Callable

from tree_sitter import Node

from linter.flow.model import Expr, Kind
from linter.flow.words import STORES, STORES_THROUGH, TRANSPARENT, TRANSPARENT_SECOND

MAX_DEPTH = 60
"""Deeper expressions become OTHER: nobody reads them, and Python's stack is finite."""
MAX_KEY = 240
"""A longer key is replaced by one that equals nothing else."""

DEEP = "..."
"""Text of the OTHER expression that stands for what is nested deeper."""
STATEMENTS = "({"
"""Text of the OTHER expression that stands for a statement expression."""

_PEELED = frozenset({"parenthesized_expression", "cast_expression"})
_CONSTANTS = frozenset({"number_literal", "char_literal", "true", "false", "null", "sizeof_expression"})
_OPAQUE = frozenset({"offsetof_expression", "alignof_expression", "type_descriptor", "gnu_asm_expression"})


def build_expr(node: Node, depth: int = 0) -> Expr:
    """The expression that a node stands for."""
    kind = node.type
    while kind in _PEELED:
        inner = node.child_by_field_name("value") if kind == "cast_expression" else _inside(node)
        if inner is None:
            break
        node, kind = inner, inner.type
    if kind == "identifier":
        text = _text(node)
        return Expr(Kind.CONST if text == "NULL" else Kind.NAME, text, (), text, node.start_byte, node.end_byte)
    if depth >= MAX_DEPTH:
        return Expr(Kind.OTHER, DEEP, (), f"?{node.start_byte}", node.start_byte, node.end_byte)
    build = _BUILDERS.get(kind)
    if build is not None:
        return build(node, depth + 1)
    if kind in _CONSTANTS:
        return Expr(Kind.CONST, text := _text(node), (), text, node.start_byte, node.end_byte)
    if kind == "parenthesized_expression":  # a statement expression: the builder of the graph looks into it
        return Expr(Kind.OTHER, STATEMENTS, (), f"?{node.start_byte}", node.start_byte, node.end_byte)
    if kind in _OPAQUE:
        return _opaque(node)
    return _parts(node, depth + 1)


def integer(expr: Expr) -> int | None:
    """The value of an integer constant, with its sign."""
    if expr.kind is Kind.UNARY and expr.text == "-":
        value = integer(expr.args[0])
        return None if value is None else -value
    if expr.kind is not Kind.CONST:
        return None
    if expr.text in ("NULL", "false"):
        return 0
    if expr.text == "true":
        return 1
    try:
        return int(expr.text.rstrip("uUlL"), 0)
    except ValueError:
        return None


def is_error_constant(expr: Expr) -> bool:
    """Whether an expression is `-ENAME` or a negative number."""
    if expr.kind is Kind.UNARY and expr.text == "-":
        inner = expr.args[0]
        if inner.kind is Kind.NAME:
            return inner.text[:1] == "E" and inner.text.isupper()
    value = integer(expr)
    return value is not None and value < 0


def _text(node: Node) -> str:
    return (node.text or b"").decode("utf-8", "replace")


def _inside(node: Node) -> Node | None:
    """The expression within parentheses; None for a statement expression or nothing."""
    for child in node.named_children:
        if child.type != "comment":
            return None if child.type == "compound_statement" else child
    return None


def _opaque(node: Node) -> Expr:
    return Expr(Kind.OTHER, "", (), f"?{node.start_byte}", node.start_byte, node.end_byte)


def _make(kind: Kind, text: str, args: tuple[Expr, ...], key: str, node: Node, arrow: bool = False) -> Expr:
    if len(key) > MAX_KEY:
        key = f"?{node.start_byte}:{node.end_byte}"
    return Expr(kind, text, args, key, node.start_byte, node.end_byte, arrow)


def _child(node: Node, field: str, depth: int) -> Expr:
    child = node.child_by_field_name(field)
    return _opaque(node) if child is None else build_expr(child, depth)


def _parts(node: Node, depth: int) -> Expr:
    args = tuple(build_expr(child, depth) for child in node.named_children if child.type != "comment")
    return _make(Kind.OTHER, node.type, args, f"?{node.start_byte}", node)


def _field(node: Node, depth: int) -> Expr:
    base = _child(node, "argument", depth)
    member = node.child_by_field_name("field")
    name = _text(member) if member is not None else "?"
    operator = node.child_by_field_name("operator")
    arrow = operator is not None and operator.type == "->"
    if base.kind is Kind.ADDRESS and arrow:  # (&x)->f is x.f
        base, arrow = base.args[0], False
    elif base.kind is Kind.DEREF and not arrow:  # (*x).f is x->f
        base, arrow = base.args[0], True
    return _make(Kind.FIELD, name, (base,), f"{base.key}{'->' if arrow else '.'}{name}", node, arrow)


def _index(node: Node, depth: int) -> Expr:
    base, index = _child(node, "argument", depth), _child(node, "index", depth)
    return _make(Kind.INDEX, "", (base, index), f"{base.key}[{index.key}]", node)


def _pointer(node: Node, depth: int) -> Expr:
    argument = _child(node, "argument", depth)
    operator = node.child_by_field_name("operator")
    if operator is not None and operator.type == "&":
        if argument.kind is Kind.DEREF:
            return argument.args[0]
        return _make(Kind.ADDRESS, "", (argument,), "&" + argument.key, node)
    if argument.kind is Kind.ADDRESS:
        return argument.args[0]
    return _make(Kind.DEREF, "", (argument,), "*" + argument.key, node)


def _call(node: Node, depth: int) -> Expr:
    function = node.child_by_field_name("function")
    list_node = node.child_by_field_name("arguments")
    children = list_node.named_children if list_node is not None else []
    args = tuple(build_expr(child, depth) for child in children if child.type != "comment")
    callee = build_expr(function, depth) if function is not None else _opaque(node)
    name = callee.key
    if callee.kind is Kind.CALL:  # guard(mutex)(&lock), CLASS(fd, f)(number)
        args, name = callee.args + args, callee.text
    elif name in TRANSPARENT and args:
        return args[0]
    elif name in TRANSPARENT_SECOND and len(args) > 1:
        return args[1]
    elif name in STORES and len(args) == 2:
        return _make(Kind.ASSIGN, "=", args, f"{args[0].key}={args[1].key}", node)
    elif name in STORES_THROUGH and len(args) == 2:
        target = args[0].args[0] if args[0].kind is Kind.ADDRESS else args[0]
        return _make(Kind.ASSIGN, "=", (target, args[1]), f"{target.key}={args[1].key}", node)
    return _make(Kind.CALL, name, args, f"{name}({', '.join(arg.key for arg in args)})", node)


def _assign(node: Node, depth: int) -> Expr:
    target, value = _child(node, "left", depth), _child(node, "right", depth)
    operator = node.child_by_field_name("operator")
    text = operator.type if operator is not None else "="
    return _make(Kind.ASSIGN, text, (target, value), f"{target.key}{text}{value.key}", node)


def _update(node: Node, depth: int) -> Expr:
    target = _child(node, "argument", depth)
    operator = node.child_by_field_name("operator")
    text = operator.type if operator is not None else "++"
    return _make(Kind.ASSIGN, text, (target, target), f"{target.key}{text}", node)


def _unary(node: Node, depth: int) -> Expr:
    operand = _child(node, "argument", depth)
    operator = node.child_by_field_name("operator")
    text = operator.type if operator is not None else "!"
    return _make(Kind.UNARY, text, (operand,), text + operand.key, node)


def _binary(node: Node, depth: int) -> Expr:
    left, right = _child(node, "left", depth), _child(node, "right", depth)
    operator = node.child_by_field_name("operator")
    text = operator.type if operator is not None else "?"
    return _make(Kind.BINARY, text, (left, right), f"{left.key} {text} {right.key}", node)


def _conditional(node: Node, depth: int) -> Expr:
    condition, other = _child(node, "condition", depth), _child(node, "alternative", depth)
    consequence = node.child_by_field_name("consequence")
    then = condition if consequence is None else build_expr(consequence, depth)
    return _make(Kind.CONDITIONAL, "", (condition, then, other), f"{condition.key}?{then.key}:{other.key}", node)


def _string(node: Node, depth: int) -> Expr:
    return Expr(Kind.STRING, _text(node), (), "“”", node.start_byte, node.end_byte)


_BUILDERS: dict[str, Callable[[Node, int], Expr]] = {
    "field_expression": _field,
    "subscript_expression": _index,
    "pointer_expression": _pointer,
    "call_expression": _call,
    "assignment_expression": _assign,
    "update_expression": _update,
    "unary_expression": _unary,
    "binary_expression": _binary,
    "conditional_expression": _conditional,
    "string_literal": _string,
    "concatenated_string": _string,
}
