"""The series engine: order of symbols, and what reviewers asked about an earlier version."""

from __future__ import annotations

from linter.detect.model import Context
from linter.detect.series import ENGINE
from linter.detect.series_order import ORDERS
from linter.patch.model import Change, FilePatch, Hunk, Line, LineKind, Patch, Remark, Series
from linter.rulebook.model import Confidence, Rule, Severity, Status, Tables


def file_of(*lines: str, path: str = "lib/a.c") -> FilePatch:
    kinds = {" ": LineKind.CONTEXT, "+": LineKind.ADDED, "-": LineKind.REMOVED}
    made = tuple(Line(kinds[text[0]], text[1:].encode(), n, n, n) for n, text in enumerate(lines, 1))
    return FilePatch(path, path, Change.MODIFY, (Hunk(1, 1, 1, 1, b"", made, 1),), 1)


def patch_of(
    index: int, *files: FilePatch, title: str = "a", version: int = 1, remarks: tuple[Remark, ...] = ()
) -> Patch:
    return Patch(
        f"{version}.{index}@x", None, (), f"[PATCH {index}/9] {title}", title, ("PATCH",), None, None, None, version,
        index, 9, (), b"", 1, b"", 1, (), files, b"", "x", remarks=remarks, quoted=bool(remarks),
    )  # fmt: skip


def early(*patches: Patch) -> list[str]:
    found = ORDERS["symbol-too-early"](Series(patches), Context(Tables({})))
    return [f"{one.index}:{one.texts['NAME']}" for one in found]


USE = file_of("+\tpart_start(1);")
DEFINE = file_of("+int part_start(int n)", "+{", path="lib/b.c")


def test_symbol_before_its_definition() -> None:
    assert early(patch_of(1, USE), patch_of(2, DEFINE)) == ["0:part_start"]
    assert early(patch_of(1, DEFINE), patch_of(2, USE)) == []
    assert early(patch_of(1, USE, DEFINE), patch_of(2, DEFINE)) == []


def test_symbol_that_was_there() -> None:
    assert early(patch_of(1, USE), patch_of(2, DEFINE, file_of(" \tpart_start(2);"))) == []
    assert early(patch_of(1, USE), patch_of(2, file_of("-int part_start(int n)", "+int part_start(long n)"))) == []


def test_words_in_strings_and_comments_are_no_calls() -> None:
    quoted = file_of('+\tpr_info("part_start(1)");', "+\t/* part_start(1) */", "+\t * part_start(2)")
    assert early(patch_of(1, quoted), patch_of(2, DEFINE)) == []


def test_numbers_out_of_order_say_nothing() -> None:
    assert early(patch_of(2, USE), patch_of(1, DEFINE)) == []


def remark_rule() -> Rule:
    block = {"check": "review-remark", "message": "v$VERSION: $TEXT"}
    return Rule("r", "t", "series", Severity.INFO, Confidence.HIGH, Status.PREVIEW, "0.1.0", "r", "h", "series", block)


def test_a_remark_is_remembered_until_the_line_changes() -> None:
    runner = ENGINE.prepare([remark_rule()], Tables({}))
    context = Context(Tables({}))
    line = Line(LineKind.ADDED, b"\tpart_set_level(part, 2);", None, 3, 3)
    asked = patch_of(1, USE, remarks=(Remark(3, line, "lib/a.c", "Please use the macro here."),))
    on = frozenset({"r"})
    same = patch_of(1, file_of("+\tpart_set_level(part,  2);"), version=2)
    other = patch_of(1, file_of("+\tpart_set_level(part, PART_LEVEL_TWO);"), version=2)
    assert list(runner.run(Series((same,)), context, on)) == []
    assert list(runner.run(Series((asked,)), context, on)) == []
    assert [one.message for one in runner.run(Series((same,)), context, on)] == ["v1: Please use the macro here."]
    assert list(runner.run(Series((other,)), context, on)) == []
