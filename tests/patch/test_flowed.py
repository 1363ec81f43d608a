"""Mails with format=flowed: soft breaks and stuffing undone where the hunk adds up for it, and nowhere else."""

from __future__ import annotations

import pytest

from linter.patch.intake import parse_message
from linter.patch.model import DamageKind, Patch

from .mails import DIFF, HEAD, LOG, SIGNATURE

FLOWED = HEAD + b'Content-Type: text/plain; charset="utf-8"; format=flowed\n\n' + LOG
DELSP = FLOWED.replace(b"format=flowed", b"format=flowed; delsp=yes")
LONG = b"+\tif (foo_is_enabled(foo, FOO_FLAG_ONE | FOO_FLAG_TWO) && foo_is_ready(foo))\n"
BROKEN = LONG.replace(b"&& ", b"&& \n")


def parse(diff: bytes, head: bytes = FLOWED) -> Patch:
    (patch,) = parse_message(head + diff + SIGNATURE, "test").patches
    return patch


def texts(patch: Patch) -> list[bytes]:
    return [line.text for line in patch.files[0].hunks[0].lines]


def stuff(diff: bytes) -> bytes:
    return b"".join((b" " if line[:1] == b" " else b"") + line + b"\n" for line in diff.split(b"\n")[:-1])


def test_an_intact_patch_stays_as_it_is() -> None:
    trailing = DIFF.replace(b"foo_start(foo);\n", b"foo_start(foo, with_a_long_argument_that_fills_the_whole_line); \n")
    for diff in (DIFF, trailing):
        plain = parse(diff, HEAD + b"Content-Type: text/plain\n\n" + LOG)
        assert parse(diff).files == plain.files
        assert parse(diff).damage == ()


def test_stuffing_is_taken_off() -> None:
    patch = parse(stuff(DIFF))
    assert texts(patch) == texts(parse(DIFF))
    assert patch.damage == ()


def test_a_comment_is_not_stuffing() -> None:
    diff = DIFF.replace(b" \t", b"  * ").replace(b" }", b"  */")
    assert texts(parse(diff))[0] == b" * int ret;"


@pytest.mark.parametrize("stuffed", [False, True])
def test_a_soft_break_is_undone(stuffed: bool) -> None:
    diff = DIFF.replace(b"+\tif (ret)\n", BROKEN)
    patch = parse(stuff(diff) if stuffed else diff)
    assert texts(patch) == texts(parse(DIFF.replace(b"+\tif (ret)\n", LONG)))
    (damage,) = patch.damage
    assert (damage.kind, damage.count, damage.detail) == (DamageKind.WRAPPED, 1, "format=flowed")
    assert patch.line_text(damage.patch_lineno) == b"foo_is_ready(foo))"


def test_delsp_takes_the_blank_away() -> None:
    patch = parse(DIFF.replace(b"+\tif (ret)\n", BROKEN.replace(b"&& \n", b"&&  \n")), DELSP)
    assert LONG[1:-1] in texts(patch)


def test_a_break_before_a_sign_is_undone() -> None:
    long = b"+\tfoo->length = foo_length_of_the_header_of_the_frame(foo) + FOO_TRAILER;\n"
    patch = parse(DIFF.replace(b"+\tif (ret)\n", long.replace(b"+ FOO", b"\n+ FOO")))
    assert long[1:-1] in texts(patch)


def test_a_short_line_is_not_broken_and_the_signature_stays() -> None:
    patch = parse(DIFF.replace(b"+\tif (ret)\n", b"+\tif \n(ret)\n"))
    assert [entry.detail for entry in patch.damage] != ["format=flowed"]
    assert all(b"2.39.5" not in text for text in texts(parse(DIFF)))


def test_the_last_line_of_a_hunk_goes_on() -> None:
    last = b" \treturn foo_finish(foo, FOO_FLAG_ONE | FOO_FLAG_TWO | FOO_FLAG_THREE, NULL);\n"
    patch = parse(DIFF.replace(b" }\n", last.replace(b"NULL", b"\nNULL")))
    assert texts(patch)[-1] == last[1:-1]


def multipart(first: bytes, second: bytes) -> bytes:
    """A mail of two parts, each with its headers."""
    parts = b"".join(b"--x\n" + part + b"\n" for part in (first, second))
    return HEAD + b'Content-Type: multipart/mixed; boundary="x"\n\n' + parts + b"--x--\n"


def test_a_part_that_is_flowed_is_undone_as_a_mail_is() -> None:
    broken = DIFF.replace(b"+\tif (ret)\n", BROKEN)
    whole = DIFF.replace(b"+\tif (ret)\n", LONG)
    talk = b"Content-Type: text/plain; format=flowed\n\nSee below.\n"
    flowed = b"Content-Type: text/plain; charset=utf-8; format=flowed; delsp=%s\n\n" + LOG
    for first, second in (
        (flowed % b"no" + broken, b"Content-Type: text/html\n\n<p>"),
        (talk, flowed % b"no" + broken),
    ):
        (patch,) = parse_message(multipart(first, second), "test").patches
        assert texts(patch) == texts(parse(whole))
        assert [damage.kind for damage in patch.damage] == [DamageKind.WRAPPED]
    cut = flowed % b"yes" + broken.replace(b"&& \n", b"&&  \n")
    (patch,) = parse_message(multipart(talk, cut), "test").patches
    assert texts(patch) == texts(parse(whole))


def test_an_attachment_that_is_not_flowed_stays_as_it_is() -> None:
    trailing = stuff(DIFF)
    talk = b"Content-Type: text/plain; format=flowed\n\nSee the attachment.\n"
    attached = b"Content-Type: text/x-patch\n\n" + trailing
    (patch,) = parse_message(multipart(talk, attached), "test").patches
    plain = parse_message(HEAD + b"Content-Type: text/plain\n\n" + trailing, "test")
    assert texts(patch) == texts(plain.patches[0])
