"""What a person sees: the anatomy of a finding, its frame, and lines that would rather not be shown."""

from __future__ import annotations

import re

import pytest

from linter.patch.model import Line, LineKind, Location, Patch, Side
from linter.record import replace
from linter.render import registry
from linter.render.escape import width
from linter.render.options import RenderOptions
from linter.render.text import render
from linter.review.model import PatchReport, Report
from tests.render import sample
from tests.render.build import at, finding, judge, report_of, whole_image
from tests.render.golden import check_golden


def text(report: Report, **options) -> str:
    return "".join(render(report, RenderOptions(**options)))


def one(patch: Patch, *labels: tuple[Location, str], images=None, anchor=None, **words) -> Report:
    return report_of(PatchReport(patch, (judge(finding(list(labels), **words), anchor),), (), images or {}))


def with_line(patch: Patch, old: bytes, new: bytes) -> Patch:
    """The patch with one line of code replaced, its numbers untouched."""

    def changed(line: Line) -> Line:
        return replace(line, text=new) if line.text == old else line

    files = tuple(
        replace(file, hunks=tuple(replace(h, lines=tuple(map(changed, h.lines))) for h in file.hunks))
        for file in patch.files
    )
    return replace(patch, files=files)


@pytest.mark.parametrize(("name", "options"), [
    ("sample.txt", {}),
    ("sample-80.txt", {"width": 80}),
    ("sample-120.txt", {"width": 120}),
    ("sample-color.txt", {"color": True}),
    ("sample-all.txt", {"verbose": True, "show_suppressed": True, "unicode": False}),
])  # fmt: skip
def test_golden(name: str, options: dict):
    check_golden(name, text(sample.sample(), **options))


@pytest.mark.parametrize("columns", [60, 80, 120])
def test_no_line_is_wider_than_the_terminal(columns: int):
    for line in text(sample.sample(), width=columns).split("\n")[:-2]:
        assert width(line) <= columns or line.startswith("  --> "), line  # a path stays whole


def test_colour_changes_nothing_but_colour():
    plain = text(sample.sample())
    painted = text(sample.sample(), color=True)
    assert painted != plain
    assert re.sub(r"\x1b\[[0-9;]*m", "", painted) == plain
    assert "\x1b" not in plain


def test_clean_is_one_line():
    assert text(sample.clean()) == "no findings in 1 patch\n"


def test_no_patch_is_said_first():
    assert text(sample.empty()) == "no patch was reviewed\n1 message read, 1 without a patch\n"


def test_summary_counts_what_was_hidden():
    assert text(sample.sample()).endswith(
        "1 error, 2 warnings, 1 info in 2 patches (1 suppressed, 1 baselined, 1 below the threshold; "
        "1 file and 1 other part not analysed, see --skipped)\n"
    )


def test_verbose_lists_what_was_skipped():
    listed = text(sample.sample(), verbose=True)
    assert "  drivers/dma-buf/Kconfig: syntax: not C\n" in listed
    assert "  <20251009085320.9-ada@example.org>: patch: the message is cut off inside a MIME part\n" in listed
    assert "see --skipped" not in listed


def test_escapes_never_reach_the_terminal():
    patch = with_line(sample.heap_patch(), b"\t\treturn -EFAULT;", b"\t\treturn \x1b[2J\xe2\x80\xae-EFAULT;\x9b\xff")
    place = at(patch, "-EFAULT;")
    seen = text(one(patch, (place, "evil \x1b]0;title\x07"), message="a\x1bb\nc", function="f\x1b"))
    assert "return ␛[2J<U+202E>-EFAULT;<U+009B>ÿ" in seen
    assert "evil ␛]0;title␇" in seen
    assert "error[fd-leak]: a␛b c" in seen
    assert all(char.isprintable() or char == "\n" for char in seen)


@pytest.mark.parametrize("name", ["text", "terse", "nipa"])
def test_ascii_where_the_terminal_knows_no_more(name: str):
    for case in (sample.sample, sample.hostile):
        options = RenderOptions(unicode=False, verbose=True, show_suppressed=True)
        assert "".join(registry.renderer(name)(case(), options)).isascii()
    assert registry.for_terminal(name)
    assert not registry.for_terminal("html")


