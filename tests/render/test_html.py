"""The page: well-formed, closed to scripts and the network, and laid out in a real browser where there is one."""

from __future__ import annotations

import os
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from linter.render.html import render
from linter.render.options import RenderOptions
from linter.review.model import PatchReport, Report
from tests.render import sample
from tests.render.browser import look, needs_chromium, picture
from tests.render.build import at, finding, judge, patch_of, report_of, whole_image
from tests.render.golden import check_golden

VOID = {"meta", "input", "col", "br", "hr", "link", "img"}


def page(report: Report | None = None, **options) -> str:
    return "".join(render(report or sample.sample(), RenderOptions(**options)))


class Tree(HTMLParser):
    """Tags, ids and links; fails where a tag is left open or closed twice."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.words: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        named = dict(attrs)
        assert not any(key.startswith("on") for key in named)
        if named.get("id"):
            self.ids.append(str(named["id"]))
        self.links += [str(value) for key, value in attrs if key in ("href", "src")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open[-1:] not in (["style"], ["script"]):
            self.words.append(data)


def test_golden():
    check_golden("sample.html", page())


@pytest.mark.parametrize("case", ["sample", "clean", "empty", "hostile"])
def test_well_formed_and_self_contained(case: str):
    text = page(getattr(sample, case)(), show_suppressed=True)
    tree = Tree(text)
    assert len(tree.ids) == len(set(tree.ids))
    assert not {"script", "img", "link", "iframe", "object"} & set(tree.tags)
    assert {link for link in tree.links if not link.startswith("#")} <= {"https://example.org/fd?a=1&b=2"}
    assert {link[1:] for link in tree.links if link.startswith("#")} <= set(tree.ids)
    assert "default-src 'none'" in text
    assert not re.search(r"url\(|@import", text)


def test_hostile_text_is_shown_as_what_it_is():
    words = "".join(Tree(page(sample.hostile())).words)
    assert "<U+001B>[31m<U+202E><script>alert(1)</script>" in words
    assert "\x1b" not in words
    assert "\u202e" not in words


def test_text_around_a_mark_is_escaped():
    patch = sample.hostile_patch()
    (before, inside) = (at(patch, "*/", nth=3), at(patch, "<script>", nth=5))
    text = page(report_of(PatchReport(patch, (judge(finding([(before, "a"), (inside, "b")])),))))
    assert "<mark>*/</mark>" in text
    assert '<mark class="primary">&lt;script&gt;</mark>' in text
    assert "<script" not in text


def test_landmarks_and_headings():
    text = page()
    tags = Tree(text).tags
    for landmark in ("header", "nav", "main", "footer", "h1", "h2", "h3", "h4", "caption"):
        assert landmark in tags
    assert tags.count("h1") == tags.count("main") == 1
    assert '<html lang="en">' in text
    assert 'class="skip" href="#main"' in text
    assert text.count("<label>") == text.count('<input type="checkbox"')


def test_the_places_of_a_path_are_linked():
    text = page()
    assert '<a href="#p1-44">drivers/dma-buf/dma-heap.c:115</a>: reserved here' in text
    assert 'id="p1-44"' in text
    assert re.search(r'↳ reserved here \(<a href="#f3">', text)


def test_a_place_outside_the_patch_shows_its_code():
    patch = sample.heap_patch()
    image = whole_image(sample.HEAP, b"".join(b"<line %d>\n" % n for n in range(1, 30)))
    labels = [(sample.elsewhere(patch), "owed"), (at(patch, "return -EFAULT;"), "left")]
    one = PatchReport(patch, (judge(finding(labels)),), (), {(sample.HEAP, "post"): image})
    assert "drivers/dma-buf/dma-heap.c:12 <code>&lt;line 12&gt;</code>: owed" in page(report_of(one))


def test_a_long_file_is_shown_around_its_remarks():
    lines = "".join(f"+line number {n}\n" for n in range(1, 601))
    head = sample.heap_patch().raw.decode().partition("\ndiff --git")[0]
    raw = f"{head}\ndiff --git a/a.c b/a.c\n--- a/a.c\n+++ b/a.c\n@@ -0,0 +1,600 @@\n{lines}"
    more = "".join(f"@@ -{n},0 +{n},2 @@ far\n+one more\n+and one\n" for n in range(700, 703))
    patch = patch_of((raw + more).encode())
    path = [(at(patch, "line number 100", whole=True), "taken"), (at(patch, "line number 300", whole=True), "lost")]
    text = page(report_of(PatchReport(patch, (judge(finding(path)),))))
    tree = Tree(text)
    assert {link[1:] for link in tree.links if link.startswith("#")} <= set(tree.ids)
    words = "".join(tree.words)
    for number, there in ((74, False), (75, True), (125, True), (126, False), (275, True), (326, False)):
        assert (f"line number {number}" in words) == there, number
    assert "… 74 lines without a remark" in words
    assert "… 149 lines without a remark" in words
    assert "… 275 lines without a remark" in words
    assert words.count("far · 2 lines without a remark") == 3
    assert "one more" not in words


def test_remarks_are_listed_by_patch_and_many_rules_folded():
    many = [
        PatchReport(
            sample.heap_patch(),
            tuple(
                judge(finding([(at(sample.heap_patch(), "return -EFAULT;"), "")], rule=f"rule-{number}-{n}"))
                for n in range(8)
            ),
        )
        for number in range(2)
    ]
    text = page(report_of(*many))
    assert text.count('<h3><a href="#patch') == 2
    assert "<legend>Show rule</legend><details><summary>16 rules</summary>" in text
    assert "<summary>" not in page().partition("</form>")[0]


def test_what_was_skipped_is_listed():
    text = page()
    assert '<h2 id="skipped">Not analysed</h2>' in text
    assert "drivers/dma-buf/Kconfig: syntax: not C" in text
    assert "cut off inside a MIME part" in text


def test_no_patch_is_said():
    assert "no patch was reviewed" in page(sample.empty())
    assert "Nothing to remark." in page(sample.clean())


LAYOUT = """(() => {
  const row = document.getElementById('p1-58').getBoundingClientRect();
  const card = document.getElementById('f3').getBoundingClientRect();
  const style = getComputedStyle(document.getElementById('f3'));
  return {
    below: card.top - row.bottom, height: card.height, width: card.width, inside: innerWidth,
    scroll: document.scrollingElement.scrollWidth, visible: style.visibility, display: style.display,
    code: document.querySelector('#p1-58 td.c').getBoundingClientRect().width,
    page: getComputedStyle(document.body).backgroundColor, text: getComputedStyle(document.body).color,
  };
})()"""


@needs_chromium
@pytest.mark.parametrize(("width", "dark"), [(1100, False), (1100, True), (500, False)])
def test_the_remark_is_seen_beside_its_line(tmp_path: Path, width: int, dark: bool):
    seen = look(page(), LAYOUT, tmp_path, width=width, dark=dark)
    assert 0 <= seen["below"] < 30
    assert seen["height"] > 60
    assert seen["width"] > 0.6 * min(width, 900)
    assert seen["code"] > 0.6 * width
    assert seen["scroll"] <= seen["inside"], "nothing sticks out sideways"
    assert (seen["visible"], seen["display"] != "none") == ("visible", True)
    assert contrast(seen["page"], seen["text"]) > 10
    assert (_brightness(seen["page"]) < 0.1) == dark


CONTRAST = """[...document.querySelectorAll('.chip, .soft, h4, article p, td.n, td.m, td.c, a, code, summary')].map(
 e => {
  let under = e, back = 'rgba(0, 0, 0, 0)';
  for (; under && back === 'rgba(0, 0, 0, 0)'; under = under.parentElement) {
    back = getComputedStyle(under).backgroundColor;
  }
  return [e.className || e.tagName, getComputedStyle(e).color, back];
})"""


@needs_chromium
@pytest.mark.parametrize("dark", [False, True])
def test_every_text_can_be_read(tmp_path: Path, dark: bool):
    pairs = look(page(show_suppressed=True), CONTRAST, tmp_path, dark=dark)
    assert len(pairs) > 100
    weak = {(name, text, back) for name, text, back in pairs if contrast(text, back) < 4.5}
    assert not weak


@needs_chromium
def test_filters_work_without_script(tmp_path: Path):
    shown = "[...document.querySelectorAll('article, .list li')].map(e => [e.className, e.offsetHeight > 0])"
    text = page()
    assert all(visible for _, visible in look(text, shown, tmp_path))
    without = text.replace('id="s-warning" checked', 'id="s-warning"')
    assert without != text
    for name, visible in look(without, shown, tmp_path):
        assert visible == ("s-warning" not in name)
    rule = re.search(r'id="(r-\d+)" checked> <code>fd-leak<', text)
    assert rule
    for name, visible in look(text.replace(f'id="{rule[1]}" checked', f'id="{rule[1]}"'), shown, tmp_path):
        assert visible == (rule[1] not in name.split())


@needs_chromium
def test_hostile_text_runs_nothing(tmp_path: Path):
    script = (
        "[document.scripts.length, document.body.innerText.includes('<script>alert(1)<' + '/script>'), document.title]"
    )
    scripts, seen, title = look(page(sample.hostile()), script, tmp_path)
    assert (scripts, seen) == (1, True)
    assert title.startswith("hunklint: 2 errors")


@needs_chromium
def test_pictures_to_look_at(tmp_path: Path):
    folder = os.environ.get("HUNKLINT_PICTURES")
    if not folder:
        pytest.skip("HUNKLINT_PICTURES does not name a folder")
    for name, width, dark in (("light", 1100, False), ("dark", 1100, True), ("narrow", 500, False)):
        picture(page(), Path(folder) / f"{name}.png", tmp_path, width=width, dark=dark)


def _channels(color: str) -> list[float]:
    return [float(part) / 255 for part in re.findall(r"[\d.]+", color)[:3]]


def _brightness(color: str) -> float:
    red, green, blue = (c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in _channels(color))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """The ratio of https://www.w3.org/TR/WCAG21/#contrast-minimum"""
    dark, light = sorted((_brightness(one), _brightness(other)))
    return (light + 0.05) / (dark + 0.05)
