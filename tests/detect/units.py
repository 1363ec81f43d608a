"""Units and questions for the tests of engines."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from linter.detect.model import Context
from linter.detect.questions import Answer, Query, Question
from linter.patch.model import Image, Line, LineKind, Side
from linter.rulebook.load import load_rulebook
from linter.rulebook.model import Tables
from linter.syntax.model import Function, Unit
from linter.syntax.parse import parse_image


@cache
def tables() -> Tables:
    """The tables that come with hunklint."""
    return load_rulebook().tables


def make_unit(text: str, path: str = "drivers/misc/foo.c", added: frozenset[int] | None = None) -> Unit:
    """A whole file as a unit; every line is added, or those in `added` (1-based)."""
    source = text.encode()
    lines = source.split(b"\n")[:-1]
    origin = []
    for number, line in enumerate(lines, 1):
        kind = LineKind.ADDED if added is None or number in added else LineKind.CONTEXT
        pre = None if kind is LineKind.ADDED else number
        origin.append(Line(kind, line, pre, number, number + 10))
    return parse_image(Image(path, Side.POST, source, tuple(origin), tuple(range(1, len(lines) + 1)), True))


def make_function(text: str, name: str | None = None) -> Function:
    """The function of that name, or the first one, of a text."""
    functions = make_unit(text).functions
    return next(function for function in functions if name is None or function.name == name)


def ask(question: Question, text: str, **block: Any) -> list[Answer]:
    """The answers to a question about every function of a text."""
    unit = make_unit(text)
    return [answer for function in unit.functions for answer in question(_query(function, unit, block))]


def ask_words(question: Question, text: str, **block: Any) -> list[str]:
    """The source at the places that a question points to."""
    unit = make_unit(text)
    return [
        query.text(answer.place)
        for query in (_query(function, unit, block) for function in unit.functions)
        for answer in question(query)
    ]


def _query(function: Function, unit: Unit, block: Mapping[str, Any]) -> Query:
    return Query(function, unit, Context(tables()), block)
