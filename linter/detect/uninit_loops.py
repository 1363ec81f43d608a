"""Loops that always run: what they count starts above the end, or is how often a device is asked."""

from __future__ import annotations

from linter.flow.expr import integer
from linter.flow.model import Cfg, Expr, Kind, StepKind
from linter.pattern import lazy

_CONSTANT = lazy(r"^[A-Z][A-Z0-9_]*$")
_LVALUES = (Kind.NAME, Kind.FIELD)


def counted(condition: Expr) -> tuple[str, str] | None:
    """The counter of a loop's condition, and the name of the bound that it counts up to: "" where it counts down."""
    if condition.kind is Kind.BINARY and len(condition.args) == 2:
        left, right = condition.args
        number = integer(right)
        if number is not None:
            return (_counter(left), "") if number in (0, 1) and condition.text in (">", ">=", "!=") else None
        if left.kind is Kind.NAME and right.kind in _LVALUES and condition.text in ("<", "<=", "!="):
            return left.text, right.text
        return None
    name = _counter(condition)
    return (name, "") if name else None


def _counter(expr: Expr) -> str:
    """`n`, `n--` or `--n`."""
    if expr.kind is Kind.ASSIGN and expr.text == "--":
        expr = expr.args[0]
    return expr.text if expr.kind is Kind.NAME else ""


def is_counted_down(cfg: Cfg, name: str) -> bool:
    """Whether a local or a parameter is taken down in steps."""
    return (name in cfg.locals or name in cfg.parameters) and any(
        step.kind is StepKind.ASSIGN and step.op in ("--", "-=") and step.target is not None and step.target.key == name
        for block in cfg.blocks
        for step in block.steps
    )


def starts_above(cfg: Cfg, name: str) -> bool:
    """Whether every value that a local starts from is a number above 0, a constant, or a product."""
    starts = [
        step.expr
        for block in cfg.blocks
        for step in block.steps
        if step.kind in (StepKind.ASSIGN, StepKind.DECLARE) and step.op in ("", "=") and step.expr is not None
        if step.target is not None and step.target.key == name
    ]
    return name in cfg.locals and bool(starts) and all(_is_above(start) for start in starts)


def _is_above(expr: Expr) -> bool:
    number = integer(expr)
    if number is not None:
        return number > 0
    if expr.kind is Kind.BINARY and expr.text == "*":
        return any(_is_above(arg) for arg in expr.args)
    return expr.kind is Kind.NAME and _CONSTANT.match(expr.text) is not None
