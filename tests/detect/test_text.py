"""The text engine: lines of a patch, whole new files, blocks."""

from __future__ import annotations

from typing import Any

import pytest

from linter.detect.model import Context, Finding
from linter.detect.text import ENGINE
from linter.patch.model import Change, FilePatch, Hunk, Line, LineKind
from linter.rulebook.errors import BlockError
from linter.rulebook.model import Confidence, Rule, Severity, Status, Tables


def rule_of(block: dict[str, Any]) -> Rule:
    return Rule("a-rule", "t", "style", Severity.INFO, Confidence.HIGH, Status.STABLE, "0.1.0", "r", "h", "text", block)


def file_of(*lines: str, change: Change = Change.MODIFY, path: str = "lib/a.c") -> FilePatch:
    kinds = {" ": LineKind.CONTEXT, "+": LineKind.ADDED, "-": LineKind.REMOVED}
    made, pre, post = [], 0, 0
    for number, text in enumerate(lines, 5):
        kind = kinds[text[0]]
        pre += kind is not LineKind.ADDED
        post += kind is not LineKind.REMOVED
        numbers = (None if kind is LineKind.ADDED else pre, None if kind is LineKind.REMOVED else post)
        made.append(Line(kind, text[1:].encode(), *numbers, number))
    return FilePatch(path, path, change, (Hunk(1, pre, 1, post, b"", tuple(made), 4),), 1)


def run(block: dict[str, Any], file: FilePatch, **context: Any) -> list[Finding]:
    rule = rule_of({"message": "found $1", **block})
    ENGINE.check(rule, Tables({}))
    runner = ENGINE.prepare([rule], Tables({}))
    return list(runner.run(file, Context(Tables({}), file=file, **context), frozenset({"a-rule"})))


def test_added_lines_only() -> None:
    found = run({"added": r"\b(bad)\b"}, file_of(" bad", "-fine", "+good", "+a bad b"))
    assert [(one.message, one.primary.location.patch_lineno, one.primary.location.column) for one in found] == [
        ("found bad", 8, 3)
    ]


def test_a_removed_line_answers_for_one_that_says_the_same() -> None:
    block = {"added": r"\b(bad|worse)\b"}
    assert run(block, file_of("-bad", "+a bad b")) == []
    assert [one.message for one in run(block, file_of("-bad", "+worse"))] == ["found worse"]
    assert [one.primary.location.patch_lineno for one in run(block, file_of("-bad", "+bad", "+bad"))] == [7]


def test_removed_lines_are_of_the_pre_image() -> None:
    (found,) = run({"removed": "(bad)"}, file_of(" a", "-bad", "+bad"))
    assert found.primary.location.side is not None
    assert (found.primary.location.side.value, found.primary.location.line) == ("pre", 2)


def test_exceptions() -> None:
    assert run({"added": "bad", "unless": "not bad"}, file_of("+not bad")) == []
    assert run({"added": "bad", "absent": "fine"}, file_of("+bad", " fine")) == []
    assert len(run({"added": "bad", "absent": "fine"}, file_of("+bad", "-fine"))) == 1
    assert len(run({"added": "bad", "first": True}, file_of("+bad", "+bad"))) == 1
    assert len(run({"added": "bad", "lines": 1}, file_of("+bad", "+bad"))) == 1
    assert run({"added": "bad", "file": "new"}, file_of("+bad")) == []
    assert run({"added": "bad"}, file_of("+bad"), userspace=True) == []


def test_what_a_new_file_lacks() -> None:
    assert len(run({"lacks": "SPDX"}, file_of("+a", "+b", change=Change.ADD))) == 1
    assert run({"lacks": "SPDX"}, file_of("+a", "+SPDX", change=Change.ADD)) == []
    assert len(run({"lacks": "SPDX", "lines": 1}, file_of("+a", "+SPDX", change=Change.ADD))) == 1
    assert run({"lacks": "SPDX"}, file_of("+a")) == []


BLOCK = {"block": {"start": r"^config (\w+)", "end": "^end", "lacks": "help"}}


def test_a_block_must_be_seen_to_its_end() -> None:
    assert [one.message for one in run(BLOCK, file_of("+config A", "+  x", " end"))] == ["found A"]
    assert run(BLOCK, file_of("+config A", "+  x")) == []
    assert run(BLOCK, file_of("+config A", "+  help", " end")) == []
    assert run(BLOCK, file_of(" config A", "+  x", " end")) == []


@pytest.mark.parametrize(
    ("block", "path"),
    [
        ({}, ("text",)),
        ({"added": "a", "removed": "b"}, ("text",)),
        ({"added": "(a+)+"}, ("text", "added")),
        ({"added": "a", "wat": 1}, ("text", "wat")),
        ({"added": "a", "file": "old"}, ("text", "file")),
        ({"block": {"start": "a"}}, ("text", "block")),
    ],
)
def test_bad_blocks(block: dict[str, Any], path: tuple[str, ...]) -> None:
    with pytest.raises(BlockError) as caught:
        run(block, file_of("+a"))
    assert caught.value.path == path


INCLUDE = {"added": r"^#include \S+ /\*(.*)\*/", "unnamed": True}
LINE = "+#include <a.h> /* for part_start(), part_stop() */"


def test_names_that_no_other_line_has() -> None:
    assert len(run(INCLUDE, file_of(LINE, "+\tpart_go(1);"))) == 1
    assert run(INCLUDE, file_of(LINE, "+\tpart_go(1);", " \tpart_stop(1);")) == []
    assert len(run(INCLUDE, file_of(LINE, "+\tpart_go(1);", " \tmy_part_stop(1);"))) == 1


def test_names_where_no_code_is_added() -> None:
    assert run(INCLUDE, file_of(LINE, "+#include <b.h> /* (also) */", " \tpart_go(1);")) == []
    assert run(INCLUDE, file_of("+#include <a.h> /* for the nodes */", "+\tpart_go(1);")) == []
