"""The command as people run it: exit codes, bad input, formats, suppression, in-process."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from linter.cli.main import run

ROOT = Path(__file__).parents[2]
PATCH = ROOT / "fixtures" / "spool-export.patch"


@pytest.fixture(autouse=True)
def outside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No configuration, no work tree, no terminal."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("NO_COLOR", "1")
    return tmp_path


def check(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = run(["check", *arguments])
    out = capsys.readouterr()
    return code, out.out, out.err


def rows(text: str, kind: str) -> list[dict[str, object]]:
    return [row for row in map(json.loads, text.splitlines()) if row["type"] == kind]


def test_the_readme_patch_has_its_defects(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = check(capsys, "--format", "jsonl", str(PATCH))
    found = {(row["rule"], row["line"]) for row in rows(out, "finding")}
    assert code == 1
    assert ("copy-user-wrong-errno", 47) in found
    assert any(rule == "user-triggerable-log" and line == 50 for rule, line in found)
    assert any(str(rule).startswith("fd-") for rule, _ in found)


@pytest.mark.parametrize(
    ("name", "content", "code", "words"),
    [
        ("nofile", None, 3, "no such file"),
        ("empty", b"", 0, "no patch was reviewed"),
        ("a.pdf", b"%PDF-1.7\n\0\1\xff", 3, "PDF"),
        ("blob", b"\0\1\2\3" * 100, 3, "binary"),
        ("note.txt", b"hello world\n", 0, "no patch was reviewed"),
    ],
)
def test_inputs_without_a_patch(
    capsys: pytest.CaptureFixture[str], outside: Path, name: str, content: bytes | None, code: int, words: str
) -> None:
    if content is not None:
        (outside / name).write_bytes(content)
    result, _, err = check(capsys, name)
    assert result == code
    assert err.startswith("no patch was reviewed")
    assert words in err


def test_a_directory_that_is_no_maildir(capsys: pytest.CaptureFixture[str], outside: Path) -> None:
    (outside / "folder").mkdir()
    code, _, err = check(capsys, "folder")
    assert code == 3
    assert "maildir" in err


def test_one_bad_input_does_not_stop_the_others(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = check(capsys, "--format", "jsonl", "nofile", str(PATCH))
    assert code == 3
    assert rows(out, "summary")[0]["patches"] == 1
    assert "nofile" in err
    assert "no patch was reviewed" not in err


def test_require_patch(capsys: pytest.CaptureFixture[str], outside: Path) -> None:
    (outside / "note").write_text("hello\n")
    assert check(capsys, "--require-patch", "note")[0] == 3


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--rule", "no-such-rule"], 2, "no-such-rule"),
        (["--rule", "copy-user-wrong-erno"], 2, "copy-user-wrong-errno"),
        (["--format", "nope"], 2, "formats:"),
        (["--fail-om", "error"], 2, "--fail-on"),
        (["--target", "six"], 2, "six"),
        (["--config", "none.toml"], 4, "cannot be read"),
        (["--baseline", "none.json"], 4, "no such baseline"),
    ],
)
def test_usage_and_configuration(
    capsys: pytest.CaptureFixture[str], arguments: list[str], code: int, words: str
) -> None:
    result, out, err = check(capsys, *arguments, str(PATCH))
    assert result == code
    assert out == ""
    assert err.startswith("no patch was reviewed")
    assert words in err


def test_an_unknown_revision(capsys: pytest.CaptureFixture[str], outside: Path) -> None:
    subprocess.run(["git", "init", "-q", "."], check=True)
    code, _, err = check(capsys, "HEAD~3..nope")
    assert code == 2
    assert "revision" in err


@pytest.mark.parametrize(
    ("text", "words"),
    [("id: x\n\ttitle: y\n", "tab"), ("id: some-rule\nserverity: error\n", "severity"), ("- 1\n", "some-rule.yaml:1")],
)
def test_a_bad_rule_file(capsys: pytest.CaptureFixture[str], outside: Path, text: str, words: str) -> None:
    (outside / "more" / "error").mkdir(parents=True)
    (outside / "more" / "error" / "some-rule.yaml").write_text(text)
    code, _, err = check(capsys, "--rules", "more", str(PATCH))
    assert code == 4
    assert err.startswith("no patch was reviewed")
    assert words in err


def test_fail_on_and_thresholds(capsys: pytest.CaptureFixture[str]) -> None:
    everything = check(capsys, "--format", "jsonl", str(PATCH))[1]
    kinds = {row["severity"] for row in rows(everything, "finding")}
    assert {"error", "warning"} <= kinds
    out = check(capsys, "--format", "jsonl", "--severity", "error", str(PATCH))[1]
    assert {row["severity"] for row in rows(out, "finding")} == {"error"}
    assert check(capsys, "--rule", "user-triggerable-log", str(PATCH))[0] == 0
    assert check(capsys, "--rule", "user-triggerable-log", "--fail-on", "warning", str(PATCH))[0] == 1


def test_disable(capsys: pytest.CaptureFixture[str]) -> None:
    out = check(capsys, "--format", "jsonl", "--disable", "copy-user-wrong-errno", str(PATCH))[1]
    assert "copy-user-wrong-errno" not in {row["rule"] for row in rows(out, "finding")}


def test_suppressed_in_the_mail(capsys: pytest.CaptureFixture[str], outside: Path) -> None:
    text = PATCH.read_text().replace(
        "\n---\n", "\n---\nhunklint: ignore[copy-user-wrong-errno] the core maps it\n\n", 1
    )
    (outside / "a.patch").write_text(text)
    out = check(capsys, "--format", "jsonl", "a.patch")[1]
    assert "copy-user-wrong-errno" not in {row["rule"] for row in rows(out, "finding")}
    assert rows(out, "summary")[0]["suppressed"] == 1
    shown = check(capsys, "--show-suppressed", "a.patch")[1]
    assert "the core maps it" in shown


@pytest.mark.parametrize("format", ["json", "sarif", "junit", "html"])
def test_an_input_that_cannot_be_read_is_in_the_report(capsys: pytest.CaptureFixture[str], format: str) -> None:
    code, out, err = check(capsys, "--format", format, "nothing.patch", str(PATCH))
    assert code == 3
    assert out.count("no such file") == 1, "each once"
    assert "nothing.patch" in out
    assert err.count("error: nothing.patch") == 1
    whole = check(capsys, "--format", format, str(PATCH))[1]
    assert "nothing.patch" not in whole
    if format == "json":
        assert json.loads(out)["summary"]["unreadable"] == 1
        assert json.loads(whole)["summary"]["unreadable"] == 0
    if format == "sarif":
        assert json.loads(out)["runs"][0]["invocations"][0]["executionSuccessful"] is False
        assert json.loads(whole)["runs"][0]["invocations"][0]["executionSuccessful"] is True


def test_a_relative_cache_folder_is_ignored(tmp_path: Path) -> None:
    """https://specifications.freedesktop.org/basedir-spec: a path that is relative counts as not set."""
    here, home = tmp_path / "here", tmp_path / "home"
    here.mkdir()
    command = [sys.executable, "-P", "-m", "linter.cli.main", "check", "--no-git", "--no-config", str(PATCH)]
    for folder in (str(home), "home"):
        env = {"PATH": os.environ["PATH"], "HOME": folder, "XDG_CACHE_HOME": "cache"}
        assert subprocess.run(command, cwd=here, env=env, capture_output=True).returncode == 1
        assert list(here.iterdir()) == []
    assert (home / ".cache" / "hunklint").is_dir()


