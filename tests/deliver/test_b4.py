"""b4: the protocol by itself, and the real b4 from PyPI where it is installed (the dev extra brings it)."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest

from tests.deliver.ground import Ground, installed

B4 = installed("b4")
needs_b4 = pytest.mark.skipif(B4 is None, reason="b4 is missing (pip install b4)")

MAIL = """\
From: Ann Author <ann@example.org>
Subject: [PATCH] misc: part: Call it
Message-ID: <1@example.org>
Content-Type: text/plain; charset="utf-8"
Content-Transfer-Encoding: quoted-printable

The part needs it.

Signed-off-by: Ann Author <ann@example.org>
---
diff --git a/part.c b/part.c
--- a/part.c
+++ b/part.c
@@ -1,3 +1,5 @@
 void part(void)
 {
+	x=20;
+	CALL(x == 0x10);
 }
"""


def mail(call: str) -> str:
    return MAIL.replace("CALL", call)


def test_findings_are_lines_and_nothing_else(ground: Ground) -> None:
    done = ground.hunklint("b4", input=mail("bad_call"))
    assert (done.returncode, done.stderr) == (0, "")
    (row,) = done.stdout.splitlines()
    assert row.startswith("part.c:4: ERROR: [test-bad-call]")
    doubtful = ground.hunklint("b4", input=mail("doubt_call")).stdout
    assert doubtful.startswith("part.c:4: WARNING: ")
    assert "ERROR" not in doubtful


def test_clean_is_silence(ground: Ground) -> None:
    done = ground.hunklint("b4", input=mail("good_call"))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_decoded_body_is_not_decoded_again(ground: Ground) -> None:
    """The headers still say quoted-printable, and decoding again would make `x ;` of `x=20;`."""
    rule = ground.top.parent / "rules" / "patch" / "test-bad-call.yaml"
    rule.write_text(rule.read_text().replace(r"'^\s*(bad_call)\('", r"'(x=20;)'"))
    text = mail("call").replace("x == 0x10", "")
    assert ground.hunklint("check", "--format", "b4", "-", input=text).stdout == ""
    (row,) = ground.hunklint("b4", input=text).stdout.splitlines()
    assert row.startswith("part.c:3: ERROR:")


@pytest.mark.parametrize("review", [(), ("--review",)])
@pytest.mark.parametrize("options", [("--rule", "no-such-rule"), ("--config", "no-such-file"), ("--target", "x")])
def test_a_failure_is_one_failed_line(ground: Ground, review: tuple[str, ...], options: tuple[str, ...]) -> None:
    done = ground.hunklint("b4", *review, *options, input=mail("good_call"), check=False)
    assert done.stderr == ""
    if review:
        (row,) = json.loads(done.stdout)
        assert row["status"] == "fail"
        said = row["summary"]
    else:
        (said,) = done.stdout.splitlines()
        assert "ERROR:" in said
    assert "no patch was reviewed" in said


def test_review_has_strings_only_and_one_object(ground: Ground) -> None:
    done = ground.hunklint("b4", "--review", input=mail("bad_call"))
    (row,) = json.loads(done.stdout)
    assert row["status"] == "fail"
    assert all(isinstance(value, str) for value in row.values())
    assert json.loads(row["details"])[0]["status"] == "fail"
    assert json.loads(ground.hunklint("b4", "--review", input=mail("good_call")).stdout)[0]["status"] == "pass"


def configure(ground: Ground, *options: str) -> dict[str, str]:
    """What git reads out of the printed lines."""
    printed = ground.hunklint("b4", *options, "--print-config").stdout
    place = ground.top.parent / "printed.config"
    place.write_text(printed)
    rows = ground.git("config", "-f", str(place), "--null", "--list").stdout.split("\0")
    return dict(row.split("\n", 1) for row in rows if row)


def test_the_configuration_is_what_git_and_b4_split(ground: Ground, tmp_path: Path) -> None:
    odd = tmp_path / 'a "b" #c;d\\e'
    odd.mkdir()
    found = configure(ground, "--rules", str(odd), "--preview")
    words = shlex.shlex(found["b4.prep-perpatch-check-cmd"], posix=True)
    words.whitespace_split = True
    argv = list(words)
    assert Path(argv[0]).is_absolute()
    assert argv[argv.index("b4") :][:4] == ["b4", "--preview", "--rules", str(odd)]
    assert "--review" in found["b4.review-perpatch-check-cmd"]
    assert ground.run(*argv, input=mail("good_call")).stdout == ""


def test_the_cache_key_changes_with_rules_and_configuration(ground: Ground) -> None:
    first = configure(ground)
    assert configure(ground) == first
    ground.config('rule = ["test-bad-call"]')
    second = configure(ground)
    rule = ground.top.parent / "rules" / "patch" / "test-bad-call.yaml"
    rule.write_text(rule.read_text().replace("Do not call it.", "Never call it."))
    third = configure(ground)
    assert len({value["b4.prep-perpatch-check-cmd"] for value in (first, second, third)}) == 3


@needs_b4
def test_b4_prep_check(ground: Ground) -> None:
    """A branch with a bad, a doubtful and a good commit, checked by b4 with the printed configuration."""
    assert B4 is not None
    for key, value in configure(ground).items():
        ground.git("config", key, value)
    (ground.top / ".git" / "info" / "exclude").write_text(".hunklint.toml\n")
    ground.run(B4, "--offline-mode", "prep", "-n", "topic", "-f", "main")
    ground.commit("good_call", subject="misc: part: Be good")
    ground.commit("good_call", "bad_call", subject="misc: part: Be bad")
    ground.commit("good_call", "bad_call", "doubt_call", subject="misc: part: Be doubtful")
    done = ground.run(B4, "--offline-mode", "prep", "--check", check=False)
    shown = done.stdout + done.stderr
    assert "Success: 1, Warning: 1, Error: 1" in shown, shown
    bad, doubtful = shown.index("hunklint: part.c:4: ERROR:"), shown.index("hunklint: part.c:5: WARNING:")
    assert shown.index("Be good") < shown.index("Be bad") < bad < shown.index("Be doubtful") < doubtful


@needs_b4
def test_b4_am_check(ground: Ground, tmp_path: Path) -> None:
    """A series in a mailbox, checked by b4 on its way into a tree; nothing is looked up."""
    assert B4 is not None
    for key, value in {**configure(ground), "b4.attestation-policy": "off"}.items():
        ground.git("config", key, value)
    box = tmp_path / "series.mbx"
    box.write_text("From x@y Thu Jan  1 00:00:00 1970\n" + mail("bad_call").replace("quoted-printable", "8bit"))
    done = ground.run(
        B4, "--offline-mode", "am", "-n", "series", "-m", str(box), "--check", "-o", str(tmp_path), check=False
    )
    assert "hunklint: part.c:4: ERROR: [test-bad-call]" in done.stdout + done.stderr


REVIEW = """\
import email, email.policy, json, sys
from b4.review import checks
mail = email.message_from_bytes(sys.stdin.buffer.read(), policy=email.policy.EmailPolicy(utf8=True))
results = checks.run_perpatch_checks([("1@example.org", mail)], [sys.argv[1]], ".")
base = checks.get_db()
checks.store_results(base, "1@example.org", results["1@example.org"])
print(json.dumps(checks.get_cached_results(base, ["1@example.org"])))
"""


@needs_b4
def test_b4_review_keeps_the_result(ground: Ground) -> None:
    """The review matrix itself is a screen; this is what it runs and what it stores."""
    assert B4 is not None
    python = Path(B4).read_text().split("\n", 1)[0].removeprefix("#!")
    if not Path(python).exists():
        pytest.skip("b4 is not a script of Python's")
    command = configure(ground)["b4.review-perpatch-check-cmd"]
    text = mail("bad_call").replace("quoted-printable", "8bit")
    done = ground.run(python, "-c", REVIEW, command, input=text)
    (result,) = json.loads(done.stdout)["1@example.org"]
    assert (result["tool"], result["status"]) == ("hunklint", "fail")
    assert "test-bad-call" in result["details"]


# --- b4 review: the series as a whole


def under_review(ground: Ground, tmp_path: Path, **changed: object) -> dict[str, str]:
    """Two commits on a review branch, the first of which calls what the second defines; b4's notes on top."""
    ground.config('rule = ["series-bisect-symbol"]')
    ground.git("checkout", "-q", "-b", "b4/review/part-topic")
    files = {"part.c": "void part(void)\n{\n\tstart();\n\tpart_set_level(0, 2);\n}\n"}
    files["level.c"] = "void part_set_level(int *part, int level)\n{\n\t*part = level;\n}\n"
    for name, text in files.items():
        (ground.top / name).write_text(text)
        ground.git("add", name)
        ground.git("commit", "-q", "--no-verify", "-s", "-m", f"misc: part: Add {name}", "-m", "The part needs it.")
    first = ground.git("rev-parse", "HEAD~1").stdout.strip()
    ground.git("commit", "-q", "--no-verify", "--allow-empty", "-m", "notes of b4")
    series = {"change-id": "part-topic", "first-patch-commit": first, "base-commit": "", **changed}
    place = tmp_path / "tracking.json"
    place.write_text(json.dumps({"series": series, "patches": []}))
    return {"B4_TRACKING_FILE": str(place)}


