"""The parts of a comment by themselves: no text can leave its span, its cell or its fence."""

from __future__ import annotations

import pytest

from linter.render.markdown import LONGEST, cell, code, fence, plain, render, words
from linter.render.options import RenderOptions
from linter.review.model import PatchReport
from tests.render import sample
from tests.render.build import at, finding, judge, report_of


def test_a_fence_is_longer_than_any_run_inside():
    assert fence("a\n````\nb").startswith("`````\n")
    assert fence("a", "c") == "```c\na\n```\n"


@pytest.mark.parametrize(("text", "span"), [("a", "`a`"), ("a`b", "``a`b``"), ("`", "`` ` ``"), ("", "`  `")])
def test_code_spans(text: str, span: str):
    assert code(text) == span


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("<b>", "&lt;b\\>"),
        ("&amp;", "&amp;amp;"),
        ("[x](y)", "\\[x\\](y)"),
        ("*a* _b_ a_b", "\\*a\\* \\_b\\_ a_b"),
        ("@all see #12 and !7", "@<!-- -->all see #<!-- -->12 and !<!-- -->7"),
        ("https://x.org", "https<!-- -->://x.org"),
        ("- item", "\\- item"),
        ("1. item", "\\1. item"),
    ],
)
def test_plain_text_has_no_markup(text: str, safe: str):
    assert plain(text) == safe


def test_messages_keep_their_code():
    assert words("`a|b` leaks *here*") == "`a|b` leaks \\*here\\*"
    assert cell(words("`a|b`")) == "`a\\|b`"


def test_a_comment_stays_below_what_forges_take():
    patch = sample.heap_patch()
    one = judge(finding([(at(patch, "return -EFAULT;"), "x" * 200)], help="why " * 500))
    text = "".join(render(report_of(PatchReport(patch, (one,) * 80)), RenderOptions()))
    assert len(text) < LONGEST + 1000
    assert "more findings did not fit into this comment." in text
    assert text.count("#### ") == 1
