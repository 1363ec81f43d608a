"""Damaged patches: what is recovered, what it is called, and the first bad line."""

from __future__ import annotations

import pytest

from linter.patch.intake import parse_message
from linter.patch.model import DamageKind, LineKind, Patch

from .mails import DIFF, HEAD, LOG, MAIL, SIGNATURE


def parse(diff: bytes, tail: bytes = SIGNATURE) -> Patch:
    (patch,) = parse_message(HEAD + b"\n" + LOG + diff + tail, "test").patches
    return patch


def post_lines(patch: Patch) -> list[tuple[int | None, bytes]]:
    return [(line.post_lineno, line.text) for line in patch.files[0].hunks[0].lines if line.kind is LineKind.ADDED]


def test_clean_mail_is_not_damaged() -> None:
    (patch,) = parse_message(MAIL, "test").patches
    assert patch.damage == ()


def test_lost_blanks_and_vanished_lines() -> None:
    hurt = b"\n".join(
        line[1:].lstrip() if line[:1] == b" " else line.replace(b"\t", b" ") for line in DIFF.split(b"\n")
    ).replace(b"\n\n", b"\n")
    patch = parse(hurt)
    assert [entry.kind for entry in patch.damage][:1] == [DamageKind.LOST_BLANK]
    assert patch.line_text(patch.damage[0].patch_lineno) == b"int ret;"
    assert post_lines(patch) == [(13, b" if (ret)"), (14, b"  return ret;")]
    assert not patch.files[0].hunks[0].cut


def test_wrapped_lines_are_joined() -> None:
    long = b"+\tif (foo_is_enabled(foo, FOO_FLAG_ONE | FOO_FLAG_TWO | FOO_FLAG_THREE) &&\nfoo_is_ready(foo))\n"
    patch = parse(DIFF.replace(b"+\tif (ret)\n", long))
    (damage,) = patch.damage
    assert (damage.kind, damage.count) == (DamageKind.WRAPPED, 1)
    assert patch.line_text(damage.patch_lineno) == b"foo_is_ready(foo))"
    assert post_lines(patch)[0][1].endswith(b"FOO_FLAG_THREE) && foo_is_ready(foo))")
    assert post_lines(patch)[1] == (14, b"\t\treturn ret;")


@pytest.mark.parametrize("counts", [b"-10,9 +10,10", b"-10,3 +10,4"])
def test_wrong_counts(counts: bytes) -> None:
    patch = parse(DIFF.replace(b"-10,7 +10,8", counts))
    assert [entry.kind for entry in patch.damage] == [DamageKind.COUNT]
    assert patch.line_text(patch.damage[0].patch_lineno).startswith(b"@@ ")
    assert post_lines(patch) == [(13, b"\tif (ret)"), (14, b"\t\treturn ret;")]


def test_truncated() -> None:
    patch = parse(DIFF[: DIFF.index(b" \tfoo_start")], b"")
    assert [entry.kind for entry in patch.damage] == [DamageKind.TRUNCATED]
    assert patch.files[0].hunks[0].cut


def test_hunk_header_without_numbers() -> None:
    patch = parse(DIFF.replace(b"@@ -10,7 +10,8 @@ static int foo_probe(struct foo *foo)", b"@@"))
    assert [entry.kind for entry in patch.damage] == [DamageKind.HEADER]
    (hunk,) = patch.files[0].hunks
    assert not hunk.numbered and len(hunk.lines) == 9


def test_tabs_turned_into_spaces() -> None:
    assert [entry.kind for entry in parse(DIFF.replace(b"\t", b" " * 8)).damage] == [DamageKind.TABS]


def test_tabs_expanded_behind_the_marker() -> None:
    hurt = b"\n".join(
        (line[:1] + line[1:].replace(b"\t", b" " * 7, 1)).replace(b"\t", b" " * 8) for line in DIFF.split(b"\n")
    )
    assert [entry.kind for entry in parse(hurt).damage] == [DamageKind.TABS]


def test_a_file_of_git_that_was_never_sent_lost_no_tabs() -> None:
    head = HEAD.replace(b"Message-Id", b"X-Id").replace(b"Message-ID", b"X-Id")
    hurt = DIFF.replace(b"\t", b" " * 8)
    (patch,) = parse_message(head + b"\n" + LOG + hurt + SIGNATURE, "test").patches
    assert patch.damage == ()


def test_a_file_indented_by_four_is_not_damaged() -> None:
    assert parse(DIFF.replace(b"\t", b" " * 4)).damage == ()


def test_no_break_spaces() -> None:
    patch = parse(DIFF.replace(b" \t", b"\xc2\xa0" * 9))
    assert DamageKind.TABS in {entry.kind for entry in patch.damage}
    assert len(patch.files[0].hunks[0].lines) == 9


def test_one_bad_file_does_not_cost_the_others() -> None:
    patch = parse(DIFF.replace(b"-10,7", b"-10,9") + DIFF.replace(b"foo.c", b"bar.c"))
    assert [(file.path, len(file.hunks[0].lines)) for file in patch.files] == [
        ("drivers/foo.c", 9),
        ("drivers/bar.c", 9),
    ]