def test_carets_stand_under_wide_characters():
    patch = with_line(sample.heap_patch(), b"\t\treturn -EFAULT;", "\t/* 漢字 */ return -EFAULT;".encode())
    row, caret = _row_and_caret(text(one(patch, (at(patch, "-EFAULT"), "here"))), "漢字")
    assert width(row[: row.index("-EFAULT")]) == caret.index("^")


def test_carets_stand_under_the_tab_expanded_text():
    patch = sample.heap_patch()
    row, caret = _row_and_caret(text(one(patch, (at(patch, "-EFAULT"), "here"))), "return -EFAULT")
    assert row.index("-EFAULT") == caret.index("^")
    assert caret.count("^") == len("-EFAULT")


def test_a_long_line_is_cut_around_the_caret():
    long = b"\tx = " + b"a + " * 50_000 + b"target" + b" + b" * 50_000 + b";"
    patch = with_line(sample.heap_patch(), b"\t\treturn -EFAULT;", long)
    seen = text(one(patch, (at(patch, "target"), "here")), width=80)
    row, caret = _row_and_caret(seen, "target")
    assert row.index("target") == caret.index("^")
    assert "…" in row
    assert max(map(len, seen.split("\n"))) <= 80


def test_elided_lines_between_hunks():
    patch = sample.heap_patch()
    seen = text(one(patch, (at(patch, "fd_install"), "installed"), (at(patch, "fd < 0)", nth=2), "tested")))
    assert seen.index("fd_install") < seen.index("\n...\n") < seen.index("tested")


def test_two_labels_on_one_line():
    patch = sample.heap_patch()
    labels = (at(patch, "copy_to_user"), "this fails"), (at(patch, "sizeof(out)"), "this much")
    seen = text(one(patch, *labels))
    assert seen.count("if (copy_to_user") == 1
    assert seen.index("this fails") < seen.index("this much")


def test_a_path_that_goes_back_is_numbered():
    patch = sample.heap_patch()
    first, second, third = (at(patch, x) for x in ("fd_install", "goto out", "return -EPERM"))
    seen = text(one(patch, (third, "taken"), (first, "then"), (second, "last")))
    assert "(1) taken" in seen
    assert "(3) last" in seen
    assert "(1)" not in text(one(patch, (second, "b"), (first, "c"), (third, "d")))
    removed = at(patch, "mutex_unlock")
    assert "(1)" not in text(one(patch, (second, "a"), (first, "b"), (third, "c"), anchor=removed))


def test_code_outside_the_patch_comes_from_the_image():
    patch = sample.heap_patch()
    image = whole_image(sample.HEAP, b"".join(b"line %d\n" % n for n in range(1, 200)))
    seen = text(one(patch, (sample.elsewhere(patch), "owed"), images={(sample.HEAP, "post"): image}))
    assert "12 |   line 12\n   |   ^^^^^^^ owed\n" in seen
    assert "11 |   line 11" in seen


def test_a_line_of_the_pre_image_stands_where_the_patch_moved_it():
    patch = sample.heap_patch()
    image = whole_image(sample.HEAP, b"".join(b"old %d\n" % n for n in range(1, 300)), Side.PRE)
    below = Location(sample.HEAP, Side.PRE, 150, 1, 0)  # 17 lines further down in the post-image
    seen = text(
        one(patch, (at(patch, "fd < 0)", nth=2), "last"), (below, "kept"), images={(sample.HEAP, "pre"): image})
    )
    assert "150 |   old 150" in seen
    assert seen.index("old 150") < seen.index("last")
    moved = Location(sample.HEAP, Side.POST, 160, 1, 0)
    posts = {(sample.HEAP, "post"): whole_image(sample.HEAP, b"new\n" * 300), (sample.HEAP, "pre"): image}
    both = text(one(patch, (moved, "before"), (below, "after"), images=posts))
    assert both.index("before") < both.index("after"), "line 150 of the pre-image is line 167 of the post-image"


def test_a_removed_line_stands_above_the_one_that_replaced_it():
    patch = sample.heap_patch()
    seen = text(one(patch, (at(patch, "fd = get_unused_fd_flags"), "new"), (at(patch, "fd = dma_buf_fd"), "old")))
    assert seen.index("fd = dma_buf_fd") < seen.index("fd = get_unused_fd_flags")


