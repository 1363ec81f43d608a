"""Nothing that a patch holds can act on a terminal; every byte of a line knows its column."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from linter.render.escape import data, decode, in_ci, no_commands, one_line, prose, show, take, visible, width


@pytest.mark.parametrize(
    ("raw", "seen"),
    [
        ("\x1b[31mred", "␛[31mred"),
        ("a\u202eb", "a<U+202E>b"),
        ("zero\u200bwidth", "zero<U+200B>width"),
        ("\x9b31m", "<U+009B>31m"),
        ("bell\x07", "bell␇"),
        ("\x7f", "␡"),
        ("p\udcffq", "p\\xffq"),
        ("\u2028", "<U+2028>"),
        ("naïve 漢字 🙂", "naïve 漢字 🙂"),
    ],
)
def test_what_cannot_be_printed_is_shown(raw: str, seen: str):
    assert visible(raw) == seen


def test_ascii_names_where_pictures_cannot_be_shown():
    assert visible("\x1b\x7fé", unicode=False) == "<U+001B><U+007F><U+00E9>"
    assert visible("\x1b\x7fé", unicode=None) == "<U+001B><U+007F>é"
    assert show("é = 漢".encode(), unicode=False).text == "<U+00E9> = <U+6F22>"


def test_bytes_that_are_not_utf8_are_latin1():
    assert decode(b"caf\xe9") == "café"
    assert decode("漢".encode()) == "漢"
    assert decode("漢".encode() + b"\xe9") == "漢é"


def test_one_line_cannot_be_broken():
    assert one_line("a\n::error::b\r\nc\x0bd") == "a ::error::b c d"


def test_prose_keeps_line_breaks_only():
    assert prose("a\r\nb\x1b\tc") == "a\nb␛      c"


def test_data_is_valid_utf8():
    assert data("ok\x1b") == "ok\x1b"
    data("a\udc80\ud800").encode("utf-8")


@given(st.text())
def test_visible_text_is_printable(text: str):
    assert visible(text).isprintable()
    assert one_line(text).isprintable()


@given(st.binary(max_size=300))
def test_columns_fit_the_text(line: bytes):
    shown = show(line.replace(b"\n", b""))
    assert shown.text.isprintable()
    assert shown.columns[-1] == width(shown.text)
    assert list(shown.columns) == sorted(shown.columns)


def test_tabs_stop_at_every_eighth_column():
    shown = show(b"\tif (a)\tb")
    assert shown.text == "        if (a)  b"
    assert [shown.column(b) for b in (0, 1, 7, 8)] == [0, 8, 14, 16]


def test_wide_and_combining_characters():
    shown = show("漢e\u0301x".encode())
    assert [shown.column(b) for b in (0, 3, 4, 6)] == [0, 2, 3, 3]
    assert width(shown.text) == 4


def test_a_huge_line_is_cut_around_the_place():
    line = b"a" * 5_000_000 + b"HERE" + b"b" * 5_000_000
    shown = show(line, around=5_000_000)
    assert "HERE" in shown.text
    assert len(shown.text) <= 1000
    assert shown.text[shown.column(5_000_000) :].startswith("HERE")


@example("漢", 1, 0)
@given(st.text(st.characters(categories=["Lo", "Lu", "Mn"])), st.integers(0, 20), st.integers(0, 20))
def test_take_is_as_wide_as_asked(text: str, start: int, count: int):
    assert width(take(text, start, count)) <= count


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("::error::x", ": :error::x"),
        ("a\n  ::stop-commands::t\n", "a\n  : :stop-commands::t\n"),
        ("1 | + /* ##[add-mask]x */", "1 | + /* # #[add-mask]x */"),
        ("##vso[task.x]", "# #vso[task.x]"),
        ("a ##teamcity[x] ##[y]", "a # #teamcity[x] # #[y]"),
        ("###[x]", "## #[x]"),
        ("std::string a::b ## x [y] #[z]", "std::string a::b ## x [y] #[z]"),
    ],
)
def test_no_line_of_a_log_is_a_command(text: str, shown: str):
    assert no_commands(text) == shown


def test_who_takes_lines_for_commands():
    assert in_ci({"GITHUB_ACTIONS": "true"})
    assert in_ci({"TF_BUILD": "True"})
    assert not in_ci({"GITHUB_ACTIONS": "", "CI": "true"})