def test_the_series_check_sees_all_commits(ground: Ground, tmp_path: Path) -> None:
    env = under_review(ground, tmp_path)
    ground.git("checkout", "-q", "main")
    done = ground.hunklint("b4", "--review", "--series", env=env, input=mail("good_call"))
    assert (done.returncode, done.stderr) == (0, "")
    (result,) = json.loads(done.stdout)
    assert result["tool"] == "hunklint-series", "another tool than that of the patches: results are kept by tool"
    assert result["status"] in ("warn", "fail")
    assert "part_set_level" in result["details"]
    assert "2 patches" in result["summary"], "b4's own commit is none of them"
    assert all(isinstance(value, str) for value in result.values())


def test_the_base_does_where_the_first_commit_is_not_said(ground: Ground, tmp_path: Path) -> None:
    base = ground.git("rev-parse", "HEAD").stdout.strip()
    env = under_review(ground, tmp_path, **{"first-patch-commit": None, "base-commit": base})
    (result,) = json.loads(ground.hunklint("b4", "--review", "--series", env=env).stdout)
    assert "part_set_level" in result["details"]


@pytest.mark.parametrize(
    "changed",
    [
        {"change-id": "../x"}, {"change-id": "-x"}, {"change-id": "a..b"}, {"change-id": ""},
        {"first-patch-commit": "--all", "base-commit": "HEAD"}, {"first-patch-commit": 7},
    ],
)  # fmt: skip
def test_notes_from_a_mail_are_no_revisions(ground: Ground, tmp_path: Path, changed: dict[str, object]) -> None:
    env = under_review(ground, tmp_path, **changed)
    done = ground.hunklint("b4", "--review", "--series", env=env)
    assert (done.returncode, json.loads(done.stdout), done.stderr) == (0, [], "")


