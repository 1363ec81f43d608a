"""What is known along a path: values behind lvalues, their sign or nullness, and which conditions must agree.

Every value has a name. An lvalue nobody assigned on the path is its own value (`dev->clk`); `p = f()` makes a value
named after its place; `q = p` shares it, so that `q->x` and `p->x` are one location. Conditions on equal values agree
with each other wherever they stand. Facts about memory survive calls that are given a pointer to it (a callee that
changes a caller's flag is rare, two tests of one flag are everywhere); they do not survive `f(&x)`.
"""

from __future__ import annotations

from linter.flow.expr import integer, is_error_constant
from linter.flow.model import Expr, Kind, Step, StepKind
from linter.flow.values import ANY, ERROR, LVALUES, NEGATED, NEGATIVE, NONZERO, POSITIVE, ZERO, Values
from linter.flow.words import cursors

_FLIPPED = {"<": ">", ">": "<", "<=": ">=", ">=": "<=", "==": "==", "!=": "!="}
# What a comparison with a constant of this sign leaves of a value, for each operator where it holds.
_COMPARED = {
    (0, "=="): ZERO, (0, "!="): NONZERO, (0, "<"): NEGATIVE, (0, ">="): ANY & ~NEGATIVE,
    (0, ">"): POSITIVE | ERROR, (0, "<="): ZERO | NEGATIVE,
    (1, "=="): POSITIVE, (1, ">="): POSITIVE | ERROR, (1, ">"): POSITIVE | ERROR,
    (-1, "=="): NEGATIVE, (-1, "<"): NEGATIVE, (-1, "<="): NEGATIVE,
}  # fmt: skip


