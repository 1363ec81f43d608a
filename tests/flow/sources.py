"""C text to units and functions, for tests."""

from __future__ import annotations

from linter.patch.model import Image, Line, LineKind, Side
from linter.syntax.model import Function, Unit
from linter.syntax.parse import parse_image


def make_unit(text: str, path: str = "drivers/x/x.c", *, complete: bool = True) -> Unit:
    """A whole file of added lines."""
    data = text.encode()
    lines = data.split(b"\n")[:-1]
    origin = tuple(Line(LineKind.ADDED, line, None, i + 1, i + 1) for i, line in enumerate(lines))
    return parse_image(Image(path, Side.POST, data, origin, tuple(range(1, len(lines) + 1)), complete))


def parse_function(text: str) -> Function:
    """The only function of a text."""
    (function,) = make_unit(text).functions
    return function
