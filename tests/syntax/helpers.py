"""Images and trees for the tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator

from tree_sitter import Node

from linter.patch.model import Image, Line, LineKind, Side
from linter.syntax.model import Unit
from linter.syntax.parse import parse_image


def whole(text: str | bytes) -> Unit:
    """Parse a whole file."""
    data = text.encode() if isinstance(text, str) else text
    count = data.count(b"\n") + (not data.endswith(b"\n"))
    return parse_image(Image("a.c", Side.POST, data, (None,) * count, tuple(range(1, count + 1)), True))


def fragment_of(*chunks: tuple[str, str] | tuple[bytes, bytes]) -> Image:
    """An image of hunks, each a section text and its lines; hunk k starts at line 100 k."""
    lines: list[Line] = []
    starts, linenos = [], []
    sections = []
    for number, (section, text) in enumerate(chunks, 1):
        data = text.encode() if isinstance(text, str) else text
        starts.append(len(lines))
        sections.append(section.encode() if isinstance(section, str) else section)
        for offset, line in enumerate(data.removesuffix(b"\n").split(b"\n")):
            lineno = 100 * number + offset
            lines.append(Line(LineKind.ADDED, line, None, lineno, 1000 + len(lines)))
            linenos.append(lineno)
    text_bytes = b"".join(line.text + b"\n" for line in lines)
    return Image("a.c", Side.POST, text_bytes, tuple(lines), tuple(linenos), False, tuple(starts), tuple(sections))


def fragment(*chunks: tuple[str, str]) -> Unit:
    """Parse hunks."""
    return parse_image(fragment_of(*chunks))


def body(code: str) -> Unit:
    """Parse statements inside a function."""
    return whole("static int f(struct x *p, int n)\n{\n" + code + "\n}\n")


def walk(node: Node) -> Iterator[Node]:
    """A node and all below it."""
    stack = [node]
    while stack:
        current = stack.pop()
        yield current
        stack.extend(reversed(current.children))


def of_type(unit: Unit, kind: str) -> list[Node]:
    """All nodes of one type."""
    return [node for node in walk(unit.tree.root_node) if node.type == kind]
