"""Diffs: files, modes, paths, and the place of every line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linter.patch.diff import parse_diff
from linter.patch.intake import parse_message
from linter.patch.model import Change, FilePatch, LineKind, Patch

from .mails import DIFF, MAIL


def parse(text: bytes) -> tuple[FilePatch, ...]:
    lines = text.split(b"\n")
    diff = parse_diff(lines, range(1, len(lines) + 1))
    assert not diff.damage
    return diff.files


def only(raw: bytes) -> Patch:
    (patch,) = parse_message(raw, "test").patches
    return patch


def test_places_of_lines() -> None:
    patch = only(MAIL)
    (hunk,) = patch.files[0].hunks
    assert hunk.section == b"static int foo_probe(struct foo *foo)"
    assert [(line.kind.value, line.pre_lineno, line.post_lineno) for line in hunk.lines] == [
        (" ", 10, 10),
        (" ", 11, 11),
        (" ", 12, 12),
        ("-", 13, None),
        ("+", None, 13),
        ("+", None, 14),
        (" ", 14, 15),
        (" ", 15, 16),
        (" ", 16, 17),
    ]
    for line in hunk.lines:
        assert patch.line_text(line.patch_lineno) == line.kind.value.encode() + line.text
    assert patch.line_text(hunk.patch_lineno).startswith(b"@@ -10,7")


@pytest.mark.parametrize(
    ("head", "change", "pre", "post"),
    [
        (b"diff --git a/x b/y\nsimilarity index 100%\nrename from x\nrename to y\n", Change.RENAME, "x", "y"),
        (b"diff --git a/x b/y\nsimilarity index 90%\ncopy from x\ncopy to y\n", Change.COPY, "x", "y"),
        (b"diff --git a/x b/x\nold mode 100644\nnew mode 100755\n", Change.MODE, "x", "x"),
        (b"diff --git a/x b/x\nnew file mode 100644\nindex 0000000..e69de29\n", Change.ADD, None, "x"),
        (b"diff --git a/x b/x\ndeleted file mode 100644\nindex e69de29..0000000\n", Change.DELETE, "x", None),
        (
            b'diff --git "a/\\303\\251 .c" "b/\\303\\251 .c"\nold mode 100644\nnew mode 100755\n',
            Change.MODE,
            "é .c",
            "é .c",
        ),
        (b"diff --git a/a b b/a b\nold mode 100644\nnew mode 100755\n", Change.MODE, "a b", "a b"),
    ],
)
def test_headers(head: bytes, change: Change, pre: str | None, post: str | None) -> None:
    (file,) = parse(head)
    assert (file.change, file.pre_path, file.post_path, file.hunks) == (change, pre, post, ())


def test_binary_files() -> None:
    text = (
        b"diff --git a/x.bin b/x.bin\nindex 1..2 100644\nBinary files a/x.bin and b/x.bin differ\n"
        b"diff --git a/y.bin b/y.bin\nindex 1111..2222 100644\nGIT binary patch\nliteral 3\nKcmZQzU|?Vb00IC2\n\n"
    )
    assert [(file.path, file.binary) for file in parse(text)] == [("x.bin", True), ("y.bin", True)]


def test_combined_diff_is_named_and_not_read() -> None:
    (file,) = parse(b"diff --cc x.c\nindex 1,2..3\n--- a/x.c\n+++ b/x.c\n@@@ -1,1 -1,1 +1,2 @@@\n  a\n++b\n")
    assert (file.path, file.combined, file.hunks) == ("x.c", True, ())


def test_edited_path_in_git_line_loses_nothing() -> None:
    (file,) = parse(DIFF.replace(b"diff --git a/drivers/foo.c", b"diff --git a/old/foo.c"))
    assert file.post_path == "drivers/foo.c"
    assert len(file.hunks[0].lines) == 9


def test_removed_dashes_are_no_header() -> None:
    text = b"--- a/x\n+++ b/x\n@@ -1,3 +1,3 @@\n--- old\n+++ new\n x\n y\n--- a/z\n+++ b/z\n@@ -1 +1 @@\n-a\n+b\n"
    files = parse(text)
    assert [file.path for file in files] == ["x", "z"]
    assert [line.text for line in files[0].hunks[0].lines] == [b"-- old", b"++ new", b"x", b"y"]


def test_plain_and_svn_diffs() -> None:
    plain = b"--- linux-2.6.orig/mm/x.c\t2009-01-01 00:00:00\n+++ linux-2.6/mm/x.c\t2009-01-02\n@@ -1 +1 @@\n-a\n+b\n"
    svn = b"Index: mm/y.c\n=====\n--- mm/y.c\t(revision 1)\n+++ mm/y.c\t(working copy)\n@@ -1 +1 @@\n-a\n+b\n"
    first, second = parse(plain + svn)
    assert (first.path, first.strip) == ("mm/x.c", 1)
    assert (second.path, second.strip) == ("mm/y.c", 0)


def test_no_newline_marker() -> None:
    (file,) = parse(b"--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+b\n")
    assert file.hunks[0].unterminated == (0,)


def test_odd_bytes_survive() -> None:
    text = b"--- a/x\n+++ b/x\n@@ -1,2 +1,2 @@\n \x0c\x85\xff\r\n-\x1c\n+\x0b\xe9\n"
    (file,) = parse(text)
    assert [line.text for line in file.hunks[0].lines] == [b"\x0c\x85\xff\r", b"\x1c", b"\x0b\xe9"]


def printed(files: tuple[FilePatch, ...]) -> bytes:
    out = b""
    for file in files:
        out += b"--- a/%s\n+++ b/%s\n" % (file.path.encode(), file.path.encode())  # type: ignore[union-attr]
        for hunk in file.hunks:
            out += b"@@ -%d,%d +%d,%d @@ %s\n" % (
                hunk.pre_start, hunk.pre_count, hunk.post_start, hunk.post_count, hunk.section,
            )  # fmt: skip
            for index, line in enumerate(hunk.lines):
                out += line.kind.value.encode() + line.text + b"\n"
                out += b"\\ No newline at end of file\n" if index in hunk.unterminated else b""
    return out


TEXT = st.binary(max_size=12).map(lambda data: data.replace(b"\n", b""))


@st.composite
def diffs(draw: st.DrawFn) -> bytes:
    out = b""
    for name in draw(st.lists(st.sampled_from([b"x.c", b"d/y.h", b"z"]), min_size=1, max_size=3, unique=True)):
        out += b"--- a/%s\n+++ b/%s\n" % (name, name)
        for start in range(draw(st.integers(1, 3))):
            lines = draw(st.lists(st.tuples(st.sampled_from(b" +-"), TEXT), min_size=1, max_size=8))
            pre = sum(kind != ord("+") for kind, _ in lines)
            post = sum(kind != ord("-") for kind, _ in lines)
            out += b"@@ -%d,%d +%d,%d @@ f\n" % (start * 50 + 1, pre, start * 50 + 1, post)
            out += b"".join(bytes([kind]) + text + b"\n" for kind, text in lines)
    return out


@given(diffs())
def test_parse_then_print_is_the_same(text: bytes) -> None:
    assert printed(parse(text)) == text


@given(diffs())
def test_recovered_hunks_obey_their_headers(text: bytes) -> None:
    lines = text.replace(b"\n ", b"\n").split(b"\n")
    for file in parse_diff(lines, range(len(lines))).files:
        for hunk in file.hunks:
            if hunk.numbered and not hunk.cut:
                assert sum(line.kind is not LineKind.ADDED for line in hunk.lines) >= hunk.pre_count


@pytest.mark.parametrize(
    "prose",
    [
        b"diff --git a/x b/x shows nothing of it, and so it was not seen.\n",
        b"diff --git a/x b/x\nis what one would expect.\n",
        b"Binary files a/logo.png and b/logo.png differ\n",
        b"diff --git a/x b/x\n",
    ],
)
def test_prose_that_looks_like_the_first_line_of_a_diff_is_none(prose: bytes) -> None:
    log = b"Say why:\n\n" + prose + b"\nSigned-off-by: Ann Author <ann@example.org>\n---\n"
    patch = only(MAIL[: MAIL.index(b"Say why")] + log + DIFF)
    assert [file.path for file in patch.files] == ["drivers/foo.c"]
    assert prose in patch.body and [trailer.token for trailer in patch.trailers] == ["Signed-off-by"]
    talk = parse_message(MAIL[: MAIL.index(b"Say why")] + b"\n" + prose.replace(b"Binary files", b"The files"), "test")
    assert talk.patches == ()


@pytest.mark.parametrize(
    "text",
    [
        b"diff --git a/a/long/path.c\nb/a/long/path.c\nindex 1111111..2222222 100644\n--- a/a/long/path.c\n"
        b"+++ b/a/long/path.c\n@@ -1 +1 @@\n-x\n+y\n",
        b"diff --git a/x b/x\n\nindex 1111111..2222222 100644\n\n--- a/x\n\n+++ b/x\n\n@@ -1 +1 @@\n\n-x\n\n+y\n",
        b"diff --git a/x b/x\n@@ -1 +1 @@\n-x\n+y\n",
        b"Binary files a/logo.png and b/logo.png differ\n",
        b"diff --git a/x b/x\r\nold mode 100644\r\nnew mode 100755\r\n",
    ],
    ids=["wrapped", "double-spaced", "headless", "binary alone", "CRLF"],
)
def test_a_hurt_header_still_begins_a_diff(text: bytes) -> None:
    assert len(only(MAIL[: MAIL.index(b"Say why")] + b"Say why.\n---\n" + text).files) == 1
