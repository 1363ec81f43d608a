"""`verify`: markers against findings, on the images of an example and on its mails."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from linter.detect import registry
from linter.detect.model import Scope
from linter.review.example import build_case
from linter.review.verify import Outcome, Result, verify_rule
from linter.rulebook.build import build_rule
from linter.rulebook.document import parse_document
from linter.rulebook.load import load_rulebook
from linter.rulebook.model import Rule, Rulebook

from .toy import ToyEngine

HEAD = """\
id: bad-call
title: a bad call
category: error
severity: error
confidence: high
status: stable
since: 0.1.0
rationale: A bad call is bad.
citations: [{path: Documentation/bad.rst, says: bad calls are bad}]
engine: toy
toy: {all: [bad, "("], none: [harmless], message: a bad call}
help: Call good() instead.
"""


@pytest.fixture
def rulebook() -> Rulebook:
    return Rulebook({}, load_rulebook(cache=False, problems=[]).tables, "")


def make_rule(examples: str, head: str = HEAD) -> Rule:
    text = head + "examples:\n" + "".join(f"  {line}\n" for line in examples.strip("\n").split("\n"))
    return build_rule(parse_document("bad-call.yaml", text.encode()), Path("rules/error/bad-call.yaml"))


def run(monkeypatch: pytest.MonkeyPatch, rulebook: Rulebook, examples: str, scope: Scope = Scope.UNIT) -> list[Outcome]:
    monkeypatch.setitem(registry._ENGINES._loaded, "toy", ToyEngine(scope))
    return verify_rule(make_rule(examples), rulebook)


def only(outcomes: list[Outcome]) -> Outcome:
    assert len(outcomes) == 1
    return outcomes[0]


def test_marker_met(monkeypatch: Any, rulebook: Rulebook) -> None:
    outcome = only(run(monkeypatch, rulebook, '- {name: x, post: "int f(void)\\n{\\n\\tbad(1);  //~ bad-call\\n}\\n"}'))
    assert outcome.result is Result.REPORTED and outcome.passed
    assert [finding.primary.location.line for finding in outcome.findings] == [3]


def test_marker_on_another_line_is_missing_and_noisy(monkeypatch: Any, rulebook: Rulebook) -> None:
    text = '- {name: x, post: "int f(void)\\n{\\n\\tbad(1);\\n\\treturn 0;  //~ bad-call\\n}\\n"}'
    outcome = only(run(monkeypatch, rulebook, text))
    assert outcome.result is Result.MISSING
    assert outcome.missing == ((0, "drivers/misc/example.c", "post", 4),)
    assert [place[3] for place, _ in outcome.noisy] == [3]


def test_noisy(monkeypatch: Any, rulebook: Rulebook) -> None:
    outcome = only(run(monkeypatch, rulebook, '- {name: x, post: "int f(void)\\n{\\n\\tbad(1);\\n}\\n"}'))
    assert outcome.result is Result.NOISY and not outcome.passed


def test_validated(monkeypatch: Any, rulebook: Rulebook) -> None:
    text = '- {name: x, post: "int f(void)\\n{\\n\\tbad(harmless);\\n}\\n"}'
    assert only(run(monkeypatch, rulebook, text)).result is Result.VALIDATED


@pytest.mark.parametrize("context", ["whole", "hunk"])
def test_what_was_there_before_is_no_finding(monkeypatch: Any, rulebook: Rulebook, context: str) -> None:
    text = f"""
- name: x
  context: {context}
  pre: |
    int f(void)
    {{
        bad(1);
    }}
  post: |
    int f(void)
    {{
        bad(1);
        bad(2);  //~ bad-call
    }}
