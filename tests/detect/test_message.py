"""The message engine: who signed, what the trailers say, what it is silent about."""

from __future__ import annotations

import io
from typing import Any

import pytest

from linter.detect.message import ENGINE
from linter.detect.message_claims import CLAIMS
from linter.detect.message_parts import PARTS
from linter.detect.message_people import same_person
from linter.detect.model import Context, Finding
from linter.patch.intake import read_messages
from linter.patch.model import Patch, Person
from linter.record import replace
from linter.rulebook.errors import BlockError
from linter.rulebook.model import Confidence, Rule, Severity, Status, Tables

MAIL = """From: Ann Author <ann@example.org>
Subject: [PATCH{prefix}] misc: part: Raise the level

{body}---
diff --git a/drivers/misc/part.c b/drivers/misc/part.c
--- a/drivers/misc/part.c
+++ b/drivers/misc/part.c
@@ -1,3 +1,3 @@
 {{
-	return 1;
+	return 2;
 }}
"""


def patch_of(body: str, prefix: str = "") -> Patch:
    stream = io.BytesIO(MAIL.format(body=body, prefix=prefix).encode())
    (message,) = read_messages(["-"], stdin=stream, cwd=".", problems=[])
    return message.patches[0]


def run(block: dict[str, Any], patch: Patch, **context: Any) -> list[Finding]:
    block = {"message": "$1$AUTHOR$WHY", **block}
    rule = Rule(
        "a-rule", "t", "commit", Severity.INFO, Confidence.HIGH, Status.STABLE, "0.1.0", "r", "h", "message", block
    )
    ENGINE.check(rule, Tables({}))
    runner = ENGINE.prepare([rule], Tables({}))
    return list(runner.run(patch, Context(Tables({}), patch=patch, **context), frozenset({"a-rule"})))


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (("Ann Author", "a@x.org"), ("Ann Author", "b@y.org"), True),
        (("Author, Ann", "a@x.org"), ("Ann Author", "b@y.org"), True),
        (("Änn Åuthor", "a@x.org"), ("Ann Author", "b@y.org"), True),
        (("Ann B. Author", "a@x.org"), ("Ann Author", "b@y.org"), True),
        (("A", "ann+tag@x.org"), ("B", "ann@x.org"), True),
        (("Ann", "a@x.org"), ("Ann Author", "b@y.org"), False),
        (("Ann Author", "a@x.org"), ("Bob Author", "b@y.org"), False),
        (("", "a@x.org"), ("", "b@y.org"), False),
    ],
)
def test_same_person(one: tuple[str, str], other: tuple[str, str], same: bool) -> None:
    assert same_person(Person(*one), Person(*other)) is same


def test_silent_where_nobody_can_be_blamed() -> None:
    patch = patch_of("Why.\n")
    block = {"check": "no-signoff"}
    assert len(run(block, patch)) == 1
    assert run(block, replace(patch, quoted=True)) == []
    assert run(block, patch, userspace=True) == []
    assert run(block, replace(patch, subject="", author=None, mail=False)) == []
    assert len(run({**block, "quoted": True}, replace(patch, quoted=True))) == 1


def test_a_request_for_comments_may_be_unfinished() -> None:
    block = {"in": "body", "line": "(UNTESTED)", "rfc": False}
    assert len(run(block, patch_of("UNTESTED\n"))) == 1
    assert run(block, patch_of("UNTESTED\n", prefix=" RFC")) == []
    assert run(block, patch_of("UNTESTED\n", prefix=" RFC/RFT")) == []


def test_lines_of_a_part() -> None:
    patch = patch_of("One bad line.\n\nReported-by: Bad Luck <bad@example.org>\n")
    assert [one.primary.location.patch_lineno for one in run({"in": "body", "line": "(?i)bad"}, patch)] == [4, 6]
    assert [one.primary.location.patch_lineno for one in run({"in": "log", "line": "(?i)bad"}, patch)] == [4]
    assert [one.primary.location.patch_lineno for one in run({"in": "title", "line": "level"}, patch)] == [2]
    assert run({"in": "log", "line": "bad", "unless": "One"}, patch) == []
    assert run({"in": "log", "line": "bad", "absent": "Reported"}, patch) == []


@pytest.mark.parametrize(
    ("tag", "why"),
    [
        ('123456789abc ("misc: part: Add it")', None),
        ('1234567 ("misc: part: Add it")', "7 digits"),
        ("123456789abc", "subject of the commit is missing"),
        ("123456789abc (misc: part: Add it)", "does not stand in"),
        ('commit 123456789abc ("misc: part: Add it")', "`commit`"),
        ('123456789abc ("misc: part: Add', 'does not end with `")`'),
        ("the last patch", "names no commit"),
        ("https://example.org/1", None),
    ],
)
def test_fixes(tag: str, why: str | None) -> None:
    found = run({"check": "fixes-format"}, patch_of(f"Why.\n\nFixes: {tag}\nSigned-off-by: A <a@x.org>\n"))
    assert [why is not None and why in one.message for one in found] == ([True] if why else [])