@pytest.mark.parametrize("format", ["text", "terse", "nipa"])
def test_a_patch_gives_no_orders_to_a_ci_server(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, outside: Path, format: str
) -> None:
    text = PATCH.read_text().replace("return -EINVAL;", "return -EINVAL; /* ##[add-mask]x */")
    (outside / "a.patch").write_text(text.replace("drivers/misc/spool/spool-export.c", "::error::x/a.c"))
    plain = check(capsys, "--format", format, "a.patch")[1]
    assert "::error::x/a.c" in plain
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    guarded = check(capsys, "--format", format, "a.patch")[1]
    assert "##[" not in guarded
    assert not [line for line in guarded.splitlines() if line.lstrip().startswith("::")]
    assert "copy-user-wrong-errno" in guarded
    check(capsys, "--format", format, "-o", "out", "a.patch")
    assert (outside / "out").read_text() == plain, "a file is no log"


def test_counts_name_unreadable_inputs(capsys: pytest.CaptureFixture[str]) -> None:
    assert "1 input unreadable)" in check(capsys, "--format", "terse", "nothing.patch", str(PATCH))[1]


def test_a_suppression_that_does_nothing_is_named(capsys: pytest.CaptureFixture[str], outside: Path) -> None:
    lines = "hunklint: ignore[nope] why\nhunklint: ignore[copy-user-wrong-errno]\nhunklint: ignore[uapi-bitfield] why\n"
    (outside / "a.patch").write_text(PATCH.read_text().replace("\n---\n", f"\n---\n{lines}\n", 1))
    err = check(capsys, "a.patch")[2]
    assert "suppression of nope (in <" in err
    assert "does nothing: there is no such rule" in err
    assert "does nothing: it gives no reason" in err
    assert "suppression of uapi-bitfield" in err
    assert "does nothing: it met no finding" in err
    assert "suppression" not in check(capsys, str(PATCH))[2]


