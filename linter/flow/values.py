"""The names of values, and what each may be: the part of the facts that is asked, not taught.

Every value has a name. An lvalue nobody assigned on the path is its own value (`dev->clk`); `p = f()` makes a value
named after its place; `q = p` shares it, so that `q->x` and `p->x` are one location.
"""

from __future__ import annotations

import zlib

from linter.flow.expr import integer, is_error_constant
from linter.flow.model import Expr, Kind
from linter.pattern import lazy

ZERO, NEGATIVE, POSITIVE, ERROR = 1, 2, 4, 8
"""What a value may be: 0 or NULL; a negative number; a positive number or a valid pointer; an error pointer."""
ANY = 15
NONZERO = ANY & ~ZERO

LVALUES = frozenset({Kind.NAME, Kind.FIELD, Kind.INDEX, Kind.DEREF})
NEGATED = {"==": "!=", "!=": "==", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}
_MAX_NAME = 120
_PREDICATE = lazy(
    r"^(is|has|can|needs?|should|test|IS)_|_(is|has|can|needs?|use|uses|wants?)_|_(enabled|supported|capable|present|"
    r"valid|empty|available|active|running|test_bit|eq|equal)$|^list_empty|^test_bit|^(netif|of|device|fwnode)_.*_bool$"
)
"""Callees whose answer is taken to be the same when the same question is asked again."""


class Values:
    """Which value stands where, and what is known of it."""

    __slots__ = ("masks", "relations", "values")

    def __init__(self) -> None:
        self.values: dict[str, str] = {}  # location -> value
        self.masks: dict[str, int] = {}  # value -> what it may be
        self.relations: dict[str, tuple[str, str]] = {}  # value -> (function, value that it was computed from)

    def location(self, expr: Expr) -> str:
        """The name of the place that an lvalue denotes."""
        kind = expr.kind
        if kind is Kind.NAME:
            return expr.text
        if kind is Kind.FIELD:
            return _short(self._through(expr.args[0], expr.arrow) + expr.text)
        if kind is Kind.INDEX:
            return _short(f"{self.value(expr.args[0])}[{self.value(expr.args[1])}]")
        if kind is Kind.DEREF:
            return _short("*" + self.value(expr.args[0]))
        return _short(expr.key)

    def _through(self, base: Expr, arrow: bool) -> str:
        """What a member is read through: where a pointer holds `&x`, `p->f` is `x.f`."""
        if not arrow:
            return self.location(base) + "."
        value = self.value(base)
        return f"{value[1:]}." if value[:1] == "&" else f"{value}->"

    def value(self, expr: Expr) -> str:
        """The name of an expression's value."""
        kind = expr.kind
        if kind in LVALUES:
            place = self.location(expr)
            return self.values.get(place, place)
        if kind is Kind.CALL:
            return self._call_value(expr)
        if kind is Kind.ADDRESS:
            return "&" + self.location(expr.args[0])
        if kind is Kind.ASSIGN:
            return self.value(expr.args[0])
        number = integer(expr)
        if number is not None:
            return f"={number}"
        if kind is Kind.UNARY:
            return _short(f"{expr.text}({self.value(expr.args[0])})")
        if kind is Kind.BINARY:
            left, right = self.value(expr.args[0]), self.value(expr.args[1])
            return _short(f"({left}{expr.text}{right})")
        return expr.key

    def _call_value(self, expr: Expr) -> str:
        if _PREDICATE.search(expr.text):
            return _short(f"{expr.text}({','.join([self.value(arg) for arg in expr.args])})")
        return f"<{expr.start}>"

    def mask(self, expr: Expr) -> int:
        """What the value of an expression may be."""
        kind = expr.kind
        if kind is Kind.ADDRESS or kind is Kind.STRING:
            return POSITIVE
        if kind is Kind.CALL:
            return self._call_mask(expr)
        if is_error_constant(expr):
            return NEGATIVE
        number = integer(expr)
        if number is not None:
            return ZERO if number == 0 else POSITIVE if number > 0 else NEGATIVE
        if kind is Kind.ASSIGN:
            return self.mask(expr.args[0])
        if kind is Kind.UNARY and expr.text == "!":
            inner = self.mask(expr.args[0])
            return ZERO if not inner & ZERO else POSITIVE if inner == ZERO else ZERO | POSITIVE
        if kind is Kind.UNARY and expr.text == "-":
            inner = self.mask(expr.args[0])
            return (
                (inner & (ZERO | ERROR)) | (NEGATIVE if inner & POSITIVE else 0) | (POSITIVE if inner & NEGATIVE else 0)
            )
        if kind is Kind.BINARY and expr.text in NEGATED:
            return ZERO | POSITIVE
        return self.masks.get(self.value(expr), ANY)

    def _call_mask(self, expr: Expr) -> int:
        known = self.masks.get(self.value(expr), ANY)
        if known != ANY or not expr.args:
            return known
        inner = expr.args[0]
        if expr.text == "PTR_ERR":
            return NEGATIVE if self.mask(inner) == ERROR else ANY
        if expr.text == "ERR_PTR":
            mask = self.mask(inner)
            return (mask & ZERO) | (ERROR if mask & ~ZERO else 0)
        if expr.text == "ERR_CAST":
            return self.mask(inner)
        if expr.text == "PTR_ERR_OR_ZERO":
            mask = self.mask(inner)
            return (NEGATIVE if mask & ERROR else 0) | (ZERO if mask & ~ERROR else 0)
        if expr.text == "dev_err_probe" and len(expr.args) > 1:
            return self.mask(expr.args[1]) & ~POSITIVE or NEGATIVE
        return known

    def value_mask(self, value: str) -> int:
        """What a named value may be."""
        known = self.masks.get(value)
        if known is not None:
            return known
        if value[:1] == "=":
            return ZERO if value == "=0" else NEGATIVE if value[1:2] == "-" else POSITIVE
        return POSITIVE if value[:1] == "&" else ANY


def _short(name: str) -> str:
    return name if len(name) <= _MAX_NAME else f"<h{zlib.crc32(name.encode('utf-8', 'replace')):x}>"
