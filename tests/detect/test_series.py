"""The series engine: order of symbols, and what reviewers asked about an earlier version."""

from __future__ import annotations

from linter.detect.model import Context
from linter.detect.series import ENGINE
from linter.detect.series_docs import DOCS
from linter.detect.series_mail import MAILS
from linter.detect.series_order import ORDERS
from linter.patch.model import Change, FilePatch, Hunk, Line, LineKind, Patch, Person, Remark, Series
from linter.record import replace
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
    quoted = file_of("+int level;", "+", "+\tpart_set_level(part, 2);")
    asked = patch_of(1, quoted, remarks=(Remark(3, line, "lib/a.c", "Please use the macro here."),))
    on = frozenset({"r"})
    same = patch_of(1, file_of("+\tpart_set_level(part,  2);", "+\tpart_start(part);"), version=2)
    moved = patch_of(1, file_of("+\tpart_wake(part);", "+\tpart_set_level(part,  2);"), version=2)
    locked = file_of("+int level;", "+\tpart_lock(part);", "+\tpart_set_level(part,  2);")
    other = patch_of(1, file_of("+\tpart_set_level(part, PART_LEVEL_TWO);"), version=2)
    assert list(runner.run(Series((same,)), context, on)) == []
    assert list(runner.run(Series((asked,)), context, on)) == []
    assert [one.message for one in runner.run(Series((same,)), context, on)] == ["v1: Please use the macro here."]
    assert list(runner.run(Series((other,)), context, on)) == []
    assert list(runner.run(Series((patch_of(1, locked, title="b", remarks=asked.remarks),)), context, on)) == []
    assert list(runner.run(Series((replace(moved, title="b"),)), context, on)) == []  # another line above


SHOW = file_of("+static DEVICE_ATTR_RO(level);", path="drivers/misc/part.c")


def undocumented(*patches: Patch, total: int = 1) -> list[str]:
    whole = Series(tuple(replace(patch, total=total, raw=b"DEVICE_ATTR") for patch in patches))
    return [f"{one.index}:{one.texts['NAME']}" for one in DOCS["attribute-undocumented"](whole, Context(Tables({})))]


def test_attribute_that_the_series_does_not_describe() -> None:
    text = file_of("+What: level", path="Documentation/ABI/testing/sysfs-part")
    assert undocumented(patch_of(1, SHOW)) == ["0:level"]
    assert undocumented(patch_of(1, USE), patch_of(2, SHOW), total=2) == ["1:level"]
    assert undocumented(patch_of(1, text), patch_of(2, SHOW), total=2) == []
    binding = file_of("+level", path="Documentation/devicetree/bindings/part.yaml")
    assert undocumented(patch_of(1, binding, SHOW)) == ["0:level"]


def test_a_series_with_a_patch_missing_is_not_judged() -> None:
    assert undocumented(patch_of(2, SHOW), total=2) == []
    assert undocumented(replace(patch_of(1, SHOW), quoted=True)) == []
    assert undocumented(replace(patch_of(1, SHOW), subject="Re: [PATCH] a")) == []


def test_attributes_that_need_no_word() -> None:
    moved = file_of("-static DEVICE_ATTR_RO(level);", "+static DEVICE_ATTR_RO(level);", path="drivers/misc/part.c")
    assert undocumented(patch_of(1, moved)) == []
    assert undocumented(patch_of(1, file_of("+static DEVICE_ATTR_RO(level);", path="drivers/hwmon/part.c"))) == []
    listed = file_of("+static IIO_DEVICE_ATTR(level_available, 0444, a, b, 0);", path="drivers/iio/part.c")
    assert undocumented(patch_of(1, listed)) == []


def test_a_file_that_is_not_compiled_yet_breaks_no_build() -> None:
    fresh = replace(USE, change=Change.ADD)
    assert early(patch_of(1, fresh), patch_of(2, DEFINE)) == []
    make = file_of("+obj-$(CONFIG_A) += a.o", path="lib/Makefile")
    assert early(patch_of(1, fresh, make), patch_of(2, DEFINE)) == ["0:part_start"]
    other = file_of("+obj-$(CONFIG_A) += ba.o", path="lib/Makefile")
    assert early(patch_of(1, fresh, other), patch_of(2, DEFINE)) == []
    assert early(patch_of(1, fresh), patch_of(2, USE), patch_of(3, make, DEFINE)) == []


def long_series(*names: str, message_id: str | None = None, count: int = 16) -> list[str]:
    patches = [
        replace(
            patch_of(index),
            total=16,
            message_id=message_id,
            author=Person(names[index % len(names)], f"{names[index % len(names)]}@x"),
        )
        for index in range(1, count + 1)
    ]
    return [found.texts["COUNT"] for found in MAILS["too-long"](Series(tuple(patches)), Context(Tables({})))]


def test_a_queue_of_many_people_in_files_is_no_long_series() -> None:
    assert long_series("ann", message_id="1@x", count=2) == ["16"]
    assert long_series("ann", "bob", "cy", "dan", message_id="1@x") == ["16"]
    assert long_series("ann", "bob") == ["16"]
    assert long_series("ann", "bob", "cy", "dan") == []
    assert long_series("ann", count=15) == []