def test_a_reply_that_finds_nothing_is_named(capsys: pytest.CaptureFixture[str], outside: Path) -> None:
    (outside / "a.patch").write_text(PATCH.read_text())
    identifier = next(line for line in PATCH.read_text().splitlines() if line.startswith("Message-ID:")).split()[1]
    head = f"From: Rev <rev@example.org>\nSubject: Re: x\nMessage-ID: <r@example.org>\nIn-Reply-To: {identifier}\n\n"
    (outside / "b.mail").write_text(f"{head}hunklint: goto-wrong-label false-positive no\n")
    err = check(capsys, "a.patch", "b.mail")[2]
    assert "suppression of goto-wrong-label (reply by Rev) is stale: it met no finding" in err


def test_baseline_accepts_the_past(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["baseline", "write", "-o", "base.json", str(PATCH)]) == 0
    capsys.readouterr()
    code, out, _ = check(capsys, "--format", "jsonl", "--baseline", "base.json", str(PATCH))
    assert code == 0
    assert rows(out, "finding") == []
    assert int(str(rows(out, "summary")[0]["baselined"])) >= 3
    assert run(["baseline", "check", "-f", "base.json", str(PATCH)]) == 0


def test_standard_input(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(PATCH.read_bytes())))
    assert check(capsys, "-")[0] == 1


def test_output_goes_to_a_file(capsys: pytest.CaptureFixture[str], outside: Path) -> None:
    code, out, _ = check(capsys, "--output", "report.txt", str(PATCH))
    assert (code, out) == (1, "")
    assert "copy-user-wrong-errno" in (outside / "report.txt").read_text()


def test_the_same_message_twice_counts_once(capsys: pytest.CaptureFixture[str]) -> None:
    once = rows(check(capsys, "--format", "jsonl", str(PATCH))[1], "summary")
    twice = rows(check(capsys, "--format", "jsonl", str(PATCH), str(PATCH))[1], "summary")
    assert once == twice


def test_same_input_same_bytes(capsys: pytest.CaptureFixture[str]) -> None:
    assert check(capsys, "--format", "json", str(PATCH)) == check(capsys, "--format", "json", str(PATCH))


def test_terminal_escapes_never_pass(capsys: pytest.CaptureFixture[str], outside: Path) -> None:
    text = PATCH.read_text().replace("no buffer", "no \x1b]0;owned\x07buffer")
    (outside / "a.patch").write_text(text)
    out = check(capsys, "a.patch")[1]
    assert "user-triggerable-log" in out
    assert "\x1b" not in out
    assert "\x07" not in out


def test_nipa_exit_style(capsys: pytest.CaptureFixture[str]) -> None:
    assert check(capsys, "--exit-style", "nipa", str(PATCH))[0] == 1
    assert check(capsys, "--exit-style", "nipa", "--rule", "user-triggerable-log", str(PATCH))[0] == 250
