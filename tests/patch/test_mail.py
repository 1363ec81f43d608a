"""Mails: headers, encodings, parts, pages."""

from __future__ import annotations

import base64
import quopri

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from linter.patch.header import parse_date, parse_person, parse_subject
from linter.patch.intake import parse_message
from linter.patch.mail import parse_mail
from linter.patch.model import DamageKind

from .mails import DIFF, HEAD, LOG, MAIL, SEPARATOR, SIGNATURE, quote, reply

BODY = LOG + DIFF + SIGNATURE


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        (b"quoted-printable", quopri.encodestring(BODY)),
        (b"base64", base64.encodebytes(BODY)),
        (b"base64", base64.encodebytes(BODY.replace(b"\n", b"\r\n")) + b"\n_____\nA list's footer\n"),
        (b"8bit", BODY),
    ],
)
def test_transfer_encodings(encoding: bytes, body: bytes) -> None:
    raw = HEAD + b"Content-Transfer-Encoding: " + encoding + b"\nContent-Type: text/plain; charset=utf-8\n\n" + body
    (patch,) = parse_message(raw, "test").patches
    assert patch.damage == ()
    added = patch.files[0].hunks[0].lines[4]
    assert patch.line_text(added.patch_lineno) == b"+\tif (ret)"


def test_decoded_body_under_an_old_header() -> None:
    odd = MAIL.replace(b"\tif (ret)", b"\tif (a == 0x10) x=20;")
    raw = odd.replace(b"\n\n", b"\nContent-Transfer-Encoding: quoted-printable\n\n", 1)
    for decoded in (True, False):
        (patch,) = parse_message(raw, "test", decoded=decoded).patches
        assert patch.files[0].hunks[0].lines[4].text == b"\tif (a == 0x10) x=20;"


def test_charsets() -> None:
    raw = HEAD + b'Content-Type: text/plain; charset="iso-8859-1"\n\nG\xfcnther\n' + DIFF
    (patch,) = parse_message(raw, "test").patches
    assert patch.body.strip() == "Günther".encode()


def test_attached_patch() -> None:
    raw = (
        b"From: Ann Author <ann@example.org>\nSubject: [PATCH] foo: attached\nMIME-Version: 1.0\n"
        b'Content-Type: multipart/mixed; boundary="bb"\n\n--bb\nContent-Type: text/plain\n\nSee the file.\n'
        b'--bb\nContent-Type: text/x-patch; name="a.patch"\nContent-Transfer-Encoding: base64\n\n'
        + base64.encodebytes(DIFF)
        + b"--bb--\n"
    )
    (patch,) = parse_message(raw, "test").patches
    assert patch.files[0].path == "drivers/foo.c"
    assert patch.line_text(patch.files[0].hunks[0].patch_lineno).startswith(b"@@ -10,7")


def test_html_part_alone() -> None:
    page = b"<html><body><pre>" + BODY.replace(b"&", b"&amp;").replace(b">", b"&gt;") + b"</pre></body></html>"
    raw = HEAD + b"Content-Type: text/html; charset=utf-8\n\n" + page
    (patch,) = parse_message(raw, "test").patches
    assert DamageKind.MARKUP in {entry.kind for entry in patch.damage}
    assert len(patch.files[0].hunks[0].lines) == 9


def test_crlf_of_the_transport_is_not_the_files() -> None:
    (patch,) = parse_message(MAIL.replace(b"\n", b"\r\n"), "test").patches
    assert patch.files[0].hunks[0].lines[0].text == b"\tint ret;"
    (kept,) = parse_message(MAIL.replace(b"ret;\n", b"ret;\r\n"), "test").patches
    assert kept.files[0].hunks[0].lines[0].text == b"\tint ret;\r"


def test_headers_that_lost_their_indent() -> None:
    raw = (
        b"From: Ann Author <ann@example.org>\nCc: One <one@example.org>,\nTwo <two@example.org>,\nthree@example.org\n"
        b"Subject: [PATCH] foo: bar\nMessage-ID: <x@example.org>\nIn-Reply-To: <a@example.org>\n"
        b"In-Reply-To: <b@example.org>\nFrom: Bea Writer <bea@example.org>\nThe log.\n---\n" + DIFF
    )
    (patch,) = parse_message(raw, "test").patches
    assert str(patch.sender) == "Ann Author <ann@example.org>"
    assert str(patch.author) == "Bea Writer <bea@example.org>"
    assert patch.in_reply_to == "a@example.org"
    assert patch.body == b"The log.\n"
    assert patch.line_text(patch.body_lineno) == b"The log."


def test_encoded_words_and_in_body_author() -> None:
    raw = MAIL.replace(b"Ann Author <", b"=?utf-8?q?J=C3=B6rg?= =?iso-8859-1?B?/A==?= <", 1)
    raw = raw.replace(b"\n\nSay", b"\n\nFrom: Bea Writer <bea@example.org>\n\nSay")
    (patch,) = parse_message(raw, "test").patches
    assert patch.sender is not None and patch.sender.name == "Jörgü"
    assert str(patch.author) == "Bea Writer <bea@example.org>"
    assert patch.body.startswith(b"Say why.")
    assert [(t.token, patch.line_text(t.patch_lineno)) for t in patch.trailers] == [
        ("Signed-off-by", b"Signed-off-by: Ann Author <ann@example.org>")
    ]


