"""Layouts as people read them: offsets, sizes and holes on each machine, before and after a change."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from linter.detect.model import Grid
from linter.detect.uapi_grid import MOST_ROWS, change_grid, layout_around, layout_grid
from linter.detect.uapi_layout import Calculator, Layout, structures
from tests.detect.test_uapi import layout_of, unit_of

MAIL = """\
From: Ada <ada@example.org>
Message-ID: <part@example.org>
Subject: [PATCH] part: pass the minor number

The minor number was forgotten.

Signed-off-by: Ada <ada@example.org>
---
diff --git a/include/uapi/linux/part.h b/include/uapi/linux/part.h
index 1111111..2222222 100644
--- a/include/uapi/linux/part.h
+++ b/include/uapi/linux/part.h
@@ -10,5 +10,6 @@
 struct part_version {
 \t__u32 major;
{added} \t__u32 patch;
 \t__u8 name[8];
 };
"""


def grid_of(members: str) -> Grid:
    layout = layout_of(members)
    assert layout is not None
    return layout_grid(layout, "struct a")


def layout(members: str) -> Layout:
    found = layout_of(members)
    assert found is not None
    return found


def test_holes_are_rows_of_their_own():
    grid = grid_of("__u32 a; __u64 b; __u8 c;")
    assert grid.groups == (("", 1), ("64 bit and 32 bit", 2), ("i386", 2))
    assert grid.columns == ("member", "offset", "size", "offset", "size")
    assert grid.rows == (
        ("a", "0", "4", "0", "4"),
        ("hole", "4", "4", "", ""),
        ("b", "8", "8", "4", "8"),
        ("c", "16", "1", "12", "1"),
        ("padding at the end", "17", "7", "13", "3"),
        ("total", "", "24", "", "16"),
    )
    assert grid.marked == {1, 4}


def test_machines_that_agree_share_their_columns():
    grid = grid_of("__u8 a; __u16 b;")
    assert (grid.groups, grid.columns) == ((), ("member", "offset", "size"))
    assert grid.rows[1] == ("hole", "1", "1")


def test_three_machines_can_differ():
    groups = [name for name, _ in grid_of("unsigned long a; __u64 b;").groups]
    assert groups == ["", "64 bit", "32 bit", "i386"]


def test_a_long_structure_is_cut():
    grid = grid_of(" ".join(f"__u32 m{n};" for n in range(MOST_ROWS + 7)))
    assert len(grid.rows) == MOST_ROWS + 2
    assert [row[0] for row in grid.rows[-2:]] == ["7 more", "total"]


def test_before_and_after():
    grid = change_grid(layout("__u32 a; __u32 gone; __u32 b;"), layout("__u32 a; __u64 c; __u32 b;"), "struct a")
    assert grid.columns[:5] == ("member", "offset", "before", "size", "before")
    assert [row[:5] for row in grid.rows] == [
        ("a", "0", "0", "4", "4"),
        ("gone", "", "4", "", "4"),
        ("c", "8", "", "8", ""),
        ("b", "16", "8", "4", "4"),
        ("total", "", "", "24", "12"),
    ]
    assert grid.marked == {1, 2, 3}


def test_the_outermost_structure_is_shown():
    unit = unit_of("struct outer { __u32 a; struct { __u64 x; void *p; } in; };")
    inner = next(node for node in structures(unit) if b"outer" not in (node.text or b""))
    (grid,) = layout_around(unit, inner)
    assert grid.caption == "Layout of struct outer"
    assert [grid.rows[at][0] for at in grid.marked] == ["in"]
    assert layout_around(unit, unit.tree.root_node) == ()


def test_an_unknown_part_gives_no_grid():
    unit = unit_of("struct a { other_t b; void *p; };")
    node = next(structures(unit))
    assert Calculator(unit).layout(node) is None
    assert layout_around(unit, node) == ()


@pytest.mark.parametrize(
    ("added", "rule", "caption", "marked"),
    [
        ("__u64 minor;", "uapi-implicit-padding", "Layout of struct part_version", ["hole", "padding at the end"]),
        (
            "__u64 minor;",
            "uapi-existing-changed",
            "Layout of struct part_version before and after",
            ["minor", "patch", "name"],
        ),
        ("void *minor;", "uapi-pointer-member", "Layout of struct part_version", ["minor"]),
        ("long minor;", "uapi-long-member", "Layout of struct part_version", ["minor"]),
        ("time_t minor;", "uapi-time-type", None, []),
    ],
)
def test_findings_carry_the_layout(
    tmp_path: Path, capfdbinary, added: str, rule: str, caption: str | None, marked: list[str]
):
    from linter.cli.main import run

    mail = tmp_path / "part.mail"
    mail.write_text(MAIL.replace("{added}", f"+\t{added}\n"))
    run(["check", "--no-git", "--no-config", "--preview", "--format", "jsonl", "--rule", rule, str(mail)])
    found = [json.loads(line) for line in capfdbinary.readouterr().out.splitlines()]
    (finding,) = [one for one in found if one["type"] == "finding"]
    tables = finding.get("tables", [])
    assert [table["caption"] for table in tables] == ([caption] if caption else [])
    assert [tables[0]["rows"][at][0] for at in tables[0]["marked"]] == marked if caption else marked == []
