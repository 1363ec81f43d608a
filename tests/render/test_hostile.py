"""A patch that would like to be a command, a tag or an escape sequence stays text in every format."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from linter.render.options import RenderOptions
from linter.render.registry import formats, renderer
from tests.render import sample

TEXT = ("text", "terse", "b4", "nipa", "github", "markdown", "checkstyle", "junit")
JSON_LINES = ("jsonl", "rdjsonl", "patchwork")
JSON = ("json", "gitlab", "sarif", "b4-review")


def rendered(name: str) -> str:
    return "".join(renderer(name)(sample.hostile(), RenderOptions()))


@pytest.mark.parametrize("name", formats())
def test_no_control_character_leaves_any_format(name: str):
    text = rendered(name)
    text.encode("utf-8")
    bad = {char for char in text if not char.isprintable() and char not in "\n\t"}
    assert not bad, bad


@pytest.mark.parametrize("name", ["terse", "b4"])
def test_one_finding_stays_one_line(name: str):
    summary = 1 if name == "terse" else 0
    assert len(rendered(name).splitlines()) == 4 + summary


def test_no_line_of_github_is_a_command_of_the_patch():
    lines = rendered("github").split("\n")
    commands = [line for line in lines if line.startswith("::")]
    assert len(commands) == 4
    assert all(
        line.startswith(("::error file=", "::warning file=", "::notice file=", "::error title=")) for line in commands
    )
    assert not any("::" in line for line in lines if not line.startswith("::"))
    for line in commands:
        properties = line[2:].partition(" ")[2].partition("::")[0]
        assert all(
            part.partition("=")[0] in ("file", "line", "endLine", "col", "endColumn", "title")
            for part in properties.split(",")
        )


def test_b4_errors_are_those_of_severity_error():
    lines = rendered("b4").splitlines()
    assert [("ERROR:" in line) for line in lines] == [True, True, False, False]


@pytest.mark.parametrize("name", JSON)
def test_documents_stay_json(name: str):
    json.loads(rendered(name))


@pytest.mark.parametrize("name", JSON_LINES)
def test_lines_stay_json(name: str):
    for line in rendered(name).splitlines():
        json.loads(line)


@pytest.mark.parametrize("name", ["checkstyle", "junit"])
def test_documents_stay_xml(name: str):
    root = ET.fromstring(rendered(name))
    assert not list(root.iter("script"))


def test_markdown_is_text_for_a_real_parser():
    markdown_it = pytest.importorskip("markdown_it")
    html = markdown_it.MarkdownIt("gfm-like", {"linkify": False}).enable("table").render(rendered("markdown"))
    parser = ET.XMLParser(target=ET.TreeBuilder(insert_comments=True))  # a comment breaks a mention in two
    tags = ET.fromstring(f"<r>{html}</r>", parser)
    allowed = {
        "r",
        "h3",
        "h4",
        "p",
        "table",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
        "code",
        "pre",
        "strong",
        "details",
        "summary",
    }
    assert {element.tag for element in tags.iter() if element.tag is not ET.Comment} <= allowed
    rows = list(tags.iter("tr"))
    assert all(len(row) == 3 for row in rows)
    outside = [
        text for element in tags.iter() if element.tag not in ("code", "pre", ET.Comment) for text in _own(element)
    ]
    assert any("@" in text for text in outside)
    assert not any("@everyone" in text for text in outside)
    assert len(list(tags.iter("details"))) == 4


def _own(element: ET.Element) -> list[str]:
    """The text of an element up to and between its children, each piece by itself."""
    return [element.text or "", *(child.tail or "" for child in element)]


HOSTILE_MAIL = """\
From: "{evil}" <eve@example.org>
Message-ID: <evil<b>@example.org>
Subject: [PATCH] {evil}.
To: list@example.org

{evil}{zero}

Signed-off-by: {evil} <eve@example.org>
---
diff --git a/drivers/ev<b>il.c b/drivers/ev<b>il.c
index 1111111..2222222 100644
--- a/drivers/ev<b>il.c
+++ b/drivers/ev<b>il.c
@@ -10,2 +10,11 @@ {evil}
 int a;
+static int evil_ioctl(struct file *f, unsigned int cmd, unsigned long arg)
+{{
+\t/* {evil}{zero} */
+\tchar *p = kmalloc(10, GFP_KERNEL);
+\tdev_err(dev, "{evil}\\n", p->x);
+\tif (copy_from_user(p, (void *)arg, 10))
+\t\treturn -EINVAL; /* {evil} */
+\treturn 0;
+}}
 int b;
"""


@pytest.mark.parametrize("zero", ["", "\0"])
@pytest.mark.parametrize("name", formats())
def test_a_hostile_mail_from_end_to_end(tmp_path: Path, name: str, zero: str) -> None:
    from linter.cli.main import run

    evil = sample.EVIL.replace("\r\n", " ").replace('"', "")
    mail, out = tmp_path / "evil.mail", tmp_path / "out"
    mail.write_bytes(HOSTILE_MAIL.format(evil=evil, zero=zero).encode() + b"\xff\xfe\n")
    assert run(["check", "--no-git", "--no-config", "--format", name, "-o", str(out), str(mail)]) in (0, 1)
    text = out.read_text()
    assert not {char for char in text if not char.isprintable() and char not in "\n\t"}
    assert not [line for line in text.split("\n") if line.startswith("::error::owned")]
    if name in ("html", "checkstyle", "junit"):
        assert "<script" not in text
    found = "copy_from_user" in text or "copy-user" in text
    assert found, "the review took place"
