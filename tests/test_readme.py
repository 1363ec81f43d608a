"""What the README shows is what the command prints; HUNKLINT_ACCEPT=1 writes it anew."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from linter.cli.main import run

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
BLOCK = re.compile(r"(<!-- example:begin -->\n)(.*?)(<!-- example:end -->)", re.S)


def shown(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("NO_COLOR", "1")
    run(["check", "--no-git", "--no-config", "--rule", "fd-leak-error-path", "fixtures/spool-export.patch"])
    run(["check", "--no-git", "--no-config", "--rule", "user-triggerable-log", "fixtures/spool-export.patch"])
    parts = re.split(r"\n\n(?:\d+ error[^\n]*\n)?", capsys.readouterr().out)
    return "\n\n".join(part for part in parts if "-->" in part)


def test_the_example_is_real(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    text = README.read_text("utf-8")
    wanted = f"```\n{shown(capsys, monkeypatch).rstrip()}\n```\n"
    if os.environ.get("HUNKLINT_ACCEPT"):
        README.write_text(BLOCK.sub(lambda match: match[1] + wanted + match[3], text), "utf-8")
        return
    found = BLOCK.search(text)
    assert found is not None
    assert found[2] == wanted


def test_every_command_that_it_names_exists() -> None:
    text = README.read_text("utf-8")
    named = set(re.findall(r"hunklint ([a-z0-9]+)", text)) - {"is", "reviews"}
    there = {path.stem.replace("_", "-") for path in (ROOT / "linter" / "cli").glob("[a-z]*.py")} - {"main"}
    assert named <= there


def test_every_file_that_it_links_exists() -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", README.read_text("utf-8")):
        assert (ROOT / target).exists(), target
