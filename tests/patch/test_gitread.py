"""What git makes of a damaged diff: our reading agrees with `git apply` where git is at hand."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from linter.patch.gitread import read_as_git, unflow_as_git
from linter.patch.model import Fate

HEADER = b"diff --git a/part.c b/part.c\n--- a/part.c\n+++ b/part.c\n"
NEW = b"diff --git a/new.c b/new.c\nnew file mode 100644\n--- /dev/null\n+++ b/new.c\n"
HUNK = b" int part(void)\n {\n-\treturn 1;\n+\treturn 2;\n }\n"
GOOD = HEADER + b"@@ -1,4 +1,4 @@\n" + HUNK
SECOND = b"@@ -9,2 +9,2 @@\n {\n-\treturn 3;\n+\treturn 4;\n"

CASES = [
    ("whole", GOOD, Fate.WHOLE, 0),
    ("two hunks", GOOD + SECOND, Fate.WHOLE, 0),
    ("a signature", GOOD + b"-- \n2.39\n", Fate.WHOLE, 0),
    ("a word below", GOOD + b"\nThanks,\nAnn\n", Fate.WHOLE, 0),
    ("an empty context line without its blank", GOOD.replace(b"-1,4 +1,4", b"-1,5 +1,5") + b"\n", Fate.WHOLE, 0),
    ("no newline at the end", GOOD + b"\\ No newline at end of file\n", Fate.WHOLE, 0),
    ("one line more", GOOD + b"+int more;\n", Fate.SHORT, 1),
    ("one line more before a file", GOOD + b"+int more;\n" + NEW + b"@@ -0,0 +1 @@\n+int new;\n", Fate.SHORT, 1),
    ("two lines more in a new file", NEW + b"@@ -0,0 +1 @@\n+int a;\n+int b;\n+int c;\n", Fate.SHORT, 2),
    ("more where no context ends the hunk", GOOD + SECOND + b"+int more;\n", Fate.UNSURE, 1),
    ("one line more before a hunk", GOOD + b"+int more;\n" + SECOND, Fate.REFUSED, 0),
    ("one line more in the middle", GOOD.replace(b"+\treturn 2;", b"+\tint a;\n+\treturn 2;"), Fate.REFUSED, 0),
    ("lines lacking", GOOD.replace(b"-1,4 +1,4", b"-1,6 +1,6"), Fate.REFUSED, 0),
    ("lines lacking before a hunk", GOOD.replace(b"-1,4 +1,4", b"-1,6 +1,6") + SECOND, Fate.REFUSED, 0),
    ("a lost blank", GOOD.replace(b"\n {", b"\n{"), Fate.REFUSED, 0),
    ("a wrapped line", GOOD.replace(b"int part", b"int\npart"), Fate.REFUSED, 0),
    ("a wrapped last line", GOOD.replace(b" }\n", b" } /* the\nend */\n"), Fate.SHORT, 1),
    ("a wrapped header", GOOD.replace(b"+1,4", b"\n+1,4"), Fate.REFUSED, 0),
    ("a hunk without numbers", GOOD.replace(b" -1,4 +1,4", b""), Fate.REFUSED, 0),
    ("a wrapped name", GOOD.replace(b" b/part.c\n-", b"\nb/part.c\n-"), Fate.REFUSED, 0),
    ("no file", b"@@ -1,4 +1,4 @@\n" + HUNK, Fate.REFUSED, 0),
]

READ = [case for case in CASES if case[0] != "a hunk without numbers"]  # refused where git writes, not where it counts


@pytest.mark.parametrize(("diff", "fate", "left_out"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_fate(diff: bytes, fate: Fate, left_out: int) -> None:
    assert read_as_git(diff.split(b"\n")) == (fate, left_out)


@pytest.mark.skipif(shutil.which("git") is None, reason="needs git")
@pytest.mark.parametrize(("diff", "fate"), [case[1:3] for case in READ], ids=[case[0] for case in READ])
def test_git_agrees(diff: bytes, fate: Fate) -> None:
    """`--numstat` reads the patch and looks for no file."""
    done = subprocess.run(["git", "apply", "--numstat"], input=diff, capture_output=True, check=False)
    assert (done.returncode != 0) == (fate is Fate.REFUSED), done.stderr


def test_flowed_lines_are_joined_as_git_does() -> None:
    assert unflow_as_git([b"+\tint a =  ", b"1;", b"  {", b"-- ", b"2.39"], delsp=False) == [
        b"+\tint a =  1;",
        b" {",
        b"-- ",
        b"2.39",
    ]
    assert unflow_as_git([b"+\tint a = ", b"1;"], delsp=True) == [b"+\tint a =1;"]


def test_an_empty_context_line_swallows_the_next_one_in_a_flowed_mail() -> None:
    lines = [*HEADER.split(b"\n")[:-1], b"@@ -1,2 +1,3 @@", b"  int a;", b"  ", b"+int b;"]
    assert read_as_git(unflow_as_git(lines, delsp=False)) == (Fate.REFUSED, 0)
