"""The engine `overflow`: sizes and bounds that do not hold what they should.

    overflow:
      report: copy-unbounded
      message: "`$SIZE` bytes are copied into `$VALUE`, and nothing bounds them"

Which calls give numbers from outside is data: the table `overflow`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from linter.detect.calls import clean_text, named_calls
from linter.detect.overflow_alloc import alloc_unbounded, user_sum_wraps
from linter.detect.paths import mentions
from linter.detect.questions import Answer, Query, Question, QuestionEngine, listed
from linter.flow.expr import integer
from linter.flow.model import Cfg, Expr, Kind, Step, StepKind
from linter.pattern import lazy
from linter.rulebook.model import Tables

_WIDE = lazy(
    r"^(?:const )?(?:u64|__u64|s64|uint64_t|unsigned long long|loff_t|dma_addr_t|phys_addr_t|sector_t|resource_size_t)$"
)

_NARROW = lazy(r"^(?:const )?(?:u32|__u32|unsigned|unsigned int|uint32_t|uint|int|s32)$")
_WIDENED = lazy(r"^[\s(]*sizeof\b|\(\s*(?:u64|__u64|s64|uint64_t|loff_t|size_t|(?:unsigned )?long(?: long)?)\s*\)")
"""A sum of 64 bits: it begins with a size, or a term is cast."""
_COMPARES = frozenset({"<", ">", "<=", ">="})


def _steps(cfg: Cfg) -> Iterator[Step]:
    for block in cfg.blocks:
        yield from block.steps


def _words(query: Query, name: str) -> frozenset[str]:
    return query.tables.derived(f"overflow.{name}", lambda tables: frozenset(tables["overflow"][name].split()))


def copy_unbounded(query: Query) -> Iterator[Answer]:
    """A copy from user space into a variable of the stack whose length nothing compares with anything."""
    copies = _words(query, "copies")
    if not any(name in copies for name, _, _ in named_calls(query.function)):
        return
    cfg = query.cfg
    if cfg.has_gap:
        return
    for step in _steps(cfg):
        call = step.expr
        if step.kind is not StepKind.CALL or call is None or call.text not in copies or len(call.args) < 3:
            continue
        place, size = call.args[0], call.args[-1]
        place = place.args[0] if place.kind is Kind.ADDRESS else place
        if place.kind is not Kind.NAME or size.kind is not Kind.NAME or size.text.isupper():
            continue
        kind = cfg.locals.get(place.text, "")
        if not kind or "*" in kind or ("[" not in kind and call.args[0].kind is not Kind.ADDRESS):
            continue
        if _is_bounded(cfg, size.text):
            continue
        names = {"SIZE": size.text, "VALUE": place.text, "CALLEE": call.text}
        yield Answer((step.start, step.end), names, key=place.text)


def _is_bounded(cfg: Cfg, name: str) -> bool:
    """Whether a condition looks at the value, or it is not one that the caller or a structure gave."""
    own = frozenset({name})
    if any(edge.assume is not None and _compares(edge.assume[0], own) for block in cfg.blocks for edge in block.edges):
        return True
    stores = [step for step in _steps(cfg) if step.target is not None and step.target.key == name]
    if not stores:
        return name not in cfg.types
    return name in cfg.types or not all(_is_given(step) for step in stores)


def _is_given(step: Step) -> bool:
    """Whether a store takes the value as somebody else gave it."""
    value = step.expr
    if value is None or step.op not in ("", "="):
        return False
    return (value.kind is Kind.FIELD and value.arrow) or (value.kind is Kind.CALL and value.text.endswith("_SIZE"))


def _compares(condition: Expr, own: frozenset[str]) -> bool:
    return condition.kind is not Kind.CALL and mentions(condition, own, calls=False)


def sum_wraps(query: Query) -> Iterator[Answer]:
    """A sum of numbers from outside that is compared with a bound although the sum itself may wrap."""
    sources = _words(query, "sources")
    if not any(name in sources for name, _, _ in named_calls(query.function)):
        return
    cfg = query.cfg
    outside = {
        step.target.text
        for step in _steps(cfg)
        if step.kind in (StepKind.ASSIGN, StepKind.DECLARE) and step.target is not None
        and step.target.kind is Kind.NAME and step.op in ("", "=")
        and step.expr is not None and step.expr.kind is Kind.CALL and step.expr.text in sources
        and _NARROW.match(cfg.locals.get(step.target.text, ""))
    }  # fmt: skip
    if any(name.startswith("check_") and name.endswith("_overflow") for name, _, _ in named_calls(query.function)):
        return
    outside -= {name for name in outside if _bounded_alone(cfg, name)}
    told: set[str] = set()
    for block in cfg.blocks:
        for edge in block.edges:
            if edge.assume is None or edge.assume[0].kind is not Kind.BINARY or edge.assume[0].text not in _COMPARES:
                continue
            for side in edge.assume[0].args:
                if side.kind is not Kind.BINARY or side.text != "+" or side.key in told:
                    continue
                terms = _terms(side)
                found = [term for term in terms if term.kind is Kind.NAME and term.text in outside]
                if len(found) < 2 or _WIDENED.search(query.text((side.start, side.end))):
                    continue
                told.add(side.key)
                names = {"SUM": query.text((side.start, side.end)), "VALUE": found[0].text}
                yield Answer((edge.assume[0].start, edge.assume[0].end), names, key=side.key)


def _terms(expr: Expr) -> list[Expr]:
    found: list[Expr] = []
    stack = [expr]
    while stack:
        top = stack.pop()
        if top.kind is Kind.BINARY and top.text == "+":
            stack.extend(top.args)
        else:
            found.append(top)
    return found


def _bounded_alone(cfg: Cfg, name: str) -> bool:
    """Whether a comparison bounds the value by itself from above, or an operation keeps it small."""
    for block in cfg.blocks:
        for edge in block.edges:
            if edge.assume is None:
                continue
            test = edge.assume[0]
            if test.kind is Kind.BINARY and test.text in (*_COMPARES, "!=", "=="):
                other = [arg for arg in test.args if arg.key != name]
                if len(other) == 1 and integer(other[0]) != 0:
                    return True
    return any(step.target is not None and step.target.key == name and step.op not in ("", "=") for step in _steps(cfg))


def narrow_product(query: Query) -> Iterator[Answer]:
    """A product of 32-bit numbers that is stored in 64 bits."""
    text = clean_text(query.unit)[query.function.body.start_byte : query.function.body.end_byte]
    if b"64" not in text and b"loff_t" not in text and b"_addr_t" not in text and b"sector_t" not in text:
        return
    cfg = query.cfg
    kinds = {**cfg.types, **cfg.locals}
    for step in _steps(cfg):
        if step.kind not in (StepKind.ASSIGN, StepKind.DECLARE) or step.target is None or step.expr is None:
            continue
        if step.target.kind is not Kind.NAME or not _WIDE.match(kinds.get(step.target.text, "")):
            continue
        value = step.expr
        if value.kind is not Kind.BINARY or value.text not in ("*", "<<"):
            continue
        left, right = value.args
        if value.text == "<<":
            if not _narrow(left, kinds) or right.key not in ("PAGE_SHIFT", "HPAGE_SHIFT", "PMD_SHIFT"):
                continue
        elif not (_narrow(left, kinds) and _narrow(right, kinds)):
            continue
        if _WIDENED.search(query.text((value.start, value.end))):
            continue
        names = {"PRODUCT": query.text((value.start, value.end)), "VALUE": step.target.text}
        yield Answer((value.start, value.end), names, key=step.target.text)


def _narrow(expr: Expr, kinds: Mapping[str, str]) -> bool:
    if expr.kind is Kind.BINARY and expr.text == "+":
        return all(_narrow(arg, kinds) or integer(arg) is not None for arg in expr.args)
    return expr.kind is Kind.NAME and _NARROW.match(kinds.get(expr.text, "")) is not None


QUESTIONS: Mapping[str, Question] = {
    "copy-unbounded": copy_unbounded,
    "sum-wraps": sum_wraps,
    "narrow-product": narrow_product,
    "alloc-unbounded": alloc_unbounded,
    "user-sum-wraps": user_sum_wraps,
}
"""What a rule of this engine can ask."""

_TABLED: Mapping[str, tuple[str, ...]] = {
    "copy-unbounded": ("copies",),
    "sum-wraps": ("sources",),
    "alloc-unbounded": ("contiguous", "unlimited"),
    "user-sum-wraps": ("fills", "gives"),
}
"""Entries of the table `overflow` of which one word has to be there."""


def _needed(block: Mapping[str, Any], tables: Tables) -> Iterator[str]:
    for name in _TABLED.get(block["report"], ()):
        yield from listed(tables["overflow"][name])


ENGINE = QuestionEngine("overflow", QUESTIONS, words=_needed)
