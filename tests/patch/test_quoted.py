"""Replies: the quoted patch, at any depth, and the remarks in it."""

from __future__ import annotations

import pytest

from linter.patch.intake import parse_message
from linter.patch.model import LineKind

from .mails import DIFF, LOG, quote, reply

ATTRIBUTION = b"On Mon, 1 Jan 2024, Ann Author <ann@example.org> wrote:\n"


@pytest.mark.parametrize("marks", [b"> ", b">", b">> ", b"> > > ", b"| "])
def test_quoted_at_any_depth(marks: bytes) -> None:
    message = parse_message(reply(ATTRIBUTION + quote(LOG + DIFF, marks)), "test")
    (patch,) = message.patches
    assert patch.quoted and patch.message_id == "two@example.org"
    (file,) = patch.files
    assert file.path == "drivers/foo.c"
    added = [line for line in file.hunks[0].lines if line.kind is LineKind.ADDED]
    assert [(line.post_lineno, line.text) for line in added] == [(13, b"\tif (ret)"), (14, b"\t\treturn ret;")]
    for line in added:
        assert patch.line_text(line.patch_lineno).endswith(line.text)
    assert [trailer.token for trailer in patch.trailers] == ["Signed-off-by"]


def test_remarks_belong_to_the_line_above() -> None:
    quoted = quote(LOG + DIFF).replace(b"> +\tif (ret)\n", b"> +\tif (ret)\n\nWhat if it is positive?\n\n")
    (patch,) = parse_message(reply(ATTRIBUTION + quoted + b"\n-- \nRea\n"), "test").patches
    (remark,) = patch.remarks
    assert remark.text == "What if it is positive?"
    assert remark.line is not None and remark.line.post_lineno == 13
    assert remark.path == "drivers/foo.c"
    assert patch.author is not None and patch.author.address == "ann@example.org"
    assert all(b"positive" not in line.text for line in patch.files[0].hunks[0].lines)


@pytest.mark.parametrize(
    ("line", "rest"),
    [
        (b"+\t\t\t\tfoo_enable(foo, FOO_FAST, ", b"FOO_FLAG_SLEEPS);"),  # short in bytes, wide on the screen
        (b"+\tif (foo_is_enabled(foo, FOO_FLAG_ONE | FOO_FLAG_TWO) &&", b"ret)"),
    ],
)
def test_the_end_of_a_wrapped_line_is_no_remark(line: bytes, rest: bytes) -> None:
    body = quote(LOG + DIFF).replace(b"> +\tif (ret)\n", b"> " + line + b"\n" + rest + b"\n")
    (patch,) = parse_message(reply(ATTRIBUTION + body), "test").patches
    assert patch.remarks == ()
    texts = [found.text for found in patch.files[0].hunks[0].lines]
    assert line[1:].rstrip() + b" " + rest in [b" ".join(text.rsplit(b"  ", 1)) for text in texts]
    short = quote(LOG + DIFF).replace(b"> +\tif (ret)\n", b"> +\tif (ret)\n" + rest + b"\n")
    (patch,) = parse_message(reply(ATTRIBUTION + short), "test").patches
    assert [remark.text for remark in patch.remarks] == [rest.decode()]


def test_trimmed_quotation_does_not_invent_line_numbers() -> None:
    quoted = quote(DIFF).replace(b"> -\tfoo_old(foo);\n", b"[...]\n")
    (patch,) = parse_message(reply(quoted), "test").patches
    first, second = patch.files[0].hunks
    assert first.cut and first.numbered and [line.post_lineno for line in first.lines] == [10, 11, 12]
    assert not second.numbered and {line.post_lineno for line in second.lines} == {None}


def test_code_without_any_header() -> None:
    code = (
        b">> +static int foo_probe_with_a_long_name(struct foo_device *foo, struct bar *bar,\n>> size_t size)\n>> +{\n"
        b">> +\tint ret;\n> Why int?\n>> +\tret = foo(bar);\n>> +\treturn ret;\n>> +}\n"
    )
    (patch,) = parse_message(reply(code), "test").patches
    (file,) = patch.files
    assert file.path is None
    (hunk,) = file.hunks
    assert not hunk.numbered and hunk.lines[0].text.endswith(b"struct bar *bar, size_t size)")
    assert {line.post_lineno for line in hunk.lines} == {None}
    assert patch.author is None
    assert [remark.text for remark in patch.remarks] == ["Why int?"]


@pytest.mark.parametrize(
    "body",
    [
        quote(b"I think we want:\n+ more tests\n+ more docs\n+ fewer words\n+ better names\n"),
        quote(LOG) + b"\nReviewed-by: Rea Viewer <rea@example.org>\n",
        quote(b"@@ -1,3 +1,4 @@ foo\n \tint ret;\n \tint foo;\n") + b"\nHm.\n",
        quote(b"one\ntwo\n") * 50,
    ],
)
def test_discussion_is_no_patch(body: bytes) -> None:
    assert parse_message(reply(body), "test").patches == ()


def test_own_patch_wins_over_a_quoted_one() -> None:
    body = quote(DIFF) + b"\nRather so:\n\n" + DIFF.replace(b"foo.c", b"bar.c")
    (patch,) = parse_message(reply(body), "test").patches
    assert not patch.quoted and patch.files[0].path == "drivers/bar.c"


def test_forwarded_original_is_not_the_repliers() -> None:
    body = b"Applied.\n\n-----Original Message-----\nFrom: Ann Author <ann@example.org>\n\n" + LOG + DIFF
    (patch,) = parse_message(reply(body), "test").patches
    assert patch.quoted and patch.author is None
