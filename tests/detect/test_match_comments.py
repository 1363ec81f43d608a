"""A comment beside, above or in the kernel-doc of a member tells what it is for; one elsewhere does not."""

from __future__ import annotations

import pytest

from linter.detect.match_comments import _is_commented
from linter.detect.match_find import Site, nodes_within
from linter.patch.model import Image, Side
from linter.syntax.parse import parse_image

MEMBER = b"struct foo {\n\tint level;\n%sstruct mutex lock;%s\n};\n"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (MEMBER % (b"\t", b""), False),
        (MEMBER % (b"\t", b" /* level */"), True),
        (MEMBER % (b"\t", b" // level"), True),
        (MEMBER % (b"\t/* level */\n\t", b""), True),
        (MEMBER % (b"\t// level\n\t", b""), True),
        (b"/**\n * @lock: level\n */\n" + MEMBER % (b"\t", b""), True),
        (b"/**\n * @locked: level\n */\n" + MEMBER % (b"\t", b""), False),
        (MEMBER.replace(b"int level;", b"int level; /* in dB */ int rate;") % (b"\t", b""), False),
    ],
)
def test_where_a_comment_stands(text: bytes, told: bool) -> None:
    lines = text.count(b"\n")
    unit = parse_image(Image("a.c", Side.POST, text, (None,) * lines, tuple(range(1, lines + 1)), True))
    node = next(
        node
        for node in nodes_within(unit.tree.root_node)
        if node.type == "field_declaration" and b"mutex" in (node.text or b"")
    )
    assert _is_commented(Site(unit, (), node), b"lock") is told