def test_a_series_without_a_branch_has_no_result(ground: Ground, tmp_path: Path) -> None:
    assert json.loads(ground.hunklint("b4", "--review", "--series", input=mail("bad_call")).stdout) == []
    (tmp_path / "bad.json").write_text("[]")
    env = {"B4_TRACKING_FILE": str(tmp_path / "bad.json")}
    assert json.loads(ground.hunklint("b4", "--review", "--series", env=env).stdout) == []
    alone = ground.hunklint("b4", "--series", check=False)
    assert "ERROR: no patch was reviewed" in alone.stdout
    env = under_review(ground, tmp_path)
    ground.git("checkout", "-q", "main")
    ground.git("branch", "-q", "-D", "b4/review/part-topic")
    (result,) = json.loads(ground.hunklint("b4", "--review", "--series", env=env, check=False).stdout)
    assert (result["tool"], result["status"]) == ("hunklint-series", "fail")


@needs_b4
def test_b4_runs_the_printed_series_check(ground: Ground, tmp_path: Path) -> None:
    assert B4 is not None
    python = Path(B4).read_text().split("\n", 1)[0].removeprefix("#!")
    if not Path(python).exists():
        pytest.skip("b4 is not a script of Python's")
    env = under_review(ground, tmp_path)
    command = configure(ground)["b4.review-series-check-cmd"]
    done = ground.run(python, "-c", SERIES, command, env["B4_TRACKING_FILE"], input=mail("good_call"))
    (result,) = json.loads(done.stdout)
    assert (result["tool"], "part_set_level" in result["details"]) == ("hunklint-series", True)


SERIES = """\
import email, email.policy, json, sys
from b4.review import checks
mail = email.message_from_bytes(sys.stdin.buffer.read(), policy=email.policy.EmailPolicy(utf8=True))
extra = {"B4_TRACKING_FILE": sys.argv[2]}
print(json.dumps(checks.run_series_checks(("1@example.org", mail), [sys.argv[1]], ".", extra_env=extra)))
"""
