"""b4's two protocols: its own code reads what was rendered where it is installed, else its rules written out here."""

from __future__ import annotations

import email.charset
import email.message
import json
import shutil

import pytest

from linter.render.options import RenderOptions
from linter.render.registry import renderer
from linter.review.model import Report
from tests.render import sample


def rendered(name: str, report: Report) -> str:
    return "".join(renderer(name)(report, RenderOptions()))


def read_text_check(out: str, name: str = "hunklint") -> list[tuple[str, str]]:
    """What b4 makes of the standard output of a check that wrote nothing to standard error and exited with 0."""
    lines = out.strip().split("\n") if out.strip() else []
    if not lines:
        return [("success", f"{name}: passed all checks")]
    return [("fail" if "ERROR:" in line else "warning", f"{name}: {line.removeprefix('-:')}") for line in lines]


def test_each_finding_is_one_line_of_its_kind():
    read = read_text_check(rendered("b4", sample.sample()))
    assert [status for status, _ in read] == ["warning", "warning", "fail", "warning"]
    assert "dma-heap.c:128: ERROR: [fd-leak]" in read[2][1]


@pytest.mark.parametrize("case", ["clean", "empty"])
def test_clean_is_silence(case: str):
    assert rendered("b4", getattr(sample, case)()) == ""


def test_a_warning_that_speaks_of_errors_stays_a_warning():
    statuses = [status for status, _ in read_text_check(rendered("b4", sample.hostile()))]
    assert statuses == ["fail", "fail", "warning", "warning"]


def test_review_is_one_object_of_strings():
    results = json.loads(rendered("b4-review", sample.sample()))
    assert len(results) == 1
    result = results[0]
    assert result["tool"] == "hunklint"
    assert result["status"] == "fail"
    assert all(isinstance(value, str) for value in result.values())
    assert set(result) == {"tool", "status", "summary", "url", "details"}
    bullets = json.loads(result["details"])
    assert [bullet["status"] for bullet in bullets] == ["pass", "warn", "fail", "warn"]
    assert all(isinstance(value, str) for bullet in bullets for value in bullet.values())


def test_review_of_a_clean_patch_passes():
    (result,) = json.loads(rendered("b4-review", sample.clean()))
    assert (result["status"], result["details"]) == ("pass", "")
    assert json.loads(rendered("b4-review", sample.empty())) == []


@pytest.fixture
def b4():
    """The installed b4; importing it changes how the whole process encodes headers, which is undone."""
    charsets = dict(email.charset.CHARSETS)
    try:
        return pytest.importorskip("b4", reason="b4 is not installed")
    finally:
        email.charset.CHARSETS.clear()
        email.charset.CHARSETS.update(charsets)


@pytest.fixture
def message() -> email.message.EmailMessage:
    result = email.message.EmailMessage()
    result["Subject"] = "[PATCH] x"
    result.set_content("x\n")
    return result


@pytest.mark.parametrize("case", ["sample", "clean", "hostile"])
def test_real_b4_reads_the_text_protocol(b4, case: str, message, tmp_path, monkeypatch):
    monkeypatch.setattr(b4, "save_cache", lambda *args, **more: None)
    out = rendered("b4", getattr(sample, case)())
    path = tmp_path / "out"
    path.write_text(out)
    read = b4.LoreMessage.run_local_check([shutil.which("cat"), str(path)], "id", message, nocache=True)
    assert [tuple(item) for item in read] == read_text_check(out, "cat")


def test_real_b4_reads_the_review_protocol(b4, message, tmp_path):
    checks = pytest.importorskip("b4.review.checks")
    out = rendered("b4-review", sample.sample())
    path = tmp_path / "out"
    path.write_text(out)
    (read,) = checks._run_external_cmd([shutil.which("cat"), str(path)], message, str(tmp_path))
    assert read == json.loads(out)[0]
