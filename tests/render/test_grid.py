"""Grids: aligned text, a table on the page that scrolls by itself, and words of a patch that stay words."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from linter.detect.model import Grid
from linter.record import replace
from linter.render.grid import grid_lines
from linter.render.html_remark import grid_table
from linter.render.options import RenderOptions
from linter.render.registry import formats, renderer
from linter.review.model import PatchReport, Report
from tests.render import sample
from tests.render.browser import look, needs_chromium
from tests.render.build import at, finding, judge, report_of
from tests.render.test_html import CONTRAST, Tree, contrast

GRID = Grid(
    "Layout of struct part_read",
    ("member", "offset", "size", "offset", "size"),
    (
        ("index", "0", "4", "0", "4"),
        ("hole", "4", "4", "", ""),
        ("buffer", "8", "8", "4", "8"),
        ("total", "", "16", "", "12"),
    ),
    frozenset({1}),
    (("", 1), ("64 bit", 2), ("i386", 2)),
)
TEXT = """\
          64 bit        i386
  member  offset  size  offset  size
  index        0     4       0     4
* hole         4     4
  buffer       8     8       4     8
  total             16            12"""


def reported(*grids: Grid) -> Report:
    patch = sample.heap_patch()
    one = replace(finding([(at(patch, "return -EFAULT;"), "here")]), grids=grids)
    return report_of(PatchReport(patch, (judge(one),)))


def rendered(name: str, *grids: Grid) -> str:
    return "".join(renderer(name)(reported(*grids), RenderOptions()))


def test_text_is_aligned():
    assert "\n".join(grid_lines(GRID)) == TEXT


def test_uneven_rows_and_wide_groups():
    grid = Grid("odd", ("a",), (("1", "2", "3"), ("漢",), ()), groups=(("a name that is wide", 2), ("b", 7)))
    lines = list(grid_lines(grid))
    assert lines[0] == "  a name that is wide  b"
    assert lines[2].split() == ["1", "2", "3"]


def test_the_page_has_a_table():
    tree = Tree(rendered("html", GRID))
    for tag in ("table", "caption", "thead", "tbody"):
        assert tag in tree.tags
    words = grid_table(GRID)
    assert '<th scope="colgroup" colspan="2">64 bit</th>' in words
    assert '<tr class="marked"><th scope="row"><span class="sr">marked: </span>hole</th><td>4</td>' in words
    assert 'tabindex="0"' in words
    assert 'class="grid"' not in rendered("html")


def test_json_and_markdown_hold_it():
    record = json.loads(rendered("jsonl", GRID).splitlines()[0])
    assert record["tables"][0]["rows"][1] == ["hole", "4", "4", "", ""]
    assert record["tables"][0]["marked"] == [1]
    assert "tables" not in json.loads(rendered("jsonl").splitlines()[0])
    assert f"Layout of struct part_read\n\n```\n{TEXT.rstrip()}\n```\n" in rendered("markdown", GRID)


@pytest.mark.parametrize("name", formats())
def test_words_of_a_patch_stay_words(name: str):
    evil = Grid(sample.EVIL, (sample.EVIL, "size"), ((sample.EVIL, "1"),), frozenset({0}), ((sample.EVIL, 2),))
    text = rendered(name, evil)
    assert not {char for char in text if not char.isprintable() and char not in "\n\t"}
    if name == "html":
        assert "script" not in Tree(text).tags


@needs_chromium
def test_a_terminal_shows_the_grid_where_it_is_wide_enough():
    wide = "".join(renderer("text")(reported(GRID), RenderOptions(width=80)))
    block = "  = layout of struct part_read:\n" + "".join(f"    {line}\n" for line in TEXT.splitlines())
    assert block in wide
    assert wide.index("layout of") < wide.index("= help:")
    narrow = "".join(renderer("text")(reported(GRID), RenderOptions(width=32)))
    assert "layout of" not in narrow
    assert "= help:" in narrow


def test_a_wide_grid_scrolls_by_itself(tmp_path: Path):
    wide = replace(GRID, rows=(("a_member_with_a_very_long_name_" * 4, "1", "2", "3", "4"), *GRID.rows))
    script = """(() => ({
      page: document.scrollingElement.scrollWidth, inside: innerWidth,
      table: document.querySelector('.grid').getBoundingClientRect().width,
      height: document.querySelector('.grid').getBoundingClientRect().height,
    }))()"""
    seen = look(rendered("html", wide), script, tmp_path, width=500)
    assert seen["page"] <= seen["inside"]
    assert seen["table"] > 500
    assert seen["height"] > 80


@needs_chromium
@pytest.mark.parametrize("dark", [False, True])
def test_a_grid_can_be_read(tmp_path: Path, dark: bool):
    script = CONTRAST.replace("querySelectorAll('", "querySelectorAll('.grid td, .grid th, .grid caption, ")
    pairs = look(rendered("html", GRID), script, tmp_path, dark=dark)
    assert sum(pair[0] in ("TD", "TH", "CAPTION") for pair in pairs) > 20
    assert not {(name, text, back) for name, text, back in pairs if contrast(text, back) < 4.5}