class Facts(Values):
    """Knowledge at one point of a path. Changed in place: copy first."""

    __slots__ = ()

    def copy(self) -> Facts:
        """An independent copy."""
        other = Facts.__new__(Facts)
        other.values, other.masks, other.relations = self.values.copy(), self.masks.copy(), self.relations.copy()
        return other

    def refine(self, value: str, mask: int) -> bool:
        """Learn that a value is within `mask`; False where it cannot be."""
        left = self.value_mask(value) & mask
        if not left:
            return False
        self.masks[value] = left
        relation = self.relations.get(value)
        if relation is None:
            return True
        function, source = relation
        if function == "copy":
            return self.refine(source, mask)
        failed = (left & ZERO) == 0
        if failed or left == ZERO:
            wanted = ERROR if failed else ANY & ~ERROR
            if function == "not":
                wanted = ZERO if failed else NONZERO
            return self.refine(source, wanted)
        return True

    def assume(self, expr: Expr, held: bool) -> bool:
        """Learn that a condition held or not; False where it cannot."""
        kind = expr.kind
        while kind is Kind.UNARY and expr.text == "!":
            expr, held = expr.args[0], not held
            kind = expr.kind
        if kind is Kind.CALL and len(expr.args) == 1:
            if expr.text in ("IS_ERR", "IS_ERR_VALUE", "IS_ERR_PCPU"):
                failed = ERROR if expr.text != "IS_ERR_VALUE" else ERROR | NEGATIVE
                return self.refine(self.value(expr.args[0]), failed if held else ANY & ~failed)
            if expr.text in ("ACPI_FAILURE", "ACPI_SUCCESS"):
                return self.refine(self.value(expr.args[0]), NONZERO if held == (expr.text == "ACPI_FAILURE") else ZERO)
            if expr.text == "IS_ERR_OR_NULL":
                return self.refine(self.value(expr.args[0]), ERROR | ZERO if held else POSITIVE)
            if expr.text == "PTR_ERR_OR_ZERO":
                return self.refine(self.value(expr.args[0]), ERROR if held else ANY & ~ERROR)
        if kind is Kind.CALL and expr.text.endswith("mapping_error") and expr.args:
            return self.refine(self.value(expr.args[-1]), ERROR if held else ANY & ~ERROR)
        if kind is Kind.BINARY and expr.text in NEGATED:
            return self._compare(expr, held)
        if kind is Kind.BINARY or kind is Kind.OTHER:
            return self.refine("?" + self.value(expr), NONZERO if held else ZERO)
        if kind not in LVALUES and kind is not Kind.CALL:
            number = self.mask(expr)
            return bool(number & (NONZERO if held else ZERO))
        return self.refine(self.value(expr), NONZERO if held else ZERO)

    def _compare(self, expr: Expr, held: bool) -> bool:
        left, right = expr.args
        operator = expr.text if held else NEGATED[expr.text]
        sign = _sign(right)
        if sign is None and _sign(left) is not None:
            left, right, operator, sign = right, left, _FLIPPED[operator], _sign(left)
        if sign is not None:
            mask = _COMPARED.get((sign, operator), ANY)
            if left.kind is Kind.CALL and left.text == "PTR_ERR" and left.args:
                if mask == NEGATIVE and not self.refine(self.value(left.args[0]), ERROR):
                    return False  # PTR_ERR(p) == -EPROBE_DEFER where p is no error
                mask = ANY
            if mask != ANY and not self.refine(self.value(left), mask):
                return False
            if sign == 0 or (integer(right) is not None and operator not in ("==", "!=")):
                return True
        return self._agree(left, right, operator)

    def _agree(self, left: Expr, right: Expr, operator: str) -> bool:
        """Remember a comparison of two values; False where the path decided it the other way."""
        one, two = self.value(left), self.value(right)
        if operator in ("<=", ">"):
            one, two, operator = two, one, _FLIPPED[operator]
        if operator in ("==", "!="):
            if one == two:
                return operator == "=="
            one, two = sorted((one, two))
            if operator == "==" and not self._equals(one, two):
                return False
            return self.refine(f"?{one}=={two}", NONZERO if operator == "==" else ZERO)
        return self.refine(f"?{one}<{two}", NONZERO if operator == "<" else ZERO)

    def _equals(self, one: str, two: str) -> bool:
        """Learn that two values are equal; False where they are different numbers, or one is another number already."""
        if not one.startswith("="):
            one, two = two, one
        if not one.startswith("="):
            return True
        if two.startswith("="):
            return False
        known = self.values.setdefault("==" + two, one)
        return known == one or not known.startswith("=")

    def run(self, step: Step) -> None:
        """The effect of a step."""
        kind = step.kind
        if kind is StepKind.CALL and step.expr is not None:
            for index, arg in enumerate(step.expr.args):
                if arg.kind is Kind.ADDRESS:
                    self.forget(self.location(arg.args[0]), f"<{step.expr.start}&{index}>")
            if not step.expr.text[:1].isupper():
                self._define(f"<{step.expr.start}>")
        elif kind is StepKind.ASSIGN and step.target is not None:
            self.store(step, step.target)
        elif kind is StepKind.DECLARE and step.target is not None:
            if step.expr is None:
                self.forget(step.target.text, f"<{step.start}?>")
            else:
                self.store(step, step.target)
        elif kind is StepKind.ITERATE and step.expr is not None:
            for index, arg in enumerate(step.expr.args[cursors(step.expr.text)]):
                if arg.kind is Kind.NAME:
                    self.forget(arg.text, f"<{step.start}@{index}>")

    def forget(self, place: str, value: str) -> None:
        """Give a location a value of which nothing is known."""
        self._define(value)
        self._set(place, value)

    def store(self, step: Step, target: Expr) -> None:
        """An assignment or an initialisation."""
        place = self.location(target)
        expr = step.expr
        if expr is None or step.op not in ("=", ""):
            mask = ANY
            if step.op == "|=" and expr is not None:
                mask = NONZERO if not (self.masks.get(self.value(target), ANY) & ZERO) else ANY
            value = f"<{step.start}:{step.op}>"
            self._define(value)
            self.masks[value] = mask
            self._set(place, value)
            return
        if expr.kind in LVALUES or expr.kind in (Kind.CONST, Kind.ADDRESS, Kind.STRING):
            value = self.value(expr)
            if is_error_constant(expr):
                self.masks[value] = NEGATIVE
        elif is_error_constant(expr):
            value = "=-" + expr.args[0].key
            self.masks[value] = NEGATIVE
        else:
            value, mask, relation = f"<{expr.start}>", self.mask(expr), self._relation(expr)
            if expr.kind is not Kind.CALL or expr.text[:1].isupper():
                self._define(value)
            self.masks[value] = mask
            if relation is not None and relation[1] != value:
                self.relations[value] = relation
        self._set(place, value)

    def _relation(self, expr: Expr) -> tuple[str, str] | None:
        if expr.kind is Kind.CALL and len(expr.args) == 1:
            if expr.text in ("PTR_ERR_OR_ZERO", "IS_ERR"):
                return (expr.text, self.value(expr.args[0]))
            if expr.text == "ERR_CAST":
                return ("copy", self.value(expr.args[0]))
        if expr.kind is Kind.CALL and expr.text.endswith("mapping_error") and expr.args:
            return ("IS_ERR", self.value(expr.args[-1]))
        if expr.kind is Kind.UNARY and expr.text == "!":
            return ("not", self.value(expr.args[0]))
        return None

    def _define(self, value: str) -> None:
        """Start a value; where a loop made it before, drop what was known of its predecessor."""
        if value in self.masks:
            for table in (self.masks, self.relations, self.values):
                for key in [key for key in table if value in key]:
                    del table[key]
            for place in [place for place, held in self.values.items() if value in held]:
                self.values[place] = f"<{place}~>"
            for held in [held for held, (_, source) in self.relations.items() if value in source]:
                del self.relations[held]
        self.masks[value] = ANY

    def _set(self, place: str, value: str) -> None:
        stale = [key for key in self.values if key.startswith(place) and key[len(place) : len(place) + 1] in (".", "[")]
        for key in stale:
            del self.values[key]
        self.values[place] = value


def join(block: int, one: Facts, two: Facts) -> Facts:
    """What holds on both of two paths that meet at a block."""
    merged = Facts()
    values, masks = merged.values, merged.masks
    for place in one.values.keys() | two.values.keys():
        first, second = one.values.get(place, place), two.values.get(place, place)
        if first == second:
            values[place] = first
            continue
        both = f"<p{block}:{place}>"
        values[place] = both
        masks[both] = one.value_mask(first) | two.value_mask(second)
    for value, mask in one.masks.items():
        other = two.masks.get(value)
        if other is not None and value not in masks:
            both_masks = mask | other
            if both_masks != ANY or value[:1] == "<":  # what a path made is kept, to know it when a loop makes it again
                masks[value] = both_masks
    for value, relation in one.relations.items():
        if two.relations.get(value) == relation:
            merged.relations[value] = relation
    return merged


def same(one: Facts, two: Facts) -> bool:
    """Whether two states say the same."""
    return one.values == two.values and one.masks == two.masks and one.relations == two.relations


def _sign(expr: Expr) -> int | None:
    number = integer(expr)
    if number is None:
        return -1 if is_error_constant(expr) else None
    return (number > 0) - (number < 0)


__all__ = ["ANY", "ERROR", "NEGATIVE", "NONZERO", "POSITIVE", "ZERO", "Facts", "join", "same"]