def test_no_text_known_no_frame():
    patch = sample.heap_patch()
    seen = text(one(patch, (sample.elsewhere(patch), "owed")))
    assert "--> [PATCH v3 2/7] drivers/dma-buf/dma-heap.c:12" in seen
    assert " | " not in seen


def test_a_label_in_another_file_has_a_frame_of_its_own():
    patch = sample.heap_patch()
    other = Location("include/linux/dma-heap.h", Side.POST, 3, 1, 0)
    images = {("include/linux/dma-heap.h", "post"): whole_image("include/linux/dma-heap.h", b"a\nb\nint fd;\nd\n")}
    seen = text(one(patch, (other, "declared here"), (at(patch, "-EFAULT"), "here"), images=images))
    assert "::: include/linux/dma-heap.h:3" in seen
    assert seen.index("-EFAULT") < seen.index("declared here")


def test_a_hunk_without_header_is_numbered_by_the_mail():
    patch = sample.heap_patch()
    file = patch.files[0]
    lines = (Line(LineKind.ADDED, b"\tx = 1;", None, None, 70),)
    hunk = replace(file.hunks[0], lines=lines, numbered=False, pre_start=0, post_start=0)
    patch = replace(patch, files=(replace(file, hunks=(hunk,), pre_path=None, post_path=None),))
    seen = text(one(patch, (Location(None, Side.POST, None, 2, 70, changed=True), "set here")))
    assert "--> [PATCH v3 2/7] line 70 of the mail" in seen
    assert "70 | +         x = 1;" in seen


def test_lines_between_are_those_of_the_patch_though_no_file_is_known():
    patch = sample.heap_patch()
    file = patch.files[0]
    texts = (b"\tx = 1;", b"\ty = 2;", b"\tz = 3;", b"\tw = 4;")
    lines = tuple(Line(LineKind.ADDED, text, None, None, 70 + n) for n, text in enumerate(texts))
    hunk = replace(file.hunks[0], lines=lines, numbered=False, pre_start=0, post_start=0)
    patch = replace(patch, files=(replace(file, hunks=(hunk,), pre_path=None, post_path=None),))
    patch = replace(patch, raw=b"\n" * 70 + b">> +    y = 2;\n")
    places = [Location(None, Side.POST, None, 2, number, changed=True) for number in (70, 73)]
    seen = text(one(patch, (places[0], "from here"), (places[1], "to here")))
    assert "71 | +         y = 2;" in seen
    assert ">>" not in seen


def test_lines_that_share_a_line_of_the_message_stay_apart():
    patch = sample.heap_patch()
    file = patch.files[0]
    lines = list(file.hunks[0].lines)
    number = next(n for n, line in enumerate(lines) if line.text == b"\t\tgoto out;")
    lines[number + 1] = replace(lines[number + 1], patch_lineno=lines[number].patch_lineno)
    hunk = replace(file.hunks[0], lines=tuple(lines))
    patch = replace(patch, files=(replace(file, hunks=(hunk,)),))
    seen = text(one(patch, (at(patch, "pr_err"), "here"), (at(patch, "copy_to_user"), "there")))
    assert seen.count("goto out;") <= 1
    close = text(one(patch, (at(patch, "pr_err"), "here"), (at(patch, "\t}", nth=1), "there")))
    assert close.count("goto out;") == 1


def test_a_finding_about_the_mail_shows_the_mail_even_inside_a_hunk():
    patch = sample.heap_patch()
    number = at(patch, "return -EFAULT;").patch_lineno
    seen = text(one(patch, (Location(None, None, None, None, number), "tabs turned into spaces")))
    assert f"--> [PATCH v3 2/7] line {number} of the mail" in seen
    assert re.search(rf"^{number} \|   \+ +return -EFAULT;$", seen, re.MULTILINE)


def test_a_quoted_patch_is_said_to_be_one():
    patch = replace(sample.heap_patch(), quoted=True)
    assert "ioctl (judged from a quotation)\n" in text(one(patch, (at(patch, "-EFAULT"), "here")), width=120)


def _row_and_caret(seen: str, needle: str) -> tuple[str, str]:
    lines = seen.split("\n")
    number = next(n for n, line in enumerate(lines) if needle in line and "|" in line and "^" not in line)
    return lines[number], lines[number + 1]
