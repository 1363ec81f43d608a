"""Drafts of replies: an mbox on standard output, or one file a mail; nothing is overwritten."""

from __future__ import annotations

import email
import mailbox
from pathlib import Path

import pytest

from linter.cli.main import run

PATCH = Path(__file__).parents[2] / "fixtures" / "spool-export.patch"
QUIET = ["--no-git", "--no-config"]


def test_an_mbox_on_standard_output(capfdbinary: pytest.CaptureFixture[bytes], tmp_path: Path) -> None:
    assert run(["reply", *QUIET, str(PATCH)]) == 0
    (tmp_path / "out").write_bytes(capfdbinary.readouterr().out)
    (mail,) = mailbox.mbox(tmp_path / "out")
    assert mail["In-Reply-To"] == "<20260310100000.4711-4-mara@example.org>"
    assert mail["Subject"] == "Re: [PATCH v2 3/4] misc: spool: export buffers as file descriptors"
    body = mail.get_payload(decode=True)
    assert isinstance(body, bytes)
    lines = body.decode().split("\n")
    at = lines.index("> +\t\treturn -EINVAL;")
    assert lines[at + 1] == ""
    assert lines[at + 2].startswith("A failed copy_from_user()")
    assert max(len(line) for line in lines if not line.startswith(">")) <= 72


def test_one_file_a_mail(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["reply", *QUIET, "-o", str(tmp_path / "out"), str(PATCH)]) == 0
    (draft,) = (tmp_path / "out").iterdir()
    assert email.message_from_bytes(draft.read_bytes())["To"] == "Mara Lindqvist <mara@example.org>"
    before = draft.read_bytes()
    assert run(["reply", *QUIET, "-o", str(tmp_path / "out"), str(PATCH)]) == 3
    assert "there already" in capsys.readouterr().err
    assert draft.read_bytes() == before


def test_a_patch_without_remarks_gives_no_mail(tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    (tmp_path / "note").write_text("hello\n")
    assert run(["reply", *QUIET, str(tmp_path / "note")]) == 0
    out, err = capfdbinary.readouterr()
    assert out == b""
    assert b"no patch was reviewed" in err
