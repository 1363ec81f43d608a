"""The protocol engine: blocks are checked, values are followed along paths, conditions agree with each other."""

from __future__ import annotations

from typing import Any

import pytest

from linter.detect.protocol import starts
from linter.detect.protocol_block import compile_block
from linter.flow.build import build_cfg
from linter.patch.model import Image, Side
from linter.rulebook.errors import BlockError
from linter.rulebook.model import Tables
from linter.syntax.model import Function
from linter.syntax.parse import parse_image

TABLES = Tables(
    {
        "locks": {
            "families": [
                {"acquire": ["take"], "release": ["drop"], "handle": 0, "fails": "never", "context": "atomic"},
                {"acquire": ["try"], "release": ["drop"], "handle": 0, "fails": "zero", "context": "atomic"},
            ]
        },
        "t": {"bad": "nap doze"},
    }
)
HELD = {"table": "locks", "violations": [{"state": "held", "at": "call", "words": "t.bad", "message": "m"}]}


def function(body: str) -> Function:
    text = ("int f(struct x *a, struct x *b, int c)\n{\n" + body + "\n}\n").encode()
    lines = text.count(b"\n")
    unit = parse_image(Image("a.c", Side.POST, text, (None,) * lines, tuple(range(1, lines + 1)), True))
    return unit.functions[0]


def violations(data: dict[str, Any], body: str) -> list[str]:
    """The text of each step that breaks the protocol."""
    from linter.detect.protocol import Walk

    block = compile_block(data, TABLES, "protocol")
    cfg = build_cfg(function(body))
    found = []
    for start in starts(cfg, block):
        walk = Walk(cfg, block, start, frozenset({start.shown} if start.shown else ()))
        walk.run()
        found += [
            cfg.function.unit.source[step.start : step.end].decode().split("(")[0] for _, step, _ in walk.found.values()
        ]
    return found


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("take(&a->l); nap(); drop(&a->l);", ["nap"]),
        ("take(&a->l); drop(&a->l); nap();", []),
        ("take(&a->l); drop(&b->l); nap(); drop(&a->l);", ["nap"]),
        ("if (c) take(&a->l); if (!c) nap(); if (c) drop(&a->l);", []),
        ("if (c) take(&a->l); if (c) nap(); if (c) drop(&a->l);", ["nap"]),
        ("if (!try(&a->l)) { nap(); return 1; } drop(&a->l);", []),
        ("if (try(&a->l)) { nap(); drop(&a->l); }", ["nap"]),
        ("while (c--) { nap(); take(&a->l); drop(&a->l); }", []),
        ("take(&a->l); a = b; drop(&a->l); nap();", ["nap"]),
        ("take(&a->l); __hunklint_gap(); nap();", []),
        ("take(&a->l); if (c) goto out; nap(); out: drop(&a->l);", ["nap"]),
    ],
)
def test_calls_while_held(body: str, expected: list[str]) -> None:
    assert violations(HELD, body) == expected


RETURNS = {
    "transitions": [
        {"calls": ["open"], "handle": "result", "fails": "negative", "to": "open"},
        {"calls": ["close"], "handle": 1, "from": ["open"], "to": "done"},
    ],
    "violations": [{"state": "open", "at": "error-return", "message": "m"}],
}


@pytest.mark.parametrize(
    ("body", "count"),
    [
        ("int fd = open(); if (fd < 0) return fd; if (c) return -EINVAL; return fd;", 1),
        ("int fd = open(); if (fd < 0) return fd; if (c) { close(fd); return -EINVAL; } return fd;", 0),
        ("int fd = open(); if (fd < 0) return -ENOMEM; return 0;", 0),
        ("int r, fd = open(); if (fd < 0) return fd; r = g(); if (r < 0) return r; return fd;", 1),
        ("int r, fd = open(); if (fd < 0) return fd; r = g(); return r;", 0),
    ],
)
def test_error_returns(body: str, count: int) -> None:
    assert len(violations(RETURNS, body)) == count


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"tabel": "locks"}, "tabel"),
        ({"violations": []}, "not a list"),
        ({"violations": [{"state": "open", "at": "call", "words": "t.bad", "message": "m"}]}, "state `open`"),
        ({"violations": [{"state": "held", "at": "cal", "words": "t.bad", "message": "m"}]}, "cal"),
        ({"violations": [{"state": "held", "at": "call", "words": "t.no", "message": "m"}]}, "t.no"),
        ({"violations": [{"state": "held", "at": "call", "message": "m"}]}, "needs"),
        ({"table": "nope"}, "nope"),
        ({"transitions": [{"calls": ["x"], "handle": 0, "to": "y"}]}, "handle"),
        ({"transitions": [{"calls": ["x"], "to": "y", "fails": "often"}]}, "often"),
    ],
)
def test_bad_blocks_are_told(change: dict[str, Any], words: str) -> None:
    with pytest.raises(BlockError) as caught:
        compile_block({**HELD, **change}, TABLES, "protocol")
    assert words in f"{caught.value.problem} {caught.value.path} {caught.value.expected}"


def test_a_function_with_many_paths_costs_its_blocks() -> None:
    body = "take(&a->l);" + "if (g()) h();" * 200 + "nap(); drop(&a->l);"
    assert violations(HELD, body) == ["nap"]
