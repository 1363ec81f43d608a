"""What stands in a tree for each kernel construct."""

from __future__ import annotations

from linter.patch.model import Image, Side
from linter.syntax.model import Unit
from linter.syntax.parse import macro_name, parse_image


def whole(text: str) -> Unit:
    """Parse a whole file."""
    data = text.encode()
    count = data.count(b"\n") + (not data.endswith(b"\n"))
    return parse_image(Image("a.c", Side.POST, data, (None,) * count, tuple(range(1, count + 1)), True))


def test_function_names() -> None:
    unit = whole(
        "static int __init a(void)\n{\n}\n\nstruct x *b(int c)\n{\n}\n\nSYSCALL_DEFINE2(get, int, fd, char *, p)\n{\n}\n"
    )
    assert [f.name for f in unit.functions] == ["a", "b", "get"]
    assert unit.functions[0].annotations == {"__init": None}
    assert not unit.tree.root_node.has_error


def test_iterator_is_a_while() -> None:
    unit = whole("void a(void)\n{\n\tlist_for_each_entry(pos, &head, list)\n\t\tb(pos);\n}\n")
    loop = unit.functions[0].body.named_children[0]
    assert loop.type == "while_statement"
    assert macro_name(unit, loop) == b"list_for_each_entry"
    assert len(unit.text) == len(unit.source)
