"""The five mails that the project was conceived from; skipped where ../shared is not at hand."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from linter.cli.main import run

SEEDS = Path(__file__).parents[2] / "shared" / "seeds"
pytestmark = pytest.mark.skipif(
    not SEEDS.is_dir(), reason="../shared/seeds is not here: the founding mails are not run"
)

KVMGT = "drivers/gpu/drm/i915/gvt/kvmgt.c"
VFIO = "include/uapi/linux/vfio.h"
MUST_002 = [
    (KVMGT, 1331, {"user-triggerable-log"}),
    (KVMGT, 568, {"user-triggerable-log"}),
    (KVMGT, 574, {"user-triggerable-log"}),
    (KVMGT, 1330, {"uapi-vendor-branch"}),
    (KVMGT, 562, {"uapi-vendor-branch"}),
    (KVMGT, 564, {"uapi-vendor-branch"}),
    (KVMGT, 1335, {"get-before-create"}),
    (KVMGT, 1346, {"fd-install-not-last", "fd-leak-error-path"}),
    (KVMGT, 542, {"impossible-state-log"}),
    (KVMGT, 560, {"fdget-unchecked"}),
    (KVMGT, 1329, {"copy-user-wrong-errno"}),
    (KVMGT, 575, {"error-code-swallowed"}),
    (VFIO, 515, {"ioctl-doc-mismatch", "uapi-io-with-argument"}),
    (VFIO, 515, {"uapi-undocumented"}),
    ("include/uapi/drm/i915_drm.h", 1469, {"uapi-vendor-constant"}),
]


def check(capsys: pytest.CaptureFixture[str], number: int, *options: str) -> tuple[int, list[dict[str, object]]]:
    (seed,) = SEEDS.glob(f"{number:03}_*")
    code = run(["check", "--no-git", "--no-config", "--format", "jsonl", *options, str(seed)])
    return code, [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def findings(rows: list[dict[str, object]]) -> list[dict[str, object]]:
    return [row for row in rows if row["type"] == "finding"]


def summary(rows: list[dict[str, object]]) -> dict[str, object]:
    return next(row for row in rows if row["type"] == "summary")


def test_000_is_discussion(capsys: pytest.CaptureFixture[str]) -> None:
    code, rows = check(capsys, 0)
    assert (code, findings(rows)) == (0, [])
    assert (summary(rows)["messages"], summary(rows)["without_patch"], summary(rows)["patches"]) == (1, 1, 0)


def test_001_quoted_four_deep(capsys: pytest.CaptureFixture[str]) -> None:
    _, rows = check(capsys, 1)
    rules = {row["rule"] for row in findings(rows)}
    assert {"leak-on-error-path", "state-flag-before-success"} <= rules
    assert all(row["path"] is None and row["line"] is None and row["quoted"] for row in findings(rows))
    assert not {"missing-sob", "from-sob-mismatch"} & rules


@pytest.mark.parametrize(("path", "line", "rules"), MUST_002)
def test_002_says_what_the_reviewer_said(
    capsys: pytest.CaptureFixture[str], path: str, line: int, rules: set[str]
) -> None:
    _, rows = check(capsys, 2)
    found = {row["rule"] for row in findings(rows) if (row["path"], row["line"]) == (path, line)}
    labelled = {
        row["rule"]
        for row in findings(rows)
        for label in row["labels"]  # type: ignore[attr-defined]  # the JSON contract says that it is a list
        if (label["path"], label["line"]) == (path, line)
    }
    assert rules & (found | labelled)


def test_002_is_one_message_and_no_reviewer_line_is_code(capsys: pytest.CaptureFixture[str]) -> None:
    _, rows = check(capsys, 2)
    assert (summary(rows)["messages"], summary(rows)["patches"]) == (1, 1)
    assert not {"missing-sob", "from-sob-mismatch"} & {row["rule"] for row in findings(rows)}
    assert len({row["fingerprint"] for row in findings(rows)}) == len(findings(rows))


def test_003_is_damaged_and_reviewed_all_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    code, rows = check(capsys, 3)
    rules = {row["rule"] for row in findings(rows)}
    assert code == 1
    assert {"damaged-patch", "untested-marker"} <= rules
    assert {"missing-sob", "from-sob-mismatch"} & rules
    assert not {row["rule"] for row in findings(rows) if "ACCESS_ONCE" in str(row["message"])}
    (damaged,) = (row for row in findings(rows) if row["rule"] == "damaged-patch")
    assert damaged["patch_line"] == 65


def test_003_with_a_target_knows_what_is_gone(capsys: pytest.CaptureFixture[str]) -> None:
    _, rows = check(capsys, 3, "--target", "6.1")
    assert any("ACCESS_ONCE" in str(row["message"]) for row in findings(rows))


def test_004_is_clean(capsys: pytest.CaptureFixture[str]) -> None:
    code, rows = check(capsys, 4)
    assert code == 0
    assert [row for row in findings(rows) if row["severity"] != "info"] == []