"""
    assert only(run(monkeypatch, rulebook, text)).result is Result.REPORTED


def test_hunk_context_hides_far_lines(monkeypatch: Any, rulebook: Rulebook) -> None:
    lines = "".join(f"    int v{number};\n" for number in range(20))
    text = f"- name: x\n  context: CONTEXT\n  pre: |\n{lines}  post: |\n    int added;\n{lines}"
    case = build_case(make_rule(text.replace("CONTEXT", "hunk")).examples[0])
    hunk = case.series.patches[0].files[0].hunks[0]
    assert [line.text for line in hunk.lines] == [b"int added;", b"int v0;", b"int v1;", b"int v2;"]
    assert case.images == {}
    case = build_case(make_rule(text.replace("CONTEXT", "whole")).examples[0])
    pre, post = next(iter(case.images.values()))
    assert pre is not None and post is not None and pre.complete and post.complete
    assert (len(pre.linenos), len(post.linenos)) == (20, 21)


def test_patch_lines_count_in_the_mail() -> None:
    text = """
- name: x
  file: drivers/a.c
  pre: |
    int a;
    int b;
  post: |
    int a;
    int c;
"""
    patch = build_case(make_rule(text).examples[0]).series.patches[0]
    raw = patch.raw.split(b"\n")
    for line in patch.files[0].hunks[0].lines:
        assert raw[line.patch_lineno - 1] == line.kind.value.encode() + line.text
    assert raw[patch.files[0].patch_lineno - 1] == b"diff --git a/drivers/a.c b/drivers/a.c"
    assert raw[patch.files[0].hunks[0].patch_lineno - 1] == b"@@ -1,2 +1,2 @@"
    assert raw[patch.trailers[0].patch_lineno - 1].startswith(b"Signed-off-by: ")
    assert raw[patch.body_lineno - 1] == b"The example shows what a patch may do."


def test_git_applies_the_built_patch(tmp_path: Path) -> None:
    import subprocess

    text = """
- name: x
  context: hunk
  files:
    - file: drivers/a.c
      pre: "int a;\\n\\nint f(void)\\n{\\n\\tint x;\\n\\tint y;\\n\\tint z;\\n\\tint w;\\n\\treturn 0;\\n}\\n"
      post: "int a;\\n\\nint f(void)\\n{\\n\\tint x;\\n\\tint y;\\n\\tint z;\\n\\tint w;\\n\\n\\treturn 1;\\n}\\n"
    - {file: drivers/new.c, post: "int n;\\n"}
    - {file: drivers/old.c, pre: "int o;\\n"}
"""
    example = make_rule(text).examples[0]
    for file in example.files:
        if file.pre is not None:
            (tmp_path / "drivers").mkdir(exist_ok=True)
            (tmp_path / file.path).write_text(file.pre)
    raw = build_case(example).series.patches[0].raw
    subprocess.run(["git", "apply", "-"], input=raw, cwd=tmp_path, check=True)
    for file in example.files:
        where = tmp_path / file.path
        assert (where.read_text() if where.exists() else None) == file.post


def test_section_is_what_git_writes() -> None:
    body = "".join(f"    \tint v{number};\n" for number in range(9))
    text = f"- name: x\n  context: hunk\n  pre: |\n    int f(void)\n    {{\n{body}    }}\n  post: |\n    int f(void)\n"
    text += f"    {{\n{body}    \tint added;\n    }}\n"
    hunk = build_case(make_rule(text).examples[0]).series.patches[0].files[0].hunks[0]
    assert hunk.section == b"int f(void)"


MAIL = """
- name: x
  mail: |
    From: A <a@example.org>
    Subject: [PATCH] drivers: a

    A bad(1) body.  #~ bad-call

    Signed-off-by: A <a@example.org>
    ---
    diff --git a/drivers/a.c b/drivers/a.c
    --- a/drivers/a.c
    +++ b/drivers/a.c
    @@ -1 +1 @@
    -int a;
    +int b;
"""


def test_mail_marker(monkeypatch: Any, rulebook: Rulebook) -> None:
    pytest.importorskip("linter.patch.intake")
    outcome = only(run(monkeypatch, rulebook, MAIL, Scope.PATCH))
    assert outcome.result is Result.REPORTED, outcome
    outcome = only(run(monkeypatch, rulebook, MAIL.replace("  #~ bad-call", ""), Scope.PATCH))
    assert outcome.result is Result.NOISY
    assert outcome.noisy[0][0] == (0, None, "mail", 4)