def test_base_commit_and_change_id() -> None:
    raw = MAIL.replace(b"---\n drivers", b"---\nchange-id: 2024-foo\n drivers") + b"base-commit: " + b"ab" * 20 + b"\n"
    (patch,) = parse_message(raw, "test").patches
    assert (patch.base_commit, patch.change_id) == ("ab" * 20, "2024-foo")


def test_several_mails_inside_one() -> None:
    inner = SEPARATOR + MAIL.replace(b"free the thing", b"other").replace(b"drivers/foo", b"drivers/bar")
    (first, second) = parse_message(MAIL + b">" + inner, "test").patches
    assert (first.files[0].path, second.files[0].path) == ("drivers/foo.c", "drivers/bar.c")
    assert (second.title, second.message_id) == ("foo: other", "one@example.org")
    assert second.line_text(second.files[0].hunks[0].patch_lineno).startswith(b"@@ ")


PAGE_TOP = b"All of lore.kernel.org\n help / color / mirror / Atom feed\n"
PAGE_END = (
    b"\n  parent reply\tother threads:[~2024-01-01  1:00 UTC|newest]\n"
    b"\nThread overview: 2+ messages / expand[flat|nested]\n"
    b"2024-01-01  1:00 [PATCH v2 1/3] foo: free the thing Ann Author [this message]\n\nReply instructions:\n\nYou may\n"
)


def test_saved_page_is_one_mail() -> None:
    shown = MAIL.replace(b"+0100\n", b"+0100\t[thread overview]\n").replace(
        b"example.org>\n\n", b"example.org> (raw)\n\n"
    )
    page = PAGE_TOP + shown + b"\nWARNING: multiple messages have this Message-ID (diff)\n" + shown + PAGE_END
    message = parse_message(page, "test")
    (patch,) = message.patches
    assert (patch.message_id, patch.date) == ("one@example.org", 1704067200.0)
    assert len(patch.files) == 1 and patch.damage == ()
    assert page.split(b"\n")[patch.files[0].hunks[0].patch_lineno - 1].startswith(b"@@ ")
    assert all("overview" not in value for _, value in patch.headers)


def test_subjects() -> None:
    subject = parse_subject("Re: [RFC PATCH net-next v3 02/17] a: b [c]")
    assert (subject.version, subject.index, subject.total, subject.reply) == (3, 2, 17, True)
    assert subject.title == "a: b [c]"
    assert subject.prefixes == ("RFC", "PATCH", "net-next", "v3", "02/17")
    assert parse_subject("[PATCHv4] x").version == 4


def test_dates_and_people() -> None:
    assert parse_date("Fri, 19 May 2017 10:33:52 -0600") == 1495211632.0
    assert parse_date("nonsense") is None
    assert str(parse_person('"Author, Ann" <ann@example.org>')) == "Author, Ann <ann@example.org>"
    assert str(parse_person("ann@example.org (Ann Author)")) == "Ann Author <ann@example.org>"


PIECES = [
    MAIL,
    DIFF,
    LOG,
    HEAD,
    quote(DIFF),
    reply(quote(DIFF)),
    SEPARATOR,
    PAGE_TOP,
    PAGE_END,
    b"\n",
    b"@@ -1 +1 @@\n",
    b"> ",
]


@settings(deadline=None, max_examples=300)
@given(st.lists(st.one_of(st.sampled_from(PIECES), st.binary(max_size=40)), max_size=6).map(b"".join))
@example(b"@@ -1,1 +1,1 @@\n")
@example(b"diff --git \n--- a\n+++ b\n@@\n+\n")
def test_any_bytes_give_a_message(data: bytes) -> None:
    message = parse_message(data, "test")
    for patch in message.patches:
        total = patch.raw.count(b"\n") + 1
        for file in patch.files:
            for hunk in file.hunks:
                assert all(1 <= line.patch_lineno <= total for line in hunk.lines)


@settings(deadline=None, max_examples=200)
@given(st.integers(0, len(MAIL)), st.integers(0, len(MAIL)), st.binary(max_size=3))
def test_a_cut_or_spoilt_mail_gives_a_message(start: int, end: int, put: bytes) -> None:
    parse_message(MAIL[:start] + put + MAIL[end:], "test")


@pytest.mark.parametrize(
    "data",
    [
        b"+" * 3_000_000,
        b"> " * 1_000_000,
        HEAD + b"\n" + b"> " * 500_000 + b"+x\n",
        HEAD + b"X: y\n" * 200_000 + b"\n",
        b"From: " + b"a" * 1_000_000,
        HEAD + b"\n" + b"diff --git a/x b/x\n" * 30_000,
        HEAD + b"\n" + b"--- a\n+++ b\n@@ -1 +1 @@\n-a\n+b\n" * 10_000,
        HEAD + b"\n" + b"--- a\n+++ b\n@@ -1,99999 +1,99999 @@\n" + b"x\n" * 100_000,
        HEAD + b"\n" + quote(b"+int x;\n" * 50_000),
        HEAD + b"\n" + b"> +int x;\nremark\n" * 30_000,
        HEAD + b"\n" + b"a: b\n" * 100_000 + DIFF,
        HEAD + b"\n" + b"-" * 500_000 + b"\n" + b"- " * 200_000 + DIFF,
        HEAD + b"\nFrom " + b"x " * 500_000,
        b"\0" * 1_000_000,
        HEAD + b"\n" + b"<" * 300_000,
    ],
    ids=range(15),
)
def test_hostile_sizes(data: bytes) -> None:
    parse_message(data, "test")
    parse_mail(HEAD + b"Content-Type: text/html\n\n" + data)