@pytest.mark.parametrize(
    ("block", "path"),
    [
        ({"check": "nope"}, ("message", "check")),
        ({"in": "nowhere", "line": "a"}, ("message", "in")),
        ({"in": "log", "line": "(a*)*"}, ("message", "line")),
        ({}, ("message",)),
        ({"check": "damage", "wat": 1}, ("message", "wat")),
    ],
)
def test_bad_blocks(block: dict[str, Any], path: tuple[str, ...]) -> None:
    with pytest.raises(BlockError) as caught:
        run(block, patch_of("Why.\n"))
    assert caught.value.path == path


@pytest.mark.parametrize(
    ("subject", "silent"),
    [
        ("[PATCH v2] misc: part: Raise the level", False),
        ("[RFC] misc: part: Raise the level", False),
        ("Re: [PATCH] misc: part: Raise the level", True),
        ("Fwd: [PATCH] misc: part: Raise the level", True),
        ("[GIT PULL] parts for 6.12", True),
        ("[PATCH v2 0/3] misc: part", True),
        ("[BUG] the part stops", True),
        ("recover the part", True),
    ],
)
def test_a_diff_in_a_discussion_is_no_submission(subject: str, silent: bool) -> None:
    text = f"To: list@example.org\nMessage-ID: <1@example.org>\n{MAIL.format(body='Why.', prefix='')}"
    stream = io.BytesIO(text.replace("[PATCH] misc: part: Raise the level", subject).encode())
    (message,) = read_messages(["-"], stdin=stream, cwd=".", problems=[])
    assert bool(run({"check": "no-signoff"}, message.patches[0])) is not silent


CLAIM = "No functional change intended.\n\n"


def claimed(body: str, *lines: str) -> list[str]:
    """What the claims check finds where the one hunk holds these lines."""
    mail = MAIL.format(body=body, prefix="").replace("-\treturn 1;\n+\treturn 2;\n", "".join(f"{x}\n" for x in lines))
    removed, added = (sum(line[0] == sign for line in lines) for sign in "-+")
    stream = io.BytesIO(mail.replace("-1,3 +1,3", f"-1,{2 + removed} +1,{2 + added}").encode())
    (message,) = read_messages(["-"], stdin=stream, cwd=".", problems=[])
    found = CLAIMS["functional-change"](message.patches[0], Context(Tables({})))
    return [f"{one.texts['OLD']} {one.texts['NEW']}" for one in found]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("if (a > 1)", "if (a >= 1)", ["> >="]),
        ("return -EINVAL;", "return -ENODEV;", ["EINVAL ENODEV"]),
        ("wait(0x10);", "wait(17);", ["0x10 17"]),
        ("wait(0x10);", "wait(16);", []),
        ("wait(010);", "wait(8);", []),
        ("wait(10);", "wait(10UL);", []),
        ('say("1 > 2");', 'say("1 < 2");', []),
        ("a_1 = 1;", "a_2 = 1;", []),
        ("if (a > 1 && b)", "if (a >= 1 && c)", []),
        ("/* at 1 */", "/* at 2 */", []),
    ],
)
def test_claim_of_no_functional_change(old: str, new: str, told: list[str]) -> None:
    assert claimed(CLAIM, f"-\t{old}", f"+\t{new}") == told


def test_only_lines_that_take_each_others_place_are_compared() -> None:
    assert claimed(CLAIM, "-\treturn 1;", "+\treturn 2;", "+\treturn 3;") == []
    assert claimed(CLAIM, "-\ta();", "-\treturn 1;", "+\ta();", "+\treturn 2;") == ["1 2"]


def test_without_a_claim_or_with_an_exception() -> None:
    assert claimed("The level is two.\n\n", "-\treturn 1;", "+\treturn 2;") == []
    assert claimed("No functional change except for the level.\n\n", "-\treturn 1;", "+\treturn 2;") == []


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("The part starts at level two since revision B, so that whoever sets it to one stops it.", True),
        ("<3> [113.318190] in_atomic(): 1, irqs_disabled(): 0, pid: 678, name: part_test, and so on", False),
        ("Hardware name: Part Corporation Board of the Part platform, BIOS 4.6.3 of 08/18/2010 at night", False),
        (" 1801 | ssize_t part_write(struct file *file, const char __user *buffer, size_t n, loff_t *p)", False),
        ("part 0000:00:02.0 [drm] limiting what the part may do to that which the machine can bear now", False),
        ("PARTS=`ls -la /sys/class/part and so on and on until it is longer than what fits into a line`", False),
    ],
)
def test_output_is_no_prose(line: str, told: bool) -> None:
    found = list(PARTS["log-long-line"](patch_of(line + "\n"), Context(Tables({}))))
    assert bool(found) == told
